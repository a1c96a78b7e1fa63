"""One moment of a store as a file of SQLite's, taken while the program runs: for a rehearsal, and for a backup.

Nothing is written to the store. A server's rows are carried over into a file too, so that who has one needs no server.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from campaigns.database import DatabaseProblem, migrate
from campaigns.stores import Store

ROWS = 5_000  # of a table, carried over at once
PAGES = 2_000  # of a file, copied at once: 8 MB

Told = Callable[[int, int], object]  # so much is done, of so much


class SnapshotRefused(DatabaseProblem):
    """There is nothing that could be copied, or no room for it; the message says why and what to do."""


def file_of(store: Store) -> Path | None:
    """The file of a store of SQLite's; None where it is a server's."""
    return Path(str(store.url.database)) if store.url.get_backend_name() == "sqlite" else None


def size_of(store: Store) -> int:
    """About how many bytes a copy takes; raises SnapshotRefused where there is no store."""
    file = file_of(store)
    if file is not None:
        if not file.is_file():
            raise SnapshotRefused(f"there is no database {file} yet; look at PORTEVOIX_DATA_DIR")
        return file.stat().st_size
    with _looking_into(store) as engine, engine.connect() as source:
        return int(source.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def take(store: Store, copy: Path, told: Told = lambda done, of: None) -> None:
    """Write one moment of the store into the new file `copy`; raises SnapshotRefused.

    A file is copied as it is, of whatever version; a server's database must be at this program's version.
    """
    file = file_of(store)
    if file is not None:
        duplicate(file, copy, told, trace=True)
    else:
        migrate(f"sqlite:///{copy}")
        _carry_over(store, copy, told)


def duplicate(file: Path, copy: Path, told: Told = lambda done, of: None, *, trace: bool = False) -> None:
    """One consistent state of `file`, even while another process writes to it.

    Without `trace` no byte beside or in it changes; but then no process may begin to write while it is copied.
    """
    # mode=ro: a plain connection would move the write-ahead log into the real file as it closes. Where there is no log,
    # nobody has the file open, and immutable=1 keeps SQLite from leaving one behind, and from seeing who comes.
    alone = not trace and not file.with_name(file.name + "-wal").exists()
    mode = "rw" if trace else "ro"
    address = f"{file.resolve().as_uri()}?mode={mode}{'&immutable=1' if alone else ''}"
    try:
        with (
            closing(sqlite3.connect(address, uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            # Kept open, so that the copy is of this moment: between two steps the backup would begin again at each write.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(target, pages=PAGES, progress=lambda _status, left, pages: told(pages - left, pages))
    except sqlite3.Error as error:
        raise SnapshotRefused(f"the database {file} cannot be copied: {error}") from None


@contextmanager
def _looking_into(store: Store) -> Iterator[Engine]:
    engine = create_engine(
        store.url, isolation_level="REPEATABLE READ", execution_options={"postgresql_readonly": True}
    )
    try:
        yield engine
    except DBAPIError as error:
        raise SnapshotRefused(str(store.problem(error))) from None
    finally:
        engine.dispose()


def _carry_over(store: Store, copy: Path, told: Told) -> None:
    """The rows of one moment of a server's database, table by table."""
    filled = create_engine(f"sqlite:///{copy}")  # its references are not enforced: that is a setting of a connection
    version = text("SELECT version_num FROM alembic_version")
    tables = SQLModel.metadata.sorted_tables
    try:
        with _looking_into(store) as engine, engine.connect() as source, filled.begin() as target:
            if not inspect(source).has_table("alembic_version"):
                raise SnapshotRefused("the database is empty yet; run: python run_bot.py campaigns add NAME")
            if source.scalar(version) != target.scalar(version):
                raise SnapshotRefused("the database is not at this program's version; run: python run_bot.py migrate")
            for number, table in enumerate(tables, 1):
                target.execute(table.delete())
                for rows in source.execution_options(yield_per=ROWS).execute(table.select()).mappings().partitions():
                    target.execute(table.insert(), [dict(row) for row in rows])
                told(number, len(tables))
            _count_on(source, target)
    finally:
        filled.dispose()


def _count_on(source: Connection, target: Connection) -> None:
    """Where a number is never given twice, the next one stays behind those of who was erased."""
    for table in SQLModel.metadata.sorted_tables:
        if table.dialect_options["sqlite"]["autoincrement"]:
            names = {"table": table.name, "key": next(iter(table.primary_key)).name}
            sequence = source.scalar(text("SELECT pg_get_serial_sequence(:table, :key)"), names)
            given = source.scalar(text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"))  # noqa: S608
            target.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table.name})
            target.execute(
                text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :given)"),
                {"table": table.name, "given": given or 0},
            )
