"""A copy of the database for a rehearsal: the real one is opened for reading only, and never written."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from campaigns.database import migrate
from campaigns.stores import Store, store_at

MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own there
ROOM = 30_000_000  # bytes, for the logs
ROWS = 5_000  # of a table, carried over at once


class RehearsalProblem(ValueError):
    """There is nothing that could be rehearsed; the message says why and what to do."""


@contextmanager
def copy_of(address: str) -> Iterator[Path]:
    """A copy at this program's version, in a folder that only its owner can read; gone when the block ends, also by Ctrl-C.

    It is a file of SQLite's also where the store is a server's: a rehearsal asks for no second database there.
    """
    store = store_at(address)
    file = Path(str(store.url.database)) if store.url.get_backend_name() == "sqlite" else None
    if file is not None and not file.is_file():
        raise RehearsalProblem(f"there is no database {file} yet; run: python run_bot.py campaigns add NAME")
    where = _memory(file.stat().st_size if file is not None else _size(store))
    with tempfile.TemporaryDirectory(prefix="porte-voix-rehearsal-", dir=where, ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "copy.sqlite3"
        if file is not None:
            duplicate(file, copy)
        migrate(f"sqlite:///{copy}")
        if file is None:
            _carry_over(store, copy)
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


@contextmanager
def _looking_into(store: Store) -> Iterator[Engine]:
    engine = create_engine(
        store.url, isolation_level="REPEATABLE READ", execution_options={"postgresql_readonly": True}
    )
    try:
        yield engine
    except DBAPIError as error:
        raise RehearsalProblem(str(store.problem(error))) from None
    finally:
        engine.dispose()


def _size(store: Store) -> int:
    with _looking_into(store) as engine, engine.connect() as source:
        return int(source.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def _carry_over(store: Store, copy: Path) -> None:
    """The rows of one moment of a server's database, table by table."""
    filled = create_engine(f"sqlite:///{copy}")  # its references are not enforced: that is a setting of a connection
    version = text("SELECT version_num FROM alembic_version")
    try:
        with _looking_into(store) as engine, engine.connect() as source, filled.begin() as target:
            if not inspect(source).has_table("alembic_version"):
                raise RehearsalProblem("the database is empty yet; run: python run_bot.py campaigns add NAME")
            if source.scalar(version) != target.scalar(version):
                raise RehearsalProblem("the database is not at this program's version; run: python run_bot.py migrate")
            for table in SQLModel.metadata.sorted_tables:
                target.execute(table.delete())
                for rows in source.execution_options(yield_per=ROWS).execute(table.select()).mappings().partitions():
                    target.execute(table.insert(), [dict(row) for row in rows])
    finally:
        filled.dispose()
