"""The parts of the program that may run in processes of their own, on one database of PostgreSQL."""

import enum
from collections.abc import Collection

from campaigns import channel_secrets
from campaigns.database import Database
from campaigns.settings import Settings
from campaigns.stores import store_at
from commands.common import Refused


class Role(enum.StrEnum):
    """What a process does of all that the program does."""

    web = "web"
    bot = "bot"
    worker = "worker"
    clock = "clock"


Roles = frozenset[Role]  # empty: everything, in this one process, with the engine in it
SPEAKING = {Role.bot, Role.worker, Role.clock}  # write by the bot


def checked_roles(settings: Settings, named: Collection[Role]) -> Roles:
    """The roles of this process; raises Refused where the store cannot be shared by several."""
    if named and store_at(settings.store_url).one_writer:
        raise Refused(
            "--role spreads the program over processes, and these meet in a database of PostgreSQL; SQLite is one process’s"
            " own file: set PORTEVOIX_DATABASE_URL=postgresql://… (docs/scale.md), or run without --role"
        )
    if settings.bot_updates == "webhook" and (Role.web in named) != (Role.bot in named):
        raise Refused(
            "with PORTEVOIX_BOT_UPDATES=webhook, Telegram brings updates to whichever process serves the pages: run each with"
            " --role web --role bot"
        )
    return frozenset(named)


def has(roles: Roles, role: Role) -> bool:
    return not roles or role in roles


async def refuse_other_key(database: Database) -> None:
    """Raises Refused where this process has another secret key than those beside it: it would make their channels rest."""
    async with database.read() as session:
        problem = await channel_secrets.first_unreadable(session)
    if problem is not None:
        raise Refused(
            f"channel {problem.channel.name}: its {problem.name} was locked with another secret key: give all processes the"
            " same PORTEVOIX_SECRET_KEY, or the same PORTEVOIX_DATA_DIR"
        )
