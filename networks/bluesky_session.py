"""A session on a Bluesky server: made, kept, refreshed, made anew. What goes wrong becomes this project's few errors."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import httpx
from atproto_client import AsyncClient
from atproto_client import exceptions as at
from atproto_client.client.session import Session
from atproto_client.request import AsyncRequest
from atproto_core.exceptions import AtProtocolError

from networks.answers import ANSWER, CONNECT, NEVER_SENT, NO_CERTIFICATE, NOT_REACHED, waiting_time
from networks.errors import ChannelRevoked, NetworkDown, NetworkProblem, OutcomeUnknown, PostRejected, RateLimited

T = TypeVar("T")
TIMEOUT = httpx.Timeout(ANSWER, connect=CONNECT)  # the library's own are 5 seconds
WINDOW = timedelta(minutes=5)  # the server's rate window, when its answer names no end
STALE = frozenset({"ExpiredToken", "InvalidToken"})  # the session ended, not the account's permission
ACCOUNT_ENDED = frozenset({"AccountTakedown", "AccountSuspended", "AccountDeactivated"})
# Sessions outlive the object: a channel is opened for each drain, and createSession is limited to 30 in 5 min, 300 a day.
_SESSIONS: dict[tuple[str, str, str], str] = {}


class BlueskySession:
    """`kept` is the session as a string, a secret; empty until the first call."""

    def __init__(self, base_url: str, handle: str, app_password: str, kept: str = "") -> None:
        self._base_url = base_url.rstrip("/").removesuffix("/xrpc")
        self._handle, self._password = handle, app_password
        self._account = (self._base_url, handle, app_password)
        self.kept = kept or _SESSIONS.get(self._account, "")
        self._request = AsyncRequest(timeout=TIMEOUT)
        self._client: AsyncClient | None = None
        self._logged_in = False  # by this object itself, so that a refusal is no matter of an old session

    @property
    def did(self) -> str:
        """The account's own id, known once there is a session."""
        return str(Session.decode(self.kept).did)

    async def ask(self, call: Callable[[AsyncClient], Awaitable[T]]) -> T:
        """Make a call with a session that holds: a stale one is refreshed, or made anew, once."""
        client = self._client or await self._open()
        try:
            return await call(client)
        except Exception as error:
            if not self._is_stale(error):
                raise _problem(error, self._base_url) from error
        client = await self._renew(client)
        try:
            return await call(client)
        except Exception as error:
            raise _problem(error, self._base_url) from error

    def _is_stale(self, error: Exception) -> bool:
        status, name, _ = _said(error)
        return name in STALE or (status == 401 and not self._logged_in)

    async def _open(self) -> AsyncClient:
        client = AsyncClient(self._base_url, request=self._request)
        try:
            if self.kept:
                await client.login(session_string=self.kept, fetch_bsky_profile=False)
            else:
                await client.login(self._handle, self._password, fetch_bsky_profile=False)
                self._logged_in = True
                self._keep(client)
        except Exception as error:
            self.kept = ""
            raise _login_problem(error, self._base_url) from error
        self._client = client
        return client

    async def _renew(self, client: AsyncClient) -> AsyncClient:
        old = Session.decode(self.kept)
        try:
            new = await client.com.atproto.server.refresh_session(
                headers={"Authorization": f"Bearer {old.refresh_jwt}"}, ignore_session_check=True
            )
            fresh = Session(new.handle, new.did, new.access_jwt, new.refresh_jwt, old.pds_endpoint)
            await client.login(session_string=fresh.encode(), fetch_bsky_profile=False)
        except (at.BadRequestError, at.UnauthorizedError):  # the refresh token has ended too
            self._client, self.kept = None, ""
            _SESSIONS.pop(self._account, None)
            return await self._open()
        except Exception as error:
            raise _login_problem(error, self._base_url) from error
        self._keep(client)
        return client

    def _keep(self, client: AsyncClient) -> None:
        self.kept = _SESSIONS[self._account] = str(client.export_session_string())

    async def close(self) -> None:
        """Give connections back; the session stays."""
        await self._request.close()


def _said(error: Exception) -> tuple[int, str, str]:
    """Status, name and sentence of an answer that is an error; 0 where there was no answer."""
    response = error.response if isinstance(error, at.RequestErrorBase) else None
    content = response.content if response else None
    name = getattr(content, "error", None) or ""
    return (response.status_code if response else 0), name, getattr(content, "message", None) or name


def _login_problem(error: Exception, address: str) -> NetworkProblem:
    """Nothing is public while one logs in; and what is refused there is the channel, not the post."""
    problem = _problem(error, address)
    if isinstance(problem, OutcomeUnknown):
        return NetworkDown(f"could not log in: {problem}")
    return ChannelRevoked(f"could not log in: {problem}") if isinstance(problem, PostRejected) else problem


def _problem(error: Exception, address: str) -> NetworkProblem:
    """What goes wrong, as one of this project's few errors."""
    if isinstance(error, NetworkProblem):
        return error
    status, name, said = _said(error)
    if isinstance(error.__cause__ or error, NEVER_SENT):
        untrusted = "CERTIFICATE" in str(error.__cause__ or error).upper()
        return NetworkDown((NO_CERTIFICATE if untrusted else NOT_REACHED).format(address))
    if name in ACCOUNT_ENDED:
        return ChannelRevoked(f"Bluesky: {said}; look at the account there, and have it opened again")
    if name == "AuthFactorTokenRequired":
        return ChannelRevoked(f"Bluesky: {said}; set an app password, which asks for no code, not the account's own")
    if status in (401, 403):
        return ChannelRevoked(f"Bluesky refuses the account ({said or status}); make a new app password and set it")
    if isinstance(error, at.RateLimitExceededError):
        headers = error.response.headers if error.response else {}
        return RateLimited(
            waiting_time(headers, WINDOW, "ratelimit-reset"), "Bluesky asks to wait until its rate window ends"
        )
    if status == 408 or (status >= 500 and status != 501):  # 501: this server knows no such call
        return OutcomeUnknown(f"{address} answered {status}; look at the account before it is sent again")
    if status:
        return PostRejected(f"Bluesky: {said or 'refused'} ({status})")
    if isinstance(error, at.InvokeTimeoutError):
        return OutcomeUnknown(f"{address} did not answer in time; look at the account")
    if isinstance(error, (httpx.HTTPError, at.NetworkError)):
        return OutcomeUnknown(f"the connection to {address} broke before it answered; look at the account")
    if isinstance(error, (AtProtocolError, ValueError, KeyError, TypeError, AttributeError)):
        return OutcomeUnknown(f"{address} answered in a way that cannot be read; look at the account, and at base_url")
    raise error
