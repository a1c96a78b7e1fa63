"""The two kinds of store, and all that is told apart by kind: how they are opened, begun for a write, and complained of.

SQLite takes one writer at a time, by BEGIN IMMEDIATE. The use cases rely on it: they look, decide and write, and nobody
writes in between. On PostgreSQL an advisory lock gives them the same: a write holds it alone, however many processes
there are. Serialisable transactions would do too, but end in errors after which the whole use case has to be run anew,
card sent and answer given included. What is safe row by row (claims, visits) says `together`, shares the lock with its
like, and so runs beside other processes' and never beside a use case.
"""

import fcntl
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.types.numeric import NumericLoader
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import BigInteger, Connection, Engine, Integer, create_engine, event, text
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

BUSY_TIMEOUT = 15_000  # milliseconds; a migration or a backup of another process may hold the lock for seconds
IDLE_TIMEOUT = 60_000  # milliseconds; a writer that went silent, as a machine without power does, gives the lock up
CONNECT_TIMEOUT = 5  # seconds
READERS = 8  # connections; they read while others write
WRITERS = 4  # connections of a process, on PostgreSQL
ENGINE_LOCK_FILE = "engine.lock"  # in the data folder
WRITE_LOCK, ENGINE_LOCK = 0x706F727465, 0x706F727466  # any numbers, the same in every process


# What a statement ends in while the store is away.
STORE_AWAY = (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError)


class DatabaseProblem(Exception):
    """The store cannot be used; the message says why and what to do."""


class DatabaseAway(DatabaseProblem):
    """The store's server cannot be reached, or is not ready yet."""


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

    async def engine_alone(self) -> bool:
        """Whether this program's engine has the store for itself, from now until `close` or until it loses the store."""

    async def close(self) -> None: ...

    def problem(self, error: DBAPIError | OSError) -> DatabaseProblem: ...


def store_at(address: str) -> Store:
    """The store that an address names; raises DatabaseProblem where it names none."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise DatabaseProblem(
            f"PORTEVOIX_DATABASE_URL “{address}” is not a database's address: write sqlite:///folder/file or"
            " postgresql://user:password@host/name"
        ) from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        return Sqlite(url)
    if kind in ("postgresql", "postgres"):
        return Postgresql(url)
    raise DatabaseProblem(f"PORTEVOIX_DATABASE_URL: this version stores in SQLite or PostgreSQL, not in {kind}")


def said_by(error: BaseException) -> str:
    """The driver's own words, on one line; SQLAlchemy's hold the statement and its values."""
    return " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())


def shown_address(url: URL | str) -> str:
    """An address as it may be shown, its password as ***."""
    url = make_url(url)
    return url.set(drivername=url.get_backend_name()).render_as_string()


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

    async def engine_alone(self) -> bool:
        """The engine's lock on the data folder says it."""
        return True

    async def close(self) -> None: ...

    def problem(self, error: DBAPIError | OSError) -> DatabaseProblem:
        file = Path(str(self.url.database))
        if isinstance(error, OSError):
            return DatabaseProblem(
                f"the folder {file.parent} cannot be written ({error.strerror}); set PORTEVOIX_DATA_DIR to one that can"
            )
        return DatabaseProblem(  # locked, not to be opened, or no database at all
            f"the database {file} cannot be opened: {error.orig}; check that it is Porte-voix's and that its folder can be written"
        )


def _begin_with(engine: Engine, begin: str) -> None:
    event.listen(engine, "connect", _sqlite_pragmas)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


def _sqlite_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN counts, not the driver's
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # what was written before a call must survive a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # who is erased does not linger in free pages
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    cursor.close()


