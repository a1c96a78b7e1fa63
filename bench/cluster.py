"""A server of PostgreSQL for the tests or a benchmark of one process alone: a folder of its own, a socket in it, no port."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

INITDB = (
    "--no-sync",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--auth=trust",
    "--username=postgres",
)  # sorts as SQLite does
ALWAYS = ("jit=off", "listen_addresses=", "max_connections=200")
# Nothing of it outlives the tests, so nothing need survive a power cut; what must survive the server's own end is asked for
# by the program itself.
IN_HASTE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_wal_size=256MB")


class Cluster:
    """`start`, `stop` as a power cut would, `url(name)`. `settings` as the server's -c takes them; without any, its own.

    With an `address`, it listens there too, and trusts whoever comes from the same network. Its folder is made `within`
    another, by default where temporary files are.
    """

    def __init__(
        self, settings: Sequence[str] = (), *, address: str = "", port: int = 5432, within: Path | None = None
    ) -> None:
        self._settings = (*ALWAYS, *settings, f"port={port}", *([f"listen_addresses={address}"] if address else []))
        self._address, self._port = address, port
        self.binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: float(found.parent.name))
        self.folder = Path(tempfile.mkdtemp(prefix="porte-voix-", dir=within))
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

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)
