"""How a publication of unknown outcome is settled: by a human's word, or by what the network itself says of it.

A human also decides on what was held, missed or failed: the same buttons, the same moves.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.approval import audit
from campaigns.models import Audit, Channel, Post, PostState, Publication, PublicationState
from campaigns.publications import Content, Finish, Mover, MoveRefused, cancel_taken_back, contents_of, may
from campaigns.silence_windows import first_free
from campaigns.webhook_messages import note_publications
from networks import NEEDS_RECIPIENTS
from networks.base import parts_out

S = PublicationState


async def settle(
    session: AsyncSession,
    campaign_id: int,
    publication_id: int,
    to: PublicationState,
    *,
    url: str | None = None,
    now: datetime,
    organizer_id: int | None = None,
) -> None:
    """A human's decision on one publication of their campaign, kept in the audit table; raises MoveRefused.

    `published`: "it is there", with its address. `queued`: "send again". `cancelled`: "leave it".
    """
    found = await session.scalar(
        select(Publication)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Publication.id) == publication_id, col(Post.campaign_id) == campaign_id)
    )
    if found is None or not may(Mover.human, found.state, to):
        raise MoveRefused(MoveRefused.__doc__)
    channel = await session.get_one(Channel, found.channel_id)
    post = await session.get_one(Post, found.post_id)
    audit(session, post, organizer_id, now, "settled", f"{channel.name}: {found.state} -> {to}")
    if to is S.queued and channel.network in NEEDS_RECIPIENTS:
        found.sent_parts = parts_out(
            found.sent_parts
        )  # a list goes on behind those who have it, and asks all others anew
    elif to is S.queued and found.state is S.unknown:
        found.sent_parts = []  # "send again" means all of it
    found.state, found.reason = to, None
    if to is S.queued:  # due again now, or when the silence around its channel ends
        found.due_at = await first_free(session, campaign_id, channel.territory_id, now)
        await session.flush()
        await cancel_taken_back(session, [found.id])
    if to is S.published:
        found.sent_at, found.url = now, url or None
        await note_publications(session, [found.id], now)


async def try_all_again(session: AsyncSession, campaign_id: int, now: datetime, organizer_id: int | None = None) -> int:
    """All that was refused in a campaign goes back to the queue, in its order; how many there were."""
    failed = await session.scalars(
        select(Publication.id)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Post.campaign_id) == campaign_id, col(Post.state) != PostState.cancelled)
        .where(col(Publication.state) == S.failed)
        .order_by(col(Publication.due_at), col(Publication.id))
    )
    ids = failed.all()
    for publication_id in ids:
        await settle(session, campaign_id, publication_id, S.queued, now=now, organizer_id=organizer_id)
    return len(ids)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A publication of unknown outcome; `edited`: its post may say something else by now than what was sent."""

    publication: Publication
    channel: Channel
    content: Content
    edited: bool


async def unknown_ones(session: AsyncSession, before: datetime) -> list[Unknown]:
    """Publications of unknown outcome whose last attempt began before that moment, on channels that do not rest."""
    edited = (
        select(Audit.id)
        .where(col(Audit.post_id) == col(Publication.post_id), col(Audit.action) == "edited")
        .where(col(Audit.at) >= col(Publication.tried_at))
        .exists()
    )
    rows = await session.execute(
        select(Publication, Channel, edited)
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .where(col(Publication.state) == S.unknown, col(Publication.tried_at) <= before)
        .where(col(Channel.resting_reason).is_(None))
        .order_by(col(Publication.id))
    )
    found = rows.all()
    contents = await contents_of(session, [publication.id for publication, _, _ in found])
    return [Unknown(publication, channel, contents[publication.id], edited) for publication, channel, edited in found]


async def settle_by_asking(
    session: AsyncSession, asked: Publication, to: PublicationState, now: datetime, *, receipt: Finish | None = None
) -> None:
    """What the network itself said of an unknown publication: it is there (`receipt`), or it may safely go out again."""
    if not may(Mover.engine, S.unknown, to):
        raise MoveRefused(MoveRefused.__doc__)
    values: dict[str, object] = {"state": to, "reason": None}
    if receipt is not None:
        values |= {
            "remote_id": receipt.remote_id,
            "url": receipt.url,
            "sent_at": receipt.sent_at,
            "sent_parts": list(receipt.sent_parts),
        }
    else:
        values["due_at"] = now  # it is not late: it was on its way in time
    await session.execute(
        update(Publication)
        .where(
            col(Publication.id) == asked.id,
            col(Publication.state) == S.unknown,
            col(Publication.attempts) == asked.attempts,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    await note_publications(session, [asked.id], now)
    if to is S.queued:
        await cancel_taken_back(session, [asked.id])
