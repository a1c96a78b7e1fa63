"""How long something takes, told as a histogram: a few additions each time, on one event loop and without a lock."""

from bisect import bisect_left
from collections.abc import Sequence

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)  # seconds


class Spread:
    """How long something took, how often: a histogram with its upper bounds in seconds."""

    def __init__(self, bounds: Sequence[float] = QUICK) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0  # seconds

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Each bound and how many took no longer, as Prometheus reads them."""
        found, so_far = [], 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            so_far += count
            found.append((bound, float(so_far)))
        return found
