"""Tells people of what they signed up for: reminders at their set times, and what was moved or called off."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import signup_messages, supporters
from campaigns.database import Database
from campaigns.models import HandoutState
from campaigns.signup_messages import Told
from campaigns.times import Clock
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, OutcomeUnknown, RateLimited, TurnLost
from networks.pace import Pace
from schedules.looking import Looking
from schedules.pulse import MaySend, always

log = logging.getLogger(__name__)

AT_ONCE = 200  # messages of one look; at Telegram's rates about 7 seconds
ABREAST = 8  # in flight

# Writes to one person. Raises networks.errors; ChannelRevoked means that they blocked the bot.
Deliver = Callable[[Told], Awaitable[None]]


class SignupMessages(Looking):
    """A message goes out in four steps: 1. wait for a turn of the bot's pace, 2. claim its row, 3. call Telegram, 4. settle the row."""

    name = "messages to who signed up"

    def __init__(
        self, database: Database, clock: Clock, deliver: Deliver, pace: Pace, *, may_send: MaySend = always
    ) -> None:
        super().__init__(clock)
        self._database = database
        self._deliver = deliver
        self._pace = pace
        self._may_send = may_send

    async def end_leases(self, *, every: bool = False) -> None:
        """At the start of an engine that is alone: what was in flight when a process died is not sent again."""
        if every:
            async with self._database.write() as session:
                await signup_messages.give_up_unfinished(session)

    async def is_due(self, session: AsyncSession) -> bool:
        return await signup_messages.any_due(session, self._clock())

    def leave_off(self) -> None:
        """A look ends by itself, and soon."""

    async def _look(self) -> None:
        async with self._database.read() as session:
            if not await self.is_due(session):
                return
        async with self._database.write() as session:
            ready = await signup_messages.due(session, self._clock(), AT_ONCE)
        workers = (self._work(ready) for _ in range(min(ABREAST, len(ready))))
        for trouble in await asyncio.gather(*workers, return_exceptions=True):
            if trouble is not None:
                raise trouble

    async def _work(self, ready: list[tuple[int, int]]) -> None:
        """Serve one after the other of those that are left. What is worth another try leaves none, and is raised."""
        while ready and not self._stopping:
            message_id, chat = ready.pop(0)
            await self._pace.turn(str(chat))
            if not self._may_send():  # another worker goes on with them
                return
            try:
                await self._serve(message_id)
            except BaseException:
                ready.clear()
                raise

    async def _serve(self, message_id: int) -> None:
        async with self._database.write() as session:
            told = await signup_messages.claim(session, message_id, self._clock())
        if told is None:  # they left meanwhile, or silence began
            self._pace.give_back()
            return
        state = HandoutState.sent
        trouble: NetworkProblem | None = None
        try:
            if not self._may_send():
                raise TurnLost
            await self._deliver(told)
        except (NetworkDown, RateLimited) as problem:  # it certainly did not go out
            state, trouble = HandoutState.queued, problem
            if isinstance(problem, RateLimited):
                self._pace.flood(problem.retry_after.total_seconds())
        except ChannelRevoked as problem:  # it waits, and goes out if they come back in time
            state, trouble = HandoutState.queued, problem
        except OutcomeUnknown as problem:
            state, trouble = HandoutState.unknown, problem
        except NetworkProblem as problem:
            state, trouble = HandoutState.failed, problem
        except Exception as error:
            log.exception("message %d to who signed up", message_id)
            state, trouble = HandoutState.unknown, OutcomeUnknown(f"unexpected {type(error).__name__}")
        async with self._database.write() as session:
            if isinstance(trouble, ChannelRevoked):
                await supporters.mark_gone(session, told.supporter.telegram_id, self._clock())
            reason = str(trouble) if trouble is not None else None
            await signup_messages.settle(session, message_id, state, self._clock(), reason)
        if isinstance(trouble, NetworkDown | RateLimited):
            raise trouble
