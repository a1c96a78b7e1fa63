"""All that is stored of one person, row by row: what /mydata hands out. `supporters.forget` is its other half.

Nothing is listed by hand: every table that refers to a supporter, to their place in a campaign or to a number of
Telegram is found in the tables' own definitions, so that a new one cannot be forgotten.
"""

import base64
import enum
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, MetaData, Table, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from campaigns.models import Participation, Supporter

Row = dict[str, Any]

TELEGRAM_NUMBERS = frozenset({"telegram_id", "chat_id"})  # columns that hold the number of an account
# Secrets of the console, which somebody who holds the phone must not get.
KEPT_BACK = {
    "organizer": frozenset({"password_hash", "link_code"}),
    "territory_leader": frozenset({"link_code"}),  # void by then
}
# Refers to a person's row and yet tells of somebody else: the visits of strangers, who cannot be recognised.
OF_OTHERS = frozenset({"click"})
NAMED = {
    "campaign": "name",
    "territory": "name",
    "post": "title",
    "interest": "name",
    "broadcast": "text",
    "mission": "title",
    "event": "title",
    "event_bus": "town",
}


@dataclass(frozen=True, slots=True)
class OwnData:
    """`rows`: table -> its rows of the person, ready for JSON; `names`: table -> number -> what it is called."""

    rows: dict[str, list[Row]]
    names: dict[str, dict[int, str]]

    def __bool__(self) -> bool:
        return bool(self.rows)

    def of_campaign(self, table: str, campaign_id: int) -> list[Row]:
        return [row for row in self.rows.get(table, []) if row["campaign_id"] == campaign_id]

    def name(self, table: str, number: int | None) -> str:
        """What a row of this table is called; empty where there is none."""
        return self.names.get(table, {}).get(number or 0, "")


def tables_of_people(metadata: MetaData = SQLModel.metadata) -> list[Table]:
    """The tables whose rows may be of one person, in the order in which they refer to each other."""
    return [table for table in metadata.sorted_tables if any(_columns_of_people(table))]


def _columns_of_people(table: Table) -> Iterator[tuple[Column[Any], str]]:
    """The columns that say whose a row is, each with the table it leads to; empty for a number of Telegram."""
    for column in table.columns:
        if column.name in TELEGRAM_NUMBERS:
            yield column, ""
        for key in column.foreign_keys:
            if key.column.table.name in ("supporter", "participation"):
                yield column, key.column.table.name


def _of(table: Table, telegram_id: int) -> ColumnElement[bool]:
    """In SQL: the row is this person's."""
    person = select(Supporter.id).where(col(Supporter.telegram_id) == telegram_id)
    places = select(Participation.id).where(col(Participation.supporter_id).in_(person))
    led = {"supporter": person, "participation": places}
    return or_(*(column.in_(led[to]) if to else column == telegram_id for column, to in _columns_of_people(table)))


def in_campaign(table: Table, campaign_id: int) -> ColumnElement[bool] | None:
    """In SQL: a row of such a table is of this campaign, itself or by what it refers to. None: such rows are of none."""
    if table.name == "campaign":
        return table.c.id == campaign_id
    if "campaign_id" in table.columns:
        return table.c.campaign_id == campaign_id
    parts = []
    for key in table.foreign_keys:
        target = key.column.table
        within = in_campaign(target, campaign_id) if target is not table else None
        if within is not None:
            parts.append(key.parent.in_(select(key.column).where(within)))
    return or_(*parts) if parts else None


async def own_data(session: AsyncSession, telegram_id: int, campaign_id: int | None = None) -> OwnData:
    """All that is stored of the person with this account, in every campaign or in one; empty where nothing is."""
    rows: dict[str, list[Row]] = {}
    wanted: dict[str, set[int]] = defaultdict(set)
    for table in tables_of_people():
        shown = [column for column in table.columns if column.name not in KEPT_BACK.get(table.name, ())]
        query = select(*shown).where(_of(table, telegram_id)).order_by(*table.primary_key.columns)
        if campaign_id is not None and table.name != "supporter":
            within = in_campaign(table, campaign_id)
            if within is None:
                continue  # an account of the console, the menu of a chat: nothing of a campaign's
            query = query.where(within)
        found = [dict(row) for row in (await session.execute(query)).mappings()]
        for column in shown:
            for key in column.foreign_keys:
                wanted[key.column.table.name] |= {row[column.name] for row in found} - {None}
        if found:
            rows[table.name] = [{name: _plain(value) for name, value in row.items()} for row in found]
    return OwnData(rows, {name: await _names(session, name, wanted[name]) for name in NAMED if wanted[name]})


async def unlink(session: AsyncSession, supporter_id: int, campaign_id: int) -> None:
    """Let a campaign's rows of a person go, or stand without them, as the tables say for the day on which they are erased."""
    for table in reversed(SQLModel.metadata.sorted_tables):
        within = in_campaign(table, campaign_id)
        keys = [key for key in table.foreign_keys if key.column.table.name == "supporter"]
        for key in keys if within is not None else ():
            mine = (key.parent == supporter_id) & within
            if key.ondelete == "SET NULL":
                await session.execute(table.update().where(mine).values({key.parent.name: None}))
            else:
                await session.execute(table.delete().where(mine))


async def _names(session: AsyncSession, name: str, numbers: set[int]) -> dict[int, str]:
    table = SQLModel.metadata.tables[name]
    query = select(table.c.id, table.c[NAMED[name]]).where(table.c.id.in_(numbers)).order_by(table.c.id)
    return {row[0]: row[1] for row in await session.execute(query)}


def _plain(value: Any) -> Any:
    """As JSON can hold it: moments in ISO 8601, pictures in base 64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.value if isinstance(value, enum.Enum) else value


def as_json(data: OwnData, now: datetime) -> bytes:
    """The file that a person takes away: UTF-8, indented, with the names of what the numbers stand for."""
    whole = {"made_at": now.isoformat(), "rows": data.rows, "names": data.names}
    return json.dumps(whole, ensure_ascii=False, indent=2).encode()
