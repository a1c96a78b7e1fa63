"""Replicas of the program's web pages and bot on one store, each on a port of its own, behind an address that they share."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.app import BotRunner
from bot.visit import House
from campaigns.database import Database
from campaigns.settings import Settings
from campaigns.times import Clock
from campaigns.vault import Vault
from commands.serving import Server
from tests.conftest import free_port
from web import create_app
from web.site import Site

HEADER = "X-Telegram-Bot-Api-Secret-Token"


@asynccontextmanager
async def served(app: Any, port: int) -> AsyncIterator[str]:
    """An app on a port of this machine, for real."""
    server = Server(uvicorn.Config(app, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=5))
    started = asyncio.Event()
    startup = server.startup

    async def tell(**how: Any) -> None:
        await startup(**how)
        started.set()

    server.startup = tell  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve())
    await started.wait()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


class Replica:
    """One process of the program, as far as the bot's updates go: its pages, its bot, its own connections to the store."""

    def __init__(self, settings: Settings, store_url: str, clock: Clock) -> None:
        self.database = Database(store_url, Vault(settings.secret_key.get_secret_value()))
        self.runner = BotRunner(House(self.database, settings, clock))
        key = settings.secret_key.get_secret_value()
        self.app = create_app(database=self.database, settings=settings, clock=clock, secret_key=key, bot_username=None)
        self.site: Site = self.app.state.site
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Replica"]:
        async with served(self.app, self.port):
            self.site.take_update = self.runner.take
            await self.runner.start()
            yield self
            await self.runner.stop()
        await self.database.close()


@dataclass(frozen=True)
class Elsewhere:
    """One in a process of its own, as far as who brings updates cares."""

    url: str


@dataclass
class Brought:
    """One update on its way: to which replica, and what that one said."""

    path: str
    word: str
    update: dict[str, Any]
    replica: int
    status: int = 0


@dataclass
class Balancer:
    """The address that Telegram knows. Each update goes to the next replica, or to the one that `choose` names."""

    replicas: list[Any] = field(default_factory=list)  # Replica or Elsewhere
    brought: list[Brought] = field(default_factory=list)
    choose: Callable[[dict[str, Any]], int] | None = None
    lost: bool = False  # what a replica answered does not reach Telegram
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self._turns = itertools.count()
        self._answered = asyncio.Event()
        self._http = httpx.AsyncClient(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=200))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        update = json.loads(await request.body())
        number = self.choose(update) if self.choose else next(self._turns) % len(self.replicas)
        passed = Brought(request.url.path, request.headers.get(HEADER, ""), update, number)
        self.brought.append(passed)
        answer = await self.bring(passed, number)
        passed.status = answer.status_code
        self._answered.set()
        if self.lost:
            await Response(status_code=502)(scope, receive, send)
            return
        headers = {name: answer.headers[name] for name in ("retry-after",) if name in answer.headers}
        await Response(answer.content, answer.status_code, headers)(scope, receive, send)

    async def bring(self, brought: Brought, replica: int) -> httpx.Response:
        """Bring an update to a replica, perhaps once more."""
        url = self.replicas[replica].url + brought.path
        return await self._http.post(url, json=brought.update, headers={HEADER: brought.word})

    def forget(self) -> None:
        self.brought.clear()
        self._answered.clear()

    async def answered(self) -> None:
        """When the first was answered."""
        await self._answered.wait()

    async def close(self) -> None:
        await self._http.aclose()
