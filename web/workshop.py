"""Where badges are rendered: a few at once, a few waiting, and an honest refusal above that."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from badges import Frame, preview

AT_ONCE = 2  # renders; each may take 200 MB while it decodes a large photo
WAITING = 8  # renders; a place is reached within seconds
RETRY_AFTER = 10  # seconds
HELD = 200_000_000  # bytes of uploads in memory at the same time, whoever sends them

Made = TypeVar("Made")


class Busy(Exception):
    """Too many badges are being made at this moment."""


class Workshop:
    """Runs renders in threads, bounded in number and in memory."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, held: int = HELD) -> None:
        self._places = at_once + waiting
        self._benches = asyncio.Semaphore(at_once)
        self._drawing = asyncio.Lock()
        self._previews: dict[tuple[Frame, int], bytes] = {}
        self._room = held

    async def run(self, work: Callable[[], Made]) -> Made:
        """The result of `work`, made in a thread; raises Busy at once where every place is taken."""
        if self._places == 0:
            raise Busy
        self._places -= 1
        try:
            async with self._benches:
                return await asyncio.to_thread(work)
        finally:
            self._places += 1

    def take(self, size: int) -> None:
        """Make room for bytes of an upload; raises Busy. Each byte taken is given back."""
        if size > self._room:
            raise Busy
        self._room -= size

    def give_back(self, size: int) -> None:
        self._room += size

    async def preview(self, drawn: Callable[[], Frame], side: int) -> bytes:
        """A frame's preview as PNG, made once. One at a time, so that pictures never crowd out badges."""
        async with self._drawing:
            frame = await asyncio.to_thread(drawn)
            if (frame, side) not in self._previews:
                while len(self._previews) >= 60:  # 60 previews are 4 MB
                    self._previews.pop(next(iter(self._previews)))
                self._previews[frame, side] = await asyncio.to_thread(preview, frame, side)
            return self._previews[frame, side]
