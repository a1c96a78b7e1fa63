"""What every network speaks: an OutgoingPost goes in, a Receipt or a named error comes out."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from networks import threads
from networks.errors import TurnLost


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a post: the encoded bytes of a JPEG, PNG, WebP or GIF.

    `focus` is what stays in sight where a network crops: per cent from the left and from the top.
    """

    data: bytes
    mime: str
    alt: str = ""
    focus: tuple[int, int] = (50, 50)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to whom a network writes by itself, and the address at which they stop it."""

    address: str
    name: str
    unsubscribe_url: str

    @property
    def id(self) -> str:
        """Stands for the address in `sent_parts`, which are kept for longer than the address may be."""
        return hashlib.blake2b(self.address.casefold().encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class OutgoingPost:
    """What is to be said on one channel.

    `key` is the same at each attempt; `written_at` is when it was first written. `unique_key` is made of both: a network
    with idempotency keys is given this one.
    `sent_parts` are ids of the parts that an earlier attempt brought out; the network goes on behind them. What holds a
    space is no part but a note of the network to itself (`parts_out`).
    A line of `---` in the text is where it may be cut into a thread. `language` is its language (BCP 47). `reply_to` is
    the id of a part of an earlier post, behind which this one stands on networks that know threads; where that one is
    gone, the post goes out by itself. `may_go_on` says whether whoever sends it still has the turn.
    """

    key: str
    text: str
    link: str | None = None
    pictures: tuple[Picture, ...] = ()
    sent_parts: tuple[str, ...] = ()
    title: str = ""  # for networks that show one beside the text
    recipients: tuple[Recipient, ...] = ()  # for networks.NEEDS_RECIPIENTS
    language: str = "fr"
    written_at: datetime | None = None
    reply_to: str | None = None
    may_go_on: Callable[[], bool] = field(default=lambda: True, compare=False, repr=False)

    def keep_turn(self) -> None:
        """For a network, right before each part: raises TurnLost where another may go on by now."""
        if not self.may_go_on():
            raise TurnLost

    @property
    def unique_key(self) -> str:
        """Another installation, or this one begun anew, counts from 1 as well, and may write to the same account."""
        return f"{self.key}-{self.written_at:%Y%m%d%H%M%S%f}" if self.written_at else self.key

    @property
    def body(self) -> str:
        """Text and link as one, for networks that show them so."""
        return threads.whole(self._written)

    def parts(self, fits: Callable[[str], bool]) -> tuple[str, ...]:
        """The body as one part where it fits, else the parts of the thread that its author wrote."""
        return threads.parts(self._written, fits)

    @property
    def _written(self) -> str:
        if not self.link or self.link in self.text:
            return self.text
        return f"{self.text}\n\n{self.link}" if self.text else self.link


def parts_out(sent_parts: Iterable[str]) -> list[str]:
    """The parts that are out, without what a network noted beside them."""
    return [part for part in sent_parts if " " not in part]


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a post is out: its id on the network, its address where it has one, the ids of all its parts.

    `note` is what a human should know although it is out, such as an address that was refused,
    or that the network took only the first parts of a thread. `settings` are those of the channel that the network
    changed, such as a group's new number: to be written down.
    """

    remote_id: str
    url: str | None = None
    parts: tuple[str, ...] = ()
    note: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


Figures = Mapping[str, int]  # of a post: likes, reposts, quotes, replies, views, as far as the network tells them


class Network(Protocol):
    """One channel's way out. Errors are those of networks.errors and no others."""

    # Whether the network itself forbids doubles: a post of unknown outcome may be sent again with the same key.
    # Mastodon remembers a key for one hour (networks.mastodon.KEY_LIFETIME), Bluesky for ever.
    idempotent: bool
    # Whether `find` can tell; where it cannot, a human looks.
    can_find: bool

    async def check(self) -> str:
        """Ask the network who we are, without publishing; a line for a human."""

    async def publish(self, post: OutgoingPost) -> Receipt:
        """Publish once, and keep the turn before each part. What is not certainly refused nor certainly out is OutcomeUnknown."""

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        """Ask the network whether the post is there, not older than `since` where the network goes by its text.

        None: it is not there. Raises a NetworkProblem when that cannot be asked, and OutcomeUnknown with `sent_parts`
        when only some parts of a thread are there.
        """

    async def close(self) -> None:
        """Give connections back."""


class Reporting(Protocol):
    """What the networks of networks.REPORTS can do beside."""

    async def figures(self, remote_ids: Sequence[str]) -> dict[str, Figures]:
        """What the network counts of these posts, at most as many as REPORTS says; what is gone there is left out."""
