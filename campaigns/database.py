"""Where the rows live: engine, sessions, SQLite's pragmas, migrations at start.

SQLite takes one writer at a time. `write()` hands out the one connection that writes, and begins with BEGIN IMMEDIATE,
so that two tasks of this process never meet in a lock; other processes wait for the busy time-out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from campaigns.vault import Vault

BUSY_TIMEOUT = 15_000  # milliseconds; a migration or a backup of another process may hold the lock for seconds
READERS = 8  # connections; WAL lets them read while one writes


class DatabaseProblem(Exception):
    """The store cannot be used; the message says why and what to do."""


class DatabaseTooNew(DatabaseProblem):
    """The database was written by a newer Porte-voix; update the program, or restore an older backup."""

    def __str__(self) -> str:
        return str(self.__doc__)


class Database:
    """The store of one installation. Use as `async with database.read() as session:` or `.write()`, which commits."""

    def __init__(self, url: str, vault: Vault | None = None) -> None:
        """`vault` locks the store's secrets; without it they can neither be written nor read."""
        self.url = _async_url(url)
        self.vault = vault
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._reader = self._engine(READERS)
        self._writer = self._engine(1, immediate=True) if self.sqlite else self._reader
        # First come, first served: the pool would give its one connection to who asks in the moment it comes back, and
        # a broadcast, which writes without end, would let nobody else write.
        self._line = asyncio.Lock()
        self._writing: asyncio.Task[Any] | None = None

    def _engine(self, connections: int, *, immediate: bool = False) -> AsyncEngine:
        engine = create_async_engine(self.url, pool_size=connections, max_overflow=0, pool_timeout=60)
        if self.sqlite:
            begin = "BEGIN IMMEDIATE" if immediate else "BEGIN"
            event.listen(engine.sync_engine, "connect", _sqlite_pragmas)
            event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    def _session(self, engine: AsyncEngine) -> AsyncSession:
        return AsyncSession(engine, expire_on_commit=False, info={"vault": self.vault})

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        async with self._session(self._reader) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at its end. RuntimeError within another `write()` of the same task."""
        if self._writing is not None and self._writing is asyncio.current_task():
            raise RuntimeError("this task writes already and would wait for itself for ever: pass its session on")
        async with self._line:
            self._writing = asyncio.current_task()
            try:
                async with self._session(self._writer) as session, session.begin():
                    yield session
            finally:
                self._writing = None

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()

    async def prepare(self) -> None:
        """Bring the schema to this program's version; raises DatabaseProblem."""
        await asyncio.to_thread(migrate, self.url)


def _async_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise DatabaseProblem(
            f"PORTEVOIX_DATABASE_URL “{text}” is not a database's address: write sqlite:///folder/file"
        ) from None
    if url.get_backend_name() != "sqlite":
        raise DatabaseProblem(
            f"PORTEVOIX_DATABASE_URL: this version stores in SQLite only, not in {url.get_backend_name()}"
        )
    if url.database in (None, "", ":memory:"):
        raise DatabaseProblem("PORTEVOIX_DATABASE_URL: SQLite needs a file; write sqlite:///folder/file")
    return url.set(drivername="sqlite+aiosqlite")


def _sqlite_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN counts, not the driver's
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # what was written before a call must survive a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # who is erased does not linger in free pages
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    cursor.close()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def migrate(url: URL) -> None:
    """Create or upgrade the schema; a database of a newer program is refused and left as it was."""
    config = _alembic()
    file = Path(str(url.database))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url.set(drivername="sqlite"))
        event.listen(engine, "connect", _sqlite_pragmas)
        # A table is altered by copying it; with references enforced, dropping the old one would take its children along.
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        try:
            with engine.begin() as connection:
                _upgrade(config, connection)
        finally:
            engine.dispose()
    except OSError as error:
        raise DatabaseProblem(
            f"the folder {file.parent} cannot be written ({error.strerror}); set PORTEVOIX_DATA_DIR to one that can"
        ) from None
    except DatabaseError as error:  # locked, not to be opened, or no database at all
        raise DatabaseProblem(
            f"the database {file} cannot be opened: {error.orig}; check that it is Porte-voix's and that its folder can be written"
        ) from None


def _upgrade(config: Config, connection: Connection) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise DatabaseTooNew
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:  # rolled back: the database stays as it was
        raise DatabaseProblem(
            f"the database could not be upgraded: a row of {broken[0]} refers to nothing; restore a backup"
        )
