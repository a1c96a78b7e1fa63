"""The X account, by the real tweepy over HTTP to the stand-in, which checks the signature of every request."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from networks.base import OutgoingPost, Picture
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.x import XAccount
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS
from sandbox.server import SandboxServer

NAME = DEMO_ACCOUNTS[0].username


def account(url: str, **changed: str) -> XAccount:
    demo = DEMO_ACCOUNTS[0]
    names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    return XAccount(**{**{name: getattr(demo, name) for name in names}, **changed}, base_url=url)


def picture(alt: str = "") -> Picture:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(out, "JPEG")
    return Picture(out.getvalue(), "image/jpeg", alt)


@pytest.fixture
async def x(sandbox_server: SandboxServer, sandbox: SandboxClient) -> AsyncIterator[XAccount]:
    opened = account(sandbox_server.x)
    yield opened
    await opened.close()


async def test_check_says_whose_account_it_is(x: XAccount) -> None:
    assert await x.check() == f"@{NAME}"


async def test_a_post_goes_out_with_its_link_and_comes_back_with_its_address(
    x: XAccount, sandbox: SandboxClient
) -> None:
    receipt = await x.publish(OutgoingPost("1", "Une région qui « ose » … 🌱", "https://exemple.fr/programme"))
    (entry,) = await sandbox.ledger(service="x", channel=NAME)
    assert entry["text"] == "Une région qui « ose » … 🌱\n\nhttps://exemple.fr/programme"
    assert receipt.url == f"https://x.com/i/status/{receipt.remote_id}"


async def test_pictures_go_out_with_their_descriptions(x: XAccount, sandbox: SandboxClient) -> None:
    await x.publish(OutgoingPost("1", "Deux vues", pictures=(picture("Un quai de gare"), picture())))
    (entry,) = [e for e in await sandbox.ledger(service="x", channel=NAME) if e["media"]]
    assert [(m["kind"], m["alt"]) for m in entry["media"]] == [("photo", "Un quai de gare"), ("photo", None)]


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        ("revoked", ChannelRevoked, "keys"),  # 401
        ("payment", ChannelRevoked, "credit"),  # 402: nothing goes out until somebody pays
        ("error_before", OutcomeUnknown, "500"),
        ("error_after", OutcomeUnknown, "500"),  # it is out, and X said 500
        ("cut_after", OutcomeUnknown, "broke"),
    ],
)
async def test_each_fault_becomes_the_error_that_leads_to_the_right_action(
    x: XAccount, sandbox: SandboxClient, fault: str, expected: type[Exception], said: str
) -> None:
    await sandbox.fault("x", fault, "POST /2/tweets")
    with pytest.raises(expected, match=said):
        await x.publish(OutgoingPost("1", "Bonjour"))


async def test_a_text_that_is_already_there_is_rejected_and_says_to_look(x: XAccount) -> None:
    await x.publish(OutgoingPost("1", "Deux fois la même chose"))
    with pytest.raises(PostRejected, match="already has a post with this text"):
        await x.publish(OutgoingPost("2", "Deux fois la même chose"))


async def test_a_text_over_280_weighted_is_rejected_by_x_itself(x: XAccount) -> None:
    with pytest.raises(PostRejected):
        await x.publish(OutgoingPost("1", "…" * 141))  # weighs 282


async def test_a_full_rate_window_is_waited_for_by_xs_own_clock(x: XAccount, sandbox: SandboxClient) -> None:
    await sandbox.rates(x={"POST /2/tweets": 1})
    await x.publish(OutgoingPost("1", "Le premier"))
    with pytest.raises(RateLimited) as limited:
        await x.publish(OutgoingPost("2", "Le second"))
    assert timedelta(0) < limited.value.retry_after < timedelta(minutes=16)


async def test_a_picture_that_could_not_be_uploaded_may_be_tried_again(x: XAccount, sandbox: SandboxClient) -> None:
    """Nobody sees an upload, so what happened to it does not matter."""
    await sandbox.fault("x", "error_after", "POST /2/media/upload")
    with pytest.raises(NetworkDown, match="picture"):
        await x.publish(OutgoingPost("1", "Avec image", pictures=(picture(),)))
    await x.publish(OutgoingPost("1", "Avec image", pictures=(picture(),)))


LONG = "mot " * 59 + "fin"  # 239 characters
THREAD = OutgoingPost("7", f"Un {LONG}\n---\nDeux {LONG}\n---\nTrois", "https://exemple.fr/fil", (picture(),))


async def test_a_thread_is_a_chain_of_replies(x: XAccount, sandbox: SandboxClient) -> None:
    receipt = await x.publish(THREAD)
    entries = await sandbox.ledger(service="x", channel=NAME)
    assert [entry["id"] for entry in entries] == list(receipt.parts)
    assert [entry["reply_to"] for entry in entries] == [None, *receipt.parts[:-1]]
    assert [len(entry["media"]) for entry in entries] == [1, 0, 0]
    assert (receipt.url, receipt.note) == (f"https://x.com/i/status/{receipt.parts[0]}", "")


async def test_a_thread_of_which_a_part_is_too_long_is_refused_before_a_part_is_out(
    x: XAccount, sandbox: SandboxClient
) -> None:
    with pytest.raises(PostRejected, match="part 2 of the thread has 281"):
        await x.publish(OutgoingPost("1", f"{LONG}\n---\n{'a' * 281}"))
    assert await sandbox.requests("x") == []


async def first_part(x: XAccount) -> tuple[str, ...]:
    return (await x.publish(OutgoingPost("7", f"Un {LONG}"))).parts


async def test_where_x_refuses_a_reply_what_is_out_stays_and_a_note_says_so(
    x: XAccount, sandbox: SandboxClient
) -> None:
    out = await first_part(x)
    await sandbox.fault("x", "blocked", "POST /2/tweets")
    receipt = await x.publish(replace(THREAD, sent_parts=out))
    assert receipt.parts == out
    assert "refused part 2 of 3" in receipt.note


async def test_a_thread_goes_on_behind_the_parts_that_are_out(x: XAccount, sandbox: SandboxClient) -> None:
    await sandbox.rates(x={"POST /2/tweets": 1})
    with pytest.raises(RateLimited) as limited:
        await x.publish(THREAD)
    assert len(limited.value.sent_parts) == 1
    await sandbox.rates(unlimited=True)
    receipt = await x.publish(replace(THREAD, sent_parts=limited.value.sent_parts))
    assert [entry["id"] for entry in await sandbox.ledger(service="x", channel=NAME)] == list(receipt.parts)


@pytest.mark.parametrize(
    "post", [OutgoingPost("6", "R&D : « <3 » https://exemple.fr/ et", "https://exemple.fr/a?b=1&c=2"), THREAD]
)
async def test_the_network_can_be_asked_whether_a_post_is_there(x: XAccount, post: OutgoingPost) -> None:
    assert await x.find(post) is None
    await x.publish(OutgoingPost("8", "Autre chose"))
    receipt = await x.publish(post)
    assert await x.find(post) == receipt
    assert await x.find(post, datetime.now(UTC) + timedelta(hours=1)) is None


async def test_a_picture_without_text_is_for_a_human_to_recognise(x: XAccount) -> None:
    await x.publish(OutgoingPost("5", "", pictures=(picture(),)))
    with pytest.raises(OutcomeUnknown, match="without text"):
        await x.find(OutgoingPost("6", "", pictures=(picture(),)))


async def test_a_thread_of_which_a_part_is_there_is_for_a_human(x: XAccount) -> None:
    out = await first_part(x)
    with pytest.raises(OutcomeUnknown, match="1 of 3 parts") as unknown:
        await x.find(THREAD)
    assert unknown.value.sent_parts == out


async def test_wrong_keys_are_named(sandbox_server: SandboxServer, sandbox: SandboxClient) -> None:
    wrong = account(sandbox_server.x, access_token_secret="wrong")
    with pytest.raises(ChannelRevoked, match="keys"):
        await wrong.check()
    await wrong.close()


async def test_a_host_that_nobody_listens_on_is_down_not_unknown() -> None:
    away = account("http://127.0.0.1:9")
    with pytest.raises(NetworkDown, match="could not be reached"):
        await away.publish(OutgoingPost("1", "Bonjour"))
    await away.close()
