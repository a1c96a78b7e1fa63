"""Events as organizers plan them: what they are made of, their buses, changes, and the list of who comes."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import and_, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.events import Bus, buses_of, count_of_people
from campaigns.models import (
    Event,
    EventBus,
    EventKind,
    EventSignup,
    HandoutState,
    Occasion,
    Participation,
    SignupMessage,
    Supporter,
    Territory,
)
from campaigns.plans import PlanProblem, changeable, not_longer, room, to_come, worded
from campaigns.segments import agreed_to_contact
from campaigns.signup_messages import Going, going, plan_reminders, tell
from campaigns.times import to_utc, zone

PREFIX = "e-"  # of the payload in a link
REMINDERS = {  # hours before, unless the organizers say otherwise
    EventKind.rally: (48, 3),
    # Stations open on a morning, and the silence begins on the eve at midnight: this is the evening before that.
    EventKind.vote_day: (38,),
    EventKind.other: (24,),
}
MOST_REMINDERS = 5  # of one event
EARLIEST = 24 * 60  # hours before that a reminder may come
MOST_BUSES = 40  # of one event; each is a button
LONGEST_TOWN = 40  # characters; with the hour it stands on a button
LONGEST = timedelta(days=4)  # that an event lasts


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What an event is made of. Moments are UTC, `timezone` the zone in which they were meant; no capacity: no limit.

    `reminders` are hours before the person sets out; None: as is usual for the kind.
    """

    title: str
    place: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    kind: EventKind = EventKind.rally
    about: str = ""
    capacity: int | None = None
    territory_id: int | None = None
    reminders: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class NewBus:
    """`leaves_at` is UTC."""

    town: str
    stop: str
    leaves_at: datetime
    seats: int


def read_reminders(text: str) -> tuple[int, ...]:
    """ "2 d, 3 h" or "48, 3" -> (48, 3): hours before, the longest first; nothing: none. Raises PlanProblem."""
    hours = set()
    for part in filter(None, re.split(r"[,;\s]*[,;]\s*", text.strip())):
        found = re.fullmatch(r"(\d{1,4})\s*(h|d|j)?", part.strip(), re.IGNORECASE)
        number = int(found[1]) * (24 if (found[2] or "h").lower() in "dj" else 1) if found else 0
        if not 1 <= number <= EARLIEST:
            raise PlanProblem(f"“{part}” is not when a reminder can come; write hours or days before, such as 2d, 3h")
        hours.add(number)
    if len(hours) > MOST_REMINDERS:
        raise PlanProblem(f"{len(hours)} reminders are too many; at most {MOST_REMINDERS}")
    return tuple(sorted(hours, reverse=True))


async def add_event(session: AsyncSession, campaign_id: int, new: NewEvent, now: datetime) -> Event:
    """Store an event; raises PlanProblem, or TimeProblem for an unknown zone. Nobody is written to."""
    event = Event(campaign_id=campaign_id, title="", place="", code=_new_code(), created_at=now)
    _write(event, new, now)
    session.add(event)
    await session.flush()
    return event


def _new_code() -> str:
    """72 random bits that no command takes for an option of its own, as what begins with a dash."""
    while (code := secrets.token_urlsafe(9)).startswith("-"):
        pass
    return code


def _write(event: Event, new: NewEvent, now: datetime, coming: int = 0) -> None:
    event.title, event.place = worded("title", new.title), worded("place", new.place)
    event.about = not_longer("description", new.about)
    event.capacity = room(new.capacity, coming)
    event.starts_at, event.timezone = to_come(new.starts_at, new.timezone, now), new.timezone
    if not new.starts_at < new.ends_at <= new.starts_at + LONGEST:
        raise PlanProblem(f"it ends before it begins, or lasts more than {LONGEST.days} days; write another end")
    event.ends_at, event.kind, event.territory_id = new.ends_at, new.kind, new.territory_id
    event.reminders = list(REMINDERS[new.kind] if new.reminders is None else new.reminders)


def as_planned(event: Event) -> NewEvent:
    """What it is made of now, to be changed."""
    return NewEvent(
        event.title,
        event.place,
        event.starts_at,
        event.ends_at,
        event.timezone,
        event.kind,
        event.about,
        event.capacity,
        event.territory_id,
        tuple(event.reminders),
    )


def moved(plan: NewEvent, starts_at: datetime) -> NewEvent:
    """The same with another beginning: its end moves along, by the wall clock. Raises TimeProblem."""
    return replace(plan, starts_at=starts_at, ends_at=_along(plan.ends_at, plan, starts_at))


