"""Slows down who asks for the same thing again and again."""

from datetime import datetime, timedelta


class Turns:
    """At most `most` turns of one key within `within`. In memory: after a restart, everybody begins anew."""

    def __init__(self, most: int, within: timedelta) -> None:
        self._most, self._within = most, within
        self._taken: dict[str, list[datetime]] = {}

    def take(self, key: str, now: datetime) -> bool:
        """Whether there was a turn left; it is taken then."""
        self._forget(now)
        taken = self._taken.setdefault(key, [])
        if len(taken) >= self._most:
            return False
        taken.append(now)
        return True

    def _forget(self, now: datetime) -> None:
        for key in list(self._taken):
            kept = [moment for moment in self._taken[key] if moment + self._within > now]
            if kept:
                self._taken[key] = kept
            else:
                del self._taken[key]
