"""The pages, in a real browser and under a prefix."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, async_playwright, expect
from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from networks.base import OutgoingPost, Picture, Recipient
from networks.bluesky import BlueskyAccount
from networks.facebook import FacebookPage
from networks.mail import MailRelay
from networks.mastodon import MastodonAccount
from sandbox.bluesky.state import DEMO_ACTORS
from sandbox.client import SandboxClient
from sandbox.facebook.state import DEMO_PAGES
from sandbox.mastodon.state import DEMO_MEMBERS
from sandbox.server import SandboxServer
from tests.sandbox.conftest import AMINA, Mounted, picture, telegram_bot, x_client

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
async def page() -> AsyncIterator[Page]:
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
            "/feeds/facebook/100064000000001",
            "/feeds/mail",
            "/faults",
        ):
            answer = await http.get(path)
            assert answer.status_code == 200 and "rien n’en sort" in answer.text
            assert 'href="/sandbox/static/style.css"' in answer.text
            assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "La console" in (await http.get("/")).text
        for path in ("/feeds/x/personne", "/feeds/facebook/7", "/feeds/radio/campagne", "/feeds/mail/99/html"):
            assert (await http.get(path)).status_code == 404


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


async def posted(server: SandboxServer) -> None:
    """A thread, a picture and a card on each network that has them, by the program's own adapters."""
    thread = OutgoingPost("t", f"{'Un ' * 90}#fil\n---\n{'Deux ' * 50}", "https://exemple.fr/fil")
    shown = OutgoingPost("p", "Une affiche", pictures=(Picture(picture(), "image/png", "Une affiche verte"),))
    for network in (
        MastodonAccount(server.mastodon, DEMO_MEMBERS[0].access_token),
        BlueskyAccount(DEMO_ACTORS[0].handle, DEMO_ACTORS[0].app_password, server.bluesky),
    ):
        await network.publish(shown)
        await network.publish(thread)
        await network.close()
    page = FacebookPage(DEMO_PAGES[0].id, DEMO_PAGES[0].access_token, server.facebook)
    await page.publish(shown)
    await page.publish(OutgoingPost("l", "Un lien", "https://exemple.fr/fil"))
    await page.close()


@pytest.mark.parametrize(
    ("path", "parts", "cards"),
    [
        ("mastodon/campagne", 2, 1),
        ("bluesky/campagne.test", 2, 1),
        ("facebook/100064000000001", 0, 1),  # a Page knows no threads
    ],
)
async def test_a_feed_shows_text_picture_card_and_thread_as_followers_see_them(
    server: SandboxServer, sandbox: SandboxClient, page: Page, path: str, parts: int, cards: int
) -> None:
    await page.goto(f"{server.url}/feeds/{path}")
    await posted(server)
    await page.wait_for_selector(".preview >> text=exemple.fr")
    assert await page.locator(".thread-posts .post").count() == parts
    assert await page.locator(".preview").count() == cards
    assert await page.locator(".pictures img").get_attribute("alt") == "Une affiche verte"
    if parts:
        assert await page.locator(".post .tag").inner_text() == "#fil"
        first = await page.locator(".thread-posts .post").first.inner_text()
        assert "Un Un" in first  # a thread is read from its first post


async def test_mailboxes_show_the_message_safely_with_its_headers_and_one_click_ends_them(
    server: SandboxServer, sandbox: SandboxClient, page: Page
) -> None:
    asked: list[str] = []
    # Where the program's own site would answer; nothing else is asked for.
    await page.context.route(
        "http://campagne.test/**", lambda route: asked.append(route.request.post_data or "") or route.fulfill(body="ok")
    )
    await page.goto(f"{server.url}/feeds/mail")
    relay = MailRelay("127.0.0.1", "La Région <relais@region.example>", str(server.smtp_port), starttls="no")
    people = tuple(
        Recipient(f"{name.lower()}@a.example", name, f"http://campagne.test/unsubscribe/{name}")
        for name in ("Anne", "Blaise")
    )
    evil = "Venez <script>document.title='pris'</script> <img src=x onerror=alert(1)> https://exemple.fr"
    pictures = (Picture(picture(), "image/png", "Une affiche"),)
    post = OutgoingPost("m", evil, pictures=pictures, title="Réunion", recipients=people)
    await replace_pause(relay).publish(post)
    await page.click("#mailboxes >> text=Blaise")
    letter = page.locator(".letter", has_text="Réunion")
    body = page.frame_locator(".letter iframe")
    await body.get_by_text("Venez <script>").wait_for()
    assert await body.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 600
    assert await body.locator("script").count() == 0 and await page.title() != "pris"
    await letter.get_by_role("button", name="En-têtes").click()
    await letter.get_by_text("List-Unsubscribe-Post").wait_for()
    await letter.get_by_role("button", name="Texte brut").click()
    assert "http://campagne.test/unsubscribe/Blaise" in await letter.locator("pre").inner_text()
    async with page.expect_popup() as popup:
        await letter.get_by_role("button", name="Se désabonner").click()
    await (await popup.value).wait_for_load_state()
    assert asked == ["List-Unsubscribe=One-Click"]


def replace_pause(relay: MailRelay) -> MailRelay:
    """A relay that does not wait between two messages."""

    async def at_once(seconds: float) -> None:
        return None

    relay._pause = at_once
    return relay


async def test_a_message_may_show_itself_and_nothing_else(server: SandboxServer, sandbox: SandboxClient) -> None:
    relay = MailRelay("127.0.0.1", "relais@region.example", str(server.smtp_port), starttls="no")
    await relay.publish(OutgoingPost("m", "Bonjour", title="T", recipients=(Recipient("a@a.example", "A", ""),)))
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        (mail,) = (await http.get("/control/ledger?service=mail")).json()["entries"]
        answer = await http.get(f"/feeds/mail/{mail['seq']}/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "sandbox allow-same-origin" in policy and "script" not in policy
    assert "Bonjour" in answer.text


@pytest.mark.parametrize("service", ["telegram", "x", "mastodon", "bluesky", "facebook", "mail"])
async def test_every_fault_that_the_page_offers_for_a_network_can_be_switched_on_and_off(
    mounted: Mounted, page: Page, service: str
) -> None:
    await page.goto(f"{mounted.url}/faults")
    await page.select_option("[name=service]", service)
    kinds = await page.locator("#kind option").evaluate_all("options => options.map(option => option.value)")
    assert {"latency", "rate_limit", "error_before", "error_after", "cut_after", "revoked"} <= set(kinds)
    for kind in kinds:
        await page.select_option("[name=kind]", kind)
        await page.click("text=Déclencher la panne")
    rows = page.locator("#faults li:has(button)")
    await expect(rows).to_have_count(len(kinds))
    async with SandboxClient(mounted.url) as sandbox:
        faults = (await sandbox._ask("GET", "/faults"))["faults"]
    assert [(fault["service"], fault["kind"]) for fault in faults] == [(service, kind) for kind in kinds]
    await rows.first.get_by_role("button").click()
    await expect(rows).to_have_count(len(kinds) - 1)
