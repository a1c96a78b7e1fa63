"""Long polling that confirms an update only when it was handled.

The library's own polling runs ahead of the handlers: updates that Telegram counts as delivered wait in memory, and a crash
loses them. Here the next getUpdates, which confirms the last ones, is sent when all of those were handled; chats go side
by side, the updates of one chat in order.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import groupby

from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

log = logging.getLogger(__name__)

LONG_POLL = 25  # seconds that Telegram holds a request when there is nothing
MOST_UPDATES = 100  # a request; what the Bot API gives at most
PAUSE = 3.0  # seconds after an error
ALLOWED = [Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER]


class Poller:
    """Fetches updates and hands each to `handle`; an error of one update never stops the others."""

    def __init__(
        self,
        bot: Bot,
        handle: Callable[[Update], Awaitable[None]],
        heard: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._bot = bot
        self._handle = handle
        self._heard = heard  # told of each request that Telegram answered
        self._stopping = asyncio.Event()
        self._offset = 0

    async def run(self) -> None:
        """Poll until `stop`; returns when the updates in hand are done and confirmed. Raises InvalidToken."""
        while not self._stopping.is_set():
            updates = await self._fetch()
            if updates:
                await self._handle_all(updates)
                self._offset = updates[-1].update_id + 1
        if self._offset:
            try:
                await self._bot.get_updates(offset=self._offset, limit=1, timeout=0, allowed_updates=ALLOWED)
            except TelegramError as error:
                log.warning("the last updates could not be confirmed and will come again: %s", error)

    def stop(self) -> None:
        self._stopping.set()

    async def _fetch(self) -> tuple[Update, ...]:
        request = asyncio.ensure_future(
            self._bot.get_updates(
                offset=self._offset or None,
                limit=MOST_UPDATES,
                timeout=LONG_POLL,
                allowed_updates=ALLOWED,
                read_timeout=LONG_POLL + 10,
            )
        )
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([request, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not request.done():
            request.cancel()  # nothing was confirmed: what it might have brought comes again
            return ()
        try:
            updates = request.result()
        except InvalidToken:
            raise
        except Conflict:
            log.error("another program polls with this bot token; stop it, or make a new token at @BotFather")
            await self._pause(PAUSE)
        except RetryAfter as error:
            wait = error.retry_after
            await self._pause(wait if isinstance(wait, int | float) else wait.total_seconds())
        except TelegramError as error:  # a proxy's 403 and an answer that is no JSON are no NetworkError
            log.warning("Telegram could not be reached (%s); trying again", error)
            await self._pause(PAUSE)
        else:
            if self._heard is not None:
                await self._heard()
            return updates
        return ()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _handle_all(self, updates: tuple[Update, ...]) -> None:
        def chat(update: Update) -> int:
            return update.effective_chat.id if update.effective_chat else 0

        ordered = sorted(updates, key=chat)  # stable: the order within a chat stays
        await asyncio.gather(*(self._in_order(list(group)) for _, group in groupby(ordered, key=chat)))

    async def _in_order(self, updates: list[Update]) -> None:
        for update in updates:
            try:
                await self._handle(update)
            except Exception:
                log.exception("update %d", update.update_id)
