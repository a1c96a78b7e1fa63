"""Every APScheduler trigger, on one screen. Jobs live in memory and only tick: the rows say what is due.

`coalesce`, `max_instances=1` and no misfire limit: a tick that comes late still comes, once.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns.stores import STORE_AWAY, said_by

log = logging.getLogger(__name__)
Job = Callable[[], Awaitable[None]]
TICK = 0.5  # seconds; half of the lateness that a lone post may have
LEASES = 15.0  # seconds; leases last minutes


class Outage:
    """A store that is away, or full, is told once in a process, however many works it holds up; that it is back, too."""

    _told = False

    def __init__(self) -> None:
        self._held_up = False

    def away(self, error: BaseException) -> None:
        if not Outage._told:
            log.error("the database does not answer (%s); the work goes on as soon as it does", said_by(error))
        Outage._told = self._held_up = True

    def back(self) -> None:
        if self._held_up and Outage._told:
            log.warning("the database answers again")
            Outage._told = False
        self._held_up = False


class Work(Protocol):
    """Something that a tick sets going and that can end in good order."""

    async def tick(self) -> None:
        """Begin what is due; returns at once."""

    async def end_leases(self, *, every: bool = False) -> None:
        """Take care of what dead workers left; `every` by an engine that is alone."""

    async def stop(self) -> None:
        """Let what is in flight end, and begin nothing."""


async def stop_all(works: Sequence[Work]) -> None:
    """From this moment on none begins anything; returns when what is in flight has ended."""
    for came in await asyncio.gather(*(work.stop() for work in works), return_exceptions=True):
        if isinstance(came, STORE_AWAY):
            log.warning(
                "the database does not answer (%s); what it was to be told at the end is left out", said_by(came)
            )
        elif isinstance(came, BaseException):
            raise came


class Speaker(Work, Protocol):
    """A work that writes to many people by the bot, at the bot's pace: in one process at a time."""

    @property
    def busy(self) -> bool:
        """Whether somebody is being served."""

    async def is_due(self, session: AsyncSession) -> bool:
        """Whether somebody is to be served now."""

    def leave_off(self) -> None:
        """Let what is in flight end, and serve nobody else until the next tick."""

    async def settled(self) -> None:
        """Wait until it is not busy."""


class Timetable:
    """Sets works going."""

    def __init__(self, works: Sequence[Work]) -> None:
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)
        self._outages: defaultdict[Job, Outage] = defaultdict(Outage)
        self._running: set[asyncio.Task[None]] = set()
        self.rests = False  # while it does, works begin nothing
        for work in works:
            self.every(TICK, work.tick)
            self.every(LEASES, work.end_leases)

    def every(self, seconds: float, job: Job, *, always: bool = False) -> None:
        """`always`: also while the works rest."""
        self._scheduler.add_job(self._begin, IntervalTrigger(seconds=seconds), [job, always])

    async def _begin(self, job: Job, always: bool) -> None:
        task = asyncio.ensure_future(self._run(job, always))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)  # APScheduler cancels what it waits for when it stops

    async def _run(self, job: Job, always: bool) -> None:
        if self.rests and not always:
            return
        try:
            await job()
        except STORE_AWAY as error:
            self._outages[job].away(error)
        else:
            self._outages[job].back()

    def start(self) -> None:
        self._scheduler.start()

    async def stop(self) -> None:
        """Begin no tick any more, and let those end that are under way: cut off, they would be told as failures."""
        self._scheduler.pause()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._scheduler.shutdown(wait=False)
