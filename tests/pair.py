"""Two processes that each serve the pages and hear the bot's updates, on one PostgreSQL, behind nginx or another front."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from campaigns.database import Database
from campaigns.vault import Vault
from sandbox.defaults import DEMO_TOKEN
from tests.conftest import free_port
from tests.nginx import Nginx
from tests.program import Program

KEY = "the key of both"
ROLES = ("run", "--role", "web", "--role", "bot")


class Pair:
    """`site` is where Telegram and visitors come; `processes` may be killed and started again."""

    def __init__(self, folder: Path, store_url: str, telegram: str, site: str, ports: tuple[int, int]) -> None:
        self.site, self.ports = site, ports
        self.database = Database(store_url, Vault(KEY))
        self.processes = [self._process(folder / f"data-{port}", port, store_url, telegram) for port in ports]

    def _process(self, folder: Path, port: int, store_url: str, telegram: str) -> Program:
        """Each has a folder of its own, as on another machine."""
        folder.mkdir()
        settings: Mapping[str, str] = {
            "DATABASE_URL": store_url,
            "SECRET_KEY": KEY,
            "BOT_TOKEN": DEMO_TOKEN,
            "BOT_UPDATES": "webhook",
            "TELEGRAM_BASE_URL": telegram,
            "PUBLIC_URL": self.site,
            "DATA_DIR": str(folder),
            "PORT": str(port),
        }
        return Program({f"PORTEVOIX_{name}": value for name, value in settings.items()})

    async def start(self) -> None:
        """Both serve, and the bot of both begins."""
        for process in self.processes:
            await process.start(*ROLES)
        for process in self.processes:
            await process.line("runs at")

    async def stop(self) -> None:
        await asyncio.gather(*(process.stop() for process in self.processes))
        await self.database.close()


@asynccontextmanager
async def behind_nginx(folder: Path, store_url: str, telegram: str) -> AsyncIterator[tuple[Pair, Nginx]]:
    """Neither has been started yet; nginx has."""
    ports = free_port(), free_port()
    nginx = Nginx(folder / "nginx", free_port(), free_port(), *ports, tls=False)
    pair = Pair(folder, store_url, telegram, nginx.site, ports)
    await nginx.start()
    try:
        yield pair, nginx
    finally:
        await pair.stop()
        await nginx.stop()
