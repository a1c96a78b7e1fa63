"""A copy of the database for a rehearsal: the real one is opened for reading only, and never written."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns import snapshots
from campaigns.database import migrate
from campaigns.stores import store_at

MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own there
ROOM = 30_000_000  # bytes, for the logs


class RehearsalProblem(ValueError):
    """There is nothing that could be rehearsed; the message says why and what to do."""


@contextmanager
def copy_of(address: str) -> Iterator[Path]:
    """A copy at this program's version, in a folder that only its owner can read; gone when the block ends, also by Ctrl-C.

    It is a file of SQLite's also where the store is a server's: a rehearsal asks for no second database there.
    """
    store = store_at(address)
    file = snapshots.file_of(store)
    if file is not None and not file.is_file():
        raise RehearsalProblem(f"there is no database {file} yet; run: python run_bot.py campaigns add NAME")
    with _as_ours():
        where = _memory(snapshots.size_of(store))
    with tempfile.TemporaryDirectory(prefix="porte-voix-rehearsal-", dir=where, ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "copy.sqlite3"
        with _as_ours():
            if file is not None:
                snapshots.duplicate(file, copy)
            else:
                snapshots.take(store, copy)
        migrate(f"sqlite:///{copy}")
        yield copy


@contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except snapshots.SnapshotRefused as problem:
        raise RehearsalProblem(str(problem)) from None


def _memory(size: int) -> str | None:
    """A folder in memory where there is room: commits cost nothing there, and channels' secrets reach no disk."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return None
    return str(MEMORY) if shutil.disk_usage(MEMORY).free > 8 * size + ROOM else None
