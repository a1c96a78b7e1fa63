"""The Bluesky account and what a server (PDS) is documented, or was seen, to answer."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from networks import bluesky_session
from networks.base import OutgoingPost
from networks.bluesky import BlueskyAccount, record_key
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from sandbox.bluesky import tokens
from tests.networks.odd_server import Asked, OddServer, Says, Script

Odd = Callable[[Script], OddServer]
Open = Callable[..., BlueskyAccount]
DID = "did:plc:campagne000000000000000a"
LOGIN, REFRESH = "POST /xrpc/com.atproto.server.createSession", "POST /xrpc/com.atproto.server.refreshSession"
WHO, GET = "GET /xrpc/com.atproto.server.getSession", "GET /xrpc/com.atproto.repo.getRecord"
PUT = "POST /xrpc/com.atproto.repo.putRecord"
NOW = datetime.now(UTC).timestamp()
PLAIN = OutgoingPost("1", "Bonjour")
CID = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"


def session(jti: str = "1", **more: Any) -> Says:
    pair = {
        name: tokens.sign(DID, scope, NOW, jti)
        for name, scope in (("accessJwt", tokens.ACCESS), ("refreshJwt", tokens.REFRESH))
    }
    return Says({"did": DID, "handle": "campagne.test"} | pair | more)


def error(name: str, said: str, status: int = 400, **headers: str) -> Says:
    return Says({"error": name, "message": said}, status, {k.replace("_", "-"): v for k, v in headers.items()})


def put(asked: Asked) -> Says:
    return Says({"uri": f"at://{DID}/app.bsky.feed.post/{record_key('1', 0)}", "cid": CID})


ABSENT = error("RecordNotFound", "Could not locate record")
WHOLE: Script = {LOGIN: session(), REFRESH: session("2"), GET: ABSENT, PUT: put}


@pytest.fixture
async def open_account(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    monkeypatch.setattr(bluesky_session, "_SESSIONS", {})
    opened: list[BlueskyAccount] = []

    def open_one(server: OddServer, path: str = "") -> BlueskyAccount:
        opened.append(BlueskyAccount("campagne.test", "abcd-efgh-ijkl-mnop", server.url + path))
        return opened[-1]

    yield open_one
    for each in opened:
        await each.close()


@pytest.mark.parametrize("path", ["", "/", "/xrpc", "/xrpc/"])
async def test_the_address_may_be_written_with_a_slash_or_with_xrpc(odd: Odd, open_account: Open, path: str) -> None:
    receipt = await open_account(odd(WHOLE), path).publish(PLAIN)
    assert receipt.remote_id.startswith(f"at://{DID}/app.bsky.feed.post/")


async def test_calls_go_to_the_server_that_the_login_names(odd: Odd, open_account: Open) -> None:
    """bsky.social lets in; the account lives on another host."""
    home = odd(WHOLE)
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": home.url}
    document = {"id": DID, "service": [service], "alsoKnownAs": ["at://campagne.test"], "verificationMethod": []}
    entry = odd({LOGIN: session(didDoc=document)})
    await open_account(entry).publish(PLAIN)
    assert [str(each) for each in entry.asked] == [LOGIN]
    assert [str(each) for each in home.asked] == [GET, PUT]


async def test_the_record_is_whole_and_goes_out_as_json(odd: Odd, open_account: Open) -> None:
    server = odd(WHOLE)
    await open_account(server).publish(PLAIN)
    sent = server.asked[-1]
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["authorization"].startswith("Bearer ")
    for part in (
        b'"$type":"app.bsky.feed.post"',
        b'"collection":"app.bsky.feed.post"',
        b'"langs":["fr"]',
        b'"createdAt":"20',
    ):
        assert part in sent.body.replace(b": ", b":")


async def test_another_installations_post_of_the_same_number_has_another_record(odd: Odd, open_account: Open) -> None:
    server = odd(WHOLE)
    for moment in (None, datetime(2026, 12, 1, 8, 0, 0, 1, UTC), datetime(2026, 12, 1, 8, 0, 0, 2, UTC)):
        await open_account(server).publish(OutgoingPost("1", "Bonjour", written_at=moment))
    assert len({each.query for each in server.asked if str(each) == GET}) == 3


@pytest.mark.parametrize(
    "stale",
    [
        error("ExpiredToken", "Token has expired"),  # as the reference server says it
        error("ExpiredToken", "Token has expired", 401),
        error("InvalidToken", "Token could not be verified"),
    ],
)
async def test_a_session_that_ended_is_refreshed_with_the_refresh_token(
    odd: Odd, open_account: Open, stale: Says
) -> None:
    server = odd(WHOLE | {GET: [stale, ABSENT]})
    await open_account(server).publish(PLAIN)
    refresh = next(each for each in server.asked if str(each) == REFRESH)
    assert refresh.headers["authorization"] == f"Bearer {session().body['refreshJwt']}"
    assert [str(each) for each in server.asked] == [LOGIN, GET, REFRESH, GET, PUT]


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        (error("AuthenticationRequired", "Invalid identifier or password", 401), ChannelRevoked, "app password"),
        (error("AuthFactorTokenRequired", "A sign in code has been sent", 401), ChannelRevoked, "asks for no code"),
        (error("AccountTakedown", "Account has been taken down", 401), ChannelRevoked, "taken down"),
        (error("InvalidRequest", "Input must have the property “identifier”"), ChannelRevoked, "could not log in"),
        (error("RateLimitExceeded", "Rate Limit Exceeded", 429, Retry_After="40"), RateLimited, "rate window"),
        (Says(b"<html>", 502), NetworkDown, "502"),
        (Says(b"<html>", 200, {"Content-Type": "text/html"}), NetworkDown, "cannot be read"),
        (Says({"did": DID}), NetworkDown, "cannot be read"),
        (Says(b"", 404), ChannelRevoked, "could not log in"),  # no such server: base_url
    ],
)  # fmt: skip
async def test_a_login_that_fails_publishes_nothing_and_says_what_to_do(
    odd: Odd, open_account: Open, answer: Says, expected: type[Exception], said: str
) -> None:
    server = odd(WHOLE | {LOGIN: answer})
    with pytest.raises(expected, match=said):
        await open_account(server).publish(PLAIN)
    assert PUT not in [str(each) for each in server.asked]


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        (error("AccountDeactivated", "Account is deactivated", 401), ChannelRevoked, "opened again"),
        (error("AccountTakedown", "Account has been taken down", 400), ChannelRevoked, "opened again"),
        (error("InvalidRequest", "Invalid app.bsky.feed.post record: …"), PostRejected, "Invalid app.bsky"),
        (error("InvalidSwap", "Record was at bafy…"), PostRejected, "Record was"),
        (Says(b"", 413), PostRejected, "413"),
        (error("InternalServerError", "Internal Server Error", 500), OutcomeUnknown, "500"),
        (error("UpstreamFailure", "fetch failed", 502), OutcomeUnknown, "502"),
        (Says(b"<html>", 503, {"Retry-After": "60"}), OutcomeUnknown, "503"),
        (Says(b"", 408), OutcomeUnknown, "408"),
        (Says({"uri": "at://x"}), OutcomeUnknown, "cannot be read"),
        (Says(b'{"uri": "at:', 200, {"Content-Length": "99"}), OutcomeUnknown, "broke"),
    ],
)
async def test_each_answer_leads_to_the_right_action(
    odd: Odd, open_account: Open, answer: Says, expected: type[Exception], said: str
) -> None:
    with pytest.raises(expected, match=said):
        await open_account(odd(WHOLE | {PUT: answer})).publish(PLAIN)


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"ratelimit_reset": "60"}, 60), ({"Retry_After": "40"}, 40), ({}, 300)]
)
async def test_a_full_window_is_waited_for_as_the_server_says_it(
    odd: Odd, open_account: Open, headers: dict[str, str], seconds: int
) -> None:
    server = odd(WHOLE | {PUT: error("RateLimitExceeded", "Rate Limit Exceeded", 429, **headers)})
    with pytest.raises(RateLimited) as limited:
        await open_account(server).publish(PLAIN)
    assert limited.value.retry_after == timedelta(seconds=seconds)


async def test_an_account_that_is_not_active_is_named_when_it_is_checked(odd: Odd, open_account: Open) -> None:
    gone = Says({"did": DID, "handle": "campagne.test", "active": False, "status": "deactivated"})
    with pytest.raises(ChannelRevoked, match="is deactivated"):
        await open_account(odd(WHOLE | {WHO: gone})).check()
    here = Says({"did": DID, "handle": "campagne.test"})  # an older server says neither
    assert await open_account(odd(WHOLE | {WHO: here})).check() == "@campagne.test"
