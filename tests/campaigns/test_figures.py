"""Own figures: weeks on the campaign's clock, a streak, the common goal, and who stands in a ranking."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from campaigns import supporters
from campaigns.engagement import Act, record
from campaigns.figures import LONGEST_STREAK, Goal, goal_of, ranking_of, short_name, weeks_of
from campaigns.installation import add_territory
from campaigns.models import Kind, Participation, Purpose

WEEK = timedelta(weeks=1)
PARIS = ZoneInfo("Europe/Paris")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


@pytest.fixture
def did(database, campaign):
    """Acts of a person: `await did(person, Kind.visit, moment, …)`."""

    async def write(person, kind, *moments, times=1):
        async with database.write() as session:
            await record(session, [Act(campaign.id, kind, moment, person.id) for moment in moments * times])

    return write


@pytest.fixture
def weeks(database, campaign):
    async def look(person, now):
        async with database.read() as session:
            return await weeks_of(session, person.id, campaign, now)

    return look


async def test_a_week_begins_on_monday_by_the_campaigns_clock(join, did, weeks):
    person, _ = await join(1)
    await did(
        person, Kind.visit, at("2026-10-25 23:59"), at("2026-10-26 00:00")
    )  # behind the night of the clock change
    found = await weeks(person, at("2026-10-28 12:00"))
    assert found.mondays[-2:] == (date(2026, 10, 19), date(2026, 10, 26)) and len(found.mondays) == 8
    assert found.counts[Kind.visit] == (0, 0, 0, 0, 0, 0, 1, 1)


@pytest.mark.parametrize(
    ("ago", "streak"),
    [
        ([], 0),
        ([0], 1),
        ([1, 2], 2),  # this week is young: it does not break it
        ([0, 1, 2, 4], 3),
        ([2, 3], 0),
        (range(70), LONGEST_STREAK),
    ],
)
async def test_weeks_in_a_row(join, did, weeks, clock, ago, streak):
    person, _ = await join(1)
    await did(person, Kind.said_shared, *(clock() - n * WEEK for n in ago))
    assert (await weeks(person, clock())).streak == streak


async def test_what_others_did_makes_no_streak_and_what_is_not_drawn_makes_no_chart(join, did, weeks, clock):
    person, _ = await join(1)
    await did(person, Kind.received, clock())
    assert not await weeks(person, clock())
    await did(person, Kind.visit, clock())
    found = await weeks(person, clock())
    assert found and found.streak == 0


@pytest.fixture
async def valley(database, campaign):
    """A valley with a village."""
    async with database.write() as session:
        above = await add_territory(session, campaign.id, "Vallée")
        return above, await add_territory(session, campaign.id, "Montfleury", above)


async def test_the_goal_is_of_the_nearest_territory_that_has_one_and_counts_those_below(
    database, join, did, valley, clock
):
    above, village = valley
    places = [(await join(n, territory_id=(above, village)[n % 2].id)) for n in range(5)]
    for person, _ in places:
        await did(person, Kind.badge_made, clock(), times=2)
    async with database.write() as session:
        assert await goal_of(session, places[1][1]) is None  # none is set
        kept = await session.get_one(type(above), above.id)
        kept.goal, kept.goal_kind = 20, Kind.badge_made
    async with database.read() as session:
        assert await goal_of(session, places[1][1]) == Goal("Vallée", Kind.badge_made, 20, 10)
        nowhere = Participation(supporter_id=1, campaign_id=above.campaign_id)
        assert await goal_of(session, nowhere) is None


async def test_of_too_small_a_section_the_circle_above_is_ranked_and_equal_counts_share_a_place(
    database, join, did, valley, clock
):
    above, village = valley
    places = [await join(n, territory_id=(village if n < 2 else above).id) for n in range(6)]
    for (person, _), visits in zip(places, (5, 3, 3, 1, 1, 0), strict=True):
        await did(person, Kind.visit, clock(), times=visits)
    async with database.read() as session:
        ranking = await ranking_of(session, places[4][1])
    assert ranking is not None and (ranking.territory, ranking.people) == ("Vallée", 6)
    assert [(each.place, each.visits, each.oneself) for each in ranking.shown] == [
        (1, 5, False), (2, 3, False), (2, 3, False), (4, 1, True),
    ]  # fmt: skip


async def test_who_left_stopped_or_said_no_is_in_no_ranking(database, campaign, join, did, clock):
    people = [await join(n) for n in range(8)]
    for person, _ in people:
        await did(person, Kind.visit, clock())
    async with database.write() as session:
        await supporters.stop(session, people[0][0], campaign.id, clock())
        await supporters.mark_gone(session, 1, clock())
        await supporters.set_consents(session, people[2][0], campaign.id, (), clock(), among={Purpose.counting})
        mine = await session.scalar(select(Participation).where(col(Participation.id) == people[7][1].id))
        ranking = await ranking_of(session, mine)
        assert ranking is not None and (ranking.territory, ranking.people) == ("", 5)
        assert await ranking_of(session, people[2][1]) is None
        await supporters.set_consents(session, people[3][0], campaign.id, (), clock(), among={Purpose.ranking})
        assert await ranking_of(session, mine) is None  # four are left


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maëlle", "Maëlle"),
        ("Maëlle Dupont Durand", "Maëlle D."),
        ("\u202eMaëlle\u202c\n", "Maëlle"),
        ("x" * 40, "x" * 19 + "…"),
        ("\u202e", "–"),
    ],
)
def test_a_ranking_shows_a_first_name_and_an_initial(name, shown):
    assert short_name(name) == shown
