"""HTTP for python-telegram-bot on aiohttp: with many requests in flight many times faster than the library's own httpx."""

import dataclasses
import functools
import json
import ssl
from io import BytesIO
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from networks.pace import Pace

CONNECT = 10.0  # seconds
READ = 20.0  # seconds without a byte of the answer, from the end of the request on
WRITE = 20.0  # seconds
MEDIA_WRITE = 60.0  # seconds; an upload
# Raised before a byte of the request was written: no connection, none that could be trusted, or none free in time.
NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)


class TelegramRequest(BaseRequest):
    """A BaseRequest of python-telegram-bot: its errors are TimedOut and NetworkError, caused by what aiohttp raised.

    Unless that cause is one of NEVER_SENT, Telegram may have got the request. `pace` hears of each message that goes
    out this way, and of each time that Telegram asks to wait. Proxies are those of the environment (HTTPS_PROXY,
    ALL_PROXY, NO_PROXY); certificates are those of httpx, which heeds SSL_CERT_FILE.
    """

    def __init__(self, connections: int, *, pace: Pace | None = None) -> None:
        self._connections = connections
        self._pace = pace
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return READ

    async def initialize(self) -> None:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        if self._session is None:  # a Bot that only sends is not initialized, which would ask for its name
            await self.initialize()
        assert self._session is not None  # noqa: S101 - initialize() opened it
        parameters = request_data.json_parameters if request_data else {}
        files = request_data.multipart_data if request_data else {}
        read, connect = _given(read_timeout, READ), _given(connect_timeout, CONNECT)
        write, pool = _given(write_timeout, MEDIA_WRITE if files else WRITE), _given(pool_timeout, READ)
        host = urlsplit(url)
        if self._pace is not None and is_message(url):
            await self._pace.flood_over()
            self._pace.took(parameters.get("chat_id"))
        try:
            async with self._session.request(
                method,
                url,
                data=_form(parameters, files) if files else _plain(parameters),
                timeout=aiohttp.ClientTimeout(
                    total=None if None in (read, write, connect, pool) else read + write + connect + pool,
                    connect=None if None in (connect, pool) else connect + pool,
                    sock_connect=connect,
                    sock_read=read,
                ),
                proxy=_proxy(host.scheme, host.hostname or ""),
                ssl=_certificates() if host.scheme == "https" else True,
                allow_redirects=False,
            ) as response:
                body = await response.read()
        except TimeoutError as error:  # those of aiohttp are kinds of it
            raise TimedOut from error
        except (aiohttp.ClientError, OSError) as error:
            # Most of aiohttp's sentences hold the address, and the address holds the bot's token.
            said = str(error) if isinstance(error, aiohttp.ClientConnectorError) else type(error).__name__
            raise NetworkError(said) from error
        if self._pace is not None and response.status == 429:
            self._pace.flood(_retry_after(body))
        return response.status, body

    async def call(self, url: str, parameters: dict[str, str]) -> Any:
        """Make a call of the Bot API with parameters that are texts already, and give the result as it came.

        Raises what the library raises. Its own way through `Bot` builds objects of each parameter and of the answer,
        which takes as long as everything else together.
        """
        return await self.post(url, cast(RequestData, _Ready(parameters)))


@dataclasses.dataclass(frozen=True, slots=True)
class _Ready:
    """What is read of a RequestData, without files."""

    json_parameters: dict[str, str]
    multipart_data: dict[str, Any] = dataclasses.field(default_factory=dict)
    contains_files: bool = False


def is_message(url: str) -> bool:
    """Whether a call of the Bot API writes a message, which Telegram counts."""
    operation = url.rpartition("/")[2]
    return operation.startswith(("send", "copyMessage", "forwardMessage")) and operation != "sendChatAction"


def _given(value: Any, default: float) -> Any:
    return default if value is BaseRequest.DEFAULT_NONE else value


def _plain(parameters: dict[str, str]) -> aiohttp.BytesPayload:
    """A payload, and no dict or bytes: aiohttp would look for the kind of payload at each request.

    In JSON, which the Bot API takes as it takes a form, because to write a form takes seven times as long.
    """
    return aiohttp.BytesPayload(json.dumps(parameters).encode(), content_type="application/json")


def _form(parameters: dict[str, str], files: dict[str, Any]) -> aiohttp.FormData:
    form = aiohttp.FormData(parameters, quote_fields=False)  # a file's name stays as it is, accents too
    for field, (name, content, kind) in files.items():
        body = BytesIO(content) if isinstance(content, bytes) else content  # written piece by piece
        form.add_field(field, body, filename=name, content_type=kind)
    return form


def _retry_after(body: bytes) -> float:
    try:
        return float(json.loads(body)["parameters"]["retry_after"])
    except (ValueError, KeyError, TypeError):
        return 0.0


@functools.cache
def _proxy(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for a host."""
    proxies = getproxies()
    return None if proxy_bypass(host) else proxies.get(scheme) or proxies.get("all")


@functools.cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()
