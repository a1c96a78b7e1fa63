"""Accounts, records and blobs of the stand-in for Bluesky."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from sandbox.changes import Changes
from sandbox.store import Json, Store


@dataclass
class Actor:
    """An account and its app password."""

    did: str
    handle: str
    name: str
    app_password: str


DEMO_ACTORS = (
    Actor("did:plc:sandboxcampagnedemo00001", "campagne.test", "Campagne (démonstration)", "abcd-efgh-ijkl-mnop"),
    Actor("did:plc:sandboxvoisinedemo000002", "voisine.test", "Une voisine (démonstration)", "bbcd-efgh-ijkl-mnop"),
)


@dataclass
class Blob:
    """An uploaded picture."""

    cid: str
    owner: str
    sha256: str
    mime: str
    size: int

    def as_ref(self) -> Json:
        """The blob as records name it."""
        return {"$type": "blob", "ref": {"$link": self.cid}, "mimeType": self.mime, "size": self.size}


@dataclass
class Record:
    """A record of an account's repository, which stays here when it is deleted."""

    did: str
    collection: str
    rkey: str
    cid: str
    value: Json
    at: str
    deleted: bool = False

    @property
    def uri(self) -> str:
        """The record's address."""
        return f"at://{self.did}/{self.collection}/{self.rkey}"


def cid(content: bytes, codec: int) -> str:
    """A CIDv1 with SHA-256; `codec` is 0x55 for bytes, 0x71 for a record."""
    digest = bytes((1, codec, 0x12, 0x20)) + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(digest).decode().lower().rstrip("=")


class BlueskyState:
    """Everything the stand-in knows, written through to the store."""

    def __init__(self, store: Store, changes: Changes, clock: Callable[[], datetime]) -> None:
        self.store, self.changes, self.clock = store, changes, clock
        self._floor = changes.version
        self._touched: dict[str, int] = {}
        self.actors = {each.handle: each for each in DEMO_ACTORS}
        self.blobs = {each.cid: each for each in (Blob(**doc) for doc in store.all("bblob"))}
        self.records = {each.uri: each for each in (Record(**doc) for doc in store.all("brecord"))}
        self.spent: set[str] = set()  # refresh tokens that were used
        self._tokens = 0

    def version(self, actor: Actor) -> int:
        """The change counter at the last change of an account's records."""
        return self._touched.get(actor.did, self._floor)

    def new_jti(self) -> str:
        """A name for a token."""
        self._tokens += 1
        return f"{self.changes.version}-{self._tokens}"

    def actor(self, name: str) -> Actor | None:
        """An account by handle or did."""
        return next((each for each in self.actors.values() if name.lower() in (each.handle, each.did)), None)

    def save_blob(self, content: bytes, mime: str, owner: Actor) -> Blob:
        """Write a picture."""
        blob = Blob(cid(content, 0x55), owner.did, self.store.put_blob(content), mime, len(content))
        self.blobs[blob.cid] = blob
        self.store.put("bblob", blob.cid, asdict(blob), self.changes.bump())
        return blob

    def put(self, actor: Actor, collection: str, rkey: str, value: Json) -> Record:
        """Write a record, over the one that has its key."""
        content = json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
        record = Record(actor.did, collection, rkey, cid(content, 0x71), value, self.clock().isoformat())
        self.records[record.uri] = record
        self.save(record)
        return record

    def save(self, record: Record) -> None:
        """Write a record as it is."""
        self._touched[record.did] = self.changes.bump()
        self.store.put("brecord", record.uri, asdict(record), self._touched[record.did])

    def of(self, actor: Actor, collection: str) -> list[Record]:
        """The records of an account that are there, newest first."""
        mine = (each for each in self.records.values() if each.did == actor.did and each.collection == collection)
        return sorted((each for each in mine if not each.deleted), key=lambda each: each.at, reverse=True)
