"""The comms team at its desk, in headless Chromium: a post moved in the calendar, one held in silence, one that nobody knows of."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect
from sqlmodel import col, select

from campaigns import installation
from campaigns.keeping_back import keep_back
from campaigns.models import Campaign, Channel, Post, PostState, Publication, PublicationState, Role
from campaigns.silence_windows import add_window
from tests.browser import Camera
from tests.web.conftest import PASSWORD
from tests.web.journeys import LOOKS, Look, accessible, organizer

BASE = "/console/c/orne"
S = PublicationState
every_look = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)


async def publications(world: Any, post: Post) -> list[Publication]:
    async with world.database.read() as session:
        query = select(Publication).where(col(Publication.post_id) == post.id).order_by(col(Publication.id))
        return list(await session.scalars(query))


@every_look
async def test_a_post_is_moved_in_the_calendar(
    world: Any, served: httpx.AsyncClient, chromium: Browser, camera: Camera, look: Look
) -> None:
    telegram = world.channels[0]
    async with world.database.write() as session:
        (await session.get_one(Channel, telegram.id)).slots = "mon-fri 18:00"
        begins = world.clock.now + timedelta(days=4)
        await add_window(session, world.orne, begins, begins + timedelta(days=1), "veille du vote")
    post = await world.add_post("Marché de Flers", due=world.clock.now + timedelta(days=1), channels=(telegram,))
    page = await organizer(chromium, served, look)
    await page.goto(f"{served.base_url}{BASE}/calendar")
    await accessible(page)
    await camera.shot(page, f"console-calendar-{look.name}")
    if look.phone:  # by the form, with the keyboard alone
        await page.goto(f"{served.base_url}{BASE}/calendar?view=list&at=2026-11-24")
        await page.locator(f"#post-{post.id} summary").focus()
        await page.keyboard.press("Enter")
        await page.locator(f"#date-{post.id}").fill("2026-11-27")
        await page.keyboard.press("Enter")
    else:
        await page.drag_and_drop(f'[data-post="{post.id}"]', '[data-day="2026-11-27"]')
    await expect(page.get_by_text(look.says("Déplacé.", "Moved."))).to_be_visible()
    await accessible(page)
    assert [row.due_at for row in await publications(world, post)] == [world.clock.now + timedelta(days=3)]
    if not look.phone:
        await expect(page.locator('[data-day="2026-11-27"]', has_text="Marché de Flers")).to_be_visible()


@every_look
async def test_what_silence_holds_is_sent_after_it(
    world: Any, served: httpx.AsyncClient, chromium: Browser, camera: Camera, look: Look
) -> None:
    telegram = world.channels[0]
    ends = world.clock.now + timedelta(days=1)
    async with world.database.write() as session:
        await add_window(session, world.orne, world.clock.now - timedelta(hours=2), ends, "veille du vote")
    post = await world.add_post("Demain, votez", due=world.clock.now, channels=(telegram,))
    async with world.database.write() as session:
        (
            await session.scalars(select(Publication).where(col(Publication.post_id) == post.id))
        ).one().due_at = world.clock.now
        await session.flush()
        await keep_back(session, {telegram.id: telegram}, world.clock.now)
    [held] = await publications(world, post)
    assert held.state is S.held
    page = await organizer(chromium, served, look)
    await page.goto(f"{served.base_url}{BASE}/queue")
    row = page.locator("article", has_text="Demain, votez")
    await expect(row).to_contain_text("veille du vote")
    await accessible(page)
    await camera.shot(page, f"console-queue-{look.name}")
    await row.get_by_role("button", name=look.says("Envoyer après", "Send it after")).click()
    await expect(page.get_by_role("status").first).to_contain_text("1")
    [released] = await publications(world, post)
    assert (released.state, released.due_at) == (S.queued, ends)


@every_look
async def test_what_nobody_knows_of_is_settled(
    world: Any, served: httpx.AsyncClient, chromium: Browser, look: Look
) -> None:
    async with world.database.write() as session:
        for row in await session.scalars(select(Publication).where(col(Publication.post_id) == world.post.id)):
            row.state, row.reason = S.unknown, "the network did not answer"
    there, again = await publications(world, world.post)
    page = await organizer(chromium, served, look)
    await page.goto(f"{served.base_url}{BASE}/queue")
    await accessible(page)
    row = page.locator(f"#entry-{there.id}")
    await row.locator("input[type=url]").fill("ftp://t.me/orne/12")
    await row.get_by_role("button").first.click()  # refused: what was typed stays
    await expect(row.get_by_role("alert")).to_be_visible()
    await expect(row.locator("input[type=url]")).to_have_value("ftp://t.me/orne/12")
    await row.locator("input[type=url]").fill("https://t.me/orne/12")
    await row.get_by_role("button").first.click()
    await page.locator(f"#entry-{again.id}").get_by_role("button").nth(1).click()
    await expect(page.locator(f"#entry-{again.id}").get_by_role("button")).to_have_count(0)
    states = {row.id: (row.state, row.url) for row in await publications(world, world.post)}
    assert states == {there.id: (S.published, "https://t.me/orne/12"), again.id: (S.queued, None)}


@every_look
async def test_an_approver_compares_and_says_yes(
    world: Any, served: httpx.AsyncClient, chromium: Browser, camera: Camera, look: Look
) -> None:
    async with world.database.write() as session:
        (await session.get_one(Campaign, world.orne.id)).approvals = 1
        await installation.add_organizer(
            session, world.orne.id, "approver@example.org", "Alix", PASSWORD, Role.approver, world.clock.now
        )
    post = await world.add_post("Marché de Flers", due=world.clock.now + timedelta(days=1))
    async with world.database.write() as session:
        (await session.get_one(Post, post.id)).state = PostState.submitted
    page = await organizer(chromium, served, look, "approver@example.org")
    await page.goto(f"{served.base_url}{BASE}/approvals")
    await accessible(page)
    await camera.shot(page, f"console-approvals-{look.name}")
    await page.get_by_role("button", name=look.says("Valider", "Approve")).click()
    await page.goto(f"{served.base_url}{BASE}/posts")
    await accessible(page)
    await camera.shot(page, f"console-posts-{look.name}")
    async with world.database.read() as session:
        assert (await session.get_one(Post, post.id)).state is PostState.scheduled
