"""Slows down who guesses passwords and codes, in every process and through every restart.

Each attempt is a row before the password is looked at, so that a burst gains nothing. Who is held off waits minutes and
then may try again: nobody stays locked out. An account that is attacked from many places is slowed down for clients
from which nobody entered it of late; its own people's are known, and go on.

Addresses are kept as fingerprints only, whether or not an account has them: the answer is the same.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import LoginAttempt
from campaigns.vault import vault_of

WINDOW = timedelta(hours=1)  # in which failures are counted
STEPS = (  # failures within the window -> the wait since the last one
    (20, timedelta(minutes=15)),
    (10, timedelta(minutes=5)),
    (5, timedelta(minutes=1)),
)
CLIENT_STEPS = (
    (100, timedelta(minutes=15)),
    (25, timedelta(minutes=1)),
)  # whatever the account; a section shares a line
ACCOUNT_STEPS = ((60, timedelta(minutes=2)), (30, timedelta(seconds=30)))  # from everywhere, for clients not known
KNOWN_FOR = timedelta(days=60)  # how long a client from which somebody entered stays known


async def attempt(session: AsyncSession, client: str, account: str, now: datetime) -> timedelta | None:
    """None: try, and it counts as failed until `succeeded`. Else how long to wait."""
    by, of = _fingerprints(session, client, account)
    await _forget(session, now)
    since = now - WINDOW
    failed = select(func.count(), func.max(col(LoginAttempt.at))).where(
        ~col(LoginAttempt.succeeded), col(LoginAttempt.at) > since
    )
    mine, hers = col(LoginAttempt.client) == by, col(LoginAttempt.account) == of
    known = await session.scalar(select(LoginAttempt.id).where(mine, hers, col(LoginAttempt.succeeded)).limit(1))
    rules = [(failed.where(mine, hers), STEPS), (failed.where(mine), CLIENT_STEPS)]
    if known is None:
        rules.append((failed.where(hers), ACCOUNT_STEPS))
    waits = [_wait(*(await session.execute(query)).one(), steps, now) for query, steps in rules]
    longest = max(waits)
    if longest > timedelta(0):
        return longest
    session.add(LoginAttempt(client=by, account=of, at=now))
    await session.flush()
    return None


def _wait(count: int, last: datetime | None, steps: tuple[tuple[int, timedelta], ...], now: datetime) -> timedelta:
    due = next((wait for most, wait in steps if count >= most), timedelta(0))
    return max(last + due - now, timedelta(0)) if last is not None else timedelta(0)


async def succeeded(session: AsyncSession, client: str, account: str, now: datetime) -> None:
    """The attempt was none; the client is known from now on. Its failures on other accounts stay."""
    by, of = _fingerprints(session, client, account)
    await session.execute(delete(LoginAttempt).where(col(LoginAttempt.client) == by, col(LoginAttempt.account) == of))
    session.add(LoginAttempt(client=by, account=of, at=now, succeeded=True))
    await session.flush()


def _fingerprints(session: AsyncSession, client: str, account: str) -> tuple[str, str]:
    vault = vault_of(session)
    return vault.fingerprint(client, "client"), vault.fingerprint(account.strip().lower()[:254], "account")


async def _forget(session: AsyncSession, now: datetime) -> None:
    old = ~col(LoginAttempt.succeeded) & (col(LoginAttempt.at) <= now - WINDOW)
    await session.execute(delete(LoginAttempt).where(old | (col(LoginAttempt.at) <= now - KNOWN_FOR)))
