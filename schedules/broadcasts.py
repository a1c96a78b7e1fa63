"""Share kits to the supporters who agreed to be written to, paced under what Telegram takes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta

from campaigns import handouts, supporters
from campaigns.database import Database
from campaigns.models import HandoutState, Post, Supporter
from campaigns.times import Clock
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, OutcomeUnknown, RateLimited

log = logging.getLogger(__name__)

PACE = 25.0  # messages a second for the whole bot; Telegram takes about 30, and answers to people need their part
BATCH = 100  # handouts looked up at a time
DOWN_WAIT = timedelta(seconds=10)

# Sends one card and returns its message id. Raises networks.errors; ChannelRevoked means that this person is gone.
Deliver = Callable[[Post, Supporter], Awaitable[int]]
Sleep = Callable[[float], Coroutine[None, None, None]]


class Broadcaster:
    """Writes the handouts of posts that are due, then sends them one by one."""

    def __init__(self, database: Database, clock: Clock, deliver: Deliver, *, sleep: Sleep = asyncio.sleep) -> None:
        self._database = database
        self._clock = clock
        self._deliver = deliver
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._pause: asyncio.Task[None] | None = None
        self._stopping = False

    async def tick(self) -> None:
        """Write handouts that are due and, unless it runs already, start to send; returns at once."""
        if self._stopping:
            return
        async with self._database.read() as session:
            due = [post.id for post in await handouts.posts_to_hand_out(session, self._clock())]
        for post_id in due:
            async with self._database.write() as session:
                post = await session.get(Post, post_id)
                if post is not None and post.handed_out_at is None:
                    await handouts.hand_out(session, post, self._clock())
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())

    async def settled(self) -> None:
        """Wait until what is being sent now has been sent."""
        if self._task is not None:
            await self._task

    async def stop(self) -> None:
        """Let the card in flight end, and begin none."""
        self._stopping = True
        if self._pause is not None:
            self._pause.cancel()
        await self.settled()

    async def end_leases(self, *, every: bool = False) -> None:
        """Take care of cards that a dead process left, of people who never answered, and of badges left unfinished."""
        async with self._database.write() as session:
            await supporters.forget_photos(session, self._clock())
            await supporters.forget_strangers(session, self._clock())
            await handouts.end_leases(session, self._clock(), every=every)

    async def _drain(self) -> None:
        while not self._stopping:
            async with self._database.read() as session:
                waiting = await handouts.queued(session, BATCH)
            if not waiting:
                return
            for handout_id in waiting:
                if self._stopping:
                    return
                wait = await self._send(handout_id)
                await self._wait(wait)

    async def _wait(self, seconds: float) -> None:
        """A pause that `stop` cuts short; Telegram may have asked for minutes."""
        self._pause = asyncio.ensure_future(self._sleep(seconds))
        await asyncio.wait([self._pause])

    async def _send(self, handout_id: int) -> float:
        """Send one card; how many seconds to wait before the next."""
        async with self._database.write() as session:
            begun = await handouts.begin(session, handout_id, self._clock())
        if begun is None:
            return 0.0
        _, post, supporter = begun
        wait, message_id, reason = 1 / PACE, None, None
        try:
            message_id = await self._deliver(post, supporter)
            state = HandoutState.sent
        except RateLimited as problem:
            state, wait = HandoutState.queued, problem.retry_after.total_seconds()
        except NetworkDown as problem:
            state, reason, wait = HandoutState.queued, str(problem), DOWN_WAIT.total_seconds()
        except OutcomeUnknown as problem:
            state, reason = HandoutState.unknown, str(problem)
        except ChannelRevoked as problem:
            state, reason = HandoutState.failed, str(problem)
            async with self._database.write() as session:
                await supporters.mark_gone(session, supporter.telegram_id, self._clock())
        except NetworkProblem as problem:
            state, reason = HandoutState.failed, str(problem)
        except Exception as error:
            log.exception("handout %d", handout_id)
            state, reason = HandoutState.unknown, f"unexpected {type(error).__name__}"
        async with self._database.write() as session:
            await handouts.finish(session, handout_id, state, self._clock(), message_id=message_id, reason=reason)
        return wait
