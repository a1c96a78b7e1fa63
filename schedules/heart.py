"""Says that a part is at work: the beat of the timetable comes from the same scheduler as all other work."""

from datetime import datetime

from campaigns import health
from campaigns.database import Database
from campaigns.times import Clock


class Heart:
    """First of the works, so that its row is gone before the others let end what is in flight, which may take minutes.

    `alone`: no other process runs a part of the program. Else the row is that of all processes with this part, and says
    that one of them is at work.
    """

    def __init__(self, database: Database, clock: Clock, part: str = health.SCHEDULER, *, alone: bool = True) -> None:
        self._database = database
        self._clock = clock
        self._part = part
        self._alone = alone
        self._last: datetime | None = None
        self._stopping = False

    async def tick(self) -> None:
        now = self._clock()
        # abs: where the machine's clock was set back, a beat is due too.
        if self._stopping or (self._last is not None and abs(now - self._last) < health.BEAT):
            return
        async with self._database.write() as session:
            await health.beat(session, self._part, now)
        self._last = now

    async def end_leases(self, *, every: bool = False) -> None:
        """An engine that starts alone registers; what a killed one left is nobody's any more."""
        if every and self._alone:
            async with self._database.write() as session:
                await health.forget_the_dead(session)
        if every:
            await self.tick()

    async def stop(self) -> None:
        self._stopping = True
        if self._last is not None:
            async with self._database.write() as session:
                await health.leave(session, self._part)
