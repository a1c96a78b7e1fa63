"""Every APScheduler trigger, on one screen. Jobs live in memory and only tick: the rows say what is due.

`coalesce`, `max_instances=1` and no misfire limit: a tick that comes late still comes, once.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

TICK = 0.5  # seconds; half of the lateness that a lone post may have
LEASES = 15.0  # seconds; leases last minutes


class Work(Protocol):
    """Something that a tick sets going and that can end in good order."""

    async def tick(self) -> None:
        """Begin what is due; returns at once."""

    async def end_leases(self, *, every: bool = False) -> None:
        """Take care of what dead workers left; `every` by an engine that is alone."""

    async def stop(self) -> None:
        """Let what is in flight end, and begin nothing."""


class Timetable:
    """Sets works going."""

    def __init__(self, works: Sequence[Work]) -> None:
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)
        for work in works:
            self._every(TICK, work.tick)
            self._every(LEASES, work.end_leases)

    def _every(self, seconds: float, job: Callable[[], Awaitable[None]]) -> None:
        self._scheduler.add_job(job, IntervalTrigger(seconds=seconds))

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
