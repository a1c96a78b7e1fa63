"""The console's tree of territories and its towns: added, moved, merged and taken away without losing anybody."""

from datetime import date
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from campaigns import broadcasts, communes, installation, leaders, saved_segments, supporters
from campaigns.models import (
    Audit,
    Campaign,
    Commune,
    Kind,
    Participation,
    Post,
    Purpose,
    Role,
    SilenceWindow,
    Territory,
)
from campaigns.segments import Segment
from campaigns.silence_windows import add_polling_day
from campaigns.supporters import Joining
from tests.web.conftest import PASSWORD
from web.console import territories as pages

ADDRESS = "/console/c/orne/territories"
BLANK = {"parent": "", "timezone": "", "goal": "", "goal_kind": "said_shared"}


@pytest.fixture
async def tree(world: Any) -> dict[str, Territory]:
    async with world.database.write() as session:
        await installation.add_organizer(
            session, world.orne.id, "admin@example.org", "Admin", PASSWORD, Role.admin, world.clock.now
        )
        top = await installation.add_territory(session, world.orne.id, "Normandie")
        found = {"Normandie": top}
        for name in ("Vallée", "Littoral"):
            found[name] = await installation.add_territory(session, world.orne.id, name, top)
        found["Quai"] = await installation.add_territory(session, world.orne.id, "Quai", found["Littoral"])
        found["Le Havre"] = await installation.add_territory(session, world.caux.id, "Le Havre")
    return found


@pytest.fixture
def people(world: Any) -> Any:
    async def join(territory: Territory, n: int, first: int = 500) -> None:
        async with world.database.write() as session:
            for i in range(n):
                joining = Joining(world.orne.id, first + i, "Ana", "fr", frozenset(Purpose), world.clock.now, territory.id)  # fmt: skip
                await supporters.join(session, joining)

    return join


async def send(browser: httpx.AsyncClient, token: str, path: str = "", **data: str) -> httpx.Response:
    return await browser.post(f"{ADDRESS}{path}", data={"csrf": token} | BLANK | data)


def line(page: str, name: str) -> str:
    [row] = [row for row in page.split("</tr>") if f"{name}<" in row and '<th scope="row"' in row]
    return row


async def test_sections_with_fewer_than_five_people_are_not_counted_alone(
    world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any, people: Any
) -> None:
    await people(tree["Vallée"], 4)
    await people(tree["Quai"], 5, 600)
    await enter("viewer@example.org")
    page = (await browser.get(ADDRESS)).text
    assert ">fewer than 5<" in line(page, "Vallée") and ">5<" in line(page, "Quai") and ">5<" in line(page, "Littoral")
    assert ">9<" in line(page, "Normandie") and page.index("Littoral") < page.index("Quai") < page.index("Vallée")
    assert "Le Havre" not in page and "A new territory" not in page


async def test_referents_goals_and_channels_stand_beside_their_territory(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, tree: Any
) -> None:
    async with world.database.write() as session:
        leader = await leaders.appoint(session, tree["Quai"], world.clock.now)
        await leaders.accept(session, leader.link_code or "", world.supporter, world.clock.now)
        quai = await session.get_one(Territory, tree["Quai"].id)
        quai.goal, quai.goal_kind = 2000, Kind.visit
        await installation.add_channel(session, world.orne.id, "telegram", "Quai <b>", {"chat_id": "4"}, quai)
    await enter()
    row = line((await browser.get(ADDRESS)).text, "Quai")
    assert "Zoé" in row and "2,000 · Visits" in row and "Quai &lt;b&gt;" in row
    async with visit() as other:
        await enter("viewer@example.org", other)
        assert "Zoé" not in (await other.get(ADDRESS)).text


