"""Who is more than a supporter in the bot: referents and organizers, and the menu of commands that their chats show."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import (
    ChatMenu,
    Organizer,
    OrganizerRole,
    Participation,
    Supporter,
    Territory,
    TerritoryLeader,
)
from campaigns.organizers import WHOLE, WRITERS

LEADER, ORGANIZER = "leader", "organizer"


@dataclass(frozen=True, slots=True)
class Menu:
    """The commands of one chat: everybody's and those of `roles`, in one language. Without roles: everybody's alone."""

    chat_id: int
    language: str
    roles: tuple[str, ...]  # in alphabetical order


async def menus(session: AsyncSession, telegram_id: int | None = None) -> dict[int, Menu]:
    """The menu of each chat that has one of its own; of one account, or of all."""
    leads = (
        select(col(Supporter.telegram_id), col(Supporter.language))
        .join(TerritoryLeader, col(TerritoryLeader.supporter_id) == col(Supporter.id))
        .join(Territory, col(Territory.id) == col(TerritoryLeader.territory_id))
        .join(
            Participation,
            (col(Participation.supporter_id) == col(Supporter.id))
            & (col(Participation.campaign_id) == col(Territory.campaign_id)),
        )
        .where(col(Participation.stopped_at).is_(None))
    )
    writes = (
        select(col(Organizer.telegram_id), col(Organizer.language), col(Supporter.language))
        .join(OrganizerRole, col(OrganizerRole.organizer_id) == col(Organizer.id))
        .outerjoin(Supporter, col(Supporter.telegram_id) == col(Organizer.telegram_id))
        .where(col(OrganizerRole.role).in_(WRITERS), WHOLE, col(Organizer.telegram_id).is_not(None))
    )
    if telegram_id is not None:
        leads = leads.where(col(Supporter.telegram_id) == telegram_id)
        writes = writes.where(col(Organizer.telegram_id) == telegram_id)
    found: dict[int, tuple[str, set[str]]] = {}
    for chat, language in (await session.execute(leads)).all():
        found.setdefault(chat, (language, set()))[1].add(LEADER)
    for account, language, as_supporter in (await session.execute(writes)).all():
        chat = account or 0  # never 0: the query asks for an account
        found.setdefault(chat, (as_supporter or language, set()))[1].add(ORGANIZER)
    return {chat: Menu(chat, language, tuple(sorted(roles))) for chat, (language, roles) in found.items()}


async def roles_of(session: AsyncSession, telegram_id: int) -> tuple[str, ...]:
    """What this account is beside a supporter."""
    found = await menus(session, telegram_id)
    return found[telegram_id].roles if telegram_id in found else ()


async def changed_menus(session: AsyncSession) -> list[Menu]:
    """The menus that chats do not show yet; without roles: those that must go."""
    wanted = await menus(session)
    shown = {row.chat_id: Menu(row.chat_id, row.language, _split(row.roles)) for row in await session.scalars(select(ChatMenu))}  # fmt: skip
    new = [menu for chat, menu in wanted.items() if shown.get(chat) != menu]
    return new + [Menu(chat, menu.language, ()) for chat, menu in shown.items() if chat not in wanted]


def _split(roles: str) -> tuple[str, ...]:
    return tuple(filter(None, roles.split(",")))


async def menus_are_shown(session: AsyncSession, changed: Iterable[Menu]) -> None:
    """Write down what chats show now."""
    for menu in changed:
        if menu.roles:
            await session.merge(ChatMenu(chat_id=menu.chat_id, language=menu.language, roles=",".join(menu.roles)))
        else:
            await session.execute(delete(ChatMenu).where(col(ChatMenu.chat_id) == menu.chat_id))
