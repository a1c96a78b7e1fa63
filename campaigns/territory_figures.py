"""What the people of each territory did together, for who sees several of them side by side.

A territory of fewer than five people is not shown, and neither is one whose figure, taken away from that of what it
lies in, would leave the figure of fewer than five.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.figures import SMALLEST, Common, people_in
from campaigns.models import Kind, Participation, Purpose, Tally, Territory

Counts = dict[int | None, int]  # by territory; None: people who named none


async def figures_by_territory(session: AsyncSession, campaign_id: int) -> dict[int, Common]:
    """The figures of each territory of a campaign with those below it; None and nothing where they would tell of few people."""
    found = await session.scalars(select(Territory).where(col(Territory.campaign_id) == campaign_id))
    parents = {territory.id: territory.parent_id for territory in found}
    agreed = people_in(campaign_id, None, [Purpose.counting])
    people = _summed(parents, await _people(session, people_in(campaign_id, None, [])))
    counted = _summed(parents, await _people(session, agreed))
    sums = {kind: _summed(parents, each) for kind, each in (await _acts(session, campaign_id, agreed)).items()}
    shown, shown_counted = large_enough(parents, people), large_enough(parents, counted)
    return {
        place: Common(
            people.get(place, 0) if place in shown else None,
            counted.get(place, 0) if place in shown_counted else None,
            {kind: each.get(place, 0) for kind, each in sums.items()} if place in shown_counted else {},
        )
        for place in parents
    }


async def _people(session: AsyncSession, wanted: Sequence[ColumnElement[bool]]) -> Counts:
    query = select(col(Participation.territory_id), func.count()).where(*wanted)
    rows = await session.execute(query.group_by(col(Participation.territory_id)))
    return {row[0]: row[1] for row in rows}


async def _acts(session: AsyncSession, campaign_id: int, agreed: Sequence[ColumnElement[bool]]) -> dict[Kind, Counts]:
    rows = await session.execute(
        select(col(Tally.kind), col(Participation.territory_id), func.sum(col(Tally.count)))
        .join(Participation, col(Participation.supporter_id) == col(Tally.supporter_id))
        .where(col(Tally.campaign_id) == campaign_id, *agreed)
        .group_by(col(Tally.kind), col(Participation.territory_id))
    )
    found: dict[Kind, Counts] = {kind: {} for kind in Kind}
    for kind, place, count in rows.all():
        found[kind][place] = count
    return found


def _summed(parents: Mapping[int, int | None], own: Counts) -> Counts:
    """Each territory with those below it; under None, the whole campaign."""
    sums: Counts = {None: sum(own.values())}
    for place, count in own.items():
        while place is not None:
            sums[place] = sums.get(place, 0) + count
            place = parents.get(place)
    return sums


def large_enough(parents: Mapping[int, int | None], sums: Counts) -> set[int]:
    """The territories that may be shown beside each other and beside what they lie in; from the top down."""
    below: dict[int | None, list[int]] = {}
    for place, parent in parents.items():
        below.setdefault(parent, []).append(place)
    shown: set[int] = set()
    open_ones: list[int | None] = [None]
    while open_ones:
        above = open_ones.pop()
        visible = sorted((p for p in below.get(above, []) if sums.get(p, 0) >= SMALLEST), key=lambda p: (sums[p], p))
        rest = sums.get(above, 0) - sum(sums[place] for place in visible)
        if visible and 0 < rest < SMALLEST:
            visible.pop(0)  # the smallest one hides the rest among its own people
        shown.update(visible)
        open_ones += visible
    return shown
