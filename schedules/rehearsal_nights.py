"""The nights when clocks change, and a queue moved over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns.models import Post, PostState, Publication, PublicationState
from campaigns.times import TimeProblem, to_utc, zone
from schedules.rehearsal_copy import RehearsalProblem

HOUR = timedelta(hours=1)
TWO_YEARS = 2 * 366 * 24  # hours; every zone that changes its clocks does so twice within them


@dataclass(frozen=True, slots=True)
class Night:
    """A change of a zone's clocks, at a moment in UTC."""

    at: datetime
    zone: str

    @property
    def day(self) -> date:
        return self.at.astimezone(zone(self.zone)).date()

    @property
    def before(self) -> datetime:
        """The wall clock as the change begins, as if it did not."""
        offset = (self.at - HOUR).astimezone(zone(self.zone)).utcoffset() or timedelta()
        return (self.at + offset).replace(tzinfo=None)

    @property
    def after(self) -> datetime:
        return self.at.astimezone(zone(self.zone)).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Moved:
    """A publication on another day: the same wall clock where that exists, and its distance to UTC on both days."""

    local: datetime  # without zone
    was: timedelta  # UTC offset on its own day
    now: timedelta  # UTC offset on the new day
    twice: bool = False  # the wall clock says so twice that night; the first is taken
    refused: str = ""  # the wall clock never says so that night


def next_nights(zone_name: str, now: datetime) -> tuple[Night, ...]:
    """The next two changes of a zone's clocks, to the minute; raises RehearsalProblem where there are none."""
    place, found = zone(zone_name), []
    at = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for _ in range(TWO_YEARS):
        if at.astimezone(place).utcoffset() != (at + HOUR).astimezone(place).utcoffset():
            quarters = (at + timedelta(minutes=15 * i) for i in range(1, 5))  # some zones change at half past
            before = at.astimezone(place).utcoffset()
            found.append(Night(next(q for q in quarters if q.astimezone(place).utcoffset() != before), zone_name))
        if len(found) == 2:
            return tuple(found)
        at += HOUR
    raise RehearsalProblem(f"clocks do not change in {zone_name}: there is no such night to rehearse")


async def move_over(session: AsyncSession, queue: Sequence[tuple[Publication, Post]], night: Night) -> dict[int, Moved]:
    """Move a queue by whole days, so that its middle lies on the day of the change; every wall clock stays as it is."""
    if not queue:
        return {}
    middle = _local(queue[len(queue) // 2]).date()
    days = timedelta(days=(night.day - middle).days)
    moved = {}
    for publication, post in queue:
        local = _local((publication, post))
        was = local.utcoffset() or timedelta()
        new = local.replace(tzinfo=None, fold=0) + days
        try:
            at = to_utc(new, post.timezone)
        except TimeProblem as problem:
            gap = new.replace(tzinfo=zone(post.timezone))
            moved[publication.id] = Moved(new, was, gap.utcoffset() or was, refused=str(problem))
            publication.due_at, publication.state = gap.astimezone(UTC), PublicationState.cancelled
            continue
        there = at.astimezone(zone(post.timezone))
        twice = there.utcoffset() != there.replace(fold=1).utcoffset()
        moved[publication.id] = Moved(new, was, there.utcoffset() or timedelta(), twice)
        publication.due_at = at
        if post.state is PostState.scheduled:
            post.publish_at = at
    await session.flush()
    return moved


def _local(one: tuple[Publication, Post]) -> datetime:
    publication, post = one
    return (publication.due_at or datetime.min.replace(tzinfo=UTC)).astimezone(zone(post.timezone))
