"""One share kit sent to one supporter: a row each, written when the post is due and again around the call to Telegram."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Exists, insert, literal, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import (
    Consent,
    Handout,
    HandoutState,
    Kind,
    Participation,
    Post,
    PostState,
    Purpose,
    Supporter,
    Territory,
)
from campaigns.share_kits import count
from campaigns.silence_windows import is_silent

LEASE = timedelta(minutes=2)


async def posts_to_hand_out(session: AsyncSession, now: datetime) -> Sequence[Post]:
    """Posts with a share kit whose moment has come and whose handouts are not written yet."""
    query = select(Post).where(
        col(Post.share_kit),
        col(Post.state) == PostState.scheduled,
        col(Post.publish_at) <= now,
        col(Post.handed_out_at).is_(None),
    )
    return (await session.scalars(query.order_by(col(Post.publish_at), col(Post.id)))).all()


async def hand_out(session: AsyncSession, post: Post, now: datetime) -> None:
    """Write a Handout for each person who agreed to be contacted, in the post's territory and below."""
    people = (
        select(literal(post.id), col(Participation.supporter_id), literal(HandoutState.queued.value))
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(
            col(Participation.campaign_id) == post.campaign_id,
            col(Participation.stopped_at).is_(None),
            col(Supporter.gone_at).is_(None),
        )
        .where(_agreed_to_contact())
        # Near a vote nobody is written to; who missed a kit finds it under /posts afterwards.
        .where(~is_silent(col(Participation.campaign_id), col(Participation.territory_id), now))
    )
    if post.territory_id is not None:
        tree = select(Territory.id).where(col(Territory.id) == post.territory_id).cte(recursive=True)
        tree = tree.union_all(select(Territory.id).join(tree, col(Territory.parent_id) == tree.c.id))
        people = people.where(col(Participation.territory_id).in_(select(tree.c.id)))
    await session.execute(insert(Handout).from_select(["post_id", "supporter_id", "state"], people))
    post.handed_out_at = now
    session.add(post)


def _agreed_to_contact() -> Exists:
    """That the person of the Participation agreed to be contacted by its campaign."""
    return (
        select(Consent.id)
        .where(col(Consent.supporter_id) == col(Participation.supporter_id))
        .where(col(Consent.campaign_id) == col(Participation.campaign_id))
        .where(col(Consent.purpose) == Purpose.contact, col(Consent.withdrawn_at).is_(None))
        .exists()
    )


async def queued(session: AsyncSession, limit: int) -> Sequence[int]:
    query = select(Handout.id).where(col(Handout.state) == HandoutState.queued).order_by(col(Handout.id)).limit(limit)
    return (await session.scalars(query)).all()


async def begin(session: AsyncSession, handout_id: int, now: datetime) -> tuple[Handout, Post, Supporter] | None:
    """Claim a handout; None where it must not be sent any more: the person left, or the post was taken back."""
    claimed = await session.execute(
        update(Handout)
        .where(col(Handout.id) == handout_id, col(Handout.state) == HandoutState.queued)
        .values(state=HandoutState.sending, lease_until=now + LEASE)
        .returning(col(Handout.id))
    )
    if claimed.scalar_one_or_none() is None:
        return None
    row = (
        await session.execute(
            select(Handout, Post, Supporter, Participation)
            .join(Post, col(Post.id) == col(Handout.post_id))
            .join(Supporter, col(Supporter.id) == col(Handout.supporter_id))
            .join(Participation, col(Participation.supporter_id) == col(Supporter.id))
            .where(col(Handout.id) == handout_id, col(Participation.campaign_id) == col(Post.campaign_id))
            .where(
                col(Participation.stopped_at).is_(None),
                col(Supporter.gone_at).is_(None),
                col(Post.state) == PostState.scheduled,
            )
            .where(_agreed_to_contact())
            .where(~is_silent(col(Participation.campaign_id), col(Participation.territory_id), now))
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        await finish(
            session, handout_id, HandoutState.skipped, now, reason="left, silence began, or the post was taken back"
        )
        return None
    return row[0], row[1], row[2]


async def finish(
    session: AsyncSession,
    handout_id: int,
    state: HandoutState,
    now: datetime,
    *,
    message_id: int | None = None,
    reason: str | None = None,
) -> None:
    """Write what came of a handout; a card that arrived is counted as received."""
    handout = await session.get_one(Handout, handout_id, populate_existing=True)
    handout.state, handout.message_id, handout.reason, handout.lease_until = state, message_id, reason, None
    if state is HandoutState.sent:
        handout.sent_at = now
        post = await session.get_one(Post, handout.post_id)
        supporter = await session.get(Supporter, handout.supporter_id) if handout.supporter_id else None
        if supporter is not None:  # None: erased while it was on its way
            await count(session, supporter, post, Kind.received, now)


async def end_leases(session: AsyncSession, now: datetime, *, every: bool = False) -> None:
    """What a dead process left in `sending` is not sent a second time: the person may have it already."""
    ended = or_(col(Handout.lease_until) <= now, col(Handout.lease_until).is_(None)) if not every else literal(True)
    await session.execute(
        update(Handout)
        .where(col(Handout.state) == HandoutState.sending, ended)
        .values(state=HandoutState.unknown, lease_until=None, reason="the program stopped while it was being sent")
    )
