"""Accounts, tweets and media of the stand-in for X."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sandbox.changes import Changes
from sandbox.store import Json, Store

FIRST_ID = 1_800_000_000_000_000_000  # ids look like today's, which do not fit into a float


@dataclass
class Account:
    """An X account and the keys with which a program may post for it."""

    id: str
    username: str
    name: str
    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str
    revoked: bool = False

    def as_user(self) -> Json:
        """The account as X writes it."""
        return {"id": self.id, "name": self.name, "username": self.username}


@dataclass
class XMedia:
    """An uploaded picture."""

    id: str
    key: str
    owner: str
    sha256: str
    category: str
    mime: str
    size: int
    width: int
    height: int
    at: str
    alt: str | None = None


@dataclass
class Tweet:
    """A tweet, which stays here when it is deleted."""

    id: str
    author: str
    text: str
    at: str
    media: list[str] = field(default_factory=list)
    reply_to: str | None = None
    deleted: bool = False


class XState:
    """Everything the stand-in knows, written through to the store."""

    def __init__(self, store: Store, changes: Changes, clock: Callable[[], datetime]) -> None:
        self.store, self.changes, self.clock = store, changes, clock
        self._floor = changes.version
        self._touched: dict[str, int] = {}
        self.accounts = {each.username: each for each in (Account(**doc) for doc in store.all("account"))}
        self.media = {each.id: each for each in (XMedia(**doc) for doc in store.all("xmedia"))}
        tweets = sorted((Tweet(**doc) for doc in store.all("tweet")), key=lambda each: int(each.id))
        self.tweets = {each.id: each for each in tweets}
        self.nonces: dict[tuple[str, str], float] = {}
        self.limits: dict[str, int] = {}  # set by tests; else those of the operations
        self.windows: dict[tuple[str, str], tuple[float, int]] = {}
        taken = [int(each) for each in (*self.media, *self.tweets, *(a.id for a in self.accounts.values()))]
        self._last_id = max([FIRST_ID, *taken])

    def version(self, account: Account) -> int:
        """The change counter at the last change of an account's tweets."""
        return self._touched.get(account.id, self._floor)

    def new_id(self) -> str:
        """An id above all earlier ones."""
        self._last_id += 104_729
        return str(self._last_id)

    def add_account(self, account: Account) -> None:
        """Write an account."""
        self.accounts[account.username] = account
        self.store.put("account", account.username, asdict(account), self.changes.bump())

    def by_token(self, access_token: str) -> Account | None:
        """The account to which an access token belongs."""
        return next((each for each in self.accounts.values() if each.access_token == access_token), None)

    def save_media(self, media: XMedia) -> None:
        """Write a picture."""
        self.media[media.id] = media
        self.store.put("xmedia", media.id, asdict(media), self.changes.bump())

    def save_tweet(self, tweet: Tweet) -> None:
        """Write a tweet."""
        self.tweets[tweet.id] = tweet
        self._touched[tweet.author] = self.changes.bump()
        self.store.put("tweet", tweet.id, asdict(tweet), self._touched[tweet.author])

    def timeline(self, account: Account) -> list[Tweet]:
        """The tweets of an account that are still there, newest first."""
        return [each for each in reversed(self.tweets.values()) if each.author == account.id and not each.deleted]
