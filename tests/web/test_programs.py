"""The console's page of tokens and webhooks: secrets shown once, addresses inside the network refused, tests sent."""

import re
from html import unescape
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect
from sqlmodel import select

from campaigns import installation
from campaigns.models import AccessToken, Role, WebhookTarget
from networks.webhooks import Call, Outcome
from tests.browser import Camera
from tests.web.conftest import PASSWORD
from tests.web.journeys import LOOKS, Look, accessible, organizer

ADDRESS = "/console/c/orne/setup/access"


@pytest.fixture
async def admin(world: Any) -> None:
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix", PASSWORD, Role.admin, world.clock.now
        )


async def test_a_tokens_secret_is_shown_once_and_opens_the_api(
    world: Any, browser: httpx.AsyncClient, enter: Any, visit: Any, admin: None
) -> None:
    csrf = await enter("admin@example.org")
    data = {"csrf": csrf, "name": "Site <b>", "scope": ["posts:read", "nonsense"], "days": "30"}
    page = (await browser.post(f"{ADDRESS}/tokens", data=data)).text
    [secret] = re.findall(r'id="secret">(.*?)<', page)
    assert secret not in (await browser.get(ADDRESS)).text and "Site &lt;b&gt;" in page and "until 24 Dec 2026" in page
    async with visit() as program:
        headers = {"authorization": f"Bearer {secret}"}
        assert (await program.get("/api/v1/posts", headers=headers)).status_code == 200
        assert (await program.get("/api/v1/channels", headers=headers)).status_code == 403
        await browser.post(f"{ADDRESS}/tokens/1/revoke", data={"csrf": csrf})
        assert (await program.get("/api/v1/posts", headers=headers)).status_code == 401
    assert "revoked" in (await browser.get(ADDRESS)).text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": " "}, "A token's name has 1 to 80 characters"),
        ({"scope": []}, "A token without a scope opens nothing"),
    ],
)
async def test_a_token_that_cannot_be_made_is_explained_and_nothing_typed_is_lost(
    world: Any, browser: httpx.AsyncClient, enter: Any, admin: None, changed: dict[str, Any], said: str
) -> None:
    csrf = await enter("admin@example.org")
    data = {"csrf": csrf, "name": "Site", "scope": ["posts:read"], "days": "365"} | changed
    answer = await browser.post(f"{ADDRESS}/tokens", data=data)
    assert answer.status_code == 422 and said in unescape(answer.text)
    assert '<option value="365" selected>' in answer.text
    async with world.database.read() as session:
        assert (await session.scalars(select(AccessToken))).all() == []


@pytest.mark.parametrize("url", ["http://example.org/", "https://10.0.0.1/", "https://localhost/", "nonsense"])
async def test_an_address_inside_the_network_is_refused(
    world: Any, browser: httpx.AsyncClient, enter: Any, admin: None, url: str
) -> None:
    csrf = await enter("admin@example.org")
    answer = await browser.post(f"{ADDRESS}/webhooks", data={"csrf": csrf, "url": url, "occasion": ["published"]})
    assert answer.status_code == 422 and f'value="{url}"' in answer.text
    async with world.database.read() as session:
        assert (await session.scalars(select(WebhookTarget))).all() == []


async def test_a_webhook_is_added_tried_and_removed(world: Any, visit: Any, enter: Any, admin: None) -> None:
    calls: list[Call] = []

    async def send(call: Call) -> Outcome:
        calls.append(call)
        return Outcome(200) if len(calls) == 1 else Outcome(None, "it did not answer within 10 s")

    async with visit(world.app(send_webhook=send)) as browser:
        csrf = await enter("admin@example.org", browser)
        data = {"csrf": csrf, "url": "https://example.org/hook", "occasion": ["published", "failed"]}
        page = (await browser.post(f"{ADDRESS}/webhooks", data=data)).text
        [secret] = re.findall(r'id="secret">(whsec_.*?)<', page)
        listed = (await browser.get(ADDRESS)).text
        assert secret not in listed and "a publication is out, a network refused a publication" in listed
        page = (await browser.post(f"{ADDRESS}/webhooks/1/test", data={"csrf": csrf})).text
        assert "https://example.org/hook took the test message." in page
        page = (await browser.post(f"{ADDRESS}/webhooks/1/test", data={"csrf": csrf})).text
        assert "did not take the test message: it did not answer within 10 s" in page
        assert (await browser.post(f"{ADDRESS}/webhooks/1/nonsense", data={"csrf": csrf})).status_code == 404
        assert (await browser.post(f"{ADDRESS}/webhooks/1/remove", data={"csrf": csrf})).status_code == 303
        assert "https://example.org/hook" not in (await browser.get(ADDRESS)).text
    assert {call.url for call in calls} == {"https://example.org/hook"}


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
async def test_an_admin_makes_a_token(
    world: Any, served: httpx.AsyncClient, chromium: Browser, camera: Camera, admin: None, look: Look
) -> None:
    page = await organizer(chromium, served, look, "admin@example.org")
    await page.goto(f"{served.base_url}{ADDRESS}")
    await accessible(page)
    await page.locator("#name").fill("Site de la campagne")
    await page.get_by_text("posts:read").click()
    await page.locator("#name").press("Enter")
    await expect(page.locator("#secret")).to_contain_text("pv_")
    await accessible(page)
    await camera.shot(page, f"console-access-{look.name}")
