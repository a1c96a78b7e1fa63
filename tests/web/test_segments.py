"""Segments under a name: counted as they are now, used by a message, gone with what they are made of."""

from typing import Any

import httpx
import pytest

from campaigns import installation, interests, saved_segments, supporters
from campaigns.models import Purpose
from campaigns.segments import Segment
from campaigns.supporters import Joining

ADDRESS = "/console/c/orne/segments"


@pytest.fixture
async def valley(world: Any) -> Any:
    async with world.database.write() as session:
        made = await installation.add_territory(session, world.orne.id, "Vallée")
        theme = await interests.add_interest(session, world.orne.id, "Vélo")
        for n in range(6):
            purposes = frozenset(Purpose) if n else frozenset({Purpose.counting})  # one is not written to
            joining = Joining(world.orne.id, 40 + n, "Ana", "en" if n == 5 else "fr", purposes, world.clock.now, made.id)  # fmt: skip
            _person, place = await supporters.join(session, joining)
            await interests.choose_interests(session, place, [theme.id] if n == 1 else [])
        other = await installation.add_territory(session, world.caux.id, "Le Havre")
    return made, theme, other


async def test_a_segment_is_kept_counted_used_and_taken_away(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any
) -> None:
    token = await enter()
    sent = await browser.post(ADDRESS, data={"csrf": token, "name": "La <b>vallée</b>", "territory": str(valley[0].id)})
    assert sent.status_code == 303
    page = (await browser.get(ADDRESS)).text
    assert "La &lt;b&gt;vallée&lt;/b&gt;" in page and "Vallée and below" in page and ">5 people<" in page
    message = (await browser.get("/console/c/orne/broadcasts?segment=1")).text
    assert f'<option value="{valley[0].id}" selected>' in message
    assert (await browser.post(f"{ADDRESS}/1/remove", data={"csrf": token})).status_code == 303
    assert "No segment yet" in (await browser.get(ADDRESS)).text


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "6 people"),  # Zoé too
        ({"territory": "1"}, "5 people"),
        ({"territory": "1", "language": "en"}, "Fewer than 5 people"),  # one person is not told alone
        ({"territory": "1", "interest": "1"}, "Fewer than 5 people"),
        ({"territory": "2"}, "0 people"),  # another campaign's
        ({"territory": "x"}, "0 people"),  # what is no territory does not mean everywhere
        ({"language": "xx"}, "0 people"),
    ],
)
async def test_the_live_count_says_how_many_are_reached(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any, asked: dict[str, str], told: str
) -> None:
    await enter()
    assert (await browser.get(f"{ADDRESS}/count", params=asked)).json() == {"told": told}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": ""}, "a name of at most 60"),
        ({"name": "x" * 61}, "a name of at most 60"),
        ({"name": "DÉJÀ"}, "There is a segment “DÉJÀ” already"),
        ({"name": "Ailleurs", "territory": "2"}, "is gone: choose once more"),  # another campaign's
        ({"name": "Ailleurs", "interest": "99"}, "is gone: choose once more"),
        ({"name": "Ailleurs", "language": "xx"}, "is gone: choose once more"),
    ],
)
async def test_what_cannot_be_kept_is_said_and_nothing_typed_is_lost(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any, data: dict[str, str], said: str
) -> None:
    async with world.database.write() as session:
        await saved_segments.save(session, "Déjà", Segment(world.orne.id))
    token = await enter()
    answer = await browser.post(ADDRESS, data={"csrf": token} | data)
    assert answer.status_code == 422 and said in answer.text
    assert f'value="{data["name"]}"' in answer.text


async def test_a_segment_goes_with_its_territory_and_reaches_nobody_else(world: Any, valley: Any) -> None:
    async with world.database.write() as session:
        await saved_segments.save(session, "Vallée", Segment(world.orne.id, valley[0].id))
        await session.delete(await session.merge(valley[0]))
    async with world.database.read() as session:
        assert not await saved_segments.segments_of(session, world.orne.id)


async def test_a_rival_neither_sees_nor_takes_a_segment(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any
) -> None:
    async with world.database.write() as session:
        await saved_segments.save(session, "Secret", Segment(world.orne.id))
    token = await enter("rival@example.org")
    rival = "/console/c/caux/segments"
    assert "Secret" not in (await browser.get(rival)).text
    assert (await browser.post(f"{rival}/1/remove", data={"csrf": token})).status_code == 404
    assert "Secret" not in (await browser.get("/console/c/caux/broadcasts?segment=1")).text
