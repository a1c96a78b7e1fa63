"""How fast a bot may write. Answers to people go at once; a broadcast takes what is left, and waits its turn for each message."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

PER_SECOND = 29.5  # messages of one bot token; Telegram's Bot FAQ: "no more than about 30 messages per second"
CHAT_GAP = 1.0  # seconds between two messages to one chat; the same FAQ
LONGEST_WAIT = 30.0  # seconds that an answer to a person waits
CATCH_UP = 0.25  # seconds of turns that a busy moment of this process may make up for


class Pace:
    """One for each bot token in a process. Chats are named by their id as text."""

    def __init__(
        self,
        per_second: float = PER_SECOND,
        *,
        chat_gap: float = CHAT_GAP,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._gap = 1 / per_second
        self._chat_gap = chat_gap
        self._now = now
        self._sleep = sleep
        self._next = self._halted_until = self._flooded_until = now()
        self._line = asyncio.Lock()  # first come, first served; who stands at its head waits for time to pass
        self._written: OrderedDict[str, float] = OrderedDict()  # when a chat was last written to, the oldest first

    def took(self, chat: str | None = None) -> None:
        """A message goes out beside the broadcasts: they give way by one turn."""
        now = self._now()
        self._next = max(self._next, now - CATCH_UP) + self._gap
        if chat is not None:
            self._note(chat, now)

    def halt(self, seconds: float) -> None:
        """No broadcast message before that."""
        self._halted_until = max(self._halted_until, self._now() + seconds)

    def flood(self, seconds: float) -> None:
        """Telegram asks to wait: until then it takes no message at all."""
        self._flooded_until = max(self._flooded_until, self._now() + seconds)
        self.halt(seconds)

    async def flood_over(self) -> None:
        """Wait for the end of a flood wait; a longer one than a person waits is left to Telegram to refuse."""
        if 0 < (wait := self._flooded_until - self._now()) <= LONGEST_WAIT:
            await self._sleep(wait)

    async def turn(self, chat: str) -> None:
        """Wait until one broadcast message to this chat may go out, and take the turn."""
        while (wait := self._written.get(chat, -self._chat_gap) + self._chat_gap - self._now()) > 0:
            await self._sleep(wait)
        async with self._line:
            while (wait := max(self._next, self._halted_until) - self._now()) > 0:
                await self._sleep(wait)
            self.took(chat)

    def give_back(self) -> None:
        """The turn that was taken is not needed."""
        self._next -= self._gap

    def _note(self, chat: str, now: float) -> None:
        self._written[chat] = now
        self._written.move_to_end(chat)
        while self._written and next(iter(self._written.values())) <= now - self._chat_gap:
            self._written.popitem(last=False)
