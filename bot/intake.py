"""Updates that Telegram brings, to whichever process: each handled once, and the updates of one chat one after the other.

An update is answered for when it was handled, and not when it was merely written down: a process that dies with it in hand
has answered nothing, so Telegram brings it again, and there is no second queue that somebody must take over. Meanwhile
nothing of what people wrote lies in the store.

1. In this process the updates of a chat stand in line, the lowest number first.
2. Among processes, the one that works for a chat has the store's turn at it; who comes meanwhile says there that it
   waits, so that of several the lowest number is next.
3. What was handled is known by its number.
4. The number is written, then the turn is given back, then Telegram hears that it was handled.
"""

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from telegram import Bot, Update

from bot.visit import House
from campaigns import bot_updates
from campaigns.batches import BatchReader, BatchWriter
from campaigns.bot_updates import NotNow, Standing, Waiting

log = logging.getLogger(__name__)
AGAIN = 0.05  # seconds until the next look whether another process is done with a chat
SAID = timedelta(seconds=1)  # how often who waits says so


@dataclass(order=True, slots=True)
class Held:
    """An update in hand; `done` is set when it was handled."""

    number: int
    update: Update = field(compare=False)
    done: asyncio.Future[None] = field(compare=False)


Line = list[Held]  # a heap: of one chat, the lowest number first


class Intake:
    """`await intake.take(update)` returns when the update was handled, here or elsewhere, now or before."""

    def __init__(self, house: House, bot: Bot, handle: Callable[[Update], Awaitable[None]]) -> None:
        self._house = house
        self._bot = bot
        self._handle = handle
        self._open = False
        self._lines: dict[str, Line] = {}
        self._in_hand: dict[int, Held] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        database = house.database
        self._vault = database.vault
        self._looks: BatchReader[Waiting, Standing] = BatchReader(database, bot_updates.look)
        self._waits: BatchWriter[Waiting] = BatchWriter(database, bot_updates.wait, together=True)
        self._marks: BatchWriter[Waiting] = BatchWriter(database, bot_updates.mark_handled, together=True)

    def open(self) -> None:
        self._open = True

    async def close(self) -> None:
        """Take nothing more, and end what is in hand."""
        self._open = False
        await asyncio.gather(*self._tasks)

    async def take(self, came: dict[str, Any]) -> None:
        """Handle an update, as it came; raises NotNow, and what the store raises."""
        number = int(came["update_id"])
        held = self._in_hand.get(number)  # where Telegram lost patience, and brings it once more
        if held is None:
            if not self._open:
                raise NotNow
            try:
                update = Update.de_json(came, self._bot)
            except Exception as error:  # to bring it again would change nothing, and would hold up its chat for a day
                log.error("update %d cannot be read and is left out (%s)", number, type(error).__name__)
                return
            held = self._put(update)
        await asyncio.shield(held.done)  # who brought it may leave; it is handled all the same

    def _put(self, update: Update) -> Held:
        # An inline query names no chat; its sender's own chat with the bot has the sender's number.
        where = update.effective_chat or update.effective_user
        assert self._vault is not None  # noqa: S101 - a program's store is opened with it
        chat = bot_updates.name_of_chat(self._vault, self._bot.id, where.id if where else 0)
        held = Held(update.update_id, update, asyncio.get_running_loop().create_future())
        self._in_hand[held.number] = held
        if chat not in self._lines:  # else the task of this chat comes to it
            line = self._lines[chat] = []
            task = asyncio.create_task(self._in_order(chat, line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        heapq.heappush(self._lines[chat], held)
        return held

    async def _in_order(self, chat: str, line: Line) -> None:
        while line:
            try:
                standing = await self._turn(chat, line)
            except Exception as error:  # the store is away: all of them come again
                while line:
                    self._finish(line.pop(), error)
                break
            await self._serve(heapq.heappop(line), chat, standing)
        del self._lines[chat]

    async def _serve(self, held: Held, chat: str, standing: Standing) -> None:
        failed: Exception | None = None
        try:
            if not standing.handled:
                await self._do(held.update)
                await self._marks.write([self._waiting(held, chat)])
        except Exception as error:  # its number could not be written, so it comes again
            failed = error
        finally:
            await self._house.database.give_turn_back(chat)
        self._finish(held, failed)

    def _finish(self, held: Held, failed: Exception | None) -> None:
        del self._in_hand[held.number]
        if failed is not None:
            held.done.set_exception(failed)
            held.done.exception()  # who brought it may have left: then nobody else asks
        else:
            held.done.set_result(None)

    async def _turn(self, chat: str, line: Line) -> Standing:
        """Take the turn at a chat for the first in line, how long another process may work for it; how that one stands."""
        said: tuple[int, datetime] | None = None
        while True:
            first = line[0]
            now = self._house.clock()
            if await self._house.database.take_turn(chat):
                standing = await self._look(first, chat)
                if line[0] is first and (standing.handled or not standing.behind):
                    return standing
                await self._house.database.give_turn_back(chat)
                if line[0] is not first:
                    continue  # an earlier one came in
            if said is None or said[0] != first.number or abs(now - said[1]) >= SAID:
                said = first.number, now
                await self._waits.write([self._waiting(first, chat)])
            await asyncio.sleep(AGAIN)

    async def _look(self, held: Held, chat: str) -> Standing:
        try:
            standing = await self._looks.read(self._waiting(held, chat))
        except BaseException:
            await self._house.database.give_turn_back(chat)
            raise
        assert standing is not None  # noqa: S101 - there is one for each key
        return standing

    async def _do(self, update: Update) -> None:
        try:
            await self._handle(update)
        except Exception:
            log.exception("update %d", update.update_id)

    def _waiting(self, held: Held, chat: str) -> Waiting:
        return Waiting(self._bot.id, held.number, chat, self._house.clock())
