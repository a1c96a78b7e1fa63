"""Posts that recur: the first post of a series says how, and each occurrence is a post of its own.

One occurrence at a time lies ahead. After a pause of the program the ones that were missed are not made up for, so that
nothing bursts; the one that was ahead is late, and follows its late policy.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from campaigns.approval import follow_series
from campaigns.costs import reprice
from campaigns.models import Channel, Media, Post, PostState, PostVersion, Publication, PublicationState
from campaigns.recurrence import parse_recurrence, wording_of
from campaigns.share_kits import wordings_of

WORN_OUT = "every text of the series was used within its {days} days; write another wording, or send this one again"


async def series_to_continue(session: AsyncSession, now: datetime) -> Sequence[Post]:
    """The first posts of series that go on and have no occurrence ahead."""
    occurrence = aliased(Post)
    ahead = select(occurrence.id).where(occurrence.series_id == Post.id, col(occurrence.publish_at) > now).exists()
    query = select(Post).where(
        col(Post.recurrence).is_not(None), col(Post.state) == PostState.scheduled, col(Post.publish_at) <= now, ~ahead
    )
    return (await session.scalars(query.order_by(col(Post.id)))).all()


async def add_occurrence(session: AsyncSession, first: Post, now: datetime) -> Post | None:
    """Queue the next occurrence of a series, with its next wording; None where the series has ended."""
    if first.recurrence is None:
        return None
    last = await session.scalar(select(func.max(col(Post.occurrence_at))).where(col(Post.series_id) == first.id))
    known = max(filter(None, (now, last, first.publish_at)))
    moment = parse_recurrence(first.recurrence, first.timezone).next(known)
    if moment is None or (first.recurs_until is not None and moment > first.recurs_until):
        return None
    texts = await wordings_of(session, first)
    chosen = wording_of(len(texts), await _recent(session, first), moment, timedelta(days=first.repeat_after))
    text = texts[chosen or 0]
    post = Post(
        campaign_id=first.campaign_id,
        territory_id=first.territory_id,
        author_id=first.author_id,
        title=first.title,
        text=text,
        link=first.link,
        state=PostState.scheduled,
        publish_at=moment,
        timezone=first.timezone,
        share_kit=first.share_kit,
        late_policy=first.late_policy,
        grace=first.grace,
        series_id=first.id,
        occurrence_at=moment,
        wording=chosen,
        told_at=now,
        created_at=now,
    )
    session.add(post)
    await session.flush()
    await _copy(session, first, post, worn_out=chosen is None)
    await follow_series(session, first, post, now)
    return post


async def _recent(session: AsyncSession, first: Post) -> list[tuple[datetime, int]]:
    """When each text of the series was or will be said."""
    posts = await session.scalars(
        select(Post).where(
            (col(Post.series_id) == first.id) | (col(Post.id) == first.id), col(Post.wording).is_not(None)
        )
    )
    return [
        (post.publish_at, post.wording) for post in posts if post.publish_at is not None and post.wording is not None
    ]


async def _copy(session: AsyncSession, first: Post, post: Post, *, worn_out: bool) -> None:
    """Pictures, versions and channels of the first post; a version belongs to the first text only."""
    for medium in (await session.scalars(select(Media).where(col(Media.post_id) == first.id))).all():
        session.add(Media(**{**medium.model_dump(exclude={"id"}), "post_id": post.id}))
    if post.wording == 0:
        for version in (await session.scalars(select(PostVersion).where(col(PostVersion.post_id) == first.id))).all():
            session.add(PostVersion(post_id=post.id, network=version.network, text=version.text))
    rows = await session.execute(
        select(Publication, Channel)
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .where(col(Publication.post_id) == first.id)
        .order_by(col(Publication.id))
    )
    for _publication, channel in rows.all():
        session.add(
            Publication(
                post_id=post.id,
                channel_id=channel.id,
                due_at=post.publish_at,
                state=PublicationState.held if worn_out else PublicationState.queued,
                reason=WORN_OUT.format(days=first.repeat_after) if worn_out else None,
            )
        )
    await session.flush()
    await reprice(session, post)
