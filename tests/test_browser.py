"""The story in headless Chromium: the chat page and the console of `run_bot.py demo`.

`make pictures` runs these with `--pictures docs/pictures`, which is how the README's screenshots are made.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from sandbox.client import SandboxClient
from tests.browser import PHONE, WIDE, Camera, person
from tests.conftest import free_port
from tests.program import Program

AMINA = 500001
CHLOE = 500003  # a person whom the demo's own crowd leaves alone


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Program]:
    """`run_bot.py demo`, beginning anew, in a folder of its own."""
    program = Program({"PORTEVOIX_DATA_DIR": str(tmp_path), "PORTEVOIX_PORT": str(free_port())})
    await program.start("demo", "--port", program.site.rpartition(":")[2])
    await program.line("runs at")
    yield program
    await program.stop()


def key(page: Page, label: str) -> Locator:
    """The newest button of a card with that label."""
    return page.locator(".key", has_text=label).last


async def test_an_activist_joins_shares_and_makes_a_badge_in_the_chat(
    demo: Program, chromium: Browser, camera: Camera
) -> None:
    context = await person(chromium, {"width": 1280, "height": 1040})
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(f"{demo.site}/sandbox/")
    await camera.shot(page, "demo")
    await page.goto(f"{demo.site}/sandbox/feeds/telegram/-1001234567890")
    await expect(page.get_by_text("C’est parti").first).to_be_visible()  # the first post is out
    await page.goto(f"{demo.site}/sandbox/chat?person={CHLOE}")
    await page.get_by_role("button", name="DÉMARRER").click()
    await key(page, "Oui, je participe").click()
    await key(page, "Oui, compter").click()
    await key(page, "Littoral").click()
    await expect(page.get_by_text("Bienvenue, Chloé")).to_be_visible()

    await key(page, "Messages à partager").click()
    await key(page, "La campagne est lancée").click()
    await expect(key(page, "Je l’ai partagé")).to_be_visible()
    await expect(page.locator(".bubble img").last).to_be_visible()
    await camera.shot(page, "chat-card")
    async with context.expect_event("request", lambda request: request.url.startswith("https://x.com/")) as asked:
        await page.locator("a.key", has_text=re.compile(r"^X")).last.click()
    window = await asked.value
    assert window.url.startswith("https://x.com/intent/tweet?text=C%E2%80%99est%20parti")
    await page.bring_to_front()
    await key(page, "Autre formulation").click()
    await expect(page.get_by_text("J’ai rejoint « La Région respire ».").last).to_be_visible()
    await key(page, "Je l’ai partagé").click()
    await page.locator(".key", has_text=re.compile(r"^X$")).last.click()
    await expect(page.get_by_text("C’est noté pour X.")).to_be_visible()

    await page.get_by_label("Message", exact=True).fill("/badge")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Envoyez-moi votre photo.")).to_be_visible()
    await page.get_by_label("Joindre une photo ou un fichier").click()
    await page.get_by_text("Portrait d’exemple").click()
    await key(page, "Bandeau").click()
    await key(page, "Chloé").click()
    await expect(page.get_by_text("Le même en pleine qualité")).to_be_visible()
    await expect(page.get_by_text("Votre badge, Chloé")).to_be_visible()
    await camera.shot(page, "chat-badge")

    await page.get_by_label("Message", exact=True).fill("/me")
    await page.keyboard.press("Enter")
    figures = page.locator(".bubble", has_text="Vos chiffres").last
    for line in ("Fenêtres de partage ouvertes : 1", "Partages que vous nous avez dits : 1", "Badges faits : 1"):
        await expect(figures).to_contain_text(re.compile(line.replace(" :", r"\W*:")))
    await camera.shot(page, "chat-figures")
    assert errors == []


async def test_the_chat_fits_a_phone(demo: Program, chromium: Browser, camera: Camera) -> None:
    page = await (await person(chromium, PHONE, has_touch=True)).new_page()
    await page.goto(f"{demo.site}/sandbox/chat?person={CHLOE}")
    await page.get_by_role("button", name="DÉMARRER").click()
    await expect(key(page, "Oui, je participe")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await camera.shot(page, "chat-phone")


async def test_the_comms_team_writes_a_post_and_reads_the_figures(
    demo: Program, chromium: Browser, camera: Camera
) -> None:
    page = await (await person(chromium, WIDE)).new_page()
    await page.goto(f"{demo.site}/sandbox/")
    await page.get_by_role("link", name="Console de l’équipe").click()
    await expect(page.get_by_role("heading", name="La campagne est lancée")).to_be_visible()
    await camera.shot(page, "console-posts")
    await page.goto(f"{demo.site}/console/c/la-region-respire/posts/new")
    await page.locator("#title").fill("Marché de samedi")
    await page.locator("#text").fill("On vous attend samedi au marché, avec le café ☕ #LaRegionRespire")
    await page.locator("#date").fill("2099-01-05")
    await page.locator("#time").fill("08:30")
    for box in await page.locator("input[name=channels]").all():
        await box.check()
    await expect(page.locator("[data-length=x]")).to_have_text(
        re.compile(r"^6\d / 280$")
    )  # counted by the server as X does
    await camera.shot(page, "console-write", whole=True)
    await page.locator(".writing button[type=submit]").click()
    await expect(page.get_by_role("heading", name="Marché de samedi")).to_be_visible()
    async with SandboxClient(
        f"{demo.site}/sandbox", patience=90
    ) as watcher:  # Amina, of the demo's crowd, shares by herself
        await watcher.wait_for(AMINA, lambda chat: any(str(tap["data"]).startswith("kit:on:") for tap in chat["taps"]))
    await page.goto(f"{demo.site}/console/c/la-region-respire/figures")
    amina = page.locator("tr", has_text="Amina")
    await expect(amina.locator("td").first).to_have_text("1")  # received
    await camera.shot(page, "console-figures")


async def test_followers_see_the_posts_on_both_channels(demo: Program, chromium: Browser, camera: Camera) -> None:
    page = await (await person(chromium, WIDE)).new_page()
    await page.goto(f"{demo.site}/sandbox/feeds/x/region_respire")
    await expect(page.get_by_text("C’est parti").first).to_be_visible()
    await camera.shot(page, "feed-x")
    await page.goto(f"{demo.site}/sandbox/feeds/telegram/-1001234567890")
    await expect(page.get_by_text("C’est parti").first).to_be_visible()
    await page.goto(demo.site)
    await expect(page.get_by_text("C’est parti").first).to_be_visible()
    await camera.shot(page, "campaign")
