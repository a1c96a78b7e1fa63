"""How often something may be done in a window of time."""

from collections.abc import Callable
from datetime import datetime


class Windows:
    """How often something may be done in a window of time. `limits` are a test's own, by name."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.limits: dict[str, int] = {}
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def take(self, name: str, who: str, limit: int, seconds: int, amount: int = 1) -> tuple[bool, int, int, float]:
        """Count `amount`: whether it is within the limit, the limit, what remains, and when (epoch) the window ends."""
        now, limit = self.clock().timestamp(), self.limits.get(name, limit)
        start, used = self._windows.get((name, who), (now, 0))
        if now >= start + seconds:
            start, used = now, 0
        within = used + amount <= limit
        used += amount if within else 0
        self._windows[name, who] = (start, used)
        return within, limit, limit - used, start + seconds

    def forget(self) -> None:
        """Begin all windows anew."""
        self._windows.clear()
