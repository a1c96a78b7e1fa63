"""Whether a worker may send: only as long as nobody can have taken it for dead and gone on with what it has in hand."""

import math
from collections.abc import Callable

from campaigns.shared_clock import steady_seconds

DEAD_AFTER = 12.0  # seconds; a worker that did not beat for so long is dead, or as good as dead

MaySend = Callable[[], bool]  # asked before each message; it may be asked in any thread


def always() -> bool:
    """Whoever is alone on the store is taken for dead by nobody."""
    return True


class Pulse:
    """Of one worker. It counts from when a beat set out: the store heard it later, so we give up before others do.

    The seconds are those that also pass while the machine sleeps: whoever wakes knows it before a thing is sent.
    """

    def __init__(self, steady: Callable[[], float] = steady_seconds) -> None:
        self.now = steady
        self._heard = -math.inf

    def begin(self) -> None:
        """A new worker registers, of which nobody knows yet."""
        self._heard = self.now()

    def heard(self, set_out: float) -> None:
        """The store heard a beat that set out at this second. Who was lost stays so until it begins anew."""
        if self.beats():
            self._heard = set_out

    def lose(self) -> None:
        """The store says that what is in hand was taken away."""
        self._heard = -math.inf

    def beats(self) -> bool:
        """A MaySend."""
        return self.now() - self._heard < DEAD_AFTER
