"""Drops what was kept for a while only: answers of the API, pictures that no post took, messages that are long delivered,
turns that were taken, numbers of updates that Telegram sends no more, files that organizers had made."""

from collections.abc import Set
from datetime import datetime, timedelta

from campaigns import bot_updates, file_requests, kept_answers, turns, uploads, webhook_messages
from campaigns.database import Database
from campaigns.media_stores import MediaHome
from campaigns.times import Clock
from schedules.looking import Looking

EVERY = timedelta(hours=1)


class Tidying(Looking):
    """Leases nothing, and does no harm twice."""

    name = "what is old"

    def __init__(self, database: Database, clock: Clock, media_dir: MediaHome, files: MediaHome) -> None:
        super().__init__(clock)
        self._database = database
        self._media_dir = media_dir
        self._files = files
        self._last: datetime | None = None
        self._loose: Set[str] = frozenset()  # files that belonged to no request an hour ago

    async def _look(self) -> None:
        now = self._clock()
        if self._last is not None and abs(now - self._last) < EVERY:
            return
        async with self._database.write() as session:
            await kept_answers.forget_old(session, now)
            await uploads.forget_old(session, self._media_dir, now)
            await webhook_messages.forget_old(session, now)
            await bot_updates.forget_old(session, now)
            await turns.forget_old(session, now)
            await file_requests.forget_old(session, self._files, now)
        self._loose = await file_requests.drop_loose(self._database, self._files, self._loose)
        self._last = now