async def test_a_territory_is_added_renamed_moved_and_given_a_goal(
    world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any
) -> None:
    token = await enter("admin@example.org")
    added = await send(browser, token, name="  Saint-Denis  <i> ", parent=str(tree["Normandie"].id), timezone="Indian/Reunion")  # fmt: skip
    assert added.status_code == 303
    number = added.headers["location"].rpartition("-")[2]
    assert "Saint-Denis &lt;i&gt;" in (await browser.get(ADDRESS)).text
    moved = await send(browser, token, f"/{number}", name="Saint-Denis", parent=str(tree["Quai"].id), goal="500", goal_kind="visit")  # fmt: skip
    assert moved.status_code == 303
    async with world.database.read() as session:
        here = await session.get_one(Territory, int(number))
        audit = [(row.action, row.detail) for row in await session.scalars(select(Audit))]
    assert (here.name, here.parent_id, here.timezone) == ("Saint-Denis", tree["Quai"].id, None)
    assert (here.goal, here.goal_kind) == (500, Kind.visit)
    assert ("territory added", f"territory {number}") in audit and ("territory changed", f"territory {number}") in audit


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": ""}, "a name of at most 80 characters"),
        ({"name": "x" * 81}, "a name of at most 80 characters"),
        ({"name": "VALLÉE"}, "There is a territory “VALLÉE” already"),
        ({"name": "Ici", "timezone": "Europe/Atlantis"}, "time zone “Europe/Atlantis” does not exist"),
        ({"name": "Ici", "goal": "beaucoup"}, "A goal is a whole number"),
        ({"name": "Ici", "goal": "99999999999999"}, "A goal is a whole number"),
        ({"name": "Ici", "goal": "5", "goal_kind": "copied"}, "A goal is a whole number"),  # a kind that no goal counts
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any, data: dict[str, str], said: str
) -> None:
    token = await enter("admin@example.org")
    answer = await send(browser, token, **data)
    assert answer.status_code == 422 and said in answer.text.replace("Time zone", "time zone")
    assert all(f'value="{value}"' in answer.text for name, value in data.items() if value and name != "goal_kind")


async def test_no_territory_lies_below_itself(world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any) -> None:
    token = await enter("admin@example.org")
    page = (await browser.get(f"{ADDRESS}/{tree['Littoral'].id}")).text
    offered = page.partition('id="parent"')[2].partition("</select>")[0]
    assert "Vallée" in offered and "Quai" not in offered and "Littoral" not in offered
    for parent in ("Littoral", "Quai"):
        answer = await send(browser, token, f"/{tree['Littoral'].id}", name="Littoral", parent=str(tree[parent].id))
        assert answer.status_code == 422 and "cannot lie below itself" in answer.text
    answer = await send(browser, token, f"/{tree['Vallée'].id}", name="Vallée", parent=str(tree["Le Havre"].id))
    assert answer.status_code == 404


async def test_merging_takes_everything_along_but_referents_and_segments(
    world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any, people: Any
) -> None:
    vallee, littoral = tree["Vallée"], tree["Littoral"]
    await people(littoral, 3)
    async with world.database.write() as session:
        await leaders.appoint(session, littoral, world.clock.now)
        await saved_segments.save(session, "Bord de mer", Segment(world.orne.id, littoral.id))
        (await session.get_one(Post, world.post.id)).territory_id = littoral.id
        new = [communes.NewCommune("Port", "99110", littoral.id)]
        await communes.store_communes(session, world.orne.id, new)
        orne = await session.get_one(Campaign, world.orne.id)
        await add_polling_day(session, orne, date(2026, 12, 6), world.clock.now, label="tour")
    token = await enter("admin@example.org")
    unsure = await send(browser, token, f"/{littoral.id}", do="merge", into=str(vallee.id))
    assert unsure.status_code == 422
    into_own = await send(browser, token, f"/{littoral.id}", do="merge", into=str(tree["Quai"].id), sure="yes")
    assert into_own.status_code == 422 and "cannot be merged into itself" in into_own.text
    done = await send(browser, token, f"/{littoral.id}", do="merge", into=str(vallee.id), sure="yes")
    assert done.status_code == 303
    async with world.database.read() as session:
        at = select(Participation.territory_id).where(col(Participation.territory_id).is_not(None))
        assert set(await session.scalars(at)) == {vallee.id}
        assert (await session.get_one(Territory, tree["Quai"].id)).parent_id == vallee.id
        assert (await session.get_one(Post, world.post.id)).territory_id == vallee.id
        assert set(await session.scalars(select(Commune.territory_id))) == {vallee.id}
        assert await session.get(Territory, littoral.id) is None
        assert not await leaders.seats(session, world.orne.id)
        assert not await saved_segments.segments_of(session, world.orne.id)
        windows = set(await session.scalars(select(SilenceWindow.territory_id)))
    assert windows == {None, tree["Normandie"].id, vallee.id, tree["Quai"].id}


async def test_a_message_that_is_not_over_holds_a_merge(
    world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any
) -> None:
    async with world.database.write() as session:
        segment = Segment(world.orne.id, tree["Quai"].id)
        await broadcasts.add_broadcast(session, segment, "Rendez-vous", world.clock.now, organizer_id=world.editor.id)
    token = await enter("admin@example.org")
    answer = await send(browser, token, f"/{tree['Quai'].id}", do="merge", into=str(tree["Vallée"].id), sure="yes")
    assert answer.status_code == 422 and "is not over" in answer.text


