"""The Telegram channel, by the real python-telegram-bot over HTTP to the stand-in."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from PIL import Image

from networks.base import OutgoingPost, Picture
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.telegram import TelegramChannel
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer

CHANNEL = -1001234567890


def picture(colour: str = "red", alt: str = "") -> Picture:
    out = io.BytesIO()
    Image.new("RGB", (320, 200), colour).save(out, "PNG")
    return Picture(out.getvalue(), "image/png", alt)


@pytest.fixture
async def channel(sandbox_server: SandboxServer, sandbox: SandboxClient) -> AsyncIterator[TelegramChannel]:
    opened = TelegramChannel(str(CHANNEL), DEMO_TOKEN, sandbox_server.url + "/telegram")
    yield opened
    await opened.close()


async def texts(sandbox: SandboxClient) -> list[tuple[str, str | None]]:
    return [(entry["operation"], entry["text"]) for entry in await sandbox.ledger(channel=CHANNEL)]


async def test_check_says_which_chat_it_is(channel: TelegramChannel) -> None:
    assert await channel.check() == "Campagne · canal"


async def test_a_text_goes_out_with_its_link(channel: TelegramChannel, sandbox: SandboxClient) -> None:
    receipt = await channel.publish(OutgoingPost("1", "Bonjour à tous·tes !", "https://exemple.fr/a?b=1&c=2"))
    assert await texts(sandbox) == [("sendMessage", "Bonjour à tous·tes !\n\nhttps://exemple.fr/a?b=1&c=2")]
    assert receipt.url == f"https://t.me/c/1234567890/{receipt.remote_id}"


async def test_what_looks_like_markup_goes_out_as_it_was_written(
    channel: TelegramChannel, sandbox: SandboxClient
) -> None:
    await channel.publish(OutgoingPost("1", "1 < 2 & *gras* _non_ <b>"))
    assert await texts(sandbox) == [("sendMessage", "1 < 2 & *gras* _non_ <b>")]


async def test_a_short_text_goes_under_its_picture(channel: TelegramChannel, sandbox: SandboxClient) -> None:
    await channel.publish(OutgoingPost("1", "Une affiche", pictures=(picture(),)))
    assert await texts(sandbox) == [("sendPhoto", "Une affiche")]


async def test_complaint_6_a_text_too_long_for_a_caption_follows_its_picture(
    channel: TelegramChannel, sandbox: SandboxClient
) -> None:
    """Caption limit 1,024, text limit 4,096: the post is not refused, it becomes two messages."""
    receipt = await channel.publish(OutgoingPost("1", "é" * 1025, pictures=(picture(),)))
    assert [operation for operation, _ in await texts(sandbox)] == ["sendPhoto", "sendMessage"]
    assert len(receipt.parts) == 2


async def test_an_emoji_counts_twice_towards_the_caption(channel: TelegramChannel, sandbox: SandboxClient) -> None:
    await channel.publish(OutgoingPost("1", "🌱" * 513, pictures=(picture(),)))  # 513 emoji are 1,026 UTF-16 units
    assert [operation for operation, _ in await texts(sandbox)] == ["sendPhoto", "sendMessage"]


async def test_several_pictures_go_as_an_album(channel: TelegramChannel, sandbox: SandboxClient) -> None:
    receipt = await channel.publish(
        OutgoingPost("1", "Trois vues", pictures=(picture("red"), picture("green"), picture("blue")))
    )
    entries = await sandbox.ledger(channel=CHANNEL)
    assert [entry["operation"] for entry in entries] == ["sendMediaGroup"] * 3
    assert entries[0]["text"] == "Trois vues"
    assert len(receipt.parts) == 3


async def test_a_retry_goes_on_behind_the_part_that_is_out(channel: TelegramChannel, sandbox: SandboxClient) -> None:
    post = OutgoingPost("1", "x" * 2000, pictures=(picture(),))
    await sandbox.fault("telegram", "rate_limit", "sendMessage", seconds=7)
    with pytest.raises(RateLimited) as limited:
        await channel.publish(post)
    assert limited.value.retry_after == timedelta(seconds=7)
    again = OutgoingPost("1", post.text, pictures=post.pictures, sent_parts=limited.value.sent_parts)
    await channel.publish(again)
    assert [operation for operation, _ in await texts(sandbox)] == ["sendPhoto", "sendMessage"]


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        ("revoked", ChannelRevoked, "PORTEVOIX_BOT_TOKEN"),  # 401
        ("blocked", ChannelRevoked, "administrator"),  # 403: thrown out of the channel
        ("error_before", OutcomeUnknown, "look at the channel"),  # a 500 says nothing of what was done
        ("error_after", OutcomeUnknown, "look at the channel"),
        ("cut_after", OutcomeUnknown, "look at the channel"),
    ],
)
async def test_each_fault_becomes_the_error_that_leads_to_the_right_action(
    channel: TelegramChannel, sandbox: SandboxClient, fault: str, expected: type[Exception], said: str
) -> None:
    await sandbox.fault("telegram", fault, "sendMessage")
    with pytest.raises(expected, match=said):
        await channel.publish(OutgoingPost("1", "Bonjour"))


async def test_complaint_17_a_group_that_became_a_supergroup_is_followed_at_once_and_its_number_told(
    sandbox_server: SandboxServer, sandbox: SandboxClient, channel: TelegramChannel
) -> None:
    old = await sandbox.channel("Groupe", type="group")
    await sandbox.change_channel(old, migrated_to=CHANNEL)
    group = TelegramChannel(str(old), DEMO_TOKEN, sandbox_server.url + "/telegram")
    for number in (1, 2):
        receipt = await group.publish(OutgoingPost(str(number), f"Numéro {number}"))
        assert receipt.url == f"https://t.me/c/1234567890/{receipt.remote_id}"
        assert receipt.settings == {"chat_id": str(CHANNEL)}
    await group.close()
    assert await texts(sandbox) == [("sendMessage", "Numéro 1"), ("sendMessage", "Numéro 2")]
    assert [line["status"] for line in await sandbox.requests("telegram", "sendMessage")] == [400, 200, 200]


@pytest.mark.parametrize("chat_id", ["@personne", "-100999"])
async def test_a_chat_that_is_not_there_is_the_channels_matter_and_not_the_posts(
    sandbox_server: SandboxServer, sandbox: SandboxClient, chat_id: str
) -> None:
    lost = TelegramChannel(chat_id, DEMO_TOKEN, sandbox_server.url + "/telegram")
    with pytest.raises(ChannelRevoked, match="chat_id"):
        await lost.publish(OutgoingPost("1", "Bonjour"))
    await lost.close()


async def test_a_bot_that_is_no_administrator_any_more_rests_the_channel(
    channel: TelegramChannel, sandbox: SandboxClient
) -> None:
    await sandbox.change_channel(CHANNEL, admin=False)
    with pytest.raises(ChannelRevoked, match="administrator"):
        await channel.publish(OutgoingPost("1", "Bonjour"))


async def test_a_text_that_telegram_refuses_is_rejected_with_its_words(channel: TelegramChannel) -> None:
    with pytest.raises(PostRejected, match="Message is too long"):
        await channel.publish(OutgoingPost("1", "x" * 4097))


async def test_a_host_that_nobody_listens_on_is_down_not_unknown() -> None:
    channel = TelegramChannel("@canal", DEMO_TOKEN, "http://127.0.0.1:9")
    with pytest.raises(NetworkDown, match="could not be reached"):
        await channel.publish(OutgoingPost("1", "Bonjour"))
    await channel.close()


def test_a_channel_without_a_token_says_what_to_set() -> None:
    with pytest.raises(ChannelRevoked, match="PORTEVOIX_BOT_TOKEN"):
        TelegramChannel("@canal")
