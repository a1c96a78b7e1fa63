"""The whole of docs/deploy as real processes: nginx, pages with the bot in them, workers and clocks on one PostgreSQL.

Each process has a folder of its own, as on another machine; pictures lie in a bucket, and Telegram comes through nginx.
"""

import re
from pathlib import Path

import httpx

from campaigns.database import Database
from campaigns.vault import Vault
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer
from tests.bucket import KEY, SECRET, Storage
from tests.conftest import free_port
from tests.nginx import Nginx
from tests.program import Program
from tests.stores import ask
from tests.test_story import BROWSER, Browser

SECRET_KEY = "the key of all of them"


class Deployment:
    """`async with Deployment(…) as deployed`; `await deployed.start("worker")` gives a process that runs."""

    def __init__(self, folder: Path, store_url: str, storage: Storage) -> None:
        self._folder, self.store_url, self._storage = folder, store_url, storage
        self._ports = (free_port(), free_port())  # of the pages, as nginx has them
        self.nginx = Nginx(folder / "nginx", free_port(), free_port(), *self._ports)
        self._telegram = SandboxServer(authority=self.nginx.authority)
        self._processes: list[Program] = []

    async def __aenter__(self) -> "Deployment":
        self._telegram.start()
        self.sandbox: SandboxClient = self._telegram.client()
        self.sandbox.patience = 60.0  # seconds: eight processes share a machine
        await self.sandbox.rates(unlimited=True)
        self.database = Database(self.store_url, Vault(SECRET_KEY))
        await self.nginx.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self._processes:
            await process.stop()
        await self.nginx.stop()
        await self.database.close()
        await self.sandbox.close()
        self._telegram.stop()

    def another(self, port: int = 0) -> Program:
        """A process that is not started yet."""
        (folder := self._folder / f"machine-{len(self._processes)}").mkdir()
        settings = {
            "DATA_DIR": str(folder),
            "PORT": str(port or free_port()),
            "DATABASE_URL": self.store_url,
            "SECRET_KEY": SECRET_KEY,
            "PUBLIC_URL": self.nginx.site,
            "BOT_TOKEN": DEMO_TOKEN,
            "BOT_UPDATES": "webhook",
            "TELEGRAM_BASE_URL": f"{self._telegram.url}/telegram",
            "MEDIA_URL": self._storage.url,
            "MEDIA_KEY": KEY,
            "MEDIA_SECRET": SECRET,
        }
        self._processes.append(Program({f"PORTEVOIX_{name}": value for name, value in settings.items()}))
        return self._processes[-1]

    async def start(self, role: str, number: int = 0) -> Program:
        """Of "web", number 0 or 1 by its place in nginx.conf."""
        process = self.another(self._ports[number] if role == "web" else 0)
        roles = ("--role", "web", "--role", "bot") if role == "web" else ("--role", role)
        await process.start("run", *roles)
        await process.line("Porte-voix runs")
        return process

    def browser(self, agent: str = BROWSER) -> Browser:
        return Browser(self.nginx.site, agent, transport=self.nginx.way())

    async def fetch(self, address: str, agent: str) -> httpx.Response:
        """What somebody's browser gets."""
        async with self.browser(agent) as visitor:
            return await visitor.get(address)

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        return ask(self.store_url, statement)

    def asked(self, path: str) -> list[tuple[int, list[int]]]:
        """Of each request for such a path: its status, and which of the two pages (0, 1) were asked one behind the other."""
        found = [(status, by) for _, asked, status, by in self.nginx.answered() if re.fullmatch(path, asked)]
        return [(status, [self._ports.index(port) for port in by]) for status, by in found]

    @property
    def output(self) -> str:
        """Of all processes."""
        return "\n".join(process.output for process in self._processes)
