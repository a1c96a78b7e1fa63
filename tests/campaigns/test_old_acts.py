"""Acts go when their months are over, and no figure that anybody is shown moves by it: the same life on two stores, of which one forgets."""

import asyncio
import tempfile
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from campaigns import act_months, figures, old_acts, rollups, share_kits
from campaigns.database import Database
from campaigns.engagement import Act, counts_of, counts_of_campaign, counts_of_posts, once, record, take_back
from campaigns.installation import add_campaign, add_territory
from campaigns.models import (
    Campaign,
    CampaignHour,
    Engagement,
    Kind,
    Post,
    PostHour,
    Purpose,
    RollupMark,
    Supporter,
    TerritoryTally,
    Wording,
    WordingSum,
)
from campaigns.supporters import Joining, join
from campaigns.wording_results import wordings_compared

START = datetime(2025, 1, 28, 22, 30, tzinfo=UTC)
PEOPLE, POSTS = (1, 2, None), (1, 2, None)
NETWORKS = ("x", "whatsapp")


class Killed(Exception):
    """The program's end, in the middle of a transaction."""


ACTS = st.tuples(
    st.just("act"),
    st.sampled_from((Kind.visit, Kind.opened, Kind.said_shared)),
    st.sampled_from(PEOPLE),
    st.sampled_from(POSTS),
    st.sampled_from(NETWORKS),
    st.sampled_from((0, 1, -1)),
)
DAYS = st.tuples(st.just("days"), st.sampled_from((1, 20, 200, 420)))
TAKING_BACK = st.tuples(st.just("back"), st.sampled_from((1, 2)), st.sampled_from((1, 2)), st.sampled_from(NETWORKS))
WORKS = st.tuples(st.sampled_from(("count", "let go", "count, killed", "let go, killed")))
ONE_LIFE = [("act", kind, 1, 1, "x", 1) for kind in (Kind.opened, Kind.said_shared, Kind.visit)]
SHARED = [("act", kind, 1, 1, "x", 0) for kind in (Kind.said_shared, Kind.visit)]
ALL_AWAY = [("count",), ("days", 420), ("let go",), ("let go",), ("let go",), ("let go",), ("let go",)]


@settings(max_examples=25)
@given(st.lists(st.one_of(ACTS, DAYS, TAKING_BACK, WORKS), max_size=40))
@example([*ONE_LIFE, *ALL_AWAY, *ONE_LIFE, ("count",), ("back", 1, 1, "x")])  # the same taps a year later
@example([*ONE_LIFE, ("days", 420), *[("let go",)] * 5, ("count",)])  # never counted by the hour: they must wait
@example([*SHARED, *ALL_AWAY[:3], ("back", 1, 1, "x")])  # taken back between the last word on its wording and its end
@example([*ONE_LIFE, *ALL_AWAY[:-2], ("let go, killed",), ("let go",), *ONE_LIFE, ("count",)])
def test_whatever_happens_between_and_wherever_it_is_killed_every_figure_stays(stores, steps):
    async def check(forgets: Database, keeps: Database) -> None:
        for database in (forgets, keeps):
            await _fill(database)
        now = START
        for what, *values in steps:
            now += timedelta(minutes=1)
            if what == "days":
                now += timedelta(days=values[0])
            elif what == "act":
                new = {await _act(database, now, *values) for database in (forgets, keeps)}
                assert len(new) == 1  # what counted once counts no second time, whether its row is there or not
            elif what == "back":
                if await _take_back(forgets, *values):
                    assert await _take_back(keeps, *values)
            else:
                await _work(forgets, now, what)
                if what.startswith("count"):
                    await _work(keeps, now, what)
        for database in (forgets, keeps):
            while await _counted(database):
                pass
        assert await _shown(forgets, now) == await _shown(keeps, now)

    asyncio.run(_with_two(stores, check))


async def _with_two(stores, check) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            opened = []
            for name in ("forgets", "keeps"):
                opened.append(Database(stack.enter_context(stores.fresh(Path(folder), name))))
                stack.push_async_callback(opened[-1].close)
            await check(*opened)


