"""Tells the organizers, by the bot: a channel came to rest, a post did not go out. Once each, and never in a burst."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from campaigns import notices
from campaigns.database import Database
from campaigns.models import Channel
from campaigns.times import Clock
from campaigns.words import Words
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, PostRejected, RateLimited
from schedules.looking import Looking

log = logging.getLogger(__name__)

QUIET = timedelta(minutes=10)  # between two messages on the failures of one channel; a restart may shorten it

# Sends a text to one Telegram account. Raises networks.errors; ChannelRevoked means that this person blocked the bot.
Tell = Callable[[int, str], Awaitable[None]]


class Notices(Looking):
    """Told is written after the message went out: a crash in between tells twice rather than never."""

    name = "notices to the organizers"

    def __init__(self, database: Database, clock: Clock, tell: Tell, console: str, *, public: bool = False) -> None:
        super().__init__(clock)
        self._database = database
        self._tell = tell
        self._console = console  # its address
        self._public = public  # whether that is one which others than this machine reach
        self._told: dict[int, datetime] = {}  # channel -> when its organizers last heard of failures

    async def _look(self) -> None:
        await self._tell_of_rest()
        await self._tell_of_failures()

    async def _tell_of_rest(self) -> None:
        async with self._database.read() as session:
            resting = await notices.resting_untold(session)
        for channel, slug, waiting in resting:
            address = f"{self._console}/c/{slug}/channels#channel-{channel.id}" if self._public else ""
            said = partial(notices.words_of_rest, channel=channel, waiting=waiting, address=address)
            # Without anybody to tell it stays untold: who links an account later still hears of it.
            if await self._tell_all(channel, said):
                async with self._database.write() as session:
                    await notices.told_of_rest(session, channel, self._clock())

    async def _tell_of_failures(self) -> None:
        async with self._database.read() as session:
            found = await notices.failures_untold(session, self._clock())
        for channel, failures in found:
            now, last = self._clock(), self._told.get(channel.id)
            if last is not None and abs(now - last) < QUIET:
                continue
            if await self._tell_all(
                channel, partial(notices.words_of_failures, channel=channel, failures=failures, console=self._console)
            ):
                self._told[channel.id] = now
            # Told or not: who links an account later finds old failures in the console.
            async with self._database.write() as session:
                await notices.told_of_failures(session, failures)

    async def _tell_all(self, channel: Channel, text: Callable[[Words], str]) -> bool:
        """Whether anybody was reached. Raises what is worth another try, where nobody was."""
        async with self._database.read() as session:
            people = await notices.whom_to_tell(session, channel.campaign_id)
        return await tell_each(
            [partial(self._tell, person, text(words)) for person, words in people], f"channel {channel.id}"
        )


async def tell_each(messages: Sequence[Callable[[], Awaitable[None]]], what: str) -> bool:
    """Send a message to each of several organizers; whether anybody was reached. Raises what is worth another try, where nobody was."""
    reached, trouble = False, None
    for message in messages:
        try:
            await message()
            reached = True
        except (NetworkDown, RateLimited) as problem:
            trouble = problem
        except (ChannelRevoked, PostRejected) as problem:
            log.warning("an organizer cannot be reached by the bot any more: %s", type(problem).__name__)
        except NetworkProblem as problem:  # the message may be there: better than twice
            log.warning("whether an organizer was told is not known: %s", type(problem).__name__)
            reached = True
    if trouble is not None:
        if not reached:
            raise trouble
        log.warning("not every organizer could be told of %s: %s", what, type(trouble).__name__)
    return reached