def _along(moment: datetime, plan: NewEvent | Event, starts_at: datetime) -> datetime:
    by = _local(starts_at, plan.timezone) - _local(plan.starts_at, plan.timezone)
    return to_utc(_local(moment, plan.timezone) + by, plan.timezone)


async def find_event(session: AsyncSession, campaign_id: int, code: str) -> Event | None:
    """The event of that code, if it is this campaign's."""
    query = select(Event).where(col(Event.code) == code, col(Event.campaign_id) == campaign_id)
    return await session.scalar(query)


async def change_event(session: AsyncSession, event: Event, new: NewEvent, now: datetime) -> int:
    """Write what an event is made of from now on. Of another place or time, who comes is told; gives how many.

    Where its beginning moves, its buses move along, by the wall clock. Reminders are set anew. Raises PlanProblem, or
    TimeProblem for an unknown zone; then the caller's transaction must not be kept.
    """
    changeable(event, now)
    before = event.place, event.starts_at, event.ends_at
    people = await going(session, event)
    needed = {each.signup.id: each.sets_out(event) for each in people}
    for each in await buses_of(session, event.id) if new.starts_at != event.starts_at else ():
        each.bus.leaves_at = _along(each.bus.leaves_at, event, new.starts_at)
        if each.bus.leaves_at <= now:
            raise PlanProblem(f"the bus from {each.bus.town} would have left already; write a later beginning")
    _write(event, new, now, await count_of_people(session, event.id))
    await session.flush()
    await plan_reminders(session, event, people, now)
    if (event.place, event.starts_at, event.ends_at) == before:
        return 0
    event.changes += 1
    told = [(each.signup, min(needed[each.signup.id], each.sets_out(event))) for each in people]
    await tell(session, Occasion.moved, told, now)
    return len(told)


def _local(moment: datetime, zone_name: str) -> datetime:
    return moment.astimezone(zone(zone_name)).replace(tzinfo=None)


async def call_off(session: AsyncSession, event: Event, now: datetime) -> int:
    """The event does not take place: who comes is told, no reminder goes out. Gives how many; raises PlanProblem."""
    changeable(event, now)
    event.called_off_at = now
    event.changes += 1
    people = await going(session, event)
    await tell(session, Occasion.called_off, [(each.signup, each.sets_out(event)) for each in people], now)
    return len(people)


async def add_bus(session: AsyncSession, event: Event, new: NewBus, now: datetime) -> EventBus:
    """Store a bus of an event; raises PlanProblem."""
    changeable(event, now)
    known = await buses_of(session, event.id)
    if len(known) >= MOST_BUSES:
        raise PlanProblem(f"“{event.title}” has {len(known)} buses already; at most {MOST_BUSES}")
    bus = EventBus(event_id=event.id, town="", stop="", leaves_at=now, seats=0)
    _write_bus(event, bus, new, known, now)
    session.add(bus)
    await session.flush()
    return bus


def _write_bus(event: Event, bus: EventBus, new: NewBus, known: Sequence[Bus], now: datetime) -> None:
    town, leaves_at = worded("town", new.town, LONGEST_TOWN), to_come(new.leaves_at, event.timezone, now)
    if leaves_at >= event.starts_at:
        raise PlanProblem(f"the bus from {town} would leave after the beginning; write an earlier hour")
    taken = next((each.taken for each in known if each.bus is bus), 0)
    if new.seats < max(taken, 1):
        raise PlanProblem(f"the bus from {town} cannot have {new.seats} seats; write {max(taken, 1)} or more")
    if any(each.bus is not bus and (each.bus.town, each.bus.leaves_at) == (town, leaves_at) for each in known):
        raise PlanProblem(f"a bus from {town} leaves at that hour already; give the one that is there more seats")
    bus.town, bus.stop, bus.leaves_at, bus.seats = town, worded("stop", new.stop), leaves_at, new.seats


async def change_bus(session: AsyncSession, event: Event, bus_id: int, new: NewBus, now: datetime) -> int | None:
    """Another stop, hour or number of seats; its people are told of the first two. How many; None: no such bus."""
    changeable(event, now)
    known = await buses_of(session, event.id)
    bus = next((each.bus for each in known if each.bus.id == bus_id), None)
    if bus is None:
        return None
    people = await going(session, event, bus_id=bus_id)
    before = bus.town, bus.stop, bus.leaves_at
    _write_bus(event, bus, new, known, now)
    await session.flush()
    await plan_reminders(session, event, people, now)
    if (bus.town, bus.stop, bus.leaves_at) == before:
        return 0
    event.changes += 1
    needed_by = min(before[2], bus.leaves_at)
    await tell(session, Occasion.moved, [(each.signup, needed_by) for each in people], now)
    return len(people)


