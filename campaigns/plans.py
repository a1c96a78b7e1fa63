"""What missions and events share: what both are checked for, and whose list they stand in."""

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns.installation import with_those_above
from campaigns.models import Participation
from campaigns.times import zone

LONGEST_TITLE = 100  # characters; it stands on a button. The same for a place
LONGEST_TEXT = 1000  # characters of an aim or a description; it stands on a card


class PlanProblem(ValueError):
    """A mission or an event that cannot be so; the message names what is wrong and what to write instead."""


class Plan(Protocol):
    """A Mission or an Event."""

    @property
    def title(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def called_off_at(self) -> datetime | None: ...


def worded(name: str, text: str, limit: int = LONGEST_TITLE) -> str:
    """A text of one line, which must be there, without needless blanks; raises PlanProblem."""
    text = " ".join(text.split())
    if not text:
        raise PlanProblem(f"the {name} is empty: write one")
    return not_longer(name, text, limit)


def not_longer(name: str, text: str, limit: int = LONGEST_TEXT) -> str:
    text = text.strip()
    if len(text) > limit:
        raise PlanProblem(f"the {name} has {len(text)} characters; at most {limit}")
    return text


def to_come(moment: datetime, zone_name: str, now: datetime) -> datetime:
    """The moment, if it is not past; raises PlanProblem, or TimeProblem for an unknown zone."""
    local = moment.astimezone(zone(zone_name))
    if moment <= now:
        raise PlanProblem(f"{local:%Y-%m-%d %H:%M} ({zone_name}) is in the past; write a moment to come")
    return moment


def room(capacity: int | None, coming: int = 0) -> int | None:
    """How many people can come, if it is a number that can be, and not fewer than come already; raises PlanProblem."""
    if capacity is not None and capacity < 1:
        raise PlanProblem(f"a place for {capacity} people is none; write 1 or more, or leave it out: no limit")
    if capacity is not None and capacity < coming:
        raise PlanProblem(f"{coming} people come already: write no fewer, or leave it out: no limit")
    return capacity


def changeable(plan: Plan, now: datetime) -> None:
    """Raises PlanProblem where nothing can be changed any more."""
    if plan.called_off_at is not None:
        raise PlanProblem(f"“{plan.title}” is called off already")
    if plan.starts_at <= now:
        raise PlanProblem(f"“{plan.title}” has begun already; what is past stays as it was")


async def near(session: AsyncSession, territory: Any, place: Participation) -> ColumnElement[bool]:
    """In SQL, of the column that names a plan's territory: it is everybody's, or the person's own, or one above that."""
    above = await with_those_above(session, place.territory_id)
    return or_(territory.is_(None), territory.in_(above))
