"""Sends the team's answers to people's ideas, once each: they asked, so they are answered as soon as they may be."""

import logging
from collections.abc import Awaitable, Callable

from campaigns import suggestions, supporters
from campaigns.database import Database
from campaigns.suggestions import Answer
from campaigns.times import Clock
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, RateLimited
from schedules.looking import Looking

log = logging.getLogger(__name__)

AT_ONCE = 20  # answers of one look

# Writes to one person. Raises networks.errors; ChannelRevoked means that they blocked the bot.
Deliver = Callable[[Answer], Awaitable[None]]


class Answers(Looking):
    """That it was sent is written after the message went out: a crash in between sends it twice rather than never."""

    name = "answers to ideas"

    def __init__(self, database: Database, clock: Clock, deliver: Deliver) -> None:
        super().__init__(clock)
        self._database = database
        self._deliver = deliver

    async def _look(self) -> None:
        async with self._database.read() as session:
            waiting = await suggestions.untold(session, self._clock(), AT_ONCE)
        for answer in waiting:
            if not self._stopping:
                await self._send(answer)

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
            log.warning("an answer to an idea may not have arrived: %s", type(problem).__name__)
        async with self._database.write() as session:
            await suggestions.told(session, answer.suggestion.id, self._clock(), trouble)
