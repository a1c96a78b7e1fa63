"""The tables of Procrastinate, which hold the jobs of workers: in the same database, in a schema of their own.

Apart, because they are not ours: its own scripts make and change them, by its own versions. What was run last stands in
the schema's comment.
"""

from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from campaigns.stores.base import KEPT_ALIVE

SCHEMA = "procrastinate"
IN_SCHEMA = f"SET search_path = {SCHEMA}"  # its functions name its tables without a schema

# Who takes a job looks for others of the same lock. The table is empty most of the time, so the server knows of no rows in it
# and would compare each job that waits with each other one: with 300 channels due, ten milliseconds a job.
BY_HASH = "SET enable_nestloop = off"


def _scripts() -> list[Path]:
    """Its changes of its tables, in their order; the schema that it makes anew has them all."""
    from procrastinate.schema import SchemaManager  # here: only a start waits for it

    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _last_run(connection: Connection) -> str | None:
    found = connection.scalar(text("SELECT obj_description(to_regnamespace(:name), 'pg_namespace')"), {"name": SCHEMA})
    return None if found is None else str(found)


def is_up(connection: Connection) -> bool:
    """Whether its tables are there, at the version of the library or at a newer one."""
    last = _last_run(connection)
    return last is not None and last >= _scripts()[-1].name


def bring_up(connection: Connection) -> None:
    """Make its tables, or run what is new of its changes."""
    from procrastinate.schema import SchemaManager

    last, scripts = _last_run(connection), _scripts()
    if last is None:
        steps = [f"CREATE SCHEMA {SCHEMA}", f"SET LOCAL search_path = {SCHEMA}", SchemaManager.get_schema()]
    else:
        new = [script.read_text(encoding="utf-8") for script in scripts if script.name > last]
        steps = [f"SET LOCAL search_path = {SCHEMA}", *new]
    cursor: Any = connection.connection.cursor()  # the driver's own takes many statements at once
    for step in [*steps, f"COMMENT ON SCHEMA {SCHEMA} IS '{scripts[-1].name}'", "SET LOCAL search_path TO DEFAULT"]:
        cursor.execute(step)
    cursor.close()


async def configure(connection: psycopg.AsyncConnection[Any]) -> None:
    """What each connection of the library is told first."""
    await connection.execute(IN_SCHEMA.encode())
    await connection.execute(KEPT_ALIVE)
    await connection.execute(BY_HASH)
    await connection.commit()
