"""A sandbox in a process of its own, and the real libraries talking to it."""

import io
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import telegram
import tweepy
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount
from telegram.request import HTTPXRequest

from sandbox.app import create_sandbox
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS, DEMO_TOKEN
from sandbox.server import SandboxServer

CHANNEL = -1001234567890
AMINA = 500_001
ACCOUNT = DEMO_ACCOUNTS[0]
KEYS = {
    "consumer_key": ACCOUNT.consumer_key,
    "consumer_secret": ACCOUNT.consumer_secret,
    "access_token": ACCOUNT.access_token,
    "access_token_secret": ACCOUNT.access_token_secret,
}


def picture(width: int = 600, height: int = 400, kind: str = "PNG", color: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, kind)
    return out.getvalue()


class XSession(requests.Session):
    """Sends what is meant for X to the sandbox. The address changes before it is signed, so the signature fits it."""

    def __init__(self, x: str, timeout: float = 10) -> None:
        super().__init__()
        self.x, self.seconds = x, timeout
        self.trust_env = False

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        for host in ("https://api.twitter.com", "https://api.x.com"):
            url = url.replace(host, self.x)
        kwargs["timeout"] = self.seconds
        return super().request(method, url, *args, **kwargs)


def x_client(x: str, timeout: float = 10, **keys: str) -> tweepy.Client:
    client = tweepy.Client(**KEYS | keys)
    client.session = XSession(x, timeout)
    return client


def telegram_bot(server: SandboxServer, token: str = DEMO_TOKEN) -> telegram.Bot:
    empty = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading all certificates for every bot takes longer than a test
    request = HTTPXRequest(read_timeout=5, httpx_kwargs={"trust_env": False, "verify": empty})
    return telegram.Bot(token, server.telegram, server.telegram_files, request=request, get_updates_request=request)


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
async def sandbox(server: SandboxServer) -> AsyncIterator[SandboxClient]:
    async with server.client() as client:
        await client.reset()
        yield client


@pytest.fixture
async def bot(server: SandboxServer, sandbox: SandboxClient) -> AsyncIterator[telegram.Bot]:
    async with telegram_bot(server) as made:
        yield made


@pytest.fixture
async def amina(sandbox: SandboxClient, bot: telegram.Bot) -> int:
    """Amina, who has started the bot; the bot has already heard of it."""
    await sandbox.start(AMINA)
    for update in await bot.get_updates():
        await bot.get_updates(offset=update.update_id + 1)
    return AMINA


@pytest.fixture
def x(server: SandboxServer, sandbox: SandboxClient) -> tweepy.Client:
    return x_client(server.x)


@dataclass
class Clock:
    """The time, which tests move."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Mounted:
    """A sandbox under /sandbox of another app, in this process, with a clock that tests move."""

    url: str
    clock: Clock

    telegram = property(lambda self: f"{self.url}/telegram/bot")
    telegram_files = property(lambda self: f"{self.url}/telegram/file/bot")
    x = property(lambda self: f"{self.url}/x")


@pytest.fixture
def mounted() -> Iterator[Mounted]:
    clock = Clock()
    box = create_sandbox(clock=clock, home_links=[("La console", "Écrire et programmer", "/console")])
    config = uvicorn.Config(Starlette(routes=[Mount("/sandbox", box)]), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    ready = threading.Event()
    start = server.startup

    async def startup(sockets: Any = None) -> None:
        await start(sockets)
        ready.set()

    server.startup = startup  # type: ignore[method-assign]
    thread.start()
    assert ready.wait(10)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Mounted(f"http://127.0.0.1:{port}/sandbox", clock)
    server.should_exit = True
    server.servers[0].get_loop().call_soon_threadsafe(box.close)
    thread.join(10)
    assert not thread.is_alive()
