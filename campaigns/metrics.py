"""What the networks report of publications: which are to be asked about, within which budget, and what they said.

A network's figures are its own: they stand beside what supporters did and are never added to it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from campaigns.dialects import insert
from campaigns.models import (
    Campaign,
    Channel,
    ChannelReach,
    Metric,
    MetricDay,
    MetricKind,
    Publication,
    PublicationState,
)
from campaigns.times import zone
from networks import READ_PRICES, REPORTS
from networks.base import Figures

# How old a publication is, and how long until its figures are read again: some 24 + 14 + 6 times, and then no more.
RHYTHM = (
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=14), timedelta(days=1)),
    (timedelta(days=60), timedelta(weeks=1)),
)
OLDEST = RHYTHM[-1][0]
READS = 45  # of one post at most, all in all


@dataclass(frozen=True, slots=True)
class Question:
    """The posts of a channel whose figures are to be read now: publication -> the network's id."""

    channel: Channel
    ids: dict[int, str]


def again_after(age: timedelta) -> timedelta | None:
    """How long until the figures of a publication of this age are read again; None: never."""
    return next((wait for until, wait in RHYTHM if age < until), None)


def spent(channel: Channel, month: str) -> int:
    return channel.metrics_spent if channel.metrics_month == month else 0


async def ask(session: AsyncSession, now: datetime, without: Iterable[int] = ()) -> list[Question]:
    """Claim what is due, a batch a channel, the newest first; its moment moves on and its price is spent.

    Left alone are channels that rest, those in `without`, and those whose budget of this month is used up.
    """
    rows = await session.execute(
        select(Channel, Campaign.timezone)
        .join(Campaign, col(Campaign.id) == col(Channel.campaign_id))
        .where(col(Channel.network).in_(REPORTS), col(Channel.resting_reason).is_(None))
        .where(col(Channel.id).not_in(list(without)))
        .order_by(col(Channel.id))
    )
    questions = []
    for channel, timezone in rows.all():
        month = f"{now.astimezone(zone(timezone)):%Y-%m}"
        ids = await _due(session, channel, now, _room(channel, month))
        if ids:
            channel.metrics_spent = spent(channel, month) + READ_PRICES.get(channel.network, 0) * len(ids)
            channel.metrics_month = month
            questions.append(Question(channel, ids))
    return questions


def _room(channel: Channel, month: str) -> int:
    """How many posts may be asked about now."""
    price, batch = READ_PRICES.get(channel.network, 0), REPORTS[channel.network]
    return batch if not price else max(0, min(batch, (channel.metrics_cap - spent(channel, month)) // price))


async def _due(session: AsyncSession, channel: Channel, now: datetime, limit: int) -> dict[int, str]:
    if limit == 0:
        return {}
    query = (
        select(Publication)
        .where(col(Publication.channel_id) == channel.id, col(Publication.state) == PublicationState.published)
        .where(col(Publication.due_at) > now - OLDEST - timedelta(days=1), col(Publication.sent_at) > now - OLDEST)
        .where(col(Publication.remote_id).is_not(None))
        .where(col(Publication.measure_at).is_(None) | (col(Publication.measure_at) <= now))
        .order_by(col(Publication.due_at).desc(), col(Publication.id).desc())
        .limit(limit)
    )
    found = {}
    for publication in await session.scalars(query):
        age = now - (publication.sent_at or now)
        publication.measure_at = now + (again_after(age) or OLDEST)
        found[publication.id] = publication.remote_id or ""
    return found


async def give_back(session: AsyncSession, question: Question) -> None:
    """The network did not answer: nothing was read, and it may be asked again at once."""
    ids = list(question.ids)
    await session.execute(update(Publication).where(col(Publication.id).in_(ids)).values(measure_at=None))
    price = READ_PRICES.get(question.channel.network, 0)
    if price:
        of = col(Channel.id) == question.channel.id
        less = col(Channel.metrics_spent) - price * len(ids)
        await session.execute(update(Channel).where(of, less >= 0).values(metrics_spent=less))


async def keep(session: AsyncSession, question: Question, said: Mapping[str, Figures], now: datetime) -> None:
    """Write what the network said; what it did not name, such as a post that was deleted there, keeps its last figures."""
    had = await of_publications(session, list(question.ids))
    days_of = await _days(session, question)
    moved: Counter[tuple[int, date, MetricKind]] = Counter()
    newest: list[dict[str, Any]] = []
    days: list[dict[str, Any]] = []
    for publication_id, remote_id in question.ids.items():
        for kind, value in said.get(remote_id, {}).items():
            key: dict[str, Any] = {"publication_id": publication_id, "kind": MetricKind(kind)}
            newest.append({**key, "value": value, "measured_at": now})
            before = had[publication_id].values.get(key["kind"], 0) if publication_id in had else 0
            moved[question.channel.id, days_of[publication_id], key["kind"]] += value - before
            days.append({**key, "value": value, "day": now.astimezone(UTC).date()})
    await _write(session, Metric, ("publication_id", "kind"), newest)
    await _write(session, MetricDay, ("publication_id", "kind", "day"), days)
    await _move(session, moved)


async def _days(session: AsyncSession, question: Question) -> dict[int, date]:
    """Publication -> the day on which it was due, on its campaign's clock."""
    rows = await session.execute(
        select(Publication.id, col(Publication.due_at), Campaign.timezone)
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .join(Campaign, col(Campaign.id) == col(Channel.campaign_id))
        .where(col(Publication.id).in_(question.ids))
    )
    return {ident: due.astimezone(zone(name)).date() for ident, due, name in rows if due is not None}


async def _move(session: AsyncSession, moved: Counter[tuple[int, date, MetricKind]]) -> None:
    rows = [{"channel_id": of, "day": day, "kind": kind, "value": by} for (of, day, kind), by in moved.items() if by]
    if rows:
        table: Table = ChannelReach.__table__  # type: ignore[attr-defined]
        statement = insert(table)
        add = {"value": table.c.value + statement.excluded.value}
        await session.execute(
            statement.on_conflict_do_update(index_elements=["channel_id", "day", "kind"], set_=add), rows
        )


async def _write(
    session: AsyncSession, model: type[SQLModel], key: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
) -> None:
    if rows:
        statement = insert(model.__table__)  # type: ignore[attr-defined]
        changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
        await session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed), rows)


@dataclass(frozen=True, slots=True)
class Measured:
    """The last figures of a publication; a kind that its network does not tell is missing."""

    values: dict[MetricKind, int]
    at: datetime


async def of_publications(session: AsyncSession, ids: Sequence[int]) -> dict[int, Measured]:
    """Publication -> its figures; those that were never read are missing."""
    found: dict[int, Measured] = {}
    for row in await session.scalars(select(Metric).where(col(Metric.publication_id).in_(ids))):
        known = found.get(row.publication_id)
        values = {**(known.values if known else {}), row.kind: row.value}
        found[row.publication_id] = Measured(values, max(row.measured_at, known.at if known else row.measured_at))
    return found


async def history(session: AsyncSession, publication_id: int) -> dict[date, dict[MetricKind, int]]:
    """Day by day what a publication had, the oldest first."""
    days: dict[date, dict[MetricKind, int]] = {}
    query = select(MetricDay).where(col(MetricDay.publication_id) == publication_id).order_by(col(MetricDay.day))
    for row in await session.scalars(query):
        days.setdefault(row.day, {})[row.kind] = row.value
    return days
