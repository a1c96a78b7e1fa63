"""What the bot says of its own accord, a few messages at a time: rows are looked at every few seconds, and what waits is sent."""

import asyncio
import logging
from abc import ABC, abstractmethod
from datetime import datetime, timedelta

from campaigns.stores import STORE_AWAY
from campaigns.times import Clock
from networks.errors import NetworkProblem, RateLimited
from schedules.timetable import Outage

log = logging.getLogger(__name__)

LOOK = timedelta(seconds=5)  # between two looks at the rows
PAUSE = timedelta(minutes=1)  # after Telegram could not be reached


class Looking(ABC):
    """A work of the timetable that leases nothing. A subclass says in `_look` what one look does.

    What it raises of networks.errors waits for a minute, or as long as Telegram says if that is less.
    """

    name = "what waits"  # what could not be sent, in the log
    every = LOOK

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next_look: datetime | None = None
        self._task: asyncio.Task[None] | None = None
        self._outage = Outage()
        self._stopping = False

    @abstractmethod
    async def _look(self) -> None: ...

    async def tick(self) -> None:
        """Look, unless a look goes on or was just done; returns at once."""
        now = self._clock()
        # Where the machine's clock was set back, the moment of the next look may be hours ahead.
        waits = self._next_look is not None and now < self._next_look <= now + PAUSE
        if self._stopping or waits or self.busy:
            return
        self._next_look = now + self.every
        self._task = asyncio.create_task(self._look_or_wait())

    @property
    def busy(self) -> bool:
        return self._task is not None and not self._task.done()

    async def settled(self) -> None:
        if self._task is not None:
            await self._task

    async def end_leases(self, *, every: bool = False) -> None:  # noqa: B027 - there is nothing to do
        """Nothing is leased."""

    async def stop(self) -> None:
        self._stopping = True
        await self.settled()

    async def _look_or_wait(self) -> None:
        try:
            await self._look()
            self._outage.back()
        except STORE_AWAY as error:
            self._outage.away(error)
        except NetworkProblem as problem:
            log.warning("%s could not be sent, and will be in a minute: %s", self.name, type(problem).__name__)
            wait = problem.retry_after if isinstance(problem, RateLimited) else PAUSE
            self._next_look = self._clock() + min(wait, PAUSE)
        except Exception:
            log.exception("%s could not be sent", self.name)
            self._next_look = self._clock() + PAUSE
