"""The Mastodon account and servers of other makes and ages: what the documentation allows, and what it does not."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from networks.base import OutgoingPost
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.mastodon import MastodonAccount
from tests.networks.odd_server import OddServer, Says, Script
from tests.networks.pictures import picture

Odd = Callable[[Script], OddServer]
V2, V1 = "GET /api/v2/instance", "GET /api/v1/instance"
POST, MEDIA, SHOWN = "POST /api/v1/statuses", "POST /api/v2/media", "GET /api/v1/media/7"
STATUS = {"id": "42", "url": "https://m.example/@a/42", "content": "<p>Bonjour</p>"}
UNREADY = {"id": "7", "type": "image", "url": None}
READY = UNREADY | {"url": "https://m.example/7.jpg"}
PLAIN = OutgoingPost("1", "Bonjour")
PICTURED = OutgoingPost("1", "Avec image", pictures=(picture("Un quai"),))
WHOLE = {V2: Says({"domain": "m.example"}), POST: Says(STATUS)}


def account(server: OddServer, path: str = "") -> MastodonAccount:
    opened = MastodonAccount(server.url + path, "token")
    opened.poll_interval = 0.0
    return opened


def limits(characters: int | str) -> dict[str, Any]:
    return {"configuration": {"statuses": {"max_characters": characters}}}


@pytest.mark.parametrize(
    ("pages", "most"),
    [
        ({V2: Says({"domain": "m.example"} | limits(700))}, 700),
        ({V1: Says({"uri": "m.example"} | limits(700))}, 700),  # before Mastodon 4.0
        ({V1: Says({"uri": "m.example", "max_toot_chars": 700})}, 700),  # servers of other makes
        ({V2: Says({"domain": "m.example"} | limits("700"))}, 700),
        ({V2: Says({"domain": "m.example"} | limits("many"))}, 500),
        ({V2: Says({"domain": "m.example", "configuration": []})}, 500),
        ({V2: Says({"version": "1", "configuration": None})}, 500),
        ({V2: Says({"domain": "m.example", "configuration": {"urls": {}}})}, 500),
        ({}, 500),
        ({V2: Says({"error": "Not Implemented"}, 405), V1: Says({"uri": "m.example"} | limits(700))}, 700),
    ],
)
async def test_the_limits_are_read_wherever_the_server_keeps_them(odd: Odd, pages: Script, most: int) -> None:
    server = odd({POST: Says(STATUS)} | pages)
    await account(server).publish(OutgoingPost("1", "a" * most))
    with pytest.raises(PostRejected, match=f"takes {most} characters"):
        await account(server).publish(OutgoingPost("1", "a" * (most + 1)))


@pytest.mark.parametrize("page", [Says([]), Says(None), Says({"surprise": 1}), Says(b"<html>"), Says({}, 500)])
async def test_a_server_that_is_none_leaves_the_post_for_later(odd: Odd, page: Says) -> None:
    with pytest.raises(NetworkDown, match="nothing was published yet"):
        await account(odd({V2: page, POST: Says(STATUS)})).publish(PLAIN)


@pytest.mark.parametrize(
    ("uploaded", "shown", "looks"),
    [
        (Says(READY), [], 0),
        (Says(READY, 202), [], 0),  # Pleroma: 202 and all is there
        (Says(UNREADY, 202), [Says(UNREADY, 206), Says(READY)], 2),  # Mastodon
        (Says({"id": 7}, 202), [Says({"id": 7, "url": "https://m.example/7"})], 1),  # ids as numbers
        (Says(UNREADY), [Says(UNREADY)], 1),  # done, says the status, and there is no address
    ],
)
async def test_a_picture_is_waited_for_as_long_as_the_server_works_on_it(
    odd: Odd, uploaded: Says, shown: list[Says], looks: int
) -> None:
    server = odd(WHOLE | {MEDIA: uploaded, SHOWN: shown})
    await account(server).publish(PICTURED)
    assert [str(each) for each in server.asked].count(SHOWN) == looks
    assert b"media_ids%5B%5D=7" in server.asked[-1].body


async def test_the_upload_carries_its_kind_and_its_description(odd: Odd) -> None:
    server = odd(WHOLE | {MEDIA: Says(READY)})
    await account(server).publish(PICTURED)
    (upload,) = [each for each in server.asked if str(each) == MEDIA]
    assert upload.headers["content-type"].startswith("multipart/form-data")
    assert b'name="file"' in upload.body and b"Content-Type: image/jpeg" in upload.body
    assert b'name="description"\r\n\r\nUn quai' in upload.body


async def test_the_same_post_carries_the_same_key_and_another_installations_post_another(odd: Odd) -> None:
    server = odd(dict(WHOLE))
    moments = [None, datetime(2026, 12, 1, 8, 0, 0, 1, UTC), datetime(2026, 12, 1, 8, 0, 0, 2, UTC)]
    for moment in moments * 2:
        await account(server).publish(OutgoingPost("7", "Bonjour", written_at=moment))
    keys = [each.headers["idempotency-key"] for each in server.asked if str(each) == POST]
    assert keys[:3] == keys[3:] == ["7", "7-20261201080000000001", "7-20261201080000000002"]


@pytest.mark.parametrize(("language", "sent"), [("fr", b"language=fr"), ("fr-FR", b"language=fr")])
async def test_the_language_goes_out_without_its_region(odd: Odd, language: str, sent: bytes) -> None:
    server = odd(dict(WHOLE))
    await account(server).publish(OutgoingPost("1", "Bonjour", language=language))
    assert sent in server.asked[-1].body.split(b"&")


@pytest.mark.parametrize("path", ["/social", "/social/"])
async def test_a_server_may_live_below_a_path(odd: Odd, path: str) -> None:
    server = odd({"GET /social/api/v1/accounts/verify_credentials": Says({"id": 1, "acct": "campagne"})})
    assert (await account(server, path).check()).startswith("@campagne")


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        (Says({"error": "Validation failed: Text can't be blank"}, 422), PostRejected, "can't be blank"),
        (Says({"error": "Cannot attach files that have not finished processing"}, 422), NetworkDown, "finished"),
        (Says({"error": "This method requires an authenticated user"}, 422), ChannelRevoked, "access token"),
        (Says({"error": "This action is outside the authorized scopes"}, 403), ChannelRevoked, "write:statuses"),
        (Says({"error": "invalid_token", "error_description": "revoked"}, 401), ChannelRevoked, "invalid_token"),
        (Says(b"", 401), ChannelRevoked, "access token"),
        (Says(b"<html>Maintenance</html>", 503, {"Retry-After": "60"}), OutcomeUnknown, "503"),
        (Says(b"", 408), OutcomeUnknown, "408"),
        (Says(b"", 413), PostRejected, "413"),
        (Says(["no"], 422), PostRejected, "422"),
        (Says(b"", 301, {"Location": "https://other.example/api"}), NetworkDown, "other.example"),
        (Says(b'{"id": "4', 200, {"Content-Length": "99"}), OutcomeUnknown, "broke|cannot be read"),  # cut
        (Says(b"no gzip", 200, {"Content-Encoding": "gzip"}), OutcomeUnknown, "broke|cannot be read"),
        (Says(b"", 200), OutcomeUnknown, "cannot be read"),
        (Says({"id": None}, 200), OutcomeUnknown, "id"),
    ],
    ids=lambda each: f"{each.status} {str(each.body)[:30]}" if isinstance(each, Says) else None,
)
async def test_each_answer_leads_to_the_right_action(
    odd: Odd, answer: Says, expected: type[Exception], said: str
) -> None:
    with pytest.raises(expected, match=said):
        await account(odd(WHOLE | {POST: answer})).publish(PLAIN)


@pytest.mark.parametrize(
    "answer",
    [
        Says(STATUS | {"id": 42, "url": None, "emojis": "new"}),  # fields of another kind, or new ones
        Says({"id": "42"}),
        Says(gzip.compress(b'{"id": "42"}'), 200, {"Content-Encoding": "gzip"}),
        Says(STATUS, 202),
        Says(STATUS, headers={"X-RateLimit-Remaining": "299", "X-RateLimit-Reset": "1795600000"}),
    ],
)
async def test_an_answer_that_names_the_status_is_enough(odd: Odd, answer: Says) -> None:
    server = odd(WHOLE | {POST: answer})
    receipt = await account(server).publish(PLAIN)
    assert receipt.remote_id == "42" and receipt.url


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "60"}, 60), ({"X-RateLimit-Reset": "30"}, 30), ({"X-RateLimit-Reset": "soon"}, 300), ({}, 300)],
)
async def test_a_full_window_is_waited_for_as_the_server_says_it(
    odd: Odd, headers: dict[str, str], seconds: int
) -> None:
    server = odd(WHOLE | {POST: Says({"error": "Too many requests"}, 429, headers)})
    with pytest.raises(RateLimited) as limited:
        await account(server).publish(PLAIN)
    assert limited.value.retry_after == timedelta(seconds=seconds)


async def test_a_post_is_found_though_the_server_writes_whole_seconds(odd: Odd) -> None:
    """The attempt began at .7 s, the server calls it .0."""
    began = datetime(2026, 12, 1, 8, 0, 0, 700_000, UTC)
    shown = STATUS | {"id": 42, "created_at": "2026-12-01T08:00:00.000Z"}
    me = "GET /api/v1/accounts/verify_credentials"
    server = odd(WHOLE | {me: Says({"id": 9}), "GET /api/v1/accounts/9/statuses": Says([shown])})
    receipt = await account(server).find(PLAIN, began)
    assert receipt is not None and receipt.remote_id == "42"
    assert await account(server).find(PLAIN, began + timedelta(minutes=5)) is None
