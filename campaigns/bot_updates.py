"""What Telegram brings to the bot by webhook: under which address it is let in, and which updates were handled already.

The address and the header's secret come from the secret key: every process of an installation knows them, and nothing is
stored. Of an update that was handled its number is kept, for as long as Telegram may send it again; nothing of a person.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.dialects import insert
from campaigns.models import BotUpdate
from campaigns.vault import Vault

ADDRESS = "/telegram"
KEPT = timedelta(hours=25)  # Telegram keeps what it could not bring for 24
STILL_WAITS = timedelta(seconds=5)  # behind its last word; who is silent for longer died
TABLE: Any = BotUpdate.__table__  # type: ignore[attr-defined]

Take = Callable[[dict[str, Any]], Awaitable[None]]  # handles one update, as it came in JSON; raises NotNow


class NotNow(Exception):
    """The bot takes no update at this moment; it is to be sent again."""


@dataclass(frozen=True, slots=True)
class Door:
    """The two secrets by which Telegram is known, as it shows them: the end of the address, and a header."""

    place: str
    word: str

    def is_at(self, place: str) -> bool:
        return secrets.compare_digest(place.encode(), self.place.encode())

    def opens_to(self, word: str) -> bool:
        return secrets.compare_digest(word.encode(), self.word.encode())


def door_of(vault: Vault, token: str) -> Door:
    """The door of a bot, whose number is the first part of its token: another bot has another one."""
    bot = token.partition(":")[0]
    return Door(vault.password("webhook's address", bot), vault.password("webhook's header", bot))


def name_of_chat(vault: Vault, bot: int, chat: int) -> str:
    """What stands in the store for a chat: who has the database and not the key does not learn whose it is."""
    return vault.fingerprint(str(chat), "turn of a chat", bot)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update whose turn has not come. `chat` is what stands for its chat, as `name_of_chat` has it."""

    bot: int
    update: int
    chat: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How an update stands: whether it was handled, and whether an earlier one of its chat waits in another process."""

    handled: bool
    behind: bool


async def look(session: AsyncSession, asked: Sequence[Waiting]) -> dict[Waiting, Standing]:
    """How each of these stands. All are of one bot."""
    bot, now = asked[0].bot, max(each.at for each in asked)
    done = set(
        await session.scalars(
            select(BotUpdate.update_id)
            .where(col(BotUpdate.bot_id) == bot, col(BotUpdate.update_id).in_({each.update for each in asked}))
            .where(col(BotUpdate.chat).is_(None))
        )
    )
    first = await session.execute(
        select(BotUpdate.chat, func.min(BotUpdate.update_id))
        .where(col(BotUpdate.chat).in_({each.chat for each in asked}), col(BotUpdate.chat).is_not(None))
        .where(col(BotUpdate.bot_id) == bot, col(BotUpdate.at) > now - STILL_WAITS)
        .group_by(col(BotUpdate.chat))
    )
    ahead = {row[0]: row[1] for row in first}
    return {each: Standing(each.update in done, ahead.get(each.chat, each.update) < each.update) for each in asked}


async def wait(session: AsyncSession, waiting: Sequence[Waiting]) -> list[None]:
    """Say of each that it waits, as of now."""
    statement = insert(TABLE)
    rows = [{"bot_id": w.bot, "update_id": w.update, "chat": w.chat, "at": w.at} for w in waiting]
    still = statement.on_conflict_do_update(
        index_elements=["bot_id", "update_id"],
        set_={"at": statement.excluded["at"]},
        where=TABLE.c.chat.is_not(None),
    )
    await (await session.connection()).execute(still, rows)
    return [None] * len(waiting)


async def mark_handled(session: AsyncSession, handled: Sequence[Waiting]) -> list[None]:
    """Keep the numbers of these, and nothing else."""
    statement = insert(TABLE)
    rows = [{"bot_id": each.bot, "update_id": each.update, "chat": None, "at": each.at} for each in handled]
    done = statement.on_conflict_do_update(
        index_elements=["bot_id", "update_id"], set_={"chat": None, "at": statement.excluded["at"]}
    )
    await (await session.connection()).execute(done, rows)
    return [None] * len(handled)


async def handled_last(session: AsyncSession, bot: int, most: int) -> list[int]:
    """The numbers of the last updates that were handled, the newest first."""
    query = select(BotUpdate.update_id).where(col(BotUpdate.bot_id) == bot, col(BotUpdate.chat).is_(None))
    return list(await session.scalars(query.order_by(col(BotUpdate.at).desc()).limit(most)))


async def forget_old(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(BotUpdate).where(col(BotUpdate.at) <= now - KEPT))
