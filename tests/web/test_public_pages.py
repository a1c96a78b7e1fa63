"""The campaigns' pages: what they show, in which language, and how they fail."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete
from starlette.responses import PlainTextResponse

from campaigns import posts
from campaigns.models import Campaign, Post
from web.colours import _rgb, contrast, stylesheet

Visit = Callable[..., httpx.AsyncClient]
SCRIPT = '<script>alert("x")</script>'


async def test_with_several_campaigns_the_start_lists_them(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/")).text
    assert 'href="/c/orne"' in page
    assert 'href="/c/caux"' in page
    assert "Signez" not in page
    assert (await browser.get("/badge")).status_code == 404  # whose badge?


async def test_with_one_campaign_the_start_is_its_page(world: Any, browser: httpx.AsyncClient) -> None:
    async with world.database.write() as session:
        await session.execute(delete(Campaign).where(Campaign.slug == "caux"))
    page = (await browser.get("/")).text
    assert "Nos gares, notre vie" in page
    assert "#Orne" in page
    assert 'href="https://t.me/orne_bot?start=c-orne"' in page
    assert 'href="/c/orne/badge"' in page
    assert f'href="/p/{world.post.id}"' in page
    assert (await browser.get("/badge")).status_code == 200


async def test_a_campaign_shows_its_own_posts_only(browser: httpx.AsyncClient) -> None:
    assert "Signez" in (await browser.get("/c/orne")).text
    rival = (await browser.get("/c/caux")).text
    assert "Secret de Caux" in rival
    assert "Signez" not in rival


async def test_share_buttons_carry_the_campaigns_own_link(world: Any, browser: httpx.AsyncClient) -> None:
    first, again = (await browser.get("/c/orne")).text, (await browser.get("/c/orne")).text
    links = re.findall(r"http://site\.test(/o/[\w-]+/whatsapp\?w=0)", first)
    assert links == re.findall(r"http://site\.test(/o/[\w-]+/whatsapp\?w=0)", again)  # made once
    assert world.link.open_token not in first  # a supporter's own card stays theirs
    assert (await browser.get(links[0])).status_code == 302


async def test_without_a_bot_no_page_speaks_of_one(world: Any, visit: Visit) -> None:
    async with visit(world.app(bot_username=None)) as browser:
        assert "Telegram" not in (await browser.get("/c/orne")).text.replace("net-telegram", "").replace(
            ">Telegram</a>", ""
        )


async def test_what_is_not_due_or_was_taken_back_cannot_be_read(world: Any, browser: httpx.AsyncClient) -> None:
    later = await world.add_post("Plus tard", due=world.clock.now + timedelta(minutes=5))
    assert "Plus tard" not in (await browser.get("/c/orne")).text
    assert (await browser.get(f"/p/{later.id}")).status_code == 404
    world.clock.move(minutes=5)
    assert (await browser.get(f"/p/{later.id}")).status_code == 200
    async with world.database.write() as session:
        await posts.cancel_post(session, world.orne.id, later.id, world.clock())
    answer = await browser.get(f"/p/{later.id}")
    assert answer.status_code == 404
    assert "taken down" in answer.text


async def test_a_post_has_tags_of_its_own(world: Any, browser: httpx.AsyncClient) -> None:
    page = (await browser.get(f"/p/{world.post.id}")).text
    assert f'og:url" content="http://site.test/p/{world.post.id}"' in page
    assert 'og:image:alt" content="Un train à quai"' in page


async def test_where_a_thread_may_be_cut_is_shown_nowhere(world: Any, browser: httpx.AsyncClient, visit: Visit) -> None:
    async with world.database.write() as session:
        post = await session.get_one(Post, world.post.id)
        post.text = "Une ligne fermée.\n---\nTrois villages."
        campaign = await session.get_one(Campaign, world.orne.id)
        campaign.sponsor_line = "Payé par le collectif"
    async with visit(**{"user-agent": "TelegramBot (like TwitterBot)"}) as unfurler:
        pages = [
            (await browser.get("/c/orne")).text,
            (await browser.get(f"/p/{world.post.id}")).text,
            (await unfurler.get(f"/s/{world.link.token}")).text,
        ]
    for page in pages:
        assert "Une ligne fermée." in page and "Trois villages." in page
        assert "---" not in page.replace("<!--", "").replace("-->", "")
    assert "Payé par le collectif" in pages[0] and "Payé par le collectif" in pages[1]


async def test_scripts_in_every_field_are_shown_and_never_run(world: Any, browser: httpx.AsyncClient) -> None:
    async with world.database.write() as session:
        campaign = await session.get_one(Campaign, world.orne.id)
        campaign.name = campaign.slogan = campaign.about = campaign.hashtag = SCRIPT
        campaign.primary_colour = "red}body{display:none"
    nasty = await world.add_post(SCRIPT, text=f'{SCRIPT}"><img src=x onerror=alert(1)>')
    for path in ("/", "/c/orne", f"/p/{nasty.id}", "/c/orne/badge"):
        page = (await browser.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    tags = await browser.get(f"/s/{world.link.token}", headers={"user-agent": "Twitterbot/1.0"})
    assert "<script>alert" not in tags.text
    assert "display:none" not in (await browser.get("/c/orne/colours.css")).text


@pytest.mark.parametrize("path", ["/", "/c/orne", "/nowhere", "/healthz", "/static/style.css", "/console/login"])
async def test_every_answer_tells_the_browser_to_be_careful(browser: httpx.AsyncClient, path: str) -> None:
    headers = (await browser.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


async def test_what_is_mounted_beside_the_pages_keeps_its_own_rules(world: Any, visit: Visit) -> None:
    app = world.app()
    app.mount("/beside", PlainTextResponse("hello"))
    async with visit(app) as browser:
        assert "content-security-policy" not in (await browser.get("/beside/page")).headers
        assert "content-security-policy" in (await browser.get("/static/style.css")).headers


async def test_share_pages_say_where_people_come_from(world: Any, browser: httpx.AsyncClient) -> None:
    for path in (f"/s/{world.link.token}", f"/o/{world.link.open_token}/x", f"/p/{world.post.id}"):
        assert (await browser.get(path)).headers["referrer-policy"] == "strict-origin-when-cross-origin"


async def test_no_page_holds_a_script_or_a_style_of_its_own(world: Any, browser: httpx.AsyncClient) -> None:
    for path in (
        "/",
        "/c/orne",
        f"/p/{world.post.id}",
        "/c/orne/badge",
        "/c/orne/badge/app",
        "/c/orne/wall",
        "/console/login",
    ):
        page = (await browser.get(path)).text
        assert not re.search(r"<style|\sstyle=|<script(?! src)|\son\w+=|javascript:", page)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("de,en;q=0.5,fr;q=0.7", "fr"),  # the better of the two that are spoken
        ("de-DE", "fr"),  # none of them
        ("", "fr"),
        ("en;q=abc, ;;;,fr;q=0.3", "en"),  # a broken weight is no weight
    ],
)
async def test_the_browsers_language_is_spoken(visit: Visit, header: str, language: str) -> None:
    async with visit(**{"accept-language": header}) as browser:
        assert f'<html lang="{language}">' in (await browser.get("/")).text


async def test_a_chosen_language_is_remembered(visit: Visit) -> None:
    async with visit(**{"accept-language": "en"}) as browser:
        assert '<html lang="fr">' in (await browser.get("/?lang=fr")).text
        assert '<html lang="fr">' in (await browser.get("/c/orne")).text
        assert '<html lang="fr">' in (await browser.get("/c/orne?lang=xx")).text
        assert '<html lang="en">' in (await browser.get("/c/orne?lang=en")).text


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/c/nobody",
        "/c/nobody/badge",
        "/c/nobody/colours.css",
        "/c/orne/frames/nothing.png",
        "/p/99999",
        "/p/99999999999999999999999",  # no database has such a row
        "/p/abc",
        "/media/nothing.jpg",
        "/media/..%2Fporte-voix.sqlite3",
        f"/media/{'0' * 64}.jpg",
        f"/media/{'0' * 64}.svg",
        "/docs",
        "/openapi.json",
    ],
)
async def test_what_is_not_there_gets_a_friendly_404(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert "To the start" in answer.text


async def test_another_method_gets_a_page_too(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/c/orne")
    assert answer.status_code == 405
    assert "To the start" in answer.text


async def test_a_failure_shows_no_traceback(world: Any, visit: Visit) -> None:
    def broken() -> None:
        raise RuntimeError("secret detail")

    async with visit(world.app(clock=broken)) as browser:
        answer = await browser.get(f"/p/{world.post.id}")
    assert answer.status_code == 500
    assert "on our side" in answer.text
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.about_files
async def test_healthz_tells_whether_the_store_answers(world: Any, served: httpx.AsyncClient) -> None:
    of_what_runs = {"scheduler": None, "poller": None, "worker": None, "oldest_due": None}
    figures = {"database": "ok", "clock_skew": 0.0, **of_what_runs}
    assert (await served.get("/healthz")).json() == {"status": "ok", **figures}
    for file in world.settings.data_dir.glob("porte-voix.sqlite3*"):
        file.write_bytes(b"no database at all" * 500)
    answer = await served.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"


async def test_a_page_may_be_asked_for_its_head(browser: httpx.AsyncClient) -> None:
    assert (await browser.head("/c/orne")).status_code == 200


async def test_robots_are_kept_from_the_buttons_and_not_from_the_links(browser: httpx.AsyncClient) -> None:
    rules = (await browser.get("/robots.txt")).text
    assert "Disallow: /o/" in rules
    assert "/s/" not in rules


@pytest.mark.parametrize("primary", ["#FFFF00", "#000000", "#FFFFFF", "#808080", "#C8102E", "#00B140", "nonsense"])
@pytest.mark.parametrize("text", ["#FFFFFF", "#000000", "#808080"])
def test_text_in_a_campaigns_colours_can_always_be_read(primary: str, text: str) -> None:
    css = stylesheet(Campaign(slug="a", name="a", primary_colour=primary, secondary_colour=primary, text_colour=text))
    colours = {name: _rgb(value) for name, value in re.findall(r"--([\w-]+):(#[0-9A-F]{6})", css)}
    assert contrast(colours["primary"], colours["on-primary"]) >= 4.5
    assert contrast(colours["secondary"], colours["on-secondary"]) >= 4.5
    for ground in ("#FFFFFF", "#F6F6F4"):
        assert contrast(_rgb(ground), colours["primary-ink"]) >= 4.5
    assert contrast(colours["primary-tint"], colours["primary-ink"]) >= 4.5
