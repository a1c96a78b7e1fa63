"""How X reads a text, by the library of its rules: half a second of patterns, which only a process that asks pays."""

import unicodedata


def weighted_length(text: str) -> int:
    """What X counts: an emoji and a letter beyond the Latin ones two, an address 23."""
    from twitter_text import parse_tweet

    return int(parse_tweet(unicodedata.normalize("NFC", text)).weightedLength)


def has_address(text: str) -> bool:
    """Whether X makes a link of something in it; a bare domain is enough."""
    from twitter_text import extract_urls

    return "://" in text or bool(extract_urls(text))
