"""Keeps the counts by hour, day and month up to date."""

from datetime import datetime, timedelta

from campaigns import rollups
from campaigns.database import Database
from campaigns.times import Clock
from schedules.looking import Looking

PEOPLE = timedelta(minutes=10)  # between two counts of all people, each of which takes a second where there are many


class Rolling(Looking):
    """A work of the timetable."""

    name = "counts by hour and day"
    every = timedelta(seconds=2)

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(clock)
        self._database = database
        self._counted: datetime | None = None  # when people were counted last

    async def _look(self) -> None:
        now = self._clock()
        if self._counted is None or abs(now - self._counted) >= PEOPLE:
            async with self._database.write() as session:
                await rollups.count_people(session)
            self._counted = now
        async with self._database.read() as session:
            behind = await rollups.behind(session)
        while behind and not self._stopping:
            async with self._database.write() as session:
                behind = await rollups.catch_up(session) == rollups.BATCH
