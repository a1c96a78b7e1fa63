"""What somebody has typed and not stored yet: kept as they type, given back when they return, and who else has a post open."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Organizer, Sketch

KEPT_FOR = timedelta(days=30)
OPEN_FOR = timedelta(minutes=2)  # a page says every half minute that it is open
MOST = 30  # of one organizer in one campaign

Fields = Mapping[str, list[str]]


async def keep(
    session: AsyncSession,
    campaign_id: int,
    organizer_id: int,
    now: datetime,
    *,
    fields: Fields | None,
    sketch_id: int = 0,
    post_id: int | None = None,
) -> Sketch:
    """Write what was typed; without `fields`, only that the post is open. A post has one sketch of each organizer."""
    found = await find(session, campaign_id, organizer_id, sketch_id)
    if post_id is not None:
        found = await of_post(session, campaign_id, organizer_id, post_id)
    if found is None:
        found = Sketch(campaign_id=campaign_id, organizer_id=organizer_id, post_id=post_id, seen_at=now)
        session.add(found)
    found.seen_at = now
    if fields is not None:
        found.fields, found.saved_at = dict(fields), now
    await session.flush()
    await session.execute(delete(Sketch).where(col(Sketch.seen_at) < now - KEPT_FOR))
    return found


async def find(session: AsyncSession, campaign_id: int, organizer_id: int, sketch_id: int) -> Sketch | None:
    """An organizer's own sketch."""
    return await session.scalar(
        select(Sketch).where(
            col(Sketch.id) == sketch_id,
            col(Sketch.campaign_id) == campaign_id,
            col(Sketch.organizer_id) == organizer_id,
        )
    )


async def of_post(session: AsyncSession, campaign_id: int, organizer_id: int, post_id: int) -> Sketch | None:
    return await session.scalar(
        select(Sketch).where(
            col(Sketch.post_id) == post_id,
            col(Sketch.campaign_id) == campaign_id,
            col(Sketch.organizer_id) == organizer_id,
        )
    )


async def unfinished(session: AsyncSession, campaign_id: int, organizer_id: int) -> Sequence[Sketch]:
    """What an organizer began to write and did not store, the latest first."""
    query = select(Sketch).where(
        col(Sketch.campaign_id) == campaign_id,
        col(Sketch.organizer_id) == organizer_id,
        col(Sketch.post_id).is_(None),
        col(Sketch.saved_at).is_not(None),
    )
    return (await session.scalars(query.order_by(col(Sketch.saved_at).desc()).limit(MOST))).all()


async def others_at(
    session: AsyncSession, campaign_id: int, organizer_id: int, post_id: int, now: datetime
) -> list[str]:
    """The names of the others who have this post open now."""
    query = (
        select(col(Organizer.name))
        .join(Sketch, col(Sketch.organizer_id) == col(Organizer.id))
        .where(col(Sketch.campaign_id) == campaign_id, col(Sketch.post_id) == post_id)
        .where(col(Sketch.organizer_id) != organizer_id, col(Sketch.seen_at) > now - OPEN_FOR)
        .order_by(col(Organizer.name))
    )
    return list(await session.scalars(query))
