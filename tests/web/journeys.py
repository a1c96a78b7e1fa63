"""An organizer in headless Chromium: on a desk or a phone, in light or dark, in French or English."""

from dataclasses import dataclass

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.browser import PHONE, WIDE, person
from tests.web.conftest import PASSWORD


@dataclass(frozen=True)
class Look:
    name: str
    viewport: dict[str, int]
    scheme: str
    locale: str

    @property
    def phone(self) -> bool:
        return self.viewport is PHONE

    def says(self, french: str, english: str) -> str:
        return french if self.locale == "fr-FR" else english


LOOKS = (  # each width, each scheme and each language with each of the others
    Look("light", WIDE, "light", "fr-FR"),
    Look("dark", WIDE, "dark", "en-GB"),
    Look("phone", PHONE, "light", "en-GB"),
    Look("phone-dark", PHONE, "dark", "fr-FR"),
)


# What stands out of the screen's side, unless it scrolls by itself.
BESIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML.slice(0, 120))"""


async def organizer(
    chromium: Browser, served: httpx.AsyncClient, look: Look, email: str = "editor@example.org"
) -> Page:
    """Somebody who logged in. What fails in a script fails the test, since `accessible` asks for it."""
    context = await person(chromium, look.viewport, locale=look.locale, color_scheme=look.scheme, has_touch=look.phone)
    page = await context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.errors = errors  # type: ignore[attr-defined]
    await page.goto(f"{served.base_url}/console/login")
    await page.locator("#email").fill(email)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/c/**")
    return page


async def accessible(page: Page) -> None:
    """Nothing that keeps people out, nothing beside the screen, and no script that failed."""
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    beside, errors = await page.evaluate(BESIDE), page.errors  # type: ignore[attr-defined]
    assert not beside, beside
    assert not errors, errors
