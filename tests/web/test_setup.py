"""An admin's set-up pages: the campaign, its polling days, its channels; on the stand-ins for the networks."""

from typing import Any

import httpx
import pytest
from sqlmodel import select

from campaigns import installation
from campaigns.channel_secrets import settings_of
from campaigns.models import Audit, Campaign, Channel, PollingDay, Role, SilenceWindow
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer
from tests.web.conftest import PASSWORD, VAULT

CHANNELS = "/console/c/orne/channels"
SETUP = "/console/c/orne/setup/campaign"
MASTODON = {"name": "Mastodon", "set.access_token": "wrong-token"}
FIELDS = {
    "name": "Des trains pour l’Orne",
    "slogan": "Nos gares",
    "about": "",
    "hashtag": "#Orne",
    "primary_colour": "#0B6E4F",
    "secondary_colour": "#F4D35E",
    "text_colour": "#FFFFFF",
    "sponsor_line": "",
    "notice_url": "",
    "approvals": "1",
    "near_vote_days": "7",
    "quiet_from": "22",
    "quiet_until": "8",
    "timezone": "Europe/Paris",
    "inclusive": "point",
}


@pytest.fixture
async def admin(world: Any, browser: httpx.AsyncClient, enter: Any) -> str:
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix", PASSWORD, Role.admin, world.clock()
        )
    token: str = await enter("admin@example.org")
    return token


async def stored(world: Any) -> Campaign:
    async with world.database.read() as session:
        found: Campaign = await session.get_one(Campaign, world.orne.id)
        return found


async def test_an_admin_sets_the_campaign_up(world: Any, browser: httpx.AsyncClient, admin: str) -> None:
    assert 'value="Des trains pour l’Orne"' in (await browser.get(SETUP)).text
    assert (await browser.post(SETUP, data=FIELDS | {"csrf": admin})).status_code == 303
    campaign = await stored(world)
    assert (campaign.hashtag, campaign.approvals, campaign.quiet_from) == ("Orne", 1, 22)
    async with world.database.read() as session:
        last = (await session.scalars(select(Audit).order_by(Audit.id.desc()))).first()  # type: ignore[union-attr]
    assert last is not None and last.action == "campaign set up" and "approvals" in last.detail


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Give the campaign a name."),
        ("primary_colour", "red", "A colour is written as #C8102E."),
        ("notice_url", "javascript:alert(1)", "This is not a web address"),
        ("approvals", "12", "from 0 to 9"),
        ("approvals", "-1", "from 0 to 9"),
        ("quiet_from", "24", "from 0 to 23"),
        ("timezone", "Europe/Orne", "Choose a time zone"),
        ("inclusive", "all", "Choose one of the list."),
        ("second_factor", "yes", "Set up your own codes first"),
        ("sponsor_line", "Payé par " + "une très longue association " * 7, ""),  # no room on a badge
    ],
)
async def test_what_cannot_be_stored_is_told_beside_its_field_and_nothing_is_lost(
    world: Any, browser: httpx.AsyncClient, admin: str, field: str, value: str, said: str
) -> None:
    data = FIELDS | {"csrf": admin, "slogan": "Typed <b>", field: value}
    answer = await browser.post(SETUP, data=data)
    assert answer.status_code == 422 and said in answer.text and "Typed &lt;b&gt;" in answer.text
    assert (await stored(world)).slogan == "Nos gares, notre vie"


async def test_a_polling_day_brings_its_silence_and_takes_it_along(
    world: Any, browser: httpx.AsyncClient, admin: str
) -> None:
    data = {"csrf": admin, "day": "2026-12-13", "label": "1er tour", "territory": "", "saturday": "yes"}
    assert (await browser.post("/console/c/orne/setup/polling-days", data=data)).status_code == 303
    assert "1er tour" in (await browser.get(SETUP)).text
    wrong = await browser.post("/console/c/orne/setup/polling-days", data=data | {"day": "2020-01-01"})
    assert wrong.status_code == 422 and 'value="2020-01-01"' in wrong.text
    async with world.database.read() as session:
        assert (await session.scalars(select(SilenceWindow))).all() != []
        day = (await session.scalars(select(PollingDay))).one()
    gone = await browser.post("/console/c/orne/setup/polling-days/remove", data={"csrf": admin, "id": str(day.id)})
    assert gone.status_code == 303
    async with world.database.read() as session:
        assert (await session.scalars(select(SilenceWindow))).all() == []


async def find(world: Any, name: str) -> Channel | None:
    async with world.database.read() as session:
        found: Channel | None = (await session.scalars(select(Channel).where(Channel.name == name))).first()
        return found


async def test_a_channel_is_stored_when_its_network_has_said_yes(
    world: Any, browser: httpx.AsyncClient, admin: str, networks: SandboxServer
) -> None:
    form = {"csrf": admin, "name": "Canal public", "set.chat_id": "@nowhere_at_all"}
    refused = await browser.post(f"{CHANNELS}/connect/telegram", data=form)
    assert refused.status_code == 422 and "@nowhere_at_all" in refused.text
    assert await find(world, "Canal public") is None
    answer = await browser.post(f"{CHANNELS}/connect/telegram", data=form | {"set.chat_id": "@canal"})
    assert answer.status_code == 200, answer.text
    channel = await find(world, "Canal public")
    assert channel is not None and channel.settings == {"chat_id": "@canal"}
    twice = await browser.post(f"{CHANNELS}/connect/telegram", data=form)
    assert twice.status_code == 422 and "exists already" in twice.text