async def test_only_an_empty_territory_is_taken_away(
    world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any, people: Any
) -> None:
    await people(tree["Vallée"], 1)
    token = await enter("admin@example.org")
    for name in ("Vallée", "Littoral"):  # a person; a section
        answer = await send(browser, token, f"/{tree[name].id}", do="remove", sure="yes")
        assert answer.status_code == 422 and "is not empty" in answer.text
    assert (await send(browser, token, f"/{tree['Quai'].id}", do="remove", sure="yes")).status_code == 303
    async with world.database.read() as session:
        assert await session.get(Territory, tree["Quai"].id) is None


async def test_an_editor_changes_nothing_and_a_rival_finds_nothing(
    world: Any, browser: httpx.AsyncClient, visit: Any, enter: Any, tree: Any
) -> None:
    token = await enter()
    assert (await browser.get(f"{ADDRESS}/{tree['Quai'].id}")).status_code == 403
    assert (await send(browser, token, name="Ici")).status_code == 403
    assert (await send(browser, token, f"/{tree['Quai'].id}", do="remove", sure="yes")).status_code == 403
    async with visit() as other:
        token = await enter("rival@example.org", other)
        rival = "/console/c/caux/territories"
        assert (await other.get(f"{rival}/{tree['Quai'].id}")).status_code == 404
        gone = await other.post(f"{rival}/{tree['Quai'].id}", data={"csrf": token, "do": "remove", "sure": "yes"})
        assert gone.status_code == 404


async def upload(browser: httpx.AsyncClient, token: str, text: str, do: str) -> httpx.Response:
    files = {"file": ("villes.csv", text.encode(), "text/csv")}
    return await browser.post(f"{ADDRESS}/communes", data={"csrf": token, "do": do}, files=files)


async def stored(world: Any) -> list[str]:
    async with world.database.read() as session:
        return sorted(await session.scalars(select(Commune.name)))


async def test_towns_are_checked_first_and_then_stored(
    world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any
) -> None:
    token = await enter("admin@example.org")
    good = "name,postcode,territory\nPort-Clair,99110,Littoral\nVivemont,99300,Vallée\n"
    checked = await upload(browser, token, good, "check")
    assert checked.status_code == 200 and "2 towns, nothing wrong. Nothing is stored yet." in checked.text
    assert await stored(world) == []
    assert "2 towns stored." in (await upload(browser, token, good, "import")).text
    assert await stored(world) == ["Port-Clair", "Vivemont"]


async def test_of_50000_lines_with_mistakes_each_is_named_100_are_shown_and_none_is_stored(
    world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any
) -> None:
    token = await enter("admin@example.org")
    await upload(browser, token, "name,postcode,territory\nPort-Clair,99110,Littoral\n", "import")
    rows = [f"Ville {n},{99000 + n % 900},{'Vallée' if n % 50 else 'Nulle <b>'}" for n in range(50_000)]
    answer = await upload(browser, token, "\n".join(["name,postcode,territory", *rows]), "import")
    assert answer.status_code == 422 and "1000 lines are wrong. Nothing was stored." in answer.text
    assert answer.text.count("<code>territory</code>") == pages.NAMED == 100
    assert "The first 100 of 1,000 mistakes." in answer.text and "Nulle &lt;b&gt;" in answer.text
    assert '<td class="number">2</td>' in answer.text and '<td class="number">52</td>' in answer.text
    assert await stored(world) == ["Port-Clair"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nom,cp\nx,1\n", "villes.csv, line 1: the columns are name, postcode, territory"),
        ('name,postcode,territory\n"x,1\n', "villes.csv, line 2"),
        ("", "villes.csv, line 1"),
    ],
)
async def test_a_file_that_is_no_list_of_towns_is_refused_by_its_own_name(
    world: Any, browser: httpx.AsyncClient, enter: Any, tree: Any, text: str, said: str
) -> None:
    token = await enter("admin@example.org")
    answer = await upload(browser, token, text, "import")
    assert answer.status_code == 422 and said in answer.text and "communes.csv" not in answer.text
    nothing = await browser.post(f"{ADDRESS}/communes", data={"csrf": token, "do": "check"})
    assert nothing.status_code == 422 and "Choose a file first" in nothing.text
