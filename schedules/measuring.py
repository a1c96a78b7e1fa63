"""Asks the networks how often publications were liked, passed on and seen, where they tell.

It has its own connection to each network and writes nothing on a channel that publishing reads: whatever goes wrong here
holds up no post.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import cast

from campaigns import metrics
from campaigns.database import Database
from campaigns.metrics import Question
from campaigns.times import Clock
from networks.base import Network, Reporting
from networks.errors import ChannelRevoked, NetworkProblem, RateLimited
from schedules.looking import Looking
from schedules.publishing import NetworkOpener

log = logging.getLogger(__name__)
CALL_TIMEOUT = 120.0  # seconds for a batch
AFTER_TROUBLE = timedelta(minutes=15)  # until a channel is asked again
AFTER_REFUSAL = timedelta(hours=6)  # where it is the permission that is missing


class Measuring(Looking):
    """A work of the timetable."""

    name = "figures of the networks"
    every = timedelta(minutes=1)

    def __init__(self, database: Database, clock: Clock, open_network: NetworkOpener) -> None:
        super().__init__(clock)
        self._database, self._open_network = database, open_network
        self._waits: dict[int, datetime] = {}  # channel -> until then it is left alone

    async def _look(self) -> None:
        now = self._clock()
        self._waits = {channel: until for channel, until in self._waits.items() if until > now}
        async with self._database.write() as session:
            questions = await metrics.ask(session, now, self._waits)
        await asyncio.gather(*(self._ask(question) for question in questions))

    async def _ask(self, question: Question) -> None:
        channel, network = question.channel, None
        try:
            network = self._open_network(channel)
            async with asyncio.timeout(CALL_TIMEOUT):
                said = await cast(Reporting, network).figures(list(question.ids.values()))
        except (NetworkProblem, TimeoutError) as problem:
            log.info(
                "channel %d tells no figures: %s", channel.id, type(problem).__name__, extra={"channel": channel.id}
            )
            await self._leave(question, _wait(problem))
            return
        except Exception:  # a bug of ours or of a library: the others are asked all the same
            log.exception("channel %d tells no figures", channel.id, extra={"channel": channel.id})
            await self._leave(question, AFTER_REFUSAL)
            return
        finally:
            await _close(network)
        async with self._database.write() as session:
            await metrics.keep(session, question, said, self._clock())

    async def _leave(self, question: Question, wait: timedelta) -> None:
        self._waits[question.channel.id] = self._clock() + wait
        async with self._database.write() as session:
            await metrics.give_back(session, question)


def _wait(problem: Exception) -> timedelta:
    if isinstance(problem, RateLimited):
        return max(problem.retry_after, AFTER_TROUBLE)
    return AFTER_REFUSAL if isinstance(problem, ChannelRevoked) else AFTER_TROUBLE


async def _close(network: Network | None) -> None:
    if network is not None:
        await network.close()
