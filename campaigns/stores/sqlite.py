"""SQLite: one file, and one writer at a time."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from campaigns.stores.base import BUSY_TIMEOUT, ENGINE_LOCK_FILE, READERS, DatabaseAway, DatabaseProblem, Hold

WAL_AGAIN = 0.02  # seconds between two tries to begin the write-ahead log


class Sqlite:
    """A file, and its write-ahead log beside it."""

    one_writer = True

    def __init__(self, url: URL) -> None:
        if url.database in (None, "", ":memory:"):
            raise DatabaseProblem("PORTEVOIX_DATABASE_URL: SQLite needs a file; write sqlite:///folder/file")
        self.url = url.set(drivername="sqlite+aiosqlite")

    def engine(self, *, writes: bool) -> AsyncEngine:
        engine = create_async_engine(self.url, pool_size=1 if writes else READERS, max_overflow=0, pool_timeout=60)
        _begin_with(engine.sync_engine, "BEGIN IMMEDIATE" if writes else "BEGIN")
        return engine

    def migrator(self) -> Engine:
        Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(self.url.set(drivername="sqlite"))
        _begin_with(engine, "BEGIN IMMEDIATE")
        # A table is altered by copying it; with references enforced, dropping the old one would take its children along.
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
        event.listen(engine, "connect", _keep_a_log_beside)
        return engine

    async def begin(self, session: AsyncSession, *, together: bool) -> None:
        """BEGIN IMMEDIATE has the lock already."""

    def engine_runs(self, connection: Connection) -> bool:
        """By the lock that it keeps in its data folder, which is where the file is unless somebody wants it elsewhere."""
        try:
            with Path(str(self.url.database)).with_name(ENGINE_LOCK_FILE).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    def check(self, connection: Connection) -> None:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:  # rolled back: the database stays as it was
            raise DatabaseProblem(
                f"the database could not be upgraded: a row of {broken[0]} refers to nothing; restore a backup"
            )

    def add_queue(self, connection: Connection) -> None:
        """One process needs none."""

    async def holds(self, what: Hold) -> bool:
        """The engine's lock on the data folder says it; parts of a program do not share a file."""
        return what is Hold.alone

    async def take_turn(self, what: str) -> bool:
        """One program works on a file."""
        return True

    async def give_turn_back(self, what: str) -> None: ...

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Where the data folder is the file's."""
        with locked(Path(str(self.url.database)).with_name(ENGINE_LOCK_FILE)) as got:
            yield got

    async def time(self, session: AsyncSession) -> datetime | None:
        """That of the one machine."""
        return None

    async def close(self) -> None: ...

    def problem(self, error: DBAPIError | OSError) -> DatabaseProblem:
        file = Path(str(self.url.database))
        if isinstance(error, OSError):
            return DatabaseProblem(
                f"the folder {file.parent} cannot be written ({error.strerror}); set PORTEVOIX_DATA_DIR to one that can"
            )
        if _is_busy(error.orig):
            return DatabaseAway(f"the database {file} is locked: another program writes to it without an end")
        return DatabaseProblem(  # not to be opened, or no database at all
            f"the database {file} cannot be opened: {error.orig}; check that it is Porte-voix's and that its folder can be written"
        )


@contextmanager
def locked(file: Path) -> Iterator[bool]:
    """Whether the lock of that name was free; it is ours until the block ends."""
    with file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _begin_with(engine: Engine, begin: str) -> None:
    event.listen(engine, "connect", _sqlite_pragmas)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


def _sqlite_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN counts, not the driver's
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")  # what was written before a call must survive a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # who is erased does not linger in free pages
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    cursor.close()


def _keep_a_log_beside(connection: sqlite3.Connection, _record: object) -> None:
    """The write-ahead log; a file that has one keeps to it.

    While others have the file in hand SQLite refuses this switch at once, whatever the busy timeout: programs that start
    together on a new file would end each other.
    """
    ends = monotonic() + BUSY_TIMEOUT / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or monotonic() > ends:
                raise
            sleep(WAL_AGAIN)
        else:
            return


def _is_busy(error: BaseException | None) -> bool:
    """By the first byte; the others say what was busy."""
    return (
        isinstance(error, sqlite3.OperationalError)
        and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    )
