"""What every page needs of this process: the store, the clock, and what is kept in memory between two requests."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import cast

from itsdangerous import URLSafeSerializer
from starlette.requests import Request

from campaigns import share_links
from campaigns.batches import BatchWriter
from campaigns.bot_updates import Door, Take, door_of
from campaigns.counts import Counts
from campaigns.database import Database
from campaigns.settings import Settings
from campaigns.share_links import Followed
from campaigns.times import Clock
from campaigns.webhooks import Send
from web.boards import Boards
from web.counted import Counted
from web.sends import SendCounts
from web.workshop import Workshop


class DaySalt:
    """The salt of today's visitors, asked of the store once a day."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._day: date | None = None
        self._salt = ""
        self._asking = asyncio.Lock()

    async def at(self, now: datetime) -> str:
        day = now.date()
        if day != self._day:
            async with self._asking:  # at midnight many ask at once; one of them writes
                if day != self._day:
                    async with self._database.write() as session:
                        self._salt = await share_links.salt_of(session, day.isoformat())
                    self._day = day
        return self._salt


@dataclass
class Site:
    """One web process. `signer` signs what a page hands out and wants back unchanged."""

    database: Database
    settings: Settings
    clock: Clock
    bot_username: str | None
    signer: URLSafeSerializer
    visits: BatchWriter[Followed]
    salt: DaySalt
    sends: SendCounts
    counts: Counts
    send_webhook: Send
    workshop: Workshop = field(default_factory=Workshop)
    boards: Boards = field(default_factory=Boards)
    counted: Counted = field(default_factory=Counted)
    linked: set[int] = field(default_factory=set)  # posts whose own share link exists: nothing to write for them
    take_update: Take | None = None  # hands one to the bot, where this process has it and Telegram brings them
    updates_in_hand: int = 0
    token_changed: asyncio.Event = field(default_factory=asyncio.Event)  # another bot token was given in the console
    mute_since: datetime | None = None  # when the store was first found not to answer

    @property
    def url(self) -> str:
        return self.settings.site_url

    @property
    def door(self) -> Door | None:
        """By which Telegram brings the bot's updates; None where the bot fetches them itself, or there is none."""
        token, vault = self.settings.bot_token.get_secret_value(), self.database.vault
        if self.settings.bot_updates != "webhook" or not token or vault is None:
            return None
        return door_of(vault, token)

    def bot_link(self, slug: str) -> str | None:
        """Where a campaign's bot is opened; None while no bot is connected."""
        if not self.bot_username:
            return None
        return f"{self.settings.telegram_link}/{self.bot_username}?start=c-{slug}"


def site_of(request: Request) -> Site:
    return cast(Site, request.app.state.site)
