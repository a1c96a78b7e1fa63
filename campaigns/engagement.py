"""What supporters did. Each act is one row; its counts move in the same transaction, so that nothing scans events."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from campaigns import rollups
from campaigns.dialects import Worded, insert, inserting, is_on_server, json_rows, stored
from campaigns.models import (
    CampaignTally,
    CountedOnce,
    Engagement,
    Kind,
    Participation,
    Post,
    PostTally,
    Supporter,
    Tally,
    WordingSum,
)

# For how long a post's wordings are compared, from its making; shorter than acts are kept at the least.
COMPARED = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Act:
    """One act, as it happened. `once` names what may count a single time, such as "12:7:opened:x"."""

    campaign_id: int
    kind: Kind
    at: datetime
    supporter_id: int | None = None
    post_id: int | None = None
    network: str | None = None
    once: str | None = None
    wording: int | None = None  # of the post's: 0 is its own text, own_words.OWN the person's


def once(act: Kind, supporter_id: int | None, post_id: int | None, network: str = "") -> str | None:
    """The key under which a supporter's act on a post counts a single time; None for who has no account here."""
    return None if supporter_id is None else f"{supporter_id}:{post_id}:{act}:{network}"


_ACTS: Table = Engagement.__table__  # type: ignore[attr-defined]
_ONCE: Table = CountedOnce.__table__  # type: ignore[attr-defined]
_COLUMNS = ("campaign_id", "supporter_id", "post_id", "kind", "network", "once", "wording", "at")
_KEYS: dict[tuple[str, ...], type[SQLModel]] = {
    ("supporter_id", "campaign_id", "kind"): Tally,
    ("post_id", "kind"): PostTally,
    ("campaign_id", "kind"): CampaignTally,
}


def _moving(key: tuple[str, ...]) -> str:
    """What becomes of a count that was there."""
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET count = {_table(key).name}.count + excluded.count"


def _table(key: tuple[str, ...]) -> Table:
    return _KEYS[key].__table__  # type: ignore[attr-defined,no-any-return]


def counted_on_server(acts: str) -> str:
    """Of a statement that begins with WITH: writes the acts that a query gives, in the columns of `_COLUMNS`, and moves
    their counts, in one way there and back.

    In order: two transactions that move the same counts must not wait for each other. PostgreSQL runs the parts of a
    statement in one order, always.
    """
    parts = [f"act ({', '.join(_COLUMNS)}) AS MATERIALIZED ({acts})"]
    parts += [f"added AS (INSERT INTO {_ACTS.name} ({', '.join(_COLUMNS)}) SELECT * FROM act)"]  # noqa: S608 - our own tables
    for key in _KEYS:
        columns, places = ", ".join(key), ", ".join(map(str, range(1, len(key) + 1)))
        there = " AND ".join(f"{column} IS NOT NULL" for column in key)
        sums = f"SELECT {columns}, count(*) FROM act WHERE {there} GROUP BY {places} ORDER BY {places}"  # noqa: S608
        parts += [f"in_{_table(key).name} AS (INSERT INTO {_table(key).name} ({columns}, count) {sums} {_moving(key)})"]
    return ", ".join(parts)


_ADD = Worded(
    sqlite=inserting(_ACTS, _COLUMNS).sqlite,
    postgresql=f"WITH {counted_on_server(json_rows(_ACTS, _COLUMNS))} SELECT 1",
)
_TALLIES = {key: inserting(_table(key), (*key, "count"), _moving(key)) for key in _KEYS}
_ADD_ONCE = insert(_ONCE).on_conflict_do_nothing(index_elements=["once"]).returning(_ONCE.c.once)


async def record(session: AsyncSession, acts: Sequence[Act]) -> int:
    """Write the acts and move their counts, in the caller's transaction; how many were new."""
    new = await _not_counted(session, acts)
    if not new:
        return 0
    rows = [(a.campaign_id, a.supporter_id, a.post_id, a.kind, a.network, a.once, a.wording, stored(a.at)) for a in new]
    await _ADD.rows(session, rows=json.dumps(rows))
    if not is_on_server(session):
        await _move_counts(session, new, 1)
    return len(new)


async def _not_counted(session: AsyncSession, acts: Sequence[Act]) -> list[Act]:
    """Those without a key, and of those that share one the first, unless it counted before: by now it counts."""
    first: dict[str, int] = {}
    for n, act in enumerate(acts):
        if act.once is not None:
            first.setdefault(act.once, n)
    if not first:
        return list(acts)
    # In order, as with the counts.
    keys = [
        {"once": key, "campaign_id": acts[n].campaign_id, "supporter_id": acts[n].supporter_id}
        for key, n in sorted(first.items())
    ]
    new = {first[key] for key in await session.scalars(_ADD_ONCE, keys)}
    return [act for n, act in enumerate(acts) if act.once is None or n in new]


