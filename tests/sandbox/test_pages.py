"""The pages, in a real browser and under a prefix."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, async_playwright
from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from sandbox.client import SandboxClient
from tests.sandbox.conftest import AMINA, Mounted, picture, telegram_bot, x_client

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
async def page(mounted: Mounted) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        opened = await browser.new_page(viewport={"width": 390, "height": 780})
        problems: list[str] = []
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        yield opened
        await browser.close()
        assert problems == []


async def test_every_page_answers_under_a_prefix_and_says_that_it_is_local(mounted: Mounted) -> None:
    async with httpx.AsyncClient(base_url=mounted.url, trust_env=False) as http:
        for path in (
            "/",
            "/chat",
            "/feeds",
            "/feeds/telegram/-1001234567890",
            "/feeds/x/campagne_demo",
            "/feeds/mastodon/campagne",
            "/feeds/bluesky/campagne.test",
            "/faults",
        ):
            answer = await http.get(path)
            assert answer.status_code == 200 and "rien n’en sort" in answer.text
            assert 'href="/sandbox/static/style.css"' in answer.text
            assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "La console" in (await http.get("/")).text
        assert (await http.get("/feeds/x/personne")).status_code == 404


async def test_a_deep_link_leads_to_the_chat_with_its_payload(mounted: Mounted) -> None:
    async with httpx.AsyncClient(base_url=mounted.url, trust_env=False) as http:
        answer = await http.get("/telegram/t.me/porte_voix_demo_bot?start=ABC")
        assert answer.headers["location"] == "/sandbox/chat?bot=porte_voix_demo_bot&start=ABC"
        assert (await http.get("/telegram/t.me/nobody_bot?start=ABC")).status_code == 404


async def test_a_page_of_another_address_cannot_drive_the_sandbox(mounted: Mounted) -> None:
    async with httpx.AsyncClient(base_url=mounted.url, trust_env=False) as http:
        answer = await http.post("/control/reset", headers={"Origin": "https://elsewhere.example"})
        assert answer.status_code == 403


async def test_an_activist_starts_taps_writes_and_sends_a_photo(mounted: Mounted, page: Page) -> None:
    async with telegram_bot(mounted) as bot, SandboxClient(mounted.url) as sandbox:  # type: ignore[arg-type]
        await page.goto(f"{mounted.url}/telegram/t.me/porte_voix_demo_bot?start=ABC")
        await page.click("#start")
        (update,) = await bot.get_updates(timeout=10)
        assert update.message is not None and update.message.text == "/start ABC"
        row = [
            InlineKeyboardButton("Oui", callback_data="oui"),
            InlineKeyboardButton("Copier", copy_text=CopyTextButton("à copier")),
            InlineKeyboardButton("Inviter", url="https://t.me/porte_voix_demo_bot?start=X"),
        ]
        await bot.send_message(AMINA, "Tu <b>viens</b> ?", parse_mode="HTML", reply_markup=InlineKeyboardMarkup([row]))
        await page.wait_for_selector(".bubble strong")
        assert await page.get_attribute("a.key", "href") == "/sandbox/telegram/t.me/porte_voix_demo_bot?start=X"
        await page.click("text=Oui")
        (_, update) = await bot.get_updates(timeout=10)
        await page.wait_for_selector(".key.pending")
        assert update.callback_query is not None
        await bot.answer_callback_query(update.callback_query.id, "Merci !", show_alert=True)
        await page.click("dialog[open] button")
        await page.fill("#text", "Avec plaisir")
        await page.keyboard.press("Enter")
        await sandbox.message(AMINA, lambda each: each.get("text") == "Avec plaisir")
        async with page.expect_file_chooser() as chosen:
            await page.click("#attach")
            await page.click("[data-attach=document]")
        file = {"name": "moi.png", "mimeType": "image/png", "buffer": picture()}
        await (await chosen.value).set_files(file)  # type: ignore[arg-type]
        await page.wait_for_selector("text=moi.png")
        await page.click("#block")
        await page.wait_for_selector("text=DÉBLOQUER ET REDÉMARRER")
        assert (await sandbox.chat(AMINA))["blocked"]


async def test_feeds_and_faults_are_live(mounted: Mounted, page: Page) -> None:
    async with telegram_bot(mounted) as bot, SandboxClient(mounted.url) as sandbox:  # type: ignore[arg-type]
        await page.goto(f"{mounted.url}/feeds/telegram/-1001234567890")
        await bot.send_photo("@canal", picture(), caption="Rendez-vous #samedi")
        await page.wait_for_selector("text=Rendez-vous")
        await page.goto(f"{mounted.url}/feeds/x/campagne_demo")
        await asyncio.to_thread(x_client(mounted.x).create_tweet, text="Un premier post")
        await page.wait_for_selector("text=Un premier post")
        await page.goto(f"{mounted.url}/faults")
        await page.select_option("[name=service]", "x")
        await page.select_option("[name=kind]", "payment")
        await page.click("text=Déclencher la panne")
        await page.wait_for_selector("#faults >> text=crédit épuisé")
        (fault,) = (await sandbox._ask("GET", "/faults"))["faults"]
        assert (fault["service"], fault["kind"], fault["operation"]) == ("x", "payment", "POST /2/tweets")


async def test_a_new_person_is_made_on_the_page(mounted: Mounted, page: Page) -> None:
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.goto(f"{mounted.url}/chat")
    await page.click("text=Nouvelle personne")
    await page.fill("[name=first_name]", "Maren")
    await page.click("text=Créer")
    await page.wait_for_selector(".people [aria-current] >> text=Maren")
