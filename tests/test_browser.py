"""The story in headless Chromium: the chat page and the console of `run_bot.py demo`.

`make pictures` runs these with `--pictures docs/pictures`, which is how the README's screenshots are made.
"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, expect
from sqlmodel import col, select

from campaigns.database import Database
from campaigns.models import Mission
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


async def joined(page: Page, demo: Program) -> None:
    """Chloé, from the page of the demo to the bot's welcome."""
    await page.goto(f"{demo.site}/sandbox/chat?person={CHLOE}")
    await page.get_by_role("button", name="DÉMARRER").click()
    for answer in ("Oui, je participe", "Oui, compter", "Non, pas moi", "Littoral"):
        await key(page, answer).click()
    await expect(page.get_by_text("Bienvenue, Chloé")).to_be_visible()


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")


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
    await joined(page, demo)
    await camera.shot(page, "chat-join")

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
    await expect(key(page, "Retour")).to_be_visible()  # until then, X is the card's own way to X
    await page.locator(".key", has_text=re.compile(r"^X$")).last.click()
    await expect(page.get_by_text("C’est noté pour X.")).to_be_visible()

    await say(page, "/badge")
    await expect(page.get_by_text("Envoyez-moi votre photo.")).to_be_visible()
    await page.get_by_label("Joindre une photo ou un fichier").click()
    await page.get_by_text("Portrait d’exemple").click()
    frames = page.locator(".bubble", has_text="Quel cadre voulez-vous").last
    await expect(frames).to_contain_text("Anneau")
    first = await frames.locator("img").get_attribute("src")
    await key(page, "▶").click()
    await expect(frames).to_contain_text("Bandeau")  # the same bubble, with another picture
    assert await frames.locator("img").get_attribute("src") != first
    await key(page, "Celui-ci").click()
    await key(page, "Chloé").click()
    look = page.locator(".bubble", has_text="Votre badge, Chloé").last
    first = await look.locator("img").get_attribute("src")
    await key(page, "➕").click()
    await expect(look.locator("img")).not_to_have_attribute("src", str(first))
    await expect(page.locator("#toast")).to_be_hidden()
    await camera.shot(page, "chat-badge")
    await key(page, "envoyez-moi le fichier").click()
    await expect(page.get_by_text("Le même en pleine qualité")).to_be_visible()
    await expect(key(page, "Story")).to_be_visible()

    link = page.locator(".bubble a", has_text="/s/").last
    friend = await person(chromium, WIDE)
    visit = await friend.request.get(str(await link.get_attribute("href")), max_redirects=0)
    assert visit.status == 302
    await say(page, "/me")
    figures = page.locator(".bubble", has_text="Vos chiffres").last
    for line in (
        "Fenêtres de partage ouvertes",
        "Partages que vous nous avez dits",
        "Visites par vos liens",
        "Badges faits",
    ):
        await expect(figures).to_contain_text(re.compile(line + r"\W*: 1"))
    await camera.shot(page, "chat-figures")
    assert errors == []


async def it_began(demo: Program, mission: str) -> None:
    """Bring a mission forward, to the evening before."""
    database = Database(f"sqlite:///{demo.folder / 'var' / 'demo' / 'porte-voix.sqlite3'}")
    async with database.write() as session:
        planned = (await session.scalars(select(Mission).where(col(Mission.title) == mission))).one()
        planned.starts_at = (datetime.now(UTC) - timedelta(days=1)).replace(hour=17, minute=30)
    await database.close()


