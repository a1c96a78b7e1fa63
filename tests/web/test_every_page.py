"""Every page of the console, found by walking its routes: what people wrote is never run, and nothing keeps anybody out."""

from html import unescape
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser
from sqlalchemy import func, literal, update
from sqlmodel import SQLModel

from tests.browser import Camera
from tests.web.journeys import LOOKS, Look, accessible, organizer
from tests.web.test_roles import LEAST, OWN, address, ids, short_streams

__all__ = ["ids", "short_streams"]  # fixtures
EVIL = "\"'><script>boo()</script><img src=x onerror=boo()>"
# Columns with words that somebody typed: a person in the bot, an organizer in a form, a network in an answer.
WRITTEN = {
    "about", "aim", "alt", "answer", "badge_name", "body", "credit", "detail", "device", "first_name", "hashtag", "label",
    "name", "place", "reason", "remark", "resting_reason", "slogan", "sponsor_line", "stop", "text", "title", "town", "trouble", "why",
}  # fmt: skip
KEPT = {("heartbeat", "name"), ("kept_secret", "name"), ("kept_answer", "body"), ("webhook_message", "body")}  # our own


def pages(ids: dict[str, object]) -> list[str]:
    """The addresses of all that is no file and ends by itself."""
    routes = [route.split(" ") for route in (*LEAST, *sorted(OWN))]
    return [
        address(path, ids) for method, path in routes if method == "GET" and "." not in path and "stream" not in path
    ]


async def poison(world: Any) -> None:
    """Behind everything that anybody wrote."""
    async with world.database.write() as session:
        for table in SQLModel.metadata.sorted_tables:
            for column in table.columns:
                if column.name in WRITTEN and (table.name, column.name) not in KEPT:
                    words = func.coalesce(column, "").concat(literal(EVIL))
                    await session.execute(update(table).values({column: words}))


async def test_what_people_wrote_is_shown_and_never_run(
    world: Any, ids: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    await enter("admin@example.org")
    await poison(world)
    shown = 0
    for url in pages(ids[0]):
        answer = await browser.get(url, follow_redirects=True)
        if answer.headers["content-type"].startswith("text/html"):
            assert answer.status_code < 400 or url.endswith("/start/campaign"), (url, answer.status_code)
            assert "<script>boo" not in answer.text and "<img src=x" not in answer.text, url
            shown += "<script>boo" in unescape(answer.text)
    assert shown > 25  # else nothing was looked at


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=lambda look: look.name)
async def test_every_page_is_for_everybody(
    world: Any, ids: Any, served: httpx.AsyncClient, chromium: Browser, camera: Camera, look: Look
) -> None:
    await poison(world)
    page = await organizer(chromium, served, look, "admin@example.org")
    found = []
    for url in pages(ids[0]):
        head = await page.request.get(f"{served.base_url}{url}")
        if head.status == 200 and (await head.text()).startswith("<!doctype"):  # no file, and no part of a page
            page.errors.clear()  # type: ignore[attr-defined]
            await page.goto(f"{served.base_url}{url}")
            await page.evaluate("document.querySelectorAll('main details').forEach((each) => (each.open = true))")
            try:
                await accessible(page)
            except AssertionError as wrong:
                found.append(f"{url}: {wrong}")
            if url.endswith("/posts/file"):
                await camera.shot(page, f"console-posts-file-{look.name}", whole=True)
    await page.context.close()
    assert not found, "\n".join(found)
