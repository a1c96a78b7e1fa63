"""A post from the composer to its channel, in headless Chromium: an editor writes, somebody else says yes, the schedule sends.

And a channel from its first test message to the one after it was mended.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect
from pydantic import SecretStr
from sqlmodel import col, select, update

from campaigns import approval, installation, posts
from campaigns.models import Campaign, Channel, Post, PostState, PostVersion, Publication, Role
from campaigns.opening import opener
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_CHANNELS, DEMO_TOKEN
from sandbox.server import SandboxServer
from schedules.publishing import Publisher
from tests.browser import Camera
from tests.web.conftest import KEY, PASSWORD
from tests.web.journeys import LOOKS, Look, accessible, organizer, tab_to

BASE = "/console/c/orne"
WORDS = "Samedi à 10 h, place du marché : venez dire ce que vous attendez du train."
every_look = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)


@pytest.fixture
async def channel(world: Any, networks: SandboxServer) -> Channel:
    """A public chat on the stand-in, in a campaign where somebody else must say yes and nothing else is due."""
    async with world.database.write() as session:
        await posts.cancel_post(session, world.orne.id, world.post.id, world.clock())
        (await session.get_one(Campaign, world.orne.id)).approvals = 1
        await installation.add_organizer(
            session, world.orne.id, "approver@example.org", "Alix", PASSWORD, Role.approver, world.clock()
        )
        return await installation.add_channel(
            session, world.orne.id, "telegram", "Canal public", {"chat_id": f"@{DEMO_CHANNELS[0].username}"}
        )


@pytest.fixture
def publish(world: Any) -> Callable[[], Awaitable[None]]:
    """One tick of the schedule, to its end."""
    settings = world.settings.model_copy(update={"secret_key": SecretStr(KEY)})
    publisher = Publisher(world.database, world.clock, opener(settings), settings.media_dir, worker="one")

    async def tick() -> None:
        await publisher.tick()
        await publisher.settled()

    return tick


async def the_post(world: Any) -> Post:
    async with world.database.read() as session:
        found: Post = (await session.scalars(select(Post).where(Post.title == "Marché de Flers"))).one()
        return found


@every_look
async def test_what_an_editor_writes_and_an_approver_lets_through_is_out_with_its_address(
    world: Any,
    served: httpx.AsyncClient,
    chromium: Browser,
    camera: Camera,
    sandbox: SandboxClient,
    channel: Channel,
    publish: Callable[[], Awaitable[None]],
    look: Look,
) -> None:
    due = world.clock() + timedelta(hours=3)  # 15:00 in Paris
    page = await organizer(chromium, served, look)
    await page.goto(f"{served.base_url}{BASE}/posts/new")
    await page.locator("#title").fill("Marché de Flers")
    await page.locator("#text").fill(WORDS)
    for other in world.channels:
        await page.locator(f"[name=channels][value='{other.id}']").uncheck()
    await page.locator("#date").fill("2026-11-24")
    await page.locator("#time").fill("15:00")
    await page.locator("[data-schedule]").click()
    mine = page.locator("article", has_text="Marché de Flers")
    await expect(mine).to_contain_text(look.says("0 accord(s) sur 1", "0 of 1 have said yes"))
    await expect(mine.get_by_role("button", name=look.says("Valider", "Approve"))).to_have_count(0)
    await accessible(page)

    world.clock.now = due - timedelta(minutes=5)
    yes = await organizer(chromium, served, look, "approver@example.org")
    await yes.goto(f"{served.base_url}{BASE}/approvals")
    waiting = yes.locator("article", has_text="Marché de Flers")
    await expect(waiting).to_contain_text(WORDS)
    await waiting.get_by_role("button", name=look.says("Valider", "Approve")).click()
    await yes.wait_for_url("**/posts#post-*")
    await publish()  # not yet its moment
    assert await sandbox.ledger("telegram") == []

    world.clock.now = due
    await publish()
    await publish()  # never twice
    [sent] = await sandbox.ledger("telegram", DEMO_CHANNELS[0].id)
    assert sent["text"] == WORDS
    await page.reload()
    line = mine.locator("li", has_text="Canal public")
    await expect(line.locator(".badge")).to_have_text(look.says("publié", "is out"))
    await expect(line.get_by_role("link")).to_have_attribute("href", f"https://t.me/canal/{sent['id']}")
    await accessible(page)
    await camera.shot(page, f"console-published-{look.name}")


BY_KEYS = (LOOKS[0], LOOKS[2])  # a desk in French, a phone with a keyboard in English


async def press(page: Page, there: Locator, *keys: str) -> None:
    """Go there by Tab, see that the focus is shown, and press."""
    await tab_to(page, there)
    assert await there.evaluate("(element) => element.matches(':focus-visible')")
    for key in keys:
        await page.keyboard.press(key)


async def write(page: Page, there: Locator, text: str) -> None:
    await tab_to(page, there)
    await page.keyboard.type(text)


@pytest.mark.parametrize("look", BY_KEYS, ids=lambda look: look.name)
async def test_a_post_is_written_and_sent_for_approval_by_keyboard_alone(
    world: Any, served: httpx.AsyncClient, chromium: Browser, channel: Channel, look: Look
) -> None:
    page = await organizer(chromium, served, look)
    await page.goto(f"{served.base_url}{BASE}/posts/new")
    await press(page, page.locator("#version-tab-all"), "ArrowRight")  # a text of Telegram's own
    await write(page, page.locator("#title"), "Marché de Flers")
    await write(page, page.locator("#text-telegram"), "Rendez-vous samedi, place du marché.")
    await tab_to(page, page.locator("#version-tab-telegram"), back=True)
    await page.keyboard.press("ArrowLeft")
    await write(page, page.locator("#text"), WORDS)
    await press(page, page.locator("#add-wording"), "Enter")
    await page.keyboard.type("Samedi au marché ?")  # the focus went along
    for other in world.channels:
        await press(page, page.locator(f"[name=channels][value='{other.id}']"), "Space")
    chosen = page.locator("[name=when]:checked")
    await press(page, chosen, "ArrowDown", "ArrowUp")
    await expect(page.locator("[name=when][value=at]")).to_be_checked()
    await write(page, page.locator("#date"), "11242026")  # this browser asks for the month first in any language
    await write(page, page.locator("#time"), "1500")
    await press(page, page.locator("[data-schedule]"), "Enter")
    await page.wait_for_url("**/posts#post-*")
    async with world.database.read() as session:
        post = await the_post(world)
        out = [each.id for _row, each in (await posts.publications_of(session, [post.id]))[post.id]]
        versions = (await session.scalars(select(PostVersion).where(PostVersion.post_id == post.id))).all()
    assert (post.state, post.publish_at, post.text) == (PostState.submitted, world.clock() + timedelta(hours=3), WORDS)
    assert out == [channel.id]
    assert [(each.network, each.text) for each in versions] == [("telegram", "Rendez-vous samedi, place du marché.")]


@pytest.mark.parametrize("look", BY_KEYS, ids=lambda look: look.name)
async def test_what_waits_for_a_yes_is_sent_back_and_let_through_by_keyboard_alone(
    world: Any, served: httpx.AsyncClient, chromium: Browser, channel: Channel, look: Look
) -> None:
    unclear = await world.add_post("Sans date", due=world.clock() + timedelta(hours=3), channels=(channel,))
    good = await world.add_post("Marché de Flers", due=world.clock() + timedelta(hours=4), channels=(channel,))
    async with world.database.write() as session:
        for post in (unclear, good):
            (await session.get_one(Post, post.id)).state = PostState.submitted
    page = await organizer(chromium, served, look, "approver@example.org")
    if look.phone:
        await press(page, page.locator(".navbar-toggler"), "Enter")
    await press(page, page.locator(f"a[href='{BASE}/approvals']").first, "Enter")
    await page.wait_for_url("**/approvals")
    row = page.locator(f"#post-{unclear.id}")
    await press(page, row.locator("summary"), "Space")
    await write(page, row.locator("[name=why]"), "Quel samedi ?")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/posts#post-*")
    await page.goto(f"{served.base_url}{BASE}/approvals")
    await expect(row).to_have_count(0)
    await press(page, page.locator(f"#post-{good.id}").get_by_role("button").first, "Enter")
    await page.wait_for_url("**/posts#post-*")
    assert (await the_post(world)).state is PostState.scheduled
    async with world.database.read() as session:
        back = await session.get_one(Post, unclear.id)
        said = (await approval.standing(session, world.orne, back)).sent_back
    assert (back.state, said) == (PostState.draft, "Quel samedi ?")


@every_look
async def test_a_channel_is_connected_tested_refused_and_mended(
    world: Any,
    served: httpx.AsyncClient,
    chromium: Browser,
    camera: Camera,
    sandbox: SandboxClient,
    networks: SandboxServer,
    publish: Callable[[], Awaitable[None]],
    look: Look,
) -> None:
    alix = await admin_whom_the_bot_knows(world, sandbox)
    page = await organizer(chromium, served, look, "admin@example.org")
    await page.goto(f"{served.base_url}{BASE}/channels")
    await page.get_by_role("button", name=look.says("Relier un canal", "Connect a channel")).click()
    await page.get_by_role("link", name="Telegram").click()
    await page.locator("[name=name]").fill("Canal public")
    await page.locator("[name='set.chat_id']").fill("@canal")
    await page.locator("[name='set.bot_token']").fill(DEMO_TOKEN)
    await accessible(page)
    await page.get_by_role("button", name=look.says("Vérifier et relier", "Check and connect")).click()
    card = page.locator("article", has_text="Canal public")
    await expect(card.get_by_role("status")).to_contain_text("Campagne · canal")  # as the chat calls itself
    await card.get_by_role("button", name=look.says("Vérifier maintenant", "Check now")).click()
    await expect(card.get_by_role("status")).to_contain_text("Campagne · canal")
    test = card.get_by_role("button", name=look.says("M’envoyer un message d’essai", "Send me a test message"))
    await test.click()
    await expect(card.get_by_role("status")).to_contain_text(look.says("en route", "on its way to you"))
    first = await sandbox.message(alix, speaks_of_the_channel)

    await it_is_refused(world, sandbox, publish)
    await page.goto(f"{served.base_url}{BASE}/channels")
    await expect(card.locator(".badge")).to_have_text(look.says("au repos", "rests"))
    await expect(card).to_contain_text("BotFather")
    await test.click()
    await expect(card.get_by_role("alert")).to_contain_text("BotFather")  # as it is still refused
    await expect(card.get_by_role("alert")).to_be_in_viewport()  # the answer is read where the question was
    await accessible(page)
    await camera.shot(page, f"console-channel-rests-{look.name}")

    await sandbox.clear_faults()
    await card.locator("[name='set.bot_token']").fill(DEMO_TOKEN)
    await card.get_by_role("button", name=look.says("Vérifier et enregistrer", "Check and store")).click()
    await expect(card.locator(".badge")).to_have_text(look.says("Prêt", "Ready"))
    await card.get_by_role("button", name=look.says("Vérifier maintenant", "Check now")).click()
    await expect(card.get_by_role("status")).to_be_visible()
    await test.click()
    await expect(card.get_by_role("status")).to_contain_text(look.says("en route", "on its way to you"))
    await sandbox.message(alix, speaks_of_the_channel, after_id=first["message_id"])
    await accessible(page)
    await publish()
    [sent] = await sandbox.ledger("telegram", DEMO_CHANNELS[0].id)
    assert sent["text"] == WORDS  # what waited went on


def speaks_of_the_channel(message: dict[str, Any]) -> bool:
    return "Canal public" in message.get("text", "")


async def admin_whom_the_bot_knows(world: Any, sandbox: SandboxClient) -> int:
    """The Telegram number of an admin who has pressed START."""
    person = await sandbox.person("Alix", language_code="fr")
    await sandbox.start(person)
    async with world.database.write() as session:
        await posts.cancel_post(session, world.orne.id, world.post.id, world.clock())
        admin = await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Alix", PASSWORD, Role.admin, world.clock()
        )
        admin.telegram_id = person
    return person


async def it_is_refused(world: Any, sandbox: SandboxClient, publish: Callable[[], Awaitable[None]]) -> None:
    """Something is due on the new channel, and Telegram no longer knows its bot's token."""
    async with world.database.read() as session:
        channel = await installation.find_channel(session, world.orne.id, "Canal public")
    await world.add_post("Marché de Flers", text=WORDS, due=world.clock(), channels=(channel,))
    await sandbox.fault("telegram", "revoked", count=None)
    async with world.database.write() as session:
        await session.execute(
            update(Publication).where(col(Publication.channel_id) == channel.id).values(due_at=world.clock())
        )
    await publish()
    assert await sandbox.ledger("telegram", DEMO_CHANNELS[0].id) == []
