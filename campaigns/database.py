"""Where the rows live: engines, sessions, migrations at start. What SQLite and PostgreSQL do apart is in stores/."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import SQLModel

from campaigns.spread import Spread
from campaigns.stores import (
    OLDER_RUNS,
    STORE_AWAY,
    DatabaseAway,
    DatabaseProblem,
    Hold,
    Store,
    is_full,
    said_by,
    store_at,
)
from campaigns.vault import Vault

__all__ = [
    "Database",
    "DatabaseAway",
    "DatabaseChanged",
    "DatabaseProblem",
    "DatabaseTooNew",
    "known_versions",
    "migrate",
    "version_here",
    "version_of",
]

log = logging.getLogger(__name__)
RETRY = 2.0  # seconds between tries to reach a store that is away
OF_LATE = 60.0  # seconds; after a failed write without another one, nobody knows whether the next would fail
TRIED_AGAIN = 3.0  # seconds in which each work that was refused a write has tried again
UNFINISHED = "unfinished_move"  # a table that is there while a move into this store has not ended


class DatabaseTooNew(DatabaseProblem):
    """The database was written by a newer Porte-voix; update the program, or restore an older backup."""

    def __str__(self) -> str:
        return str(self.__doc__)


class DatabaseChanged(DatabaseProblem):
    """Another version of the program changed the schema while this one ran."""

    def __init__(self, found: str | None, here: str | None) -> None:
        super().__init__(
            f"the database was brought to version {found or 'none'} while this program, of version {here}, ran: it ends, and"
            " sends nothing more; start the program of that version, or restore the backup that belongs to this one"
        )


class Database:
    """The store of one installation. Use as `async with database.read() as session:` or `.write()`, which commits."""

    def __init__(self, url: str, vault: Vault | None = None) -> None:
        """`vault` locks the store's secrets; without it they can neither be written nor read."""
        self._store = store_at(url)
        self.url = self._store.url
        self.vault = vault
        self._reader = self._store.engine(writes=False)
        self._writer = self._store.engine(writes=True)
        # First come, first served: the pool would give its one connection to who asks in the moment it comes back, and
        # a broadcast, which writes without end, would let nobody else write.
        self._line = asyncio.Lock()
        self._writing: set[asyncio.Task[Any] | None] = set()
        self.waits = Spread()  # until a write has the store for itself
        self.waiting = 0  # writes
        self._refused: tuple[float, float, str] | None = (
            None  # the first and the last time that there was no room, and the words
        )
        self._version: str | None = (
            None  # of the schema, as this program knows it; read before others replace its files
        )

    @property
    def is_on_server(self) -> bool:
        """Whether several processes of a program may write to it at the same time."""
        return not self._store.one_writer

    def _session(self, engine: AsyncEngine) -> AsyncSession:
        return AsyncSession(engine, expire_on_commit=False, info={"vault": self.vault})

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        async with self._session(self._reader) as session:
            yield session

    @asynccontextmanager
    async def write(self, *, together: bool = False) -> AsyncIterator[AsyncSession]:
        """A session that commits at its end. RuntimeError within another `write()` of the same task.

        Nobody else writes meanwhile, so that what was read in it holds until the commit; but with `together`, for a
        transaction whose every statement is right whatever others of its kind write in between.
        """
        task = asyncio.current_task()
        if task in self._writing:
            raise RuntimeError("this task writes already and would wait for itself for ever: pass its session on")
        try:
            async with AsyncExitStack() as stack:
                yield await self._begun(stack, task, together=together)
        except STORE_AWAY as error:
            if is_full(error):  # a server that is away is found so by who reads
                seconds, _ = self.refusal or (0.0, "")
                self._refused = perf_counter() - seconds, perf_counter(), said_by(error)
            raise
        if self._refused and perf_counter() - self._refused[1] > TRIED_AGAIN:  # what wanted no room says nothing of it
            self._refused = None

    @property
    def refusal(self) -> tuple[float, str] | None:
        """For how many seconds the store has had no room, and its words for it; None where it was not so of late."""
        if self._refused is None or perf_counter() - self._refused[1] > OF_LATE:
            return None
        began, _last, said = self._refused
        return perf_counter() - began, said

    async def _begun(self, stack: AsyncExitStack, task: asyncio.Task[Any] | None, *, together: bool) -> AsyncSession:
        """A session that may write, as soon as it may."""
        began, self.waiting = perf_counter(), self.waiting + 1
        try:
            if self._store.one_writer or not together:
                await stack.enter_async_context(self._line)
            self._writing.add(task)
            stack.callback(self._writing.discard, task)
            session = await stack.enter_async_context(self._session(self._writer))
            await stack.enter_async_context(session.begin())
            await self._store.begin(session, together=together)
            return session
        finally:
            self.waiting -= 1
            self.waits.add(perf_counter() - began)

    async def engine_alone(self) -> bool:
        """Whether this program's engine has the store for itself; True keeps the engines of others away until `close`."""
        return await self._store.holds(Hold.alone)

    async def takes_part(self) -> bool:
        """Whether this process may be one of many of a program; True keeps engines that are alone away until `close`."""
        return await self._store.holds(Hold.part)

    async def leads(self) -> bool:
        """Whether this process is the one of many that leads; True keeps others from it until `close`."""
        return await self._store.holds(Hold.lead)

    async def take_turn(self, what: str) -> bool:
        """Whether no other process has the turn at this; True keeps them away until `give_turn_back`, or until this one ends.

        Within one process the caller keeps order: who has the turn gets it once more.
        """
        return await self._store.take_turn(what)

    async def give_turn_back(self, what: str) -> None:
        await self._store.give_turn_back(what)

    async def time(self, session: AsyncSession) -> datetime | None:
        """Now, by the clock of the store's server; None where it has none."""
        return await self._store.time(session)

    async def check_version(self) -> None:
        """Raises DatabaseChanged where the schema is not the one that `prepare` made."""
        async with self.read() as session:
            found = await (await session.connection()).run_sync(version_of)
        if found != self._version:
            raise DatabaseChanged(found, self._version)

    async def close(self) -> None:
        await self._store.close()
        await self._reader.dispose()
        await self._writer.dispose()

    async def prepare(self, patience: float = 0, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Bring the schema to this program's version; raises DatabaseProblem.

        A store that is away is waited for, `patience` seconds.
        """
        while True:
            try:
                await asyncio.to_thread(migrate, self.url)
                self._version = version_here()
                return
            except DatabaseAway as away:
                if patience <= 0:
                    raise
                log.warning("%s; trying again for %.0f seconds", away, patience)
            await pause(RETRY)
            patience -= RETRY


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def migrate(url: URL | str, *, moving: bool = False) -> None:
    """Create or upgrade the schema; a database of a newer program is refused and left as it was.

    So is one that holds half of a campaign, but for the move that brings the other half.
    """
    store = store_at(url if isinstance(url, str) else url.render_as_string(hide_password=False))
    try:
        engine = store.migrator()
        try:
            with engine.begin() as connection:
                if not moving and connection.dialect.has_table(connection, UNFINISHED):
                    raise DatabaseProblem(
                        "a move into this database has not ended: run the same `move-to`, or `restore`, again, or use the store before it"
                    )
                _upgrade(_alembic(), connection, store)
        finally:
            engine.dispose()
    except (OSError, DBAPIError) as error:
        raise store.problem(error) from None


def version_of(connection: Connection) -> str | None:
    """The version of a store's schema; None where it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def version_here() -> str | None:
    """The version of the schema that this program knows."""
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def known_versions() -> set[str]:
    """Every version that this program can begin from."""
    return {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}


def _upgrade(config: Config, connection: Connection, store: Store) -> None:
    known = known_versions()
    current = version_of(connection)
    if current is not None and current not in known:
        raise DatabaseTooNew
    head = ScriptDirectory.from_config(config).get_current_head()
    if current is not None and current != head and store.engine_runs(connection):
        raise DatabaseProblem(OLDER_RUNS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _refuse_half(connection)
    store.check(connection)
    store.add_queue(connection)


def _refuse_half(connection: Connection) -> None:
    """An upgrade is one transaction; but of a backup a part alone may have been restored."""
    missing = sorted(SQLModel.metadata.tables.keys() - set(inspect(connection).get_table_names()))
    if missing:
        raise DatabaseProblem(
            f"the database lacks the table {missing[0]}, which one of its version has: only a part of it was restored;"
            " restore the whole backup into an empty database"
        )