class Postgresql:
    """A database of a server, for one program and its replicas."""

    one_writer = False

    def __init__(self, url: URL) -> None:
        if not url.database:
            raise DatabaseProblem(
                "PORTEVOIX_DATABASE_URL names no database: write postgresql://user:password@host/name"
            )
        self.url = url.set(drivername="postgresql+psycopg")
        self._keeping: psycopg.AsyncConnection[Any] | None = None

    def engine(self, *, writes: bool) -> AsyncEngine:
        """Who reads sees one state of the store from its first question to its last, as on SQLite."""
        engine = create_async_engine(
            self.url,
            pool_size=WRITERS if writes else READERS,
            max_overflow=0,
            pool_timeout=60,
            pool_pre_ping=True,  # after the server was away, nobody meets a connection that ended with it
            isolation_level="READ COMMITTED" if writes else "REPEATABLE READ",
            execution_options={} if writes else {"postgresql_readonly": True},
            connect_args={"connect_timeout": CONNECT_TIMEOUT, "application_name": "porte-voix"},
        )
        _spoken_by(engine.sync_engine)
        return engine

    def migrator(self) -> Engine:
        engine = create_engine(self.url, connect_args={"connect_timeout": CONNECT_TIMEOUT})
        engine.dialect.colspecs = {**engine.dialect.colspecs, Integer: BigInteger}  # BIGSERIAL rather than SERIAL
        _spoken_by(engine)
        event.listen(engine, "begin", lambda connection: connection.execute(_ALONE))
        return engine

    async def begin(self, session: AsyncSession, *, together: bool) -> None:
        await session.execute(_TOGETHER if together else _ALONE)

    def engine_runs(self, connection: Connection) -> bool:
        return not connection.scalar(text(f"SELECT pg_try_advisory_xact_lock({ENGINE_LOCK})"))

    def check(self, connection: Connection) -> None:
        """References were enforced all along."""

    async def engine_alone(self) -> bool:
        """Kept by a connection of its own; after the server was away, whoever asks first has it."""
        if self._keeping is not None:
            try:
                await self._keeping.execute("SELECT 1")
                return True
            except psycopg.OperationalError:
                await self.close()
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        kept = await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=CONNECT_TIMEOUT)
        asked = await kept.execute(f"SELECT pg_try_advisory_lock({ENGINE_LOCK})".encode())
        row = await asked.fetchone()
        if row is not None and row[0]:
            self._keeping = kept
            return True
        await kept.close()
        return False

    async def close(self) -> None:
        if self._keeping is not None:
            await self._keeping.close()
        self._keeping = None

    def problem(self, error: DBAPIError | OSError) -> DatabaseProblem:
        said = said_by(error)
        shown = shown_address(self.url)
        kind = DatabaseAway if "FATAL" not in said or any(soon in said for soon in READY_SOON) else DatabaseProblem
        return kind(f"the database {shown} cannot be opened: {said}")


READY_SOON = ("starting up", "shutting down", "recovery", "too many", "remaining connection slots")
_ALONE = text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
_TOGETHER = text(f"SELECT pg_advisory_xact_lock_shared({WRITE_LOCK})")


class _WithoutNul(StrDumperUnknown):
    """PostgreSQL's texts cannot hold the character NUL, which nobody types."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", ""))


class _Sum(NumericLoader):
    """A sum of whole numbers, which PostgreSQL gives as a decimal one."""

    def load(self, data: Any) -> Any:
        found = super().load(data)
        return int(found) if found == found.to_integral_value() else found


def _postgresql_settings(connection: Any, _record: object) -> None:
    connection.adapters.register_dumper(str, _WithoutNul)
    connection.adapters.register_loader("numeric", _Sum)
    cursor = connection.cursor()
    cursor.execute("SET synchronous_commit = on")  # what was written before a call must survive the server's end
    cursor.execute(
        f"SET timezone = 'UTC'; SET lock_timeout = {BUSY_TIMEOUT};"
        f" SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT}"
    )
    cursor.close()
    connection.commit()


class _Types(PGTypeCompiler):
    """SQLite's integers have 64 bits and its texts no length; so have ours.

    A number out of an address that is too high for any row finds none, rather than ending in an error; what is too long is
    said by the use cases, in words.
    """

    def visit_INTEGER(self, type_: Any, **options: Any) -> str:
        return "BIGINT"

    def visit_VARCHAR(self, type_: Any, **options: Any) -> str:
        return "VARCHAR"


def _spoken_by(engine: Engine) -> None:
    engine.dialect.type_compiler_instance = _Types(engine.dialect)
    event.listen(engine, "connect", _postgresql_settings)
