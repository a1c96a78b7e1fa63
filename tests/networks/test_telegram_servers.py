"""The Telegram channel and each shape in which a Bot API server, or what stands before it, is documented to answer."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from networks.base import OutgoingPost
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.telegram import TelegramChannel
from tests.networks.odd_server import OddServer, Says, Script
from tests.networks.pictures import picture

Odd = Callable[[Script], OddServer]
Open = Callable[..., TelegramChannel]
TOKEN = "42:secret"
SEND, PHOTO, ALBUM = (f"POST /bot{TOKEN}/{name}" for name in ("sendMessage", "sendPhoto", "sendMediaGroup"))
CHAT = {"id": -1001, "type": "channel", "title": "Canal"}
PLAIN = OutgoingPost("1", "Bonjour")


def message(number: int) -> dict[str, Any]:
    return {"message_id": number, "date": 1_795_600_000, "chat": CHAT, "text": "Bonjour"}


def done(result: Any) -> Says:
    return Says({"ok": True, "result": result})


def refused(code: int, said: str, **parameters: int) -> Says:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": said}
    return Says(body | ({"parameters": parameters} if parameters else {}), code)


@pytest.fixture
async def channel() -> AsyncIterator[Open]:
    opened: list[TelegramChannel] = []

    def open_one(url: str, chat_id: str = "-1001") -> TelegramChannel:
        opened.append(TelegramChannel(chat_id, TOKEN, url))
        return opened[-1]

    yield open_one
    for each in opened:
        await each.close()


@pytest.mark.parametrize("path", ["", "/", "/bot", "/bot/"])
async def test_the_address_may_be_written_with_a_slash_or_with_bot(odd: Odd, channel: Open, path: str) -> None:
    receipt = await channel(odd({SEND: done(message(7))}).url + path).publish(PLAIN)
    assert receipt.remote_id == "7"


async def test_a_long_text_behind_an_album_is_counted_in_utf_16(odd: Odd, channel: Open) -> None:
    server = odd({ALBUM: done([message(1), message(2)]), SEND: done(message(3))})
    post = OutgoingPost("1", "🌱" * 513, pictures=(picture(), picture(colour="teal")))  # 1,026 units
    assert (await channel(server.url).publish(post)).parts == ("1", "2", "3")
    assert [str(each) for each in server.asked] == [ALBUM, SEND]
    await channel(server.url).publish(OutgoingPost("2", "🌱" * 512, pictures=post.pictures))
    assert b"caption" in server.asked[-1].body and str(server.asked[-1]) == ALBUM


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        (refused(429, "Too Many Requests: retry after 7", retry_after=7), RateLimited, "7 s"),
        (refused(401, "Unauthorized"), ChannelRevoked, "PORTEVOIX_BOT_TOKEN"),
        (refused(404, "Not Found"), ChannelRevoked, "PORTEVOIX_BOT_TOKEN"),
        (refused(403, "Forbidden: bot was kicked from the channel chat"), ChannelRevoked, "administrator"),
        (refused(400, "Bad Request: chat not found"), ChannelRevoked, "chat_id"),
        (refused(400, "Bad Request: need administrator rights in the channel chat"), ChannelRevoked, "administrator"),
        (refused(400, "Bad Request: not enough rights to send text messages to the chat"), ChannelRevoked, "rights"),
        (refused(400, "Bad Request: CHAT_WRITE_FORBIDDEN"), ChannelRevoked, "administrator"),
        (refused(400, "Bad Request: message text is empty"), PostRejected, "text is empty"),
        (refused(413, "Request Entity Too Large"), PostRejected, "smaller pictures"),
        (refused(409, "Conflict: terminated by other getUpdates request"), OutcomeUnknown, "look at the channel"),
        (refused(500, "Internal Server Error"), OutcomeUnknown, "look at the channel"),
        (Says(b"<html>Bad Gateway</html>", 502), OutcomeUnknown, "look at the channel"),
        (Says(b"<html>Maintenance</html>"), OutcomeUnknown, "look at the channel"),
        (Says({"surprise": 1}), OutcomeUnknown, "look at the channel"),
        (Says([]), OutcomeUnknown, "look at the channel"),
        (done({}), OutcomeUnknown, "look at the channel"),
        (done(True), OutcomeUnknown, "look at the channel"),
        (Says(b'{"ok": tr', 200, {"Content-Length": "99"}), OutcomeUnknown, "look at the channel"),
    ],
)
async def test_each_answer_leads_to_the_right_action(
    odd: Odd, channel: Open, answer: Says, expected: type[Exception], said: str
) -> None:
    with pytest.raises(expected, match=said) as raised:
        await channel(odd({SEND: answer}).url).publish(PLAIN)
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after == timedelta(seconds=7)


async def test_a_group_that_moved_is_followed_for_pictures_too(odd: Odd, channel: Open) -> None:
    said = "Bad Request: group chat was upgraded to a supergroup chat"
    moved = refused(400, said, migrate_to_chat_id=-1009)
    server = odd({PHOTO: [moved, done(message(7))], SEND: done(message(8))})
    receipt = await channel(server.url, "-5").publish(OutgoingPost("1", "x" * 2000, pictures=(picture(),)))
    assert (receipt.parts, receipt.url) == (("7", "8"), "https://t.me/c/9/7")
    assert "-1009" in receipt.note
    assert [b"-1009" in each.body for each in server.asked] == [False, True, True]


async def test_a_group_that_moves_without_end_is_given_up(odd: Odd, channel: Open) -> None:
    moved = refused(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009)
    with pytest.raises(PostRejected, match="-1009"):
        await channel(odd({SEND: moved}).url, "-5").publish(PLAIN)


async def test_a_certificate_error_is_down_and_says_so(unknown_certificate: str, channel: Open) -> None:
    with pytest.raises(NetworkDown, match="certificate"):
        await channel(unknown_certificate).publish(PLAIN)
