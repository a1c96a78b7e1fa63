"""Broadcasts: a message to a segment of a campaign's supporters, from its draft to its end.

schedules/broadcasts.py sends it to one person after the other; what became of it is counted from its handouts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import (
    Audit,
    Broadcast,
    BroadcastState,
    Campaign,
    Handout,
    HandoutState,
    Interest,
    Organizer,
    OrganizerRole,
    Participation,
    Role,
    Supporter,
    Territory,
)
from campaigns.organizers import APPROVERS, WRITERS
from campaigns.segments import Segment, in_segment, silent
from campaigns.silence_windows import any_silence
from campaigns.stamp import stamp_of, stamped
from campaigns.words import LANGUAGES, mark
from networks.limits import utf16_units
from networks.pace import PER_SECOND

S = BroadcastState
NOBODY = mark("Nobody would get this message now.")
NOT_ALLOWED = mark("Your role does not let you do this.")
LONGEST = 4096  # UTF-16 units of a message, from sendMessage
NOT_NOW = {
    S.draft: mark("This message is a draft; somebody must approve it first."),
    S.submitted: mark("This message waits for somebody else’s yes."),
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
    waiting: int  # of those: who rest, and get it when they do not rest any more
    takes: timedelta  # for those who are left and do not rest
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
    broadcast = Broadcast(
        campaign_id=segment.campaign_id,
        organizer_id=organizer_id,
        supporter_id=supporter_id,
        text=await _checked(session, segment.campaign_id, text),
        created_at=now,
    )
    await _aim(session, broadcast, segment)
    session.add(broadcast)
    await session.flush()
    return broadcast


async def change(session: AsyncSession, broadcast: Broadcast, text: str | None, segment: Segment | None = None) -> None:
    """Write a draft anew, in part or as a whole; raises BroadcastRefused where it is none any more."""
    if broadcast.state is not S.draft:
        raise BroadcastRefused(NOT_NOW[broadcast.state])
    if text is not None:
        broadcast.text = await _checked(session, broadcast.campaign_id, text)
    if segment is not None:
        await _aim(session, broadcast, segment)
    await session.flush()


async def _checked(session: AsyncSession, campaign_id: int, text: str) -> str:
    """The text as it is stored, if Telegram takes it with the campaign's stamp."""
    campaign = await session.get_one(Campaign, campaign_id)
    text = text.strip()
    if not text:
        raise BroadcastRefused(mark("The message is empty: write what people shall read."))
    length = utf16_units(stamped(text, stamp_of(campaign)))
    if length > LONGEST:
        raise BroadcastRefused(
            mark("The message has {length} characters; Telegram takes {limit}."), length=length, limit=LONGEST
        )
    return text


async def _aim(session: AsyncSession, broadcast: Broadcast, segment: Segment) -> None:
    await _check(session, segment)
    broadcast.territory_id, broadcast.language = segment.territory_id, segment.language
    broadcast.interest_id = segment.interest_id


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


def segment_of(broadcast: Broadcast) -> Segment:
    return Segment(broadcast.campaign_id, broadcast.territory_id, broadcast.language, broadcast.interest_id)


async def broadcasts_of(session: AsyncSession, campaign_id: int, limit: int) -> list[Broadcast]:
    """The latest broadcasts of a campaign; a team leader's draft is nobody else's before they ask for a yes."""
    theirs = col(Broadcast.supporter_id).is_not(None) & (col(Broadcast.state) == S.draft)
    query = select(Broadcast).where(col(Broadcast.campaign_id) == campaign_id, ~theirs)
    return list(await session.scalars(query.order_by(col(Broadcast.id).desc()).limit(limit)))


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
    quiet = await any_silence(session, segment.campaign_id, now)  # usually none: spares a second count of everybody
    reached = await session.scalar(people.where(~silent(now))) or 0 if quiet else everybody
    return Preview(reached, everybody - reached, duration(reached))


def duration(people: int) -> timedelta:
    """How long it takes to write to so many people, at the rate that Telegram takes."""
    return timedelta(seconds=round(people / PER_SECOND))


