"""Addresses that open a network's own share window with the text ready. A human taps and sends; no account is touched."""

from bisect import bisect_left
from collections.abc import Callable
from urllib.parse import quote

from networks import limits


def _q(text: str) -> str:
    return quote(text, safe="")  # never "+": several networks show it


def _both(text: str, link: str) -> str:
    return f"{text}\n\n{link}" if text else link


# In the order of the card's buttons. None of them takes a remote image.
SHARE_INTENTS: dict[str, Callable[[str, str], str]] = {
    "whatsapp": lambda text, link: f"https://wa.me/?text={_q(_both(text, link))}",
    "facebook": lambda text, link: f"https://www.facebook.com/sharer/sharer.php?u={_q(link)}",  # ignores text
    "x": lambda text, link: f"https://x.com/intent/tweet?text={_q(text)}&url={_q(link)}",
    "telegram": lambda text, link: f"https://t.me/share/url?url={_q(link)}&text={_q(text)}",
    "bluesky": lambda text, link: f"https://bsky.app/intent/compose?text={_q(_both(text, link))}",
    "mastodon": lambda text, link: f"https://share.joinmastodon.org/#text={_q(_both(text, link))}",
    "threads": lambda text, link: f"https://www.threads.com/intent/post?text={_q(text)}&url={_q(link)}",
    "linkedin": lambda text, link: f"https://www.linkedin.com/sharing/share-offsite/?url={_q(link)}",  # ignores text
    "mail": lambda text, link: (
        f"mailto:?subject={_q(text.splitlines()[0][:80] if text else '')}&body={_q(_both(text, link))}"
    ),
    "sms": lambda text, link: f"sms:?&body={_q(_both(text, link))}",
}
LABELS = {
    "whatsapp": "WhatsApp",
    "facebook": "Facebook",
    "x": "X",
    "telegram": "Telegram",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "threads": "Threads",
    "linkedin": "LinkedIn",
    "mail": "E-mail",
    "sms": "SMS",
}
IGNORES_TEXT = frozenset({"facebook", "linkedin"})  # the person must paste the text by hand


def share_intent(network: str, text: str, link: str) -> str:
    """The address that opens `network`'s share window with this text and link; KeyError where there is none."""
    return SHARE_INTENTS[network](fitting(network, text, link), link)


def fitting(network: str, text: str, link: str) -> str:
    """The text, cut at a word with an ellipsis where text and link together are over the network's limit."""
    if network not in limits.LIMITS or network == "telegram" or not limits.too_long(network, _both(text, link)):
        return text
    words = text.split(" ")

    def cut(kept: int) -> str:
        return " ".join(words[:kept]).rstrip(" ,;:.\n") + "…"

    # Counting for X takes milliseconds, so the place of the cut is found by halving.
    first_too_long = bisect_left(range(len(words)), True, key=lambda n: limits.too_long(network, _both(cut(n), link)))
    return cut(max(0, first_too_long - 1))
