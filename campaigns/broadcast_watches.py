"""The messages of the bot that show somebody how far a broadcast is, from its start to its end."""

from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import broadcasts
from campaigns.broadcasts import Progress
from campaigns.models import (
    Broadcast,
    BroadcastState,
    BroadcastWatch,
    Campaign,
    Handout,
    HandoutState,
    Organizer,
    OrganizerRole,
    Supporter,
    Territory,
)
from campaigns.words import Inclusive

ENDED = (BroadcastState.done, BroadcastState.cancelled)


@dataclass(frozen=True, slots=True)
class Watched:
    """A broadcast as one person watches it. `moves`: what they may do with it, as keys of broadcasts.MOVES."""

    watch_id: int
    chat_id: int
    message_id: int
    language: str
    inclusive: Inclusive
    broadcast_id: int
    campaign: str
    timezone: str  # of the campaign
    territory: str | None  # of whose people it is for; None: of all
    by_leader: bool
    progress: Progress
    moves: tuple[str, ...]
    over: bool  # nothing of it will change any more


async def watch(
    session: AsyncSession,
    broadcast_id: int,
    message_id: int,
    *,
    organizer_id: int | None = None,
    supporter_id: int | None = None,
) -> None:
    """Show an organizer, or the referent who wrote it, how far a broadcast is, in this message and no longer in another."""
    mine = (
        col(BroadcastWatch.organizer_id) == organizer_id
        if organizer_id is not None
        else col(BroadcastWatch.supporter_id) == supporter_id
    )
    await session.execute(delete(BroadcastWatch).where(col(BroadcastWatch.broadcast_id) == broadcast_id, mine))
    session.add(
        BroadcastWatch(
            broadcast_id=broadcast_id, message_id=message_id, organizer_id=organizer_id, supporter_id=supporter_id
        )
    )
    await session.flush()


async def unwatch(session: AsyncSession, watch_id: int) -> None:
    await session.execute(delete(BroadcastWatch).where(col(BroadcastWatch.id) == watch_id))


async def watched(session: AsyncSession, broadcast_id: int | None = None) -> list[Watched]:
    """Everybody who watches a broadcast, or this one, and has an account to show it to."""
    query = (
        select(BroadcastWatch, Broadcast, Campaign, Organizer, Supporter, col(Territory.name))  # type: ignore[call-overload] # of six
        .join(Broadcast, col(Broadcast.id) == col(BroadcastWatch.broadcast_id))
        .join(Campaign, col(Campaign.id) == col(Broadcast.campaign_id))
        .outerjoin(Territory, col(Territory.id) == col(Broadcast.territory_id))
        .outerjoin(Organizer, col(Organizer.id) == col(BroadcastWatch.organizer_id))
        .outerjoin(
            Supporter,
            (col(Supporter.id) == col(BroadcastWatch.supporter_id))
            | (col(Supporter.telegram_id) == col(Organizer.telegram_id)),
        )
        .order_by(col(BroadcastWatch.id))
    )
    if broadcast_id is not None:
        query = query.where(col(BroadcastWatch.broadcast_id) == broadcast_id)
    found = []
    for row, broadcast, campaign, organizer, supporter, territory in (await session.execute(query)).all():
        chat_id = organizer.telegram_id if organizer else supporter.telegram_id
        if chat_id is None:  # the organizer linked no account any more
            continue
        progress = await broadcasts.progress(session, broadcast.id)
        found.append(
            Watched(
                row.id,
                chat_id,
                row.message_id,
                supporter.language if supporter else organizer.language,
                campaign.inclusive,
                broadcast.id,
                campaign.name,
                campaign.timezone,
                territory,
                broadcast.supporter_id is not None,
                progress,
                await _moves(session, broadcast, campaign, organizer),
                progress.state in ENDED and not await _in_flight(session, broadcast.id),
            )
        )
    return found


async def _moves(
    session: AsyncSession, broadcast: Broadcast, campaign: Campaign, organizer: Organizer | None
) -> tuple[str, ...]:
    """A referent may stop, and go on with, the message that they wrote."""
    if organizer is None:
        going = {BroadcastState.running: ("pause", "cancel"), BroadcastState.paused: ("resume", "cancel")}
        return going.get(broadcast.state, ())
    role = await session.get(OrganizerRole, (organizer.id, campaign.id))
    own = await broadcasts.is_own(session, broadcast, organizer.id)
    return tuple(broadcasts.moves_of(broadcast, campaign, role.role, own=own)) if role else ()


async def _in_flight(session: AsyncSession, broadcast_id: int) -> bool:
    query = select(Handout.id).where(
        col(Handout.broadcast_id) == broadcast_id, col(Handout.state) == HandoutState.sending
    )
    return await session.scalar(query.limit(1)) is not None
