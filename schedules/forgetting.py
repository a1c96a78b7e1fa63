"""Lets old acts go, a month at a time, and makes the months to come ready."""

import logging
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError

from campaigns import act_months, old_acts
from campaigns.database import Database
from campaigns.times import Clock
from schedules.looking import Looking

log = logging.getLogger(__name__)
EVERY = timedelta(hours=1)


class Forgetting(Looking):
    """A work of the timetable. Each step is a transaction: others write in between, and a kill loses none."""

    name = "old acts"

    def __init__(self, database: Database, clock: Clock, months: int) -> None:
        super().__init__(clock)
        self._database = database
        self._months = months
        self._last: datetime | None = None

    async def _look(self) -> None:
        now = self._clock()
        if self._last is not None and abs(now - self._last) < EVERY:
            return
        try:
            await self._make_months(now)
            while not self._stopping and await self._step(now):
                pass
        except OperationalError as error:  # the table is read, or the store is away
            log.info("old acts wait for the next look: %s", error.orig)
            return
        self._last = now

    async def _make_months(self, now: datetime) -> None:
        async with self._database.read() as session:
            missing = await act_months.missing(session, now)
        for month in missing:
            async with self._database.write() as session:
                if month in await act_months.missing(session, now):
                    await act_months.make(session, month)

    async def _step(self, now: datetime) -> bool:
        async with self._database.write() as session:
            return await old_acts.step(session, old_acts.kept_since(now, self._months), now)
