"""Where SQLite and PostgreSQL say the same thing in other words. Who uses these asks neither which store it is on.

What SQLAlchemy says for both needs no word here: `with_for_update()`, which it leaves out for SQLite with its one writer,
`nulls_first()` and `nulls_last()`, `is_not_distinct_from()`.
"""

import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import aiosqlite
import psycopg
from sqlalchemy import Boolean, Date, Float, Integer, Table
from sqlalchemy.dialects.postgresql import (  # the ON CONFLICT of both stores: SQLite's compiler writes it too
    Insert,
    insert,
)
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = [
    "Insert",
    "Worded",
    "driver_of",
    "first_of_month",
    "insert",
    "inserting",
    "is_on_server",
    "json_rows",
    "seconds_between",
    "spelled",
    "stored",
    "weekday",
]

POSTGRESQL: Any = PGDialect  # whose constructor has no types
Driver = aiosqlite.Connection | psycopg.AsyncConnection[Any]
_NAMED = re.compile(r"(?<!:):([a-z]\w*)")


def is_on_server(session: AsyncSession) -> bool:
    """Whether each statement is a way there and back."""
    return session.get_bind().dialect.name != "sqlite"


class Worded:
    """A statement in each store's own words, for the few that are too hot to be put together anew at each call.

    It goes to the driver itself: on SQLite in one step of its thread, where a cursor of SQLAlchemy's takes four; on
    PostgreSQL for half of the time. `:name` stands for a value.
    """

    def __init__(self, *, sqlite: str, postgresql: str) -> None:
        self.sqlite, self.postgresql = sqlite, postgresql
        self.sent = _NAMED.sub(r"%(\1)s", postgresql.replace("%", "%%")).encode()

    async def rows(self, session: AsyncSession, **values: Any) -> Sequence[Sequence[Any]]:
        """What it gives."""
        async with driver_of(session) as driver:
            if isinstance(driver, aiosqlite.Connection):
                return cast(Sequence[Sequence[Any]], await driver.execute_fetchall(self.sqlite, values))
            cursor = await driver.execute(self.sent, values)
            return await cursor.fetchall() if cursor.description else ()


@asynccontextmanager
async def driver_of(session: AsyncSession) -> AsyncIterator[Driver]:
    """What SQLAlchemy speaks through, within the session's transaction; its errors are as those of every other statement."""
    connection = await session.connection()
    driver = cast(Driver, (await connection.get_raw_connection()).driver_connection)
    try:
        yield driver
    except sqlite3.Error as error:
        raise DBAPIError.instance("", None, error, sqlite3.Error) from error
    except psycopg.Error as error:
        if cast(psycopg.AsyncConnection[Any], driver).broken:  # its server is gone
            await connection.invalidate(error)
        raise DBAPIError.instance("", None, error, psycopg.Error) from error


def inserting(table: Table, columns: Sequence[str], then: str = "") -> Worded:
    """INSERT of all rows of :rows, one JSON text of lists, so that one statement does however many there are.

    `then` follows them, such as an ON CONFLICT; moments are `stored`.
    """
    into = f"INSERT INTO {table.name} ({', '.join(columns)})"
    plain = ", ".join(f"value ->> {i}" for i in range(len(columns)))
    return Worded(
        sqlite=f"{into} SELECT {plain} FROM json_each(:rows) WHERE true {then}",  # noqa: S608 - our own tables
        postgresql=f"{into} {json_rows(table, columns)} {then}",
    )


def json_rows(table: Table, columns: Sequence[str]) -> str:
    """On a server: all rows of :rows, one JSON text of lists, as these columns of a table have them."""
    types = [table.c[name].type.compile(dialect=POSTGRESQL()) for name in columns]
    cast_to = ", ".join(f"CAST(value ->> {i} AS {kind})" for i, kind in enumerate(types))
    return f"SELECT {cast_to} FROM json_array_elements(CAST(:rows AS json))"  # noqa: S608 - our own tables


def stored(at: datetime) -> str:
    """A moment as SQLite keeps it, and as PostgreSQL reads it: of UTC."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class first_of_month(FunctionElement[Any]):
    """The first day of a day's month."""

    inherit_cache = True
    type = Date()


class weekday(FunctionElement[int]):
    """Of a day: Sunday is 0."""

    inherit_cache = True
    type = Integer()


class seconds_between(FunctionElement[float]):
    """From the first moment to the second; below 0 where the second is the earlier."""

    inherit_cache = True
    type = Float()


class spelled(FunctionElement[bool]):
    """Whether a text holds these letters, each a class in brackets such as "[eéÉ]", one behind the other."""

    inherit_cache = True
    type = Boolean()


# In SQLite's words and in PostgreSQL's; {0} and {1} are the arguments.
_WORDS: dict[type[FunctionElement[Any]], tuple[str, str]] = {
    first_of_month: ("strftime('%Y-%m-01', {0})", "CAST(date_trunc('month', {0}) AS DATE)"),
    weekday: ("CAST(strftime('%w', {0}) AS INTEGER)", "CAST(extract(dow FROM {0}) AS INTEGER)"),
    seconds_between: ("((julianday({1}) - julianday({0})) * 86400)", "extract(epoch FROM {1} - {0})"),
    spelled: ("({0} GLOB '*' || {1} || '*')", "({0} ~ {1})"),
}


def _write(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    words = _WORDS[type(element)][compiler.dialect.name == "postgresql"]
    return words.format(*(compiler.process(clause, **options) for clause in element.clauses))


for _element in _WORDS:
    compiles(_element)(_write)
