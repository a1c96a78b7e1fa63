"""Shows how far broadcasts are, to who watches one: their message is edited when something changed, every few seconds at most."""

import logging
from collections.abc import Awaitable, Callable

from campaigns import broadcast_watches
from campaigns.broadcast_watches import Watched
from campaigns.broadcasts import Progress
from campaigns.database import Database
from campaigns.times import Clock
from networks.errors import NetworkDown, NetworkProblem, RateLimited
from schedules.looking import Looking

log = logging.getLogger(__name__)

# Edits one message. False: there was no turn for it, it is worth another look. Raises networks.errors.
Show = Callable[[Watched], Awaitable[bool]]


class Watches(Looking):
    """Which messages they are stands in the rows, so that a restart goes on with them; what they say is known here."""

    name = "how far broadcasts are"

    def __init__(self, database: Database, clock: Clock, show: Show) -> None:
        super().__init__(clock)
        self._database = database
        self._show = show
        self._said: dict[int, tuple[Progress, tuple[str, ...]]] = {}

    async def _look(self) -> None:
        async with self._database.read() as session:
            found = await broadcast_watches.watched(session)
        self._said = {each.watch_id: self._said[each.watch_id] for each in found if each.watch_id in self._said}
        for each in found:
            if not self._stopping:
                await self._tell(each)

    async def _tell(self, each: Watched) -> None:
        """Raises what is worth another try."""
        news, over = (each.progress, each.moves), each.over
        if self._said.get(each.watch_id) != news:
            try:
                if not await self._show(each):
                    return
            except (NetworkDown, RateLimited):
                raise
            except NetworkProblem as problem:  # they deleted the message, or blocked the bot
                log.info("broadcast %d is no longer watched in a chat: %s", each.broadcast_id, type(problem).__name__)
                over = True
            self._said[each.watch_id] = news
        if over:
            async with self._database.write() as session:
                await broadcast_watches.unwatch(session, each.watch_id)
