"""Live boards: while somebody watches a campaign's board, its state is read once a second for all who watch it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
State = TypeVar("State")
EVERY = 1.0  # seconds between two looks
HEARTBEAT = 15.0  # seconds without news after which a line is sent all the same: proxies cut what is silent


@dataclass
class _Watched(Generic[State]):
    """A board with its watchers. `number` counts its changes."""

    task: asyncio.Task[None]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    watchers: int = 0
    number: int = 0
    state: State | None = None

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class Boards:
    """Of one process. `look` reads the state of a board; its results are compared, and only what changed is told."""

    def __init__(self) -> None:
        self._watched: dict[int, _Watched[object]] = {}
        self._closed = False

    @property
    def looking(self) -> int:
        """How many boards are being read."""
        return len(self._watched)

    async def watch(
        self, board: int, look: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[tuple[int, object] | None]:
        """Number and state of the board now, and at each change; None is a heartbeat.

        Ends when the boards are closed.
        """
        watched = self._watched.get(board)
        if watched is None:
            watched = self._watched[board] = _Watched(asyncio.create_task(self._look(board, look)))
        watched.watchers, seen = watched.watchers + 1, 0
        try:
            while not self._closed:
                if watched.number != seen and watched.number:
                    seen = watched.number
                    yield seen, watched.state
                    continue
                try:
                    await asyncio.wait_for(watched.changed.wait(), HEARTBEAT)
                except TimeoutError:
                    yield None
        finally:
            watched.watchers -= 1
            if not watched.watchers:
                watched.task.cancel()
                if self._watched.get(board) is watched:
                    del self._watched[board]

    async def _look(self, board: int, look: Callable[[], Awaitable[object]]) -> None:
        while not self._closed:
            watched = self._watched.get(board)
            if watched is None:
                return
            try:
                state = await look()
            except Exception:  # the store may be away for a moment: the next look may find it
                log.exception("the board of campaign %d could not be read", board)
            else:
                if state != watched.state or not watched.number:
                    watched.state, watched.number = state, watched.number + 1
                    watched.wake()
            await asyncio.sleep(EVERY)

    def close(self) -> None:
        """Let every watcher go, so that the server can stop."""
        self._closed = True
        for watched in self._watched.values():
            watched.task.cancel()
            watched.wake()
