"""Counts by hour, day and month, so that a period's figures need no look at the acts. They move with the tallies."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from campaigns.models import Campaign, CampaignHour, Participation, PostHour, Span, TerritoryTally
from campaigns.times import zone

KEYS: dict[type[SQLModel], tuple[str, ...]] = {
    CampaignHour: ("campaign_id", "day", "hour", "kind"),
    PostHour: ("post_id", "day", "hour", "kind"),
    TerritoryTally: ("campaign_id", "span", "since", "kind", "territory_id"),
}


async def move(session: AsyncSession, acts: Sequence[Any], *, taken_back: bool = False) -> None:
    """Count each act, or take its count away, in the caller's transaction. An act has campaign_id, supporter_id, post_id, kind and at.

    Who moved between an act and its taking back leaves it to the territory where they were: a count never goes below 0.
    """
    if not acts:
        return
    of = {act.campaign_id for act in acts}
    rows = await session.execute(select(Campaign.id, Campaign.timezone).where(col(Campaign.id).in_(of)))
    zones = {campaign_id: zone(name) for campaign_id, name in rows.all()}
    homes = await _homes(session, acts)
    sums: dict[type[SQLModel], Counter[tuple[Any, ...]]] = {model: Counter() for model in KEYS}
    for act in acts:
        at = act.at.astimezone(zones[act.campaign_id])
        for model, key in keys_of(act, at, homes.get((act.supporter_id, act.campaign_id))):
            sums[model][key] += 1
    for model, counts in sums.items():
        await (_take_away if taken_back else _add)(session, model, counts)


def keys_of(act: Any, at: datetime, territory_id: int | None) -> Iterator[tuple[type[SQLModel], tuple[Any, ...]]]:
    """The rows that count an act; `at` is its moment by the campaign's clock."""
    day: date = at.date()
    yield CampaignHour, (act.campaign_id, day, at.hour, act.kind)
    if act.post_id is not None:
        yield PostHour, (act.post_id, day, at.hour, act.kind)
    if territory_id is not None:
        yield TerritoryTally, (act.campaign_id, Span.day, day, act.kind, territory_id)
        yield TerritoryTally, (act.campaign_id, Span.month, day.replace(day=1), act.kind, territory_id)


async def _homes(session: AsyncSession, acts: Sequence[Any]) -> dict[tuple[int, int], int]:
    """Supporter and campaign -> the territory where they are now, where they said it."""
    people = {act.supporter_id for act in acts if act.supporter_id is not None}
    if not people:
        return {}
    query = select(Participation.supporter_id, Participation.campaign_id, Participation.territory_id).where(
        col(Participation.supporter_id).in_(people), col(Participation.territory_id).is_not(None)
    )
    return {(row[0], row[1]): row[2] for row in await session.execute(query) if row[2] is not None}


async def _add(session: AsyncSession, model: type[SQLModel], counts: Counter[tuple[Any, ...]]) -> None:
    table: Table = model.__table__  # type: ignore[attr-defined]
    names = KEYS[model]
    rows = [{**dict(zip(names, key, strict=True)), "count": number} for key, number in counts.items()]
    if rows:
        statement = insert(table)
        add = {"count": table.c.count + statement.excluded.count}
        await session.execute(statement.on_conflict_do_update(index_elements=list(names), set_=add), rows)


async def _take_away(session: AsyncSession, model: type[SQLModel], counts: Counter[tuple[Any, ...]]) -> None:
    table: Table = model.__table__  # type: ignore[attr-defined]
    for key, number in counts.items():  # what is taken back is one act, so a handful of rows
        of = [table.c[name] == value for name, value in zip(KEYS[model], key, strict=True)]
        less = table.update().where(*of, table.c.count >= number).values(count=table.c.count - number)
        await session.execute(less)