async def drop_bus(session: AsyncSession, event: Event, bus_id: int, now: datetime) -> int | None:
    """The bus does not run: its people come on their own until they choose another one, and are told so.

    How many; None: no such bus.
    """
    changeable(event, now)
    bus = next((each.bus for each in await buses_of(session, event.id) if each.bus.id == bus_id), None)
    if bus is None:
        return None
    people = await going(session, event, bus_id=bus_id)
    needed_by = bus.leaves_at
    for each in people:
        each.signup.bus_id = None
    await session.flush()
    await session.delete(bus)
    await session.flush()
    event.changes += 1
    await plan_reminders(session, event, [Going(each.signup, each.place, None) for each in people], now)
    await tell(session, Occasion.no_bus, [(each.signup, needed_by) for each in people], now)
    return len(people)


@dataclass(frozen=True, slots=True)
class Coming:
    """Who comes, as organizers may see them. A name is shown of who agreed to be written to; others are only counted."""

    name: str | None
    here: bool  # False: they left meanwhile
    bus_id: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """An event as organizers see it. `told` and `to_tell`: whom of those it concerns the latest news have reached."""

    event: Event
    territory: str | None
    buses: tuple[Bus, ...]
    people: tuple[Coming, ...]
    told: int
    to_tell: int

    def by(self, bus: EventBus | None) -> list[Coming]:
        """Who comes by a bus, or on their own."""
        return [each for each in self.people if each.bus_id == (bus.id if bus else None)]


async def count_of_events(session: AsyncSession, campaign_id: int) -> int:
    query = select(func.count()).select_from(Event).where(col(Event.campaign_id) == campaign_id)
    return await session.scalar(query) or 0


async def overviews(session: AsyncSession, campaign_id: int, limit: int | None = None) -> list[Overview]:
    """A campaign's events with who comes; those with the latest beginning first, at most `limit` of them."""
    query = (
        select(Event, col(Territory.name))
        .outerjoin(Territory, col(Territory.id) == col(Event.territory_id))
        .where(col(Event.campaign_id) == campaign_id)
        .order_by(col(Event.starts_at).desc(), col(Event.id).desc())
        .limit(limit)
    )
    return [await overview(session, row[0], row[1]) for row in await session.execute(query)]


async def overview(session: AsyncSession, event: Event, territory: str | None = None) -> Overview:
    people = (
        select(col(Supporter.first_name), col(EventSignup.supporter_id), col(EventSignup.bus_id), agreed_to_contact())
        .select_from(EventSignup)
        .outerjoin(Supporter, col(Supporter.id) == col(EventSignup.supporter_id))
        .outerjoin(
            Participation,
            and_(
                col(Participation.supporter_id) == col(Supporter.id),
                col(Participation.campaign_id) == event.campaign_id,
            ),
        )
        .where(col(EventSignup.event_id) == event.id)
        .order_by(col(EventSignup.id))
    )
    found = tuple(
        Coming(row[0] if row[3] else None, row[1] is not None, row[2]) for row in await session.execute(people)
    )
    told, to_tell = await _reached(session, event)
    return Overview(event, territory, await buses_of(session, event.id), found, told, to_tell)


async def _reached(session: AsyncSession, event: Event) -> tuple[int, int]:
    """How many the latest news reached, and how many they concern."""
    of_event = (
        select(SignupMessage)
        .join(EventSignup, col(EventSignup.id) == col(SignupMessage.event_signup_id))
        .where(col(EventSignup.event_id) == event.id, col(SignupMessage.occasion) != Occasion.reminder)
    )
    news = (await session.scalars(of_event)).all()
    latest = max((each.due_at for each in news), default=None)
    states = [each.state for each in news if each.due_at == latest]
    return sum(state is HandoutState.sent for state in states), len(states)


def event_link(telegram: str, bot: str, event: Event) -> str:
    """Where an event's link leads: to the bot, with its code. `telegram` is as in Settings.telegram_link."""
    return f"{telegram}/{bot}?start={PREFIX}{event.code}"
