"""Keeps one occurrence of each series ahead."""

from datetime import datetime, timedelta

from campaigns.database import Database
from campaigns.models import Post
from campaigns.series import add_occurrence, series_to_continue
from campaigns.times import Clock

LOOK = timedelta(seconds=20)  # occurrences lie at least an hour apart


class Recurring:
    """A work of the timetable."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._looked: datetime | None = None

    async def tick(self) -> None:
        """Queue what comes next; two processes that do so at once make it once, by the table's own rule."""
        now = self._clock()
        if self._looked is not None and abs(now - self._looked) < LOOK:
            return
        self._looked = now
        async with self._database.read() as session:
            waiting = [post.id for post in await series_to_continue(session, now)]
        for post_id in waiting:
            async with self._database.write() as session:
                await add_occurrence(session, await session.get_one(Post, post_id), now)

    async def end_leases(self, *, every: bool = False) -> None:
        """It holds none."""

    async def stop(self) -> None:
        """It is never in the middle of anything."""
