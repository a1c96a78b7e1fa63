"""The real bot in the test's own loop, on the stand-in for Telegram; people who talk with it; what the tables then hold."""

import io
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlmodel import SQLModel, select
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot import polling
from bot.visit import House
from campaigns import engagement, installation, leaders, posts, supporters
from campaigns.consents import has_consent
from campaigns.database import Database
from campaigns.installation import add_campaign, add_territory
from campaigns.models import Campaign, Kind, Organizer, Post, Purpose, Role, Supporter, Territory
from campaigns.posts import NewPost
from campaigns.settings import Settings, read_settings
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer
from tests.bot.lives import BroughtLife, Front, Life
from tests.conftest import FakeClock
from web import create_app, telegram_updates

SITE = "https://exemple.fr"
BOTH = frozenset({Purpose.contact, Purpose.counting})
Json = dict[str, Any]


@dataclass
class Reply:
    """What the bot did upon one act of a person: new messages, and the answer to a tap."""

    messages: list[Json]
    answer: Json = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What was written, with plain spaces where French typography has narrow ones."""
        return "\n".join(written(m) for m in self.messages)

    @property
    def toast(self) -> str:
        return plain(self.answer.get("text") or "")

    @property
    def buttons(self) -> dict[str, str]:
        """Label -> what stands behind it, of the last message that has buttons."""
        return labels(next((m for m in reversed(self.messages) if "reply_markup" in m), {}))


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def written(message: Json) -> str:
    return plain(message.get("text") or message.get("caption") or "")


def labels(message: Json) -> dict[str, str]:
    rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
    return {b["text"]: b.get("callback_data") or b.get("url") or "" for row in rows for b in row}


class Person:
    """Somebody in the chat with the bot. Each act returns when the bot has handled it."""

    def __init__(self, sandbox: SandboxClient, person_id: int, name: str) -> None:
        self.sandbox, self.id, self.name = sandbox, person_id, name

    async def _reply(self, act: Awaitable[Any]) -> Reply:
        before = await self.messages()
        last = before[-1]["message_id"] if before else 0
        await act
        await self.sandbox.updates_taken()
        return Reply([m for m in await self.messages() if m["message_id"] > last and m["from"]["is_bot"]])

    async def messages(self) -> list[Json]:
        return list((await self.sandbox.chat(self.id))["messages"])

    async def start(self, payload: str = "") -> Reply:
        return await self._reply(self.sandbox.start(self.id, payload))

    async def say(self, text: str) -> Reply:
        return await self._reply(self.sandbox.say(self.id, text))

    async def send(self, picture: bytes) -> Reply:
        return await self._reply(self.sandbox.send_photo(self.id, picture))

    async def send_file(self, content: bytes, name: str, mime: str) -> Reply:
        return await self._reply(self.sandbox.send_document(self.id, content, name, mime))

    async def do(self, act: Callable[[int], Awaitable[Any]]) -> Reply:
        """Any other act of the stand-in's client, such as `sandbox.send_sticker`."""
        return await self._reply(act(self.id))

    async def find(self, data: str) -> tuple[int, str]:
        """The newest button whose data begins so: its message and its data."""
        for message in reversed(await self.messages()):
            for behind in labels(message).values():
                if behind.startswith(data):
                    return message["message_id"], behind
        raise AssertionError(f"{self.name} has no button {data!r}")

    async def tap(self, data: str, at: tuple[int, str] | None = None) -> Reply:
        """Tap the newest button whose data begins so, or one that was found before."""
        message_id, behind = at or await self.find(data)
        tapped: Json = {}

        async def act() -> None:
            tapped.update(await self.sandbox.tap(self.id, message_id, behind))

        reply = await self._reply(act())
        return Reply(reply.messages, tapped["answer"])

    async def message(self, message_id: int) -> Json:
        return next(m for m in await self.messages() if m["message_id"] == message_id)

    async def pick(self, name: str) -> Reply:
        """Turn the frames until the one of this name is shown, and take it."""
        message_id, _ = await self.find("badge:frame")
        for _ in range(30):
            if name in written(await self.message(message_id)):
                return await self.tap("badge:frame")
            arrow = labels(await self.message(message_id))["▶"]
            await self.tap(arrow, (message_id, arrow))
        raise AssertionError(f"{self.name} is offered no frame {name!r}")

    async def see_badge(self, photo: bytes, frame: str = "Anneau", name: str = "badge:name:none") -> Reply:
        """The badge to look at, of a photo, a frame and a name (or the button for one)."""
        await self.send(photo)
        await self.pick(frame)
        return await (self.tap(name) if name.startswith("badge:") else self.say(name))

    async def join(self, payload: str = "", *, counting: bool = True, ranking: bool = False) -> Reply:
        """Say yes to a campaign; gives the welcome, or the question of where one is."""
        await self.start(payload)
        await self.tap("join:contact:yes")
        said = await self.tap(f"join:counting:{'yes' if counting else 'no'}")
        return await self.tap(f"join:ranking:{'yes' if ranking else 'no'}") if counting else said