async def test_a_token_is_typed_once_and_never_shown(
    world: Any, browser: httpx.AsyncClient, admin: str, networks: SandboxServer
) -> None:
    data = MASTODON | {"csrf": admin, "set.base_url": f"{networks.url}/mastodon"}
    refused = await browser.post(f"{CHANNELS}/connect/mastodon", data=data)
    assert refused.status_code == 422
    assert "wrong-token" not in refused.text and networks.url in refused.text  # the address stays, the token does not


async def test_a_resting_channel_is_mended_by_a_new_credential(
    world: Any, browser: httpx.AsyncClient, admin: str, networks: SandboxServer
) -> None:
    async with world.database.write() as session:
        channel = await installation.add_channel(
            session, world.orne.id, "telegram", "Repos", {"chat_id": "@canal", "bot_token": "1:dead"}
        )
        channel.resting_reason = "Telegram refuses the bot's token"
    page = (await browser.get(CHANNELS)).text
    assert "The channel rests" in page and "1:dead" not in page
    still = await browser.post(f"{CHANNELS}/{channel.id}/mend", data={"csrf": admin})
    assert still.status_code == 422
    assert (await find(world, "Repos")).resting_reason is not None  # type: ignore[union-attr]
    form = {"csrf": admin, "set.chat_id": "@canal", "set.bot_token": DEMO_TOKEN}
    assert (await browser.post(f"{CHANNELS}/{channel.id}/mend", data=form)).status_code == 200
    mended = await find(world, "Repos")
    assert mended is not None and mended.resting_reason is None
    assert settings_of(VAULT, mended)["bot_token"] == DEMO_TOKEN
    async with world.database.read() as session:
        details = " ".join((await session.scalars(select(Audit.detail))).all())
    assert DEMO_TOKEN not in details


async def test_check_now_keeps_every_setting(
    world: Any, browser: httpx.AsyncClient, admin: str, networks: SandboxServer
) -> None:
    async with world.database.write() as session:
        channel = await installation.add_channel(
            session, world.orne.id, "telegram", "Sain", {"chat_id": "@canal", "bot_token": DEMO_TOKEN}
        )
    assert (await browser.post(f"{CHANNELS}/{channel.id}/mend", data={"csrf": admin})).status_code == 200
    after = await find(world, "Sain")
    assert after is not None
    assert settings_of(VAULT, after) == {"chat_id": "@canal", "bot_token": DEMO_TOKEN}


async def test_a_test_message_goes_to_who_asked_for_it(
    world: Any, browser: httpx.AsyncClient, admin: str, networks: SandboxServer, sandbox: SandboxClient
) -> None:
    channel = world.channels[0]
    unknown = await browser.post(f"{CHANNELS}/{channel.id}/test", data={"csrf": admin})
    assert unknown.status_code == 422 and "does not know you yet" in unknown.text
    other = await browser.post(f"{CHANNELS}/{world.channels[1].id}/test", data={"csrf": admin})
    assert other.status_code == 404  # X has no message to one person alone


async def test_another_campaigns_channel_is_out_of_reach(
    world: Any, browser: httpx.AsyncClient, enter: Any, networks: SandboxServer
) -> None:
    token = await enter("rival@example.org")
    for act in ("", "/mend", "/test"):
        path = f"/console/c/caux/channels/{world.channels[0].id}{act}"
        assert (await browser.post(path, data={"csrf": token})).status_code == 404


async def test_what_reading_figures_may_cost_is_set_where_reading_costs(
    world: Any, browser: httpx.AsyncClient, admin: str
) -> None:
    telegram, x = world.channels
    page = (await browser.get(CHANNELS)).text
    assert f'id="metrics_cap-{x.id}"' in page and f'id="metrics_cap-{telegram.id}"' not in page
    assert "$0.001 a read, at most 45 reads a post" in page
    terms = {"csrf": admin, "slots": "", "monthly_cap": "", "daily_quota": "", "metrics_cap": "4,5"}
    assert (await browser.post(f"{CHANNELS}/{x.id}", data=terms)).status_code == 303
    assert (await find(world, x.name)).metrics_cap == 4500  # type: ignore[union-attr]
    assert 'name="metrics_cap" value="4.5"' in (await browser.get(CHANNELS)).text
    del terms["metrics_cap"]  # as a program that knows no such field would send it
    assert (await browser.post(f"{CHANNELS}/{x.id}", data=terms)).status_code == 303
    assert (await find(world, x.name)).metrics_cap == 4500  # type: ignore[union-attr]
    wrong = await browser.post(f"{CHANNELS}/{x.id}", data=terms | {"metrics_cap": "much"})
    assert wrong.status_code == 422 and 'value="much"' in wrong.text
    assert (await browser.post(f"{CHANNELS}/{x.id}", data=terms | {"metrics_cap": "0"})).status_code == 303
    assert (await find(world, x.name)).metrics_cap == 0  # type: ignore[union-attr]
