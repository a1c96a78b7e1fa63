"""An admin adds a frame in headless Chromium: refused with words first, then looked at, put in use, and there for everybody."""

from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from campaigns import installation
from campaigns.models import Role
from tests.browser import Camera
from tests.web.conftest import PASSWORD
from tests.web.journeys import LOOKS, Look, accessible, organizer
from tests.web.test_frames import png

every_look = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)


async def shown(page: Page) -> None:
    """Every picture has come."""
    for picture in await page.locator(".frame-sample img").all():
        await picture.scroll_into_view_if_needed()
        await expect(picture).to_have_js_property("complete", True)
        assert await picture.evaluate("(picture) => picture.naturalWidth") > 0


@every_look
async def test_an_admin_adds_a_frame_looks_at_it_and_puts_it_in_use(
    world: Any, served: httpx.AsyncClient, chromium: Browser, camera: Camera, look: Look
) -> None:
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix", PASSWORD, Role.admin, world.clock()
        )
    page = await organizer(chromium, served, look, "admin@example.org")
    if look.phone:
        await page.locator(".navbar-toggler").click()
    await page.get_by_role("navigation").get_by_role("link", name=look.says("Cadres", "Frames"), exact=True).click()
    await page.wait_for_url("**/setup/frames")
    await shown(page)
    await accessible(page)
    await page.evaluate("scrollTo(0, 0)")
    await camera.shot(page, f"console-frames-{look.name}")
    await page.locator("#new summary").click()
    await page.locator("#name").fill("Le rond")
    await page.locator("#file").set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": png(kind="JPEG", hole=None)})  # fmt: skip
    await page.locator("#new button").click()
    await expect(page.get_by_role("alert")).to_contain_text(look.says("n’est pas un PNG", "is not a PNG"))
    await expect(page.get_by_role("alert")).to_be_in_viewport()
    await expect(page.locator("#name")).to_have_value("Le rond")
    await accessible(page)
    await page.locator("#file").set_input_files({"name": "rond.png", "mimeType": "image/png", "buffer": png()})
    await page.locator("#new button").click()
    card = page.locator("article", has_text="Le rond")
    await expect(card).to_be_in_viewport()
    await shown(page)
    await accessible(page)
    await camera.shot(page, f"console-frames-new-{look.name}")
    badge = await (await page.context.browser.new_context(locale=look.locale)).new_page()  # type: ignore[union-attr]
    await badge.goto(f"{served.base_url}/c/orne/badge")
    await expect(badge.get_by_role("radio", name="Le rond")).to_have_count(0)
    await card.get_by_role("button", name=look.says("Proposer", "Put in use")).click()
    await card.get_by_role("button", name=look.says("Montrer en premier", "Show first")).click()
    await expect(card).to_contain_text(look.says("montré en premier", "shown first"))
    await expect(page.locator("article").first).to_contain_text("Le rond")
    await badge.reload()
    await expect(badge.get_by_role("radio", name="Le rond")).to_be_checked()  # the first is chosen at the start
