"""Handouts: share kits go to who asked for them, once, and not to who left meanwhile."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from campaigns import handouts, posts, supporters
from campaigns.engagement import counts_of
from campaigns.handouts import LEASE
from campaigns.installation import add_territory
from campaigns.models import Handout, HandoutState, Kind, Post, Purpose, Supporter
from campaigns.silence_windows import add_window

SECOND = timedelta(seconds=1)


@pytest.fixture
async def places(database, campaign):
    """The region, its valley and a village of it, and a coast beside the valley."""
    async with database.write() as session:
        region = await add_territory(session, campaign.id, "Région")
        valley = await add_territory(session, campaign.id, "Vallée", region)
        village = await add_territory(session, campaign.id, "Montfleury", valley)
        coast = await add_territory(session, campaign.id, "Côte", region)
    return {"region": region.id, "valley": valley.id, "village": village.id, "coast": coast.id, "nowhere": None}


@pytest.fixture
def hand_out(database, clock):
    """Writes the handouts of all posts that are due, as the timetable does; the people who get one, in order."""

    async def write():
        async with database.write() as session:
            for post in await handouts.posts_to_hand_out(session, clock()):
                await handouts.hand_out(session, post, clock())
            return (await session.scalars(select(Handout.supporter_id).order_by(col(Handout.id)))).all()

    return write


@pytest.fixture
def begin(database, clock):
    async def claim(handout_id):
        async with database.write() as session:
            return await handouts.begin(session, handout_id, clock())

    return claim


async def _state(database, handout_id=1):
    async with database.read() as session:
        return (await session.get_one(Handout, handout_id)).state


async def test_only_who_agreed_to_be_contacted_gets_one(database, add, join, hand_out, campaign, rival, clock):
    (yes, _) = await join(1, Purpose.contact)
    await join(2, Purpose.counting, Purpose.ranking)  # agreed to other things
    await join(3, purposes=frozenset())  # agreed to nothing
    stopped, _ = await join(4)
    await join(5)  # blocked the bot
    await join(6, campaign_id=rival.id)  # of another campaign
    half, _ = await join(7, Purpose.counting)  # agreed to be contacted by the other campaign only
    await join(7, Purpose.contact, campaign_id=rival.id)
    took_back, _ = await join(8)
    async with database.write() as session:
        await supporters.stop(session, stopped, campaign.id, clock())
        await supporters.mark_gone(session, 5, clock())
        await supporters.set_consents(session, took_back, campaign.id, {Purpose.counting}, clock())
    await add()
    assert await hand_out() == [yes.id]
    assert half.id != yes.id


@pytest.mark.parametrize(
    ("of_the_post", "reached"),
    [
        (None, ["coast", "nowhere", "region", "valley", "village"]),  # everybody, also who chose no territory
        ("region", ["coast", "region", "valley", "village"]),
        ("valley", ["valley", "village"]),  # and below
        ("village", ["village"]),
        ("coast", ["coast"]),  # not its neighbour
    ],
)
async def test_a_posts_territory_reaches_its_whole_tree(add, join, hand_out, places, of_the_post, reached):
    people = {}
    for n, name in enumerate(places):
        person, _ = await join(n, territory_id=places[name])
        people[person.id] = name
    await add(territory_id=places[of_the_post] if of_the_post else None)
    assert sorted(people[i] for i in await hand_out()) == reached


@pytest.mark.parametrize(
    ("changes", "later", "handed_out"),
    [
        ({}, timedelta(), True),
        ({"share_kit": False}, timedelta(), False),
        ({"publish_at": None}, timedelta(), False),  # a draft
        ({"timezone": "America/Martinique"}, timedelta(hours=3, minutes=59), False),  # 08:00 there: not yet
        ({"timezone": "America/Martinique"}, timedelta(hours=4), True),
    ],
)
async def test_a_kit_is_handed_out_when_its_moment_has_come(
    add, telegram, join, hand_out, clock, changes, later, handed_out
):
    await join(1)
    await add(telegram, **{"publish_at": clock().replace(tzinfo=None), "timezone": "UTC"} | changes)
    clock.advance(later)
    assert bool(await hand_out()) is handed_out


async def test_nobody_gets_a_post_twice(database, add, join, hand_out, clock):
    await join(1)
    post = await add()
    assert len(await hand_out()) == 1
    clock.advance(timedelta(days=1))
    await join(2)  # came later: finds the post by themselves
    assert len(await hand_out()) == 1
    with pytest.raises(IntegrityError, match="UNIQUE"):  # not even if the post is handed out once more
        async with database.write() as session:
            await handouts.hand_out(session, await session.get_one(Post, post.id), clock())


async def test_a_post_that_was_taken_back_is_not_handed_out(database, add, join, hand_out, campaign, clock):
    await join(1)
    post = await add()
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, post.id, clock())
    assert await hand_out() == []


async def test_a_claim_gives_what_is_to_be_sent(database, add, join, hand_out, begin, clock):
    person, _ = await join(1)
    post = await add()
    await hand_out()
    handout, its_post, whom = await begin(1)
    assert (handout.state, handout.lease_until) == (HandoutState.sending, clock() + LEASE)
    assert (its_post.id, whom.id) == (post.id, person.id)


async def test_a_handout_is_claimed_once(add, join, hand_out, begin):
    await join(1)
    await add()
    await hand_out()
    claims = await asyncio.gather(*(begin(1) for _ in range(6)))
    assert sum(claim is not None for claim in claims) == 1
    assert await begin(1) is None
    assert await begin(999) is None


async def test_stop_holds_whatever_consents_say(database, add, join, hand_out, begin, campaign, clock):
    """Somebody stopped in the chat; a consent that is written later, without joining again, does not undo it."""
    person, _ = await join(1)
    await add()
    assert await hand_out() == [person.id]
    async with database.write() as session:
        await supporters.stop(session, person, campaign.id, clock())
        await supporters.set_consents(session, person, campaign.id, Purpose, clock())
    assert await begin(1) is None
    await add()
    assert await hand_out() == [person.id]  # nothing new


@pytest.mark.parametrize("how", ["stopped", "gone", "took consent back", "post cancelled"])
async def test_what_is_no_longer_wanted_is_skipped(database, add, join, hand_out, begin, campaign, clock, how):
    person, _ = await join(1)
    post = await add()
    await hand_out()
    async with database.write() as session:
        if how == "stopped":
            await supporters.stop(session, person, campaign.id, clock())
        elif how == "gone":
            await supporters.mark_gone(session, 1, clock())
        elif how == "took consent back":
            await supporters.set_consents(session, person, campaign.id, {Purpose.counting}, clock())
        else:
            await posts.cancel_post(session, campaign.id, post.id, clock())
    assert await begin(1) is None
    async with database.read() as session:
        handout = await session.get_one(Handout, 1)
    assert (handout.state, handout.reason) == (HandoutState.skipped, "left, silence began, or the post was taken back")


async def test_who_is_erased_before_the_sending_gets_nothing(database, add, join, hand_out, begin):
    person, _ = await join(1)
    await add()
    await hand_out()
    async with database.write() as session:
        await supporters.forget(session, person)
    assert await begin(1) is None
    assert await _state(database) is HandoutState.skipped


async def test_a_card_that_arrived_is_counted_as_received(database, add, join, hand_out, begin, campaign, clock):
    person, _ = await join(1)
    await add()
    await hand_out()
    await begin(1)
    async with database.write() as session:
        await handouts.finish(session, 1, HandoutState.sent, clock(), message_id=77)
    async with database.read() as session:
        handout = await session.get_one(Handout, 1)
        assert (handout.state, handout.message_id) == (HandoutState.sent, 77)
        assert (handout.sent_at, handout.lease_until) == (clock(), None)
        assert (await counts_of(session, person.id, campaign.id))[Kind.received] == 1


@pytest.mark.parametrize("state", [HandoutState.failed, HandoutState.unknown, HandoutState.skipped])
async def test_a_card_that_did_not_arrive_is_not_counted(database, add, join, hand_out, begin, campaign, clock, state):
    person, _ = await join(1)
    await add()
    await hand_out()
    await begin(1)
    async with database.write() as session:
        await handouts.finish(session, 1, state, clock(), reason="Telegram refused it")
        assert (await counts_of(session, person.id, campaign.id))[Kind.received] == 0
    assert await _state(database) is state


async def test_a_card_on_its_way_to_somebody_who_is_erased_meanwhile_counts_nobody(
    database, add, join, hand_out, begin, clock
):
    person, _ = await join(1)
    await add()
    await hand_out()
    await begin(1)
    async with database.write() as session:
        await supporters.forget(session, person)
    async with database.write() as session:
        await handouts.finish(session, 1, HandoutState.sent, clock(), message_id=77)
    assert await _state(database) is HandoutState.sent


async def test_what_a_dead_process_left_is_unknown_and_never_sent_again(database, add, join, hand_out, begin, clock):
    for n in (1, 2, 3):
        await join(n)
    await add()
    await hand_out()
    await begin(1)
    clock.advance(LEASE - SECOND)
    await begin(2)
    clock.advance(SECOND)
    async with database.write() as session:
        await handouts.end_leases(session, clock())
    assert [await _state(database, n) for n in (1, 2, 3)] == [
        HandoutState.unknown, HandoutState.sending, HandoutState.queued
    ]  # fmt: skip
    async with database.write() as session:
        await handouts.end_leases(session, clock(), every=True)
        assert await handouts.queued(session, 10) == [3]
    assert await _state(database, 2) is HandoutState.unknown
    assert await begin(1) is None


async def test_what_waits_is_given_in_order_and_a_few_at_a_time(database, add, join, hand_out, begin):
    for n in range(5):
        await join(n)
    await add()
    await hand_out()
    await begin(2)
    async with database.read() as session:
        assert await handouts.queued(session, 3) == [1, 3, 4]


async def test_near_a_vote_nobody_is_written_to_where_it_is_silent(
    database, add, join, hand_out, campaign, clock, places
):
    """A window of one territory silences its people, and who named no territory; the others are written to."""
    await join(1, territory_id=places["village"])
    await join(2, territory_id=places["coast"])
    await join(3)
    async with database.write() as session:
        end = clock() + timedelta(days=2)
        await add_window(session, campaign, clock(), end, "vote partiel", places["village"])
    await add()
    await hand_out()
    async with database.read() as session:
        names = await session.scalars(
            select(Supporter.telegram_id).join(Handout, col(Handout.supporter_id) == col(Supporter.id))
        )
        assert names.all() == [2]
