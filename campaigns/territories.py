"""The tree of a campaign's territories: how it looks, and how it is changed without losing anybody."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from campaigns import installation, leaders
from campaigns.figures import GOALS, SMALLEST
from campaigns.models import (
    Audit,
    Broadcast,
    BroadcastState,
    Campaign,
    Channel,
    Kind,
    Participation,
    Supporter,
    Territory,
    TerritoryLeader,
)
from campaigns.silence_windows import rebuild
from campaigns.times import zone
from campaigns.words import mark

LONGEST = 80  # characters of a name
HIGHEST_GOAL = 10_000_000
# Rows that go with a territory and whose loss nobody notices: derived, or made of it alone.
OF_IT_ALONE = frozenset({"silence_window", "saved_segment", "commune"})


class TerritoryRefused(Exception):
    """That cannot be done to this territory: `msgid` with `values` says why, to be translated."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid.format(**values))
        self.msgid, self.values = msgid, values


@dataclass(frozen=True, slots=True)
class Branch:
    """A territory in its tree."""

    territory: Territory
    depth: int  # 0 at the top
    people: int | None  # here and below; None: one to four, whom a number would tell of
    referents: tuple[str, ...]
    channels: tuple[str, ...]


async def tree(session: AsyncSession, campaign_id: int, *, counted: bool = True) -> list[Branch]:
    """The territories, each below its parent, by their names; not `counted`, without people, referents and channels.

    Sums with those below only: what a territory has alone would tell, by subtraction, of a small section below it.
    """
    known = await installation.territories(session, campaign_id)
    own = await _people(session, campaign_id) if counted else {}
    names = await _referents(session, campaign_id) if counted else {}
    channels = await _channels(session, campaign_id) if counted else {}
    below: dict[int | None, list[Territory]] = defaultdict(list)
    for each in known:
        below[each.parent_id].append(each)

    def branches(parent: int | None, depth: int) -> tuple[list[Branch], int]:
        found, total = [], 0
        for each in below[parent]:
            inner, sum_below = branches(each.id, depth + 1)
            people = own.get(each.id, 0) + sum_below
            total += people
            shown = people if people == 0 or people >= SMALLEST else None
            found.append(Branch(each, depth, shown, tuple(names.get(each.id, ())), tuple(channels.get(each.id, ()))))
            found += inner
        return found, total

    return branches(None, 0)[0]


async def _people(session: AsyncSession, campaign_id: int) -> dict[int, int]:
    query = (
        select(col(Participation.territory_id), func.count())
        .where(col(Participation.campaign_id) == campaign_id, col(Participation.stopped_at).is_(None))
        .group_by(col(Participation.territory_id))
    )
    return {row[0]: row[1] for row in await session.execute(query) if row[0] is not None}


async def _referents(session: AsyncSession, campaign_id: int) -> dict[int, list[str]]:
    query = (
        select(col(TerritoryLeader.territory_id), col(Supporter.first_name))
        .join(Territory, col(Territory.id) == col(TerritoryLeader.territory_id))
        .join(Supporter, col(Supporter.id) == col(TerritoryLeader.supporter_id))
        .where(col(Territory.campaign_id) == campaign_id)
        .order_by(col(TerritoryLeader.id))
    )
    found: dict[int, list[str]] = defaultdict(list)
    for territory_id, name in await session.execute(query):
        found[territory_id].append(name)
    return found


async def _channels(session: AsyncSession, campaign_id: int) -> dict[int, list[str]]:
    query = select(col(Channel.territory_id), col(Channel.name)).where(col(Channel.campaign_id) == campaign_id)
    found: dict[int, list[str]] = defaultdict(list)
    for territory_id, name in await session.execute(query.order_by(col(Channel.name))):
        found[territory_id or 0].append(name)
    return found


async def find(session: AsyncSession, campaign_id: int, number: int | None) -> Territory | None:
    """The campaign's territory of that number."""
    return await session.scalar(
        select(Territory).where(col(Territory.id) == number, col(Territory.campaign_id) == campaign_id)
    )


@dataclass(frozen=True, slots=True)
class Described:
    """What may be changed of a territory."""

    name: str
    parent: Territory | None = None
    timezone: str = ""  # empty: as its parent
    goal: int = 0  # 0: none
    goal_kind: Kind | None = None


async def add(
    session: AsyncSession, campaign_id: int, new: Described, organizer_id: int | None, now: datetime
) -> Territory:
    """A new territory; raises TerritoryRefused, and TimeProblem for an unknown zone."""
    name = await _name(session, campaign_id, new.name, None)
    made = await installation.add_territory(session, campaign_id, name, new.parent, new.timezone or None)
    _set_goal(made, new)
    _audit(session, made, organizer_id, now, "territory added")
    return made