async def submit(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> None:
    """Ask somebody else for their yes; raises BroadcastRefused."""
    await _allow(session, broadcast, organizer_id, WRITERS)
    if not (await preview(session, segment_of(broadcast), now)).people:
        raise BroadcastRefused(NOBODY)
    await _move(session, broadcast, {S.draft}, S.submitted, now, organizer_id)


async def send_back(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> None:
    """Not like this: it is a draft again; raises BroadcastRefused."""
    if organizer_id is not None and organizer_id != broadcast.organizer_id:  # who wrote it may take it back, too
        await _allow(session, broadcast, organizer_id, APPROVERS)
    await _move(session, broadcast, {S.submitted}, S.draft, now, organizer_id)


async def approve(
    session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime, *, by: str = ""
) -> None:
    """A yes, after which it may be started; raises BroadcastRefused.

    Where the campaign asks for approval of posts, and of a team leader's message always, an approver or admin who did
    not write it must give it. None: the command line, or a rule that lets a team leader write; `by` says which.
    """
    if organizer_id is not None:
        campaign = await session.get_one(Campaign, broadcast.campaign_id)
        second = bool(campaign.approvals or broadcast.supporter_id)
        if second and await is_own(session, broadcast, organizer_id):
            raise BroadcastRefused(mark("This message is your own; somebody else must approve it."))
        allowed = APPROVERS if second else WRITERS
        await _allow(session, broadcast, organizer_id, allowed, mark("Your role does not let you approve messages."))
    from_ = {S.draft, S.submitted}
    await _move(
        session, broadcast, from_, S.approved, now, organizer_id, by=by, approver_id=organizer_id, approved_at=now
    )


async def is_own(session: AsyncSession, broadcast: Broadcast, organizer_id: int) -> bool:
    """Whether an organizer wrote it, be it as a team leader from the same account."""
    if broadcast.supporter_id is None:
        return broadcast.organizer_id == organizer_id
    author = await session.get_one(Supporter, broadcast.supporter_id)
    return (await session.get_one(Organizer, organizer_id)).telegram_id == author.telegram_id


async def _allow(
    session: AsyncSession,
    broadcast: Broadcast,
    organizer_id: int | None,
    roles: frozenset[Role],
    refusal: str = NOT_ALLOWED,
) -> None:
    """Raises BroadcastRefused for an organizer without one of these roles; None is the program itself."""
    if organizer_id is None:
        return
    role = await session.get(OrganizerRole, (organizer_id, broadcast.campaign_id))
    if role is None or role.territory_id is not None or role.role not in roles:
        raise BroadcastRefused(refusal)


async def start(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> Preview:
    """Let it go out, from the next tick on; raises BroadcastRefused."""
    await _allow(session, broadcast, organizer_id, APPROVERS)
    found = await preview(session, segment_of(broadcast), now)
    if not found.people:
        raise BroadcastRefused(NOBODY)
    await _move(session, broadcast, {S.approved}, S.running, now, organizer_id, people=found.people, started_at=now)
    return found


async def send(session: AsyncSession, broadcast: Broadcast, organizer_id: int, now: datetime) -> Preview:
    """Let it go out with this organizer's own yes, where it still needs one; raises BroadcastRefused."""
    if broadcast.state in (S.draft, S.submitted):
        await approve(session, broadcast, organizer_id, now)
    return await start(session, broadcast, organizer_id, now)


async def pause(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> None:
    """Begin no further message; raises BroadcastRefused."""
    await _allow(session, broadcast, organizer_id, WRITERS)
    await _move(session, broadcast, {S.running}, S.paused, now, organizer_id)


async def resume(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> None:
    """Go on where it stopped; raises BroadcastRefused."""
    await _allow(session, broadcast, organizer_id, APPROVERS)
    await _move(session, broadcast, {S.paused}, S.running, now, organizer_id)


async def cancel(session: AsyncSession, broadcast: Broadcast, organizer_id: int | None, now: datetime) -> None:
    """Whoever does not have it will not get it; raises BroadcastRefused."""
    await _allow(session, broadcast, organizer_id, WRITERS)
    await _move(session, broadcast, set(S) - {S.cancelled, S.done}, S.cancelled, now, organizer_id, ended_at=now)
    await session.execute(
        update(Handout)
        .where(col(Handout.broadcast_id) == broadcast.id, col(Handout.state) == HandoutState.queued)
        .values(state=HandoutState.skipped, reason="the broadcast was cancelled")
    )


MOVES = {"submit": submit, "approve": approve, "send": send, "back": send_back, "pause": pause, "resume": resume, "cancel": cancel}  # fmt: skip


def moves_of(broadcast: Broadcast, campaign: Campaign, role: Role, *, own: bool) -> list[str]:
    """What an organizer of this role may do with it now, as keys of MOVES; `own`: they wrote it."""
    state, decides = broadcast.state, role in APPROVERS
    needs_second = bool(campaign.approvals or broadcast.supporter_id)
    may_approve = decides and not (needs_second and own)
    if role not in WRITERS or state in (S.cancelled, S.done):
        return []
    moves = []
    if state in (S.draft, S.submitted):
        moves += ["send"] if may_approve else []
        moves += ["approve"] if may_approve and needs_second else []
        moves += ["submit"] if state is S.draft and not may_approve else []
        moves += ["back"] if state is S.submitted and (decides or own) else []
    elif state is S.approved:
        moves += ["send"] if decides else []
    elif state is S.running:
        moves.append("pause")
    elif decides:
        moves.append("resume")
    return [*moves, "cancel"]


async def _move(
    session: AsyncSession,
    broadcast: Broadcast,
    from_: Iterable[BroadcastState],
    to: BroadcastState,
    now: datetime,
    organizer_id: int | None,
    by: str = "",
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
            detail=f"broadcast {broadcast.id}" + (f", {by}" if by else ""),
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
    waiting = min(left, counts.get(HandoutState.queued, 0))
    return Progress(
        broadcast.state,
        broadcast.people,
        sent,
        failed,
        unknown,
        left,
        waiting,
        duration(left - waiting),
        broadcast.started_at,
        broadcast.ended_at,
    )
