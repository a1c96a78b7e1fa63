"""Addresses that let a human repost, like or answer a post that is out already. A human taps; no account is touched."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

REPOST, LIKE, REPLY, OPEN = "repost", "like", "reply", "open"  # `open`: the network has its buttons at the post itself


@dataclass(frozen=True, slots=True)
class Boost:
    """A post on `network`, and what may be done with it: act -> address, in the order of the card's buttons."""

    network: str
    acts: Mapping[str, str]


X_HOSTS = frozenset({"x.com", "www.x.com", "mobile.x.com", "twitter.com", "www.twitter.com", "mobile.twitter.com"})
BLUESKY_HOSTS = frozenset({"bsky.app", "www.bsky.app"})
_ON_X = re.compile(r"/(?:i/(?:web/)?|[A-Za-z0-9_]{1,15}/)status(?:es)?/(\d{1,20})(?:/.*)?")
_ON_BLUESKY = re.compile(r"/profile/[^/]+/post/[A-Za-z0-9._~:-]+/?")
# Any host may be a Mastodon server: /@name/NUMBER, /@name@elsewhere/NUMBER, and what ActivityPub writes.
_ON_MASTODON = re.compile(r"/(?:@[\w.-]+(?:@[\w.-]+)?|users/[\w.-]+/statuses)/\d{6,20}/?")


def _x(number: str) -> Mapping[str, str]:
    return {
        REPOST: f"https://x.com/intent/retweet?tweet_id={number}",
        LIKE: f"https://x.com/intent/like?tweet_id={number}",
        REPLY: f"https://x.com/intent/tweet?in_reply_to={number}",
    }


def boost_of(address: str) -> Boost | None:
    """What people can do with the post at this address; None where it is none of X, Mastodon or Bluesky."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme != "https":
        return None
    if host in X_HOSTS:
        found = _ON_X.fullmatch(parts.path)
        return Boost("x", _x(found[1])) if found else None
    if host in BLUESKY_HOSTS:
        return Boost("bluesky", {OPEN: address}) if _ON_BLUESKY.fullmatch(parts.path) else None
    return Boost("mastodon", {OPEN: address}) if _ON_MASTODON.fullmatch(parts.path) else None
