"""What a process must learn of others: of the parts that run elsewhere, and of the store that it shares with them."""

import asyncio
import contextlib
import logging
from typing import Any

from sqlalchemy.exc import DBAPIError

from bot.visit import House
from campaigns import bot_tokens
from campaigns.database import Database
from campaigns.shared_clock import SharedClock
from campaigns.stores import STORE_AWAY
from networks.errors import NetworkProblem
from networks.telegram import username_of
from web.site import Site

log = logging.getLogger(__name__)
AGAIN = 5.0  # seconds between two questions for the bot's name, and for the store's time and version
LOOK = 15.0  # seconds between two looks for another token


async def learn_name(house: House, site: Site) -> None:
    """Ask Telegram for the bot's name, which stands in the links of the pages; however long it is away."""
    said = False
    while True:
        try:
            site.bot_username = await username_of(
                house.settings.bot_token.get_secret_value(), house.settings.telegram_base_url
            )
        except NetworkProblem as problem:
            if not said:
                log.warning("the bot's name cannot be had from Telegram yet (%s); the pages do not name it", problem)
            said = True
            await asyncio.sleep(AGAIN)
        else:
            return


async def follow_token(house: House, site: Site) -> None:
    """Take up another bot token that was given in the console of another process."""
    while True:
        await asyncio.sleep(LOOK)
        before = house.settings.bot_token.get_secret_value()
        with contextlib.suppress(*STORE_AWAY):
            async with house.database.read() as session:
                await bot_tokens.take_kept(session, house.settings)
        if house.settings.bot_token.get_secret_value() != before:
            site.token_changed.set()


async def follow_store(database: Database, clock: SharedClock) -> None:
    """Keep to the store's clock. Raises DatabaseChanged where another version of the program changed the schema."""
    while True:
        await asyncio.sleep(AGAIN)
        with contextlib.suppress(DBAPIError, *STORE_AWAY):  # the timetable says so
            await clock.set_by(database)
            await database.check_version()


async def ended(task: asyncio.Task[Any]) -> None:
    """Its end, now."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
