"""Counts: each act one row, each tally the sum of its rows, and nothing counted twice."""

import asyncio
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from campaigns import engagement, supporters
from campaigns.database import Database
from campaigns.engagement import Act, counts_of, counts_of_campaign, counts_of_posts, no_counts, once, record, take_back
from campaigns.models import Campaign, CampaignTally, Engagement, Kind, Post, PostTally, Purpose, Supporter, Tally
from tests.stores import Stores

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
PEOPLE, POSTS, CAMPAIGNS = (1, 2, None), (1, 2, None), (1, 2)

ACTS = st.builds(
    Act,
    campaign_id=st.sampled_from(CAMPAIGNS),
    kind=st.sampled_from(Kind),
    at=st.just(NOW),
    supporter_id=st.sampled_from(PEOPLE),
    post_id=st.sampled_from(POSTS),
    network=st.sampled_from(["x", "whatsapp", None]),
    once=st.sampled_from([None, "a", "b", "c"]),
)


async def _fill(database: Database) -> None:
    async with database.write() as session:
        session.add_all(Campaign(id=n, slug=str(n), name=str(n), created_at=NOW) for n in (1, 2))
        await session.flush()
        session.add_all(Post(id=n, campaign_id=1, title="t", text="t", created_at=NOW) for n in (1, 2))
        session.add_all(Supporter(id=n, telegram_id=n, first_name="Maëlle", created_at=NOW) for n in (1, 2))


async def _tallies(session) -> tuple[dict, dict, dict]:
    own = {(t.supporter_id, t.campaign_id, t.kind): t.count for t in await session.scalars(select(Tally))}
    posts = {(t.post_id, t.kind): t.count for t in await session.scalars(select(PostTally))}
    campaigns = {(t.campaign_id, t.kind): t.count for t in await session.scalars(select(CampaignTally))}
    return own, posts, campaigns


@settings(max_examples=25)
@given(st.lists(st.lists(ACTS, max_size=12), max_size=5))
def test_tallies_are_what_a_recount_of_the_events_gives(stores, batches):
    async def check(database: Database) -> None:
        await _fill(database)
        new = 0
        for acts in batches:
            async with database.write() as session:
                new += await record(session, acts)
        async with database.read() as session:
            events = (await session.scalars(select(Engagement))).all()
            own, posts, campaigns = await _tallies(session)
        assert new == len(events)
        assert campaigns == Counter((e.campaign_id, e.kind) for e in events)
        assert posts == Counter((e.post_id, e.kind) for e in events if e.post_id)
        assert own == Counter((e.supporter_id, e.campaign_id, e.kind) for e in events if e.supporter_id)
        # Each act without a key is there; of those that share a key, the first one.
        given_acts = [act for acts in batches for act in acts]
        assert len(events) == sum(a.once is None for a in given_acts) + len({a.once for a in given_acts if a.once})

    _with_database(stores, check)


@settings(max_examples=25)
@given(st.lists(ACTS, max_size=20), st.sampled_from("abc"))
def test_what_is_taken_back_leaves_what_a_recount_of_the_events_gives(stores, acts, key):
    async def check(database: Database) -> None:
        await _fill(database)
        there = key in {act.once for act in acts}
        async with database.write() as session:
            written = await record(session, acts)
        async with database.write() as session:
            assert await take_back(session, key) is there
            assert await take_back(session, key) is False  # once is enough
        async with database.read() as session:
            events = (await session.scalars(select(Engagement))).all()
            own, posts, campaigns = map(Counter, await _tallies(session))
        assert len(events) == written - there
        assert campaigns == Counter((e.campaign_id, e.kind) for e in events)
        assert posts == Counter((e.post_id, e.kind) for e in events if e.post_id)
        assert own == Counter((e.supporter_id, e.campaign_id, e.kind) for e in events if e.supporter_id)
        async with database.write() as session:  # it may happen again after all
            assert await record(session, [act for act in acts if act.once == key]) == there

    _with_database(stores, check)


@settings(max_examples=15)
@given(st.lists(ACTS, max_size=20))
def test_erasing_a_person_takes_their_own_figures_and_leaves_all_others(stores, acts):
    async def check(database: Database) -> None:
        await _fill(database)
        async with database.write() as session:
            await record(session, acts)
        async with database.read() as session:
            own, posts, campaigns = await _tallies(session)
        async with database.write() as session:
            await supporters.forget(session, await session.get_one(Supporter, 1), NOW)
        async with database.read() as session:
            assert await _tallies(session) == ({k: n for k, n in own.items() if k[0] != 1}, posts, campaigns)

    _with_database(stores, check)


