"""The page with files in headless Chromium: it moves by itself, and says to who cannot see it what became of a file."""

import asyncio
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from campaigns import file_requests, health
from campaigns.file_requests import Made
from campaigns.models import FileKind, FileRequest
from schedules.file_making import FileMaking
from tests.browser import Camera
from tests.web.conftest import World
from tests.web.journeys import LOOKS, Look, accessible, organizer, tab_to
from web.console import files

HOME = "/console/c/orne"


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
async def test_a_report_that_takes_long_is_watched_and_downloaded(
    world: World,
    served: httpx.AsyncClient,
    chromium: Browser,
    camera: Camera,
    monkeypatch: pytest.MonkeyPatch,
    look: Look,
) -> None:
    monkeypatch.setattr(files, "PATIENCE", 0.0)
    told, may_go = asyncio.Event(), asyncio.Event()

    async def slow(asked: FileRequest, tell: Any) -> Made:
        await tell(340, 1000)
        told.set()
        await may_go.wait()
        return Made(b"%PDF-1.7 " * 40_000, "orne-2026-11-01-2026-11-24.pdf")

    async def broken(asked: FileRequest, tell: Any) -> Made:
        raise ZeroDivisionError

    makers = {FileKind.report_pdf: slow, FileKind.badges: broken}
    making = FileMaking(world.database, world.clock, world.settings.files, makers, worker="here")
    async with world.database.write() as session:
        await health.beat(session, health.SCHEDULER, world.clock.now)
        await file_requests.ask(
            session, world.orne.id, world.editor.id, FileKind.badges, "section-sées.zip", {}, world.clock.now
        )
    page = await organizer(chromium, served, look)
    await page.goto(f"{served.base_url}{HOME}/results")
    await page.locator("a[href*='report.pdf']").click()
    row = page.locator("#file-2")
    await expect(row.locator("progress")).to_be_visible()
    await expect(row).to_contain_text(look.says("en attente", "waits"))
    await accessible(page)
    await making.tick()
    await told.wait()
    await expect(row).to_contain_text(look.says("340 sur 1 000", "340 of 1,000"))
    said = page.locator("[data-says]")
    await expect(said).to_contain_text(look.says("en préparation", "is being made"))
    await expect(page.locator("#file-1")).to_contain_text(look.says("Sa préparation a échoué.", "Something went wrong"))
    await accessible(page)
    await camera.shot(page, f"console-files-{look.name}", whole=True)
    may_go.set()
    await making.settled()
    await expect(said).to_contain_text(look.says("prêt", "ready"))
    await accessible(page)
    await camera.shot(page, f"console-files-ready-{look.name}", whole=True)
    link = row.get_by_role("link", name=look.says("Télécharger", "Download"))
    await tab_to(page, link)
    async with page.expect_download() as waiting:
        await page.keyboard.press("Enter")
    assert (await waiting.value).suggested_filename == "orne-2026-11-01-2026-11-24.pdf"
    await row.get_by_role("button", name=look.says("Retirer", "Remove")).click()
    await expect(row).to_have_count(0)
    await making.stop()
    await page.context.close()