async def change(
    session: AsyncSession, territory: Territory, new: Described, organizer_id: int | None, now: datetime
) -> None:
    """Write a territory anew, perhaps below another one; raises TerritoryRefused, and TimeProblem for an unknown zone."""
    name = await _name(session, territory.campaign_id, new.name, territory.id)
    if new.timezone:
        zone(new.timezone)
    above = await installation.with_those_above(session, new.parent.id if new.parent else None)
    if territory.id in above:
        raise TerritoryRefused(mark("“{name}” cannot lie below itself: choose another place for it."), name=name)
    _set_goal(territory, new)
    territory.name, territory.timezone = name, new.timezone or None
    territory.parent_id = new.parent.id if new.parent else None
    await session.flush()
    await rebuild(
        session, await session.get_one(Campaign, territory.campaign_id)
    )  # its silence is by its place and zone
    _audit(session, territory, organizer_id, now, "territory changed")


async def _name(session: AsyncSession, campaign_id: int, typed: str, own: int | None) -> str:
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST or not name.isprintable():
        raise TerritoryRefused(mark("A territory has a name of at most {longest} characters."), longest=LONGEST)
    known = await installation.territories(session, campaign_id)
    if any(each.name.casefold() == name.casefold() and each.id != own for each in known):
        raise TerritoryRefused(mark("There is a territory “{name}” already: choose another name."), name=name)
    return name


def _set_goal(territory: Territory, new: Described) -> None:
    if not 0 <= new.goal <= HIGHEST_GOAL or (new.goal and new.goal_kind not in GOALS):
        raise TerritoryRefused(
            mark("A goal is a whole number up to {most}, and counts one thing."), most=f"{HIGHEST_GOAL:,}"
        )
    territory.goal, territory.goal_kind = (new.goal, new.goal_kind) if new.goal else (None, None)


async def remove(session: AsyncSession, territory: Territory, organizer_id: int | None, now: datetime) -> None:
    """Take an empty territory away; raises TerritoryRefused where anything still belongs to it."""
    for table, column in _referring():
        if table.name not in OF_IT_ALONE:
            row = await session.execute(select(column).where(column == territory.id).limit(1))
            if row.first() is not None:
                raise TerritoryRefused(
                    mark("“{name}” is not empty: people, sections or posts belong to it. Merge it into another one."),
                    name=territory.name,
                )
    _audit(session, territory, organizer_id, now, "territory removed")
    await session.delete(territory)
    await session.flush()


async def merge(
    session: AsyncSession, territory: Territory, into: Territory, organizer_id: int | None, now: datetime
) -> None:
    """Give all that belongs to a territory to another one, and take it away; its referents give their places back.

    Raises TerritoryRefused where the other one lies below it, or while a message to its people is not over, which would
    then reach more people than its author saw.
    """
    if territory.id in await installation.with_those_above(session, into.id):
        raise TerritoryRefused(
            mark("“{name}” cannot be merged into itself or a section of its own."), name=territory.name
        )
    ended = (BroadcastState.done, BroadcastState.cancelled)
    waits = select(Broadcast.id).where(col(Broadcast.territory_id) == territory.id, col(Broadcast.state).not_in(ended))
    if await session.scalar(waits.limit(1)) is not None:
        raise TerritoryRefused(
            mark("A message to the people of “{name}” is not over: cancel it, or wait for its end."),
            name=territory.name,
        )
    for seat in await leaders.seats(session, territory.campaign_id):
        if seat.territory.id == territory.id:
            await leaders.dismiss(session, territory.campaign_id, seat.leader.id, organizer_id, now)
    kept = {"saved_segment"}  # a segment by this name would mean other people: it goes
    for table, column in _referring():
        if table.name not in kept:
            await session.execute(table.update().where(column == territory.id).values({column.name: into.id}))
    _audit(session, territory, organizer_id, now, "territory merged")
    await session.flush()
    await session.delete(territory)
    await session.flush()
    campaign_id = into.campaign_id
    session.expire_all()  # the tree was changed behind the rows that are held
    await rebuild(session, await session.get_one(Campaign, campaign_id))


def _referring() -> list[tuple[Table, Any]]:
    """Each table's column that names a territory, out of their own definitions, so that a new one is not forgotten."""
    return [
        (table, key.parent)
        for table in SQLModel.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "territory"
    ]


def _audit(session: AsyncSession, territory: Territory, organizer_id: int | None, now: datetime, action: str) -> None:
    session.add(
        Audit(
            campaign_id=territory.campaign_id,
            organizer_id=organizer_id,
            at=now,
            action=action,
            detail=f"territory {territory.id}",
        )
    )


def choices(branches: Sequence[Branch], without: Territory | None = None) -> list[Branch]:
    """Where a territory may be put: anywhere but below itself."""
    found, skipping = [], -1
    for each in branches:
        if skipping >= 0 and each.depth > skipping:
            continue
        skipping = each.depth if without is not None and each.territory.id == without.id else -1
        if skipping < 0:
            found.append(each)
    return found
