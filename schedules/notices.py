"""Tells the organizers, by the bot: a channel came to rest, a post did not go out. Once each, and never in a burst."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from campaigns import notices
from campaigns.database import Database
from campaigns.models import Channel
from campaigns.times import Clock
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, PostRejected, RateLimited

log = logging.getLogger(__name__)

LOOK = timedelta(seconds=5)  # between two looks at the rows
PAUSE = timedelta(minutes=1)  # after the bot could reach nobody
QUIET = timedelta(minutes=10)  # between two messages on the failures of one channel; a restart may shorten it

# Sends a text to one Telegram account. Raises networks.errors; ChannelRevoked means that this person blocked the bot.
Tell = Callable[[int, str], Awaitable[None]]


class Notices:
    """Told is written after the message went out: a crash in between tells twice rather than never."""

    def __init__(self, database: Database, clock: Clock, tell: Tell, console: str) -> None:
        self._database = database
        self._clock = clock
        self._tell = tell
        self._console = console  # its address
        self._next_look: datetime | None = None
        self._told: dict[int, datetime] = {}  # channel -> when its organizers last heard of failures
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
            await self._tell_of_rest()
            await self._tell_of_failures()
        except NetworkProblem as problem:
            log.warning("the organizers could not be told, and will be in a minute: %s", problem)
            wait = problem.retry_after if isinstance(problem, RateLimited) else PAUSE
            self._next_look = self._clock() + min(wait, PAUSE)
        except Exception:
            log.exception("the organizers could not be told")
            self._next_look = self._clock() + PAUSE

    async def _tell_of_rest(self) -> None:
        async with self._database.read() as session:
            resting = await notices.resting_untold(session)
        for channel, waiting in resting:
            # Without anybody to tell it stays untold: who links an account later still hears of it.
            if await self._tell_all(channel, notices.words_of_rest(channel, waiting)):
                async with self._database.write() as session:
                    await notices.told_of_rest(session, channel, self._clock())

    async def _tell_of_failures(self) -> None:
        async with self._database.read() as session:
            found = await notices.failures_untold(session, self._clock())
        for channel, failures in found:
            now, last = self._clock(), self._told.get(channel.id)
            if last is not None and abs(now - last) < QUIET:
                continue
            if await self._tell_all(channel, notices.words_of_failures(channel, failures, self._console)):
                self._told[channel.id] = now
            # Told or not: who links an account later finds old failures in the console.
            async with self._database.write() as session:
                await notices.told_of_failures(session, failures)

    async def _tell_all(self, channel: Channel, text: str) -> bool:
        """Whether anybody was reached. Raises what is worth another try, where nobody was."""
        async with self._database.read() as session:
            people = await notices.whom_to_tell(session, channel.campaign_id)
        reached, trouble = False, None
        for person in people:
            try:
                await self._tell(person, text)
                reached = True
            except (NetworkDown, RateLimited) as problem:
                trouble = problem
            except (ChannelRevoked, PostRejected) as problem:
                log.warning("an organizer cannot be reached by the bot any more: %s", problem)
            except NetworkProblem as problem:  # the message may be there: better than twice
                log.warning("whether an organizer was told is not known: %s", problem)
                reached = True
        if trouble is not None:
            if not reached:
                raise trouble
            log.warning("not every organizer could be told of channel %d: %s", channel.id, trouble)
        return reached
