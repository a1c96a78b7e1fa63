"""How fast one may send: buckets that fill again with time."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Rate:
    """`per_second` in the long run, `burst` at once. A burst of 0 means without limit."""

    per_second: float
    burst: int


class Buckets:
    """One bucket a key, all with the same rate."""

    def __init__(self, rate: Rate, clock: Callable[[], datetime]) -> None:
        self.rate, self._clock = rate, clock
        self._levels: dict[str, tuple[float, datetime]] = {}

    def seconds_until(self, key: str, amount: int) -> int:
        """0 if `amount` may go now, else after how many whole seconds it may."""
        if self.rate.burst == 0:
            return 0
        missing = min(amount, self.rate.burst) - self._level(key)
        return 0 if missing <= 1e-9 else max(1, math.ceil(missing / self.rate.per_second))

    def take(self, key: str, amount: int) -> None:
        """Count `amount` as sent."""
        if self.rate.burst:
            self._levels[key] = (self._level(key) - amount, self._clock())

    def _level(self, key: str) -> float:
        level, since = self._levels.get(key, (float(self.rate.burst), self._clock()))
        filled = level + (self._clock() - since).total_seconds() * self.rate.per_second
        return min(float(self.rate.burst), filled)
