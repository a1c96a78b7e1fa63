"""The badge maker inside of Telegram: who stands before the page is what Telegram signed with the bot's own token.

The page does without Telegram's script: that would have to be fetched from elsewhere, on a page that opens photos. What
it needs is in the address: Telegram puts the signed data behind the #, which no browser sends to a server by itself.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns.models import Supporter
from campaigns.supporters import find_supporter
from campaigns.words import Words
from web.badge_wishes import Mistake
from web.site import Site

VALID = timedelta(hours=6)  # from when Telegram opened the page; it may stay open for an evening's flyers
AHEAD = timedelta(minutes=5)  # two clocks need not agree
LONGEST = 8_000  # characters


class Unsigned(Exception):
    """Telegram did not sign this for this bot, or too long ago."""


def telegram_id_of(init_data: str, bot_token: str, now: datetime) -> int:
    """The person for whom Telegram opened the page; raises Unsigned.

    The check is Telegram's own: every field but `hash`, sorted, under a key that is made of the bot's token
    (core.telegram.org/bots/webapps, "Validating data received via the Mini App").
    """
    if not bot_token or len(init_data) > LONGEST:
        raise Unsigned
    pairs = parse_qsl(init_data, keep_blank_values=True)
    fields = dict(pairs)
    given = fields.pop("hash", "")
    if len(pairs) != len(fields) + 1:  # a field twice: which of them is meant?
        raise Unsigned
    key = hmac.new(b"WebAppData", bot_token.encode(), hashlib.sha256).digest()
    lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    expected = hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Unsigned
    try:
        age = now - datetime.fromtimestamp(int(fields["auth_date"]), UTC)
        person = int(json.loads(fields["user"])["id"])
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise Unsigned from None
    if not -AHEAD <= age <= VALID:
        raise Unsigned
    return person


def check(site: Site, words: Words, init_data: str) -> None:
    """Raises Mistake where something is signed, and wrongly or too long ago: better said than silently not counted."""
    if init_data:
        person_of(site, words, init_data)


def person_of(site: Site, words: Words, init_data: str) -> int:
    """The Telegram account of who stands before the page; raises Mistake."""
    try:
        return telegram_id_of(init_data, site.settings.bot_token.get_secret_value(), site.clock())
    except Unsigned:
        sentence = words("This page was open for too long. Close it, and open it again from the bot.")
        raise Mistake("photo", sentence, 403) from None


async def supporter_of(session: AsyncSession, site: Site, init_data: str) -> Supporter | None:
    """The supporter whom signed data names; None without such data, and for who never joined."""
    if not init_data:
        return None
    try:
        person = telegram_id_of(init_data, site.settings.bot_token.get_secret_value(), site.clock())
    except Unsigned:
        return None
    return await find_supporter(session, person)
