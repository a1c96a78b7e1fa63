"""The console's page of events: planned, changed, called off there; who comes, for the campaign's own organizers."""

import csv
import io
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from campaigns import event_planning, events, supporters
from campaigns.event_planning import NewBus, NewEvent
from campaigns.installation import add_territory
from campaigns.models import Event, EventBus, EventSignup, HandoutState, Occasion, Purpose, SignupMessage
from campaigns.supporters import Joining
from web.console import events as pages

ADDRESS = "/console/c/orne/events"
SATURDAY = datetime(2026, 11, 28, 13, 0, tzinfo=UTC)  # 14:00 in Paris; the clock stands on the Tuesday before
FORM = {
    "title": "Grand <b>rassemblement</b>",
    "kind": "rally",
    "place": "Halle d’Argentan",
    "starts": "2026-11-28T14:00",
    "ends": "2026-11-28T17:00",
    "about": "Venez",
    "capacity": "",
    "territory": "",
    "reminders": "2d, 3h",
}
BUS = {"town": "Flers", "stop": "Gare", "leaves": "2026-11-28T12:30", "seats": "50"}


@pytest.fixture
async def planned(world: Any) -> Event:
    """A rally with two buses: Zoé rides from Flers, somebody who is not written to as well, and Ali comes alone."""
    now = world.clock.now
    async with world.database.write() as session:
        new = NewEvent("Rassemblement <b>", "Halle", SATURDAY, SATURDAY + timedelta(hours=3), "Europe/Paris")
        event = await event_planning.add_event(session, world.orne.id, new, now)
        flers, _ = [
            await event_planning.add_bus(session, event, NewBus(town, "Gare", SATURDAY - timedelta(hours=2), 50), now)
            for town in ("Flers", "Vimoutiers")
        ]
        zoe = await supporters.participation(session, world.supporter.id, world.orne.id)
        assert zoe is not None
        quiet = Joining(world.orne.id, 8, "Noé", "fr", frozenset({Purpose.counting}), now)
        alone = Joining(world.orne.id, 9, "=Ali", "fr", frozenset({Purpose.contact}), now)
        for place, bus in (
            (zoe, flers.id),
            ((await supporters.join(session, quiet))[1], flers.id),
            ((await supporters.join(session, alone))[1], None),
        ):
            await events.come(session, place, event.code, bus, now)
    return event


async def rows(world: Any, table: Any) -> list[Any]:
    async with world.database.read() as session:
        return list(await session.scalars(select(table).order_by(col(table.id))))


async def test_an_event_is_planned_and_stands_there_with_its_link(
    world: Any, browser: httpx.AsyncClient, enter: Any
) -> None:
    token = await enter()
    assert "Plan an event" in (await browser.get(ADDRESS)).text
    sent = await browser.post(ADDRESS, data=FORM | {"csrf": token})
    [event] = await rows(world, Event)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{ADDRESS}#event-{event.code}")
    assert (event.starts_at, event.ends_at) == (SATURDAY, SATURDAY + timedelta(hours=3))
    assert (event.reminders, event.capacity, event.territory_id) == ([48, 3], None, None)
    page = (await browser.get(ADDRESS)).text
    assert "Grand &lt;b&gt;rassemblement&lt;/b&gt;" in page and f"https://t.me/orne_bot?start=e-{event.code}" in page
    assert 'href="/console/c/orne/events" aria-current="page"' in page and "reminders: 2d, 3h" in page
    french = unescape((await browser.get(ADDRESS, params={"lang": "fr"})).text)
    assert "rappels\u202f: 2j, 3h" in french and "Prévoir un événement" in french


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "le champ « titre » est vide"),
        ({"starts": "2020-01-01T10:00"}, "2020-01-01 10:00 (Europe/Paris) est passé"),
        ({"starts": "demain"}, "« demain » n’est pas une date et une heure"),
        ({"ends": "2026-11-28T13:00"}, "Cela finit avant de commencer"),
        ({"capacity": "dix"}, "« dix » (nombre de personnes) n’est pas un nombre entier"),
        ({"reminders": "bientôt"}, "« bientôt » n’est pas un moment de rappel"),
    ],
)
async def test_a_form_that_cannot_be_says_why_and_keeps_what_was_typed(
    world: Any, browser: httpx.AsyncClient, enter: Any, change: dict[str, str], said: str
) -> None:
    token = await enter()
    sent = await browser.post(ADDRESS, params={"lang": "fr"}, data=FORM | change | {"csrf": token})
    page = unescape(sent.text).replace("\u202f", " ")
    assert sent.status_code == 422 and said.lower() in page.lower()
    assert 'value="Halle d’Argentan"' in page
    assert await rows(world, Event) == []


