"""One process of the program, as `run_bot.py run --role …` starts it; what it says is kept in a file."""

import asyncio
import itertools
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOOK = 0.05  # seconds between two looks at what it says
PATIENCE = 120.0  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(holds: Callable[[], Awaitable[bool]], within: float = PATIENCE) -> float:
    """The moment when something was first seen to hold; TimeoutError where it does not within so many seconds."""
    async with asyncio.timeout(within):
        for _look in itertools.count():
            if await holds():
                break
            await asyncio.sleep(LOOK)
    return time.monotonic()


class Member:
    """`inside` is what a command begins with to run elsewhere, such as in a network of its own."""

    def __init__(
        self, folder: Path, name: str, roles: Sequence[str], settings: Mapping[str, str], inside: Sequence[str] = ()
    ) -> None:
        self.name = name
        self._command = [*inside, sys.executable, str(ROOT / "run_bot.py"), "run"]
        self._command += [part for role in roles for part in ("--role", role)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTEVOIX_")}
        self._environment = {**clean, **settings, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
        self._folder, self._file = folder, folder / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Runs when this returns."""
        before = self.said
        with self._file.open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._folder,  # so that nobody's .env is read
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        await self.line("Porte-voix runs", after=before)

    @property
    def said(self) -> int:
        """How many bytes it has said until now."""
        return self._file.stat().st_size if self._file.exists() else 0

    async def line(self, pattern: str, *, after: int = 0) -> float:
        """The moment when it has said a line with the pattern, behind so many bytes."""

        async def there() -> bool:
            return re.search(pattern, self._text(after)) is not None

        try:
            return await until(there)
        except TimeoutError:
            raise RuntimeError(f"{self.name} never said “{pattern}”; it said: {self._text(after)[-3000:]}") from None

    def _text(self, after: int = 0) -> str:
        return self._file.read_bytes()[after:].decode(errors="replace")

    def pause(self) -> None:
        """Nothing moves in it any more, and nobody is told."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    async def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """SIGTERM, where it still runs; raises where it does not end in good order."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(PATIENCE):
                code = await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise RuntimeError(f"{self.name} did not stop; it said: {self._text()[-3000:]}") from None
        if code:
            raise RuntimeError(f"{self.name} ended with {code}; it said: {self._text()[-3000:]}")
