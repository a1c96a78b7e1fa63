"""Events: who finds them, who comes and by which bus, and who gets the last seat."""

import enum
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, func, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Event, EventBus, EventKind, EventSignup, Participation
from campaigns.plans import near
from campaigns.signup_messages import Going, plan_reminders
from campaigns.words import mark

KINDS = {  # a sign and a name for people
    EventKind.rally: ("📣", mark("Rally")),
    EventKind.vote_day: ("🗳", mark("Day of the vote")),
    EventKind.other: ("📌", mark("Other")),
}
LISTED = 10  # events in one message; a longer list is not read on a phone


class Came(enum.StrEnum):
    """What came of a person's wish to come to an event, or not to."""

    noted = "noted"
    closed = "closed"  # it began already
    called_off = "called_off"
    full = "full"
    bus_full = "bus_full"  # others may have seats
    bus_gone = "bus_gone"  # it left, or does not run


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus, and how many of its seats are taken."""

    bus: EventBus
    taken: int

    @property
    def free(self) -> int:
        return max(self.bus.seats - self.taken, 0)


@dataclass(frozen=True, slots=True)
class Card:
    """An event as one person sees it: its buses by town, how many come, and their own sign-up if they made one."""

    event: Event
    buses: tuple[Bus, ...]
    coming: int
    own: EventSignup | None

    @property
    def full(self) -> bool:
        return self.event.capacity is not None and self.coming >= self.event.capacity

    @property
    def own_bus(self) -> EventBus | None:
        return next((each.bus for each in self.buses if self.own and each.bus.id == self.own.bus_id), None)

    @property
    def called_off(self) -> bool:
        return self.event.called_off_at is not None

    def has_begun(self, now: datetime) -> bool:
        return self.event.starts_at <= now

    def is_over(self, now: datetime) -> bool:
        return self.event.ends_at <= now


async def event_of_code(session: AsyncSession, code: str) -> Event | None:
    """The event of a link, of whatever campaign."""
    return await session.scalar(select(Event).where(col(Event.code) == code))


async def events_for(session: AsyncSession, place: Participation, now: datetime) -> list[Event]:
    """What a person finds in their list, by time: what is near them, or what they come to, and is not over."""
    mine = exists().where(
        col(EventSignup.event_id) == col(Event.id), col(EventSignup.supporter_id) == place.supporter_id
    )
    query = (
        select(Event)
        .where(col(Event.campaign_id) == place.campaign_id, col(Event.ends_at) > now)
        .where(col(Event.called_off_at).is_(None))
        .where(or_(await near(session, col(Event.territory_id), place), mine))
        .order_by(col(Event.starts_at), col(Event.id))
    )
    return list(await session.scalars(query))


async def signed_up(session: AsyncSession, place: Participation) -> set[int]:
    """The events that a person comes to, of whatever campaign."""
    query = select(EventSignup.event_id).where(col(EventSignup.supporter_id) == place.supporter_id)
    return set(await session.scalars(query))


async def buses_of(session: AsyncSession, event_id: int) -> tuple[Bus, ...]:
    taken = (
        select(func.count()).where(col(EventSignup.bus_id) == col(EventBus.id)).correlate(EventBus).scalar_subquery()
    )
    query = select(EventBus, taken).where(col(EventBus.event_id) == event_id)
    rows = await session.execute(query.order_by(col(EventBus.town), col(EventBus.leaves_at)))
    return tuple(Bus(row[0], row[1]) for row in rows)


async def count_of_people(session: AsyncSession, event_id: int) -> int:
    query = select(func.count()).select_from(EventSignup).where(col(EventSignup.event_id) == event_id)
    return await session.scalar(query) or 0


async def card_of(session: AsyncSession, place: Participation, code: str) -> Card | None:
    """An event of this person's campaign. Who has its code was shown it, or sent the link: it is theirs to see."""
    query = select(Event).where(col(Event.code) == code, col(Event.campaign_id) == place.campaign_id)
    event = await session.scalar(query)
    if event is None:
        return None
    mine = col(EventSignup.event_id) == event.id, col(EventSignup.supporter_id) == place.supporter_id
    own = await session.scalar(select(EventSignup).where(*mine))
    return Card(event, await buses_of(session, event.id), await count_of_people(session, event.id), own)


async def come(
    session: AsyncSession, place: Participation, code: str, bus_id: int | None, now: datetime
) -> tuple[Card, Came] | None:
    """Sign a person up, by a bus or, without one, on their own; who comes already comes that other way from now on.

    Gives the card as it is then; None for a code that is no event of this campaign. `session` must be a writing one:
    writers come one after the other, so that two people cannot take the last seat.
    """
    card = await card_of(session, place, code)
    if card is None:
        return None
    came, event = _answer(card, bus_id, now), card.event
    if came is not Came.noted or (card.own is not None and card.own.bus_id == bus_id):
        return card, came
    own = card.own or EventSignup(event_id=event.id, supporter_id=place.supporter_id, signed_up_at=now)
    own.bus_id = bus_id
    session.add(own)
    await session.flush()
    bus = await session.get(EventBus, bus_id) if bus_id is not None else None
    await plan_reminders(session, event, [Going(own, place, bus)], now)
    return Card(event, await buses_of(session, event.id), await count_of_people(session, event.id), own), came


def _answer(card: Card, bus_id: int | None, now: datetime) -> Came:
    if card.called_off:
        return Came.called_off
    if card.has_begun(now):
        return Came.closed
    if card.own is None and card.full:
        return Came.full
    if bus_id is None or (card.own is not None and card.own.bus_id == bus_id):
        return Came.noted
    bus = next((each for each in card.buses if each.bus.id == bus_id), None)
    if bus is None or bus.bus.leaves_at <= now:
        return Came.bus_gone
    return Came.noted if bus.free else Came.bus_full


async def come_not(session: AsyncSession, place: Participation, code: str, now: datetime) -> tuple[Card, Came] | None:
    """Take a person's yes back, unless it began; with it goes what they were to be told."""
    card = await card_of(session, place, code)
    if card is None or card.own is None:
        return None if card is None else (card, Came.noted)
    if card.has_begun(now):
        return card, Came.closed
    event = card.event
    await session.delete(card.own)
    await session.flush()
    return Card(event, await buses_of(session, event.id), card.coming - 1, None), Came.noted


async def comes_no_more(
    session: AsyncSession, supporter_id: int, now: datetime, campaign_id: int | None = None
) -> None:
    """Take back a person's yes to every event of a campaign, or of all, that has not begun."""
    to_come = select(Event.id).where(col(Event.starts_at) > now)
    if campaign_id is not None:
        to_come = to_come.where(col(Event.campaign_id) == campaign_id)
    await session.execute(
        delete(EventSignup).where(col(EventSignup.supporter_id) == supporter_id, col(EventSignup.event_id).in_(to_come))
    )
