"""One clock for all machines of an installation: that of the server which keeps their rows.

Machines' own clocks are apart, by minutes where nobody sets them. What one writes another compares: leases, beats, when a
post is due, when a code or a session ends. So all of them go by the store's clock; a file of SQLite has none, and one
machine.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from campaigns.database import Database
from campaigns.times import Clock

log = logging.getLogger(__name__)
NOTED = timedelta(seconds=5)  # a clock that is further off is told of
SLIGHT = timedelta(seconds=0.1)  # what a question on its way cannot measure; a clock is not set for less


def steady_seconds() -> float:
    """Seconds that pass whatever the machine's clock is set to; those that it slept are among them where it counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SharedClock:
    """A Clock: the machine's own until it is set by the store; then the store's, whatever becomes of the machine's."""

    def __init__(self, own: Clock, steady: Callable[[], float] = steady_seconds) -> None:
        self._own = own
        self._steady = steady
        self._set: tuple[datetime, float] | None = None  # what the store's said, and at which of the steady seconds
        self._told = False

    def __call__(self) -> datetime:
        if self._set is None:
            return self._own()
        theirs, then = self._set
        return theirs + timedelta(seconds=self._steady() - then)

    @property
    def skew(self) -> timedelta:
        """How far the machine's own clock is ahead."""
        return self._own() - self()

    async def set_by(self, database: Database) -> None:
        """Ask the store, and say so where the machine's own clock is far off, once."""
        async with database.read() as session:
            await session.connection()  # what it takes to get one is no part of the answer's way
            asked = self._steady()
            theirs = await database.time(session)
            answered = self._steady()
        if theirs is None:
            return
        then, way = (asked + answered) / 2, timedelta(seconds=(answered - asked) / 2)
        if self._set is None or abs(theirs - (self() - timedelta(seconds=self._steady() - then))) > SLIGHT + way:
            self._set = theirs, then
        self._tell()

    def _tell(self) -> None:
        seconds, far = self.skew.total_seconds(), abs(self.skew) > NOTED
        if far and not self._told:
            where = "ahead of" if seconds > 0 else "behind"
            log.warning(
                "the clock of this machine is %.0f s %s the database's, which counts: switch on time synchronisation on both"
                " (timedatectl set-ntp true)",
                abs(seconds),
                where,
            )
        if self._told and not far:
            log.info("the clock of this machine is right again")
        self._told = far


def skew_of(clock: Clock) -> timedelta:
    """How far a machine's own clock is ahead of the one that its installation goes by."""
    return clock.skew if isinstance(clock, SharedClock) else timedelta()
