"""A new installation's first steps over HTTP: the key, the first account, the first campaign, and who may give the bot's token."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import select

from campaigns import bot_tokens, first_steps, installation, kept_secrets
from campaigns.database import Database
from campaigns.models import Campaign, KeptSecret, Organizer, PollingDay, Role
from campaigns.settings import Settings
from campaigns.vault import Vault
from tests.web.conftest import PASSWORD, VAULT, FakeClock, World, token_in, visitor

KEY = first_steps.setup_key(VAULT)
ME = {"name": "Lou <b>", "email": "lou@example.org", "password": PASSWORD}
CAMPAIGN = {
    "name": "Des haies <script>alert(1)</script>",
    "slogan": "Plantons",
    "hashtag": "#Haies",
    "timezone": "Europe/Paris",
    "primary_colour": "#1B7F4D",
    "secondary_colour": "#102A43",
    "text_colour": "#FFFFFF",
    "polling_day": "",
}


@pytest.fixture
async def fresh(tmp_path: Path, store_url: str) -> Any:
    """An installation without organizers or campaigns."""
    settings = Settings(_env_file=None, data_dir=tmp_path, database_url=store_url, public_url="http://site.test")  # type: ignore[call-arg] # fmt: skip
    built = World(Database(settings.store_url, VAULT), settings, FakeClock())
    yield built
    await built.database.close()


@pytest.fixture
async def newcomer(fresh: Any) -> Any:
    async with visitor(fresh.app(bot_username=None)) as client:
        yield client


async def begin(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    csrf = token_in((await client.get(f"/console/start?key={KEY}")).text)
    return await client.post("/console/start", data={"csrf": csrf, "key": KEY, **ME, **changes})


@pytest.mark.parametrize("key", ["", "wrong", KEY[:-1], KEY.upper()])
async def test_who_does_not_hold_the_key_reads_where_it_is_and_makes_no_account(
    fresh: Any, newcomer: httpx.AsyncClient, key: str
) -> None:
    page = await newcomer.get("/console/start", params={"key": key})
    assert page.status_code == 403 and "it printed the whole address with the key" in page.text
    assert "password" not in page.text and KEY not in page.text
    csrf = token_in((await newcomer.get(f"/console/start?key={KEY}")).text)
    answer = await newcomer.post("/console/start", data={"csrf": csrf, "key": key, **ME})
    assert answer.status_code == 403
    async with fresh.database.read() as session:
        assert await first_steps.is_untouched(session)


@pytest.mark.parametrize(
    "wrong",
    [{"email": "lou"}, {"name": ""}, {"name": "x" * 81}, {"password": "short"}],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    fresh: Any, newcomer: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    answer = await begin(newcomer, **wrong)
    assert answer.status_code == 422 and 'id="wrong"' in answer.text
    assert wrong.get("email", "lou@example.org") in answer.text and PASSWORD not in answer.text
    async with fresh.database.read() as session:
        assert await first_steps.is_untouched(session)


async def test_the_first_organizer_makes_the_first_campaign_and_the_key_is_worth_nothing_after(
    fresh: Any, newcomer: httpx.AsyncClient
) -> None:
    answer = await begin(newcomer)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/start/campaign")
    assert (await newcomer.get("/console")).headers["location"] == "/console/start/campaign"
    form = (await newcomer.get("/console/start/campaign")).text
    data = {"csrf": token_in(form), **CAMPAIGN, "polling_day": "2027-04-11"}
    bad = await newcomer.post("/console/start/campaign", data=data | {"name": "", "polling_day": "2027-02-30"})
    assert bad.status_code == 422 and "Plantons" in bad.text
    bad = await newcomer.post("/console/start/campaign", data=data | {"timezone": "Mars/Olympe"})
    assert bad.status_code == 422 and "Choose a time zone" in bad.text
    made = await newcomer.post("/console/start/campaign", data=data)
    assert made.status_code == 303, made.text
    page = (await newcomer.get(made.headers["location"])).text
    assert "<script>alert" not in page and "Three steps are left" in page
    async with fresh.database.read() as session:
        campaign = (await session.scalars(select(Campaign))).one()
        assert (campaign.hashtag, campaign.primary_colour) == ("Haies", "#1B7F4D")
        assert (await session.scalars(select(PollingDay))).one().day.isoformat() == "2027-04-11"
        lou = (await session.scalars(select(Organizer))).one()
        assert [(c.id, r.role) for c, r in await installation.roles(session, lou.id)] == [(campaign.id, Role.admin)]
    async with visitor(fresh.app()) as stranger:
        late = await stranger.get(f"/console/start?key={KEY}")
        assert (late.status_code, late.headers["location"]) == (303, "/console")
    again = await newcomer.post("/console/start/campaign", data={**data, "csrf": token_in(page)})
    assert again.status_code == 409


async def test_who_begins_where_a_campaign_was_added_by_command_is_its_admin(
    fresh: Any, newcomer: httpx.AsyncClient
) -> None:
    async with fresh.database.write() as session:
        await installation.add_campaign(session, Campaign(slug="orne", name="Orne"), fresh.clock())
    assert (await begin(newcomer)).headers["location"] == "/console/c/orne/start"
    assert (await newcomer.get("/console/c/orne/start")).status_code == 200


async def test_a_token_is_locked_and_the_environments_goes_before_it(fresh: Any) -> None:
    async with fresh.database.write() as session:
        lou = await first_steps.add_first_organizer(session, "lou@example.org", "Lou", "x", "fr", fresh.clock())
        await bot_tokens.keep(session, lou, "123:abc", "orne_bot", fresh.clock())
    async with fresh.database.read() as session:
        assert "123:abc" not in (await session.get_one(KeptSecret, kept_secrets.BOT_TOKEN)).locked
    async with fresh.database.read() as session:
        await bot_tokens.take_kept(session, fresh.settings)
        assert fresh.settings.bot_token.get_secret_value() == "123:abc" and fresh.settings.token_is_kept
        given = Settings(_env_file=None, data_dir=fresh.settings.data_dir, bot_token=SecretStr("9:env"))  # type: ignore[call-arg]
        await bot_tokens.take_kept(session, given)
        assert given.bot_token.get_secret_value() == "9:env" and not given.token_is_kept
        assert not await bot_tokens.may_give(session, given, lou.id)
    other = Database(fresh.settings.store_url, Vault("another key"))
    lost = Settings(_env_file=None, data_dir=fresh.settings.data_dir)  # type: ignore[call-arg]
    async with other.read() as session:
        await bot_tokens.take_kept(session, lost)
    await other.close()
    assert not lost.bot_token.get_secret_value()


async def test_the_one_bot_is_not_an_admins_of_one_campaign_among_several(
    world: Any, browser: httpx.AsyncClient, enter: Callable[..., Any]
) -> None:
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix", PASSWORD, Role.admin, world.clock()
        )
    csrf = await enter("admin@example.org")
    page = (await browser.get("/console/c/orne/start")).text
    assert "All campaigns here share one bot" in page and 'name="token"' not in page
    answer = await browser.post("/console/c/orne/start/bot", data={"csrf": csrf, "token": "123:abc"})
    assert answer.status_code == 403
    async with world.database.read() as session:
        assert await kept_secrets.kept(session, kept_secrets.BOT_TOKEN) is None


@pytest.mark.parametrize("token", ["", "abc", "123:", "123:a b", "123:ä", "http://x/1:a", "1:" + "a" * 101])
async def test_what_is_no_token_is_said_and_nobody_is_asked(
    fresh: Any, newcomer: httpx.AsyncClient, token: str
) -> None:
    await begin(newcomer)
    data = {"csrf": token_in((await newcomer.get("/console/start/campaign")).text), **CAMPAIGN}
    here = (await newcomer.post("/console/start/campaign", data=data)).headers["location"]
    csrf = token_in((await newcomer.get(here)).text)
    answer = await newcomer.post(f"{here}/bot", data={"csrf": csrf, "token": token})
    assert answer.status_code == 422 and "This is not a bot’s token" in answer.text
    for step, said in (("channel", "@name"), ("test", "connect a channel first"), ("post", "Write a few words")):
        answer = await newcomer.post(f"{here}/{step}", data={"csrf": csrf})
        assert answer.status_code == 422 and said.casefold() in answer.text.casefold(), step
