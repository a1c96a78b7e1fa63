"""Themes: what may be one, who chose which, and what is left when one is taken away."""

import pytest

from campaigns import broadcasts, interests
from campaigns.installation import AlreadyThere, NotFound
from campaigns.interests import LONGEST, MOST, InterestProblem
from campaigns.models import Broadcast
from campaigns.segments import Segment


@pytest.fixture
def offer(database, campaign):
    async def add(name, campaign_id=None):
        async with database.write() as session:
            return await interests.add_interest(session, campaign_id or campaign.id, name)

    return add


@pytest.mark.parametrize(
    ("name", "problem", "sentence"),
    [
        ("  ", InterestProblem, "has no name"),
        ("x" * (LONGEST + 1), InterestProblem, "at most 40"),
        ("le  RAIL", AlreadyThere, "exists already"),
    ],
)
async def test_what_cannot_be_a_theme_is_refused(offer, name, problem, sentence):
    assert (await offer(" Le   rail ")).name == "Le rail"
    with pytest.raises(problem, match=sentence):
        await offer(name)


async def test_a_list_that_nobody_reads_is_refused(offer, rival):
    for n in range(MOST):
        await offer(f"Thème {n}")
    with pytest.raises(InterestProblem, match="nobody reads a longer list"):
        await offer("Encore un")
    await offer("Encore un", rival.id)


async def test_choices_are_counted_and_go_with_the_theme(database, campaign, offer, join):
    rail, bikes = await offer("Le rail"), await offer("Les vélos")
    _, place = await join(1)
    async with database.write() as session:
        await interests.choose_interests(session, place, [rail.id, bikes.id])
        assert await interests.counts(session, campaign.id) == {rail.id: 1, bikes.id: 1}
        await interests.remove_interest(session, await interests.find_interest(session, campaign.id, "le RAIL"))
    async with database.read() as session:
        assert await interests.chosen_by(session, place) == {bikes.id}
        with pytest.raises(NotFound, match="choose one of Les vélos"):
            await interests.find_interest(session, campaign.id, "Le rail")


async def test_a_theme_whose_message_may_still_go_out_stays(database, campaign, offer, clock):
    rail = await offer("Le rail")
    async with database.write() as session:
        segment = Segment(campaign.id, interest_id=rail.id)
        made = await broadcasts.add_broadcast(session, segment, "Aux gares !", clock())
    async with database.write() as session:
        found = await interests.find_interest(session, campaign.id, "Le rail")
        with pytest.raises(InterestProblem, match="is not over"):
            await interests.remove_interest(session, found)
        await broadcasts.cancel(session, await session.get_one(Broadcast, made.id), None, clock())
        await interests.remove_interest(session, found)
    async with database.read() as session:
        assert (await session.get_one(Broadcast, made.id)).text == "Aux gares !"  # what was, stays told
