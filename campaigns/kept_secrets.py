"""Secrets of the whole installation that are given in the console, such as the bot's token: kept locked."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import KeptSecret
from campaigns.vault import WrongKey, vault_of

BOT_TOKEN = "bot token"  # noqa: S105 - its name


async def keep(session: AsyncSession, name: str, value: str, now: datetime) -> None:
    locked = vault_of(session).lock(value, "installation", name)
    await session.merge(KeptSecret(name=name, locked=locked, changed_at=now))


async def kept(session: AsyncSession, name: str) -> str | None:
    """The secret; None where none was given. Raises WrongKey where another key locked it."""
    found = await session.get(KeptSecret, name)
    return vault_of(session).open(found.locked, "installation", name) if found is not None else None


async def lock_anew(session: AsyncSession) -> tuple[int, list[str]]:
    """Lock them with the present key: how many changed, and the names of those that no key opens."""
    vault, changed, unknown = vault_of(session), 0, []
    for each in (await session.scalars(select(KeptSecret).order_by(col(KeptSecret.name)))).all():
        if vault.is_current(each.locked, "installation", each.name):
            continue
        try:
            each.locked = vault.lock(vault.open(each.locked, "installation", each.name), "installation", each.name)
            changed += 1
        except WrongKey:
            unknown.append(each.name)
    return changed, unknown
