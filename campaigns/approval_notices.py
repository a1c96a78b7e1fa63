"""Whom the bot tells that a post waits for their yes; and to whom it says what became of their own."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Approval, Audit, Organizer, OrganizerRole, Post, PostState, Supporter
from campaigns.organizers import APPROVERS, WHOLE, WRITERS


class News(enum.StrEnum):
    asks = "asks"  # a post waits for a yes
    approved = "approved"  # it has every yes that it needs
    sent_back = "sent back"  # it is a draft again, with a word for its author


@dataclass(frozen=True, slots=True)
class Reader:
    """An organizer who linked an account, and the language in which they speak with the bot."""

    organizer_id: int
    telegram_id: int
    language: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told of a post, and to whom. `by` and `why` are of who sent it back."""

    post: Post
    news: News
    readers: Sequence[Reader]
    by: str = ""
    why: str = ""


async def untold(session: AsyncSession) -> list[Notice]:
    """What nobody was told of yet, the oldest first; without readers where nobody who must hear it linked an account."""
    posts = await session.scalars(select(Post).where(col(Post.told_at).is_(None)).order_by(col(Post.id)))
    found = []
    for post in posts.all():
        if post.state is PostState.submitted:
            found.append(Notice(post, News.asks, await _who_may_say_yes(session, post)))
            continue
        last = await session.execute(
            select(Audit, Organizer.name)
            .outerjoin(Organizer, col(Organizer.id) == col(Audit.organizer_id))
            .where(col(Audit.post_id) == post.id, col(Audit.action).in_(("approved", "sent back")))
            .where(col(Audit.organizer_id).is_not(None))
            .order_by(col(Audit.id).desc())
            .limit(1)
        )
        row = last.first()
        told = row is not None and _news_of(post, row[0])
        if row is None or not told:
            found.append(Notice(post, News.approved, ()))
            continue
        act, name = row
        readers = [] if post.author_id == act.organizer_id else await _author(session, post)
        found.append(Notice(post, told, readers, name or "", act.detail))
    return found


def _news_of(post: Post, act: Audit) -> News | None:
    """What the last decision about a post means for its author, if it is still so."""
    if act.action == "sent back" and post.state is PostState.draft:
        return News.sent_back
    if act.action == "approved" and post.state in (PostState.approved, PostState.scheduled):
        return News.approved
    return None


async def _who_may_say_yes(session: AsyncSession, post: Post) -> list[Reader]:
    said = select(Approval.organizer_id).where(col(Approval.post_id) == post.id)
    roles = col(OrganizerRole.role).in_(APPROVERS) & col(Organizer.id).not_in(said)
    return await _readers(session, post, roles & (col(Organizer.id) != (post.author_id or 0)))


async def _author(session: AsyncSession, post: Post) -> list[Reader]:
    return await _readers(session, post, col(OrganizerRole.role).in_(WRITERS) & (col(Organizer.id) == post.author_id))


async def _readers(session: AsyncSession, post: Post, who: object) -> list[Reader]:
    rows = await session.execute(
        select(Organizer.id, Organizer.telegram_id, func.coalesce(col(Supporter.language), col(Organizer.language)))
        .join(OrganizerRole, col(OrganizerRole.organizer_id) == col(Organizer.id))
        .outerjoin(Supporter, col(Supporter.telegram_id) == col(Organizer.telegram_id))
        .where(col(OrganizerRole.campaign_id) == post.campaign_id, col(Organizer.telegram_id).is_not(None), WHOLE)
        .where(who)  # type: ignore[arg-type]
        .order_by(col(Organizer.id))
    )
    return [Reader(ident, number, language) for ident, number, language in rows.all()]


async def told(session: AsyncSession, post: Post, now: datetime) -> None:
    """Unless it was decided while the message was on its way: then that is news."""
    await session.execute(
        update(Post)
        .where(col(Post.id) == post.id, col(Post.state) == post.state, col(Post.told_at).is_(None))
        .values(told_at=now)
        .execution_options(synchronize_session=False)
    )
