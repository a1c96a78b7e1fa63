"""Broadcasts: a message to a segment of a campaign's supporters, from its draft to its end.

schedules/broadcasts.py sends it to one person after the other; what became of it is counted from its handouts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import (
    Audit,
    Broadcast,
    BroadcastState,
    Campaign,
    ChosenInterest,
    Handout,
    HandoutState,
    Interest,
    OrganizerRole,
    Participation,
    Role,
    Supporter,
    Territory,
)
from campaigns.segments import Segment, in_segment, silent
from campaigns.stamp import stamp_of, stamped
from campaigns.words import LANGUAGES, mark
from networks.limits import utf16_units
from networks.pace import PER_SECOND

S = BroadcastState
LONGEST = 4096  # UTF-16 units of a message, from sendMessage
NOT_NOW = {
    S.draft: mark("This message is a draft; somebody must approve it first."),
    S.approved: mark("This message was approved and has not been started."),
    S.running: mark("This message is going out already."),
    S.paused: mark("This message is paused."),
    S.cancelled: mark("This message was cancelled; write it anew."),
    S.done: mark("Everybody has this message already."),
}


class BroadcastRefused(Exception):
    """That cannot be done with this broadcast now: `msgid` with `values` says why, to be translated."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid.format(**values))
        self.msgid, self.values = msgid, values


@dataclass(frozen=True, slots=True)
class Preview:
    """How many people a segment holds, how many more are left out because the law imposes silence, and how long it takes."""

    people: int
    silent: int
    takes: timedelta


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a broadcast is. `people` is how many it was to reach when it was started."""

    state: BroadcastState
    people: int
    sent: int
    failed: int
    unknown: int
    left: int
    takes: timedelta  # for those who are left
    started_at: datetime | None
    ended_at: datetime | None


async def add_broadcast(
    session: AsyncSession,
    segment: Segment,
    text: str,
    now: datetime,
    *,
    organizer_id: int | None = None,
    supporter_id: int | None = None,
) -> Broadcast:
    """Write a draft, by an organizer or by a territory's team leader; raises BroadcastRefused."""
    campaign = await session.get_one(Campaign, segment.campaign_id)
    text = text.strip()
    if not text:
        raise BroadcastRefused(mark("The message is empty: write what people shall read."))
    length = utf16_units(stamped(text, stamp_of(campaign)))
    if length > LONGEST:
        raise BroadcastRefused(
            mark("The message has {length} characters; Telegram takes {limit}."), length=length, limit=LONGEST
        )
    await _check(session, segment)
    broadcast = Broadcast(
        campaign_id=campaign.id,
        organizer_id=organizer_id,
        supporter_id=supporter_id,
        text=text,
        territory_id=segment.territory_id,
        language=segment.language,
        interest_id=segment.interest_id,
        created_at=now,
    )
    session.add(broadcast)
    await session.flush()
    return broadcast


async def _check(session: AsyncSession, segment: Segment) -> None:
    """A segment of another campaign would write to nobody, or to the wrong people."""
    territory = await session.get(Territory, segment.territory_id or 0)
    if segment.territory_id is not None and (territory is None or territory.campaign_id != segment.campaign_id):
        raise BroadcastRefused(mark("This territory is not of this campaign."))
    interest = await session.get(Interest, segment.interest_id or 0)
    if segment.interest_id is not None and (interest is None or interest.campaign_id != segment.campaign_id):
        raise BroadcastRefused(mark("This interest is not of this campaign."))
    if segment.language is not None and segment.language not in LANGUAGES:
        raise BroadcastRefused(mark("The language “{language}” is not spoken here."), language=segment.language)


async def find_broadcast(session: AsyncSession, campaign_id: int, broadcast_id: int) -> Broadcast | None:
    """A broadcast of this campaign."""
    found = await session.get(Broadcast, broadcast_id)
    return found if found is not None and found.campaign_id == campaign_id else None


async def preview(session: AsyncSession, segment: Segment, now: datetime) -> Preview:
    """What a broadcast to this segment would be if it were started now."""
    people = (
        select(func.count())
        .select_from(Participation)
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(*in_segment(segment))
    )
    everybody = await session.scalar(people) or 0
    reached = await session.scalar(people.where(~silent(now))) or 0
    return Preview(reached, everybody - reached, duration(reached))


def duration(people: int) -> timedelta:
    """How long it takes to write to so many people, at the rate that Telegram takes."""
    return timedelta(seconds=round(people / PER_SECOND))


