"""What a write over the API answered, kept for a day: who sends it again with the same key gets the answer, not the work.

The answer is written in the transaction of the work, and writers stand in one line: of two that come at the same time,
the second finds the answer of the first.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import KeptAnswer

KEPT = timedelta(hours=24)


class KeyTaken(Exception):
    """This Idempotency-Key was used for another request; take a new key for each new request."""

    def __str__(self) -> str:
        return str(self.__doc__)


async def find(session: AsyncSession, token_id: int, key: str, request: str, now: datetime) -> KeptAnswer | None:
    """The answer to the same request with this key; raises KeyTaken where it was another request. What is old is gone."""
    kept = await session.scalar(
        select(KeptAnswer).where(col(KeptAnswer.token_id) == token_id, col(KeptAnswer.key) == key)
    )
    if kept is None:
        return None
    if kept.answered_at <= now - KEPT:
        await session.delete(kept)
        await session.flush()
        return None
    if kept.request != request:
        raise KeyTaken
    return kept


async def forget_old(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(KeptAnswer).where(col(KeptAnswer.answered_at) <= now - KEPT))
