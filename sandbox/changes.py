"""One counter that rises with every change, and a way to wait for the next one instead of sleeping."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

LONGEST_WAIT = 60.0  # seconds: a page or a test asks again after that

Found = TypeVar("Found")


class Changes:
    """The change counter of a sandbox and those who wait for it."""

    def __init__(self, start: int) -> None:
        self.version = start
        self.closed = False
        self._next = asyncio.Event()

    def bump(self) -> int:
        """Count one change and wake whoever waits."""
        self.version += 1
        self._wake()
        return self.version

    def close(self) -> None:
        """Let every waiting request answer at once, so that a server can stop."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        woken, self._next = self._next, asyncio.Event()
        woken.set()

    async def wait_for(self, look: Callable[[], Found | None], seconds: float) -> Found | None:
        """What `look` finds, looked for at every change for at most `seconds`; None if it stays away."""
        loop = asyncio.get_running_loop()
        end = loop.time() + min(seconds, LONGEST_WAIT)
        while True:
            coming = self._next
            found = look()
            left = end - loop.time()
            if found is not None or left <= 0 or self.closed:
                return found
            try:
                await asyncio.wait_for(coming.wait(), left)
            except TimeoutError:
                return look()


async def first_of(*waits: Awaitable[object]) -> None:
    """Return when the first of these is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
