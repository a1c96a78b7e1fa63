"""Slows down who guesses passwords."""

from datetime import datetime, timedelta

FAILURES = 5  # for one e-mail address from one client
CLIENT_FAILURES = 25  # from one client, whatever the e-mail address; a section may sit behind one connection
WAIT = timedelta(minutes=1)


class LoginLock:
    """Counts failed logins of the last minute. In memory: after a restart, everybody may try again."""

    def __init__(self) -> None:
        self._failed: dict[str, list[datetime]] = {}

    def attempt(self, client: str, email: str, now: datetime) -> bool:
        """Whether a password may be tried now. It counts as failed until `succeeded`, so that a burst gains nothing."""
        self._forget(now)
        keys = self._keys(client, email)
        if any(len(self._failed.get(key, ())) >= most for key, most in keys):
            return False
        for key, _ in keys:
            self._failed.setdefault(key, []).append(now)
        return True

    def succeeded(self, client: str, email: str) -> None:
        """The attempt was none; earlier failures of the client on other addresses stay."""
        (own, _), (everyone, _) = self._keys(client, email)
        self._failed.pop(own, None)
        others = self._failed.pop(everyone, [])[:-1]
        if others:
            self._failed[everyone] = others

    def _keys(self, client: str, email: str) -> tuple[tuple[str, int], tuple[str, int]]:
        return (f"{client} {email.strip().lower()[:254]}", FAILURES), (client, CLIENT_FAILURES)

    def _forget(self, now: datetime) -> None:
        """The minute starts with the last failure."""
        for key in [key for key, moments in self._failed.items() if moments[-1] + WAIT <= now]:
            del self._failed[key]
