"""A migrated store for each test, on the kind that `--store` names. Copied from one that was migrated once.

The server of PostgreSQL is started for the tests of one process alone: a folder of its own, a socket in it, no port.
"""

import itertools
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy import Connection, create_engine, inspect, text

from campaigns.database import migrate

TEMPLATE = "migrated"
# Nothing of it outlives the tests, so nothing need survive a power cut; what must survive the server's own end is asked for
# by the program itself. C.UTF-8 sorts as SQLite does.
INITDB = ("--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--username=postgres")
SERVER = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "jit=off",
    "listen_addresses=",
    "max_connections=200",
)


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


class Cluster:
    """A server of PostgreSQL: `start`, `stop` as a power cut would, `url(name)`.

    With an `address`, it listens there too, and trusts whoever comes from the same network. `settings` come behind SERVER's.
    """

    def __init__(self, *settings: str, address: str = "", port: int = 5432) -> None:
        self._settings = (*SERVER, *settings, f"port={port}", *([f"listen_addresses={address}"] if address else []))
        self._address, self._port = address, port
        self.binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: float(found.parent.name))
        self.folder = Path(tempfile.mkdtemp(prefix="porte-voix-"))
        if os.geteuid() == 0:  # the server refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        subprocess.run([*self._as_owner(), str(self.binaries / "initdb"), "-D", str(self._data), *INITDB], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        if address:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {address}/24 trust\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _as_owner(self) -> list[str]:
        if os.geteuid():
            return []
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=SIGQUIT"]

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}" + (f"&port={self._port}" if self._address else "")

    def url_over_the_network(self, name: str) -> str:
        return f"postgresql://postgres@{self._address}:{self._port}/{name}"

    def start(self) -> None:
        settings = [part for setting in self._settings for part in ("-c", setting)]
        command = [*self._as_owner(), str(self.binaries / "postgres"), "-D", str(self._data), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, *settings], stdout=log, stderr=log)
        for _try in range(600):
            try:
                self.run("SELECT 1")
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Every connection is cut at once."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT: an immediate shutdown
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """kill -9 of the server and of all that serve its connections: nothing is said to anybody, nothing put in order."""
        if self._process is not None:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            for pid in (self._process.pid, *map(int, children)):
                os.kill(pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @property
    def runs(self) -> bool:
        return self._process is not None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)


class PostgresqlStores:
    kind = "postgresql"

    def __init__(self) -> None:
        self.cluster = Cluster()
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
