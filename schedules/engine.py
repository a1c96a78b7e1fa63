"""Where the work runs. The embedded engine: asyncio tasks in this one process, alone on its data folder."""

import fcntl
from collections.abc import Sequence
from pathlib import Path

from schedules.timetable import Timetable, Work


class EngineProblem(Exception):
    """The engine cannot start; the message says why and what to do."""


class EmbeddedEngine:
    """Runs the works of one process. A lock on the data folder keeps a second one away."""

    def __init__(self, data_dir: Path, works: Sequence[Work]) -> None:
        self._lock_file = data_dir / "engine.lock"
        self._works = works
        self._timetable = Timetable(works)

    async def start(self) -> None:
        """Raises EngineProblem where another engine runs on the same data folder."""
        self._lock = self._lock_file.open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            folder = self._lock_file.parent
            raise EngineProblem(
                f"another Porte-voix already runs on {folder}; stop it, or set PORTEVOIX_DATA_DIR"
            ) from None
        for work in self._works:
            await work.end_leases(every=True)  # we are alone: whoever held a lease is dead
        self._timetable.start()

    async def stop(self) -> None:
        """What is in flight ends first."""
        self._timetable.stop()
        for work in self._works:
            await work.stop()
        self._lock.close()
