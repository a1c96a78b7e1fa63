"""The pages of results, the first page and the files, for the campaign's own organizers."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from campaigns import installation, posts, rollups
from campaigns.dashboard import board_of
from campaigns.database import Database
from campaigns.engagement import Act, record
from campaigns.models import Channel, Kind, Participation, Post, PostState, PublicationState
from tests.web.conftest import VAULT, serve
from web.boards import Boards
from web.console import board as board_page

HOME = "/console/c/orne"
PAGES = ("", "/results", "/results/territories", "/results/supporters", "/live")


@pytest.fixture
async def acted(world: Any) -> None:
    """Zoé's link was visited eleven times today."""
    async with world.database.write() as session:
        act = Act(world.orne.id, Kind.visit, world.clock.now, world.supporter.id, world.post.id)
        await record(session, [act] * 11)
        await rollups.catch_up(session)
        await rollups.count_people(session)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_says_the_campaigns_figures_in_both_languages(
    world: Any, browser: httpx.AsyncClient, enter: Any, acted: None, path: str
) -> None:
    await enter("viewer@example.org")
    for language in ("en", "fr"):
        answer = await browser.get(f"{HOME}{path}?lang={language}")
        assert answer.status_code == 200
        assert "style=" not in answer.text and "<script>" not in answer.text
    if path not in ("/results/territories",):
        assert ">11<" in answer.text


@pytest.mark.parametrize(
    "path", [*PAGES, "/results/posts/1", "/results/report.pdf", "/results/all.xlsx", "/live/stream"]
)
async def test_a_rival_finds_nothing(world: Any, browser: httpx.AsyncClient, enter: Any, path: str) -> None:
    await enter("rival@example.org")
    assert (await browser.get(f"{HOME}{path}")).status_code == 404


async def test_the_old_address_of_the_figures_leads_on(world: Any, browser: httpx.AsyncClient, enter: Any) -> None:
    await enter()
    assert (await browser.get(f"{HOME}/figures")).headers["location"] == f"{HOME}/results"


async def test_days_are_chosen_and_wrong_ones_are_said(
    world: Any, browser: httpx.AsyncClient, enter: Any, acted: None
) -> None:
    await enter()
    yesterday = (world.clock.now - timedelta(days=1)).date().isoformat()
    page = (await browser.get(f"{HOME}/results?from={yesterday}&until={yesterday}")).text
    assert f'value="{yesterday}"' in page and "Nothing happened in this time" in page
    wrong = unescape((await browser.get(f"{HOME}/results?from=demain&lang=fr")).text)
    assert "« demain » n’est pas un jour" in wrong.replace("\u202f", " ")


async def test_a_post_has_a_page_with_what_networks_and_people_did(
    world: Any, browser: httpx.AsyncClient, enter: Any, acted: None
) -> None:
    await enter()
    page = (await browser.get(f"{HOME}/results/posts/{world.post.id}")).text
    assert "Signez la pétition" in page and ">11<" in page
    assert "tells nothing" in page  # Telegram
    assert "costs, and has no budget" in page  # X
    assert (await browser.get(f"{HOME}/results/posts/{world.rival_post.id}")).status_code == 404


async def test_a_section_of_few_is_not_shown_alone(
    world: Any, browser: httpx.AsyncClient, enter: Any, acted: None
) -> None:
    async with world.database.write() as session:
        section = await installation.add_territory(session, world.orne.id, "Sées")
        for row in await session.scalars(Participation.__table__.select()):  # type: ignore[attr-defined]
            (await session.get_one(Participation, row)).territory_id = section.id
        await rollups.count_people(session)
    await enter()
    page = (await browser.get(f"{HOME}/results/territories")).text
    assert "Sées" not in page
    assert (await browser.get(f"{HOME}/results/territories/{section.id}")).status_code == 404


