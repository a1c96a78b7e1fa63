"""Gives each chat the commands of its person's roles, and takes them away when a role ends, wherever it was given or taken."""

import logging
from collections.abc import Awaitable, Callable

from campaigns import roles
from campaigns.database import Database
from campaigns.roles import Menu
from campaigns.times import Clock
from networks.errors import NetworkDown, NetworkProblem, RateLimited
from schedules.looking import Looking

log = logging.getLogger(__name__)

# Sets the commands of one chat. Raises networks.errors.
Show = Callable[[Menu], Awaitable[None]]


class Menus(Looking):
    """Few people have a role, so that every look compares all of them with what their chats show."""

    name = "the menus of referents and organizers"

    def __init__(self, database: Database, clock: Clock, show: Show) -> None:
        super().__init__(clock)
        self._database = database
        self._show = show

    async def _look(self) -> None:
        async with self._database.read() as session:
            changed = await roles.changed_menus(session)
        for menu in changed:
            try:
                await self._show(menu)
            except (NetworkDown, RateLimited):
                raise
            except NetworkProblem as problem:  # they blocked the bot: there is no menu to show
                log.info("a chat's menu could not be changed: %s", type(problem).__name__)
            async with self._database.write() as session:
                await roles.menus_are_shown(session, [menu])
