"""Shared links: unfurlers read tags, people are led on and counted, nobody else is."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import engagement, own_words, posts, supporters
from campaigns.installation import add_territory
from campaigns.models import Campaign, Kind, Post
from campaigns.silence_windows import add_polling_day
from tests.stores import stored_bytes

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Mobile Safari/604.1"
Visit = Callable[..., httpx.AsyncClient]


@pytest.mark.parametrize(
    "agent",
    [
        "TelegramBot (like TwitterBot)",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "WhatsApp/2.23.20.0",
        "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1)",
    ],
)
async def test_an_unfurler_gets_tags_and_is_not_counted(world: Any, served: httpx.AsyncClient, agent: str) -> None:
    answer = await served.get(f"/s/{world.link.token}", headers={"user-agent": agent})
    assert answer.status_code == 200
    page = unescape(answer.text)
    assert '<meta property="og:title" content="Signez la pétition">' in page
    assert 'og:description" content="Une ligne <b>fermée</b> & trois villages."' in page
    assert f'<meta property="og:url" content="http://site.test/s/{world.link.token}">' in page
    assert '<meta property="og:image" content="http://site.test/media/' in page
    assert 'og:image:width" content="1200"' in page
    assert 'og:image:height" content="630"' in page
    assert 'og:image:alt" content="Un train à quai"' in page
    assert '<meta name="twitter:card" content="summary_large_image">' in page
    assert "<b>fermée" not in answer.text  # escaped
    assert await world.visits() == 0


async def test_the_picture_of_the_tags_can_be_fetched(world: Any, served: httpx.AsyncClient) -> None:
    page = await served.get(f"/s/{world.link.token}", headers={"user-agent": "Twitterbot/1.0"})
    address = page.text.split('og:image" content="http://site.test')[1].split('"')[0]
    answer = await served.get(address)
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_human_is_led_on_and_counted_once_a_day(world: Any, served: httpx.AsyncClient) -> None:
    for _ in range(3):
        answer = await served.get(f"/s/{world.link.token}")
        assert answer.status_code == 302
        assert answer.headers["location"] == "https://example.org/petition?a=1&b=2"
        assert answer.headers["cache-control"] == "no-store"
    assert await world.visits() == 1
    await served.get(f"/s/{world.link.token}", headers={"user-agent": PHONE})
    assert await world.visits() == 2
    world.clock.move(days=1)
    await served.get(f"/s/{world.link.token}")
    assert await world.visits() == 3
    async with world.database.read() as session:
        own = await engagement.counts_of(session, world.supporter.id, world.orne.id)
    assert own[Kind.visit] == 3
    assert own[Kind.opened] == 0


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"sec-purpose": "prefetch;prerender"}),
        ("GET", {"purpose": "prefetch"}),
        ("GET", {"x-moz": "prefetch"}),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}),
        ("GET", {"user-agent": "curl/8.14"}),
        ("GET", {"user-agent": ""}),
    ],
)
async def test_who_is_no_human_is_led_on_without_being_counted(
    world: Any, served: httpx.AsyncClient, method: str, headers: dict[str, str]
) -> None:
    answer = await served.request(method, f"/s/{world.link.token}", headers=headers)
    assert answer.status_code == 302
    assert await world.visits() == 0


async def test_an_unfurler_may_ask_for_the_head_alone(world: Any, served: httpx.AsyncClient) -> None:
    answer = await served.head(f"/s/{world.link.token}", headers={"user-agent": "Slackbot-LinkExpanding 1.0"})
    assert answer.status_code == 200
    assert answer.text == ""


@pytest.mark.parametrize("token", ["nope", "../../etc", "%00", "é" * 200, "'; drop table share_link;--"])
async def test_an_unknown_link_gets_a_sentence(browser: httpx.AsyncClient, token: str) -> None:
    answer = await browser.get(f"/s/{token}")
    assert answer.status_code == 404
    assert "nowhere" in answer.text or "nothing here" in answer.text


async def test_what_was_shared_leads_on_after_the_post_was_taken_back(world: Any, browser: httpx.AsyncClient) -> None:
    async with world.database.write() as session:
        await posts.cancel_post(session, world.orne.id, world.post.id, world.clock())
    assert (await browser.get(f"/s/{world.link.token}")).status_code == 302
    closed = await browser.get(f"/o/{world.link.open_token}/x")
    assert closed.status_code == 410
    assert "took it back" in closed.text


@pytest.mark.parametrize("where", ["Vallée", "Littoral", None])
async def test_a_share_window_is_closed_in_the_silence_of_the_persons_own_territory(
    world: Any, browser: httpx.AsyncClient, where: str | None
) -> None:
    """A vote in the Vallée; who did not say where they are is on the safe side."""
    async with world.database.write() as session:
        places = {name: (await add_territory(session, world.orne.id, name)).id for name in ("Vallée", "Littoral")}
        place = await supporters.participation(session, world.supporter.id, world.orne.id)
        place.territory_id = places.get(where)
        today = world.clock.now.date()
        await add_polling_day(session, world.orne, today, world.clock.now, territory_id=places["Vallée"])
    answer = await browser.get(f"/o/{world.link.open_token}/x")
    assert answer.status_code == (302 if where == "Littoral" else 410)
    async with world.database.read() as session:
        counts = await engagement.counts_of_campaign(session, world.orne.id)
    assert counts[Kind.opened] == (1 if where == "Littoral" else 0)


@pytest.mark.about_files
async def test_who_cannot_be_counted_on_a_full_disk_is_led_on_all_the_same(
    world: Any, browser: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    async with world.database.write() as session:
        await session.execute(text("PRAGMA max_page_count = 1"))  # no page more than there are
    led_on = 0
    while "could not be counted (database or disk is full)" not in caplog.text:
        answer = await browser.get(f"/s/{world.link.token}", headers={"user-agent": f"{PHONE} {led_on}"})
        assert answer.headers["location"] == "https://example.org/petition?a=1&b=2"
        led_on += 1
        assert led_on < 1000
    assert await world.visits() == led_on - 1


async def test_who_came_in_the_moment_when_the_store_was_back_is_counted(
    world: Any, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, away = world.database.write, iter([True])

    @asynccontextmanager
    async def starting_up(**how: bool) -> AsyncIterator[AsyncSession]:
        if next(away, False):
            raise OperationalError("INSERT", {}, Exception("the database system is starting up"))
        async with write(**how) as session:
            yield session

    monkeypatch.setattr(world.database, "write", starting_up)
    answer = await browser.get(f"/s/{world.link.token}", headers={"user-agent": PHONE})
    assert (answer.status_code, answer.headers["location"]) == (302, "https://example.org/petition?a=1&b=2")
    assert await world.visits() == 1


async def test_a_visit_is_hashed_and_no_address_is_kept(world: Any, served: httpx.AsyncClient) -> None:
    await served.get(f"/s/{world.link.token}", headers={"user-agent": PHONE})
    await world.database.close()
    stored = stored_bytes(world.settings.store_url)
    assert b"127.0.0.1" not in stored
    assert b"iPhone" not in stored


async def test_a_card_button_opens_the_share_window_and_counts_once(world: Any, browser: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await browser.get(f"/o/{world.link.open_token}/whatsapp?w=0")
        assert answer.status_code == 302
        assert f"http://site.test/s/{world.link.token}" in unquote(answer.headers["location"])
        assert answer.headers["location"].startswith("https://wa.me/")
    counts = await world.counts()
    assert counts[Kind.opened] == 1
    assert counts[Kind.visit] == counts[Kind.said_shared] == 0


@pytest.mark.parametrize("network", ["facebook", "linkedin"])
async def test_a_network_that_ignores_the_text_shows_it_first(
    world: Any, browser: httpx.AsyncClient, network: str
) -> None:
    answer = await browser.get(f"/o/{world.link.open_token}/{network}")
    assert answer.status_code == 200
    assert "Une ligne &lt;b&gt;fermée" in answer.text
    assert (await world.counts())[Kind.opened] == 0  # nothing was opened so far
    onward = await browser.get(f"/o/{world.link.open_token}/{network}?w=0&go=1")
    assert onward.status_code == 302
    assert (await world.counts())[Kind.opened] == 1


@pytest.mark.parametrize("network", ["mail", "sms"])
async def test_a_message_is_handed_over_with_a_link_beside(
    world: Any, browser: httpx.AsyncClient, network: str
) -> None:
    answer = await browser.get(f"/o/{world.link.open_token}/{network}")
    scheme = "mailto:" if network == "mail" else "sms:"
    assert answer.status_code == 200
    assert f'http-equiv="refresh" content="0;url={scheme}' in answer.text
    assert f'href="{scheme}' in answer.text


@pytest.mark.parametrize("wording", ["", "-1", "9" * 40, "abc", "²"])
async def test_a_strange_wording_falls_back_on_the_post_itself(
    world: Any, browser: httpx.AsyncClient, wording: str
) -> None:
    answer = await browser.get(f"/o/{world.link.open_token}/telegram", params={"w": wording})
    assert "trois villages" in unquote(answer.headers["location"])


async def test_own_words_reach_the_share_window_and_the_page_that_shows_them(
    world: Any, browser: httpx.AsyncClient
) -> None:
    async with world.database.write() as session:
        campaign = await session.get_one(Campaign, world.link.campaign_id)
        campaign.sponsor_line = "Financé par la liste"
        post = await session.get_one(Post, world.link.post_id)
        await own_words.keep(session, world.supporter, post, "Mon train <b>à moi</b>", world.clock())
    answer = await browser.get(f"/o/{world.link.open_token}/x", params={"w": "own"})
    assert "Mon train <b>à moi</b>\n\nFinancé par la liste" in unquote(answer.headers["location"])
    page = unescape((await browser.get(f"/o/{world.link.open_token}/facebook", params={"w": "own"})).text)
    assert "Mon train <b>à moi</b>\n\nFinancé par la liste" in page and "?w=own&go=1" in page


async def test_own_words_that_are_gone_are_the_campaigns(world: Any, browser: httpx.AsyncClient) -> None:
    answer = await browser.get(f"/o/{world.link.open_token}/telegram", params={"w": "own"})
    assert "trois villages" in unquote(answer.headers["location"])


async def test_a_public_link_cannot_pretend_that_a_window_was_opened(world: Any, browser: httpx.AsyncClient) -> None:
    assert (await browser.get(f"/o/{world.link.token}/x")).status_code == 404
    assert (await browser.get(f"/s/{world.link.open_token}")).status_code == 404
    assert (await browser.get(f"/o/{world.link.open_token}/nowhere")).status_code == 404


async def test_a_crawler_opens_nothing(world: Any, visit: Visit) -> None:
    async with visit(**{"user-agent": "AhrefsBot/7.0"}) as crawler:
        assert (await crawler.get(f"/o/{world.link.open_token}/x")).status_code == 302
    assert (await world.counts())[Kind.opened] == 0


async def test_the_salt_changes_with_the_day(world: Any) -> None:
    salt = world.app().state.site.salt
    today = await salt.at(datetime(2026, 11, 24, 23, 59, tzinfo=UTC))
    assert await salt.at(datetime(2026, 11, 24, 1, 0, tzinfo=UTC)) == today
    assert await salt.at(datetime(2026, 11, 25, 0, 0, tzinfo=UTC)) != today
