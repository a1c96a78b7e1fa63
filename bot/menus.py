"""The commands: everybody's, and those of who is more than a supporter. One place for the menus and for /help."""

import logging
from collections.abc import Iterable

from telegram import Bot, BotCommand, BotCommandScopeChat

from bot.visit import unasked
from campaigns.roles import LEADER, ORGANIZER, Menu
from campaigns.words import LANGUAGES, Words, mark
from networks.errors import NetworkProblem

log = logging.getLogger(__name__)
Commands = tuple[tuple[str, str], ...]

COMMANDS: Commands = (
    ("posts", mark("messages to share from your own accounts")),
    ("badge", mark("your badge, from your photo")),
    ("missions", mark("missions near you")),
    ("events", mark("rallies and buses near you, the day of the vote")),
    ("me", mark("your figures, and your invitation")),
    ("invite", mark("bring somebody in: your own link, as a picture too")),
    ("idea", mark("an idea for the team")),
    ("rhythm", mark("when, and how often, I write to you")),
    ("consents", mark("what you agreed to, one by one")),
    ("mydata", mark("what is stored about you")),
    ("help", mark("what I can do for you")),
    ("stop", mark("no more messages")),
    ("delete", mark("erase everything about you")),
)
LEADER_COMMANDS: Commands = (("team", mark("your territory: figures, reports, a message")),)
ORGANIZER_COMMANDS: Commands = (
    ("post", mark("write a post for the campaign’s channels")),
    ("desk", mark("what waits for you, and what is next")),
    ("live", mark("speak live from a rally")),
    ("broadcast", mark("write to the campaign’s people")),
)
OF_ROLES = {LEADER: LEADER_COMMANDS, ORGANIZER: ORGANIZER_COMMANDS}


def of_roles(roles: Iterable[str]) -> Commands:
    """The commands that these roles have beside everybody's."""
    return tuple(command for role, commands in OF_ROLES.items() if role in roles for command in commands)


async def show_everybodys(bot: Bot) -> None:
    """The menu of each language. Without a language code it holds for everybody else: French."""
    for language in LANGUAGES:
        await bot.set_my_commands(_menu(language), language_code=None if language == "fr" else language)


async def show(bot: Bot, menu: Menu) -> None:
    """Give a chat its own menu, or everybody's where it has no role any more; raises networks.errors."""
    scope = BotCommandScopeChat(menu.chat_id)
    if menu.roles:
        await unasked(bot.set_my_commands(_menu(menu.language, menu.roles), scope))
    else:
        await unasked(bot.delete_my_commands(scope))


async def take_away(bot: Bot, menu: Menu) -> None:
    """At once, of a chat that nothing is kept of any more; where that fails, its buttons lead nowhere."""
    try:
        await show(bot, menu)
    except NetworkProblem as problem:
        log.warning("a chat's menu could not be taken away: %s", type(problem).__name__)


def _menu(language: str, roles: Iterable[str] = ()) -> list[BotCommand]:
    words = Words(language)
    return [BotCommand(name, words(text)) for name, text in (*of_roles(roles), *COMMANDS)]
