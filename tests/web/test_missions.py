"""The console's page of missions: who signed up and what they report, for the campaign's own organizers."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from campaigns import missions, supporters
from campaigns.mission_reports import Report
from campaigns.missions import NewMission
from campaigns.models import Mission, Occasion, SignupMessage
from web.console import missions as pages

ADDRESS = "/console/c/orne/missions"


@pytest.fixture
async def planned(world: Any) -> None:
    """A mission that is over, with a report by Zoé, and one to come."""
    now = world.clock.now
    async with world.database.write() as session:
        place = await supporters.participation(session, world.supporter.id, world.orne.id)
        assert place is not None
        where = {"place": "Gare d’Argentan", "timezone": "Europe/Paris"}
        over = await missions.add_mission(
            session, world.orne.id, NewMission("Tractage <b>", starts_at=now + timedelta(hours=1), **where), now
        )
        await missions.come(session, place, over.id, now)
        await missions.report(
            session, place, over.id, Report(42, None, 1200, "Mme <i>X</i> veut un train"), now + timedelta(hours=2)
        )
        later = NewMission("Réunion", starts_at=now + timedelta(days=2), capacity=8, **where)
        await missions.add_mission(session, world.orne.id, later, now)
    world.clock.move(hours=3)


async def test_writers_see_who_signed_up_and_what_they_report(
    world: Any, browser: httpx.AsyncClient, enter: Any, planned: None
) -> None:
    await enter()
    page = (await browser.get(ADDRESS)).text
    assert page.index("To come") < page.index("Réunion") < page.index(">Over<") < page.index("Tractage")
    assert "Tractage &lt;b&gt;" in page and "Mme &lt;i&gt;X&lt;/i&gt; veut un train" in page
    assert "1 person signed up" in page and "Zoé" in page and "0 of 8 places are taken" in page
    assert '<td class="number">42</td><td class="number">–</td><td class="number">1,200</td>' in page
    assert 'href="/console/c/orne/missions" aria-current="page"' in page
    french = (await browser.get(ADDRESS, params={"lang": "fr"})).text
    assert "1 personne inscrite" in french and "Ensemble" in french and "compte rendu" in french


async def test_a_viewer_sees_the_sums_and_no_names(
    world: Any, browser: httpx.AsyncClient, enter: Any, planned: None
) -> None:
    await enter("viewer@example.org")
    page = (await browser.get(ADDRESS)).text
    assert "1 person signed up" in page and "1,200" in page
    assert "Zoé" not in page and "veut un train" not in page


async def test_another_campaign_has_its_own(world: Any, browser: httpx.AsyncClient, enter: Any, planned: None) -> None:
    await enter("rival@example.org")
    assert (await browser.get(ADDRESS)).status_code == 404
    page = (await browser.get("/console/c/caux/missions")).text
    assert "Tractage" not in page and "No mission yet" in page


async def test_who_left_has_no_name_and_the_numbers_stay(
    world: Any, browser: httpx.AsyncClient, enter: Any, planned: None
) -> None:
    async with world.database.write() as session:
        await supporters.forget(session, world.supporter, world.clock())
    await enter()
    page = (await browser.get(ADDRESS)).text
    assert "somebody who left" in page and "Zoé" not in page and "veut un train" not in page and "1,200" in page


async def test_it_says_when_it_does_not_show_all(
    world: Any, browser: httpx.AsyncClient, enter: Any, planned: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enter()
    assert "latest of" not in (await browser.get(ADDRESS)).text
    monkeypatch.setattr(pages, "SHOWN", 1)
    assert "The 1 latest of 2 missions." in (await browser.get(ADDRESS)).text


FORM = {
    "title": "Porte-à-porte",
    "kind": "doors",
    "place": "Place du Marché",
    "starts": "2026-11-28T10:00",
    "aim": "Écouter",
    "capacity": "8",
    "territory": "",
}


async def test_a_mission_is_planned_changed_and_called_off_and_who_signed_up_is_told(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    token = await enter()
    sent = await browser.post(ADDRESS, data=FORM | {"csrf": token})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{ADDRESS}#mission-1")
    async with world.database.write() as session:
        place = await supporters.participation(session, world.supporter.id, world.orne.id)
        assert place is not None
        await missions.come(session, place, 1, world.clock.now)
    wrong = await browser.post(f"{ADDRESS}/1", data=FORM | {"csrf": token, "capacity": "0"})
    assert wrong.status_code == 422 and "a place for 0 people is none" in wrong.text.lower()
    assert (await browser.post(f"{ADDRESS}/1", data=FORM | {"csrf": token, "aim": "Parler"})).status_code == 303
    assert (await browser.post(f"{ADDRESS}/1", data=FORM | {"csrf": token, "place": "Gare"})).status_code == 303
    world.clock.move(minutes=1)
    assert "Gare" in (await browser.get(ADDRESS)).text
    assert (await browser.post(f"{ADDRESS}/1/call-off", data={"csrf": token})).status_code == 303
    page = (await browser.get(ADDRESS)).text
    assert "called off" in page and "Change or call off" not in page
    assert (await browser.post(f"{ADDRESS}/1/call-off", data={"csrf": token})).status_code == 422
    async with world.database.read() as session:
        told = [(m.occasion, m.supporter_id) for m in await session.scalars(select(SignupMessage))]
    assert told == [(Occasion.called_off, world.supporter.id)]  # the move had not gone out yet


async def test_who_may_not_write_or_is_of_another_campaign_changes_no_mission(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, planned: None
) -> None:
    token = await enter("viewer@example.org")
    assert "Plan a mission" not in (await browser.get(ADDRESS)).text
    assert (await browser.post(ADDRESS, data=FORM | {"csrf": token})).status_code == 403
    async with visit() as other:
        token = await enter("rival@example.org", other)
        for path in ("2", "2/call-off", "99999999999999999999"):
            said = await other.post(f"/console/c/caux/missions/{path}", data=FORM | {"csrf": token})
            assert said.status_code == 404
        assert (await other.post("/console/c/caux/missions", data=FORM | {"csrf": "wrong"})).status_code == 403
    async with world.database.read() as session:
        assert (await session.get_one(Mission, 2)).called_off_at is None
