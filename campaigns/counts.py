"""What this process did since it started, in figures for /metrics. Plain numbers of one event loop: no locks, nobody's name."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from badges import BadgeError
from campaigns.spread import Spread

SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds; a badge and the wait for its turn


class Counts:
    """Handed to the bot, the pages and the broadcasts of one process."""

    def __init__(self) -> None:
        self.updates: Counter[tuple[str, str]] = Counter()  # kind and outcome
        self.update_times = Spread()
        self.updates_in_hand = 0
        self.badges: Counter[tuple[str, str]] = Counter()  # where it was asked for, and outcome
        self.badge_times = Spread(SLOW)
        self.redirects: Counter[str] = Counter()  # whom a share link led where
        self.messages: Counter[str] = Counter()  # outcomes of share kits and broadcasts, one a person
        self.requests: Counter[tuple[str, int]] = Counter()  # route and hundred of the status
        self.request_times = Spread()

    @contextmanager
    def badge(self, where: str) -> Iterator[None]:
        """A badge is made inside, after a wait for its turn."""
        began, outcome = perf_counter(), "failed"
        try:
            yield
            outcome = "made"
        except BadgeError:
            outcome = "refused"
            raise
        finally:
            self.badges[where, outcome] += 1
            self.badge_times.add(perf_counter() - began)

    def message(self, outcome: str) -> None:
        self.messages[outcome] += 1
