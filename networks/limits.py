"""Each network's own counting of a post, and what it takes. Sources: the networks' documentation, November 2026."""

import re
import unicodedata
from dataclasses import dataclass

import regex
from twitter_text import parse_tweet

from networks.base import OutgoingPost

MB = 1_000_000  # bytes; the networks mean decimal megabytes, and the smaller reading is the safe one


@dataclass(frozen=True, slots=True)
class Limits:
    """What one network takes. Characters are counted by `count`; sizes are bytes; 0 pictures: it takes none."""

    characters: int
    unit: str
    pictures: int
    picture_size: int
    picture_kinds: frozenset[str]
    alt: int  # characters of a picture's description
    picture_sides: int = 0  # width + height in pixels; 0: no limit
    picture_ratio: float = 0  # long side / short side; 0: no limit


_STILL = frozenset({"image/jpeg", "image/png", "image/webp"})
LIMITS: dict[str, Limits] = {
    # Bot API: a photo <= 10 MB, width + height <= 10,000, ratio <= 20; albums of 2 to 10.
    "telegram": Limits(4096, "characters", 10, 10 * MB, _STILL, 1024, picture_sides=10_000, picture_ratio=20),
    "x": Limits(280, "weighted characters", 4, 5 * MB, _STILL | {"image/gif"}, 1000),
    "mastodon": Limits(500, "characters", 4, 16 * MB, _STILL | {"image/gif"}, 1500),
    "bluesky": Limits(300, "graphemes", 4, 1 * MB, _STILL, 2000),
}
TELEGRAM_CAPTION = 1024  # characters; a longer text is sent behind its picture
BLUESKY_BYTES = 3000
EMPTY = "the post is empty: write a text"
MASTODON_URL = 23  # characters, whatever its length
# Without the punctuation that follows an address: it is counted by itself.
_URL = re.compile(r"https?://\S*[^\s.,;:!?…)\]»”’\"']")
_MENTION = re.compile(r"(?<![\w/])@([a-zA-Z0-9_]+)@[\w.-]+\w")


def utf16_units(text: str) -> int:
    """Telegram counts UTF-16 units: an emoji beyond the first plane is two."""
    return len(text.encode("utf-16-le")) // 2


def count(network: str, text: str) -> int:
    """How long a text is by the network's own rule."""
    if network == "x":
        return int(parse_tweet(unicodedata.normalize("NFC", text)).weightedLength)
    if network == "mastodon":
        return len(regex.findall(r"\X", _MENTION.sub(r"@\1", _URL.sub("x" * MASTODON_URL, text))))
    if network == "bluesky":
        return len(regex.findall(r"\X", text))
    if network == "telegram":
        return utf16_units(text)
    raise KeyError(network)


def too_long(network: str, text: str) -> bool:
    """Whether the network would refuse the text for its length."""
    too_many_bytes = network == "bluesky" and len(text.encode()) > BLUESKY_BYTES
    return too_many_bytes or count(network, text) > LIMITS[network].characters


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What is known of a picture without decoding it: its kind, pixels and bytes."""

    name: str
    mime: str
    width: int
    height: int
    size: int
    alt: str = ""


def problems(network: str, post: OutgoingPost, pictures: tuple[PictureFacts, ...] = ()) -> list[str]:
    """Why the network would refuse the post, each with the limit and the measured value; an empty list: it takes it."""
    limits = LIMITS[network]
    found: list[str] = []
    length = count(network, post.body)
    if length > limits.characters:
        found.append(
            f"{network} takes {limits.characters} {limits.unit}, the text has {length}: shorten it, or write a version for {network}"
        )
    if network == "bluesky" and len(post.body.encode()) > BLUESKY_BYTES:
        found.append(f"bluesky takes {BLUESKY_BYTES} bytes, the text has {len(post.body.encode())}")
    if not post.body.strip() and not pictures:
        found.append(EMPTY)
    if len(pictures) > limits.pictures:
        found.append(f"pictures: {network} takes {limits.pictures}, the post has {len(pictures)}")
    for picture in pictures:
        found += _picture_problems(network, limits, picture)
    return found


def _picture_problems(network: str, limits: Limits, picture: PictureFacts) -> list[str]:
    found = []
    if picture.mime not in limits.picture_kinds:
        kinds = ", ".join(sorted(kind.removeprefix("image/").upper() for kind in limits.picture_kinds))
        found.append(f"picture {picture.name}: {network} takes {kinds}, this is {picture.mime}")
    if picture.size > limits.picture_size:
        found.append(
            f"picture {picture.name}: {network} takes {limits.picture_size / MB:.0f} MB, it has {picture.size / MB:.1f} MB"
        )
    sides = picture.width + picture.height
    if limits.picture_sides and sides > limits.picture_sides:
        found.append(
            f"picture {picture.name}: {network} takes width + height up to {limits.picture_sides} pixels, it has {sides}"
        )
    ratio = max(picture.width, picture.height) / max(1, min(picture.width, picture.height))
    if limits.picture_ratio and ratio > limits.picture_ratio:
        found.append(
            f"picture {picture.name}: {network} takes a ratio up to {limits.picture_ratio:.0f}, it has {ratio:.0f}"
        )
    if len(picture.alt) > limits.alt:
        found.append(
            f"description of {picture.name}: {network} takes {limits.alt} characters, it has {len(picture.alt)}"
        )
    return found
