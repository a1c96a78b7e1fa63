"""Calling another program's address: once, nowhere else, not inside, and not for long."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from networks import webhooks
from networks.outside import is_outside
from networks.webhooks import Call, WebhookSender
from tests.networks.odd_server import OddServer, Says

ANYWHERE = WebhookSender(may_reach=lambda address: True)


def call(url: str, body: bytes = b"{}") -> Call:
    return Call(url, {"Content-Type": "application/json", "webhook-id": "a"}, body)


async def test_a_message_arrives_as_it_is_with_its_headers(odd: Callable[..., OddServer]) -> None:
    server = odd({"POST /hook": Says(status=204, body=b"")})
    outcome = await ANYWHERE(call(f"{server.url}/hook?a=1", b'{"a":"\xc3\xa9"}'))
    assert (outcome.status, outcome.trouble, outcome.down) == (204, None, False)
    (asked,) = server.asked
    assert (asked.method, asked.query, asked.body) == ("POST", "a=1", b'{"a":"\xc3\xa9"}')
    assert asked.headers["webhook-id"] == "a" and "cookie" not in asked.headers


@pytest.mark.parametrize(
    ("says", "down", "wait"),
    [
        (Says(status=400), False, None),  # it does not want this message
        (Says(status=404), False, None),
        (Says(status=410), False, None),
        (Says(status=500), True, None),  # it wants none now
        (Says(status=503, headers={"Retry-After": "120"}), True, timedelta(minutes=2)),
        (Says(status=429, headers={"Retry-After": "99999"}), True, timedelta(hours=1)),  # not longer
        (Says(status=429, headers={"Retry-After": "tomorrow"}), True, None),
        (Says(status=408), True, None),
    ],
)
async def test_a_status_says_whether_the_message_or_the_target_is_the_trouble(
    odd: Callable[..., OddServer], says: Says, down: bool, wait: timedelta | None
) -> None:
    outcome = await ANYWHERE(call(f"{odd({'POST /': says}).url}/"))
    assert (outcome.status, outcome.down, outcome.retry_after) == (says.status, down, wait)
    assert str(says.status) in (outcome.trouble or "")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(odd: Callable[..., OddServer], status: int) -> None:
    inside = odd({"POST /": Says(), "GET /": Says()})
    server = odd({"POST /": Says(status=status, headers={"Location": f"{inside.url}/"})})
    outcome = await ANYWHERE(call(f"{server.url}/"))
    assert outcome.status == status and "not followed" in (outcome.trouble or "") and not outcome.down
    assert inside.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f.1"])
async def test_an_address_inside_is_not_reached_however_it_is_written(odd: Callable[..., OddServer], host: str) -> None:
    server = odd({"POST /": Says()})
    outcome = await WebhookSender()(call(f"http://{host}:{server.url.rsplit(':', 1)[1]}/"))
    assert outcome.status is None and outcome.down
    assert server.asked == []


async def test_a_name_that_turns_inside_when_it_is_called_is_not_reached(
    odd: Callable[..., OddServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what the name was when it was checked does not count, the address of the connection does."""
    server = odd({"POST /": Says()})
    port = int(server.url.rsplit(":", 1)[1])
    answers = [("203.0.113.7", port), ("127.0.0.1", port)]

    async def rebinding(self: Any, host: str, port: Any, **more: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", answers.pop(0) if len(answers) > 1 else answers[0])]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", rebinding)
    sender, reached = WebhookSender(), WebhookSender(lambda address: address == "127.0.0.1" or is_outside(address))
    answers.pop(0)  # the check, when it was added, saw the first
    outcome = await sender(call(f"http://hooks.example.org:{port}/"))
    assert outcome.trouble == "its address lies inside this machine's networks, which is not reached"
    assert server.asked == []
    assert (await reached(call(f"http://hooks.example.org:{port}/"))).status == 200  # else it would have been


async def test_of_a_name_with_several_addresses_none_inside_is_reached(
    odd: Callable[..., OddServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = odd({"POST /": Says()})
    port = int(server.url.rsplit(":", 1)[1])

    async def several(self: Any, host: str, port: Any, **more: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("10.0.0.1", "127.0.0.1")]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", several)
    outcome = await WebhookSender()(call(f"http://hooks.example.org:{port}/"))
    assert "inside this machine's networks" in (outcome.trouble or "") and server.asked == []


async def test_a_target_that_is_not_there_or_hangs_up_is_down(odd: Callable[..., OddServer]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def hang_up() -> None:
            with listener.accept()[0] as caller:
                caller.recv(10)

        thread = threading.Thread(target=hang_up)
        thread.start()
        outcome = await ANYWHERE(call(f"http://127.0.0.1:{port}/"))
        thread.join(5)
    assert outcome.down and (outcome.trouble or "").startswith("the connection broke")
    outcome = await ANYWHERE(call(f"http://127.0.0.1:{port}/"))  # closed by now
    assert outcome.down and outcome.trouble == "it cannot be reached"


async def test_a_certificate_that_nobody_knows_is_not_trusted(unknown_certificate: str) -> None:
    outcome = await ANYWHERE(call(unknown_certificate))
    assert outcome.down and "certificate" in (outcome.trouble or "")


async def test_a_target_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        outcome = await ANYWHERE(call(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
    assert outcome.down and "no answer within" in (outcome.trouble or "")


async def test_an_answer_without_end_is_not_read() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    sent = 0

    def pour() -> None:
        nonlocal sent
        with listener.accept()[0] as caller, suppress(OSError):  # the sender closes
            caller.recv(10_000)
            caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
            while sent < 500_000_000:
                caller.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                sent += 65_536

    thread = threading.Thread(target=pour)
    thread.start()
    outcome = await ANYWHERE(call(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
    thread.join(30)
    listener.close()
    assert (outcome.status, outcome.trouble) == (200, None)
    assert sent < 50_000_000


@pytest.mark.parametrize("url", ["http://", "https://exa mple.org/", "http://[::1", "ftp://example.org/", "nonsense"])
async def test_what_is_no_address_is_a_trouble_and_no_error(url: str) -> None:
    assert (await ANYWHERE(call(url))).down
