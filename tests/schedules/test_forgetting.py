"""The work that lets old acts go: step by step, to the end, and ready for the months to come."""

from datetime import timedelta

import pytest
from sqlmodel import select

from campaigns import act_months, old_acts, rollups
from campaigns.engagement import Act, counts_of_campaign, record
from campaigns.models import Engagement, Kind
from schedules.forgetting import Forgetting
from tests.stores import watching


async def _acts(database):
    async with database.read() as session:
        return list(await session.scalars(select(Engagement.at)))


async def _visits(database, campaign, at, number):
    async with database.write() as session:
        await record(session, [Act(campaign.id, Kind.visit, at + timedelta(minutes=n)) for n in range(number)])
    async with database.write() as session:
        await rollups.catch_up(session)


async def test_it_goes_on_where_it_was_killed_and_loses_no_count(database, campaign, clock, monkeypatch):
    monkeypatch.setattr(old_acts, "ACTS", 2)
    await _visits(database, campaign, clock(), 5)
    clock.advance(timedelta(days=430))
    killed = Forgetting(database, clock, 13)
    async with database.write() as session:  # what it had done before it was killed
        await old_acts.step(session, old_acts.kept_since(clock(), 13), clock())
    await killed.stop()
    await killed.tick()
    assert len(await _acts(database)) in (3, 5)  # of PostgreSQL's months the first goes, in which there is none
    work = Forgetting(database, clock, 13)
    await work.tick()
    await work.settled()
    assert await _acts(database) == []
    async with database.read() as session:
        assert (await counts_of_campaign(session, campaign.id))[Kind.visit] == 5


async def test_what_is_younger_than_the_setting_says_stays(database, campaign, clock):
    await _visits(database, campaign, clock(), 2)
    clock.advance(timedelta(days=430))
    work = Forgetting(database, clock, 24)
    await work.tick()
    await work.settled()
    assert len(await _acts(database)) == 2


@pytest.mark.about_servers
async def test_the_months_to_come_are_there_before_they_begin(database, clock):
    clock.advance(timedelta(days=365))
    work = Forgetting(database, clock, 13)
    await work.tick()
    await work.settled()
    async with database.read() as session:
        assert await act_months.missing(session, clock()) == []
        assert act_months.month_of(clock() + timedelta(days=92)) in await act_months.there(session)


@pytest.mark.about_servers
async def test_a_month_waits_for_who_reads_it_and_goes_at_the_next_look(database, campaign, clock, store_url):
    month = act_months.month_of(clock())
    await _visits(database, campaign, clock(), 1)
    clock.advance(timedelta(days=430))
    work = Forgetting(database, clock, 13)
    with watching(store_url) as reader:
        reader.execution_options(isolation_level="REPEATABLE READ").execute(select(Engagement.id))
        await work.tick()
        await work.settled()
        assert len(await _acts(database)) == 1
    clock.advance(timedelta(minutes=2))
    await work.tick()
    await work.settled()
    assert await _acts(database) == []
    async with database.read() as session:
        assert month not in await act_months.there(session)
