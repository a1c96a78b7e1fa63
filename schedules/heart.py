"""Says that the timetable ticks: its beat comes from the same scheduler as all other work."""

from datetime import datetime

from campaigns import health
from campaigns.database import Database
from campaigns.times import Clock


class Heart:
    """First of the works, so that its row is gone before the others let end what is in flight, which may take minutes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last: datetime | None = None
        self._stopping = False

    async def tick(self) -> None:
        now = self._clock()
        # abs: where the machine's clock was set back, a beat is due too.
        if self._stopping or (self._last is not None and abs(now - self._last) < health.BEAT):
            return
        async with self._database.write() as session:
            await health.beat(session, health.SCHEDULER, now)
        self._last = now

    async def end_leases(self, *, every: bool = False) -> None:
        """An engine that starts alone registers; what a killed one left is nobody's any more."""
        if every:
            async with self._database.write() as session:
                await health.forget_the_dead(session)
            await self.tick()

    async def stop(self) -> None:
        self._stopping = True
        async with self._database.write() as session:
            await health.leave(session, health.SCHEDULER)
