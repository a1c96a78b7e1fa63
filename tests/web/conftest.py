"""Two rival campaigns on one installation, and a browser to visit them with."""

import io
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from PIL import Image
from pydantic import SecretStr

from bot.visit import House
from campaigns import engagement, installation, posts, share_links, supporters
from campaigns.database import Database
from campaigns.media import NewPicture
from campaigns.models import Campaign, Channel, Kind, Organizer, Post, Purpose, Role, ShareLink, Supporter
from campaigns.posts import NewPost
from campaigns.settings import Settings
from campaigns.vault import Vault
from commands.works import files_of
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer
from schedules.file_making import FileMaking
from schedules.timetable import Timetable
from web import create_app

KEY = "a key of the tests"
VAULT = Vault(KEY)
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)  # 12:00 in Paris
PASSWORD = "correct horse battery"
HUMAN = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
X_SETTINGS = dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "k")


@dataclass
class FakeClock:
    """Stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class World:
    """What the tests know of an installation."""

    database: Database
    settings: Settings
    clock: FakeClock
    orne: Campaign = field(default=None)  # type: ignore[assignment]
    caux: Campaign = field(default=None)  # type: ignore[assignment]
    editor: Organizer = field(default=None)  # type: ignore[assignment]
    channels: list[Channel] = field(default_factory=list)
    post: Post = field(default=None)  # type: ignore[assignment]
    rival_post: Post = field(default=None)  # type: ignore[assignment]
    supporter: Supporter = field(default=None)  # type: ignore[assignment]
    link: ShareLink = field(default=None)  # type: ignore[assignment]

    def app(self, **changes: Any) -> FastAPI:
        given: dict[str, Any] = {
            "database": self.database,
            "settings": self.settings,
            "clock": self.clock,
            "secret_key": KEY,
            "bot_username": "orne_bot",
        }
        return create_app(**(given | changes))

    async def visits(self) -> int:
        return (await self.counts())[Kind.visit]

    async def counts(self) -> dict[Kind, int]:
        async with self.database.read() as session:
            return await engagement.counts_of_campaign(session, self.orne.id)

    async def add_post(self, title: str = "Une publication", *, due: datetime | None = None, **fields: Any) -> Post:
        """A post of the first campaign whose moment is `due`, or was an hour ago."""
        given: dict[str, Any] = {"text": f"Texte de {title}", "share_kit": True} | fields
        async with self.database.write() as session:
            new = NewPost(title, publish_at=(self.clock.now + timedelta(hours=1)), **given)
            post = await posts.add_post(
                session, self.orne.id, new, media_dir=self.settings.media_dir, now=self.clock.now
            )
            post.publish_at = due or self.clock.now - timedelta(hours=1)
        return post


def picture(width: int = 200, height: int = 200, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (width, height), "#3377AA" if mode == "RGB" else 128).save(file, kind)
    return file.getvalue()


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> Iterator[None]:
    """Argon2 is slow on purpose; these passwords protect nobody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installation, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
async def world(tmp_path: Path, store_url: str) -> AsyncIterator[World]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=tmp_path,
        database_url=store_url,
        public_url="http://site.test",
    )
    built = World(Database(settings.store_url, VAULT), settings, FakeClock())
    await _fill(built)
    yield built
    await built.database.close()


async def _fill(world: World) -> None:
    now = world.clock.now
    async with world.database.write() as session:
        world.orne = await installation.add_campaign(
            session,
            Campaign(slug="orne", name="Des trains pour l’Orne", slogan="Nos gares, notre vie", hashtag="Orne"),
            now,
        )
        world.caux = await installation.add_campaign(
            session, Campaign(slug="caux", name="Caux en commun", slogan="Le large pour tous"), now
        )
        world.channels = [
            await installation.add_channel(session, world.orne.id, "telegram", "Canal", {"chat_id": "1"}),
            await installation.add_channel(session, world.orne.id, "x", "Compte", X_SETTINGS),
        ]
        world.editor = await installation.add_organizer(
            session, world.orne.id, "editor@example.org", "Camille", PASSWORD, Role.editor, now
        )
        await installation.add_organizer(
            session, world.orne.id, "viewer@example.org", "Dominique", PASSWORD, Role.viewer, now
        )
        await installation.add_organizer(
            session, world.caux.id, "rival@example.org", "Claude", PASSWORD, Role.admin, now
        )
        rival = NewPost("Rivale", "Secret de Caux", publish_at=now, share_kit=True)
        world.rival_post = await posts.add_post(
            session, world.caux.id, rival, media_dir=world.settings.media_dir, now=now
        )
        joining = supporters.Joining(world.orne.id, 7, "Zoé", "fr", frozenset({Purpose.contact, Purpose.counting}), now)
        world.supporter, _place = await supporters.join(session, joining)
    world.post = await world.add_post(
        "Signez la pétition",
        text="Une ligne <b>fermée</b> & trois villages.",
        link="https://example.org/petition?a=1&b=2",
        channels=tuple(world.channels),
        pictures=(NewPicture("train.jpg", picture(1200, 630), "Un train à quai"),),
    )
    async with world.database.write() as session:
        world.link = await share_links.link_for(session, world.post, world.supporter, world.settings.site_url, now)


@pytest.fixture
def networks(world: Any, sandbox: SandboxClient, sandbox_server: SandboxServer) -> SandboxServer:
    """The stand-ins, where the world's bot is at home."""
    world.settings.bot_token = SecretStr(DEMO_TOKEN)
    world.settings.telegram_base_url = f"{sandbox_server.url}/telegram"
    return sandbox_server


@pytest.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor who reads English."""
    async with visitor(world.app()) as client:
        yield client


def visitor(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://site.test",
        headers={"user-agent": HUMAN, "accept-language": "en"} | headers,
    )


@pytest.fixture
async def maker(world: World) -> AsyncIterator[FileMaking]:
    """What makes files in the background, at work in this process as in an installation of one process."""
    making = files_of(House(world.database, world.settings, world.clock))
    timetable = Timetable([making])
    timetable.start()
    yield making
    await timetable.stop()
    await making.stop()


@pytest.fixture
def visit(world: World) -> Callable[..., httpx.AsyncClient]:
    """Another visitor, or an app that was changed."""

    def start(app: FastAPI | None = None, **headers: str) -> httpx.AsyncClient:
        return visitor(app or world.app(), **headers)

    return start


@pytest.fixture
async def served(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The same installation behind a real server and a real socket, with a store of its own loop."""
    with serve(world.app(database=Database(world.settings.store_url, VAULT))) as address:
        headers = {"user-agent": HUMAN, "accept-language": "en"}
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
            yield client


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """The address of an app behind a server of its own, in a thread."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # from here on a client waits instead of being refused
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)


def token_in(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.fixture
def csrf() -> Callable[[str], str]:
    return token_in


@pytest.fixture
def picture_of() -> Callable[..., bytes]:
    return picture


@pytest.fixture
def enter(browser: httpx.AsyncClient) -> Callable[..., Any]:
    """Log in; gives the token that the session's forms carry."""

    async def log_in(email: str = "editor@example.org", client: httpx.AsyncClient | None = None) -> str:
        client = client or browser
        token = token_in((await client.get("/console/login")).text)
        answer = await client.post("/console/login", data={"csrf": token, "email": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        page = await client.get("/console", follow_redirects=True)
        return token_in(page.text)

    return log_in
