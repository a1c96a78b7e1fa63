"""The real program in a process of its own, as `python run_bot.py` starts it; forked where that is the same."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campaigns.database import Database, migrate
from campaigns.settings import Settings, vault_for
from campaigns.vault import Vault
from tests.forks import ROOT, Fork, forks, surroundings
from tests.stores import ask

PATIENCE = 120.0  # seconds that a line may take to come before the test gives up


class Program:
    """`await program.start()`, `await program.line("is out")`, `program.kill()`; its output is kept for messages."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**surroundings(), **environment}
        self._home = environment["PORTEVOIX_DATA_DIR"]
        self.root = ROOT  # where its code is
        self.forked = True  # where a start would be the same
        self._process: asyncio.subprocess.Process | Fork | None = None
        self._printed: asyncio.StreamReader | None = None  # by that process
        self._lines: list[str] = []

    def set(self, **settings: str) -> None:
        """Other settings, without their prefix, for what is started from now on."""
        self._environment |= {f"PORTEVOIX_{name}": value for name, value in settings.items()}

    def skew(self, seconds: int) -> None:
        """The clock of the machine of what is started from now on is so far ahead; time passes there as everywhere."""
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))  # Debian's libfaketime
        self._environment |= {
            "LD_PRELOAD": str(library),
            "FAKETIME": f"{seconds:+d}s",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def again(self) -> "Program":
        """Another process of the same code with the same settings, in the same folder."""
        other = Program({name: value for name, value in self._environment.items() if name.startswith("PORTEVOIX_")})
        other._home, other.root, other.forked = self._home, self.root, self.forked
        return other

    @property
    def folder(self) -> Path:
        return Path(self._environment["PORTEVOIX_DATA_DIR"])

    @property
    def store_url(self) -> str:
        return self._environment["PORTEVOIX_DATABASE_URL"] or f"sqlite:///{self.folder / 'porte-voix.sqlite3'}"

    def store(self, vault: Vault | None = None) -> Database:
        """Its store, at the program's version; whoever opens it closes it."""
        migrate(self.store_url)
        return Database(self.store_url, vault)

    def ask(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows that a statement gives, behind the program's back."""
        return ask(self.store_url, statement, **values)

    @property
    def vault(self) -> Vault:
        """The program's own, for a test that fills its store."""
        return vault_for(Settings(_env_file=None, data_dir=self.folder))  # type: ignore[call-arg]

    @property
    def token(self) -> str:
        return self._environment["PORTEVOIX_BOT_TOKEN"]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self._environment['PORTEVOIX_PORT']}"

    async def start(self, *arguments: str) -> None:
        """Start in the background; `run` unless told otherwise."""
        command = arguments or ("run",)
        if self._can_be_forked:
            self._process, self._printed = await self._fork(*command)
        else:
            self._process = await self._spawn(*command)
            self._printed = self._process.stdout
        if not arguments:
            await self.line("runs at")

    async def call(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end: its exit code and all that it printed."""
        if self._can_be_forked:
            return await forks().call(arguments, self._environment, self._home)
        process = await self._spawn(*arguments)
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    @property
    def _can_be_forked(self) -> bool:
        return self.forked and self.root == ROOT and forks().fit(self._environment)

    async def _fork(self, *arguments: str) -> tuple[Fork, asyncio.StreamReader]:
        reading, writing = os.pipe()
        try:
            printed = asyncio.StreamReader()
            protocol = asyncio.StreamReaderProtocol(printed)
            await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(reading, "rb", 0))
            return await forks().start(arguments, self._environment, self._home, writing), printed
        finally:
            os.close(writing)

    async def _spawn(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            str(self.root / "run_bot.py"),
            *arguments,
            cwd=self._home,  # so that nobody's .env is read
            env={**self._environment, "PYTHONPATH": str(self.root)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def line(self, pattern: str) -> str:
        """The next line of output that holds the pattern; fails with all lines where it does not come."""
        assert self._printed is not None
        try:
            async with asyncio.timeout(PATIENCE):
                while raw := await self._printed.readline():
                    self._lines.append(raw.decode().rstrip())
                    if re.search(pattern, self._lines[-1]):
                        return self._lines[-1]
        except TimeoutError:
            pass
        raise AssertionError(f"no line with “{pattern}” in:\n" + "\n".join(self._lines))

    async def said(self, pattern: str) -> str:
        """The first line that holds the pattern, of those that came or come; fails as `line` does."""
        return next((line for line in self._lines if re.search(pattern, line)), None) or await self.line(pattern)

    async def kill(self) -> None:
        """kill -9: no handler runs, nothing is flushed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    def signal(self, number: int) -> None:
        """Such as SIGSTOP."""
        assert self._process is not None
        self._process.send_signal(number)

    async def terminate(self) -> None:
        """SIGTERM, as a service manager sends it; `ended` waits."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """Its exit code, when it has ended."""
        assert self._process is not None and self._printed is not None
        async with asyncio.timeout(PATIENCE):
            rest = await self._printed.read()
            code = await self._process.wait()
        self._lines += rest.decode().splitlines()
        return code

    async def stop(self) -> int:
        if self._process is None or self._process.returncode is not None:
            return 0
        await self.terminate()
        return await self.ended()

    @property
    def output(self) -> str:
        return "\n".join(self._lines)
