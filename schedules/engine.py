"""Where the work runs. The embedded engine: asyncio tasks in this one process, alone on its data folder and its store.

The other one spreads it over processes on many machines: schedules/procrastinate_engine.py.
"""

import fcntl
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from campaigns.database import Database
from campaigns.stores import ENGINE_LOCK_FILE
from schedules.timetable import LEASES, Timetable, Work, stop_all

log = logging.getLogger(__name__)


class EngineProblem(Exception):
    """The engine cannot start; the message says why and what to do."""


class Engine(Protocol):
    """Runs works from `start` to `stop`."""

    async def start(self) -> None:
        """Raises EngineProblem where others are at work that it must not run beside."""

    async def stop(self) -> None:
        """What is in flight ends first."""


class EmbeddedEngine:
    """Runs the works of one process. A lock on the data folder, and one in a server's store, keep a second one away."""

    def __init__(self, data_dir: Path, works: Sequence[Work], database: Database) -> None:
        self._lock_file = data_dir / ENGINE_LOCK_FILE
        self._database = database
        self._works = works
        self._timetable = Timetable(works)

    async def start(self) -> None:
        """Raises EngineProblem where another engine runs on the same data folder or store."""
        self._lock = self._lock_file.open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            folder = self._lock_file.parent
            raise EngineProblem(
                f"another Porte-voix already runs on {folder}; stop it, or set PORTEVOIX_DATA_DIR"
            ) from None
        if not await self._database.engine_alone():
            self._lock.close()
            raise EngineProblem(
                "another Porte-voix already runs on this database; stop it, or set PORTEVOIX_DATABASE_URL"
            )
        for work in self._works:
            await work.end_leases(every=True)  # we are alone: whoever held a lease is dead
        self._timetable.every(LEASES, self.stay_alone, always=True)
        self._timetable.start()

    async def stay_alone(self) -> None:
        """A store that was away may come back to another engine first: then this one rests until that one ends."""
        alone = await self._database.engine_alone()
        if not alone and not self._timetable.rests:
            log.error("another Porte-voix runs on this database since it was away; this one rests: stop one of them")
        self._timetable.rests = not alone

    async def stop(self) -> None:
        """What is in flight ends first."""
        self._timetable.stop()
        await stop_all(self._works)
        self._lock.close()
