"""Who finds an event, who gets the last seat of a bus, and what stays of who leaves."""

import asyncio
from datetime import timedelta

import pytest

from campaigns import event_planning, events, supporters
from campaigns.events import Came
from campaigns.installation import add_territory
from tests.planning import HOUR, TWO


@pytest.fixture
def listed(database, clock):
    async def titles(place):
        async with database.read() as session:
            return [event.title for event in await events.events_for(session, place, clock())]

    return titles


async def test_an_event_is_listed_in_its_territory_and_below_until_it_is_over(
    database, campaign, rival, join, planner, listed, clock
):
    async with database.write() as session:
        land = await add_territory(session, campaign.id, "Région")
        canton = await add_territory(session, campaign.id, "Canton", land)
        other = await add_territory(session, campaign.id, "Autre")
    _, inner = await join(1, territory_id=canton.id)
    _, outer = await join(2, territory_id=other.id)
    _, stranger = await join(3, campaign_id=rival.id)
    for where in (None, land, canton):
        await planner.event(where.name if where else "Pour tout le monde", territory_id=where.id if where else None)
    assert await listed(inner) == ["Pour tout le monde", "Région", "Canton"]
    assert await listed(outer) == ["Pour tout le monde"]
    assert await listed(stranger) == []
    clock.now = TWO + HOUR
    assert len(await listed(inner)) == 3  # it goes on
    clock.now = TWO + 3 * HOUR
    assert await listed(inner) == []


async def test_who_has_the_code_may_come_from_wherever_and_keeps_it_in_their_list(
    database, campaign, rival, join, planner, listed
):
    async with database.write() as session:
        canton = await add_territory(session, campaign.id, "Canton")
    event = await planner.event(territory_id=canton.id)
    (_, elsewhere), (_, stranger) = await join(1), await join(2, campaign_id=rival.id)
    assert await listed(elsewhere) == []
    assert (await planner.come(elsewhere, event))[1] is Came.noted
    assert await listed(elsewhere) == ["Rassemblement"]
    async with database.write() as session:
        assert await events.come(session, stranger, event.code, None, planner.clock()) is None
        assert await events.come(session, elsewhere, "no-such-code", None, planner.clock()) is None


async def test_a_called_off_event_leaves_the_lists_and_takes_nobody(join, planner, listed):
    (_, zoe), event = await join(1), await planner.event()
    await planner.come(zoe, event)
    await planner.change(event, event_planning.call_off)
    assert await listed(zoe) == []
    card, came = await planner.come((await join(2))[1], event)
    assert (came, card.own, card.called_off) == (Came.called_off, None, True)


async def test_the_last_seat_is_taken_once_however_many_tap(join, planner):
    event = await planner.event()
    bus = await planner.bus(event, seats=2)
    places = [(await join(number))[1] for number in range(1, 9)]
    cards = await asyncio.gather(*(planner.come(place, event, bus) for place in places))
    assert sorted(came for _, came in cards) == [Came.bus_full] * 6 + [Came.noted] * 2
    signups = await planner.signups()
    assert [row.bus_id for row in signups] == [bus.id] * 2
    assert all(card.buses[0].free == 0 for card, came in cards if came is Came.bus_full)


async def test_the_last_place_is_taken_once_however_one_comes(join, planner):
    event = await planner.event(capacity=2)
    bus = await planner.bus(event, seats=50)
    places = [(await join(number))[1] for number in range(1, 7)]
    cards = await asyncio.gather(*(planner.come(place, event, bus if place.id % 2 else None) for place in places))
    assert sorted(came for _, came in cards) == [Came.full] * 4 + [Came.noted] * 2
    assert len(await planner.signups()) == 2


