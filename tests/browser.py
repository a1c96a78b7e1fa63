"""Headless Chromium for the browser tests, and the camera that takes the pictures of the docs."""

from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, expect

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # nothing leaves this machine
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 740}

expect.set_options(timeout=30_000)


class Camera:
    """Takes a page's picture for the docs, or for who looks into a failed test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def shot(self, page: Page, name: str, *, whole: bool = False) -> None:
        await page.mouse.move(0, 0)  # nothing is shown as if it were about to be clicked
        await page.screenshot(path=self.folder / f"{name}.png", full_page=whole)


async def person(chromium: Browser, viewport: dict[str, int], **options: object) -> BrowserContext:
    """Nothing moves by itself: a menu that unfolds on a busy machine takes a click for its neighbour."""
    still = {"viewport": viewport, "locale": "fr-FR", "reduced_motion": "reduce"}
    return await chromium.new_context(**still | options)  # type: ignore[arg-type]
