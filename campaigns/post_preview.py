"""A post as each of its networks will show it, by the rules with which it goes out: nothing is counted a second time."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.models import Campaign
from campaigns.post_checks import NewPost
from campaigns.stamp import stamp_of
from networks.base import OutgoingPost, Picture
from networks.limits import LIMITS, count, parts, too_long
from networks.pictures import shape

CARDS = frozenset({"telegram", "x", "mastodon", "bluesky", "facebook"})  # which show what is behind a link
SQUARE = 1.0  # how several pictures stand beside each other
WIDEST, TALLEST = 16 / 9, 4 / 5  # beyond these, a timeline crops even a single picture


@dataclass(frozen=True, slots=True)
class Part:
    """One post of a thread, or the only one; `length` by the network's own rule."""

    text: str
    length: int
    over: bool


@dataclass(frozen=True, slots=True)
class Crop:
    """What of a picture is in sight: the box of an SVG in the picture's own pixels."""

    position: int  # among the post's pictures
    alt: str
    width: int
    height: int
    box: tuple[int, int, int, int]  # left, top, width, height


@dataclass(frozen=True, slots=True)
class Preview:
    """A post on one network. `card` is the address whose page the network would show beneath it; empty: none."""

    network: str
    title: str  # only where the network shows one
    parts: tuple[Part, ...]
    limit: int
    pictures: tuple[Crop, ...]
    card: str

    @property
    def length(self) -> int:
        """Of the longest part: what the limit is about."""
        return max(part.length for part in self.parts)

    @property
    def over(self) -> bool:
        return any(part.over for part in self.parts)


def preview(network: str, post: NewPost, campaign: Campaign) -> Preview:
    """The post there, whether it may go out so or not."""
    written = parts(network, OutgoingPost("", post.text_for(network, stamp_of(campaign)), post.link)) or ("",)
    shown = tuple(Part(text, count(network, text), too_long(network, text)) for text in written)
    card = post.link if post.link and not post.pictures and network in CARDS else ""
    title = post.title if network == "mail" else ""
    return Preview(network, title, shown, LIMITS[network].characters, _crops(network, post), card)


def _crops(network: str, post: NewPost) -> tuple[Crop, ...]:
    shown = post.pictures[: LIMITS[network].pictures]
    found = []
    for position, picture in enumerate(shown):
        size = shape(Picture(picture.data, ""))
        if size is not None:
            ratio = SQUARE if len(shown) > 1 else min(WIDEST, max(TALLEST, size[0] / size[1]))
            box = cropped(size, ratio, picture.focus)
            found.append(Crop(position, picture.alt, *size, box))
    return tuple(found)


def cropped(size: tuple[int, int], ratio: float, focus: Sequence[int]) -> tuple[int, int, int, int]:
    """The largest box of that ratio (width / height) within a picture, as near to the focus (per cent) as it goes."""
    width, height = size
    wide, tall = (round(height * ratio), height) if width > height * ratio else (width, round(width / ratio))
    wide, tall = max(1, min(wide, width)), max(1, min(tall, height))
    left = min(max(0, round(width * focus[0] / 100 - wide / 2)), width - wide)
    top = min(max(0, round(height * focus[1] / 100 - tall / 2)), height - tall)
    return left, top, wide, tall
