"""The console's pages of supporters: only what people agreed to, found and turned over, one of them opened, taken out, erased."""

import html
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from campaigns import engagement, installation, interests, people, supporters
from campaigns.engagement import Act
from campaigns.models import (
    Audit,
    Consent,
    Engagement,
    Kind,
    Participation,
    Purpose,
    Role,
    Supporter,
    Tally,
)
from campaigns.people import Wanted, list_people
from campaigns.supporters import Joining
from tests.web.conftest import PASSWORD

ADDRESS = "/console/c/orne/people"
BOTH = frozenset({Purpose.contact, Purpose.counting})
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
async def crowd(world: Any) -> dict[str, Participation]:
    """People of two sections, each with another set of yes; Zoé is here already. And a rival's."""
    now, orne = world.clock.now, world.orne.id
    rows = [
        ("Émile", "fr", BOTH, "Vallée"),
        ("Ada", "en", frozenset({Purpose.contact}), "Vallée"),
        ("Bruno", "fr", frozenset({Purpose.counting}), "Littoral"),  # is not written to: has no name here
        (SCRIPT, "fr", frozenset(Purpose), "Littoral"),
    ]
    found = {}
    async with world.database.write() as session:
        for role in (Role.approver, Role.admin):
            await installation.add_organizer(session, orne, f"{role}@example.org", role.value, PASSWORD, role, now)
        top = await installation.add_territory(session, orne, "Normandie")
        places = {name: await installation.add_territory(session, orne, name, top) for name in ("Vallée", "Littoral")}
        theme = await interests.add_interest(session, orne, "Vélo")
        for n, (name, language, purposes, where) in enumerate(rows):
            joining = Joining(orne, 100 + n, name, language, purposes, now, places[where].id)
            _person, place = await supporters.join(session, joining)
            await interests.choose_interests(session, place, [theme.id])
            found[name] = place
        visits = [Act(orne, Kind.visit, now - timedelta(days=n), place.supporter_id, world.post.id) for n, place in enumerate((found["Émile"], found["Bruno"]))]  # fmt: skip
        await engagement.record(session, visits)
        rival = Joining(world.caux.id, 200, "Rivale", "fr", frozenset(Purpose), now)
        found["Rivale"] = (await supporters.join(session, rival))[1]
    return found


async def shown(browser: httpx.AsyncClient, **asked: Any) -> str:
    answer = await browser.get(ADDRESS, params=asked)
    assert answer.status_code == 200
    return answer.text.partition("<tbody>")[2].partition("</tbody>")[0]


async def test_a_name_is_shown_of_who_is_written_to_and_visits_of_who_is_counted(
    world: Any, browser: httpx.AsyncClient, enter: Any, crowd: Any
) -> None:
    await enter()
    rows = (await shown(browser)).split("</tr>")
    [emile] = [row for row in rows if "Émile" in row]
    [ada] = [row for row in rows if "Ada" in row]
    [bruno] = [row for row in rows if "somebody who is not written to" in row]
    assert 'data-label="Visits">1<' in emile and 'data-label="Visits">–<' in ada and 'data-label="Visits">1<' in bruno
    everything = (await browser.get(ADDRESS)).text
    assert "Bruno" not in everything and "Rivale" not in everything and "5 people" in everything
    assert SCRIPT not in everything and "&lt;script&gt;" in everything
    assert f"{ADDRESS}/" not in everything  # one person is not an editor's to open


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["script", "nobody", "Ada", "Émile", "Zoé"]),  # the newest first
        ({"sort": "old"}, ["Zoé", "Émile", "Ada", "nobody", "script"]),
        ({"sort": "name"}, ["script", "Ada", "Zoé", "Émile"]),  # who shows no name has no place among names
        ({"sort": "visits"}, ["nobody", "Émile"]),
        ({"territory": "1"}, ["script", "nobody", "Ada", "Émile"]),  # and those below
        ({"territory": "2"}, ["Ada", "Émile"]),
        ({"territory": "99"}, []),
        ({"language": "en"}, ["Ada"]),
        ({"interest": "1"}, ["script", "Ada", "Émile"]),  # Bruno's theme is not shown by a detour
        ({"agreed": "ranking"}, ["script"]),
        ({"agreed": ["contact", "counting"]}, ["script", "Émile", "Zoé"]),
        ({"name": "emile"}, ["Émile"]),  # neither accents nor capitals
        ({"name": "ILE"}, ["Émile"]),
        ({"name": "bruno"}, []),  # a search finds no name that is not shown
        ({"name": "*"}, []),  # nothing of it is an operator
        ({"name": "[a-z]"}, []),
        ({"since": "2026-11-24"}, ["Émile"]),
        ({"since": "2026-11-23"}, ["nobody", "Émile"]),
        ({"since": "yesterday", "sort": "x", "territory": "x", "after": "x", "agreed": "x"}, ["script", "nobody", "Ada", "Émile", "Zoé"]),  # what is no answer is no filter
        ({"stopped": "1"}, []),
    ],
)  # fmt: skip
async def test_the_list_is_filtered_searched_and_ordered(
    world: Any, browser: httpx.AsyncClient, enter: Any, crowd: Any, asked: dict[str, Any], names: list[str]
) -> None:
    await enter()
    rows = [row for row in (await shown(browser, **asked)).split("</tr>") if "<th" in row]
    words = {"nobody": "somebody who is not written to", "script": "&lt;script&gt;"}
    assert len(rows) == len(names)
    for row, name in zip(rows, names, strict=True):
        assert words.get(name, name) in row


