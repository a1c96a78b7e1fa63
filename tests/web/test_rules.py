"""What the law and the campaign's own rules ask of the pages: silence, approval, and what somebody must decide."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from campaigns import installation
from campaigns.models import Campaign, Publication, PublicationState, Role
from campaigns.models import PostState as P
from campaigns.silence_windows import add_window
from tests.web.conftest import PASSWORD, picture

POSTS = "/console/c/orne/posts"


async def silence(world: Any) -> None:
    async with world.database.write() as session:
        await add_window(session, world.orne, world.clock.now, world.clock.now + timedelta(days=2), "veille du vote")


async def test_in_silence_no_badge_is_made_and_the_page_says_until_when(world: Any, browser: httpx.AsyncClient) -> None:
    await silence(world)
    page = await browser.get("/c/orne/badge")
    assert "silence" in page.text and "https://wa.me" not in page.text
    form = {"frame": "ring", "name": "Zoé"}
    answer = await browser.post("/c/orne/badge", data=form, files={"photo": ("p.jpg", picture(), "image/jpeg")})
    assert answer.status_code == 403
    assert "silence" in answer.text and "data:image" not in answer.text
    script = await browser.post("/c/orne/badge/picture", data=form, files={"photo": ("p.jpg", picture(), "image/jpeg")})
    assert script.status_code == 403 and "silence" in script.json()["sentence"]
    world.clock.move(days=2)
    answer = await browser.post("/c/orne/badge", data=form, files={"photo": ("p.jpg", picture(), "image/jpeg")})
    assert answer.status_code == 200


async def test_in_silence_what_is_up_stays_up_and_its_share_buttons_go(world: Any, browser: httpx.AsyncClient) -> None:
    address = f"/p/{world.post.id}"
    assert "/o/" in (await browser.get(address)).text
    await silence(world)
    page = await browser.get(address)
    assert page.status_code == 200
    assert world.post.title in page.text and "/o/" not in page.text and "silence" in page.text


async def test_in_silence_a_share_window_does_not_open_and_a_link_still_leads_on(
    world: Any, browser: httpx.AsyncClient
) -> None:
    await silence(world)
    assert (await browser.get(f"/o/{world.link.open_token}/x")).status_code == 410
    assert (await browser.get(f"/s/{world.link.token}")).status_code == 302


@pytest.fixture
async def submitted(world: Any) -> Any:
    """A post of the editor's that waits for a yes; and an approver."""
    async with world.database.write() as session:
        (await session.get_one(Campaign, world.orne.id)).approvals = 1
        await installation.add_organizer(
            session, world.orne.id, "approver@example.org", "Alix", PASSWORD, Role.approver, world.clock.now
        )
    post = await world.add_post("À valider", due=world.clock.now + timedelta(hours=1))
    async with world.database.write() as session:
        (await session.get_one(type(post), post.id)).author_id = world.editor.id
    return post


async def state_of(world: Any, post: Any) -> P:
    async with world.database.read() as session:
        return (await session.get_one(type(post), post.id)).state


async def test_an_approver_approves_in_the_console_and_the_author_cannot(
    world: Any, browser: httpx.AsyncClient, enter: Any, submitted: Any
) -> None:
    address = f"{POSTS}/{submitted.id}/approve"
    refused = await browser.post(address, data={"csrf": await enter()})
    assert refused.status_code == 409 and "somebody else must approve it" in refused.text
    assert await state_of(world, submitted) is P.submitted
    token = await enter("approver@example.org")
    assert f'action="{address}"' in (await browser.get(POSTS)).text
    assert (await browser.post(address, data={"csrf": token})).status_code == 303
    assert await state_of(world, submitted) is P.scheduled


async def test_what_is_sent_back_can_be_submitted_again(
    world: Any, browser: httpx.AsyncClient, enter: Any, submitted: Any
) -> None:
    token = await enter("approver@example.org")
    await browser.post(f"{POSTS}/{submitted.id}/send-back", data={"csrf": token})
    assert await state_of(world, submitted) is P.draft
    await browser.post(f"{POSTS}/{submitted.id}/submit", data={"csrf": token})
    assert await state_of(world, submitted) is P.submitted


@pytest.mark.parametrize("state", [PublicationState.held, PublicationState.missed])
async def test_what_was_kept_back_is_listed_to_be_sent_or_dropped(
    world: Any, browser: httpx.AsyncClient, enter: Any, state: PublicationState
) -> None:
    await world.add_post("Retenu", channels=tuple(world.channels[:1]))
    async with world.database.write() as session:
        row = (await session.scalars(select(Publication).order_by(Publication.id.desc()).limit(1))).one()  # type: ignore[union-attr]
        row.state = state
    token = await enter()
    assert "Drop it" in (await browser.get("/console/c/orne/queue?lang=en")).text
    await browser.post(f"/console/c/orne/publications/{row.id}/settle", data={"csrf": token, "to": "queued"})
    async with world.database.read() as session:
        settled = await session.get_one(Publication, row.id)
    assert (settled.state, settled.due_at) == (PublicationState.queued, world.clock.now)