async def test_who_changes_the_bus_gives_the_seat_back_and_keeps_it_where_the_other_is_full(join, planner):
    event = await planner.event(capacity=3)
    first, second = await planner.bus(event, "Port-Clair", 1), await planner.bus(event, "Hautbois", 1)
    zoe, noe, ali = [(await join(number))[1] for number in (1, 2, 3)]
    await planner.come(zoe, event, first)
    await planner.come(noe, event, second)
    card, came = await planner.come(zoe, event, second)
    assert (came, card.own_bus.town) == (Came.bus_full, "Port-Clair")
    card, came = await planner.come(zoe, event, first)  # a second tap
    assert (came, card.coming) == (Came.noted, 2)
    assert (await planner.come(ali, event, first))[1] is Came.bus_full
    card, came = await planner.come(zoe, event)
    assert (came, card.own_bus, card.coming) == (Came.noted, None, 2)
    assert (await planner.come(ali, event, first))[1] is Came.noted
    assert [(row.supporter_id, row.bus_id) for row in await planner.signups()] == [(1, None), (2, second.id), (3, first.id)]  # fmt: skip


async def test_when_it_is_full_those_who_come_may_still_change_their_bus(join, planner):
    event = await planner.event(capacity=1)
    bus = await planner.bus(event)
    zoe = (await join(1))[1]
    await planner.come(zoe, event)
    card, came = await planner.come(zoe, event, bus)
    assert (came, card.own_bus.town) == (Came.noted, "Port-Clair")


async def test_a_bus_that_left_or_is_of_another_event_takes_nobody_and_behind_the_beginning_nobody_comes(
    join, planner, clock
):
    event, other = await planner.event(), await planner.event("Ailleurs")
    bus, foreign = await planner.bus(event), await planner.bus(other)
    zoe = (await join(1))[1]
    assert (await planner.come(zoe, event, foreign))[1] is Came.bus_gone
    clock.now = bus.leaves_at
    assert (await planner.come(zoe, event, bus))[1] is Came.bus_gone
    assert await planner.signups() == []
    clock.now = TWO
    assert (await planner.come(zoe, event))[1] is Came.closed
    assert await planner.signups() == []


async def test_who_takes_it_back_frees_the_seat_until_it_begins(database, join, planner, clock):
    event = await planner.event()
    bus = await planner.bus(event, seats=1)
    zoe, noe = [(await join(number))[1] for number in (1, 2)]
    await planner.come(zoe, event, bus)

    async def come_not(place):
        async with database.write() as session:
            return await events.come_not(session, place, event.code, clock())

    card, came = await come_not(zoe)
    assert (came, card.own, card.coming, card.buses[0].free) == (Came.noted, None, 0, 1)
    assert (await come_not(zoe))[1] is Came.noted  # twice is no error
    assert await planner.messages() == []  # nor is there anything left to be told
    await planner.come(noe, event, bus)
    clock.now = TWO
    card, came = await come_not(noe)
    assert (came, card.coming) == (Came.closed, 1)


@pytest.mark.parametrize("how", ["stopped", "erased"])
async def test_who_leaves_frees_the_seats_to_come_and_counts_where_they_were(
    database, campaign, join, planner, clock, how
):
    before, event = await planner.event("Hier", starts_at=clock() + HOUR), await planner.event()
    bus = await planner.bus(event, seats=1)
    person, zoe = await join(1)
    _, noe = await join(2)
    await planner.come(zoe, before)
    await planner.come(zoe, event, bus)
    clock.advance(timedelta(hours=6))
    async with database.write() as session:
        if how == "stopped":
            await supporters.stop(session, person, campaign.id, clock())
        else:
            await supporters.forget(session, person, clock())
    assert [(row.event_id, row.supporter_id) for row in await planner.signups()] == [
        (before.id, None if how == "erased" else person.id)
    ]
    assert {row.event_signup_id for row in await planner.messages()} <= {1}
    assert (await planner.come(noe, event, bus))[1] is Came.noted
    async with database.read() as session:
        latest, first = await event_planning.overviews(session, campaign.id)
    assert [(each.name, each.here) for each in first.people] == [(None, how == "stopped")]
    assert [each.name for each in latest.people] == ["Maëlle 2"]


async def test_a_stop_in_one_campaign_leaves_the_events_of_another(database, campaign, rival, join, planner, clock):
    here, there = await planner.event(), await planner.event("Ailleurs", campaign_id=rival.id)
    person, place = await join(1)
    _, elsewhere = await join(1, campaign_id=rival.id)
    await planner.come(place, here)
    await planner.come(elsewhere, there)
    async with database.write() as session:
        await supporters.stop(session, person, campaign.id, clock())
    assert [row.event_id for row in await planner.signups()] == [there.id]
