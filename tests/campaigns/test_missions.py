"""Who sees a mission, who gets its last place, and what a report counts."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns import missions, supporters
from campaigns.engagement import counts_of
from campaigns.installation import add_territory
from campaigns.mission_reports import Report
from campaigns.missions import REPORTABLE, STAYS, NewMission
from campaigns.models import Campaign, Kind, MissionSignup, Participation, Purpose
from campaigns.plans import PlanProblem
from campaigns.times import TimeProblem

HOUR = timedelta(hours=1)


@pytest.fixture
def plan(database, campaign, clock):
    """Add a mission that begins in an hour, unless told otherwise."""

    async def make(title="Porte-à-porte", *, campaign_id=None, **more):
        given = {"place": "Place du Marché", "starts_at": clock() + HOUR, "timezone": "Europe/Paris"} | more
        async with database.write() as session:
            return await missions.add_mission(session, campaign_id or campaign.id, NewMission(title, **given), clock())

    return make


@pytest.fixture
def do(database, clock):
    """One act of a person on a mission: `await do(missions.come, place, mission)`."""

    async def act(what, place, mission, *more):
        async with database.write() as session:
            return await what(session, place, mission.id, *more, clock())

    return act


@pytest.fixture
def listed(database, clock):
    async def titles(place):
        async with database.read() as session:
            return [mission.title for mission in await missions.missions_for(session, place, clock())]

    return titles


async def test_a_mission_is_seen_in_its_territory_and_below_and_a_national_one_by_all(
    database, campaign, rival, join, plan, listed
):
    async with database.write() as session:
        land = await add_territory(session, campaign.id, "Région")
        canton = await add_territory(session, campaign.id, "Canton", land)
        other = await add_territory(session, campaign.id, "Autre")
    places = {}
    for number, where in enumerate((None, land, canton, other), 1):
        places[where.name if where else None] = (await join(number, territory_id=where.id if where else None))[1]
    stranger = (await join(9, campaign_id=rival.id))[1]
    await plan("Nationale")
    for where in (land, canton, other):
        await plan(where.name, territory_id=where.id)
    assert await listed(places[None]) == ["Nationale"]
    assert await listed(places["Région"]) == ["Nationale", "Région"]
    assert await listed(places["Canton"]) == ["Nationale", "Région", "Canton"]
    assert await listed(places["Autre"]) == ["Nationale", "Autre"]
    assert await listed(stranger) == []


async def test_whom_a_mission_is_not_for_gets_no_card_and_cannot_sign_up(database, campaign, rival, join, plan, do):
    async with database.write() as session:
        canton = await add_territory(session, campaign.id, "Canton")
    mission = await plan(territory_id=canton.id)
    elsewhere, stranger = (await join(1))[1], (await join(2, campaign_id=rival.id))[1]
    for place in (elsewhere, stranger):
        assert await do(missions.come, place, mission) is None
    async with database.read() as session:
        assert (await session.scalars(select(MissionSignup))).all() == []


async def test_who_moved_away_keeps_what_they_signed_up_for(database, campaign, join, plan, do, listed):
    async with database.write() as session:
        canton = await add_territory(session, campaign.id, "Canton")
    _, place = await join(1, territory_id=canton.id)
    mission = await plan(territory_id=canton.id)
    await do(missions.come, place, mission)
    async with database.write() as session:
        place = await session.get_one(Participation, place.id)
        place.territory_id = None
    assert await listed(place) == [mission.title]
    card = await do(missions.come_not, place, mission)
    assert (card.own, card.coming) == (None, 0)
    assert await listed(place) == []  # from now on it is not theirs to see


async def test_the_list_holds_what_one_may_report_on_and_then_what_comes(database, join, plan, do, listed, clock):
    _, place = await join(1)
    _, other = await join(2)
    first, _late, _later = await plan("Un"), await plan("Deux", starts_at=clock() + 3 * HOUR), await plan(
        "Trois", starts_at=clock() + 2 * HOUR
    )  # fmt: skip
    await do(missions.come, place, first)
    assert await listed(place) == ["Un", "Trois", "Deux"]
    clock.advance(HOUR)
    assert await listed(place) == await listed(other) == ["Un", "Trois", "Deux"]
    clock.advance(STAYS)
    assert await listed(other) == ["Trois", "Deux"]  # who did not sign up has no more to say of it
    assert await listed(place) == ["Un", "Trois", "Deux"]
    await do(missions.report, place, first, Report(3))
    assert await listed(place) == ["Trois", "Deux"]
    clock.advance(REPORTABLE)
    assert await listed(place) == []


async def test_the_last_place_is_taken_once(database, join, plan, clock):
    mission = await plan(capacity=2)
    places = [(await join(number))[1] for number in range(1, 7)]

    async def come(place):
        async with database.write() as session:
            return await missions.come(session, place, mission.id, clock())

    cards = await asyncio.gather(*map(come, places))
    assert sum(card.own is not None for card in cards) == 2
    assert all(card.full for card in cards if card.own is None)
    async with database.read() as session:
        assert len((await session.scalars(select(MissionSignup))).all()) == 2


async def test_a_place_that_is_given_back_is_free_again(join, plan, do):
    mission, (_, one), (_, two) = await plan(capacity=1), await join(1), await join(2)
    await do(missions.come, one, mission)
    again = await do(missions.come, one, mission)
    assert again.own is not None and again.coming == 1  # a second tap changes nothing
    assert (await do(missions.come, two, mission)).own is None
    await do(missions.come_not, one, mission)
    assert (await do(missions.come, two, mission)).own is not None


async def test_after_it_began_nobody_signs_up_or_off_and_before_nobody_reports(join, plan, do, clock):
    mission, (_, one), (_, two) = await plan(), await join(1), await join(2)
    await do(missions.come, one, mission)
    card = await do(missions.report, one, mission, Report(1))
    assert card.own.reported_at is None
    clock.advance(HOUR)
    assert (await do(missions.come_not, one, mission)).own is not None
    assert (await do(missions.come, two, mission)).own is None


async def test_who_came_without_signing_up_reports_all_the_same_even_where_it_was_full(join, plan, do, clock):
    mission, (_, one), (_, two) = await plan(capacity=1), await join(1), await join(2)
    await do(missions.come, one, mission)
    clock.advance(HOUR)
    card = await do(missions.report, two, mission, Report(5, 2))
    assert (card.own.doors, card.own.talks, card.own.leaflets, card.coming) == (5, 2, None, 2)


@pytest.mark.parametrize(("purposes", "count"), [((Purpose.contact, Purpose.counting), 1), ((Purpose.contact,), 0)])
async def test_a_report_counts_once_however_often_it_is_corrected_and_for_who_agreed(
    database, campaign, join, plan, do, clock, purposes, count
):
    mission, (person, place) = await plan(), await join(1, *purposes)
    await do(missions.come, place, mission)
    clock.advance(HOUR)
    await do(missions.report, place, mission, Report(42, 12, 80, "Bien"))
    card = await do(missions.report, place, mission, Report(24, remark="Très bien"))
    own = card.own
    assert (own.doors, own.talks, own.leaflets, own.remark) == (24, None, None, "Très bien")
    async with database.read() as session:
        assert (await counts_of(session, person.id, campaign.id))[Kind.mission_done] == count


async def test_who_is_erased_leaves_their_numbers_and_neither_name_nor_remark(
    database, campaign, join, plan, do, clock
):
    done, (person, place) = await plan(), await join(1)
    await do(missions.come, place, done)
    clock.advance(HOUR)
    await do(missions.report, place, done, Report(42, remark="Chez ma voisine du 3e"))
    to_come = await plan("Rassemblement")
    await do(missions.come, place, to_come)
    async with database.write() as session:
        await supporters.forget(session, person, clock())
    async with database.read() as session:
        later, first = await missions.overviews(session, campaign.id)
    assert later.people == ()
    assert [(each.name, each.signup.doors, each.signup.remark) for each in first.people] == [(None, 42, "")]
    assert (first.total("doors"), first.total("talks")) == (42, None)


async def test_who_stops_is_awaited_nowhere_and_their_reports_stay(database, campaign, rival, join, plan, do, clock):
    done, (person, place) = await plan("Hier"), await join(1)
    _, elsewhere = await join(1, campaign_id=rival.id)
    await do(missions.come, place, done)
    clock.advance(HOUR)
    await do(missions.report, place, done, Report(42))
    await do(missions.come, place, await plan("Demain"))
    await do(missions.come, elsewhere, await plan("Ailleurs", campaign_id=rival.id))
    async with database.write() as session:
        await supporters.stop(session, person, campaign.id, clock())
    async with database.read() as session:
        found = [*await missions.overviews(session, campaign.id), *await missions.overviews(session, rival.id)]
    assert {each.mission.title: len(each.people) for each in found} == {"Hier": 1, "Demain": 0, "Ailleurs": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": "  "}, "title is empty: write one"),
        ({"title": "x" * 101}, "title has 101 characters; at most 100"),
        ({"place": ""}, "place is empty"),
        ({"place": "x" * 101}, "place has 101 characters"),
        ({"aim": "x" * 1001}, "aim has 1001 characters; at most 1000"),
        ({"capacity": 0}, "for 0 people is none; write 1 or more"),
        ({"starts_at": timedelta()}, r"2026-12-01 09:00 \(Europe/Paris\) is in the past"),  # this very moment
    ],
)
async def test_a_mission_that_cannot_be_is_named(database, plan, clock, change, said):
    if "starts_at" in change:
        change = {"starts_at": clock() + change["starts_at"]}
    with pytest.raises(PlanProblem, match=said):
        await plan(**change)
    with pytest.raises(TimeProblem, match="“Mars” does not exist"):
        await plan(timezone="Mars")


async def test_the_overview_is_of_one_campaign_and_the_latest_first(database, campaign, rival, join, plan, do, clock):
    async with database.write() as session:
        canton = await add_territory(session, campaign.id, "Canton")
    _, place = await join(1, territory_id=canton.id)
    await do(missions.come, place, await plan("Tôt", territory_id=canton.id))
    await plan("Tard", starts_at=clock() + 5 * HOUR)
    await plan("Ailleurs", campaign_id=rival.id)
    async with database.read() as session:
        late, soon = await missions.overviews(session, campaign.id)
        [latest] = await missions.overviews(session, campaign.id, 1)
        assert await missions.count_of_missions(session, campaign.id) == 2
        assert (await session.get_one(Campaign, rival.id)).id
        assert len((await session.scalars(select(MissionSignup).order_by(col(MissionSignup.id)))).all()) == 1
    assert (late.mission.title, soon.mission.title, latest.mission.title) == ("Tard", "Tôt", "Tard")
    assert (late.territory, soon.territory) == (None, "Canton")
    assert [(each.name, each.territory) for each in soon.people] == [("Maëlle 1", "Canton")]