@pytest.mark.parametrize(
    ("path", "kind", "begins"),
    [
        ("report.pdf", "application/pdf", b"%PDF-"),
        ("all.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
        ("table.csv?table=posts", "text/csv; charset=utf-8", "\ufeffPost,".encode()),
        ("table.csv?table=territories", "text/csv; charset=utf-8", "\ufeffTerritory,".encode()),
    ],
)
async def test_results_are_taken_away(
    world: Any, browser: httpx.AsyncClient, enter: Any, acted: None, maker: Any, path: str, kind: str, begins: bytes
) -> None:
    await enter("viewer@example.org")
    answer = await browser.get(f"{HOME}/results/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.content.startswith(begins)
    assert re.search(
        r'attachment; filename="orne-[\d-]+(-\w+)?\.(pdf|xlsx|csv)"', answer.headers["content-disposition"]
    )
    assert "Zoé".encode() not in answer.content
    assert (await browser.get(f"{HOME}/results/table.csv?table=people")).status_code == 404


async def test_the_first_page_says_what_needs_a_human(world: Any, browser: httpx.AsyncClient, enter: Any) -> None:
    now = world.clock.now
    await enter()
    assert "Nothing waits for you." in (await browser.get(HOME)).text
    waiting = await world.add_post("À valider")
    async with world.database.write() as session:
        channel = await session.get_one(Channel, world.channels[0].id)
        channel.resting_reason = "the token was revoked"
        ((publication, _channel), *_rest) = (await posts.publications_of(session, [world.post.id]))[world.post.id]
        publication.state, publication.due_at = PublicationState.unknown, now
        (await session.get_one(Post, waiting.id)).state = PostState.submitted
        role = await installation.roles(session, world.editor.id)
    page = unescape((await browser.get(HOME)).text)
    assert "The token was revoked" in page
    assert "1 nobody knows" in page and "Signez la pétition" in page
    assert role[0][1].role.value == "editor" and "waits for your yes" not in page  # an editor cannot give it
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "oui@example.org", "Oui", "correct horse battery", installation.Role.approver, now
        )
    await enter("oui@example.org")
    assert "waits for your yes" in (await browser.get(HOME)).text


async def test_a_live_board_tells_its_state_at_once_and_again_when_it_changes(
    world: Any, browser: httpx.AsyncClient, enter: Any, acted: None, served: httpx.AsyncClient
) -> None:
    await enter(client=served)
    async with served.stream("GET", f"{HOME}/live/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        first = await _event(lines)
        assert ">11<" in first["html"]
        async with world.database.write() as session:
            await record(session, [Act(world.orne.id, Kind.visit, world.clock.now)])
            await rollups.catch_up(session)
        second = await _event(lines)
        assert second["id"] != first["id"] and ">12<" in second["html"] and "Zoé" not in second["html"]


async def test_a_browser_that_comes_back_to_another_process_is_not_sent_the_board_that_it_shows(
    world: Any, enter: Any, acted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.boards.EVERY", 0.01)
    monkeypatch.setattr("web.boards.HEARTBEAT", 0.01)
    looks = []

    async def counted(*given: Any) -> Any:
        looks.append(await board_of(*given))
        return looks[-1]

    monkeypatch.setattr(board_page, "board_of", counted)
    async with _another_process(world, enter) as client, client.stream("GET", f"{HOME}/live/stream") as answer:
        first = await _event(answer.aiter_lines())
    looks.clear()
    known = {"last-event-id": first["id"]}
    async with (
        _another_process(world, enter) as client,
        client.stream("GET", f"{HOME}/live/stream", headers=known) as answer,
    ):
        lines = answer.aiter_lines()
        while len(looks) < 3:
            assert not (await anext(lines)).startswith("event")
        async with world.database.write() as session:
            await record(session, [Act(world.orne.id, Kind.visit, world.clock.now)])
            await rollups.catch_up(session)
        assert ">12<" in (await _event(lines))["html"]


@asynccontextmanager
async def _another_process(world: Any, enter: Any) -> AsyncIterator[httpx.AsyncClient]:
    """As good as one: a server and a store of its own, where the organizer is logged in."""
    app = world.app(database=Database(world.settings.store_url, VAULT))
    with serve(app) as address:
        try:
            async with httpx.AsyncClient(base_url=address, timeout=60) as client:
                await enter(client=client)
                yield client
        finally:
            app.state.site.boards.close()


async def _event(lines: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    async with asyncio.timeout(30):
        async for line in lines:
            if line.startswith("id: "):
                found["id"] = line[4:]
            elif line.startswith("data: "):
                found["html"] = json.loads(line[6:])
                return found
    raise AssertionError("the stream ended")


async def test_all_who_watch_a_board_share_one_look_and_the_last_one_ends_it() -> None:
    boards, looks = Boards(), 0

    async def look() -> int:
        nonlocal looks
        looks += 1
        return looks // 100  # the same for a while

    watchers = [boards.watch(1, look) for _ in range(20)]
    assert {await anext(each) for each in watchers} == {(1, 0)}
    assert (looks, boards.looking) == (1, 1)
    for each in watchers:
        await each.aclose()  # type: ignore[attr-defined]
    assert boards.looking == 0


async def test_a_board_that_does_not_change_is_not_told_again_but_a_heartbeat_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.boards.HEARTBEAT", 0.01)
    boards = Boards()

    async def look() -> str:
        return "same"

    first = boards.watch(1, look)
    assert await anext(first) == (1, "same")
    assert await anext(first) is None


async def test_closing_lets_every_watcher_go() -> None:
    boards = Boards()

    async def look() -> str:
        return "same"

    watcher = boards.watch(1, look)
    await anext(watcher)
    waits = asyncio.ensure_future(anext(watcher))
    await asyncio.sleep(0)
    boards.close()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(waits, 5)


async def test_a_store_that_is_away_for_a_moment_ends_no_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.boards.EVERY", 0.01)
    boards, looks = Boards(), 0

    async def look() -> str:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise OSError("away")
        return "back"

    assert await anext(boards.watch(1, look)) == (1, "back")


def test_every_act_has_its_words_for_the_hall() -> None:
    assert set(board_page.DONE) == set(Kind)