@pytest.mark.parametrize(
    ("since", "lang", "said"),
    [
        ("2025-09-30", "en", "What people did before 1 October 2025 is only kept as sums"),  # 13 months, and this one
        ("2025-09-30", "fr", "Ce que les gens ont fait avant le 1 octobre 2025 n’est gardé que sous forme de totaux"),
        ("2025-10-02", "en", None),
        ("", "en", None),
    ],
)
async def test_who_asks_for_days_of_which_only_sums_are_kept_is_told_so(
    world: Any, browser: httpx.AsyncClient, enter: Any, crowd: Any, since: str, lang: str, said: str | None
) -> None:
    await enter()
    text = html.unescape((await browser.get(ADDRESS, params={"since": since, "lang": lang})).text)
    assert ('id="acts-since"' in text) == (said is not None)
    assert said is None or said in text


@pytest.mark.parametrize("sort", people.SORTS)
async def test_pages_hold_everybody_once_forth_and_back(world: Any, sort: str) -> None:
    async with world.database.write() as session:
        for n in range(17):
            name = "Ada" if n % 3 else "Bo"  # equal names, equal counts
            joining = Joining(world.orne.id, 300 + n, name, "fr", BOTH, world.clock.now)
            person, _place = await supporters.join(session, joining)
            acts = [Act(world.orne.id, Kind.visit, world.clock.now, person.id, world.post.id)] * (1 + n % 2)
            await engagement.record(session, acts)
    wanted, forth, back = Wanted(world.orne.id, sort=sort), [], []
    async with world.database.read() as session:
        page = await list_people(session, wanted, limit=4)
        forth += [line.place.id for line in page.lines]
        while page.after:
            page = await list_people(session, wanted, after=page.after, limit=4)
            forth += [line.place.id for line in page.lines]
        last = [line.place.id for line in page.lines]
        while page.before:
            page = await list_people(session, wanted, before=page.before, limit=4)
            back = [line.place.id for line in page.lines] + back
    assert len(forth) == len(set(forth)) == (17 if sort == "visits" else 18)
    assert back + last == forth


async def test_a_page_that_begins_behind_somebody_who_was_erased_is_the_first(
    world: Any, browser: httpx.AsyncClient, enter: Any, crowd: Any
) -> None:
    await enter()
    assert "Zoé" in await shown(browser, after=9999, sort="old")
    assert "Zoé" in await shown(browser, after=crowd["Rivale"].id, sort="old")


async def test_one_person_is_an_approvers_and_each_look_is_written_down(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, crowd: Any
) -> None:
    await enter("approver@example.org")
    page = (await browser.get(f"{ADDRESS}/{crowd['Émile'].id}")).text
    assert "Émile" in page and "Vallée" in page and "Vélo" in page and "contact 2026-11" in page
    assert "24 Nov 2026" in page and "Erase" not in page and "Export" not in page
    page = (await browser.get(f"{ADDRESS}/{crowd['Bruno'].id}")).text
    assert "Bruno" not in page and "Vélo" not in page and "somebody who is not written to" in page
    page = (await browser.get(f"{ADDRESS}/{crowd['Ada'].id}")).text
    assert "did not agree to be counted" in page
    assert (await browser.get(f"{ADDRESS}/{crowd['Rivale'].id}")).status_code == 404
    assert (await browser.get(f"{ADDRESS}/99999999999999999999")).status_code == 404
    async with world.database.read() as session:
        rows = [(row.action, row.detail) for row in await session.scalars(select(Audit).order_by(col(Audit.id)))]
    looked = [f"person {crowd[name].id}" for name in ("Émile", "Bruno", "Ada")]
    assert [row for row in rows if row[0] == "person opened"] == [("person opened", each) for each in looked]