async def _fill(database: Database) -> None:
    async with database.write() as session:
        campaign = await add_campaign(session, Campaign(slug="", name="La Région qui ose"), START)
        section = await add_territory(session, campaign.id, "Littoral")
        session.add_all(Post(id=n, campaign_id=1, title="t", text="t", created_at=START) for n in (1, 2))
        await session.flush()
        session.add_all(Wording(post_id=n, position=0, text="Autre") for n in (1, 2))
        for n in (1, 2):
            joining = Joining(campaign.id, n, "Maëlle", language="fr", purposes=frozenset(Purpose), at=START)
            _person, place = await join(session, joining)
            place.territory_id = section.id
        for month in await act_months.missing(session, START):
            await act_months.make(session, month)


async def _act(database: Database, now, kind, person, post, network, wording) -> int:
    key = None if kind is Kind.visit or post is None else once(kind, person, post, network)
    async with database.write() as session:
        return await record(session, [Act(1, kind, now, person, post, network, key, wording)])


async def _take_back(database: Database, person, post, network) -> bool:
    async with database.write() as session:
        return await take_back(session, once(Kind.said_shared, person, post, network) or "")


async def _counted(database: Database) -> int:
    async with database.write() as session:
        return await rollups.catch_up(session)


async def _work(database: Database, now: datetime, what: str) -> None:
    with suppress(Killed):
        async with database.write() as session:
            if what.startswith("count"):
                await rollups.catch_up(session)
            else:
                await old_acts.step(session, old_acts.kept_since(now, 13), now)
            if what.endswith("killed"):
                raise Killed


async def _shown(database: Database, now: datetime) -> dict[str, object]:
    """Every figure that console, bot, files and API make out of acts."""
    async with database.read() as session:
        campaign = await session.get_one(Campaign, 1)
        people, posts = (
            [await session.get_one(Supporter, n) for n in (1, 2)],
            [await session.get_one(Post, n) for n in (1, 2)],
        )
        by_time = {
            model.__name__: sorted(
                tuple(row.model_dump().values()) for row in await session.scalars(select(model)) if row.count
            )
            for model in (CampaignHour, PostHour, TerritoryTally)
        }
        return by_time | {
            "campaign": await counts_of_campaign(session, 1),
            "posts": await counts_of_posts(session, [1, 2]),
            "people": [await counts_of(session, n, 1) for n in (1, 2)],
            "weeks": [await figures.weeks_of(session, n, campaign, now) for n in (1, 2)],
            "wordings": [await wordings_compared(session, post, now) for post in posts],
            "said": [await share_kits.said_shared_on(session, person, post) for person in people for post in posts],
        }


async def _let_go(database: Database, now: datetime) -> int:
    """How many acts are left when there is no more to do."""
    while True:
        async with database.write() as session:
            if not await old_acts.step(session, old_acts.kept_since(now, 13), now):
                break
    async with database.read() as session:
        return len((await session.scalars(select(Engagement.id))).all())


@pytest.mark.parametrize(
    ("now", "months", "since"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), 13, datetime(2025, 11, 1, tzinfo=UTC)),
        (
            datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
            13,
            datetime(2025, 11, 1, tzinfo=UTC),
        ),  # the month that goes on is whole
        (datetime(2027, 1, 31, tzinfo=UTC), 13, datetime(2025, 12, 1, tzinfo=UTC)),
        (datetime(2027, 1, 1, tzinfo=UTC), 24, datetime(2025, 1, 1, tzinfo=UTC)),
    ],
)
def test_whole_months_are_kept_beside_the_one_that_goes_on(now, months, since):
    assert old_acts.kept_since(now, months) == since


async def test_acts_go_in_small_steps_and_only_those_of_months_that_are_over(database, monkeypatch):
    monkeypatch.setattr(old_acts, "ACTS", 2)
    await _fill(database)
    now = datetime(2026, 12, 1, 8, tzinfo=UTC)
    kept = old_acts.kept_since(now, 13)
    for at in (*(START + timedelta(days=n) for n in range(5)), kept - timedelta(seconds=1), kept, now):
        await _act(database, at, Kind.visit, 1, 1, "x", 0)
    assert await _let_go(database, now) == 8  # the counts by the hour do not hold them yet
    await _counted(database)
    assert await _let_go(database, now) == 2
    async with database.read() as session:
        assert (await session.scalars(select(Engagement.at).order_by(col(Engagement.at)))).all() == [kept, now]


