"""Asks organizers for their yes by the bot, and tells authors what became of their posts: whoever wrote, and wherever."""

from collections.abc import Awaitable, Callable
from functools import partial

from campaigns import approval_notices
from campaigns.approval_notices import News, Notice, Reader
from campaigns.database import Database
from campaigns.times import Clock
from schedules.looking import Looking
from schedules.notices import tell_each

# Writes to one organizer. Raises networks.errors; ChannelRevoked means that this person blocked the bot.
Tell = Callable[[Notice, Reader], Awaitable[None]]


class Approvals(Looking):
    """Told is written after the message went out: a crash in between tells twice rather than never."""

    name = "requests for a yes"

    def __init__(self, database: Database, clock: Clock, tell: Tell) -> None:
        super().__init__(clock)
        self._database = database
        self._tell = tell

    async def _look(self) -> None:
        async with self._database.read() as session:
            waiting = await approval_notices.untold(session)
        for notice in waiting:
            if self._stopping:
                return
            if notice.news is News.asks and not notice.readers:
                continue  # whoever links an account later is still asked
            await tell_each(
                [partial(self._tell, notice, reader) for reader in notice.readers], f"post {notice.post.id}"
            )
            async with self._database.write() as session:
                await approval_notices.told(session, notice.post, self._clock())
