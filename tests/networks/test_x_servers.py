"""The X account and each shape in which X is documented, or known, to answer."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from networks.base import OutgoingPost, Picture
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.x import XAccount
from tests.networks.odd_server import OddServer, Says, Script
from tests.networks.pictures import picture

Odd = Callable[[Script], OddServer]
POST, UPLOAD, METADATA = "POST /2/tweets", "POST /2/media/upload", "POST /2/media/metadata"
STATUS = "GET /2/media/upload"
PLAIN = OutgoingPost("1", "Bonjour")
PICTURED = OutgoingPost("1", "Avec image", pictures=(picture("Un quai"),))
MOVING = OutgoingPost("1", "Avec image", pictures=(Picture(b"GIF89a", "image/gif"),))
OUT = Says({"data": {"id": "1800000000000000042", "text": "Bonjour"}}, 201)
WHOLE = {POST: OUT, METADATA: Says({"data": {"id": "7", "associated_metadata": {}}})}


def account(server: OddServer, path: str = "") -> XAccount:
    return XAccount("a", "b", "c", "d", base_url=server.url + path)


def detail(said: str, title: str = "Forbidden", kind: str = "about:blank") -> dict[str, Any]:
    return {"detail": said, "title": title, "type": kind, "status": 403}


@pytest.mark.parametrize("path", ["", "/", "/2", "/2/", "/proxy", "/proxy/2"])
async def test_the_address_may_be_written_with_its_version_or_below_a_path(odd: Odd, path: str) -> None:
    below = path.rstrip("/").removesuffix("/2")
    server = odd(
        {
            f"POST {below}/2/tweets": OUT,
            f"GET {below}/2/users/me": Says({"data": {"id": "1", "name": "n", "username": "u"}}),
        }
    )
    assert await account(server, path).check() == "@u"
    assert (await account(server, path).publish(PLAIN)).remote_id == "1800000000000000042"


@pytest.mark.parametrize(
    "uploaded",
    [
        {"data": {"id": "7", "media_key": "3_7", "expires_after_secs": 86400, "size": 677}},  # the reference
        {"data": {"id": 7}},
        {"data": {"media_id_string": "7", "media_id": 7}},
        {"id": "7", "media_key": "3_7"},
        {"media_id": 7, "media_id_string": "7"},  # as version 1.1 wrote it
    ],
)
async def test_a_picture_is_known_by_its_id_in_each_shape_of_the_answer(odd: Odd, uploaded: dict[str, Any]) -> None:
    server = odd(WHOLE | {UPLOAD: Says(uploaded)})
    await account(server).publish(PICTURED)
    upload, metadata, post = server.asked
    assert b'name="media_category"\r\n\r\ntweet_image' in upload.body and b'name="media"; filename=' in upload.body
    assert metadata.body == b'{"id": "7", "metadata": {"alt_text": {"text": "Un quai"}}}'
    assert post.body == b'{"media": {"media_ids": ["7"]}, "text": "Avec image"}'
    assert all(each.headers["authorization"].startswith("OAuth ") for each in server.asked)


async def test_a_picture_alone_goes_out_without_a_text(odd: Odd) -> None:
    server = odd(WHOLE | {UPLOAD: Says({"data": {"id": "7"}})})
    await account(server).publish(OutgoingPost("1", "", pictures=(picture(),)))
    assert server.asked[-1].body == b'{"media": {"media_ids": ["7"]}}'


def working(state: str, **more: Any) -> dict[str, Any]:
    return {"data": {"id": "7", "processing_info": {"state": state, "check_after_secs": 0} | more}}


async def test_a_moving_picture_is_waited_for(odd: Odd) -> None:
    looks = [Says(working("in_progress", progress_percent=50)), Says(working("succeeded"))]
    server = odd(WHOLE | {UPLOAD: Says(working("pending")), STATUS: looks})
    await account(server).publish(MOVING)
    asked = [each for each in server.asked if str(each) == STATUS]
    assert [each.query for each in asked] == ["command=STATUS&media_id=7"] * 2
    assert str(server.asked[-1]) == POST


@pytest.mark.parametrize(
    ("uploaded", "expected", "said"),
    [
        (Says(working("failed", error={"message": "InvalidMedia"})), PostRejected, "InvalidMedia"),
        (Says(detail("media type unrecognized.", "Invalid Request"), 400), PostRejected, "unrecognized"),
        (Says(b"", 413), PostRejected, "413"),
        (Says({"errors": [{"message": "over capacity"}]}), NetworkDown, "a picture could not be uploaded"),
        (Says(b"<html>", 503), NetworkDown, "a picture could not be uploaded"),
        (Says([]), NetworkDown, "a picture could not be uploaded"),
    ],
)
async def test_an_upload_that_failed_publishes_nothing(
    odd: Odd, uploaded: Says, expected: type[Exception], said: str
) -> None:
    server = odd(WHOLE | {UPLOAD: uploaded})
    with pytest.raises(expected, match=said):
        await account(server).publish(MOVING)
    assert POST not in [str(each) for each in server.asked]


async def test_a_picture_that_x_works_on_for_ever_may_be_tried_again(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("networks.x.PROCESSING", 0.0)
    with pytest.raises(NetworkDown, match="still works on a picture"):
        await account(odd(WHOLE | {UPLOAD: Says(working("pending"))})).publish(MOVING)


CLIENT = "https://api.twitter.com/2/problems/client-forbidden"


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        (Says(detail("You are not allowed to create a Tweet with duplicate content."), 403), PostRejected, "already has"),
        (Says(detail("You are not allowed to create a Post with duplicate content."), 403), PostRejected, "already has"),
        (Says({"errors": [{"code": 187, "message": "Status is a duplicate."}]}, 403), PostRejected, "already has"),
        (Says(detail("You are not permitted to perform this action."), 403), PostRejected, "not permitted"),
        (Says(detail("You have been blocked from replying."), 403), PostRejected, "blocked"),
        (Says(detail("Your account is suspended"), 403), ChannelRevoked, "suspended"),
        (Says(detail("this account is temporarily locked. Please log in"), 403), ChannelRevoked, "locked"),
        (Says(detail("not configured with the appropriate oauth1 app permissions"), 403), ChannelRevoked, "oauth1"),
        (Says(detail("must use keys from an App that is attached to a Project.", "Client Forbidden", CLIENT), 403), ChannelRevoked, "Project"),
        (Says({"errors": [{"code": 185, "message": "User is over daily status update limit."}]}, 403), RateLimited, "daily"),
        (Says({"title": "CreditsDepleted", "detail": "no credits"}, 402), ChannelRevoked, "credit"),
        (Says({"title": "Unauthorized", "detail": "Unauthorized", "status": 401}, 401), ChannelRevoked, "keys"),
        (Says({"errors": [{"code": 89, "message": "Invalid or expired token."}]}, 401), ChannelRevoked, "expired token"),
        (Says(b"", 401), ChannelRevoked, "keys"),
        (Says({"errors": [{"message": "$.text: too short"}], "title": "Invalid Request"}, 400), PostRejected, "too short"),
        (Says({"errors": {"message": "no list"}, "detail": "said so"}, 400), PostRejected, "said so"),
        (Says(["no"], 400), PostRejected, "400"),
        (Says(b"<html>", 404), PostRejected, "404"),
        (Says(b"<html>Over capacity</html>", 503), OutcomeUnknown, "503"),
        (Says(b"", 408), OutcomeUnknown, "408"),
        (Says(b"", 302, {"Location": "https://x.com/login"}), NetworkDown, "x.com/login"),
        (Says({"data": None, "errors": [{"message": "odd"}]}), OutcomeUnknown, "without the post"),
        (Says({"data": []}), OutcomeUnknown, "without the post"),
        (Says([]), OutcomeUnknown, "cannot be read"),
        (Says(b""), OutcomeUnknown, "cannot be read"),
        (Says(b'{"data": {"id', 201, {"Content-Length": "99"}), OutcomeUnknown, "broke"),
    ],
)  # fmt: skip
async def test_each_answer_leads_to_the_right_action(
    odd: Odd, answer: Says, expected: type[Exception], said: str
) -> None:
    with pytest.raises(expected, match=said):
        await account(odd({POST: answer})).publish(PLAIN)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "600"}, 600),
        ({"x-rate-limit-reset": "600"}, 600),
        # The day's posts are used up, the quarter of an hour's are not.
        ({"x-rate-limit-remaining": "99", "x-rate-limit-reset": "600", "x-user-limit-24hour-remaining": "0", "x-user-limit-24hour-reset": "7200"}, 7200),
        ({"x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": "7200", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "600"}, 7200),
        ({"Retry-After": "45"}, 45),
        ({}, 900),
    ],
)  # fmt: skip
async def test_a_full_window_is_waited_for_whichever_it_is(odd: Odd, headers: dict[str, str], seconds: int) -> None:
    server = odd({POST: Says({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, 429, headers)})
    with pytest.raises(RateLimited) as limited:
        await account(server).publish(PLAIN)
    assert limited.value.retry_after == timedelta(seconds=seconds)


LONG = "mot " * 59 + "fin"
THREAD = OutgoingPost("7", f"Un {LONG}\n---\nDeux {LONG}")


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (Says(detail("You are not permitted to perform this action."), 403), None),  # it stays a single post
        (Says(detail("Your account is suspended"), 403), ChannelRevoked),
        (Says(b"", 429), RateLimited),
        (Says(b"", 500), OutcomeUnknown),
    ],
)
async def test_a_thread_whose_second_part_fails_keeps_its_first(
    odd: Odd, second: Says, expected: type[Exception] | None
) -> None:
    server = odd({POST: [OUT, second]})
    if expected is None:
        receipt = await account(server).publish(THREAD)
        assert receipt.parts == ("1800000000000000042",) and "refused part 2 of 2" in receipt.note
    else:
        with pytest.raises(expected) as raised:
            await account(server).publish(THREAD)
        assert raised.value.sent_parts == ("1800000000000000042",)  # type: ignore[attr-defined]
    assert b'"reply": {"in_reply_to_tweet_id": "1800000000000000042"}' in server.asked[1].body


async def test_a_certificate_error_is_down_and_says_what_to_do(unknown_certificate: str) -> None:
    away = XAccount("a", "b", "c", "d", base_url=unknown_certificate)
    with pytest.raises(NetworkDown, match=r"certificate.*base_url"):
        await away.publish(PLAIN)
    await away.close()


async def test_a_network_that_never_answers_is_unknown(odd: Odd) -> None:
    waits = threading.Event()
    server = odd({POST: lambda asked: (waits.wait(5), OUT)[1]})
    late = account(server)
    late._session.limits = (5, 0.2)
    with pytest.raises(OutcomeUnknown, match="did not answer in time"):
        await late.publish(PLAIN)
    waits.set()
