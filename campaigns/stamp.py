"""Who pays for the message: where the law asks for it, a campaign's posts, share kits and badges carry a line and an address."""

from collections.abc import Iterable

from campaigns.models import Campaign


def stamp_of(campaign: Campaign) -> str:
    """The campaign's transparency line and the address of its notice; empty where it has none."""
    return " ".join(filter(None, (campaign.sponsor_line.strip(), campaign.notice_url.strip())))


def stamped(text: str, stamp: str) -> str:
    """The text with the stamp as its last line; a thread carries it in its last part."""
    return f"{text}\n\n{stamp}" if stamp and stamp not in text else text


def credited(text: str, credits: Iterable[str]) -> str:
    """The text with who made its pictures, each named once, on a line of their own."""
    names = ", ".join(dict.fromkeys(filter(None, (each.strip() for each in credits))))
    return f"{text}\n\n📷 {names}" if names and names not in text else text
