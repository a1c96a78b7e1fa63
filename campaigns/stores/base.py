"""The two kinds of store, and all that is told apart by kind: how they are opened, begun for a write, and complained of.

SQLite takes one writer at a time, by BEGIN IMMEDIATE. The use cases rely on it: they look, decide and write, and nobody
writes in between. On PostgreSQL an advisory lock gives them the same: a write holds it alone, however many processes
there are. Serialisable transactions would do too, but end in errors after which the whole use case has to be run anew,
card sent and answer given included. What is safe row by row (claims, visits) says `together`, shares the lock with its
like, and so runs beside other processes' and never beside a use case.
"""

import enum
import sqlite3
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

BUSY_TIMEOUT = 15_000  # milliseconds; a migration or a backup of another process may hold the lock for seconds
# A server gives up who it hears no more of, as a machine without power, or behind a cut network: 8 seconds later its locks,
# that of all who write among them, are free. Who only waits for a lock is asked for a sign at 4, 6 and 8 seconds, and so is
# given up no later than who has it, rather than have it next. PostgreSQL's own words; a file has no use for them.
KEPT_ALIVE = (
    b"SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
    b" SET tcp_user_timeout = 8000"
)
READERS = 8  # connections; they read while others write
ENGINE_LOCK_FILE = "engine.lock"  # in the data folder
OLDER_RUNS = "another Porte-voix, of an older version, runs on this database: stop it, then try again"

# What a statement ends in while the store is away.
STORE_AWAY = (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError)


class DatabaseProblem(Exception):
    """The store cannot be used; the message says why and what to do."""


class DatabaseAway(DatabaseProblem):
    """The store's server cannot be reached, or is not ready yet."""


class Hold(enum.Enum):
    """What a program may have of a store, from when it asked until `close`, or until it loses the store."""

    alone = "it is the only program whose engine runs"
    part = "it is one of the processes of a program; no engine is alone"
    lead = "of those processes, it is the one that does what one must do"


class Store(Protocol):
    """One kind of store at one address."""

    url: URL
    one_writer: bool  # whether even those who write `together` must take turns within this process

    def engine(self, *, writes: bool) -> AsyncEngine: ...

    def migrator(self) -> Engine:
        """What upgrades the schema: nobody else writes meanwhile."""

    async def begin(self, session: AsyncSession, *, together: bool) -> None:
        """What a write does first."""

    def engine_runs(self, connection: Connection) -> bool:
        """Whether a program's engine is at work on the store, which must not be upgraded under it."""

    def check(self, connection: Connection) -> None:
        """After an upgrade, before it is committed."""

    def add_queue(self, connection: Connection) -> None:
        """Bring the tables of the queue, where workers take jobs from, to this program's version."""

    async def holds(self, what: Hold) -> bool:
        """Whether this program has it, or has it from now on."""

    async def take_turn(self, what: str) -> bool:
        """Whether this process has the turn at something, from now until it gives it back or loses the store."""

    async def give_turn_back(self, what: str) -> None: ...

    def alone(self) -> AbstractContextManager[bool]:
        """Whether no program is at work on the store; True keeps them away until the block ends."""

    async def time(self, session: AsyncSession) -> datetime | None:
        """Now, by the store's own clock; None where it has none."""

    async def close(self) -> None: ...

    def problem(self, error: DBAPIError | OSError) -> DatabaseProblem: ...


def is_full(error: BaseException) -> bool:
    """Whether a statement ended because there is no room for what it writes, or the disk refuses it."""
    said = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(said, sqlite3.OperationalError):
        return getattr(said, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
    return isinstance(said, psycopg.errors.DiskFull)


def said_by(error: BaseException) -> str:
    """The driver's own words, on one line; SQLAlchemy's hold the statement and its values."""
    return " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())


def plain(url: URL) -> str:
    """An address as the driver itself takes it, with its password."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


def shown_address(url: URL | str) -> str:
    """An address as it may be shown, its password as ***."""
    url = make_url(url)
    return url.set(drivername=url.get_backend_name()).render_as_string()