async def test_an_act_behind_the_last_one_that_went_is_counted_by_the_hour(database):
    """SQLite gives the numbers of the last rows once more when those rows are gone."""
    await _fill(database)
    for n in range(3):
        await _act(database, START + timedelta(minutes=n), Kind.visit, 1, 1, "x", 0)
    await _counted(database)
    now = START + timedelta(days=500)
    assert await _let_go(database, now) == 0
    await _act(database, now, Kind.visit, 1, 1, "x", 0)
    assert await _counted(database) == 1


async def test_what_was_said_too_long_ago_cannot_be_taken_back_and_stays_said(database):
    await _fill(database)
    await _act(database, START, Kind.said_shared, 1, 1, "x", 0)
    await _counted(database)
    assert await _let_go(database, START + timedelta(days=500)) == 0
    assert not await _take_back(database, 1, 1, "x")
    async with database.read() as session:
        person, post = await session.get_one(Supporter, 1), await session.get_one(Post, 1)
        assert await share_kits.said_shared_on(session, person, post) == {"x"}
        assert (await counts_of(session, 1, 1))[Kind.said_shared] == 1


async def test_wordings_are_compared_over_the_first_year_of_a_post(database):
    await _fill(database)
    await _act(database, START, Kind.opened, 1, 1, "x", 1)
    await _act(database, START + timedelta(days=366), Kind.visit, 1, 1, "x", 0)  # too late to tell of it
    now = START + timedelta(days=500)
    async with database.write() as session:
        post = await session.get_one(Post, 1)
        before = await wordings_compared(session, post, now)
        assert [(each.people, each.with_visit) for each in before.wordings] == [(0, 0), (1, 0)]
    await _counted(database)
    await _let_go(database, now)
    async with database.read() as session:
        assert await wordings_compared(session, post, now) == before
        assert {row.post_id for row in await session.scalars(select(WordingSum))} == {1, 2}


async def test_who_is_erased_takes_the_marks_of_what_counted_once_along(database, store_url):
    from campaigns import supporters
    from tests.stores import everything

    await _fill(database)
    await _act(database, START, Kind.said_shared, 1, 1, "x", 0)
    await _counted(database)
    await _let_go(database, START + timedelta(days=500))
    key = once(Kind.said_shared, 1, 1, "x")
    assert key in everything(store_url)
    async with database.write() as session:
        await supporters.forget(session, await session.get_one(Supporter, 1), START)
    assert key not in everything(store_url)
    async with database.read() as session:
        assert (await counts_of_campaign(session, 1))[Kind.said_shared] == 1


@pytest.mark.about_servers
async def test_a_month_goes_as_a_whole_and_not_while_one_of_its_acts_is_uncounted(database):
    await _fill(database)
    await _act(database, START, Kind.visit, 1, 1, "x", 0)
    async with database.write() as session:
        assert not await act_months.drop(session, act_months.month_of(START), 0)
    await _counted(database)
    async with database.write() as session:
        mark = (await session.get_one(RollupMark, 1)).engagement_id
        assert await act_months.drop(session, act_months.month_of(START), mark)
    async with database.read() as session:
        assert act_months.month_of(START) not in await act_months.there(session)
        assert (await session.scalars(select(Engagement.id))).all() == []


@pytest.mark.about_servers
async def test_acts_that_fell_into_no_month_move_into_theirs_when_it_is_made(database):
    await _fill(database)
    at = datetime(2031, 5, 31, 23, 30, tzinfo=UTC)
    await _act(database, at, Kind.visit, 1, 1, "x", 0)
    async with database.write() as session:
        for month in await act_months.missing(session, at):
            await act_months.make(session, month)
    async with database.read() as session:
        assert await act_months.missing(session, at) == []
        assert (await session.execute(select(Engagement.at))).scalars().all() == [at]
        lies = await session.connection()
        [(table,)] = await lies.exec_driver_sql("SELECT tableoid::regclass::text FROM engagement")
    assert table == "engagement_months.m_2031_05"
