"""Figures of territories side by side: none of them, and no difference of two, tells of fewer than five people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import engagement
from campaigns.engagement import Act
from campaigns.figures import SMALLEST
from campaigns.installation import add_territory
from campaigns.models import Kind, Purpose
from campaigns.territory_figures import figures_by_territory, large_enough


@pytest.fixture
async def places(database, campaign):
    """A federation with three sections."""
    async with database.write() as session:
        top = await add_territory(session, campaign.id, "Fédération")
        return [top, *[await add_territory(session, campaign.id, name, top) for name in ("Nord", "Sud", "Est")]]


@pytest.fixture
def settle_in(join, campaign, database, clock):
    """So many people of a territory, each with one visit, counted unless told otherwise."""
    numbers = iter(range(1, 1000))

    async def enter(place, many, *purposes):
        for _ in range(many):
            wanted = purposes or (Purpose.contact, Purpose.counting)
            person, _where = await join(next(numbers), *wanted, territory_id=place.id)
            async with database.write() as session:
                await engagement.record(session, [Act(campaign.id, Kind.visit, clock(), person.id)])

    return enter


async def look(database, campaign):
    async with database.read() as session:
        return await figures_by_territory(session, campaign.id)


async def test_a_territory_of_fewer_than_five_is_not_shown_and_one_of_five_is(database, campaign, places, settle_in):
    top, north, south, east = places
    await settle_in(north, 5)
    await settle_in(south, 6)
    found = await look(database, campaign)
    assert (found[north.id].people, found[north.id].counted, found[north.id].sums[Kind.visit]) == (5, 5, 5)
    assert (found[top.id].people, found[top.id].sums[Kind.visit]) == (11, 11)
    assert (found[east.id].people, found[east.id].counted, found[east.id].sums) == (None, None, {})


async def test_nobody_learns_of_a_small_section_by_taking_the_others_away(database, campaign, places, settle_in):
    top, north, south, east = places
    await settle_in(north, 5)
    await settle_in(south, 6)
    await settle_in(east, 1)  # 12 - 5 - 6
    found = await look(database, campaign)
    assert [found[place.id].people for place in (top, north, south, east)] == [12, None, 6, None]
    assert found[north.id].sums == {} and found[south.id].sums[Kind.visit] == 6


async def test_who_is_not_counted_is_in_no_sum(database, campaign, places, settle_in):
    _top, north, *_ = places
    await settle_in(north, 4)
    await settle_in(north, 6, Purpose.contact)
    found = await look(database, campaign)
    assert (found[north.id].people, found[north.id].counted, found[north.id].sums) == (10, None, {})


@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=12).flatmap(
        lambda people: st.tuples(
            st.just(people),
            st.tuples(*(st.sampled_from([None, *range(1, i + 1)]) if i else st.none() for i in range(len(people)))),
            st.integers(0, 6),
        )
    )
)
def test_in_any_tree_what_is_left_over_is_nobody_or_at_least_five(tree):
    """Territory i+1 has people[i] of its own and lies in an earlier one, or in none."""
    people, above, elsewhere = tree
    parents = {i + 1: parent for i, parent in enumerate(above)}
    sums: dict[int | None, int] = {None: sum(people) + elsewhere}
    for i, own in enumerate(people):
        place: int | None = i + 1
        while place is not None:
            sums[place] = sums.get(place, 0) + own
            place = parents[place]
    shown = large_enough(parents, sums)
    for place in shown:
        assert sums[place] >= SMALLEST
        assert parents[place] is None or parents[place] in shown
    for place in [None, *shown]:
        rest = sums[place] - sum(sums[each] for each in shown if parents[each] == place)
        below = any(parents[each] == place for each in shown)
        assert rest == 0 or rest >= SMALLEST or not below