async def test_buses_are_added_changed_and_taken_out_and_their_people_told(
    world: Any, browser: httpx.AsyncClient, enter: Any, planned: Event
) -> None:
    token = await enter()
    address = f"{ADDRESS}/{planned.code}/buses"
    wrong = await browser.post(address, data=BUS | {"csrf": token, "leaves": "2026-11-28T15:00"})
    assert wrong.status_code == 422 and "would leave after the beginning" in wrong.text
    assert (await browser.post(address, data=BUS | {"csrf": token})).status_code == 303
    flers, vimoutiers, _ = await rows(world, EventBus)
    few = await browser.post(f"{address}/{flers.id}", data=BUS | {"csrf": token, "seats": "1"})
    assert few.status_code == 422 and "cannot have 1 seats; write 2 or more" in few.text
    assert (await browser.post(f"{address}/{flers.id}", data=BUS | {"csrf": token, "stop": "Mairie", "leaves": "2026-11-28T11:00"})).status_code == 303  # fmt: skip
    assert [m.occasion for m in await rows(world, SignupMessage) if m.occasion is not Occasion.reminder] == [Occasion.moved] * 2  # fmt: skip
    for number in (flers.id, vimoutiers.id):
        assert (await browser.post(f"{address}/{number}", data={"csrf": token, "do": "drop"})).status_code == 303
    assert {m.occasion for m in await rows(world, SignupMessage)} == {Occasion.reminder, Occasion.no_bus}
    assert [row.bus_id for row in await rows(world, EventSignup)] == [None] * 3
    assert (await browser.post(f"{address}/99", data=BUS | {"csrf": token})).status_code == 404


