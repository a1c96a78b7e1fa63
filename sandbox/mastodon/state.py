"""Accounts, statuses, pictures and idempotency keys of the stand-in for Mastodon."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from sandbox.changes import Changes
from sandbox.store import Store

FIRST_ID = 115_000_000_000_000_000  # ids look like today's
KEY_LIFETIME = timedelta(hours=1)  # Mastodon keeps an Idempotency-Key so long


@dataclass
class Member:
    """An account of the server and the token with which a program may post for it."""

    id: str
    username: str
    name: str
    access_token: str


DEMO_MEMBERS = (Member("114000000000000001", "campagne", "Campagne (démonstration)", "sandbox-mastodon-access-token"),)


@dataclass
class Attachment:
    """An uploaded picture. Until `ready_at` the server works on it."""

    id: str
    owner: str
    sha256: str
    mime: str
    width: int
    height: int
    ready_at: str
    alt: str | None = None
    used: bool = False
    focus: str | None = None  # "x,y" as it was sent


@dataclass
class Status:
    """A status, which stays here when it is deleted."""

    id: str
    author: str
    text: str
    at: str
    media: list[str] = field(default_factory=list)
    reply_to: str | None = None
    language: str | None = None
    visibility: str = "public"
    deleted: bool = False


class MastodonState:
    """Everything the stand-in knows, written through to the store."""

    def __init__(self, store: Store, changes: Changes, clock: Callable[[], datetime]) -> None:
        self.store, self.changes, self.clock = store, changes, clock
        self._floor = changes.version
        self._touched: dict[str, int] = {}
        self.members = {each.username: each for each in DEMO_MEMBERS}
        self.media = {each.id: each for each in (Attachment(**doc) for doc in store.all("mmedia"))}
        statuses = sorted((Status(**doc) for doc in store.all("mstatus")), key=lambda each: int(each.id))
        self.statuses = {each.id: each for each in statuses}
        self._keys = {doc["key"]: (str(doc["status"]), str(doc["at"])) for doc in store.all("mkey")}
        self._last_id = max([FIRST_ID, *(int(each) for each in (*self.media, *self.statuses))])

    def version(self, member: Member) -> int:
        """The change counter at the last change of an account's statuses."""
        return self._touched.get(member.id, self._floor)

    def new_id(self) -> str:
        """An id above all earlier ones."""
        self._last_id += 65_537
        return str(self._last_id)

    def by_token(self, token: str) -> Member | None:
        """The account to which a token belongs."""
        return next((each for each in self.members.values() if each.access_token == token), None)

    def known(self, member: Member, key: str) -> Status | None:
        """The status that was posted with this key within the last hour."""
        status_id, at = self._keys.get(f"{member.id}/{key}", ("", ""))
        fresh = bool(at) and self.clock() - datetime.fromisoformat(at) < KEY_LIFETIME
        return self.statuses.get(status_id) if fresh else None

    def remember(self, member: Member, key: str, status: Status) -> None:
        """Keep a key."""
        name = f"{member.id}/{key}"
        self._keys[name] = (status.id, status.at)
        self.store.put("mkey", name, {"key": name, "status": status.id, "at": status.at}, self.changes.bump())

    def save_media(self, media: Attachment) -> None:
        """Write a picture."""
        self.media[media.id] = media
        self.store.put("mmedia", media.id, asdict(media), self.changes.bump())

    def save_status(self, status: Status) -> None:
        """Write a status."""
        self.statuses[status.id] = status
        self._touched[status.author] = self.changes.bump()
        self.store.put("mstatus", status.id, asdict(status), self._touched[status.author])

    def timeline(self, member: Member) -> list[Status]:
        """The statuses of an account that are still there, newest first."""
        return [each for each in reversed(self.statuses.values()) if each.author == member.id and not each.deleted]
