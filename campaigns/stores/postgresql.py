"""PostgreSQL: one database of a server, for one engine and the commands beside it."""

import asyncio
import hashlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Any, cast

import psycopg
from psycopg.types.numeric import NumericLoader
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import BigInteger, Connection, Engine, Integer, create_engine, event, text
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from campaigns.dialects import driver_of
from campaigns.stores import queue
from campaigns.stores.base import (
    BUSY_TIMEOUT,
    KEPT_ALIVE,
    OLDER_RUNS,
    READERS,
    DatabaseAway,
    DatabaseProblem,
    Hold,
    plain,
    said_by,
    shown_address,
)

IDLE_TIMEOUT = 60_000  # milliseconds; a writer that is there and says nothing gives the lock up
# A server is given up on, to be tried again: behind so many seconds; or milliseconds in which it took nothing of what was
# sent; or where what it was to answer does not come, and it is not heard of.
CONNECT: dict[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
FRESH, RESTS = 1.0, "rests since"  # seconds in which a connection that was just at work is taken to be there still
# A process that leads says so every few seconds. One that is stopped keeps its connection, and would lead for ever.
# In milliseconds; asked for so, since servers before PostgreSQL 14 do not know it.
LEADS = b"; SELECT set_config(name, '20000', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
WRITERS = 4  # connections of a process; of those who write alone, one is at work
WRITE_LOCK, ENGINE_LOCK, LEAD_LOCK = 0x706F727465, 0x706F727466, 0x706F727467  # any numbers, the same in every process
_ASKING = {  # an engine that is alone and parts of a program keep each other away; so do two that lead
    Hold.alone: f"SELECT pg_try_advisory_lock({ENGINE_LOCK})",
    Hold.part: f"SELECT pg_try_advisory_lock_shared({ENGINE_LOCK})",
    Hold.lead: f"SELECT pg_try_advisory_lock({LEAD_LOCK})",
}


class Postgresql:
    """A database of a server, for one program and its replicas."""

    one_writer = False

    def __init__(self, url: URL) -> None:
        if not url.database:
            raise DatabaseProblem(
                "PORTEVOIX_DATABASE_URL names no database: write postgresql://user:password@host/name"
            )
        self.url = url.set(drivername="postgresql+psycopg")
        self._place, self._lead = _Keeper(plain(self.url)), _Keeper(plain(self.url), LEADS)
        self._turns: psycopg.AsyncConnection[Any] | None = None
        self._asking = asyncio.Lock()

    def engine(self, *, writes: bool) -> AsyncEngine:
        """Who reads sees one state of the store from its first question to its last, as on SQLite."""
        engine = create_async_engine(
            self.url,
            pool_size=WRITERS if writes else READERS,
            max_overflow=0,
            pool_timeout=60,
            # Who writes begins by our own BEGIN, one way there and back with the lock, in the server's READ COMMITTED.
            isolation_level="AUTOCOMMIT" if writes else "REPEATABLE READ",
            execution_options={} if writes else {"postgresql_readonly": True},
            connect_args=CONNECT | {"application_name": "porte-voix"},
        )
        _spoken_by(engine.sync_engine, writes=writes)
        _asked_when_rested(engine.sync_engine)
        return engine

    def migrator(self) -> Engine:
        engine = create_engine(self.url, connect_args=CONNECT)
        engine.dialect.colspecs = {**engine.dialect.colspecs, Integer: BigInteger}  # BIGSERIAL rather than SERIAL
        _spoken_by(engine, writes=False)  # a long upgrade is at work, however seldom it speaks
        event.listen(engine, "begin", lambda connection: connection.execute(text(_ALONE)))
        return engine

    async def begin(self, session: AsyncSession, *, together: bool) -> None:
        async with driver_of(session) as driver:
            server = cast("psycopg.AsyncConnection[Any]", driver)
            await server.execute(f"BEGIN; {_TOGETHER if together else _ALONE}".encode(), prepare=False)

    def engine_runs(self, connection: Connection) -> bool:
        return not connection.scalar(text(f"SELECT pg_try_advisory_xact_lock({ENGINE_LOCK})"))

    def check(self, connection: Connection) -> None:
        """References were enforced all along."""

    def add_queue(self, connection: Connection) -> None:
        if not queue.is_up(connection):
            if self.engine_runs(connection):
                raise DatabaseProblem(OLDER_RUNS)
            queue.bring_up(connection)

    async def holds(self, what: Hold) -> bool:
        return await (self._lead if what is Hold.lead else self._place).holds(what)

    async def take_turn(self, what: str) -> bool:
        """All turns of a process are kept by one connection: they end with it, so those of a killed process are free at once."""
        async with self._asking:
            try:
                return await self._ask_for_turn(what)
            except psycopg.OperationalError:  # the server was away
                await self._end_turns()
                return await self._ask_for_turn(what)

    async def _ask_for_turn(self, what: str) -> bool:
        if self._turns is None:
            self._turns = await psycopg.AsyncConnection.connect(plain(self.url), autocommit=True, **CONNECT)
            await self._turns.execute(KEPT_ALIVE)
        asked = await self._turns.execute("SELECT pg_try_advisory_lock(%s, %s)", _two_numbers(what))
        row = await asked.fetchone()
        return row is not None and bool(row[0])

    async def give_turn_back(self, what: str) -> None:
        async with self._asking:
            try:
                if self._turns is not None:
                    await self._turns.execute("SELECT pg_advisory_unlock(%s, %s)", _two_numbers(what))
            except psycopg.OperationalError:
                await self._end_turns()

    async def _end_turns(self) -> None:
        if self._turns is not None:
            await self._turns.close()
        self._turns = None

    @contextmanager
    def alone(self) -> Iterator[bool]:
        with psycopg.connect(plain(self.url), autocommit=True, **CONNECT) as kept:
            kept.execute(KEPT_ALIVE)
            row = kept.execute(f"SELECT pg_try_advisory_lock({ENGINE_LOCK})".encode()).fetchone()
            yield bool(row and row[0])

    async def time(self, session: AsyncSession) -> datetime | None:
        found: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return found.astimezone(UTC)

    async def close(self) -> None:
        await self._end_turns()
        await self._lead.let_go()
        await self._place.let_go()

    def problem(self, error: DBAPIError | OSError) -> DatabaseProblem:
        said = said_by(error)
        shown = shown_address(self.url)
        answered = "FATAL" in said and not any(soon in said for soon in READY_SOON)
        kind = DatabaseAway if isinstance(error, OperationalError) and not answered else DatabaseProblem
        return kind(f"the database {shown} cannot be opened: {said}")


class _Keeper:
    """Holds, kept by a connection of their own; after the server was away, whoever asks first has them."""

    def __init__(self, url: str, settings: bytes = b"") -> None:
        self._url, self._settings = url, settings
        self._keeping: psycopg.AsyncConnection[Any] | None = None
        self._held: set[Hold] = set()

    async def holds(self, what: Hold) -> bool:
        if self._keeping is not None:
            try:
                await self._keeping.execute("SELECT 1")
            except psycopg.OperationalError:
                await self.let_go()
        if what in self._held:
            return True
        if self._keeping is None:
            self._keeping = await psycopg.AsyncConnection.connect(self._url, autocommit=True, **CONNECT)
            await self._keeping.execute(KEPT_ALIVE + self._settings)
        asked = await self._keeping.execute(_ASKING[what].encode())
        row = await asked.fetchone()
        if row is not None and row[0]:
            self._held.add(what)
        elif not self._held:
            await self.let_go()
        return what in self._held

    async def let_go(self) -> None:
        keeping, self._keeping, self._held = self._keeping, None, set()
        if keeping is not None:
            await keeping.close()


READY_SOON = ("starting up", "shutting down", "recovery", "too many", "remaining connection slots")
_ALONE = f"SELECT pg_advisory_xact_lock({WRITE_LOCK})"
_TOGETHER = f"SELECT pg_advisory_xact_lock_shared({WRITE_LOCK})"


def _two_numbers(what: str) -> tuple[int, int]:
    """A lock's name as PostgreSQL takes it. Locks of two numbers never meet those of one, such as WRITE_LOCK."""
    first, second = struct.unpack(">ii", hashlib.blake2b(what.encode(), digest_size=8).digest())
    return first, second


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
    cursor.execute(KEPT_ALIVE)
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


def _asked_when_rested(engine: Engine) -> None:
    """After the server was away, nobody meets a connection that ended with it. Under load, none is asked: that would be a
    way there and back more for each of the few that a transaction takes."""

    def rests(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[RESTS] = monotonic()

    def is_taken(connection: Any, record: ConnectionPoolEntry, _lent: Any) -> None:
        if monotonic() - record.info.get(RESTS, monotonic()) < FRESH:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise InvalidatePoolError from None  # the pool takes a new one; all others ended, too

    event.listen(engine, "checkin", rests)
    event.listen(engine, "checkout", is_taken)
