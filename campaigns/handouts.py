"""One share kit, or one broadcast, sent to one supporter: a row each, written before the call to Telegram and after it.

Nothing is written ahead but for who rests: a run goes through the people of its segment once; who has a row was served, or
may have been, or waits. What waited is served from its rows, as they come due.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, exists, func, literal, or_, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.broadcasts import segment_of
from campaigns.dialects import insert
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
from campaigns.rhythm import Rhythm, Turn, Usual, Wishes, day_began, turn_of
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
        return Segment(self.what.campaign_id, self.what.territory_id, self.what.kit_language, self.what.kit_interest_id)

    @property
    def moment(self) -> datetime:
        """When it began."""
        moment = self.what.started_at if isinstance(self.what, Broadcast) else self.what.publish_at
        assert moment is not None  # noqa: S101 - what has none is no run
        return moment

    @property
    def handed_out(self) -> bool:
        """Whether everybody has a handout, so that only those that waited are left."""
        return self.what.handed_out_at is not None


@dataclass(frozen=True, slots=True)
class Digest:
    """The day's posts for one person, as one message."""

    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who is still to be served, now or when they do not rest any more."""

    participation_id: int
    supporter: Supporter
    wishes: Wishes


@dataclass(frozen=True, slots=True)
class Limit:
    """No more than so many messages since a moment."""

    most: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """Asks for the right to serve one person; granted as the number of their Handout, or None."""

    run: Run
    participation_id: int
    supporter_id: int
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of serving a person."""

    run: Run
    handout_id: int
    supporter_id: int
    state: HandoutState
    message_id: int | None = None
    reason: str | None = None
    card: bool = True  # False: a button of a digest, which is no share kit yet
    gone: bool = False  # they blocked the bot, or left Telegram
    moved_to: int | None = None  # their chat's new number


async def runs(session: AsyncSession, now: datetime) -> list[Run]:
    """Posts with a share kit and broadcasts that have somebody to serve, or that can be ended; the oldest first."""
    due = (
        select(Post)
        .where(col(Post.share_kit), col(Post.state) == PostState.scheduled, col(Post.publish_at) <= now)
        .where(or_(col(Post.handed_out_at).is_(None), col(Post.id).in_(_waits_no_longer("post_id", now))))
        .order_by(col(Post.publish_at), col(Post.id))
    )
    left = exists().where(
        TABLE.c.broadcast_id == col(Broadcast.id), TABLE.c.state.in_((HandoutState.queued, HandoutState.sending))
    )
    begun = (
        select(Broadcast, Campaign)
        .join(Campaign, col(Campaign.id) == col(Broadcast.campaign_id))
        .where(col(Broadcast.state) == BroadcastState.running)
        .where(
            or_(
                col(Broadcast.handed_out_at).is_(None),
                col(Broadcast.id).in_(_waits_no_longer("broadcast_id", now)),
                ~left,
            )
        )
        .order_by(col(Broadcast.started_at), col(Broadcast.id))
    )
    kits = [Run(post) for post in await session.scalars(due)]
    return kits + [Run(row[0], stamped(row[0].text, stamp_of(row[1]))) for row in await session.execute(begun)]


def _waits_no_longer(column: str, now: datetime) -> Any:
    """In SQL: this column of the handouts that wait no longer. Two queries, so that the index serves each."""
    waiting = select(TABLE.c[column]).where(TABLE.c.state == HandoutState.queued, TABLE.c[column].is_not(None))
    return union_all(waiting.where(TABLE.c.not_before.is_(None)), waiting.where(TABLE.c.not_before <= now))


def _to_send(now: datetime) -> ColumnElement[bool]:
    """In SQL, of a Handout: it waits for nothing."""
    return and_(TABLE.c.state == HandoutState.queued, or_(TABLE.c.not_before.is_(None), TABLE.c.not_before <= now))


async def candidates(
    session: AsyncSession, run: Run, now: datetime, *, after: int = 0, limit: int, again: bool = False
) -> list[Candidate]:
    """Who is still to be served, in the order of their participations' numbers, which are higher than `after`.

    `again`: only those who have a handout that waits no longer, as of a run whose people all have one.
    """
    place = (
        col(Participation.id),
        col(Participation.territory_id),
        col(Participation.quiet_from),
        col(Participation.quiet_until),
        col(Participation.most_a_day),
        col(Participation.digest_at),
        col(Participation.paused_until),
    )
    query = (
        select(*place, Supporter)  # type: ignore[call-overload]
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(col(Participation.id) > after, *in_segment(run.segment), ~silent(now))
        .order_by(col(Participation.id))
        .limit(limit)
    )
    column, number = run.key
    if again or run.handed_out:
        mine = and_(TABLE.c[column] == number, TABLE.c.supporter_id == col(Participation.supporter_id))
        # Behind a run that has just ended there are few of them; in the morning they may be all, and a page is enough.
        query = query.join(TABLE, mine).where(TABLE.c.id.in_(_waits_no_longer("id", now)) if again else _to_send(now))
    else:
        served = exists().where(
            TABLE.c[column] == number, TABLE.c.supporter_id == col(Participation.supporter_id), ~_to_send(now)
        )
        query = query.where(~served)
    return [Candidate(row[0], row[-1], row) for row in await session.execute(query)]


