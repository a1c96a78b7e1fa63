"""A sandbox in a process of its own, for tests."""

import os
import selectors
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from sandbox.client import SandboxClient

ROOT = Path(__file__).parent.parent
START_TIMEOUT = 30.0  # seconds: a loaded machine takes long to import


class SandboxNotStarted(RuntimeError):
    """The sandbox did not say its address"""


class SandboxServer:
    """`with SandboxServer() as sandbox: sandbox.url`; a store makes `kill()` and `start()` again possible."""

    def __init__(
        self,
        *,
        store: Path | None = None,
        bots: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        authority: Path | None = None,
    ) -> None:
        self.store, self.bots, self.host, self.port, self.authority = store, dict(bots or {}), host, port, authority
        self.url = ""
        self.smtp_port = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> "SandboxServer":
        """Start the process and wait for its address; raises SandboxNotStarted."""
        command = [sys.executable, "-m", "sandbox", "--host", self.host]
        command += ["--port", str(self.port), "--smtp-port", str(self.smtp_port)]
        command += ["--store", str(self.store)] if self.store else []
        command += ["--authority", str(self.authority)] if self.authority else []
        for token, username in self.bots.items():
            command += ["--bot-token", f"{token}={username}"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603
        self.url, smtp = self._addresses(self._process)
        # A restart comes back at the same addresses.
        self.port, self.smtp_port = (int(each.rpartition(":")[2]) for each in (self.url, smtp))
        return self

    def _addresses(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        output = process.stdout
        if output is not None:
            with selectors.DefaultSelector() as selector:
                selector.register(output, selectors.EVENT_READ)
                if selector.select(START_TIMEOUT) and (line := output.readline().strip()):
                    return line, output.readline().strip()  # both are written at once
        self.kill()
        raise SandboxNotStarted("The sandbox did not say its address; its own error is above.")

    def stop(self) -> None:
        """Ask it to stop, and wait."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    @property
    def telegram(self) -> str:
        """The base_url for python-telegram-bot, to which it adds the token."""
        return f"{self.url}/telegram/bot"

    @property
    def telegram_files(self) -> str:
        """The base_file_url for python-telegram-bot."""
        return f"{self.url}/telegram/file/bot"

    @property
    def x(self) -> str:
        """What stands for https://api.x.com."""
        return f"{self.url}/x"

    @property
    def facebook(self) -> str:
        """What stands for https://graph.facebook.com, without a version."""
        return f"{self.url}/facebook"

    @property
    def mastodon(self) -> str:
        """What stands for the address of a Mastodon server."""
        return f"{self.url}/mastodon"

    @property
    def bluesky(self) -> str:
        """What stands for https://bsky.social."""
        return f"{self.url}/bluesky"

    def client(self) -> SandboxClient:
        """A client for the control API; close it, or use it with `async with`."""
        return SandboxClient(self.url)

    def __enter__(self) -> "SandboxServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
