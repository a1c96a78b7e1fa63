"""Counts by hour, day and month are what a recount of the acts gives, whatever is taken back and when."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from campaigns import rollups
from campaigns.engagement import Act, record, take_back
from campaigns.installation import add_territory
from campaigns.models import (
    CampaignHour,
    Engagement,
    Kind,
    Participation,
    PostHour,
    Purpose,
    Span,
    TerritoryPeople,
    TerritoryTally,
)

NIGHT = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # 00:30 on the 25th in Paris, the night in which an hour comes twice


async def _catch_up(database):
    async with database.write() as session:
        return await rollups.catch_up(session)


async def _rows(database, model):
    async with database.read() as session:
        return [row for row in await session.scalars(select(model)) if row.count]


@pytest.fixture
async def section(database, campaign):
    async with database.write() as session:
        return await add_territory(session, campaign.id, "Littoral")


async def test_an_act_counts_on_the_campaigns_clock_and_where_its_person_is(database, campaign, section, join, add):
    person, place = await join(1, Purpose.counting)
    post = await add()
    async with database.write() as session:
        (await session.get_one(Participation, place.id)).territory_id = section.id
        acts = [Act(campaign.id, Kind.visit, NIGHT + timedelta(hours=n), person.id, post.id) for n in range(4)]
        await record(session, acts)
    assert await _catch_up(database) == 4
    hours = {(row.day, row.hour): row.count for row in await _rows(database, CampaignHour)}
    sunday = date(2026, 10, 25)
    assert hours == {(sunday, 0): 1, (sunday, 1): 1, (sunday, 2): 2}  # 2 o'clock comes twice
    assert {(row.day, row.hour): row.count for row in await _rows(database, PostHour)} == hours
    places = {(row.span, row.since): row.count for row in await _rows(database, TerritoryTally)}
    assert places == {(Span.day, sunday): 4, (Span.month, date(2026, 10, 1)): 4}


async def test_each_act_counts_once_however_often_it_is_looked(database, campaign, monkeypatch):
    monkeypatch.setattr(rollups, "BATCH", 2)
    async with database.write() as session:
        await record(session, [Act(campaign.id, Kind.visit, NIGHT) for _ in range(5)])
    assert [await _catch_up(database) for _ in range(4)] == [2, 2, 1, 0]
    assert sum(row.count for row in await _rows(database, CampaignHour)) == 5


@pytest.mark.parametrize("counted_before", [True, False])  # taken back before and behind the first count
async def test_what_is_taken_back_counts_no_more_and_its_number_may_come_again(
    database, campaign, join, counted_before
):
    """SQLite gives the number of the last row anew once that row is gone."""
    person, _place = await join(1, Purpose.counting)
    once = [Act(campaign.id, Kind.said_shared, NIGHT, person.id, once=f"k{n}") for n in range(3)]
    async with database.write() as session:
        await record(session, once)
    if counted_before:
        await _catch_up(database)
    for key in ("k2", "k1"):
        async with database.write() as session:
            assert await take_back(session, key)
    async with database.write() as session:
        await record(session, [once[1], Act(campaign.id, Kind.visit, NIGHT)])
    while await _catch_up(database):
        pass
    async with database.read() as session:
        there = Counter(row.kind for row in await session.scalars(select(Engagement)))
    assert Counter({row.kind: row.count for row in await _rows(database, CampaignHour)}) == there
    assert there[Kind.said_shared] == 2


async def test_people_are_counted_by_territory_those_who_agree_apart(database, section, join):
    for number in range(4):
        purposes = (Purpose.contact, Purpose.counting) if number else (Purpose.contact,)
        _person, place = await join(number + 1, *purposes)
        async with database.write() as session:
            row = await session.get_one(Participation, place.id)
            row.territory_id = section.id
            row.stopped_at = NIGHT if number == 3 else None
    for _ in range(2):  # counted anew, not twice
        async with database.write() as session:
            await rollups.count_people(session)
    async with database.read() as session:
        (row,) = (await session.scalars(select(TerritoryPeople))).all()
    assert (row.people, row.counted) == (3, 2)
