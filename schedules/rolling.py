"""Keeps the counts by hour, day and month up to date."""

from datetime import timedelta

from campaigns import rollups
from campaigns.database import Database
from campaigns.times import Clock
from schedules.looking import Looking


class Rolling(Looking):
    """A work of the timetable."""

    name = "counts by hour and day"
    every = timedelta(seconds=2)

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(clock)
        self._database = database

    async def _look(self) -> None:
        async with self._database.read() as session:
            behind = await rollups.behind(session)
        while behind and not self._stopping:
            async with self._database.write() as session:
                behind = await rollups.catch_up(session) == rollups.BATCH
