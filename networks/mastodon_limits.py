"""What a Mastodon server takes, by its own word: read from its description of itself, and held against a post."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from networks.base import OutgoingPost
from networks.errors import OutcomeUnknown, PostRejected
from networks.limits import LIMITS, MASTODON_URL, MB, mastodon_length


@dataclass(frozen=True)
class Takes:
    """Sizes are bytes; what is not said is as usual."""

    characters: int = LIMITS["mastodon"].characters
    per_url: int = MASTODON_URL
    pictures: int = LIMITS["mastodon"].pictures
    picture_size: int = LIMITS["mastodon"].picture_size
    kinds: frozenset[str] = frozenset()  # empty: not said
    alt: int = LIMITS["mastodon"].alt


def read_limits(page: Callable[[], Any], address: str) -> Takes:
    """Of /api/v2/instance or /api/v1/instance; servers of other makes leave parts of it away."""
    said = page()
    if not isinstance(said, dict) or not any(said.get(name) for name in ("domain", "uri", "version", "configuration")):
        raise OutcomeUnknown(f"{address} does not answer as a Mastodon server does; look at base_url")
    told = said.get("configuration") or {}
    status, media = told.get("statuses") or {}, told.get("media_attachments") or {}
    return Takes(
        int(status.get("max_characters") or said.get("max_toot_chars") or Takes.characters),
        int(status.get("characters_reserved_per_url") or Takes.per_url),
        int(status.get("max_media_attachments") or Takes.pictures),
        int(media.get("image_size_limit") or Takes.picture_size),
        frozenset(media.get("supported_mime_types") or ()),
        int(media.get("description_limit") or Takes.alt),
    )


def check(post: OutgoingPost, written: tuple[str, ...], takes: Takes) -> None:
    """Raise PostRejected, with limit and measured value, for what this server would refuse."""
    for number, text in enumerate(written, 1):
        length = mastodon_length(text, takes.per_url)
        if length > takes.characters:
            what = "the text" if len(written) == 1 else f"part {number} of the thread"
            raise PostRejected(f"this server takes {takes.characters} characters, {what} has {length}: shorten it")
    if len(post.pictures) > takes.pictures:
        raise PostRejected(f"this server takes {takes.pictures} pictures, the post has {len(post.pictures)}")
    for number, picture in enumerate(post.pictures, 1):
        if len(picture.data) > takes.picture_size:
            limit, size = takes.picture_size / MB, len(picture.data) / MB
            raise PostRejected(f"this server takes pictures of {limit:.1f} MB, picture {number} has {size:.1f} MB")
        if takes.kinds and picture.mime not in takes.kinds:
            raise PostRejected(f"this server does not take {picture.mime}: save picture {number} as JPEG or PNG")
        if len(picture.alt) > takes.alt:
            raise PostRejected(
                f"this server takes descriptions of {takes.alt} characters, that of picture {number} has {len(picture.alt)}"
            )
