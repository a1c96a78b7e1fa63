"""The console's page of referents and themes: places with their links, given and taken back by who may."""

from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from campaigns import installation, interests, leaders
from campaigns.models import Audit, Interest, Role, TerritoryLeader
from tests.web.conftest import PASSWORD

ADDRESS = "/console/c/orne/team"


@pytest.fixture
async def valley(world: Any) -> Any:
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Admin", PASSWORD, Role.admin, world.clock.now
        )
        await installation.add_territory(session, world.caux.id, "Le Havre")
        return await installation.add_territory(session, world.orne.id, "Vallée <b>")


async def send(browser: httpx.AsyncClient, token: str, what: str, **data: str) -> httpx.Response:
    return await browser.post(f"{ADDRESS}/{what}", data={"csrf": token, **data}, follow_redirects=True)


async def codes(world: Any) -> list[str | None]:
    async with world.database.read() as session:
        return [row.link_code for row in await session.scalars(select(TerritoryLeader))]


async def test_a_place_is_made_handed_on_taken_and_taken_back(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any
) -> None:
    token = await enter("admin@example.org")
    page = (await send(browser, token, "appoint", territory=str(valley.id), most_a_day="2")).text
    [code] = await codes(world)
    assert f"https://t.me/orne_bot?start=l-{code}" in page and "not taken yet" in page
    assert "Vallée &lt;b&gt;" in page and "2 messages a day of both together" in page
    async with world.database.write() as session:
        await leaders.accept(session, code or "", world.supporter, world.clock.now)
    page = (await browser.get(ADDRESS)).text
    assert "Vallée &lt;b&gt; · Zoé" in page and "since 24 Nov 2026" in page and str(code) not in page
    await send(browser, token, "appoint", territory=str(valley.id))
    page = (await browser.get(ADDRESS)).text
    assert "Make a place with a link" not in page  # both are given
    refused = await send(browser, token, "appoint", territory=str(valley.id))
    assert refused.status_code == 422 and "has two places for referents" in refused.text
    assert "Zoé" not in (await send(browser, token, "1/dismiss")).text
    async with world.database.read() as session:
        audit = list(await session.scalars(select(Audit).where(col(Audit.action).startswith("referent"))))
    assert [(row.action, row.organizer_id is not None) for row in audit] == [
        ("referent appointed", True),
        ("referent accepted", False),
        ("referent appointed", True),
        ("referent dismissed", True),
    ]


async def test_an_editor_looks_without_the_links_and_a_viewer_not_at_all(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, valley: Any
) -> None:
    async with world.database.write() as session:
        code = (await leaders.appoint(session, valley, world.clock.now)).link_code
    token = await enter()
    page = (await browser.get(ADDRESS)).text
    assert "Vallée &lt;b&gt;" in page and str(code) not in page and "dismiss" not in page
    assert (await send(browser, token, "appoint", territory=str(valley.id))).status_code == 403
    assert (await send(browser, token, "1/dismiss")).status_code == 403
    for who, status in (("viewer@example.org", 403), ("rival@example.org", 404)):
        async with visit() as other:
            await enter(who, other)
            assert (await other.get(ADDRESS)).status_code == status
    assert await codes(world) == [code]


async def test_a_territory_of_another_campaign_and_a_forged_form_change_nothing(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any
) -> None:
    token = await enter("admin@example.org")
    for territory in ("1", "99", "x", ""):
        if territory != str(valley.id):
            assert (await send(browser, token, "appoint", territory=territory)).status_code == 404
    assert (await send(browser, "forged", "appoint", territory=str(valley.id))).status_code == 403
    async with world.database.write() as session:
        [other] = await installation.territories(session, world.caux.id)
        await leaders.appoint(session, other, world.clock.now)
    await send(browser, token, "1/dismiss")
    assert len(await codes(world)) == 1


async def test_themes_are_offered_and_taken_away(
    world: Any, browser: httpx.AsyncClient, enter: Any, valley: Any
) -> None:
    token = await enter()
    assert "Le rail &amp; co" in (await send(browser, token, "themes", name="Le rail & co")).text
    for name in ("", "le RAIL & co", "x" * 41):
        refused = await send(browser, token, "themes", name=name)
        assert refused.status_code == 422 and "at most 40 characters" in refused.text
    async with world.database.write() as session:
        await interests.add_interest(session, world.caux.id, "De Caux")
    await send(browser, token, "themes/2/remove")
    await send(browser, token, "themes/1/remove")
    async with world.database.read() as session:
        assert [row.name for row in await session.scalars(select(Interest))] == ["De Caux"]