async def turns(
    session: AsyncSession, run: Run, usual: Usual, people: Sequence[Candidate], now: datetime
) -> list[tuple[Rhythm, Turn]]:
    """For each of these people how they want to be written to, and whether this run may write to them now."""
    rhythms = [usual.rhythm(each.wishes) for each in people]
    limits = {
        each.supporter.id: limit
        for each, rhythm in zip(people, rhythms, strict=True)
        if (limit := limit_of(rhythm, now)) is not None
    }
    sent = await _sent(session, run.what.campaign_id, limits)
    return [
        (rhythm, turn_of(rhythm, run.moment, now, sent.get(each.supporter.id, 0)))
        for each, rhythm in zip(people, rhythms, strict=True)
    ]


def limit_of(rhythm: Rhythm, now: datetime) -> Limit | None:
    """What a claim for this person must heed; a digest is one message, whatever else they chose."""
    if rhythm.most_a_day is None or rhythm.digest_at is not None:
        return None
    return Limit(rhythm.most_a_day, day_began(rhythm.zone, now))


async def _sent(session: AsyncSession, campaign_id: int, limits: Mapping[int, Limit]) -> dict[int, int]:
    """How many messages each of these people got, or is getting, since the moment of their limit."""
    found: dict[int, int] = {}
    for since in {limit.since for limit in limits.values()}:
        people = [person for person, limit in limits.items() if limit.since == since]
        query = (
            select(TABLE.c.supporter_id, func.count(func.coalesce(TABLE.c.message_id, -TABLE.c.id).distinct()))
            .outerjoin(Post, col(Post.id) == TABLE.c.post_id)
            .outerjoin(Broadcast, col(Broadcast.id) == TABLE.c.broadcast_id)
            .where(TABLE.c.supporter_id.in_(people))
            .where(func.coalesce(col(Post.campaign_id), col(Broadcast.campaign_id)) == campaign_id)
            .where(or_(TABLE.c.sent_at >= since, TABLE.c.state == HandoutState.sending))
            .group_by(TABLE.c.supporter_id)
        )
        found |= {row[0]: row[1] for row in await session.execute(query)}
    return found


async def put_off(session: AsyncSession, run: Run, resting: Mapping[int, datetime]) -> None:
    """Let the handouts of who rests wait: supporter -> until when. Who is being served already is left alone."""
    column, number = run.key
    people: dict[datetime, list[int]] = defaultdict(list)
    for person, until in resting.items():
        people[until].append(person)
    for until, together in people.items():
        rows = select(
            literal(number), col(Supporter.id), literal(HandoutState.queued, STATE), literal(until, MOMENT)
        ).where(col(Supporter.id).in_(together))
        await session.execute(_waiting(column, rows, TABLE.c.state == HandoutState.queued))


def usual_turn(run: Run, usual: Usual, now: datetime) -> Turn:
    """Whether this run may write now to who chose nothing, and goes by the campaign's own clock."""
    return turn_of(Rhythm(usual.zone, usual.quiet_from, usual.quiet_until), run.moment, now)


async def put_off_usual(
    session: AsyncSession, run: Run, usual: Usual, until: datetime, now: datetime, *, after: int, limit: int
) -> int | None:
    """Let the handouts of those wait of whom `usual_turn` speaks, in one statement, however many they are.

    Looks at `limit` participations with numbers above `after`; the highest number it looked at, None where there is none.
    """
    column, number = run.key
    place = col(Participation.id)
    looked_at = (
        select(place.label("id"))
        .where(col(Participation.campaign_id) == run.what.campaign_id, place > after)
        .order_by(place)
        .limit(limit)
        .subquery()
    )
    last: int | None = await session.scalar(select(func.max(looked_at.c.id)))
    if last is None:
        return None
    own = (Participation.quiet_from, Participation.most_a_day, Participation.digest_at, Participation.paused_until)
    elsewhere = col(Participation.territory_id).in_(list(usual.zones))
    people = (
        select(
            literal(number),
            col(Participation.supporter_id),
            literal(HandoutState.queued, STATE),
            literal(until, MOMENT),
        )
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(place > after, place <= last, *in_segment(run.segment), ~silent(now), _goes_on(run))
        .where(*(col(wish).is_(None) for wish in own))
        .where(or_(col(Participation.territory_id).is_(None), ~elsewhere))
    )
    # Who is served, or waits already, is found by the index that a handout must pass anyway. Left out of the SELECT, they
    # would all be read for each statement: a server that has no figures of the growing table yet plans it so.
    await session.execute(_waiting(column, people, _to_send(now)))
    return last


