"""An admin's set-up pages in a real browser, on a desktop and on a phone: readable, within the screen, and without an error."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from campaigns import accounts, installation
from campaigns.database import Database
from campaigns.models import Role
from tests.browser import Camera
from tests.web.conftest import PASSWORD, VAULT, serve

SCREENS = {"1280": {"width": 1280, "height": 900}, "390": {"width": 390, "height": 844}}


@pytest.fixture
async def site(world: Any) -> AsyncIterator[str]:
    """A campaign with an admin, a section, a channel that rests, and somebody invited."""
    async with world.database.write() as session:
        admin = await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix Morel", PASSWORD, Role.admin, world.clock()
        )
        place = await installation.add_territory(session, world.orne.id, "Argentan")
        world.channels[0] = await session.merge(world.channels[0])
        world.channels[0].resting_reason = "Telegram refuses the bot's token"
        now = world.clock()
        await accounts.change_role(session, world.orne.id, admin.id, world.editor.id, Role.approver, place.id, now)
        await accounts.invite(session, world.orne.id, admin.id, "lou@example.org", Role.editor, None, now)
    world.clock.move(minutes=1)
    own = Database(world.settings.store_url, VAULT)
    with serve(world.app(database=own)) as address:
        yield address


async def log_in(page: Page, site: str) -> None:
    await page.goto(f"{site}/console/login")
    await page.locator("#email").fill("admin@example.org")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("button[type=submit]").click()
    await page.wait_for_url("**/console/c/**")


async def is_in_order(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", ["fr", "en"])
async def test_every_set_up_page_is_readable_and_fits(
    site: str, chromium: Browser, camera: Camera, screen: str, language: str
) -> None:
    context = await chromium.new_context(viewport=SCREENS[screen], locale=language, reduced_motion="reduce")  # type: ignore[arg-type]
    page = await context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    await page.goto(f"{site}/console/login")
    await is_in_order(page)
    await log_in(page, site)
    for path in (
        "/console/c/orne/setup/campaign",
        "/console/c/orne/channels",
        "/console/c/orne/channels/connect/mastodon",
        "/console/c/orne/setup/organizers",
        "/console/c/orne/setup/audit",
        "/console/account",
        "/console/account/codes",
    ):
        await page.goto(site + path)
        await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        await is_in_order(page)
        if language == "fr":
            await camera.shot(page, f"set-up-{path.rsplit('/', 1)[1]}-{screen}")
    assert errors == []
    await context.close()


async def test_an_admin_invites_somebody_who_joins(site: str, chromium: Browser, world: Any) -> None:
    page = await (await chromium.new_context(viewport=SCREENS["1280"], locale="en")).new_page()  # type: ignore[arg-type]
    await log_in(page, site)
    await page.goto(f"{site}/console/c/orne/setup/organizers")
    await page.locator("#email").fill("max@example.org")
    await page.get_by_role("button", name="Make an invitation link").click()
    link = (await page.locator(".alert-success code").inner_text()).replace("http://site.test", site)
    guest = await (await chromium.new_context(viewport=SCREENS["390"], locale="en")).new_page()  # type: ignore[arg-type]
    await guest.goto(link)
    await is_in_order(guest)
    await guest.locator("#name").fill("Max")
    await guest.locator("#password").fill(PASSWORD)
    await guest.get_by_role("button", name="Join the team").click()
    await expect(guest.get_by_role("heading", name="Overview")).to_be_visible()