async def approve(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> None:
    """A yes, after which it may be started; raises BroadcastRefused.

    Where the campaign asks for approval of posts, an approver or admin who did not write it must give it. None: the
    command line, or a rule that lets a team leader write to their own territory.
    """
    if organizer_id is not None:
        campaign = await session.get_one(Campaign, broadcast.campaign_id)
        if campaign.approvals and organizer_id == broadcast.organizer_id:
            raise BroadcastRefused(mark("This message is your own; somebody else must approve it."))
        allowed = {Role.approver, Role.admin} if campaign.approvals else {Role.editor, Role.approver, Role.admin}
        role = await session.get(OrganizerRole, (organizer_id, broadcast.campaign_id))
        if role is None or role.role not in allowed:
            raise BroadcastRefused(mark("Your role does not let you approve messages."))
    await _move(session, broadcast, {S.draft}, S.approved, now, organizer_id, approver_id=organizer_id, approved_at=now)


async def start(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> Preview:
    """Let it go out, from the next tick on; raises BroadcastRefused."""
    found = await preview(session, Segment(broadcast.campaign_id, broadcast.territory_id, broadcast.language, broadcast.interest_id), now)  # fmt: skip
    if not found.people:
        raise BroadcastRefused(mark("Nobody would get this message now."))
    await _move(session, broadcast, {S.approved}, S.running, now, organizer_id, people=found.people, started_at=now)
    return found


async def pause(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> None:
    """Begin no further message; raises BroadcastRefused."""
    await _move(session, broadcast, {S.running}, S.paused, now, organizer_id)


async def resume(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> None:
    """Go on where it stopped; raises BroadcastRefused."""
    await _move(session, broadcast, {S.paused}, S.running, now, organizer_id)


async def cancel(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> None:
    """Whoever does not have it will not get it; raises BroadcastRefused."""
    await _move(session, broadcast, set(S) - {S.cancelled, S.done}, S.cancelled, now, organizer_id, ended_at=now)
    await session.execute(
        update(Handout)
        .where(col(Handout.broadcast_id) == broadcast.id, col(Handout.state) == HandoutState.queued)
        .values(state=HandoutState.skipped, reason="the broadcast was cancelled")
    )


async def _move(
    session: AsyncSession,
    broadcast: Broadcast,
    from_: Iterable[BroadcastState],
    to: BroadcastState,
    now: datetime,
    organizer_id: int | None,
    **values: object,
) -> None:
    """Change the state where it still is one of these: two organizers may tap at once, or the sending may end."""
    moved = await session.execute(
        update(Broadcast)
        .where(col(Broadcast.id) == broadcast.id, col(Broadcast.state).in_(list(from_)))
        .values(state=to, **values)
        .returning(col(Broadcast.id))
    )
    changed = moved.scalar_one_or_none() is not None
    await session.refresh(broadcast)
    if not changed:
        raise BroadcastRefused(NOT_NOW[broadcast.state])
    session.add(
        Audit(
            campaign_id=broadcast.campaign_id,
            organizer_id=organizer_id,
            at=now,
            action=f"broadcast {to.value}",
            detail=f"broadcast {broadcast.id}",
        )
    )


async def progress(session: AsyncSession, broadcast_id: int) -> Progress:
    """How far a broadcast is, counted from its handouts."""
    broadcast = await session.get_one(Broadcast, broadcast_id, populate_existing=True)
    query = select(col(Handout.state), func.count()).where(col(Handout.broadcast_id) == broadcast_id)
    counts = {row[0]: row[1] for row in await session.execute(query.group_by(col(Handout.state)))}
    sent, failed, unknown = (counts.get(state, 0) for state in (HandoutState.sent, HandoutState.failed, HandoutState.unknown))  # fmt: skip
    open_ = broadcast.state not in (S.done, S.cancelled)
    left = max(0, broadcast.people - sent - failed - unknown) if open_ else 0
    return Progress(
        broadcast.state,
        broadcast.people,
        sent,
        failed,
        unknown,
        left,
        duration(left),
        broadcast.started_at,
        broadcast.ended_at,
    )


async def interests_of(session: AsyncSession, campaign_id: int) -> list[Interest]:
    """The themes that people may choose from, in the order of their names."""
    query = select(Interest).where(col(Interest.campaign_id) == campaign_id).order_by(col(Interest.name))
    return list(await session.scalars(query))


async def choose_interests(session: AsyncSession, place: Participation, interest_ids: Iterable[int]) -> None:
    """Make these the interests of a person in a campaign; those of another campaign are left out."""
    await session.execute(delete(ChosenInterest).where(col(ChosenInterest.participation_id) == place.id))
    known = {interest.id for interest in await interests_of(session, place.campaign_id)}
    session.add_all(
        ChosenInterest(participation_id=place.id, interest_id=chosen) for chosen in sorted(known & set(interest_ids))
    )
