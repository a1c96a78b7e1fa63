"""What the benchmarks of many processes stand on: a server of PostgreSQL that keeps what it says, and a Telegram of this machine."""

import itertools
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from bench.cluster import Cluster
from bench.programs import cpu_of
from campaigns.database import migrate

TEMPLATE, KEY, TOKEN = "migrated", "the key of all processes", "42:bench"
STUB = Path(__file__).with_name("telegram_stub.py")


class Ground:
    """`with standing() as ground:`. The server runs with its own defaults: what is committed is on the disk."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self._numbers = itertools.count(1)

    def store(self) -> tuple[str, Path]:
        """The address of a new database, at the program's version, and a data folder to go with it."""
        name = f"bench_{next(self._numbers)}"
        self.cluster.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        (folder := self.folder / name).mkdir()
        return self.cluster.url(name), folder

    @property
    def cpu(self) -> float:
        """Seconds that the server has spent."""
        return cpu_of(self.cluster.pid)


@contextmanager
def standing() -> Iterator[Ground]:
    cluster = Cluster()
    try:
        cluster.start()
        cluster.run(f"CREATE DATABASE {TEMPLATE}")
        migrate(cluster.url(TEMPLATE))
        with TemporaryDirectory() as folder:
            yield Ground(cluster, Path(folder))
    finally:
        cluster.remove()


def settings_of(url: str, folder: Path, **more: str) -> dict[str, str]:
    """Of a process on that store, for bench.programs."""
    common = {"SECRET_KEY": KEY, "BOT_TOKEN": TOKEN, "PUBLIC_URL": "https://exemple.fr", "LOG_LEVEL": "WARNING"}
    return {"DATABASE_URL": url, "DATA_DIR": str(folder), "PORT": "0"} | common | more


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows that a statement gives, behind the program's back; what it changes is committed."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


class Stub:
    """bench/telegram_stub.py in a process of its own: `ask("reset", delay=0.05)`, `ask("stats")`."""

    def __init__(self, process: subprocess.Popen[bytes], host: str) -> None:
        self._process, self.host = process, host

    def ask(self, what: str, **told: float) -> Any:
        query = "&".join(f"{name}={value}" for name, value in told.items())
        with urllib.request.urlopen(f"{self.host}/{what}?{query}", timeout=60) as answer:  # noqa: S310 - on this machine
            return json.loads(answer.read())

    @property
    def cpu(self) -> float:
        return cpu_of(self._process.pid)


@contextmanager
def telegram() -> Iterator[Stub]:
    process = subprocess.Popen([sys.executable, str(STUB)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield Stub(process, f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait()
