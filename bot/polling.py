"""Long polling that confirms an update only when it was handled.

The library's own polling runs ahead of the handlers: updates that Telegram counts as delivered wait in memory, and a crash
loses them. Here the offset of the next getUpdates, which confirms what lies before it, never passes an update that is
still in hand. Chats go side by side, the updates of one chat in order.

Telegram answers at once while something is unconfirmed, and with what it gave before: so as long as updates are in hand,
the next request waits until half of them are done, or for a moment; what comes again is known by its number.
"""

import asyncio
import logging
from collections import OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.visit import patiently
from networks.telegram_request import TelegramRequest

log = logging.getLogger(__name__)

LONG_POLL = 25  # seconds that Telegram holds a request when there is nothing
MOST_UPDATES = 100  # a request, and so in hand; what the Bot API gives at most
AGAIN = 0.05  # seconds until the next look for others while some are in hand
PAUSE = 3.0  # seconds after an error
REMEMBERED = 10_000  # handled updates, to know one that is delivered a second time
ALLOWED = [
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CALLBACK_QUERY,
    Update.MY_CHAT_MEMBER,
    Update.INLINE_QUERY,
    Update.CHOSEN_INLINE_RESULT,
]


class FreshUpdates(TelegramRequest):
    """getUpdates without what is known already: to build objects of it would take longer than to handle it."""

    knows: Callable[[int], bool] = staticmethod(lambda _: False)

    def parse_json_payload(self, payload: bytes) -> Any:  # type: ignore[override] # the library calls it on the object
        answer = super().parse_json_payload(payload)
        if isinstance(answer.get("result"), list):
            answer["result"] = [update for update in answer["result"] if not self.knows(update["update_id"])]
        return answer


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
        self._progress = asyncio.Event()  # set as an update is done
        self._in_hand: OrderedDict[int, None] = OrderedDict()  # in the order in which they came
        self._handled: OrderedDict[int, None] = OrderedDict()
        self._met: list[int] = []  # known ones that came with the last request
        self._last: int | None = None  # the highest number of those that came last
        self._chats: defaultdict[int, deque[Update]] = defaultdict(deque)
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, handled: Iterable[int] = ()) -> None:
        """End a webhook that was set before; what waits for it comes here. `handled` are the last that it brought.

        Raises telegram.error.InvalidToken, or NetworkError.
        """
        for number in handled:
            self._handled[number] = None
        await patiently(lambda: self._bot.delete_webhook(drop_pending_updates=False))

    async def run(self) -> None:
        """Poll until `stop`; returns when the updates in hand are done and confirmed. Raises InvalidToken."""
        try:
            while not self._stopping.is_set():
                for update in await self._fetch():
                    self._take(update)
                await self._room()
            await asyncio.gather(*self._tasks)
        finally:
            for task in self._tasks:  # only where this was cancelled, or the token refused
                task.cancel()
        if self._last is not None:
            try:
                await self._get_updates(limit=1, hold=0)
            except TelegramError as error:
                log.warning("the last updates could not be confirmed and will come again: %s", type(error).__name__)

    def stop(self) -> None:
        self._stopping.set()

    def knows(self, number: int) -> bool:
        """Whether this update, which comes now, was taken already."""
        known = number in self._in_hand or number in self._handled
        if known:
            self._met.append(number)
        return known

    async def _get_updates(self, *, limit: int, hold: int) -> tuple[Update, ...]:
        self._met.clear()
        offset = next(iter(self._in_hand), None if self._last is None else self._last + 1)
        return await self._bot.get_updates(
            offset=offset, limit=limit, timeout=hold, allowed_updates=ALLOWED, read_timeout=10
        )

    async def _fetch(self) -> list[Update]:
        hold = 0 if self._in_hand else LONG_POLL
        request = asyncio.ensure_future(self._get_updates(limit=MOST_UPDATES, hold=hold))
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([request, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not request.done():
            request.cancel()  # nothing was confirmed: what it might have brought comes again
            return []
        try:
            answer = request.result()
        except InvalidToken:
            raise
        except Conflict as error:
            if "webhook" in error.message:
                log.error("another program had a webhook set for this bot token; stop that one, then restart this one")
            else:
                log.error("another program polls with this bot token; stop it, or make a new token at @BotFather")
            await self._pause(PAUSE)
        except RetryAfter as error:
            wait = error.retry_after
            await self._pause(wait if isinstance(wait, int | float) else wait.total_seconds())
        except TelegramError as error:  # a proxy's 403 and an answer that is no JSON are no NetworkError
            log.warning("Telegram could not be reached (%s); trying again", type(error).__name__)
            await self._pause(PAUSE)
        else:
            if self._heard is not None:
                await self._heard()
            # What is known came too, and is confirmed like the rest: else Telegram would give it for ever.
            self._last = max((*self._met, *(update.update_id for update in answer)), default=self._last)
            return list(answer)
        return []

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _take(self, update: Update) -> None:
        if self.knows(update.update_id):
            return
        self._in_hand[update.update_id] = None
        # An inline query names no chat; its sender's own chat with the bot has the sender's number.
        where = update.effective_chat or update.effective_user
        chat = where.id if where else 0
        waiting = self._chats[chat]
        waiting.append(update)
        if len(waiting) == 1:  # else the task of this chat comes to it
            task = asyncio.create_task(self._in_order(chat, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _in_order(self, chat: int, waiting: deque[Update]) -> None:
        while waiting:
            update = waiting[0]
            try:
                await self._handle(update)
            except Exception:
                log.exception("update %d", update.update_id)
            waiting.popleft()
            del self._in_hand[update.update_id]
            self._handled[update.update_id] = None
            if len(self._handled) > REMEMBERED:
                self._handled.popitem(last=False)
            self._progress.set()
        del self._chats[chat]

    async def _room(self) -> None:
        """Wait until nothing is in hand, or until another request is worth it."""
        begun, deadline = len(self._in_hand), asyncio.get_running_loop().time() + AGAIN
        while self._in_hand and (len(self._in_hand) > begun / 2 or begun < MOST_UPDATES / 2):
            self._progress.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._progress.wait()
            except TimeoutError:
                return
