"""Results in headless Chromium, wide and on a phone, in French and English: read, taken away, and watched live."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from bench.large import EMAIL, PASSWORD, SLUG, Size, fill
from bot.visit import House
from campaigns import rollups
from campaigns.database import Database
from campaigns.engagement import Act, record
from campaigns.models import Kind
from campaigns.settings import Settings, vault_for
from commands.works import files_of
from schedules.file_making import FileMaking
from schedules.timetable import Timetable
from tests.browser import PHONE, WIDE, Camera, person
from tests.web.conftest import serve
from web import create_app

NOW = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
HOME = f"/console/c/{SLUG}"
VIEWS = [
    ("wide-fr", WIDE, "fr-FR", "light"),
    ("phone-en", PHONE, "en-GB", "dark"),
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of a campaign, small."""
    folder = tmp_path_factory.mktemp("filled")
    fill(folder / "porte-voix.sqlite3", Size(3_000, 400, 40_000), now=NOW)
    return folder


@pytest.fixture
async def maker(filled: Path) -> AsyncIterator[FileMaking]:
    """What makes reports and workbooks, at work beside the pages."""
    settings = Settings(_env_file=None, data_dir=filled)  # type: ignore[call-arg]
    database = Database(settings.store_url, vault_for(settings))
    making = files_of(House(database, settings, lambda: NOW))
    timetable = Timetable([making])
    timetable.start()
    yield making
    await timetable.stop()
    await making.stop()
    await database.close()


@pytest.fixture
def site(filled: Path) -> Iterator[str]:
    settings = Settings(_env_file=None, data_dir=filled)  # type: ignore[call-arg]
    database = Database(settings.store_url, vault_for(settings))
    app = create_app(
        database=database, settings=settings, clock=lambda: NOW, secret_key="k" * 32, bot_username="grande_bot"
    )
    with serve(app) as address:
        yield address
        app.state.site.boards.close()


async def enter(page: Page, site: str) -> None:
    await page.goto(f"{site}/console/login")
    await page.locator("input[name=email]").fill(EMAIL)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#needs")).to_be_visible()


async def sound(page: Page) -> None:
    """Nothing sticks out, and axe finds nothing."""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = await Axe().run(page)
    wrong = [each["id"] for each in found.response["violations"]]
    assert wrong == [], json.dumps([each["nodes"][0]["html"] for each in found.response["violations"]])


@pytest.mark.usefixtures("maker")
@pytest.mark.parametrize(("name", "size", "locale", "scheme"), VIEWS, ids=[view[0] for view in VIEWS])
async def test_results_and_export(
    site: str, chromium: Browser, camera: Camera, name: str, size: dict[str, int], locale: str, scheme: str
) -> None:
    context = await person(chromium, size, locale=locale, color_scheme=scheme)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    french = locale.startswith("fr")
    await enter(page, site)
    await sound(page)
    await camera.shot(page, f"console-first-page-{name}", whole=True)

    await page.get_by_role("link", name="Tous les résultats" if french else "All results").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Résultats" if french else "Results")
    await sound(page)
    await camera.shot(page, f"console-results-{name}", whole=True)
    chart = page.locator("[data-chart]").first
    await chart.locator("svg").focus()
    await page.keyboard.press("ArrowLeft")  # the last bar, by keyboard alone
    await expect(chart.locator("[data-said-here]")).to_contain_text("28")
    await page.get_by_role("link", name="12 mois" if french else "12 months").click()
    await expect(page.locator("[aria-current=true]", has_text="12")).to_be_visible()

    links = {"report.pdf": b"%PDF-", "all.xlsx": b"PK"}
    for file, begins in links.items():
        async with page.expect_download() as waiting:
            await page.locator(f"a[href*='{file}']").click()
        download = await waiting.value
        assert _content(await download.path()).startswith(begins)
        assert download.suggested_filename.startswith(f"{SLUG}-2025-11-01-2026-11-28")

    await page.locator("#posts").scroll_into_view_if_needed()
    await page.locator("table a[href*='/results/posts/']").first.click()
    await expect(page.locator("#channels")).to_be_visible()
    await expect(page.locator("#wordings")).to_be_visible()
    await sound(page)
    await camera.shot(page, f"console-results-post-{name}", whole=True)

    await page.goto(f"{site}{HOME}/results/territories")
    await sound(page)
    await camera.shot(page, f"console-results-territories-{name}", whole=True)
    await context.close()
    assert errors == []


async def test_a_live_board_moves_by_itself_and_comes_back_after_a_break(
    site: str, filled: Path, chromium: Browser, camera: Camera
) -> None:
    context = await person(chromium, WIDE)
    page = await context.new_page()
    await enter(page, site)
    await page.goto(f"{site}{HOME}/live")
    await expect(page.locator(".lamp.is-on")).to_be_visible()
    visits = page.locator("[data-figure=visit]")
    before = int("".join(filter(str.isdigit, await visits.inner_text())))
    database = Database(f"sqlite:///{filled / 'porte-voix.sqlite3'}")
    await _visit(database, 3)
    await expect(visits).to_have_text(_written(before + 3))
    await sound(page)
    await camera.shot(page, "console-live", whole=True)
    await context.set_offline(True)
    await _visit(database, 2)
    await context.set_offline(False)
    await expect(visits).to_have_text(_written(before + 5))
    await database.close()
    await context.close()


def _content(file: Path) -> bytes:
    return file.read_bytes()


def _written(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


async def _visit(database: Database, number: int) -> None:
    async with database.write() as session:
        await record(session, [Act(1, Kind.visit, NOW - timedelta(seconds=5), post_id=4)] * number)
        await rollups.catch_up(session)