async def test_an_activist_goes_on_a_mission_and_reports_back(demo: Program, chromium: Browser, camera: Camera) -> None:
    page = await (await person(chromium, {"width": 1280, "height": 1040})).new_page()
    await joined(page, demo)
    await say(page, "/missions")
    await key(page, "Réunion chez une voisine").click()
    card = page.locator(".bubble", has_text="12 rue des Lilas").last
    await expect(card).to_contain_text("0 place sur 8")
    await key(page, "Je viens").click()
    await expect(card).to_contain_text("Vous venez.")
    await expect(key(page, "Je ne viens plus")).to_be_visible()
    await it_began(demo, "Réunion chez une voisine")
    await say(page, "/missions")
    await page.locator(".key", has_text="📝").last.click()
    await key(page, "Faire mon compte rendu").click()
    await expect(page.get_by_text("en un seul message").last).to_be_visible()
    await say(page, "6 discussions, 20 tracts. On a fini par chanter.")
    noted = page.locator(".bubble", has_text="C’est noté pour").last
    for line in ("6 discussions", "20 tracts", "On a fini par chanter."):
        await expect(noted).to_contain_text(line)
    await expect(page.locator("#toast")).to_be_hidden()
    await camera.shot(page, "chat-mission")
    await say(page, "/me")
    figures = page.locator(".bubble", has_text="Vos chiffres").last
    await expect(figures).to_contain_text(re.compile(r"🧭 Missions faites\W*: 1"))


async def test_an_activist_erases_all_about_them_in_two_taps(demo: Program, chromium: Browser, camera: Camera) -> None:
    page = await (await person(chromium, {"width": 1280, "height": 1040})).new_page()
    await joined(page, demo)
    await say(page, "/mydata")
    await expect(page.locator(".bubble", has_text="Ce qui est gardé sur vous").last).to_be_visible()
    await expect(page.get_by_text("mes-donnees.json").last).to_be_visible()
    await say(page, "/delete")
    await expect(page.locator(".bubble", has_text="Effacer tout ce qui vous concerne").last).to_be_visible()
    await key(page, "Effacer tout ce qui me concerne").click()
    await expect(key(page, "Oui, tout effacer")).to_be_visible()
    await camera.shot(page, "chat-delete")
    await key(page, "Oui, tout effacer").click()
    await expect(page.get_by_text("rien n’est gardé sur vous").last).to_be_visible()
    await say(page, "/mydata")
    await expect(page.get_by_text("Rien n’est gardé sur vous ici").last).to_be_visible()


