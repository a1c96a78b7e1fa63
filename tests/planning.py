"""An event in one line, for the tests of events and of what people are told of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import col, select

from campaigns import event_planning, events
from campaigns.database import Database
from campaigns.event_planning import NewBus, NewEvent
from campaigns.events import Came, Card
from campaigns.models import Campaign, Event, EventBus, EventSignup, Participation, SignupMessage
from campaigns.times import zone

HOUR = timedelta(hours=1)
TWO = datetime(
    2026, 12, 5, 13, 0, tzinfo=UTC
)  # a Saturday, 14:00 in Paris; the tests' clock begins on the Tuesday before


def paris(text: str, place: str = "Europe/Paris") -> datetime:
    """ "2026-12-05 14:00" by the wall clock, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone(place)).astimezone(UTC)


@dataclass
class Planner:
    """Adds events and buses, and lets people come."""

    database: Database
    campaign: Campaign
    clock: Callable[[], datetime]

    async def event(self, title: str = "Rassemblement", *, campaign_id: int | None = None, **more: Any) -> Event:
        """A rally on Saturday at two, unless told otherwise."""
        given = {"place": "Halle aux grains", "starts_at": TWO, "timezone": "Europe/Paris"} | more
        given.setdefault("ends_at", given["starts_at"] + 3 * HOUR)
        async with self.database.write() as session:
            new = NewEvent(title, **given)
            return await event_planning.add_event(session, campaign_id or self.campaign.id, new, self.clock())

    async def bus(self, event: Event, town: str = "Port-Clair", seats: int = 2, **more: Any) -> EventBus:
        """Leaves two hours before, unless told otherwise."""
        given = {"stop": "Mairie", "leaves_at": event.starts_at - 2 * HOUR} | more
        async with self.database.write() as session:
            event = await session.get_one(Event, event.id)
            return await event_planning.add_bus(session, event, NewBus(town, seats=seats, **given), self.clock())

    async def come(self, place: Participation, event: Event, bus: EventBus | None = None) -> tuple[Card, Came]:
        async with self.database.write() as session:
            came = await events.come(session, place, event.code, bus.id if bus else None, self.clock())
        assert came is not None
        return came

    async def change(self, event: Event, act: Callable[..., Awaitable[Any]], *more: Any) -> Any:
        """An act of organizers: `await planner.change(event, event_planning.call_off)`."""
        async with self.database.write() as session:
            return await act(session, await session.get_one(Event, event.id), *more, self.clock())

    async def signups(self) -> list[EventSignup]:
        async with self.database.read() as session:
            return list(await session.scalars(select(EventSignup).order_by(col(EventSignup.id))))

    async def messages(self) -> list[SignupMessage]:
        async with self.database.read() as session:
            return list(await session.scalars(select(SignupMessage).order_by(col(SignupMessage.id))))