async def test_an_export_holds_what_this_campaign_has_and_nothing_of_another(
    world: Any, browser: httpx.AsyncClient, enter: Any, crowd: Any
) -> None:
    async with world.database.write() as session:
        both = Joining(world.caux.id, 100, "Émile", "fr", frozenset(Purpose), world.clock.now)
        _person, elsewhere = await supporters.join(session, both)
        secret = elsewhere.invite_code
    token = await enter("admin@example.org")
    answer = await browser.post(f"{ADDRESS}/{crowd['Émile'].id}/export", data={"csrf": token})
    assert (
        answer.headers["content-type"] == "application/json" and "attachment" in answer.headers["content-disposition"]
    )
    rows = json.loads(answer.content)["rows"]
    assert [row["first_name"] for row in rows["supporter"]] == ["Émile"]
    assert {row["campaign_id"] for name in ("participation", "consent", "engagement", "tally") for row in rows[name]} == {world.orne.id}  # fmt: skip
    assert len(rows["consent"]) == 2 and len(rows["chosen_interest"]) == 1 and secret not in answer.text
    async with world.database.read() as session:
        exported = select(Audit).where(col(Audit.action) == "person exported")
        assert [row.detail for row in await session.scalars(exported)] == [f"person {crowd['Émile'].id}"]


async def test_erasing_asks_first_and_leaves_no_name(
    world: Any, browser: httpx.AsyncClient, enter: Any, crowd: Any
) -> None:
    token, address = await enter("admin@example.org"), f"{ADDRESS}/{crowd['Émile'].id}"
    unsure = await browser.post(f"{address}/erase", data={"csrf": token})
    assert unsure.status_code == 422 and "Tick the box first" in unsure.text
    done = await browser.post(f"{address}/erase", data={"csrf": token, "sure": "yes"}, follow_redirects=True)
    assert "Erased." in done.text and "Émile" not in done.text
    assert (await browser.get(address)).status_code == 404
    async with world.database.read() as session:
        names = list(await session.scalars(select(Supporter.first_name)))
        of_visits = select(Engagement).where(col(Engagement.kind) == Kind.visit).order_by(col(Engagement.id))
        visits = list(await session.scalars(of_visits))
        audit = [row.detail for row in await session.scalars(select(Audit).where(col(Audit.action) == "person erased"))]
    assert "Émile" not in names and len(visits) == 2 and visits[0].supporter_id is None
    assert audit == [f"person {crowd['Émile'].id}"]
    assert await world.visits() == 2  # the count stays


async def test_who_is_in_two_campaigns_is_erased_from_one(
    world: Any, browser: httpx.AsyncClient, enter: Any, crowd: Any
) -> None:
    async with world.database.write() as session:
        both = Joining(world.caux.id, 100, "Émile", "fr", frozenset(Purpose), world.clock.now)
        person, _place = await supporters.join(session, both)
    token = await enter("admin@example.org")
    await browser.post(f"{ADDRESS}/{crowd['Émile'].id}/erase", data={"csrf": token, "sure": "yes"})
    async with world.database.read() as session:
        assert (await session.get_one(Supporter, person.id)).first_name == "Émile"
        for table in (Participation, Consent, Tally, Engagement):
            mine = select(table.campaign_id).where(table.supporter_id == person.id)
            assert set(await session.scalars(mine)) <= {world.caux.id}, table
        assert await supporters.campaigns_of(session, person.id)


async def test_who_left_is_found_only_where_it_is_asked_for(
    world: Any, browser: httpx.AsyncClient, enter: Any, crowd: Any
) -> None:
    async with world.database.write() as session:
        person = await session.get_one(Supporter, crowd["Ada"].supporter_id)
        await supporters.stop(session, person, world.orne.id, world.clock.now)
    await enter()
    assert "Ada" not in await shown(browser)
    left = await shown(browser, stopped=1)
    assert left.count("<tr>") == 1 and "Ada" not in left  # every yes was taken back