async def test_the_chat_fits_a_phone(demo: Program, chromium: Browser, camera: Camera) -> None:
    page = await (await person(chromium, PHONE, has_touch=True)).new_page()
    await page.goto(f"{demo.site}/sandbox/chat?person={CHLOE}")
    await page.get_by_role("button", name="DÉMARRER").click()
    await expect(key(page, "Oui, je participe")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await camera.shot(page, "chat-phone")


async def test_an_organizer_approves_writes_and_speaks_live_on_a_phone(
    demo: Program, chromium: Browser, camera: Camera
) -> None:
    page = await (await person(chromium, {"width": 900, "height": 1040})).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(f"{demo.site}/sandbox/")
    await page.get_by_role("link", name="L’équipe sur son téléphone").click()

    async def say(text: str) -> None:
        await page.get_by_label("Message", exact=True).fill(text)
        await page.keyboard.press("Enter")

    asked = page.locator(".message", has_text="Notre réponse sur les tarifs").last
    await asked.locator(".key", has_text="Valider").click()
    await expect(asked).to_contain_text("Validé")
    await page.get_by_label("Joindre une photo ou un fichier").click()
    await page.get_by_text("Message transféré").click()
    await key(page, "En faire un message").click()
    card = page.locator(".message", has_text="Nouveau message").last
    await expect(card).to_contain_text("Le train de 7 h 12 est encore supprimé")
    await card.locator(".key", has_text="Prochain créneau").click()
    await expect(card).to_contain_text("prochain créneau libre")
    await card.locator(".key", has_text="Soumettre").click()
    await expect(page.get_by_text("Programmé").last).to_be_visible()

    await say("/live")
    await key(page, "Commencer").click()
    await expect(page.get_by_text("Vous êtes en direct")).to_be_visible()
    await say("La convention commence, la salle est pleine à craquer")
    await expect(key(page, "Annuler")).to_be_visible()
    await say("Première à la tribune\u202f: le train du matin")
    await expect(page.get_by_text("Part dans 10").nth(1)).to_be_visible()
    await expect(page.locator("#toast")).to_be_hidden()  # of the yes
    await camera.shot(page, "chat-team")
    await page.goto(f"{demo.site}/sandbox/feeds/mastodon/region_respire")
    answer = page.locator("article", has_text="Première à la tribune").first
    await expect(answer).to_be_visible()
    await camera.shot(page, "feed-live")
    assert errors == []


async def test_the_comms_team_writes_a_post_and_reads_the_figures(
    demo: Program, chromium: Browser, camera: Camera
) -> None:
    page = await (await person(chromium, WIDE)).new_page()
    await page.goto(f"{demo.site}/sandbox/")
    await page.get_by_role("link", name="Console de l’équipe").click()
    await expect(page.get_by_role("heading", name="À décider")).to_be_visible()
    await page.get_by_role("link", name="Messages", exact=True).click()
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
    await expect(page.locator("#outlook")).to_contain_text("Ce message coûte 0,015")
    await camera.shot(page, "console-write", whole=True)
    await page.locator("[data-schedule]").click()
    await expect(page.get_by_role("heading", name="Marché de samedi")).to_be_visible()
    async with SandboxClient(
        f"{demo.site}/sandbox", patience=90
    ) as watcher:  # Amina, of the demo's crowd, shares by herself
        await watcher.wait_for(AMINA, lambda chat: any(str(tap["data"]).startswith("kit:on:") for tap in chat["taps"]))
    await page.goto(f"{demo.site}/console/c/la-region-respire/results/supporters")
    amina = page.locator("tr", has_text="Amina")
    await expect(amina.locator("td").first).to_have_text(re.compile("^[1-9]"))  # received; more posts follow
    await camera.shot(page, "console-figures")


async def test_followers_and_relays_see_the_posts_on_six_networks(
    demo: Program, chromium: Browser, camera: Camera
) -> None:
    page = await (await person(chromium, {"width": 1280, "height": 1000})).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for service, name in (
        ("facebook", "100064000000001"),
        ("x", "region_respire"),
        ("mastodon", "region_respire"),
        ("bluesky", "region-respire.test"),
    ):
        await page.goto(f"{demo.site}/sandbox/feeds/{service}/{name}")
        await expect(page.get_by_text("C’est parti").first).to_be_visible(timeout=60_000)
        await expect(page.get_by_text("Un train par heure dans chaque gare, de").last).to_be_visible(timeout=60_000)
        if service != "facebook":
            thread = page.locator(".thread-posts .post")
            await expect(thread).to_have_count(3, timeout=120_000)
            await expect(thread.first).to_contain_text("Premier temps")
            await thread.first.scroll_into_view_if_needed()
        await camera.shot(page, f"feed-{service}")
    await page.goto(f"{demo.site}/sandbox/feeds/mail")
    await expect(page.locator("#mailboxes li")).to_have_count(8)
    await page.get_by_text("Farida Roussel").click()
    await expect(
        page.frame_locator(".letter[open] iframe").get_by_text("Ne plus recevoir ces messages").first
    ).to_be_visible()
    await camera.shot(page, "feed-mail")
    await page.goto(f"{demo.site}/sandbox/feeds/telegram/-1001234567890")
    await expect(page.get_by_text("C’est parti").first).to_be_visible()
    await page.goto(demo.site)
    await expect(page.get_by_text("C’est parti").first).to_be_visible()
    await camera.shot(page, "campaign")
    assert errors == []


async def test_a_relay_leaves_the_list_by_one_click_in_their_mailbox(
    demo: Program, chromium: Browser, camera: Camera
) -> None:
    page = await (await person(chromium, WIDE)).new_page()
    await page.goto(f"{demo.site}/sandbox/feeds/mail")
    await page.get_by_text("Yanis Morvan").click()
    async with page.expect_popup() as popup:
        await page.get_by_role("button", name="Se désabonner").first.click()
    await expect((await popup.value).get_by_text("yanis-morvan@relais.example").first).to_be_visible()


async def test_without_javascript_the_comms_team_checks_schedules_changes_approves_and_raises_a_cap(
    demo: Program, chromium: Browser, camera: Camera
) -> None:
    page = await (await person(chromium, WIDE, java_script_enabled=False)).new_page()
    base = f"{demo.site}/console/c/la-region-respire"
    await page.goto(f"{demo.site}/console/demo")
    await page.goto(f"{base}/posts")
    await expect(page.get_by_text("accord(s) sur 1").first).to_be_visible()  # the colleague's post waits
    await expect(page.get_by_text("Ce sera retenu.").first).to_be_visible()  # and falls into silence
    tariffs = page.locator("article", has_text="Notre réponse sur les tarifs")
    await tariffs.get_by_role("button", name="Valider").click()
    await expect(tariffs.get_by_text("à valider")).to_have_count(0)
    await page.goto(f"{base}/posts/new")
    await page.locator("#title").fill("Marché de samedi")
    await page.locator("#text").fill("On vous attend samedi au marché.")
    await page.get_by_label("Dans la file").check()
    await expect(page.locator("#date")).to_be_hidden()
    await page.get_by_role("button", name="Seulement vérifier").click()
    await expect(page.get_by_text("Ce message coûte 0,015")).to_be_visible()
    await page.get_by_role("button", name="Programmer ce message").click()
    market = page.locator("article", has_text="Marché de samedi")
    await market.get_by_role("link", name="Modifier").click()
    await page.locator("#text").fill("On vous attend dimanche au marché.")
    await page.get_by_role("button", name="Enregistrer les modifications").click()
    await expect(market.get_by_text("On vous attend dimanche")).to_be_visible()
    await page.goto(f"{base}/channels")
    x = page.locator("article", has_text="Compte X")
    await x.locator("summary", has_text="Créneaux").click()
    await x.get_by_label("Dollars par mois, au plus").fill("5")
    await x.get_by_role("button", name="Enregistrer").click()
    await expect(page.get_by_text("sur 5,000")).to_be_visible()


async def test_an_activist_takes_a_seat_in_a_bus_and_the_comms_team_sees_it_on_a_phone(
    demo: Program, chromium: Browser, camera: Camera
) -> None:
    page = await (await person(chromium, {"width": 1280, "height": 1040})).new_page()
    await page.goto(f"{demo.site}/sandbox/chat?person={CHLOE}")
    await page.get_by_role("button", name="DÉMARRER").click()
    for label in ("Oui, je participe", "Oui, compter", "Non, pas moi", "Littoral"):
        await key(page, label).click()
    await expect(page.get_by_text("Bienvenue, Chloé")).to_be_visible()
    await page.get_by_placeholder("Message").fill("/events")
    await page.keyboard.press("Enter")
    await key(page, "Réunion de lancement").click()
    await key(page, "Hautbois").click()
    await expect(page.get_by_text("Vous venez par le bus de")).to_be_visible()
    await expect(page.locator("#toast")).to_be_hidden()
    await camera.shot(page, "chat-event")
    await key(page, "Ajouter à mon agenda").click()
    await expect(page.get_by_text("reunion-de-lancement.ics")).to_be_visible()

    console = await (await person(chromium, PHONE, has_touch=True)).new_page()
    await console.goto(f"{demo.site}/console/demo")
    await console.goto(f"{demo.site}/console/c/la-region-respire/events")
    rally = console.locator("article", has_text="Réunion de lancement")
    await expect(rally.locator("tr", has_text="Hautbois")).to_contain_text("Chloé")
    assert await console.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await console.set_viewport_size(WIDE)
    await camera.shot(console, "console-events")
    await rally.get_by_text("Modifier ou annuler").click()
    await rally.locator("[name=place]").fill("Gymnase")
    await rally.get_by_role("button", name="Enregistrer").first.click()
    await expect(rally).to_contain_text("Gymnase")
    found = await Axe().run(console)
    assert found.violations_count == 0, found.generate_report()
    await expect(page.get_by_text("a changé. Voici ce qui vaut maintenant")).to_be_visible()
