"""The console's page of ideas: who may read them, and the one answer."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from campaigns import suggestions, supporters
from web.console import ideas

ADDRESS = "/console/c/orne/ideas"


@pytest.fixture
async def idea(world: Any) -> None:
    async with world.database.write() as session:
        await suggestions.suggest(session, world.supporter.id, world.orne.id, "Des vélos <b>", world.clock.now)


async def send(browser: httpx.AsyncClient, token: str, text: str, number: int = 1, **more: Any) -> httpx.Response:
    data = {"csrf": token, "answer": text}
    return await browser.post(f"{ADDRESS}/{number}/answer", data=data, **more)


async def test_a_writer_reads_and_answers_an_idea_once(
    world: Any, browser: httpx.AsyncClient, enter: Any, idea: None
) -> None:
    token = await enter()
    page = (await browser.get(ADDRESS)).text
    assert "Des vélos &lt;b&gt;" in page and "Zoé" in page and "no answer yet" in page
    done = await send(browser, token, "Au printemps <i>", follow_redirects=True)
    assert done.url.path == ADDRESS
    assert "Au printemps &lt;i&gt;" in done.text and "On its way" in done.text and "<textarea" not in done.text
    again = await send(browser, token, "Jamais")
    assert again.status_code == 422 and "Somebody answered this idea already." in again.text
    assert "Au printemps" in again.text and "Jamais" not in again.text
    async with world.database.read() as session:
        [waiting] = await suggestions.untold(session, world.clock.now, 9)
    assert waiting.suggestion.organizer_id == world.editor.id


@pytest.mark.parametrize(("text", "said"), [("  ", "The answer is empty"), ("x" * 3001, "at most 3000: shorten it")])
async def test_an_answer_that_cannot_be_sent_keeps_what_was_typed(
    browser: httpx.AsyncClient, enter: Any, idea: None, text: str, said: str
) -> None:
    refused = await send(browser, await enter(), text)
    assert refused.status_code == 422 and said in refused.text and text.strip() in refused.text


async def test_it_says_what_became_of_the_answer(
    world: Any, browser: httpx.AsyncClient, enter: Any, idea: None
) -> None:
    await send(browser, await enter(), "Oui")
    async with world.database.write() as session:
        await supporters.stop(session, world.supporter, world.orne.id, world.clock.now)
    assert "gets no more messages. It stays under /mydata" in (await browser.get(ADDRESS)).text
    async with world.database.write() as session:
        await suggestions.told(session, 1, world.clock.now, "no such chat")
    assert "May not have reached them: no such chat" in (await browser.get(ADDRESS)).text
    async with world.database.write() as session:
        await suggestions.told(session, 1, world.clock.now + timedelta(minutes=5))
    assert "Reached them on 24 Nov 12:05" in (await browser.get(ADDRESS)).text
    assert "Arrivée le 24 nov. 12:05" in (await browser.get(ADDRESS, params={"lang": "fr"})).text


async def test_who_stopped_is_marked_before_somebody_answers(
    world: Any, browser: httpx.AsyncClient, enter: Any, idea: None
) -> None:
    async with world.database.write() as session:
        await supporters.stop(session, world.supporter, world.orne.id, world.clock.now)
    await enter()
    assert "an answer would stay under /mydata" in (await browser.get(ADDRESS)).text


async def test_a_viewer_and_another_campaign_do_not_read_them(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, idea: None
) -> None:
    await enter("viewer@example.org")
    refused = await browser.get(ADDRESS)
    assert refused.status_code == 403 and "Des vélos" not in refused.text
    assert "/ideas" not in (await browser.get("/console/c/orne/posts")).text
    async with visit() as other:
        token = await enter("rival@example.org", other)
        assert (await other.get(ADDRESS)).status_code == 404
        assert "No idea yet." in (await other.get("/console/c/caux/ideas")).text
        foreign = await other.post("/console/c/caux/ideas/1/answer", data={"csrf": token, "answer": "Non"})
        assert foreign.status_code == 404
    async with world.database.read() as session:
        assert await suggestions.untold(session, world.clock.now, 9) == []


async def test_a_form_without_its_token_and_an_unknown_idea_are_refused(
    browser: httpx.AsyncClient, enter: Any, idea: None
) -> None:
    token = await enter()
    assert (await send(browser, "wrong", "Oui")).status_code == 403
    assert (await send(browser, token, "Oui", 99)).status_code == 404
    assert (await send(browser, token, "Oui", 10**30)).status_code == 404


async def test_it_says_when_it_does_not_show_all(
    world: Any, browser: httpx.AsyncClient, enter: Any, idea: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.database.write() as session:
        await suggestions.suggest(session, world.supporter.id, world.orne.id, "Des trams", world.clock.now)
    await enter()
    assert "of 2 ideas" not in (await browser.get(ADDRESS)).text
    monkeypatch.setattr(ideas, "SHOWN", 1)
    assert "1 of 2 ideas" in (await browser.get(ADDRESS)).text
