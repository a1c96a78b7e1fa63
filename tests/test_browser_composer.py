"""The composer in headless Chromium: by keyboard and mouse, on a screen and a phone, in both languages, light and dark."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect
from sqlmodel import select

from campaigns.database import Database
from campaigns.models import Media, Post, PostVersion, Wording
from tests.browser import PHONE, WIDE, Camera, person
from tests.web.conftest import PASSWORD, VAULT, picture, quick_passwords, serve, world

__all__ = ["quick_passwords", "world"]  # fixtures
FORM = "/console/c/orne/posts/new"


@pytest.fixture
async def site(world: Any) -> AsyncIterator[str]:
    with serve(world.app(database=Database(world.settings.store_url, VAULT))) as address:
        yield address


async def log_in(page: Page, site: str) -> None:
    await page.goto(f"{site}/console/login")
    await page.locator("[name=email]").fill("editor@example.org")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/c/orne**")


async def check(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(
    ("viewport", "locale", "scheme"),
    [(WIDE, "fr-FR", "light"), (WIDE, "en-GB", "dark"), (PHONE, "en-GB", "light"), (PHONE, "fr-FR", "dark")],
    ids=["wide-fr-light", "wide-en-dark", "phone-en-light", "phone-fr-dark"],
)
async def test_a_post_with_picture_versions_and_wordings_is_written(
    world: Any,
    site: str,
    chromium: Browser,
    camera: Camera,
    viewport: Any,
    locale: str,
    scheme: str,
) -> None:
    page = await (await person(chromium, viewport, locale=locale, color_scheme=scheme)).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await log_in(page, site)
    await page.goto(site + FORM)
    await page.locator("#title").fill("Marché")
    await page.locator("#text").fill("On vous attend samedi au marché, avec le café")
    await page.locator("#date").fill("2026-12-01")
    await page.locator("#image").set_input_files(
        {"name": "marche.jpg", "mimeType": "image/jpeg", "buffer": picture(1200, 600)}
    )
    await page.locator("[name=picture_alt]").fill("Un marché")
    await page.locator("[data-focus]").focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator("[name=picture_x]")).to_have_value("45")
    await page.locator("#version-tab-all").focus()
    await page.keyboard.press("End")
    await expect(page.locator("#text-x")).to_be_visible()
    await page.locator("#text-x").fill("Samedi, le marché")
    await expect(page.locator("#preview-x")).to_contain_text("Samedi, le marché")
    await expect(page.locator("#preview-x svg")).to_have_count(1)
    await page.locator("#add-wording").click()
    await page.locator("#wording-1").fill("Un")
    await page.locator("#wording-2").fill("Deux")
    await page.locator("[data-wording]").nth(1).locator("[data-move='-1']").click()
    await expect(page.locator("#wording-1")).to_have_value("Deux")
    await expect(page.locator("#kept")).not_to_be_empty()  # kept by the server meanwhile
    await check(page)
    await camera.shot(page, f"composer-{locale}-{viewport['width']}-{scheme}", whole=True)
    await page.locator("#text-x").focus()
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/posts#post-*")
    assert await page.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('porte-voix-sketch'))") == []
    async with world.database.read() as session:
        post = (await session.scalars(select(Post).where(Post.title == "Marché"))).one()
        media = (await session.scalars(select(Media).where(Media.post_id == post.id))).one()
        version = (await session.scalars(select(PostVersion).where(PostVersion.post_id == post.id))).one()
        wordings = (await session.scalars(select(Wording).where(Wording.post_id == post.id))).all()
    assert (media.alt, media.focus_x, version.text) == ("Un marché", 45, "Samedi, le marché")
    assert [each.text for each in wordings] == ["Deux", "Un"]
    assert errors == []


async def test_what_was_typed_as_the_session_ended_is_given_back(site: str, chromium: Browser, tmp_path: Path) -> None:
    context = await person(chromium, WIDE)
    page = await context.new_page()
    await log_in(page, site)
    await page.goto(site + FORM)
    await context.clear_cookies()
    await page.locator("#text").fill("À ne pas perdre")
    await expect(page.locator("#kept")).to_contain_text("Votre session est terminée")
    await log_in(page, site)
    await page.goto(site + FORM)
    await expect(page.locator("#text")).to_have_value("À ne pas perdre")
    await expect(page.locator("#restored")).to_be_visible()
