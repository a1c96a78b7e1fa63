"""From an empty installation to the first post, in headless Chromium, against the program itself and the stand-in of Telegram."""

from collections.abc import Callable

import pytest
from playwright.async_api import Browser, Page, expect

from sandbox.client import Json, SandboxClient
from sandbox.defaults import DEMO_CHANNELS
from tests.browser import Camera, person
from tests.program import Program
from tests.web.journeys import LOOKS, Look, accessible

PASSWORD = "correct horse battery"


def told(words: str) -> Callable[[Json], object]:
    return lambda message: words in (message.get("text") or "")


@pytest.fixture
async def newcomer(program: Program, sandbox: SandboxClient, chromium: Browser, look: Look) -> Page:
    """The address that the program printed, opened; it has no token, no campaign and no organizer."""
    program.bot_token = program.token  # type: ignore[attr-defined]
    program.set(BOT_TOKEN="")
    await program.start("run")
    line = await program.line("Make the first account at")
    context = await person(chromium, look.viewport, locale=look.locale, color_scheme=look.scheme, has_touch=look.phone)
    page = await context.new_page()
    page.errors = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
    await page.goto(line.rpartition(" ")[2])
    return page


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
async def test_from_an_empty_installation_to_the_first_post(
    newcomer: Page, program: Program, sandbox: SandboxClient, camera: Camera, look: Look
) -> None:
    page, says = newcomer, look.says
    await accessible(page)
    await page.locator("#name").fill("Lou")
    await page.locator("#email").fill("lou@example.org")
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=says("Votre campagne", "Your campaign"))).to_be_visible()
    await accessible(page)
    await page.locator("#name").fill("Des haies partout")
    await page.locator("#primary_colour").fill("#1b7f4d")
    await page.get_by_role("button", name=says("Créer la campagne", "Make the campaign")).click()

    await expect(page.get_by_role("heading", name=says("Premiers pas", "First steps"))).to_be_visible()
    await accessible(page)
    check_token = page.get_by_role("button", name=says("Vérifier et garder", "Check and keep it"))
    await page.locator("#token").fill("123:refused")
    await check_token.click()
    await expect(page.locator("#bot-wrong")).to_contain_text("@BotFather")
    await accessible(page)
    await page.locator("#token").fill(program.bot_token)  # type: ignore[attr-defined]
    await check_token.click()
    await expect(page.locator("#bot")).to_contain_text("@")
    assert program.bot_token not in await page.content()  # type: ignore[attr-defined]

    connect = page.get_by_role("button", name=says("Vérifier et relier", "Check and connect"))
    await page.locator("#chat").fill("@nowhere_at_all")
    await connect.click()
    await expect(page.locator("#channel-wrong")).to_be_visible()
    assert await page.locator("#chat").input_value() == "@nowhere_at_all"
    await page.locator("#chat").fill(str(DEMO_CHANNELS[0].id))
    await connect.click()
    await page.get_by_role("button", name=says("Me faire connaître", "Let the bot know me")).click()
    await expect(page.locator("#channel a[href*='start=o-']")).to_be_visible()
    await accessible(page)
    await camera.shot(page, f"console-first-steps-{look.name}", whole=True)
    opens = await page.locator("#channel a[href*='start=o-']").get_attribute("href")
    assert opens is not None
    me = await sandbox.person("Lou")
    await sandbox.start(me, opens.rpartition("=")[2])  # the bot runs by now, without a restart
    await sandbox.message(me, told("je vous préviendrai"))
    await page.get_by_role("button", name=says("M’envoyer un message d’essai", "Send me a test message")).click()
    await expect(page.locator("#test .alert-success")).to_be_visible()
    await sandbox.message(me, told(says("Ceci est un essai", "This is a test of")))

    await page.locator("#text").fill("Une haie plantée, c’est une route ombragée.")
    await page.get_by_role("button", name=says("L’envoyer maintenant", "Send it now")).click()
    await expect(page.locator("#outcome .state-published")).to_be_visible()
    await accessible(page)
    await sandbox.message(DEMO_CHANNELS[0].id, told("Une haie plantée, c’est une route ombragée."))

    assert await program.stop() == 0  # the kept token outlives a restart
    await program.start()
    await sandbox.say(me, "/desk")
    await sandbox.message(me, told("Des haies partout"))
    await page.context.close()
