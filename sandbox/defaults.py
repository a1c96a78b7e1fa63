"""Who is there when nobody says otherwise: fictional people, a bot, and an account on each network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from sandbox.bluesky.state import DEMO_ACTORS, Actor, BlueskyState
from sandbox.facebook.state import DEMO_PAGES, FacebookState, Page
from sandbox.mastodon.state import DEMO_MEMBERS, MastodonState, Member
from sandbox.pictures import Copy, NotAPicture, copies, drawn_portrait
from sandbox.store import Json
from sandbox.telegram.state import Chat, Person, TelegramState
from sandbox.x.state import Account, XState

MATERIAL = Path(__file__).parent / "material"
PORTRAIT = MATERIAL / "portrait.jpg"
COMMUNES = MATERIAL / "communes.csv"

DEMO_TOKEN = "7000000001:SANDBOX-porte-voix-demo-0123456789abcd"
DEMO_BOTS = {DEMO_TOKEN: "porte_voix_demo_bot"}


@dataclass(frozen=True)
class ChannelSeed:
    """A channel or group in which every bot is an administrator."""

    id: int
    title: str
    username: str | None = None
    type: str = "channel"


@dataclass(frozen=True)
class AccountSeed:
    """An X account with its keys."""

    username: str
    name: str
    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str


@dataclass(frozen=True)
class PersonSeed:
    """Somebody who may talk to the bot. `photo` is shown, hidden or none."""

    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = "fr"
    photo: str = "none"


DEMO_CHANNELS = (ChannelSeed(-1001234567890, "Campagne · canal", "canal"),)
DEMO_ACCOUNTS = (
    AccountSeed(
        username="campagne_demo",
        name="Campagne (démonstration)",
        consumer_key="sandbox-consumer-key",
        consumer_secret="sandbox-consumer-secret",
        access_token="1500000001-sandbox-access-token",
        access_token_secret="sandbox-access-token-secret",
    ),
)
DEMO_PEOPLE = (
    PersonSeed(500_001, "Amina", "amina_demo", "fr", "shown"),
    PersonSeed(500_002, "Bastien", "bastien_demo", "fr", "hidden"),
    PersonSeed(500_003, "Chloé", None, "fr", "none"),
    PersonSeed(500_004, "Olivia", "olivia_demo", "en", "shown"),
    PersonSeed(500_005, "Inés", "ines_demo", "es", "none"),
)


@dataclass(frozen=True)
class Seed:
    """What a sandbox begins with, and what it adds at a restart if it is missing."""

    bots: Mapping[str, str] = field(default_factory=lambda: DEMO_BOTS)
    channels: Sequence[ChannelSeed] = DEMO_CHANNELS
    accounts: Sequence[AccountSeed] = DEMO_ACCOUNTS
    people: Sequence[PersonSeed] = DEMO_PEOPLE
    members: Sequence[Member] = DEMO_MEMBERS  # of the Mastodon server
    actors: Sequence[Actor] = DEMO_ACTORS  # on Bluesky
    pages: Sequence[Page] = DEMO_PAGES  # on Facebook

    def open_accounts(self, mastodon: MastodonState, bluesky: BlueskyState, facebook: FacebookState) -> None:
        """Say who is on the networks whose accounts are not written down."""
        mastodon.members = {each.username: each for each in self.members}
        bluesky.actors = {each.handle: each for each in self.actors}
        facebook.pages = {each.id: each for each in self.pages}

    def plant(self, telegram: TelegramState, x: XState) -> None:
        """Add what is not there yet."""
        for token, username in self.bots.items():
            if token not in telegram.bots:
                telegram.add_bot(token, username)
        for channel in self.channels:
            if str(channel.id) not in telegram.chats:
                name = (channel.username or "").lstrip("@") or None
                telegram.save_chat(Chat(str(channel.id), channel.id, channel.type, title=channel.title, username=name))
        for account in self.accounts:
            if account.username not in x.accounts:
                x.add_account(Account(id=x.new_id(), **vars(account)))
        for person in self.people:
            if person.id not in telegram.people:
                add_person(telegram, vars(person))


def add_person(telegram: TelegramState, given: Json, picture: bytes | None = None) -> int:
    """A new person, with a drawn profile photo unless `photo` is none; gives the id."""
    known = {name: given[name] for name in Person.__dataclass_fields__ if given.get(name) is not None}
    known.setdefault("id", max([500_000, *telegram.people]) + 1)
    person = Person(**known)
    if person.photo != "none":
        person.photo_sizes = profile_photo(telegram, picture or drawn_portrait(person.id))
    telegram.save_person(person)
    return person.id


def profile_photo(telegram: TelegramState, picture: bytes) -> list[Json]:
    """A picture as PhotoSizes; raises NotAPicture."""
    return [file.as_photo_size() for file in telegram.add_photo(picture, _profile_copies(picture))]


@lru_cache(maxsize=16)
def _profile_copies(picture: bytes) -> list[Copy]:
    return copies(picture, (160, 320, 640))  # pixels: the three sizes of a profile photo


__all__ = [
    "COMMUNES",
    "DEMO_TOKEN",
    "PORTRAIT",
    "AccountSeed",
    "ChannelSeed",
    "NotAPicture",
    "PersonSeed",
    "Seed",
    "add_person",
]
