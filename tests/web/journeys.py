"""An organizer in headless Chromium: on a desk or a phone, in light or dark, in French or English."""

from dataclasses import dataclass

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Locator, Page

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
    page.on(
        "console",
        lambda message: (
            errors.append(f"{message.text} {message.location.get('url', '')}") if _is_error(message) else None
        ),
    )
    page.errors = errors  # type: ignore[attr-defined]
    await page.goto(f"{served.base_url}/console/login")
    await page.locator("#email").fill(email)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/c/**")
    return page


def _is_error(message: ConsoleMessage) -> bool:
    """Whether something failed; a form that was refused is a page like any other, and says why itself."""
    return message.type == "error" and "status of 422" not in message.text


async def accessible(page: Page) -> None:
    """Nothing that keeps people out, nothing beside the screen, and no script that failed."""
    await page.wait_for_load_state()  # of a page that has only begun to arrive, half would be looked at
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    beside, errors = await page.evaluate(BESIDE), page.errors  # type: ignore[attr-defined]
    assert not beside, beside
    assert not errors, errors


async def tab_to(page: Page, there: Locator, *, back: bool = False, most: int = 200) -> None:
    """Press Tab (or Shift+Tab, back) until the focus is there: what cannot be reached so is out of reach for who has no mouse."""
    for _press in range(most):
        if await there.evaluate("(element) => element === document.activeElement"):
            return
        await page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{most} tabs do not lead to {there}")
