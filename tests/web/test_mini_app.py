"""The badge page inside of Telegram: signed by the bot's own token, framed by Telegram alone, sent to the chat."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import select

from campaigns import engagement
from campaigns.models import Kind, WallBadge
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer
from tests.web.conftest import picture
from web.mini_app import Unsigned, telegram_id_of

GOOD = {"frame": "ring", "name": "Zoé"}
PICTURE, SEND = "/c/orne/badge/picture", "/c/orne/badge/app/send"


def signed(person: int, at: Any, token: str = DEMO_TOKEN, **more: str) -> str:
    """What Telegram would put behind the # of the page's address, signed as its documentation says."""
    user = json.dumps({"id": person, "first_name": "Zoé", "language_code": "fr"})
    fields = {"query_id": "AAE", "user": user, "auth_date": str(int(at.timestamp())), "signature": "x"} | more
    key = hmac.digest(b"WebAppData", token.encode(), "sha256")
    lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    return urlencode(fields | {"hash": hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()})


@pytest.fixture
async def app(world: Any, visit: Any, sandbox_server: SandboxServer, sandbox: SandboxClient) -> Any:
    """A visitor of an installation whose bot lives on the stand-in."""
    world.settings.bot_token = SecretStr(DEMO_TOKEN)
    world.settings.telegram_base_url = f"{sandbox_server.url}/telegram"
    async with visit() as client:
        yield client


async def own_counts(world: Any) -> dict[Kind, int]:
    async with world.database.read() as session:
        return await engagement.counts_of(session, world.supporter.id, world.orne.id)


def photo() -> dict[str, Any]:
    return {"photo": ("me.jpg", picture(800, 800))}


async def test_only_telegram_may_frame_the_page_and_only_this_one(browser: httpx.AsyncClient) -> None:
    inside, outside = await browser.get("/c/orne/badge/app"), await browser.get("/c/orne/badge")
    assert "frame-ancestors https://web.telegram.org" in inside.headers["content-security-policy"]
    assert "x-frame-options" not in inside.headers
    assert "frame-ancestors 'none'" in outside.headers["content-security-policy"]
    assert outside.headers["x-frame-options"] == "DENY"
    for page in (inside, outside):
        assert "script-src 'self';" in page.headers["content-security-policy"]
    assert "data-app" in inside.text and "data-app" not in outside.text


def test_what_telegram_signed_names_the_person(world: Any) -> None:
    assert telegram_id_of(signed(7, world.clock()), DEMO_TOKEN, world.clock()) == 7


@pytest.mark.parametrize(
    "change",
    [
        lambda text, now: text.replace("AAE", "AAF"),  # a field was changed
        lambda text, now: text.replace("%22id%22%3A+7", "%22id%22%3A+8"),  # another person
        lambda text, now: text + "&user=%7B%22id%22%3A8%7D",  # a field twice
        lambda text, now: text.partition("&hash=")[0],
        lambda text, now: text.partition("&hash=")[0] + "&hash=" + "é" * 64,
        lambda text, now: signed(7, now, token="1:another"),  # another bot's
        lambda text, now: signed(7, now - timedelta(hours=7)),  # too old
        lambda text, now: signed(7, now + timedelta(hours=1)),  # not yet
        lambda text, now: signed(7, now, user="[]"),
        lambda text, now: signed(7, now, user="{}"),
        lambda text, now: signed(7, now, auth_date="soon"),
        lambda text, now: signed(7, now, auth_date="9" * 30),
        lambda text, now: "",
        lambda text, now: "x" * 9_000,
    ],
)
def test_anything_else_names_nobody(world: Any, change: Any) -> None:
    now = world.clock()
    with pytest.raises(Unsigned):
        telegram_id_of(change(signed(7, now), now), DEMO_TOKEN, now)


def test_without_a_bot_nothing_is_signed(world: Any) -> None:
    with pytest.raises(Unsigned):
        telegram_id_of(signed(7, world.clock(), token=""), "", world.clock())


async def test_a_badge_made_there_counts_for_the_supporter(world: Any, app: httpx.AsyncClient) -> None:
    data = GOOD | {"init_data": signed(world.supporter.telegram_id, world.clock())}
    assert (await app.post(PICTURE, data=data, files=photo())).status_code == 200
    assert (await own_counts(world))[Kind.badge_made] == 1
    stranger = GOOD | {"init_data": signed(987654, world.clock())}
    assert (await app.post(PICTURE, data=stranger, files=photo())).status_code == 200
    assert (await own_counts(world))[Kind.badge_made] == 1
    assert (await world.counts())[Kind.badge_made] == 2


async def test_forged_or_stale_data_is_said_and_counts_for_nobody(world: Any, app: httpx.AsyncClient) -> None:
    for init_data in ("user=7&hash=0", signed(world.supporter.telegram_id, world.clock() - timedelta(days=1))):
        answer = await app.post(PICTURE, data=GOOD | {"init_data": init_data}, files=photo())
        assert answer.status_code == 403 and "from the bot" in answer.json()["sentence"]
    assert (await world.counts())[Kind.badge_made] == 0


async def test_the_bot_sends_the_badge_to_the_chat_as_a_file(
    world: Any, app: httpx.AsyncClient, sandbox: SandboxClient
) -> None:
    person = await sandbox.person("Zoé")
    await sandbox.start(person)
    data = GOOD | {"init_data": signed(person, world.clock()), "kind": "PNG", "format": "story"}
    answer = await app.post(SEND, data=data, files=photo())
    assert answer.status_code == 204, answer.text
    sent = (await sandbox.chat(person))["messages"][-1]
    assert sent["document"]["file_name"] == "badge-orne-story.png"
    assert (await world.counts())[Kind.badge_downloaded] == 1


async def test_a_chat_that_the_bot_may_not_write_to_is_a_sentence(
    world: Any, app: httpx.AsyncClient, sandbox: SandboxClient
) -> None:
    person = await sandbox.person("Zoé")  # never pressed START
    answer = await app.post(SEND, data=GOOD | {"init_data": signed(person, world.clock())}, files=photo())
    assert answer.status_code == 502 and answer.json()["sentence"].endswith(".")
    assert (await world.counts())[Kind.badge_downloaded] == 0


async def test_without_signed_data_nothing_is_sent(world: Any, app: httpx.AsyncClient) -> None:
    assert (await app.post(SEND, data=GOOD, files=photo())).status_code == 403


async def test_a_supporters_place_on_the_wall_is_their_own(world: Any, app: httpx.AsyncClient) -> None:
    init_data = signed(world.supporter.telegram_id, world.clock())
    for name in ("Zoé", "Zo"):
        fields = GOOD | {"format": "profile", "kind": "JPEG", "init_data": init_data}
        small = await app.post(PICTURE, data=fields, files=photo())
        data = {"first_name": name, "consent": "yes", "init_data": init_data}
        data["receipt"] = small.headers["badge-receipt"]
        answer = await app.post(
            "/c/orne/wall",
            data=data,
            files={"picture": ("b.jpg", small.content)},
            headers={"accept": "application/json"},
        )
        assert answer.status_code == 201
    async with world.database.read() as session:
        (badge,) = await session.scalars(select(WallBadge))
    assert (badge.supporter_id, badge.first_name) == (world.supporter.id, "Zo")
