"""What people are told of what they signed up for: a reminder at its set time, and news at once.

A reminder's row is written when the person signs up, news when the plan changes. What is due is looked at again, claimed
by its row before the call to Telegram, and settled after it; a row that a dead process left between the two is `unknown`
and is not sent again. So nobody is skipped, and nobody gets one twice.

When (`when`): a reminder keeps to the person's pause and quiet hours, but is neither counted among the messages a day nor
kept for a digest, since they signed up for it. In quiet hours it waits for their end, if that is an hour before the person
sets out; else it goes out half an hour before the quiet hours begin; if that is past, it is dropped. It needs the consent
to be written to. News are a service to who signed up: they need no consent and heed no pause, and wait for the end of the
quiet hours only where that leaves three hours; a person who sets out at dawn is better woken than sent to a closed hall.
Nothing at all goes out in a silence window, and what comes too late by that is dropped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from campaigns.dialects import insert
from campaigns.models import (
    Campaign,
    Event,
    EventBus,
    EventSignup,
    HandoutState,
    Mission,
    MissionSignup,
    Occasion,
    Participation,
    SignupMessage,
    Supporter,
)
from campaigns.rhythm import Rhythm, Usual, is_quiet, quiet_began, quiet_ends, usual_of
from campaigns.segments import agreed_to_contact, silent
from campaigns.silence_windows import first_free

TABLE: Any = SignupMessage.__table__  # type: ignore[attr-defined]
HOUR = timedelta(hours=1)
LEAST = HOUR  # between a reminder and the moment at which the person sets out
EARLY = timedelta(minutes=30)  # before quiet hours begin
NOTICE = 3 * HOUR  # that news leave to the person who sets out, if they shall wait for the end of quiet hours
AGAIN = HOUR  # until the next look at what waits for a person who blocked the bot, or takes no reminders now

REPLACES = {  # each says how things stand, so that what was not said yet need not be said before it
    Occasion.moved: (Occasion.moved,),
    Occasion.no_bus: (Occasion.moved, Occasion.no_bus),
    Occasion.called_off: tuple(Occasion),
}

Signup = EventSignup | MissionSignup


@dataclass(frozen=True, slots=True)
class Told:
    """One message to one person, with what it is about."""

    message: SignupMessage
    supporter: Supporter
    campaign: Campaign
    plan: Event | Mission
    bus: EventBus | None  # theirs


@dataclass(frozen=True, slots=True)
class Going:
    """Somebody who comes to an event, and how."""

    signup: EventSignup
    place: Participation
    bus: EventBus | None

    def sets_out(self, event: Event) -> datetime:
        return self.bus.leaves_at if self.bus else event.starts_at


def when(occasion: Occasion, rhythm: Rhythm, due: datetime, needed_by: datetime, now: datetime) -> datetime | None:
    """When somebody is told what was due at a moment and must be known by another; None: not at all, it is too late."""
    if occasion is not Occasion.reminder:
        at = max(due, now)
        if is_quiet(rhythm, at) and (end := quiet_ends(rhythm, at)) <= needed_by - NOTICE:
            return end
        return at
    free = max(now, rhythm.paused_until or now)
    at = max(due, free)
    if at >= needed_by:
        return None
    if not is_quiet(rhythm, at):
        return at
    if (end := quiet_ends(rhythm, at)) <= needed_by - LEAST:
        return end
    began = quiet_began(rhythm, at)
    evening = max(began - EARLY, free)
    return evening if evening < began and not is_quiet(rhythm, evening) else None


async def going(session: AsyncSession, event: Event, *, bus_id: int | None = None) -> list[Going]:
    """Everybody who comes to an event and is still here; or those of one bus."""
    query = (
        select(EventSignup, Participation, EventBus)
        .join(Participation, col(Participation.supporter_id) == col(EventSignup.supporter_id))
        .outerjoin(EventBus, col(EventBus.id) == col(EventSignup.bus_id))
        .where(col(EventSignup.event_id) == event.id, col(Participation.campaign_id) == event.campaign_id)
        .order_by(col(EventSignup.id))
    )
    if bus_id is not None:
        query = query.where(col(EventSignup.bus_id) == bus_id)
    return [Going(row[0], row[1], row[2]) for row in await session.execute(query)]


async def plan_reminders(session: AsyncSession, event: Event, people: Sequence[Going], now: datetime) -> None:
    """Write the reminders to come of these people anew; what was sent stays. None is written that would come at once."""
    signups = [each.signup.id for each in people]
    await _drop(session, "event_signup_id", signups, [Occasion.reminder])
    usual = await usual_of(session, event.campaign_id)
    rows = []
    for each in people:
        rhythm, sets_out = usual.rhythm(each.place), each.sets_out(event)
        for hours in event.reminders:
            due = sets_out - timedelta(hours=hours)
            at = when(Occasion.reminder, rhythm, due, sets_out, now) if due > now else None
            if at is not None and at > now:
                rows.append(_row(each.signup, Occasion.reminder, due, sets_out, at))
    if rows:
        await session.execute(insert(TABLE).on_conflict_do_nothing(), rows)


async def reminders_of(
    session: AsyncSession, signup: EventSignup, place: Participation
) -> tuple[list[datetime], list[datetime]]:
    """When a person is going to be reminded, and the moments of reminders that silence will keep from them."""
    query = select(SignupMessage).where(
        col(SignupMessage.event_signup_id) == signup.id,
        col(SignupMessage.occasion) == Occasion.reminder,
        col(SignupMessage.state) == HandoutState.queued,
    )
    come, lost = set(), []
    for each in await session.scalars(query.order_by(col(SignupMessage.not_before))):
        at = await first_free(session, place.campaign_id, place.territory_id, each.not_before)
        if at < each.needed_by:
            come.add(at)
        else:
            lost.append(each.not_before)
    return sorted(come), lost


async def tell(
    session: AsyncSession, occasion: Occasion, people: Iterable[tuple[Signup, datetime]], now: datetime
) -> None:
    """Write news for these people, each with when they must know it, in place of older news that did not go out yet."""
    rows = [_row(signup, occasion, now, needed_by, now) for signup, needed_by in people if signup.supporter_id]
    for column in ("event_signup_id", "mission_signup_id"):
        await _drop(session, column, [row[column] for row in rows if row[column]], REPLACES[occasion])
    if rows:
        await session.execute(insert(TABLE), rows)


def _row(signup: Signup, occasion: Occasion, due: datetime, needed_by: datetime, at: datetime) -> dict[str, Any]:
    return {
        "event_signup_id": signup.id if isinstance(signup, EventSignup) else None,
        "mission_signup_id": signup.id if isinstance(signup, MissionSignup) else None,
        "supporter_id": signup.supporter_id,
        "occasion": occasion,
        "due_at": due,
        "needed_by": needed_by,
        "state": HandoutState.queued,
        "not_before": at,
    }


async def _drop(session: AsyncSession, column: str, signups: Sequence[int], occasions: Sequence[Occasion]) -> None:
    """Take back what these people were not told yet."""
    for first in range(0, len(signups), 500):  # a statement takes some thousand values at most
        await session.execute(
            delete(SignupMessage).where(
                TABLE.c[column].in_(signups[first : first + 500]),
                col(SignupMessage.state) == HandoutState.queued,
                col(SignupMessage.occasion).in_(occasions),
            )
        )


@dataclass(frozen=True, slots=True)
class _Found:
    told: Told
    place: Participation
    may_be: bool  # they may be written to, on this occasion
    silent: bool
    needless: bool  # another message of the same plan is due to them, too


def _columns(now: datetime) -> tuple[Any, ...]:
    here = and_(col(Participation.stopped_at).is_(None), col(Supporter.gone_at).is_(None))
    agreed = or_(col(SignupMessage.occasion) != Occasion.reminder, agreed_to_contact())
    return SignupMessage, Supporter, Participation, Campaign, and_(here, agreed), silent(now), _needless(now)


def _needless(now: datetime) -> ColumnElement[bool]:
    """In SQL: a reminder beside news, or beside a later one, as after the program stood still."""
    other: Any = aliased(SignupMessage)
    return and_(
        col(SignupMessage.occasion) == Occasion.reminder,
        exists().where(
            other.event_signup_id == col(SignupMessage.event_signup_id),
            other.state == HandoutState.queued,
            other.not_before <= now,
            or_(other.occasion != Occasion.reminder, other.due_at > col(SignupMessage.due_at)),
        ),
    )


def _queries(now: datetime) -> tuple[Select[Any], Select[Any]]:
    """Rows of events, and of missions; the last two columns are the plan and the bus."""
    events = (
        select(*_columns(now), Event, EventBus)  # type: ignore[call-overload] # nine columns
        .join(EventSignup, col(EventSignup.id) == col(SignupMessage.event_signup_id))
        .join(Event, col(Event.id) == col(EventSignup.event_id))
        .join(Campaign, col(Campaign.id) == col(Event.campaign_id))
        .outerjoin(EventBus, col(EventBus.id) == col(EventSignup.bus_id))
    )
    missions = (
        select(*_columns(now), Mission, EventBus)  # type: ignore[call-overload]
        .join(MissionSignup, col(MissionSignup.id) == col(SignupMessage.mission_signup_id))
        .join(Mission, col(Mission.id) == col(MissionSignup.mission_id))
        .join(Campaign, col(Campaign.id) == col(Mission.campaign_id))
        .outerjoin(EventBus, col(EventBus.id).is_(None))  # none
    )
    place = and_(
        col(Participation.supporter_id) == col(Supporter.id), col(Participation.campaign_id) == col(Campaign.id)
    )

    def whole(query: Select[Any]) -> Select[Any]:
        return query.join(Supporter, col(Supporter.id) == col(SignupMessage.supporter_id)).join(Participation, place)

    return whole(events), whole(missions)


async def _find(session: AsyncSession, now: datetime, *which: ColumnElement[bool], limit: int) -> list[_Found]:
    found: list[_Found] = []
    for query in _queries(now):
        for row in await session.execute(query.where(*which).order_by(col(SignupMessage.id)).limit(limit)):
            told = Told(row[0], row[1], row[3], row[7], row[8])
            found.append(_Found(told, row[2], row[4], row[5], row[6]))
    return found


async def any_due(session: AsyncSession, now: datetime) -> bool:
    """Whether something is to be looked at."""
    return await session.scalar(select(SignupMessage.id).where(*_waiting(now)).limit(1)) is not None


def _waiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(SignupMessage.state) == HandoutState.queued, col(SignupMessage.not_before) <= now


async def due(session: AsyncSession, now: datetime, limit: int) -> list[tuple[int, int]]:
    """The messages to send now, the oldest first, each with its person's number on Telegram. A writing session, please.

    What cannot go now is put off or dropped.
    """
    usual: dict[int, Usual] = {}
    ready = []
    for each in await _find(session, now, *_waiting(now), limit=limit):
        if await _may_go(session, each, usual, now):
            ready.append((each.told.message.id, each.told.supporter.telegram_id))
    return sorted(ready)


async def claim(session: AsyncSession, message_id: int, now: datetime) -> Told | None:
    """Write that a message is being sent; None where it cannot go any more. A writing session, please."""
    mine = col(SignupMessage.id) == message_id, col(SignupMessage.state) == HandoutState.queued
    for each in await _find(session, now, *mine, limit=1):
        if await _may_go(session, each, {}, now):
            each.told.message.state = HandoutState.sending
            return each.told
    return None


async def _may_go(session: AsyncSession, found: _Found, usual: dict[int, Usual], now: datetime) -> bool:
    """Whether it goes out now; else its row says why not, or until when it waits."""
    told, message = found.told, found.told.message
    reminder, starts_at = message.occasion is Occasion.reminder, told.plan.starts_at
    if now >= (message.needed_by if reminder else max(message.needed_by, starts_at)):
        message.state, message.reason = HandoutState.skipped, "it began before they could be told"
    elif found.needless:
        message.state, message.reason = HandoutState.skipped, "another message says it"
    elif found.silent:
        message.not_before = await first_free(session, told.campaign.id, found.place.territory_id, now)
    elif not found.may_be:
        message.not_before = now + AGAIN
    else:
        if told.campaign.id not in usual:
            usual[told.campaign.id] = await usual_of(session, told.campaign.id)
        rhythm = usual[told.campaign.id].rhythm(found.place)
        at = when(message.occasion, rhythm, message.due_at, message.needed_by, now)
        if at is None:
            message.state, message.reason = HandoutState.skipped, "their quiet hours or their pause left no time for it"
        elif at > now:
            message.not_before = at
        else:
            return True
    return False


async def settle(
    session: AsyncSession, message_id: int, state: HandoutState, now: datetime, reason: str | None = None
) -> None:
    """Write what came of a message."""
    await session.execute(
        update(SignupMessage)
        .where(col(SignupMessage.id) == message_id, col(SignupMessage.state) == HandoutState.sending)
        .values(state=state, sent_at=now if state is HandoutState.sent else None, reason=reason)
    )


async def give_up_unfinished(session: AsyncSession) -> None:
    """What a dead process was sending is not sent a second time: the person may have it already."""
    await session.execute(
        update(SignupMessage)
        .where(col(SignupMessage.state) == HandoutState.sending)
        .values(state=HandoutState.unknown, reason="the program stopped while it was being sent")
    )