def _waiting(column: str, people: Any, again: ColumnElement[bool]) -> Any:
    """Handouts that wait, by a SELECT of what they are of, for whom, their state and until when; `again`: which of those
    that are there already wait until then, too.
    """
    statement = insert(TABLE).from_select([column, "supporter_id", "state", "not_before"], people)
    return statement.on_conflict_do_update(
        index_elements=[column, "supporter_id"],
        set_={"not_before": statement.excluded.not_before},
        where=again,
    )


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
    """Write the rows of who may still be served: supporter -> handout. Whoever left or paused meanwhile gets none."""
    run = claims[0].run
    column, number = run.key
    limits = {claim.supporter_id: claim.limit for claim in claims if claim.limit is not None}
    if limits:  # counted here once more: two runs may be about to write to the same person
        sent = await _sent(session, run.what.campaign_id, limits)
        full = {person for person, limit in limits.items() if sent.get(person, 0) >= limit.most}
        claims = [claim for claim in claims if claim.supporter_id not in full]
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
        .where(or_(col(Participation.paused_until).is_(None), col(Participation.paused_until) <= now))
    )
    if run.handed_out:  # who came later finds it by themselves
        mine = and_(TABLE.c[column] == number, TABLE.c.supporter_id == col(Participation.supporter_id))
        people = people.where(exists().where(mine, _to_send(now)))
    statement = insert(TABLE).from_select([column, "supporter_id", "state", "lease_until"], people)
    again = {"state": statement.excluded.state, "lease_until": statement.excluded.lease_until, "not_before": None}
    rows = await session.execute(
        statement.on_conflict_do_update(
            index_elements=[column, "supporter_id"], set_=again, where=_to_send(now)
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
        # What was given up meanwhile waits no more: its run may be over. That it arrived is heard however late.
        .where(or_(TABLE.c.state == HandoutState.sending, bindparam("over", type_=Boolean())))
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
            "over": o.state is not HandoutState.queued,
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
    cards = [o for o in outcomes if o.state is HandoutState.sent and o.card and isinstance(o.run.what, Post)]
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
    """Close a run whose `candidates` were nobody, and that has nothing in flight; whether it did. Who rests is served later.

    Looks once more only at who has a handout, since everybody else waits for this write; who joined since is served no more.
    """
    column, number = run.key
    underway = exists().where(TABLE.c[column] == number, TABLE.c.state == HandoutState.sending)
    if await session.scalar(select(underway)) or await candidates(session, run, now, limit=1, again=True):
        return False
    await session.execute(
        update(TABLE)
        .where(TABLE.c.id.in_(_waits_no_longer("id", now)), TABLE.c[column] == number)
        .values(state=HandoutState.skipped, reason="left, or silence began, before it could be sent again")
    )
    if isinstance(run.what, Broadcast):
        await session.execute(
            update(Broadcast)
            .where(col(Broadcast.id) == number)
            .values(handed_out_at=func.coalesce(col(Broadcast.handed_out_at), literal(now, MOMENT)))
        )
        left = exists().where(TABLE.c[column] == number, TABLE.c.state == HandoutState.queued)
        if not await session.scalar(select(left)):
            await session.execute(
                update(Broadcast)
                .where(col(Broadcast.id) == number, col(Broadcast.state) == BroadcastState.running)
                .values(state=BroadcastState.done, ended_at=now)
            )
    else:
        await session.execute(
            update(Post)
            .where(col(Post.id) == number)
            .values(handed_out_at=func.coalesce(col(Post.handed_out_at), literal(now, MOMENT)))
        )
    return True


async def waiting(session: AsyncSession, run: Run) -> int:
    """How many people rest and are to be served later."""
    column, number = run.key
    query = select(func.count()).select_from(TABLE).where(TABLE.c[column] == number)
    return await session.scalar(query.where(TABLE.c.state == HandoutState.queued)) or 0


async def end_leases(session: AsyncSession, now: datetime, *, every: bool = False) -> int:
    """What a dead process left in `sending` is not sent a second time: the person may have it already. How many there were."""
    taken_back = select(Post.id).where(col(Post.state) != PostState.scheduled)
    await session.execute(
        update(Handout)
        .where(col(Handout.state) == HandoutState.queued, col(Handout.post_id).in_(taken_back))
        .values(state=HandoutState.skipped, reason="the post was taken back")
    )
    ended = or_(col(Handout.lease_until) <= now, col(Handout.lease_until).is_(None)) if not every else literal(True)
    left = await session.execute(
        update(Handout)
        .where(col(Handout.state) == HandoutState.sending, ended)
        .values(state=HandoutState.unknown, lease_until=None, reason="the program stopped while it was being sent")
        .returning(col(Handout.id))
        .execution_options(synchronize_session=False)
    )
    return len(left.all())
