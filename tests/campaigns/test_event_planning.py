"""What organizers write of an event, what they change, and whom they see."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns import event_planning, supporters
from campaigns.event_planning import MOST_BUSES, NewBus, as_planned, event_link, read_reminders
from campaigns.models import Event, EventBus, EventKind, HandoutState, Occasion, Purpose, SignupMessage
from campaigns.plans import PlanProblem
from campaigns.times import TimeProblem
from tests.planning import HOUR, TWO, paris


@pytest.fixture
def buses(database):
    async def rows():
        async with database.read() as session:
            return list(await session.scalars(select(EventBus).order_by(col(EventBus.leaves_at))))

    return rows


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2d, 3h", (48, 3)),
        ("3 h ; 2 j", (48, 3)),  # as the French write it
        ("48,3", (48, 3)),  # hours, without their name
        ("3, 3h", (3,)),
        ("", ()),
    ],
)
def test_reminders_are_read_as_people_write_them(text, hours):
    assert read_reminders(text) == hours


@pytest.mark.parametrize(("text", "said"), [("soon", "“soon” is not when"), ("0", "“0” is not"), ("61d", "“61d” is not"), ("1,2,3,4,5,6", "6 reminders are too many; at most 5")])  # fmt: skip
def test_reminders_that_cannot_be_are_named(text, said):
    with pytest.raises(PlanProblem, match=said):
        read_reminders(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": " "}, "the title is empty: write one"),
        ({"place": "x" * 101}, "the place has 101 characters; at most 100"),
        ({"about": "x" * 1001}, "the description has 1001 characters; at most 1000"),
        ({"capacity": 0}, "a place for 0 people is none"),
        ({"starts_at": paris("2026-12-01 09:00")}, r"2026-12-01 09:00 \(Europe/Paris\) is in the past"),  # now
        ({"ends_at": TWO}, "it ends before it begins"),
        ({"ends_at": TWO + timedelta(days=5)}, "or lasts more than 4 days"),
    ],
)
async def test_an_event_that_cannot_be_is_named(planner, change, said):
    with pytest.raises(PlanProblem, match=said):
        await planner.event(**change)
    with pytest.raises(TimeProblem, match="“Mars” does not exist"):
        await planner.event(timezone="Mars")


@pytest.mark.parametrize(
    ("kind", "reminders", "stored"),
    [(EventKind.rally, None, [48, 3]), (EventKind.vote_day, None, [38]), (EventKind.rally, (), []), (EventKind.rally, (5,), [5])],
)  # fmt: skip
async def test_reminders_are_as_usual_for_the_kind_or_as_set(planner, kind, reminders, stored):
    assert (await planner.event(kind=kind, reminders=reminders)).reminders == stored


async def test_no_code_begins_as_an_option_of_a_command_does(planner, monkeypatch):
    drawn = iter(["-Wg0T_ov9O8A", "--0T_ov9O8AA", "Wg0T_ov9O8A-"])
    monkeypatch.setattr(event_planning.secrets, "token_urlsafe", lambda size: next(drawn))
    assert (await planner.event()).code == "Wg0T_ov9O8A-"


async def test_each_event_has_a_code_of_its_own_that_a_deep_link_takes(planner):
    one, two = await planner.event(), await planner.event()
    assert one.code != two.code
    link = event_link("https://t.me", "a_bot", one)
    payload = link.removeprefix("https://t.me/a_bot?start=")
    assert payload == f"e-{one.code}" and len(payload) <= 64 and payload.isascii()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"town": ""}, "the town is empty"),
        ({"town": "x" * 41}, "the town has 41 characters; at most 40"),
        ({"stop": ""}, "the stop is empty"),
        ({"seats": 0}, "the bus from Port-Clair cannot have 0 seats; write 1 or more"),
        ({"leaves_at": TWO}, "would leave after the beginning"),
        ({"leaves_at": paris("2026-12-01 08:00")}, "is in the past"),
    ],
)
async def test_a_bus_that_cannot_be_is_named(planner, change, said):
    event = await planner.event()
    with pytest.raises(PlanProblem, match=said):
        await planner.bus(event, **change)


async def test_an_event_has_so_many_buses_and_each_at_its_own_hour(planner):
    event = await planner.event()
    for number in range(MOST_BUSES):
        await planner.bus(event, f"Ville {number}")
    with pytest.raises(PlanProblem, match="has 40 buses already"):
        await planner.bus(event, "Une de trop")
    other = await planner.event()
    await planner.bus(other)
    await planner.bus(other, leaves_at=TWO - HOUR)  # a second one from the same town, later
    with pytest.raises(PlanProblem, match="a bus from Port-Clair leaves at that hour already"):
        await planner.bus(other)


async def test_a_text_that_changes_tells_nobody_and_another_place_tells_who_comes_once(join, planner):
    event = await planner.event(reminders=())
    await planner.come((await join(1))[1], event)
    plan = as_planned(event)
    assert await planner.change(event, event_planning.change_event, replace(plan, title="Grand rassemblement")) == 0
    assert await planner.messages() == []
    assert await planner.change(event, event_planning.change_event, replace(plan, place="Gymnase")) == 1
    planner.clock.advance(HOUR)
    assert await planner.change(event, event_planning.change_event, replace(plan, place="Stade")) == 1
    [message] = await planner.messages()  # the first had not gone out: the second says all
    assert (message.occasion, message.due_at, message.needed_by) == (Occasion.moved, planner.clock(), TWO)


async def test_where_it_moves_its_buses_move_along_and_its_reminders_are_set_anew(join, planner, buses):
    event = await planner.event(reminders=(48, 3))
    bus = await planner.bus(event)  # at 12:00
    for number, by in ((1, bus), (2, None)):
        await planner.come((await join(number))[1], event, by)
    later = replace(as_planned(event), starts_at=TWO + timedelta(days=1, hours=1), ends_at=TWO + timedelta(days=1, hours=3))  # fmt: skip
    assert await planner.change(event, event_planning.change_event, later) == 2
    assert [each.leaves_at for each in await buses()] == [paris("2026-12-06 13:00")]
    reminders = {(m.supporter_id, m.due_at) for m in await planner.messages() if m.occasion is Occasion.reminder}
    assert reminders == {
        (1, paris("2026-12-04 13:00")),
        (1, paris("2026-12-06 10:00")),
        (2, paris("2026-12-04 15:00")),
        (2, paris("2026-12-06 12:00")),
    }
    news = {m.supporter_id: m.needed_by for m in await planner.messages() if m.occasion is Occasion.moved}
    assert news == {1: paris("2026-12-05 12:00"), 2: TWO}  # when each would have set out


async def test_a_move_that_would_send_a_bus_into_the_past_is_refused_whole(planner, buses, clock):
    event = await planner.event()
    bus = await planner.bus(event)
    sooner = replace(as_planned(event), starts_at=clock() + HOUR, ends_at=clock() + 2 * HOUR)
    with pytest.raises(PlanProblem, match="the bus from Port-Clair would have left already"):
        await planner.change(event, event_planning.change_event, sooner)
    assert [each.leaves_at for each in await buses()] == [bus.leaves_at]


async def test_two_buses_of_one_town_may_move_onto_each_others_hours(planner, buses):
    event = await planner.event()
    for hours in (2, 1):
        await planner.bus(event, leaves_at=TWO - hours * HOUR)
    await planner.change(event, event_planning.change_event, replace(as_planned(event), starts_at=TWO + HOUR))
    assert [each.leaves_at for each in await buses()] == [TWO - HOUR, TWO]


@pytest.mark.parametrize("act", ["change", "call off", "bus"])
@pytest.mark.parametrize(("when", "said"), [("begun", "has begun already"), ("off", "is called off already")])
async def test_what_began_or_was_called_off_stays_as_it_was(planner, clock, act, when, said):
    event = await planner.event()
    if when == "off":
        await planner.change(event, event_planning.call_off)
    else:
        clock.now = TWO
    acts = {
        "change": (event_planning.change_event, as_planned(event)),
        "call off": (event_planning.call_off,),
        "bus": (event_planning.add_bus, NewBus("Port-Clair", "Mairie", TWO - HOUR, 5)),
    }
    with pytest.raises(PlanProblem, match=f"“Rassemblement” {said}"):
        await planner.change(event, *acts[act])


async def test_fewer_places_or_seats_than_are_taken_are_refused(join, planner):
    event = await planner.event()
    bus = await planner.bus(event, seats=5)
    for number in (1, 2, 3):
        await planner.come((await join(number))[1], event, bus)
    with pytest.raises(PlanProblem, match="3 people come already: write no fewer"):
        await planner.change(event, event_planning.change_event, replace(as_planned(event), capacity=2))
    with pytest.raises(PlanProblem, match="cannot have 2 seats; write 3 or more"):
        await planner.change(event, event_planning.change_bus, bus.id, NewBus("Port-Clair", "Mairie", bus.leaves_at, 2))


async def test_another_hour_or_stop_of_a_bus_tells_those_who_ride_in_it(join, planner):
    event = await planner.event(reminders=(3,))
    bus, other = await planner.bus(event), await planner.bus(event, "Hautbois")
    for number, by in ((1, bus), (2, other), (3, None)):
        await planner.come((await join(number))[1], event, by)
    new = NewBus("Port-Clair", "Gare", bus.leaves_at - HOUR, 9)
    assert await planner.change(event, event_planning.change_bus, bus.id, new) == 1
    assert await planner.change(event, event_planning.change_bus, other.id, NewBus("Hautbois", "Mairie", other.leaves_at, 7)) == 0  # fmt: skip
    news = [m for m in await planner.messages() if m.occasion is not Occasion.reminder]
    assert [(m.supporter_id, m.occasion, m.needed_by) for m in news] == [(1, Occasion.moved, paris("2026-12-05 11:00"))]
    due = {m.supporter_id: m.due_at for m in await planner.messages() if m.occasion is Occasion.reminder}
    assert due == {1: paris("2026-12-05 08:00"), 2: paris("2026-12-05 09:00"), 3: paris("2026-12-05 11:00")}
    assert await planner.change(event, event_planning.change_bus, 99, new) is None


async def test_a_bus_that_does_not_run_leaves_its_people_on_their_own_and_tells_them(join, planner, buses):
    event = await planner.event(reminders=(3,))
    bus = await planner.bus(event)
    for number, by in ((1, bus), (2, None)):
        await planner.come((await join(number))[1], event, by)
    assert await planner.change(event, event_planning.drop_bus, bus.id) == 1
    assert await buses() == [] and [row.bus_id for row in await planner.signups()] == [None, None]
    mine = {(m.occasion, m.due_at) for m in await planner.messages() if m.supporter_id == 1}
    assert mine == {(Occasion.reminder, paris("2026-12-05 11:00")), (Occasion.no_bus, planner.clock())}
    assert await planner.change(event, event_planning.drop_bus, bus.id) is None


async def test_a_call_off_takes_the_reminders_back_and_tells_each_once(join, planner):
    event = await planner.event()
    for number in (1, 2):
        await planner.come((await join(number))[1], event)
    assert len(await planner.messages()) == 4
    assert await planner.change(event, event_planning.call_off) == 2
    assert [(m.supporter_id, m.occasion) for m in await planner.messages()] == [(1, Occasion.called_off), (2, Occasion.called_off)]  # fmt: skip


async def test_organizers_see_a_first_name_of_who_agreed_to_be_written_to_and_which_bus(
    database, campaign, rival, join, planner
):
    event = await planner.event()
    bus = await planner.bus(event)
    _, zoe = await join(1, Purpose.contact, first_name="Zoé")
    _, quiet = await join(2, Purpose.counting, first_name="Noé")
    await join(2, Purpose.contact, campaign_id=rival.id, first_name="Noé")  # of another campaign: no yes to this one
    gone, left = await join(3, Purpose.contact, first_name="Ali")
    for place, by in ((zoe, bus), (quiet, bus), (left, None)):
        await planner.come(place, event, by)
    planner.clock.now = TWO
    async with database.write() as session:
        await supporters.forget(session, gone, planner.clock())
    async with database.read() as session:
        [seen] = await event_planning.overviews(session, campaign.id)
        assert await event_planning.overviews(session, rival.id) == []
        assert await event_planning.count_of_events(session, campaign.id) == 1
    assert [(each.name, each.here) for each in seen.by(seen.buses[0].bus)] == [("Zoé", True), (None, True)]
    assert [(each.name, each.here) for each in seen.by(None)] == [(None, False)]


async def test_organizers_see_how_many_the_latest_news_reached(database, campaign, join, planner):
    event = await planner.event(reminders=())
    for number in (1, 2):
        await planner.come((await join(number))[1], event)
    await planner.change(event, event_planning.change_event, replace(as_planned(event), place="Gymnase"))
    async with database.write() as session:
        (await session.get_one(SignupMessage, 1)).state = HandoutState.sent
        (await session.get_one(SignupMessage, 2)).state = HandoutState.failed
    async with database.read() as session:
        event = await session.get_one(Event, event.id)
        seen = await event_planning.overview(session, event)
    assert (seen.told, seen.to_tell) == (1, 2)
    planner.clock.advance(HOUR)
    await planner.change(event, event_planning.call_off)
    async with database.read() as session:
        seen = await event_planning.overview(session, event)
    assert (seen.told, seen.to_tell) == (0, 2)
