"""A copy of the database for a rehearsal: the real one is opened for reading only, and never written."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from campaigns.database import Database, migrate

MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own there
ROOM = 30_000_000  # bytes, for the logs


class RehearsalProblem(ValueError):
    """There is nothing that could be rehearsed; the message says why and what to do."""


@contextmanager
def copy_of(file: Path) -> Iterator[Path]:
    """A copy at this program's version, in a folder that only its owner can read; gone when the block ends, also by Ctrl-C."""
    if not file.is_file():
        raise RehearsalProblem(f"there is no database {file} yet; run: python run_bot.py campaigns add NAME")
    where = _memory(file.stat().st_size)
    with tempfile.TemporaryDirectory(prefix="porte-voix-rehearsal-", dir=where, ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "copy.sqlite3"
        duplicate(file, copy)
        migrate(Database(f"sqlite:///{copy}").url)
        yield copy


def _memory(size: int) -> str | None:
    """A folder in memory where there is room: commits cost nothing there, and channels' secrets reach no disk."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return None
    return str(MEMORY) if shutil.disk_usage(MEMORY).free > 8 * size + ROOM else None


def duplicate(file: Path, copy: Path) -> None:
    """One consistent state of `file`, even while another process writes to it."""
    # mode=ro: a plain connection would move the write-ahead log into the real file as it closes. Where there is no log,
    # nobody has the file open, and immutable=1 keeps SQLite from leaving one behind.
    alone = not file.with_name(file.name + "-wal").exists()
    address = f"{file.resolve().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    try:
        with (
            closing(sqlite3.connect(address, uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise RehearsalProblem(f"the database {file} cannot be copied: {error}") from None
