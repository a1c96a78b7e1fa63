"""Counts by hour, day and month, so that a period's figures need no look at the acts.

They follow the acts within seconds rather than in their transactions: a thousand visits then move a handful of rows once,
and who follows a link waits for none of it. RollupMark says up to which act they are.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Table, case, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from campaigns.dialects import Insert, insert
from campaigns.models import (
    Campaign,
    CampaignHour,
    Consent,
    Engagement,
    Participation,
    PostHour,
    Purpose,
    RollupMark,
    Span,
    TerritoryPeople,
    TerritoryTally,
)
from campaigns.times import zone

KEYS: dict[type[SQLModel], tuple[str, ...]] = {
    CampaignHour: ("campaign_id", "day", "hour", "kind"),
    PostHour: ("post_id", "day", "hour", "kind"),
    TerritoryTally: ("campaign_id", "span", "since", "kind", "territory_id"),
}
BATCH = 5_000  # acts in one transaction: tenths of a second
Sums = dict[type[SQLModel], Counter[tuple[Any, ...]]]


async def behind(session: AsyncSession) -> bool:
    """Whether there are acts that the counts do not hold yet."""
    mark = await session.scalar(select(RollupMark.engagement_id)) or 0
    return await session.scalar(select(Engagement.id).where(col(Engagement.id) > mark).limit(1)) is not None


async def catch_up(session: AsyncSession) -> int:
    """Count the acts behind the mark, a batch of them, in the caller's transaction; how many there were."""
    mark = await session.get_one(RollupMark, 1)  # the migration that made the table wrote it
    query = (
        select(
            Engagement.id,
            Engagement.campaign_id,
            Engagement.supporter_id,
            Engagement.post_id,
            col(Engagement.kind),
            col(Engagement.at),
        )  # type: ignore[call-overload]
        .where(col(Engagement.id) > mark.engagement_id)
        .order_by(col(Engagement.id))
        .limit(BATCH)
    )
    acts = (await session.execute(query)).all()
    if acts:
        mark.engagement_id = acts[-1].id
        for model, counts in (await _sums(session, acts)).items():
            await _add(session, model, counts)
    return len(acts)


async def count_people(session: AsyncSession) -> None:
    """Count the people of every territory, in the caller's transaction."""
    agrees = (
        select(Consent.id)
        .where(col(Consent.supporter_id) == col(Participation.supporter_id))
        .where(col(Consent.campaign_id) == col(Participation.campaign_id))
        .where(col(Consent.purpose) == Purpose.counting, col(Consent.withdrawn_at).is_(None))
        .exists()
    )
    people = (
        select(col(Participation.territory_id), func.count(), func.sum(case((agrees, 1), else_=0)))
        .where(col(Participation.territory_id).is_not(None), col(Participation.stopped_at).is_(None))
        .group_by(col(Participation.territory_id))
    )
    table: Table = TerritoryPeople.__table__  # type: ignore[attr-defined]
    await session.execute(table.delete())
    await session.execute(table.insert().from_select(["territory_id", "people", "counted"], people))


async def take_back(session: AsyncSession, acts: Sequence[Any]) -> None:
    """Acts that were erased count no more, where they were counted already.

    Who moved between an act and its taking back leaves it to the territory where they were: no count falls below 0.
    """
    mark = await session.get_one(RollupMark, 1)
    counted = [act for act in acts if act.id <= mark.engagement_id]
    # SQLite gives the number of the last row once more when that row is gone.
    mark.engagement_id -= any(act.id == mark.engagement_id for act in counted)
    for model, counts in (await _sums(session, counted)).items():
        table: Table = model.__table__  # type: ignore[attr-defined]
        for key, number in counts.items():
            of = [table.c[name] == value for name, value in zip(KEYS[model], key, strict=True)]
            await session.execute(
                update(table).where(*of, table.c.count >= number).values(count=table.c.count - number)
            )


async def _sums(session: AsyncSession, acts: Sequence[Any]) -> Sums:
    of = {act.campaign_id for act in acts}
    rows = await session.execute(select(Campaign.id, Campaign.timezone).where(col(Campaign.id).in_(of)))
    zones = {campaign_id: zone(name) for campaign_id, name in rows.all()}
    homes = await _homes(session, acts)
    sums: Sums = {model: Counter() for model in KEYS}
    for act in acts:
        at = act.at.astimezone(zones[act.campaign_id])
        for model, key in keys_of(act, at, homes.get((act.supporter_id, act.campaign_id))):
            sums[model][key] += 1
    return sums


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
    if counts:
        rows = [{**dict(zip(KEYS[model], key, strict=True)), "count": number} for key, number in counts.items()]
        await session.execute(_counting(model), rows)


@cache
def _counting(model: type[SQLModel]) -> Insert:
    table: Table = model.__table__  # type: ignore[attr-defined]
    statement = insert(table)
    add = {"count": table.c.count + statement.excluded.count}
    return statement.on_conflict_do_update(index_elements=list(KEYS[model]), set_=add)
