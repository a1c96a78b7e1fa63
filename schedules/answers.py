"""Sends the team's answers to people's ideas, once each: they asked, so they are answered as soon as they may be."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from campaigns import suggestions, supporters
from campaigns.database import Database
from campaigns.suggestions import Answer
from campaigns.times import Clock
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, RateLimited

log = logging.getLogger(__name__)

LOOK = timedelta(seconds=5)  # between two looks at the rows
PAUSE = timedelta(minutes=1)  # after Telegram could not be reached
AT_ONCE = 20  # answers of one look

# Writes to one person. Raises networks.errors; ChannelRevoked means that they blocked the bot.
Deliver = Callable[[Answer], Awaitable[None]]


class Answers:
    """That it was sent is written after the message went out: a crash in between sends it twice rather than never."""

    def __init__(self, database: Database, clock: Clock, deliver: Deliver) -> None:
        self._database = database
        self._clock = clock
        self._deliver = deliver
        self._next_look: datetime | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def tick(self) -> None:
        """Look, unless a look goes on or was just done; returns at once."""
        now = self._clock()
        # Where the machine's clock was set back, the moment of the next look may be hours ahead.
        waits = self._next_look is not None and now < self._next_look <= now + PAUSE
        if self._stopping or waits or (self._task is not None and not self._task.done()):
            return
        self._next_look = now + LOOK
        self._task = asyncio.create_task(self._look())

    async def settled(self) -> None:
        if self._task is not None:
            await self._task

    async def end_leases(self, *, every: bool = False) -> None:
        """Nothing is leased."""

    async def stop(self) -> None:
        self._stopping = True
        await self.settled()

    async def _look(self) -> None:
        try:
            async with self._database.read() as session:
                waiting = await suggestions.untold(session, self._clock(), AT_ONCE)
            for answer in waiting:
                if not self._stopping:
                    await self._send(answer)
        except NetworkProblem as problem:
            log.warning("answers to ideas wait: %s", problem)
            wait = problem.retry_after if isinstance(problem, RateLimited) else PAUSE
            self._next_look = self._clock() + min(wait, PAUSE)
        except Exception:
            log.exception("answers to ideas could not be sent")
            self._next_look = self._clock() + PAUSE

    async def _send(self, answer: Answer) -> None:
        """Raises what is worth another try."""
        trouble = None
        try:
            await self._deliver(answer)
        except (NetworkDown, RateLimited):
            raise
        except ChannelRevoked:  # it waits, and goes out if they come back
            async with self._database.write() as session:
                await supporters.mark_gone(session, answer.supporter.telegram_id, self._clock())
            return
        except NetworkProblem as problem:  # refused, or it may be there: better than twice
            trouble = str(problem)
            log.warning("an answer to an idea may not have arrived: %s", problem)
        async with self._database.write() as session:
            await suggestions.told(session, answer.suggestion.id, self._clock(), trouble)