@pytest.fixture
def updates(request: pytest.FixtureRequest) -> str:
    """How the bot hears Telegram. A test may name it; else it is what the run is about."""
    return str(request.config.getoption("--updates"))


@pytest.fixture
def settings(tmp_path: Path, sandbox_server: SandboxServer, updates: str) -> Settings:
    return read_settings(
        _env_file=None,
        data_dir=tmp_path,
        bot_token=DEMO_TOKEN,
        telegram_base_url=sandbox_server.url + "/telegram",
        public_url=SITE,
        bot_updates=updates,
        secret_key="a key of the tests",
    )


@pytest.fixture
def house(database: Database, settings: Settings, clock: FakeClock) -> House:
    return House(database, settings, clock)


@pytest.fixture
async def life(
    house: House, sandbox: SandboxClient, updates: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Life]:
    """The bot, running."""
    monkeypatch.setattr(polling, "PAUSE", 0.02)
    monkeypatch.setattr(telegram_updates, "AGAIN", {"Retry-After": "0.02"})
    # Loopback speaks plain HTTP; to read all certificates for every bot takes as long as a dialogue.
    empty = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: empty)
    async with AsyncExitStack() as stack:
        if updates == "webhook":
            made: Life = BroughtLife(house, await stack.enter_async_context(Front().running()))
        else:
            made = Life(house)
        await made.start()
        yield made
        await made.stop()


@pytest.fixture
def person(sandbox: SandboxClient) -> Callable[..., Awaitable[Person]]:
    async def make(name: str = "Zoé", language: str = "fr", **more: str) -> Person:
        return Person(sandbox, await sandbox.person(name, language_code=language, **more), name)

    return make


@pytest.fixture
async def zoe(person: Callable[..., Awaitable[Person]], life: Life, campaign: Campaign) -> Person:
    """She speaks French, and has not met the bot, which speaks for one campaign."""
    return await person("Zoé")


@pytest.fixture
async def rival(database: Database, clock: FakeClock) -> Campaign:
    """Another list on the same installation."""
    async with database.write() as session:
        return await add_campaign(
            session, Campaign(slug="rivale", name="La Rivale", slogan="Tout autre chose"), clock()
        )


@pytest.fixture
def add(database: Database, campaign: Campaign, settings: Settings, clock: FakeClock) -> Callable[..., Awaitable[Post]]:
    """Queue a post with a share kit; out now unless told otherwise."""

    async def make(title: str = "Signez !", text: str = "Le train, c’est maintenant.", **more: Any) -> Post:
        given = {"publish_at": clock(), "share_kit": True, "link": "https://exemple.fr/petition", "timezone": "UTC"}
        campaign_id = more.pop("campaign_id", campaign.id)
        async with database.write() as session:
            new = NewPost(title, text, **(given | more))
            return await posts.add_post(session, campaign_id, new, media_dir=settings.media_dir, now=clock())

    return make


@pytest.fixture
def territories(database: Database, campaign: Campaign) -> Callable[..., Awaitable[list[Territory]]]:
    async def make(*names: str, campaign_id: int = campaign.id) -> list[Territory]:
        async with database.write() as session:
            return [await add_territory(session, campaign_id, name) for name in names]

    return make


@pytest.fixture
def invite(database: Database, clock: FakeClock) -> Callable[..., Awaitable[str]]:
    """Make a referent's place; gives the payload of its link."""

    async def make(territory: Territory, **more: Any) -> str:
        async with database.write() as session:
            return f"l-{(await leaders.appoint(session, territory, clock(), **more)).link_code}"

    return make


@pytest.fixture
def lead(
    person: Callable[..., Awaitable[Person]], life: Life, invite: Callable[..., Awaitable[str]]
) -> Callable[..., Awaitable[Person]]:
    """Somebody who joined by a referent's link, and took the place."""

    async def take(name: str, territory: Territory, language: str = "fr", **more: Any) -> Person:
        someone = await person(name, language)
        await someone.join(await invite(territory, **more))
        await someone.tap("leader:yes:")
        return someone

    return take


