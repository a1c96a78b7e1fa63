"""Calls another program's address: one POST, no redirect, no cookie, no proxy, and its answer's status alone is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from networks.outside import InsideAddress, is_outside, socket_to

TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)  # seconds
LONGEST_WAIT = timedelta(hours=1)  # however long a target asks to be left alone
# Statuses that speak of the target rather than of the message: it may take the same one later.
LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Call:
    """A message, ready to be sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call. `trouble` is None where it was taken; `down`: the target itself cannot take any now."""

    status: int | None  # None: no answer
    trouble: str | None = None
    down: bool = False
    retry_after: timedelta | None = None


class WebhookSender:
    """`await sender(call)` never raises for what a target does. Addresses inside the network are not reached.

    `may_reach` says which numeric addresses are; only tests, and who tries it on one machine, pass another one.
    """

    def __init__(self, may_reach: Callable[[str], bool] = is_outside) -> None:
        self._make_socket = socket_to(may_reach)

    async def __call__(self, call: Call) -> Outcome:
        connector = aiohttp.TCPConnector(socket_factory=self._make_socket, force_close=True, use_dns_cache=False)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
                ) as session,
                session.post(call.url, data=call.body, headers=call.headers, allow_redirects=False) as answer,
            ):
                return _outcome(answer)
        except TimeoutError:
            return Outcome(None, f"no answer within {TIMEOUT.total:.0f} seconds", down=True)
        except aiohttp.ClientConnectorCertificateError:
            return Outcome(None, "its certificate cannot be trusted; renew it", down=True)
        except aiohttp.ClientConnectorError as error:
            return Outcome(None, _unreached(error.os_error), down=True)
        except (aiohttp.ClientError, ValueError) as error:  # ValueError: an address that cannot be sent
            return Outcome(None, f"the connection broke: {type(error).__name__}", down=True)


def _outcome(answer: aiohttp.ClientResponse) -> Outcome:
    """By its status; the body stays unread, whatever its size."""
    status = answer.status
    if 200 <= status < 300:
        return Outcome(status)
    if 300 <= status < 400:
        return Outcome(
            status, f"answered {status}: it sends on to another address, which is not followed; set that one"
        )
    down = status >= 500 or status in LATER
    return Outcome(status, f"answered {status}", down, _wait(answer.headers.get("Retry-After", "")) if down else None)


def _wait(header: str) -> timedelta | None:
    """Seconds; what is no small number is left out."""
    if not (header.isascii() and header.isdigit() and len(header) < 9):
        return None
    return min(timedelta(seconds=int(header)), LONGEST_WAIT)


def _unreached(error: OSError) -> str:
    # Where a name has several addresses, the errors of all of them are joined into one.
    if isinstance(error, InsideAddress) or "inside this machine's networks" in str(error):
        return "its address lies inside this machine's networks, which is not reached"
    return "it cannot be reached"
