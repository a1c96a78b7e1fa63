"""Each network's own counting of a post, and what it takes. Sources: the networks' documentation, November 2026."""

import re
from dataclasses import dataclass

import regex

from networks.base import OutgoingPost
from networks.x_text import weighted_length

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
    # Bluesky itself takes 1,000,000 bytes; a larger picture is made smaller on its way out.
    "bluesky": Limits(300, "graphemes", 4, 20 * MB, _STILL, 2000),
    # Graph API, error 100 with subcode 1366046: "less than 4 MB and saved as JPG, PNG, GIF, TIFF, HEIF or WebP"; its page
    # on photo uploads recommends 4 MB too. 63,206 characters of a post and 10 attached pictures: what its users report.
    "facebook": Limits(63_206, "characters", 10, 4 * MB, _STILL | {"image/gif"}, 1000),
    # A message of four pictures stays below 10,240,000 bytes, which is what Postfix takes unless it is told otherwise
    # (message_size_limit; Exchange's 10 MB, iCloud's 20 and Gmail's 25 are as large or larger): base64 adds 37 %.
    # Gmail shows the first 102 kB of a text.
    "mail": Limits(100_000, "characters", 4, 1_800_000, frozenset({"image/jpeg", "image/png", "image/gif"}), 1000),
}
THREADED = frozenset({"x", "mastodon", "bluesky"})  # where a text may be cut into a thread at its `---`
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


def mastodon_length(text: str, per_url: int = MASTODON_URL) -> int:
    """Graphemes; an address counts `per_url` whatever its length, a mention without its domain."""
    return len(regex.findall(r"\X", _MENTION.sub(r"@\1", _URL.sub("x" * per_url, text))))


def count(network: str, text: str) -> int:
    """How long a text is by the network's own rule."""
    if network == "x":
        return weighted_length(text)
    if network == "mastodon":
        return mastodon_length(text)
    if network == "bluesky":
        return len(regex.findall(r"\X", text))
    if network in ("telegram", "facebook", "mail"):
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
    found = text_problems(network, post)
    if not post.body.strip() and not pictures:
        found.append(EMPTY)
    if len(pictures) > limits.pictures:
        found.append(f"pictures: {network} takes {limits.pictures}, the post has {len(pictures)}")
    for picture in pictures:
        found += _picture_problems(network, limits, picture)
    return found


def parts(network: str, post: OutgoingPost) -> tuple[str, ...]:
    """What goes out one behind the other: one part where the network takes the whole text or knows no threads."""
    if network not in THREADED:
        return (post.body,)
    return post.parts(lambda text: not too_long(network, text))


def text_problems(network: str, post: OutgoingPost) -> list[str]:
    """Why the network would refuse the text, or a part of it."""
    limits, found = LIMITS[network], list[str]()
    written = parts(network, post)
    for number, text in enumerate(written, 1):
        what = "the text" if len(written) == 1 else f"part {number} of the thread"
        length, size = count(network, text), len(text.encode())
        if length > limits.characters:
            found.append(
                f"{network} takes {limits.characters} {limits.unit}, {what} has {length}: shorten it, or write a version for {network}"
            )
        if network == "bluesky" and size > BLUESKY_BYTES:
            found.append(f"bluesky takes {BLUESKY_BYTES} bytes, {what} has {size}")
    return found


def _picture_problems(network: str, limits: Limits, picture: PictureFacts) -> list[str]:
    found = []
    if picture.mime not in limits.picture_kinds:
        kinds = ", ".join(sorted(kind.removeprefix("image/").upper() for kind in limits.picture_kinds))
        found.append(f"picture {picture.name}: {network} takes {kinds}, this is {picture.mime}")
    if picture.size > limits.picture_size:
        found.append(
            f"picture {picture.name}: {network} takes {limits.picture_size / MB:g} MB, it has {picture.size / MB:.1f} MB"
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
