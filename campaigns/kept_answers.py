"""What a write over the API answered, kept for a day: who sends it again with the same key gets the answer, not the work.

The answer is written in the transaction of the work, and writers stand in one line: of two that come at the same time,
the second finds the answer of the first.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import KeptAnswer
from campaigns.vault import WrongKey, vault_of

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


def keep(session: AsyncSession, answer: KeptAnswer) -> None:
    """Keep an answer whose body is in the clear, locked: it may hold a secret that is shown once."""
    answer.body = vault_of(session).lock(answer.body, *_purpose(answer))
    session.add(answer)


def body_of(session: AsyncSession, kept: KeptAnswer) -> str:
    """What was answered, in the clear; raises KeyTaken where the secret key was changed since."""
    try:
        return vault_of(session).open(kept.body, *_purpose(kept))
    except WrongKey:
        raise KeyTaken from None


def _purpose(answer: KeptAnswer) -> tuple[str | int, ...]:
    return "kept answer", answer.token_id, answer.key


async def forget_old(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(KeptAnswer).where(col(KeptAnswer.answered_at) <= now - KEPT))