async def test_another_place_is_told_and_a_call_off_ends_it(
    world: Any, browser: httpx.AsyncClient, enter: Any, planned: Event
) -> None:
    token = await enter()
    address = f"{ADDRESS}/{planned.code}"
    sent = await browser.post(address, data=FORM | {"csrf": token, "place": "Stade"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{ADDRESS}#event-{planned.code}")
    page = (await browser.get(ADDRESS)).text
    assert "Stade" in page and "Of the latest change, 0 of 3 people were told." in page
    async with world.database.write() as session:
        for message in await session.scalars(select(SignupMessage).where(col(SignupMessage.occasion) == Occasion.moved)):  # fmt: skip
            message.state = HandoutState.sent
    assert "3 of 3 people were told" in (await browser.get(ADDRESS)).text
    world.clock.move(minutes=1)
    assert (await browser.post(f"{address}/call-off", data={"csrf": token})).status_code == 303
    page = (await browser.get(ADDRESS)).text
    assert "called off" in page and "Change or call off" not in page
    again = await browser.post(f"{address}/call-off", data={"csrf": token})
    assert again.status_code == 422
    assert {m.occasion for m in await rows(world, SignupMessage) if m.state is HandoutState.queued} == {Occasion.called_off}  # fmt: skip


async def test_writers_see_first_names_by_bus_and_only_of_who_is_written_to(
    browser: httpx.AsyncClient, enter: Any, planned: Event
) -> None:
    await enter()
    page = (await browser.get(ADDRESS)).text
    assert "<td>Zoé, somebody who is not written to</td>" in page and "<td>=Ali</td>" in page
    assert "Noé" not in page and "2 of 50" in page and "Rassemblement &lt;b&gt;" in page


async def test_the_list_to_print_has_a_box_for_each_and_the_spreadsheet_reckons_nothing(
    browser: httpx.AsyncClient, enter: Any, planned: Event
) -> None:
    await enter()
    text = await browser.get(f"{ADDRESS}/{planned.code}/people.txt")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text.splitlines() == [
        "Rassemblement <b>",
        "Saturday 28 November 14:00 – 17:00 · Halle",
        "",
        "Flers: 12:00, Gare – 2 of 50",
        "[ ] Zoé",
        "[ ] somebody who is not written to",
        "",
        "Vimoutiers: 12:00, Gare – 0 of 50",
        "",
        "On their own – 1",
        "[ ] =Ali",
    ]
    sheet = await browser.get(f"{ADDRESS}/{planned.code}/people.csv", params={"lang": "fr"})
    assert "attachment" in sheet.headers["content-disposition"] and sheet.content.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert read == [
        ["Prénom", "Bus", "Arrêt", "Départ"],
        ["Zoé", "Flers", "Gare", "2026-11-28 12:00"],
        ["quelqu’un à qui l’on n’écrit pas", "Flers", "Gare", "2026-11-28 12:00"],
        ["'=Ali", "Par leurs propres moyens", "", ""],
    ]
    assert (await browser.get(f"{ADDRESS}/{planned.code}/people.exe")).status_code == 404


async def test_a_viewer_sees_how_many_and_neither_names_nor_forms(
    browser: httpx.AsyncClient, enter: Any, planned: Event
) -> None:
    token = await enter("viewer@example.org")
    page = (await browser.get(ADDRESS)).text
    assert "3 people signed up" in page and "2 of 50" in page
    assert "Zoé" not in page and "Plan an event" not in page and "people.csv" not in page
    assert (await browser.get(f"{ADDRESS}/{planned.code}/people.csv")).status_code == 403
    assert (await browser.post(ADDRESS, data=FORM | {"csrf": token})).status_code == 403


async def test_another_campaign_neither_sees_nor_touches_it(
    world: Any, browser: httpx.AsyncClient, enter: Any, planned: Event
) -> None:
    token = await enter("rival@example.org")
    assert (await browser.get(ADDRESS)).status_code == 404
    theirs = "/console/c/caux/events"
    assert "Rassemblement" not in (await browser.get(theirs)).text
    async with world.database.write() as session:
        foreign = await add_territory(session, world.orne.id, "Bocage")
    for path, data in (
        (planned.code, FORM),
        (f"{planned.code}/call-off", {}),
        (f"{planned.code}/buses", BUS),
        (f"{planned.code}/buses/1", BUS),
    ):
        assert (await browser.post(f"{theirs}/{path}", data=data | {"csrf": token})).status_code == 404
    assert (await browser.get(f"{theirs}/{planned.code}/people.txt")).status_code == 404
    await browser.post(theirs, data=FORM | {"csrf": token, "territory": str(foreign.id)})
    mine, other = await rows(world, Event)
    assert (mine.called_off_at, mine.place) == (None, "Halle") and other.territory_id is None


async def test_a_form_without_its_token_is_refused(
    world: Any, browser: httpx.AsyncClient, enter: Any, planned: Event
) -> None:
    await enter()
    for path in (
        "",
        f"/{planned.code}",
        f"/{planned.code}/call-off",
        f"/{planned.code}/buses",
        f"/{planned.code}/buses/1",
    ):
        assert (await browser.post(ADDRESS + path, data=FORM | BUS | {"csrf": "wrong"})).status_code == 403
    assert len(await rows(world, Event)) == 1


async def test_it_says_when_it_does_not_show_all(
    world: Any, browser: httpx.AsyncClient, enter: Any, planned: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await enter()
    await browser.post(ADDRESS, data=FORM | {"csrf": token})
    assert "latest of" not in (await browser.get(ADDRESS)).text
    monkeypatch.setattr(pages, "SHOWN", 1)
    assert "The 1 latest of 2 events." in (await browser.get(ADDRESS)).text