async def take_back(session: AsyncSession, key: str) -> bool:
    """Erase the act that was counted under this `once`, with its counts, in the caller's transaction; whether it was there.

    What somebody says they did not do is no act, so no row is left of it, and it may be counted again. An act whose month is
    over stands in sums alone: which, nobody knows any more, so it stays; as does one that is soon to go, where the last word
    on its post's wordings holds it.
    """
    counted = await session.get(CountedOnce, key)
    if counted is None:
        return False
    # In the order of the person's index.
    this = (_ACTS.c.once == key, _ACTS.c.supporter_id == counted.supporter_id)
    if await _is_settled(session, *this):
        return False
    row = (_ACTS.c.campaign_id, _ACTS.c.supporter_id, _ACTS.c.post_id, _ACTS.c.kind, _ACTS.c.at, _ACTS.c.id)
    gone = await session.execute(delete(_ACTS).where(*this).returning(*row))
    taken_back = gone.all()
    if not taken_back:
        return False
    await session.delete(counted)
    await session.flush()
    await _move_counts(session, taken_back, -1)
    await rollups.take_back(session, taken_back)
    return True


async def _is_settled(session: AsyncSession, *act: ColumnElement[bool]) -> bool:
    """Whether the settled comparison of its post's wordings counts it."""
    settled = select(WordingSum.post_id).where(col(WordingSum.post_id) == col(Post.id)).exists()
    found = await session.execute(select(_ACTS.c.at, Post.created_at).join(Post, col(Post.id) == _ACTS.c.post_id).where(*act, settled))  # fmt: skip
    return any(at < made + COMPARED for at, made in found.all())


async def _move_counts(session: AsyncSession, acts: Sequence[Any], by: int) -> None:
    """Add `by` for each act to the counts it belongs to; an act without a supporter or a post has no such count."""
    for key, add in _TALLIES.items():
        sums = Counter(map(attrgetter(*key), acts))
        # In order: two transactions that move the same counts must not wait for each other.
        if rows := [(*values, n * by) for values, n in sorted(each for each in sums.items() if None not in each[0])]:
            await add.rows(session, rows=json.dumps(rows))


_NOTHING = dict.fromkeys(Kind, 0)


def no_counts() -> dict[Kind, int]:
    """What never happened is 0, not missing."""
    return _NOTHING.copy()


async def counts_of(session: AsyncSession, supporter_id: int, campaign_id: int) -> dict[Kind, int]:
    """A supporter's own figures in one campaign."""
    query = select(Tally).where(col(Tally.supporter_id) == supporter_id, col(Tally.campaign_id) == campaign_id)
    return no_counts() | {row.kind: row.count for row in await session.scalars(query)}


async def counts_of_campaign(session: AsyncSession, campaign_id: int) -> dict[Kind, int]:
    """A campaign's figures, people who left and people without an account included."""
    query = select(CampaignTally).where(col(CampaignTally.campaign_id) == campaign_id)
    return no_counts() | {row.kind: row.count for row in await session.scalars(query)}


async def counts_of_posts(session: AsyncSession, post_ids: Sequence[int]) -> dict[int, dict[Kind, int]]:
    """The figures of each post."""
    counts = {post_id: no_counts() for post_id in post_ids}
    # Columns, since as objects the tallies of a file's thousands of posts take a second.
    query = select(PostTally.post_id, col(PostTally.kind), PostTally.count).where(col(PostTally.post_id).in_(post_ids))
    for post_id, kind, count in await session.execute(query):
        counts[post_id][kind] = count
    return counts


async def count_of_supporters(session: AsyncSession, campaign_id: int) -> int:
    """How many people joined a campaign."""
    query = select(func.count()).select_from(Participation).where(col(Participation.campaign_id) == campaign_id)
    return await session.scalar(query) or 0


async def counts_of_supporters(
    session: AsyncSession, campaign_id: int, limit: int
) -> list[tuple[Supporter, dict[Kind, int]]]:
    """Those of a campaign's supporters whose links were visited most, with their figures; who takes no counts has none."""
    visits = (col(Tally.campaign_id) == campaign_id, col(Tally.kind) == Kind.visit)
    takes_part = select(Participation.id).where(
        col(Participation.supporter_id) == col(Supporter.id), col(Participation.campaign_id) == campaign_id
    )
    people = select(Supporter).where(takes_part.exists()).limit(limit)
    # Two questions, each in the order of an index: sorted together, everybody would be read.
    visited = people.join(Tally, col(Tally.supporter_id) == col(Supporter.id)).where(*visits)
    found = list(await session.scalars(visited.order_by(col(Tally.count).desc(), col(Supporter.id))))
    if len(found) < limit:
        others = people.where(col(Supporter.id).not_in(select(Tally.supporter_id).where(*visits)))
        found += await session.scalars(others.order_by(col(Supporter.id)).limit(limit - len(found)))
    counts = {person.id: no_counts() for person in found}
    query = select(Tally).where(col(Tally.campaign_id) == campaign_id, col(Tally.supporter_id).in_(counts))
    for row in await session.scalars(query):
        counts[row.supporter_id][row.kind] = row.count
    return [(person, counts[person.id]) for person in found]
