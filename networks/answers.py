"""What the networks that speak HTTP have in common: their time limits, and how long a server asks to wait."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

CONNECT, ANSWER = 10.0, 45.0  # seconds to connect, seconds to wait for an answer; an upload of a picture included
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(days=1)
SKEW = timedelta(minutes=1)  # how far a server's clock may be behind ours when a post is looked for by its time
# httpx's errors after which the request certainly did not leave.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
A_DURATION = 10_000_000  # a reset below it cannot be a moment since 1970: it is the seconds that are left
NO_CERTIFICATE = "{} shows no certificate that can be trusted; have it mended, or look at base_url"
NOT_REACHED = "{} could not be reached; look whether the server is up and base_url is right"


def waiting_time(headers: Mapping[str, str], otherwise: timedelta, *resets: str) -> timedelta:
    """How long a server asks to wait: a second at least, a day at most; `otherwise` where it does not say.

    `headers` are looked up in lower case. Retry-After (seconds or a date) is what a server says first; else the first of
    `resets` that is there: seconds since 1970, ISO 8601, or the seconds that are left. A moment is compared with the
    answer's own Date, since the two clocks may differ.
    """
    for name in ("retry-after", *resets):
        try:
            wait = _until(headers[name].strip(), headers)
        except (KeyError, ValueError, TypeError, OverflowError):
            continue
        return min(max(wait, SHORTEST), LONGEST)
    return otherwise


def _until(said: str, headers: Mapping[str, str]) -> timedelta:
    try:
        number = float(said)
    except ValueError:
        moment = _moment(said)
    else:
        if number < A_DURATION:
            return timedelta(seconds=number)
        moment = datetime.fromtimestamp(number, UTC)
    try:
        now = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        now = datetime.now(UTC)
    return moment - now + SHORTEST  # servers round down


def _moment(said: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        moment = parsedate_to_datetime(said)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