@pytest.fixture
def organize(
    database: Database, campaign: Campaign, clock: FakeClock, life: Life
) -> Callable[..., Awaitable[Organizer]]:
    """Give somebody in the chat a role in the campaign."""

    async def link(who: Person, role: Role, campaign_id: int = campaign.id) -> Organizer:
        async with database.write() as session:
            email = f"o{who.id}@exemple.fr"
            made = await installation.add_organizer(session, campaign_id, email, who.name, "un mot de passe", role, clock())  # fmt: skip
            code = await installation.make_link_code(session, email)
        await who.start(f"o-{code}")
        return made

    return link


@dataclass
class Books:
    """What the tables hold."""

    database: Database
    campaign: Campaign

    async def everything(self) -> str:
        """Every row of every table, as text; but not what is of nobody: the bot's own beat, and an update's bare number."""
        tables = [table for table in SQLModel.metadata.sorted_tables if table.name != "heartbeat"]
        async with self.database.read() as session:
            rows = [(t.name, row) for t in tables for row in (await session.execute(select(t))).all()]
        return "\n".join(repr(row) for name, row in rows if name != "bot_update" or row.chat is not None)

    async def supporter(self, person: Person) -> Supporter | None:
        async with self.database.read() as session:
            return await supporters.find_supporter(session, person.id)

    async def place(self, person: Person, campaign: Campaign | None = None) -> Any:
        """The person's Participation."""
        known = await self.supporter(person)
        if known is None:
            return None
        async with self.database.read() as session:
            return await supporters.participation(session, known.id, (campaign or self.campaign).id)

    async def agreed(self, person: Person, campaign: Campaign | None = None) -> set[Purpose]:
        known = await self.supporter(person)
        if known is None:
            return set()
        async with self.database.read() as session:
            where = (session, known.id, (campaign or self.campaign).id)
            return {purpose for purpose in Purpose if await has_consent(*where, purpose)}

    async def count(self, person: Person, kind: Kind) -> int:
        known = await self.supporter(person)
        assert known is not None
        async with self.database.read() as session:
            return (await engagement.counts_of(session, known.id, self.campaign.id))[kind]

    async def count_of_all(self, kind: Kind) -> int:
        async with self.database.read() as session:
            return (await engagement.counts_of_campaign(session, self.campaign.id))[kind]


@pytest.fixture
def books(database: Database, campaign: Campaign) -> Books:
    return Books(database, campaign)


def saved(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="session")
def small(portrait: bytes) -> bytes:
    """The portrait as a chat sends it: smaller, and quick to render."""
    with Image.open(io.BytesIO(portrait)) as picture:
        picture.thumbnail((320, 320))
        return saved(picture, "JPEG")


@pytest.fixture
def tap_often(life: Life, sandbox: SandboxClient) -> Callable[[Person, str, int], Awaitable[None]]:
    """Tap one button again and again, faster than the bot answers: its taps lie ready when the bot starts."""

    async def tap(who: Person, data: str, times: int) -> None:
        at = await who.find(data)
        await life.stop()
        for _ in range(times):
            await sandbox.tap(who.id, *at, wait=False)
        await life.start()
        await sandbox.updates_taken()
        assert not any("Quelque chose n’a pas marché" in written(m) for m in await who.messages())

    return tap


@pytest.fixture
def hand_made(life: Life) -> Callable[[Person, str], Awaitable[Reply]]:
    """Tap a button that the bot never made, as a changed client can."""

    async def forge(who: Person, data: str) -> Reply:
        markup = InlineKeyboardMarkup([[InlineKeyboardButton("?", callback_data=data)]])
        sent = await life.runner.app.bot.send_message(who.id, "forged", reply_markup=markup)
        return await who.tap(data, (sent.message_id, data))

    return forge


@pytest.fixture
def team(database: Database, campaign: Campaign, clock: FakeClock) -> Any:
    from tests.bot.team import Team

    return Team(database, campaign, clock)


@pytest.fixture
async def follow(database, settings, clock):
    """Follow a button's address to where it leads."""
    site = create_app(database=database, settings=settings, clock=clock, secret_key="a key", bot_username=None)
    transport = httpx.ASGITransport(app=site)
    async with httpx.AsyncClient(transport=transport, base_url=SITE, headers={"user-agent": "Firefox/140"}) as client:

        async def go(address):
            answer = await client.get(address)
            return answer.headers["location"] if answer.is_redirect else answer.status_code

        yield go
