"""PostgreSQL keeps the acts of each month (of UTC) in a partition, so that an old month goes at once and not row by row.

They lie in a schema of their own; in the program's, there is one table. What falls into no month that was made ahead, such
as an act by a clock that is years off, lies in the partition `other`. SQLite has one table: nothing here does anything.
"""

import re
from datetime import UTC, date, datetime, time

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns.periods import next_month

SCHEMA = "engagement_months"
AHEAD = 3  # months that are made before they begin
# Shorter than the server takes to look for a deadlock: a reader who holds what is asked for here is never its victim.
PATIENCE = "SET LOCAL lock_timeout = '500ms'"
_MONTH = re.compile(r"m_(\d{4})_(\d\d)")


def month_of(at: datetime) -> date:
    return at.astimezone(UTC).date().replace(day=1)


def starts(month: date) -> datetime:
    return datetime.combine(month, time(), UTC)


def _name(month: date) -> str:
    return f"{SCHEMA}.m_{month:%Y_%m}"


async def there(session: AsyncSession) -> list[date]:
    """The months that have a partition, in their order."""
    if session.get_bind().dialect.name != "postgresql":
        return []
    names = await session.scalars(
        text("SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'engagement'::regclass")
    )
    found = (_MONTH.fullmatch(name) for name in names)
    return sorted(date(int(each[1]), int(each[2]), 1) for each in found if each)


async def missing(session: AsyncSession, now: datetime) -> list[date]:
    """This month and those to come that have no partition yet; none on SQLite."""
    if not (known := await there(session)) and session.get_bind().dialect.name != "postgresql":
        return []
    months = [month_of(now)]
    while len(months) <= AHEAD:
        months.append(next_month(months[-1]))
    return [month for month in months if month not in known]


async def make(session: AsyncSession, month: date) -> None:
    """Make a month's partition, in the caller's transaction; acts of it that lie in `other` move there.

    OperationalError where somebody holds the table for longer than a moment: to be tried again.
    """
    name, values = _name(month), {"begin": starts(month), "end": starts(next_month(month))}
    await session.execute(text(PATIENCE))
    within = '"at" >= :begin AND "at" < :end'
    await session.execute(text(f"CREATE TABLE {name} (LIKE engagement INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
    await session.execute(
        text(
            f"WITH moved AS (DELETE FROM {SCHEMA}.other WHERE {within} RETURNING *) "  # noqa: S608 - words of our own
            f"INSERT INTO {name} SELECT * FROM moved"
        ),
        values,
    )
    bounds = f"FROM ('{values['begin']:%Y-%m-%d}') TO ('{values['end']:%Y-%m-%d}')"
    await session.execute(text(f"ALTER TABLE engagement ATTACH PARTITION {name} FOR VALUES {bounds}"))


async def drop(session: AsyncSession, month: date, counted: int) -> bool:
    """Drop a month with its acts, in the caller's transaction; not while one of them is above the number `counted`.

    OperationalError where somebody reads for longer than a moment: to be tried again.
    """
    behind = text(f"SELECT 1 FROM {_name(month)} WHERE id > :counted LIMIT 1")  # noqa: S608 - a name of our own
    if await session.scalar(behind, {"counted": counted}) is not None:
        return False
    await session.execute(text(PATIENCE))
    await session.execute(text(f"DROP TABLE {_name(month)}"))
    return True
