"""What every network speaks: an OutgoingPost goes in, a Receipt or a named error comes out."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a post: the encoded bytes of a JPEG, PNG, WebP or GIF."""

    data: bytes
    mime: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingPost:
    """What is to be said on one channel.

    `key` is the same at each attempt: a network with idempotency keys is given this one.
    `sent_parts` are ids of the parts that an earlier attempt brought out; the network goes on behind them.
    """

    key: str
    text: str
    link: str | None = None
    pictures: tuple[Picture, ...] = ()
    sent_parts: tuple[str, ...] = ()

    @property
    def body(self) -> str:
        """Text and link as one, for networks that show them so."""
        if not self.link or self.link in self.text:
            return self.text
        return f"{self.text}\n\n{self.link}" if self.text else self.link


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a post is out: its id on the network, its address where it has one, the ids of all its parts."""

    remote_id: str
    url: str | None = None
    parts: tuple[str, ...] = ()


class Network(Protocol):
    """One channel's way out. Errors are those of networks.errors and no others."""

    async def check(self) -> str:
        """Ask the network who we are, without publishing; a line for a human."""

    async def publish(self, post: OutgoingPost) -> Receipt:
        """Publish once. What is not certainly refused nor certainly out is OutcomeUnknown."""

    async def close(self) -> None:
        """Give connections back."""
