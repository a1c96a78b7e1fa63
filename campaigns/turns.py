"""Slows down who asks for the same thing again and again: counted in the store, so that every process knows.

A window begins at the first turn of a key and ends after a while; then the next one begins. Counting is one statement
that is right whatever other processes count at the same time: `database.write(together=True)` does.
"""

from datetime import datetime, timedelta

from sqlalchemy import case, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from campaigns.dialects import insert
from campaigns.models import TurnsTaken


async def take(
    session: AsyncSession, key: str, now: datetime, within: timedelta, turns: int = 1
) -> tuple[int, datetime]:
    """Count so many turns of a key, of at most 80 letters: how many its window has with them, and when that ends."""
    new = insert(TurnsTaken).values(key=key, ends_at=now + within, taken=turns)
    ends_at, taken = col(TurnsTaken.ends_at), col(TurnsTaken.taken)
    # One that ends too late was begun before a clock was set back; machines' clocks may be a little apart, though.
    runs = (ends_at > now) & (ends_at <= now + 2 * within)
    counted = new.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "ends_at": case((runs, ends_at), else_=new.excluded.ends_at),
            "taken": case((runs, taken), else_=0) + new.excluded.taken,
        },
    ).returning(taken, ends_at)
    row = (await session.execute(counted)).one()
    return row[0], row[1]


async def may(session: AsyncSession, key: str, now: datetime, within: timedelta, most: int) -> bool:
    """Whether a turn was left; it is taken then."""
    taken, _ends_at = await take(session, key, now, within)
    return taken <= most


async def forget_old(session: AsyncSession, now: datetime) -> None:
    """Drop the windows that have ended."""
    await session.execute(delete(TurnsTaken).where(col(TurnsTaken.ends_at) <= now))
