"""A code of the telephone beside the password (TOTP, RFC 6238), and recovery codes for who lost it.

It counts from the first right code on: a picture that was never scanned locks nobody out.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Organizer, RecoveryCode, SecondFactor
from campaigns.vault import WrongKey, hash_of, vault_of

STEP = 30  # seconds that a code lives
DRIFT = 1  # steps by which a telephone's clock may be off, before or behind
RECOVERY_CODES = 10
ISSUER = "Porte-voix"


class SecondFactorLost(Exception):
    """The secret key is another one now, and does not open this second factor."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a telephone scans, or its owner types: not confirmed yet."""

    secret: str  # base32
    address: str  # otpauth://


async def factor_of(session: AsyncSession, organizer_id: int) -> SecondFactor | None:
    """The second factor that counts; None where there is none, or it was not confirmed."""
    found = await session.get(SecondFactor, organizer_id)
    return found if found is not None and found.confirmed_at is not None else None


async def begin(session: AsyncSession, organizer: Organizer, now: datetime) -> Setup:
    """A secret to scan: a new one, or the one that waits to be confirmed. ValueError where one counts already."""
    found = await session.get(SecondFactor, organizer.id)
    if found is not None and found.confirmed_at is not None:
        raise ValueError("a second factor is set up already")
    vault = vault_of(session)
    if found is None:
        found = SecondFactor(organizer_id=organizer.id, secret="", made_at=now)
        session.add(found)
    try:
        secret = vault.open(found.secret, "second factor", organizer.id) if found.secret else pyotp.random_base32()
    except WrongKey:
        secret = pyotp.random_base32()
    found.secret = vault.lock(secret, "second factor", organizer.id)
    await session.flush()
    return Setup(secret, pyotp.TOTP(secret).provisioning_uri(name=organizer.email, issuer_name=ISSUER))


async def confirm(session: AsyncSession, organizer_id: int, code: str, now: datetime) -> list[str] | None:
    """With a right code it counts from now on, and these are the recovery codes, shown once; None for a wrong one."""
    found = await session.get(SecondFactor, organizer_id)
    if found is None or found.confirmed_at is not None or not await _takes(session, found, code, now):
        return None
    found.confirmed_at = now
    return await renew_recovery_codes(session, organizer_id)


async def renew_recovery_codes(session: AsyncSession, organizer_id: int) -> list[str]:
    """New ones; those before are void."""
    await session.execute(delete(RecoveryCode).where(col(RecoveryCode.organizer_id) == organizer_id))
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(organizer_id=organizer_id, code_hash=hash_of(_plain(code))) for code in codes)
    await session.flush()
    return codes


def _recovery_code() -> str:
    """80 random bits, as people copy them."""
    text = pyotp.random_base32(32)[:16].lower()
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


async def left(session: AsyncSession, organizer_id: int) -> int:
    """How many recovery codes were not used yet."""
    query = select(RecoveryCode.id).where(col(RecoveryCode.organizer_id) == organizer_id)
    return len((await session.scalars(query.where(col(RecoveryCode.used_at).is_(None)))).all())


async def passes(session: AsyncSession, organizer_id: int, code: str, now: datetime) -> bool:
    """Whether a code of the telephone, or a recovery code, is right; each does once."""
    found = await factor_of(session, organizer_id)
    if found is None:
        return False
    return await _takes(session, found, code, now) or await _recovers(session, organizer_id, code, now)


async def _takes(session: AsyncSession, factor: SecondFactor, code: str, now: datetime) -> bool:
    """A code of a step behind the last one that was taken, so that who looked over a shoulder comes too late."""
    typed = "".join(code.split())
    try:
        totp = pyotp.TOTP(vault_of(session).open(factor.secret, "second factor", factor.organizer_id))
    except WrongKey:
        raise SecondFactorLost(SecondFactorLost.__doc__) from None
    step = int(now.timestamp()) // STEP
    for each in range(step - DRIFT, step + DRIFT + 1):
        if each > factor.last_step and secrets.compare_digest(totp.generate_otp(each).encode(), typed.encode()):
            taken = await session.execute(
                update(SecondFactor)
                .where(col(SecondFactor.organizer_id) == factor.organizer_id, col(SecondFactor.last_step) < each)
                .values(last_step=each)
                .execution_options(synchronize_session=False)
            )
            factor.last_step = each
            return bool(taken.rowcount)  # type: ignore[attr-defined]
    return False


async def _recovers(session: AsyncSession, organizer_id: int, code: str, now: datetime) -> bool:
    used = await session.execute(
        update(RecoveryCode)
        .where(col(RecoveryCode.organizer_id) == organizer_id, col(RecoveryCode.used_at).is_(None))
        .where(col(RecoveryCode.code_hash) == hash_of(_plain(code)))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(used.rowcount)  # type: ignore[attr-defined]


def _plain(code: str) -> str:
    return "".join(letter for letter in code.lower() if letter.isalnum())


async def remove(session: AsyncSession, organizer_id: int) -> None:
    """Take it away with its recovery codes; who may is the caller's to ask."""
    await session.execute(delete(RecoveryCode).where(col(RecoveryCode.organizer_id) == organizer_id))
    await session.execute(delete(SecondFactor).where(col(SecondFactor.organizer_id) == organizer_id))


async def lock_anew(session: AsyncSession) -> tuple[int, list[int]]:
    """Lock every secret with the present key: how many changed, and the organizers whose secret no key opens."""
    vault, changed, lost = vault_of(session), 0, []
    for factor in (await session.scalars(select(SecondFactor))).all():
        purpose = "second factor", factor.organizer_id
        if vault.is_current(factor.secret, *purpose):
            continue
        try:
            factor.secret = vault.lock(vault.open(factor.secret, *purpose), *purpose)
            changed += 1
        except WrongKey:
            lost.append(factor.organizer_id)
    return changed, lost
