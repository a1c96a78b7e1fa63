"""The console's pages about people in headless Chromium: wide and on a phone, light and dark, by keyboard alone, with axe."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect
from sqlmodel import col, select

from campaigns import (
    broadcasts,
    event_planning,
    interests,
    leaders,
    missions,
    saved_segments,
    supporters,
)
from campaigns.database import Database
from campaigns.event_planning import NewBus, NewEvent
from campaigns.installation import add_campaign, add_organizer, add_territory
from campaigns.missions import NewMission
from campaigns.models import Campaign, Kind, Participation, Purpose, Role
from campaigns.segments import Segment
from campaigns.settings import Settings
from campaigns.supporters import Joining
from tests.browser import PHONE, WIDE, Camera, person
from tests.conftest import FakeClock
from tests.web.conftest import PASSWORD, VAULT, serve
from web import create_app

NAMES = ("Zoé", "Ada", "Noé <b>", "Inès", "Karim", "Lou", "Émile")
PAGES = ("people", "people/1", "territories", "territories/1", "territories/communes", "segments", "kit")
PAGES += ("broadcasts", "missions", "events", "team")
LOOKS = [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light"), (PHONE, "dark")]


@dataclass
class Console:
    """A campaign's console behind a real server."""

    url: str
    base: str
    database: Database


@pytest.fixture
async def console(database: Database, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Console]:
    campaign = Campaign(slug="orne", name="Des trains pour l’Orne", slogan="Nos gares, notre vie", hashtag="Orne")
    now = clock()
    async with database.write() as session:
        await add_campaign(session, campaign, now)
        await add_organizer(session, campaign.id, "admin@example.org", "Camille", PASSWORD, Role.admin, now)
        top = await add_territory(session, campaign.id, "Normandie")
        valley = await add_territory(session, campaign.id, "Vallée de l’Étang-Bleu", top)
        coast = await add_territory(session, campaign.id, "Littoral", top)
        top.goal, top.goal_kind = 500, Kind.said_shared
        theme = await interests.add_interest(session, campaign.id, "Transports")
        for n, name in enumerate(NAMES):
            purposes = frozenset(Purpose) if n % 3 else frozenset({Purpose.contact, Purpose.counting})
            place = valley if n else coast
            joining = Joining(campaign.id, 70 + n, name, "fr", purposes, now + timedelta(minutes=n), place.id)
            _person, seat = await supporters.join(session, joining)
            await interests.choose_interests(session, seat, [theme.id] if n % 2 else [])
        await leaders.appoint(session, valley, now)
        await saved_segments.save(session, "La vallée", Segment(campaign.id, valley.id))
        await broadcasts.add_broadcast(session, Segment(campaign.id), "Rendez-vous samedi au marché.", now)
        later = now + timedelta(days=3)
        await missions.add_mission(
            session, campaign.id, NewMission("Porte-à-porte", "Gare d’Argentan", later, "Europe/Paris"), now
        )
        new = NewEvent("Grand meeting", "Halle", later, later + timedelta(hours=3), "Europe/Paris")
        event = await event_planning.add_event(session, campaign.id, new, now)
        await event_planning.add_bus(session, event, NewBus("Flers", "Gare", later - timedelta(hours=2), 50), now)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=tmp_path,
        database_url=database.url.render_as_string(hide_password=False),
    )
    own = Database(settings.store_url, VAULT)  # the server lives in a loop of its own
    app = create_app(database=own, settings=settings, clock=clock, secret_key="a key of the tests", bot_username="b")
    with serve(app) as url:
        yield Console(url, f"{url}/console/c/orne", database)


async def entered(console: Console, chromium: Browser, viewport: dict[str, int], scheme: str) -> BrowserContext:
    context = await person(chromium, viewport, color_scheme=scheme)
    page = await context.new_page()
    await page.goto(f"{console.url}/console/login")
    await page.locator("[name=email]").fill("admin@example.org")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/console/c/orne"))
    await page.close()
    return context


async def watched(context: BrowserContext, errors: list[str]) -> Page:
    page = await context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    return page


@pytest.mark.parametrize(("viewport", "scheme"), LOOKS, ids=["wide", "wide-dark", "phone", "phone-dark"])
async def test_axe_finds_nothing_and_nothing_sticks_out(
    console: Console, chromium: Browser, camera: Camera, viewport: dict[str, int], scheme: str
) -> None:
    errors: list[str] = []
    found: list[str] = []
    context = await entered(console, chromium, viewport, scheme)
    page = await watched(context, errors)
    for path in PAGES:
        await page.goto(f"{console.base}/{path}")
        await page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        audit = await Axe().run(page)
        found += [f"{path}: {audit.generate_report()}"] if audit.violations_count else []
        if not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append(f"{path} is wider than the screen")
        size = "phone" if viewport is PHONE else "wide"
        await camera.shot(page, f"console-{path.replace('/', '-')}-{size}-{scheme}", whole=True)
    assert (errors, found) == ([], [])


async def test_a_person_is_found_and_erased_by_keyboard_alone(console: Console, chromium: Browser) -> None:
    errors: list[str] = []
    page = await watched(await entered(console, chromium, WIDE, "light"), errors)
    await page.goto(f"{console.base}/people")
    await page.locator("#name").focus()
    await page.keyboard.type("emile")
    await page.keyboard.press("Enter")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.locator("tbody a").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Émile")
    await page.locator("[name=sure]").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("C’est effacé.")).to_be_visible()
    async with console.database.read() as session:
        left = (await session.scalars(select(Participation).order_by(col(Participation.id)))).all()
    assert len(left) == len(NAMES) - 1 and errors == []


async def test_the_count_of_a_segment_follows_what_is_chosen(console: Console, chromium: Browser) -> None:
    errors: list[str] = []
    page = await watched(await entered(console, chromium, WIDE, "light"), errors)
    await page.goto(f"{console.base}/segments")
    shown = page.locator("[data-count]")
    await expect(shown).to_have_text("7 personnes")
    await page.locator("#territory").select_option(label="Vallée de l’Étang-Bleu")
    await expect(shown).to_have_text("6 personnes")
    await page.locator("#interest").select_option(label="Transports")
    await expect(shown).to_have_text("Moins de 5 personnes")
    await page.get_by_role("link", name="Leur écrire").click()
    await expect(page.locator("#territory option:checked")).to_have_text("Vallée de l’Étang-Bleu")
    await expect(shown).to_have_text("6 personnes")
    assert errors == []


async def test_a_kit_is_made_in_one_click(console: Console, chromium: Browser) -> None:
    page = await watched(await entered(console, chromium, WIDE, "light"), [])
    await page.goto(f"{console.base}/kit")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name=re.compile("Littoral")).click()
    assert (await coming.value).suggested_filename == "kit-littoral.zip"


async def test_the_lists_of_an_event_print_without_its_forms(console: Console, chromium: Browser) -> None:
    page = await watched(await entered(console, chromium, WIDE, "light"), [])
    await page.goto(f"{console.base}/events")
    await page.emulate_media(media="print")
    await expect(page.get_by_text("Grand meeting").first).to_be_visible()
    await expect(page.locator("main summary").first).to_be_hidden()
