"""One share kit, or one broadcast, sent to one supporter: a row each, written before the call to Telegram and after it.

Nothing is written ahead: a run goes through the people of its segment, and who has a row was served, or may have been.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, literal, or_, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.engagement import Act, once, record
from campaigns.models import (
    Broadcast,
    BroadcastState,
    Campaign,
    Choice,
    Consent,
    Handout,
    HandoutState,
    Kind,
    Moment,
    Participation,
    Post,
    PostState,
    Purpose,
    Supporter,
)
from campaigns.segments import Segment, in_segment, silent
from campaigns.stamp import stamp_of, stamped

LEASE = timedelta(minutes=2)  # longer than any call to Telegram
TABLE: Any = Handout.__table__  # type: ignore[attr-defined]
STATE, MOMENT = Choice(HandoutState), Moment()


@dataclass(frozen=True, slots=True)
class Run:
    """What goes out now: a post's share kits, or a broadcast with its text as it is sent."""

    what: Post | Broadcast
    text: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """The column of Handout that names it, and its number."""
        return "broadcast_id" if isinstance(self.what, Broadcast) else "post_id", self.what.id

    @property
    def segment(self) -> Segment:
        if isinstance(self.what, Broadcast):
            return segment_of(self.what)
        return Segment(self.what.campaign_id, self.what.territory_id)


@dataclass(frozen=True, slots=True)
class Claim:
    """Asks for the right to serve one person; granted as the number of their Handout, or None."""

    run: Run
    participation_id: int
    supporter_id: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of serving a person."""

    run: Run
    handout_id: int
    supporter_id: int
    state: HandoutState
    message_id: int | None = None
    reason: str | None = None
    gone: bool = False  # they blocked the bot, or left Telegram
    moved_to: int | None = None  # their chat's new number


def segment_of(broadcast: Broadcast) -> Segment:
    return Segment(broadcast.campaign_id, broadcast.territory_id, broadcast.language, broadcast.interest_id)


async def runs(session: AsyncSession, now: datetime) -> list[Run]:
    """Posts with a share kit whose moment has come, and broadcasts that were started; the oldest first."""
    due = (
        select(Post)
        .where(col(Post.share_kit), col(Post.state) == PostState.scheduled)
        .where(col(Post.publish_at) <= now, col(Post.handed_out_at).is_(None))
        .order_by(col(Post.publish_at), col(Post.id))
    )
    begun = (
        select(Broadcast, Campaign)
        .join(Campaign, col(Campaign.id) == col(Broadcast.campaign_id))
        .where(col(Broadcast.state) == BroadcastState.running)
        .order_by(col(Broadcast.started_at), col(Broadcast.id))
    )
    kits = [Run(post) for post in await session.scalars(due)]
    return kits + [Run(row[0], stamped(row[0].text, stamp_of(row[1]))) for row in await session.execute(begun)]


async def candidates(
    session: AsyncSession, run: Run, now: datetime, *, after: int = 0, limit: int
) -> list[tuple[int, Supporter]]:
    """Who is still to be served, with the number of their participation, which are higher than `after` and in order."""
    served = exists().where(
        TABLE.c[run.key[0]] == run.key[1],
        TABLE.c.supporter_id == col(Participation.supporter_id),
        TABLE.c.state != HandoutState.queued,
    )
    query = (
        select(col(Participation.id), Supporter)
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(col(Participation.id) > after, *in_segment(run.segment), ~silent(now), ~served)
        .order_by(col(Participation.id))
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def write(session: AsyncSession, items: Sequence[Claim | Outcome], now: datetime) -> list[int | None]:
    """The `apply` of a BatchWriter: grants claims and writes outcomes, however many, in a few statements."""
    await _finish(session, [item for item in items if isinstance(item, Outcome)], now)
    claims: dict[tuple[str, int], list[Claim]] = defaultdict(list)
    for item in items:
        if isinstance(item, Claim):
            claims[item.run.key].append(item)
    granted = {key: await _begin(session, asked, now) for key, asked in claims.items()}
    # pop: of two claims to one person, one is granted.
    return [granted[i.run.key].pop(i.supporter_id, None) if isinstance(i, Claim) else None for i in items]


async def _begin(session: AsyncSession, claims: Sequence[Claim], now: datetime) -> dict[int, int]:
    """Write the rows of who may still be served: supporter -> handout. Whoever left meanwhile gets none."""
    run = claims[0].run
    column, number = run.key
    people = (
        select(
            literal(number),
            col(Participation.supporter_id),
            literal(HandoutState.sending, STATE),
            literal(now + LEASE, MOMENT),
        )
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(col(Participation.id).in_([claim.participation_id for claim in claims]))
        .where(_goes_on(run), *in_segment(run.segment), ~silent(now))
    )
    statement = insert(TABLE).from_select([column, "supporter_id", "state", "lease_until"], people)
    again = {"state": statement.excluded.state, "lease_until": statement.excluded.lease_until}
    rows = await session.execute(
        statement.on_conflict_do_update(
            index_elements=[column, "supporter_id"], set_=again, where=TABLE.c.state == HandoutState.queued
        ).returning(TABLE.c.supporter_id, TABLE.c.id)
    )
    return {row[0]: row[1] for row in rows}


def _goes_on(run: Run) -> ColumnElement[bool]:
    """In SQL: the post was not taken back, the broadcast not paused or cancelled."""
    if isinstance(run.what, Broadcast):
        return exists().where(col(Broadcast.id) == run.what.id, col(Broadcast.state) == BroadcastState.running)
    return exists().where(col(Post.id) == run.what.id, col(Post.state) == PostState.scheduled, col(Post.share_kit))


async def _finish(session: AsyncSession, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write what came of handouts; a card that arrived is counted as received."""
    if not outcomes:
        return
    change = (
        update(TABLE)
        .where(TABLE.c.id == bindparam("handout"))
        .values(
            state=bindparam("became"),
            message_id=bindparam("message"),
            reason=bindparam("why"),
            sent_at=bindparam("at"),
            lease_until=None,
        )
    )
    rows = [
        {
            "handout": o.handout_id,
            "became": o.state,
            "message": o.message_id,
            "why": o.reason,
            "at": now if o.state is HandoutState.sent else None,
        }
        for o in outcomes
    ]
    await (await session.connection()).execute(change, rows)
    gone = [o.supporter_id for o in outcomes if o.gone]
    if gone:
        await session.execute(update(Supporter).where(col(Supporter.id).in_(gone)).values(gone_at=now))
    for moved in (o for o in outcomes if o.moved_to is not None):
        await _follow(session, moved)
    await _count_received(session, outcomes, now)