def _with_database(stores: Stores, check) -> None:
    """Runs a property's example on a database of its own."""

    async def run(url: str) -> None:
        database = Database(url)
        try:
            await check(database)
        finally:
            await database.close()

    with tempfile.TemporaryDirectory() as folder, stores.fresh(Path(folder)) as url, asyncio.Runner() as runner:
        runner.run(run(url))


async def test_what_may_count_once_counts_once_whenever_it_comes_again(database):
    await _fill(database)
    act = Act(1, Kind.opened, NOW, 1, 1, "x", once(Kind.opened, 1, 1, "x"))
    other_network = Act(1, Kind.opened, NOW, 1, 1, "whatsapp", once(Kind.opened, 1, 1, "whatsapp"))
    async with database.write() as session:
        assert await record(session, [act, act]) == 1  # in one batch
    async with database.write() as session:
        assert await record(session, [act, other_network]) == 1  # later, beside a new one
        assert (await counts_of(session, 1, 1))[Kind.opened] == 2
        assert (await counts_of_posts(session, [1]))[1][Kind.opened] == 2


def test_the_key_of_what_counts_once_tells_people_posts_kinds_and_networks_apart():
    keys = {
        once(kind, person, post, network)
        for kind in (Kind.opened, Kind.copied)
        for person in (1, 12)
        for post in (1, 21, None)
        for network in ("", "x")
    }
    assert len(keys) == 2 * 2 * 3 * 2
    assert once(Kind.opened, None, 1, "x") is None  # nobody can be told apart from nobody


async def test_an_act_of_nobody_counts_for_post_and_campaign(database):
    await _fill(database)
    async with database.write() as session:
        await record(session, [Act(1, Kind.visit, NOW, None, 1), Act(1, Kind.badge_made, NOW)])
        own, posts, campaigns = await _tallies(session)
    assert own == {}
    assert posts == {(1, Kind.visit): 1}
    assert campaigns == {(1, Kind.visit): 1, (1, Kind.badge_made): 1}


async def test_nothing_is_recorded_of_nothing(database):
    async with database.write() as session:
        assert await record(session, []) == 0


async def test_what_never_happened_is_zero(database):
    await _fill(database)
    async with database.read() as session:
        assert await counts_of(session, 1, 1) == await counts_of_campaign(session, 1) == no_counts()
        assert await counts_of_posts(session, [1, 2]) == {1: no_counts(), 2: no_counts()}
    assert set(no_counts()) == set(Kind)


async def test_an_act_that_cannot_be_stored_moves_no_count(database):
    await _fill(database)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        async with database.write() as session:
            await record(session, [Act(1, Kind.visit, NOW, 1, 1), Act(1, Kind.visit, NOW, 999, 1)])
    async with database.read() as session:
        assert await _tallies(session) == ({}, {}, {})


async def test_one_campaigns_figures_are_not_anothers(database):
    await _fill(database)
    async with database.write() as session:
        await record(session, [Act(1, Kind.visit, NOW, 1), Act(1, Kind.visit, NOW, 1), Act(2, Kind.visit, NOW, 1)])
        assert (await counts_of(session, 1, 1))[Kind.visit] == 2
        assert (await counts_of(session, 1, 2))[Kind.visit] == 1
        assert (await counts_of_campaign(session, 2))[Kind.visit] == 1


async def test_the_most_visited_stand_first_and_who_takes_no_counts_stands_with_zeros(database, campaign, rival, join):
    (one, _), (two, _), (silent, _) = await join(1), await join(2), await join(3, Purpose.contact)
    (elsewhere, _) = await join(4, campaign_id=rival.id)
    acts = [(one, campaign, 2), (two, campaign, 5), (one, rival, 9), (elsewhere, rival, 7)]
    async with database.write() as session:
        for person, where, visits in acts:
            await record(session, [Act(where.id, Kind.visit, NOW, person.id)] * visits)
        await record(session, [Act(campaign.id, Kind.copied, NOW, one.id)])
        found = await engagement.counts_of_supporters(session, campaign.id, 10)
        assert [(p.id, c[Kind.visit], c[Kind.copied]) for p, c in found] == [
            (two.id, 5, 0), (one.id, 2, 1), (silent.id, 0, 0)
        ]  # fmt: skip
        assert [p.id for p, _ in await engagement.counts_of_supporters(session, campaign.id, 1)] == [two.id]
