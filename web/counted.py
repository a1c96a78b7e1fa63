"""Counts of many people, kept for half a minute: who types in a form does not have everybody counted at each pause."""

from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta

KEPT = timedelta(seconds=30)
MANY = 10_000  # people; fewer are counted in a few milliseconds, and always told as they are now


class Counted:
    """Of one process. A key stands for what is counted; it holds the campaign's number."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[datetime, list[int]]] = {}

    async def of(self, key: Hashable, now: datetime, count: Callable[[], Awaitable[list[int]]]) -> list[int]:
        """What `count` says, or said at most KEPT ago where it was of MANY."""
        self._known = {each: found for each, found in self._known.items() if now - found[0] < KEPT}
        if key in self._known:
            return self._known[key][1]
        found = await count()
        if sum(found) >= MANY:
            self._known[key] = (now, found)
        return found