async def _follow(session: AsyncSession, moved: Outcome) -> None:
    """Keep the chat's new number; where it is known already, the person has been served there."""
    known = select(Supporter.id).where(col(Supporter.telegram_id) == moved.moved_to)
    kept = await session.execute(
        update(Supporter)
        .where(col(Supporter.id) == moved.supporter_id, ~known.exists())
        .values(telegram_id=moved.moved_to)
        .returning(col(Supporter.id))
    )
    if kept.scalar_one_or_none() is None:
        await session.execute(update(TABLE).where(TABLE.c.id == moved.handout_id).values(state=HandoutState.failed))


async def _count_received(session: AsyncSession, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Count the cards that reached somebody who agreed to be counted."""
    cards = [o for o in outcomes if o.state is HandoutState.sent and isinstance(o.run.what, Post)]
    if not cards:
        return
    agreed = select(col(Consent.supporter_id), col(Consent.campaign_id)).where(
        col(Consent.supporter_id).in_([o.supporter_id for o in cards]),
        col(Consent.purpose) == Purpose.counting,
        col(Consent.withdrawn_at).is_(None),
    )
    counted = {(row[0], row[1]) for row in await session.execute(agreed)}
    acts = [
        Act(
            o.run.what.campaign_id,
            Kind.received,
            now,
            o.supporter_id,
            o.run.what.id,
            once=once(Kind.received, o.supporter_id, o.run.what.id),
        )
        for o in cards
        if (o.supporter_id, o.run.what.campaign_id) in counted
    ]
    await record(session, acts)


async def end(session: AsyncSession, run: Run, now: datetime) -> bool:
    """Close a run that has nobody left and nothing in flight; whether it did."""
    column, number = run.key
    underway = exists().where(TABLE.c[column] == number, TABLE.c.state == HandoutState.sending)
    if await session.scalar(select(underway)) or await candidates(session, run, now, limit=1):
        return False
    await session.execute(
        update(TABLE)
        .where(TABLE.c[column] == number, TABLE.c.state == HandoutState.queued)
        .values(state=HandoutState.skipped, reason="left, or silence began, before it could be sent again")
    )
    if isinstance(run.what, Broadcast):
        await session.execute(
            update(Broadcast)
            .where(col(Broadcast.id) == number, col(Broadcast.state) == BroadcastState.running)
            .values(state=BroadcastState.done, ended_at=now)
        )
    else:
        await session.execute(update(Post).where(col(Post.id) == number).values(handed_out_at=now))
    return True


async def end_leases(session: AsyncSession, now: datetime, *, every: bool = False) -> None:
    """What a dead process left in `sending` is not sent a second time: the person may have it already."""
    taken_back = select(Post.id).where(col(Post.state) != PostState.scheduled)
    await session.execute(
        update(Handout)
        .where(col(Handout.state) == HandoutState.queued, col(Handout.post_id).in_(taken_back))
        .values(state=HandoutState.skipped, reason="the post was taken back")
    )
    ended = or_(col(Handout.lease_until) <= now, col(Handout.lease_until).is_(None)) if not every else literal(True)
    await session.execute(
        update(Handout)
        .where(col(Handout.state) == HandoutState.sending, ended)
        .values(state=HandoutState.unknown, lease_until=None, reason="the program stopped while it was being sent")
    )
