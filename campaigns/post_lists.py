"""A campaign's posts a page at a time, narrowed down by what somebody looks for."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Organizer, Post, PostState, Publication
from campaigns.organizers import Reach, within


class When(enum.StrEnum):
    coming = "coming"  # the next moment first
    past = "past"  # the latest moment first
    drafts = "drafts"  # being written, or with somebody who must say yes; the newest first
    all = "all"  # the newest first


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which posts; what is None or empty narrows nothing down."""

    when: When = When.all
    state: PostState | None = None
    channel_id: int | None = None
    territory_id: int | None = None
    author_id: int | None = None
    text: str = ""  # stands in the title or the text, in any case


async def page_of_posts(
    session: AsyncSession,
    campaign_id: int,
    wanted: Wanted,
    now: datetime,
    *,
    limit: int,
    offset: int = 0,
    reach: Reach = None,
) -> tuple[Sequence[Post], int]:
    """One page, and how many posts there are in all; of those that a role reaches."""
    own = within(reach, col(Post.territory_id))
    conditions = [*_conditions(campaign_id, wanted), *_moment(wanted.when, now), own]
    total = await session.scalar(select(func.count()).select_from(Post).where(*conditions)) or 0
    at = col(Post.publish_at)
    order = {
        When.coming: (at, col(Post.id)),
        When.past: (at.desc(), col(Post.id).desc()),
    }.get(wanted.when, (col(Post.id).desc(),))
    ids = select(Post.id).where(*conditions).order_by(*order).limit(limit).offset(offset)
    found = await session.scalars(select(Post).where(col(Post.id).in_(ids)).order_by(*order))
    return found.all(), total


def _moment(when: When, now: datetime) -> list[ColumnElement[bool]]:
    drafts = col(Post.state).in_((PostState.draft, PostState.submitted))
    if when is When.drafts:
        return [drafts]
    if when is When.coming:
        return [col(Post.publish_at) > now, col(Post.state) != PostState.cancelled]
    return [col(Post.publish_at) <= now] if when is When.past else []


def _conditions(campaign_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [col(Post.campaign_id) == campaign_id]
    for column, value in (
        (Post.state, wanted.state),
        (Post.territory_id, wanted.territory_id),
        (Post.author_id, wanted.author_id),
    ):
        if value is not None:
            found.append(col(column) == value)
    if wanted.channel_id is not None:
        found.append(
            col(Post.id).in_(select(Publication.post_id).where(col(Publication.channel_id) == wanted.channel_id))
        )
    if wanted.text:
        found.append(or_(*(col(column).icontains(wanted.text, autoescape=True) for column in (Post.title, Post.text))))
    return found


async def authors(session: AsyncSession, campaign_id: int) -> Sequence[Organizer]:
    """Who wrote a post of the campaign."""
    wrote = select(Post.author_id).where(col(Post.campaign_id) == campaign_id).distinct()
    query = select(Organizer).where(col(Organizer.id).in_(wrote)).order_by(col(Organizer.name))
    return (await session.scalars(query)).all()
