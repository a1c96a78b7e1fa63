"""PostgreSQL: one database of a server, for one engine and the commands beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.types.numeric import NumericLoader
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import BigInteger, Connection, Engine, Integer, create_engine, event, text
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from campaigns.stores.base import BUSY_TIMEOUT, READERS, DatabaseAway, DatabaseProblem, said_by, shown_address

IDLE_TIMEOUT = 60_000  # milliseconds; a writer that went silent, as a machine without power does, gives the lock up
# A server is given up on, to be tried again: behind so many seconds, or milliseconds in which it took nothing of what was sent.
CONNECT: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 15_000}
# The same for the server, which gives up the lock of a program that it hears no more of.
KEPT_ALIVE = b"SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
WRITERS = 4  # connections of a process; of those who write alone, one is at work
WRITE_LOCK, ENGINE_LOCK = 0x706F727465, 0x706F727466  # any numbers, the same in every process


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
            connect_args=CONNECT | {"application_name": "porte-voix"},
        )
        _spoken_by(engine.sync_engine, writes=writes)
        return engine

    def migrator(self) -> Engine:
        engine = create_engine(self.url, connect_args=CONNECT)
        engine.dialect.colspecs = {**engine.dialect.colspecs, Integer: BigInteger}  # BIGSERIAL rather than SERIAL
        _spoken_by(engine, writes=False)  # a long upgrade is at work, however seldom it speaks
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
        kept = await psycopg.AsyncConnection.connect(address, autocommit=True, **CONNECT)
        await kept.execute(KEPT_ALIVE)
        asked = await kept.execute(f"SELECT pg_try_advisory_lock({ENGINE_LOCK})".encode())
        row = await asked.fetchone()
        if row is not None and row[0]:
            self._keeping = kept
            return True
        await kept.close()
        return False

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """The same for a command, until the block ends."""
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True, **CONNECT) as kept:
            kept.execute(KEPT_ALIVE)
            row = kept.execute(f"SELECT pg_try_advisory_lock({ENGINE_LOCK})".encode()).fetchone()
            yield bool(row and row[0])

    async def close(self) -> None:
        if self._keeping is not None:
            await self._keeping.close()
        self._keeping = None

    def problem(self, error: DBAPIError | OSError) -> DatabaseProblem:
        said = said_by(error)
        shown = shown_address(self.url)
        answered = "FATAL" in said and not any(soon in said for soon in READY_SOON)
        kind = DatabaseAway if isinstance(error, OperationalError) and not answered else DatabaseProblem
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


def _postgresql_settings(connection: Any, *, writes: bool) -> None:
    connection.adapters.register_dumper(str, _WithoutNul)
    connection.adapters.register_loader("numeric", _Sum)
    cursor = connection.cursor()
    cursor.execute("SET synchronous_commit = on")  # what was written before a call must survive the server's end
    cursor.execute(f"SET timezone = 'UTC'; SET lock_timeout = {BUSY_TIMEOUT}")
    if writes:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT}")
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


def _spoken_by(engine: Engine, *, writes: bool) -> None:
    engine.dialect.type_compiler_instance = _Types(engine.dialect)
    event.listen(engine, "connect", lambda connection, _record: _postgresql_settings(connection, writes=writes))
