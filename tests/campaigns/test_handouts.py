"""Handouts: share kits go to who asked for them, once, and not to who left meanwhile."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from campaigns import handouts, posts, supporters
from campaigns.engagement import counts_of
from campaigns.handouts import LEASE, Claim, Outcome
from campaigns.installation import add_territory
from campaigns.models import Handout, HandoutState, Kind, Purpose, Supporter
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
    """Serves whoever is to be served now, as the broadcaster does; the people who were, in order."""

    async def serve():
        async with database.write() as session:
            for run in await handouts.runs(session, clock()):
                people = await handouts.candidates(session, run, clock(), limit=100)
                claims = [Claim(run, each.participation_id, each.supporter.id) for each in people]
                granted = await handouts.write(session, claims, clock())
                outcomes = [
                    Outcome(run, number, claim.supporter_id, HandoutState.sent)
                    for claim, number in zip(claims, granted, strict=True)
                    if number is not None
                ]
                await handouts.write(session, outcomes, clock())
                await handouts.end(session, run, clock())
            return (await session.scalars(select(Handout.supporter_id).order_by(col(Handout.id)))).all()

    return serve


@pytest.fixture
def queue(database, clock):
    """Who is to be served by the only run, as claims."""

    async def look():
        async with database.read() as session:
            (run,) = await handouts.runs(session, clock())
            people = await handouts.candidates(session, run, clock(), limit=100)
        return [Claim(run, each.participation_id, each.supporter.id) for each in people]

    return look


@pytest.fixture
def write(database, clock):
    async def commit(*items):
        async with database.write() as session:
            return await handouts.write(session, items, clock())

    return commit


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


async def test_nobody_gets_a_post_twice_and_who_comes_later_finds_it_by_themselves(add, join, hand_out, clock):
    await join(1)
    await add()
    assert len(await hand_out()) == 1
    clock.advance(timedelta(days=1))
    await join(2)
    assert len(await hand_out()) == 1


async def test_a_post_that_was_taken_back_is_not_handed_out(database, add, join, hand_out, campaign, clock):
    await join(1)
    post = await add()
    async with database.write() as session:
        await posts.cancel_post(session, campaign.id, post.id, clock())
    assert await hand_out() == []


async def test_a_claim_is_a_row_with_a_lease(database, add, join, queue, write, clock):
    person, _ = await join(1)
    post = await add()
    assert await write(*await queue()) == [1]
    async with database.read() as session:
        handout = await session.get_one(Handout, 1)
    assert (handout.post_id, handout.supporter_id, handout.state) == (post.id, person.id, HandoutState.sending)
    assert handout.lease_until == clock() + LEASE


async def test_a_person_is_claimed_once(add, join, queue, write):
    await join(1)
    await add()
    claims = await queue()
    assert await write(*claims, *claims) == [1, None]  # in one batch
    assert await write(*claims) == [None]  # and afterwards
    assert await queue() == []


async def test_who_could_not_be_served_is_claimed_again_in_the_same_row(database, add, join, queue, write):
    await join(1)
    await add()
    claims = await queue()
    assert await write(*claims) == [1]
    await write(Outcome(claims[0].run, 1, claims[0].supporter_id, HandoutState.queued))
    assert await write(*await queue()) == [1]
    assert await _state(database) is HandoutState.sending


async def test_a_handout_is_of_a_post_or_of_a_broadcast(database, add, join):
    person, _ = await join(1)
    with pytest.raises(IntegrityError, match="one_thing"):
        async with database.write() as session:
            session.add(Handout(supporter_id=person.id))


async def test_stop_holds_whatever_consents_say(database, add, join, hand_out, queue, campaign, clock):
    """Somebody stopped in the chat; a consent that is written later, without joining again, does not undo it."""
    person, _ = await join(1)
    await add()
    assert len(await queue()) == 1
    async with database.write() as session:
        await supporters.stop(session, person, campaign.id, clock())
        await supporters.set_consents(session, person, campaign.id, Purpose, clock())
    assert await hand_out() == []


@pytest.mark.parametrize("how", ["stopped", "gone", "took consent back", "erased", "post cancelled"])
async def test_what_is_no_longer_wanted_is_not_granted(database, add, join, queue, write, campaign, clock, how):
    person, _ = await join(1)
    post = await add()
    claims = await queue()
    async with database.write() as session:
        if how == "stopped":
            await supporters.stop(session, person, campaign.id, clock())
        elif how == "gone":
            await supporters.mark_gone(session, 1, clock())
        elif how == "took consent back":
            await supporters.set_consents(session, person, campaign.id, {Purpose.counting}, clock())
        elif how == "erased":
            await supporters.forget(session, person, clock())
        else:
            await posts.cancel_post(session, campaign.id, post.id, clock())
    assert await write(*claims) == [None]


async def test_who_waits_again_and_left_meanwhile_is_skipped_when_the_run_ends(
    database, add, join, queue, write, campaign, clock
):
    person, _ = await join(1)
    await add()
    (claim,) = await queue()
    await write(claim)
    await write(Outcome(claim.run, 1, person.id, HandoutState.queued))
    async with database.write() as session:
        await supporters.stop(session, person, campaign.id, clock())
        assert await handouts.end(session, claim.run, clock())
    assert await _state(database) is HandoutState.skipped


async def test_a_card_that_arrived_is_counted_as_received(database, add, join, queue, write, campaign, clock):
    person, _ = await join(1)
    plain, _ = await join(2, Purpose.contact)  # agreed to no counting
    await add()
    claims = await queue()
    await write(*claims)
    await write(*(Outcome(c.run, n, c.supporter_id, HandoutState.sent, message_id=77) for n, c in enumerate(claims, 1)))
    async with database.read() as session:
        handout = await session.get_one(Handout, 1)
        assert (handout.state, handout.message_id) == (HandoutState.sent, 77)
        assert (handout.sent_at, handout.lease_until) == (clock(), None)
        assert (await counts_of(session, person.id, campaign.id))[Kind.received] == 1
        assert (await counts_of(session, plain.id, campaign.id))[Kind.received] == 0


@pytest.mark.parametrize("state", [HandoutState.failed, HandoutState.unknown, HandoutState.queued])
async def test_a_card_that_did_not_arrive_is_not_counted(database, add, join, queue, write, campaign, state):
    person, _ = await join(1)
    await add()
    (claim,) = await queue()
    await write(claim)
    await write(Outcome(claim.run, 1, person.id, state, reason="Telegram refused it"))
    async with database.read() as session:
        assert (await counts_of(session, person.id, campaign.id))[Kind.received] == 0
    assert await _state(database) is state


async def test_a_card_on_its_way_to_somebody_who_is_erased_meanwhile_counts_nobody(
    database, add, join, queue, write, clock
):
    person, _ = await join(1)
    await add()
    (claim,) = await queue()
    await write(claim)
    async with database.write() as session:
        await supporters.forget(session, person, clock())
    await write(Outcome(claim.run, 1, person.id, HandoutState.sent, message_id=77))
    assert await _state(database) is HandoutState.sent


async def test_what_a_dead_process_left_is_unknown_and_never_sent_again(database, add, join, queue, write, clock):
    for n in (1, 2, 3):
        await join(n)
    await add()
    first, second, third = await queue()
    await write(first)
    clock.advance(LEASE - SECOND)
    await write(second)
    clock.advance(SECOND)
    async with database.write() as session:
        await handouts.end_leases(session, clock())
    assert [await _state(database, n) for n in (1, 2)] == [HandoutState.unknown, HandoutState.sending]
    async with database.write() as session:
        await handouts.end_leases(session, clock(), every=True)
    assert await _state(database, 2) is HandoutState.unknown
    assert [claim.supporter_id for claim in await queue()] == [third.supporter_id]
    assert await write(first, second) == [None, None]


async def test_a_run_with_something_in_flight_does_not_end(database, add, join, queue, write, clock):
    await join(1)
    await add()
    (claim,) = await queue()
    await write(claim)
    async with database.write() as session:
        assert not await handouts.end(session, claim.run, clock())


async def test_a_run_does_not_end_before_who_waits_again_was_served(database, add, join, queue, write, clock):
    person, _ = await join(1)
    await add()
    (claim,) = await queue()
    await write(claim)
    await write(Outcome(claim.run, 1, person.id, HandoutState.queued))  # Telegram was away
    async with database.write() as session:
        assert not await handouts.end(session, claim.run, clock())
    assert await _state(database) is HandoutState.queued


async def test_people_are_given_in_order_and_a_few_at_a_time(database, add, join, clock):
    places = [(await join(n))[1].id for n in range(5)]
    await add()
    async with database.read() as session:
        (run,) = await handouts.runs(session, clock())
        page = await handouts.candidates(session, run, clock(), after=places[1], limit=2)
    assert [each.participation_id for each in page] == places[2:4]


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
