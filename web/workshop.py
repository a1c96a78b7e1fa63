"""Where badges are rendered: a few at once, a few waiting, and an honest refusal above that."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import TypeVar

AT_ONCE = 2  # renders; each may take 200 MB while it decodes a large photo
WAITING = 8  # renders; a place is reached within seconds
SKETCHES_WAITING = 24  # overlays and previews; a dozen is drawn in a second
RETRY_AFTER = 10  # seconds
HELD = 200_000_000  # bytes of uploads in memory at the same time, whoever sends them
KEPT = 16_000_000  # bytes of drawn pictures that no person's name stands on

Made = TypeVar("Made")


class Busy(Exception):
    """Too many badges are being made at this moment."""


class Workshop:
    """Runs renders in threads, bounded in number and in memory."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, held: int = HELD) -> None:
        self._places = at_once + waiting
        self._benches = asyncio.Semaphore(at_once)
        self._sketches = SKETCHES_WAITING
        self._drawing = asyncio.Lock()
        self._drawn: dict[Hashable, bytes] = {}
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

    @asynccontextmanager
    async def sketching(self) -> AsyncIterator[None]:
        """Overlays and previews are drawn inside of this: one at a time, so that they never crowd out badges.

        Raises Busy where too many wait.
        """
        if self._sketches == 0:
            raise Busy
        self._sketches -= 1
        try:
            async with self._drawing:
                yield
        finally:
            self._sketches += 1

    async def drawn(self, key: Hashable, draw: Callable[[], bytes]) -> bytes:
        """A picture drawn in a thread, then kept for the next who asks; only for what names nobody."""
        if key in self._drawn:
            self._drawn[key] = self._drawn.pop(key)  # the last to go
            return self._drawn[key]
        picture = await asyncio.to_thread(draw)
        self._drawn[key] = picture
        while sum(map(len, self._drawn.values())) > KEPT:
            self._drawn.pop(next(iter(self._drawn)))
        return picture

    def take(self, size: int) -> None:
        """Make room for bytes of an upload; raises Busy. Each byte taken is given back."""
        if size > self._room:
            raise Busy
        self._room -= size

    def give_back(self, size: int) -> None:
        self._room += size
