"""A migrated store for each test, on the kind that `--store` names. Copied from one that was migrated once."""

import itertools
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, create_engine, inspect, text

from bench.cluster import IN_HASTE, Cluster
from campaigns.database import migrate

TEMPLATE = "migrated"


class Stores(Protocol):
    kind: str

    @contextmanager
    def fresh(self, folder: Path, name: str = "porte-voix") -> Iterator[str]:
        """The address of a migrated store, which ends with the block."""
        yield ""

    @contextmanager
    def blank(self, folder: Path, name: str = "porte-voix") -> Iterator[str]:
        """The same without a table in it."""
        yield ""


class SqliteStores:
    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.file = folder / "migrated.sqlite3"
        migrate(f"sqlite:///{self.file}")

    @contextmanager
    def fresh(self, folder: Path, name: str = "porte-voix") -> Iterator[str]:
        yield f"sqlite:///{shutil.copyfile(self.file, folder / f'{name}.sqlite3')}"

    @contextmanager
    def blank(self, folder: Path, name: str = "porte-voix") -> Iterator[str]:
        yield f"sqlite:///{folder / f'{name}.sqlite3'}"


class PostgresqlStores:
    kind = "postgresql"

    def __init__(self) -> None:
        self.cluster = Cluster(IN_HASTE, within=memory())
        self.cluster.start()
        self._numbers = itertools.count()
        self.cluster.run(f"CREATE DATABASE {TEMPLATE}")
        migrate(self.cluster.url(TEMPLATE))

    @contextmanager
    def fresh(self, folder: Path, name: str = "porte-voix") -> Iterator[str]:
        with self._made(TEMPLATE) as url:
            yield url

    @contextmanager
    def blank(self, folder: Path, name: str = "porte-voix") -> Iterator[str]:
        with self._made("template0") as url:
            yield url

    @contextmanager
    def _made(self, template: str) -> Iterator[str]:
        name = f"test_{next(self._numbers)}"
        self.cluster.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.cluster.url(name)
        finally:
            self.cluster.run(f"DROP DATABASE {name} WITH (FORCE)")


def memory(room: int = 4 << 30) -> Path | None:
    """A folder that is no disk, where it has room for so many bytes: a store of 900 files is copied ten times as fast."""
    folder = Path("/dev/shm")  # noqa: S108
    return folder if folder.is_dir() and shutil.disk_usage(folder).free > room else None


def ask(url: str, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """The rows that a statement gives, behind the program's back; what it changes is committed."""
    with connected(url) as connection:
        found = connection.execute(text(statement), values)
        return [tuple(row) for row in found] if found.returns_rows else []


def tables(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text and in the order of its text."""
    with connected(url) as connection:
        names = inspect(connection).get_table_names()
        rows = {name: connection.execute(text(f'SELECT * FROM "{name}"')) for name in names}
        return {name: sorted(json.dumps(list(row), default=str) for row in found) for name, found in rows.items()}


def everything(url: str) -> str:
    """Every cell of every table, as one text."""
    return json.dumps(tables(url))


def stored_bytes(url: str) -> bytes:
    """What is stored: of a file, what is free by now included."""
    if not url.startswith("sqlite:"):
        with connected(url) as connection:
            names = inspect(connection).get_table_names()
            rows = [row for name in names for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
        cells = [cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row]
        return b"\n".join(sorted(cells))
    file = Path(url.removeprefix("sqlite:///"))
    return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))


@contextmanager
def watching(url: str) -> Iterator[Connection]:
    """A connection that sees at each question what is committed by then."""
    with connected(url) as connection, connection.engine.connect() as watcher:
        yield watcher.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    kind, _, rest = url.partition(":")
    engine = create_engine(f"{'postgresql+psycopg' if kind == 'postgresql' else kind}:{rest}")
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
