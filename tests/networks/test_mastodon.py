"""The Mastodon account, by the real Mastodon.py over HTTP to the stand-in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from networks.base import OutgoingPost, Picture
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.mastodon import MastodonAccount
from sandbox.client import SandboxClient
from sandbox.mastodon.state import DEMO_MEMBERS
from sandbox.server import SandboxServer
from tests.networks.pictures import picture

MEMBER = DEMO_MEMBERS[0]
POST = "POST /api/v1/statuses"
MEDIA = "POST /api/v2/media"
LONG = "mot " * 120  # 479 characters without its last space
THREAD = OutgoingPost("7", f"Un {LONG}\n---\nDeux {LONG}\n---\nTrois", "https://exemple.fr/fil")


@pytest.fixture
async def account(sandbox_server: SandboxServer, sandbox: SandboxClient) -> AsyncIterator[MastodonAccount]:
    opened = MastodonAccount(sandbox_server.mastodon, MEMBER.access_token)
    opened.poll_interval = 0.0
    yield opened
    await opened.close()


async def ledger(sandbox: SandboxClient) -> list[dict]:
    return await sandbox.ledger(service="mastodon", channel=MEMBER.username)


async def test_check_says_whose_account_it_is(account: MastodonAccount, sandbox_server: SandboxServer) -> None:
    assert await account.check() == f"@{MEMBER.username} ({sandbox_server.mastodon.partition('://')[2]})"


async def test_a_post_goes_out_with_its_link_and_comes_back_with_its_address(
    account: MastodonAccount, sandbox: SandboxClient
) -> None:
    receipt = await account.publish(OutgoingPost("1", "Une région qui « ose » … 🌱", "https://exemple.fr/programme"))
    (entry,) = await ledger(sandbox)
    assert (entry["text"], entry["key"]) == ("Une région qui « ose » … 🌱\n\nhttps://exemple.fr/programme", "1")
    assert receipt.url is not None and receipt.url.endswith(f"/@{MEMBER.username}/{receipt.remote_id}")
    assert receipt.parts == (receipt.remote_id,)


async def test_pictures_go_out_with_their_descriptions(account: MastodonAccount, sandbox: SandboxClient) -> None:
    await account.publish(OutgoingPost("1", "Deux vues", pictures=(picture("Un quai de gare"), picture())))
    (entry,) = await ledger(sandbox)
    assert [(m["kind"], m["alt"]) for m in entry["media"]] == [("photo", "Un quai de gare"), ("photo", None)]


@pytest.mark.parametrize(
    ("focus", "sent"),
    [
        ((50, 50), None),  # the middle is what Mastodon takes by itself
        ((0, 0), "-1.0,1.0"),  # left, top: its vertical axis points up
        ((100, 100), "1.0,-1.0"),
        ((75, 30), "0.5,0.4"),
    ],
)
async def test_a_pictures_focal_point_goes_along_in_the_networks_own_axes(
    account: MastodonAccount, sandbox: SandboxClient, focus: tuple[int, int], sent: str | None
) -> None:
    await account.publish(OutgoingPost("1", "Une vue", pictures=(replace(picture("Un quai"), focus=focus),)))
    (entry,) = await ledger(sandbox)
    assert [(m["alt"], m["focus"]) for m in entry["media"]] == [("Un quai", sent)]


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        ("revoked", ChannelRevoked, "access token"),  # 401
        ("blocked", ChannelRevoked, "not allowed"),  # 403
        ("error_before", OutcomeUnknown, "500"),
        ("error_after", OutcomeUnknown, "500"),  # it is out, and the server said 500
        ("cut_after", OutcomeUnknown, "broke"),
        ("html", OutcomeUnknown, "cannot be read"),  # a proxy's page
        ("garbage", OutcomeUnknown, "without “id”"),
        ("garbage_after", OutcomeUnknown, "without “id”"),
    ],
)
async def test_each_fault_becomes_the_error_that_leads_to_the_right_action(
    account: MastodonAccount, sandbox: SandboxClient, fault: str, expected: type[Exception], said: str
) -> None:
    await sandbox.fault("mastodon", fault, POST)
    with pytest.raises(expected, match=said):
        await account.publish(OutgoingPost("1", "Bonjour"))


@pytest.mark.parametrize("fault", ["error_after", "cut_after", "garbage_after", "error_before"])
async def test_a_repeat_after_an_unknown_outcome_does_not_double(
    account: MastodonAccount, sandbox: SandboxClient, fault: str
) -> None:
    await sandbox.fault("mastodon", fault, POST)
    post = OutgoingPost("42", "Une fois, pas deux", pictures=(picture("Une affiche"),))
    with pytest.raises(OutcomeUnknown):
        await account.publish(post)
    receipt = await account.publish(post)
    (entry,) = await ledger(sandbox)
    assert entry["id"] == receipt.remote_id


async def test_two_posts_with_the_same_text_are_two_posts(account: MastodonAccount, sandbox: SandboxClient) -> None:
    for key in ("1", "2"):
        await account.publish(OutgoingPost(key, "Rappel"))
    assert len(await ledger(sandbox)) == 2


async def test_a_network_that_never_answers_is_unknown(
    account: MastodonAccount, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    account._session.limits = (5, 0.3)
    await sandbox.fault("mastodon", "timeout_after", POST, seconds=5)
    with pytest.raises(OutcomeUnknown, match="did not answer"):
        await account.publish(OutgoingPost("1", "Bonjour"))


async def test_a_full_rate_window_is_waited_for_by_the_servers_own_clock(
    account: MastodonAccount, sandbox: SandboxClient
) -> None:
    await sandbox.rates(windows={"mastodon": 1})
    await account.publish(OutgoingPost("1", "Le premier"))
    with pytest.raises(RateLimited) as limited:
        await account.publish(OutgoingPost("2", "Le second"))
    assert timedelta(minutes=4) < limited.value.retry_after < timedelta(minutes=6)


@pytest.mark.parametrize(
    ("post", "said"),
    [
        (OutgoingPost("1", "a" * 501), "takes 500 characters, the text has 501"),
        (OutgoingPost("1", f"{LONG}\n---\n{'a' * 501}"), "part 2 of the thread has 501"),
        (OutgoingPost("1", "a", pictures=(picture(),) * 5), "takes 4 pictures, the post has 5"),
        (OutgoingPost("1", "a", pictures=(picture("é" * 1501),)), "1500 characters, that of picture 1 has 1501"),
        (OutgoingPost("1", "a", pictures=(Picture(b"BM", "image/bmp"),)), "does not take image/bmp"),
    ],
)
async def test_what_the_server_says_it_does_not_take_is_refused_with_limit_and_value(
    account: MastodonAccount, sandbox: SandboxClient, post: OutgoingPost, said: str
) -> None:
    with pytest.raises(PostRejected, match=said):
        await account.publish(post)
    assert [line["operation"] for line in await sandbox.requests("mastodon")] == ["GET /api/v2/instance"]


async def test_a_picture_that_the_network_refuses_rejects_the_post(
    account: MastodonAccount, sandbox: SandboxClient
) -> None:
    with pytest.raises(PostRejected, match="content type is invalid"):
        await account.publish(OutgoingPost("1", "Avec image", pictures=(Picture(b"no picture", "image/png"),)))
    assert await ledger(sandbox) == []


async def test_a_picture_on_which_the_server_still_works_is_waited_for(
    account: MastodonAccount, sandbox: SandboxClient
) -> None:
    await sandbox.fault("mastodon", "processing", MEDIA, seconds=0.05)
    account.poll_interval, account.polls = 0.02, 100
    await account.publish(OutgoingPost("1", "Avec image", pictures=(picture(),)))
    assert 206 in [line["status"] for line in await sandbox.requests("mastodon", "GET /api/v1/media/:id")]
    assert len(await ledger(sandbox)) == 1


async def test_a_picture_that_is_never_ready_may_be_tried_again_since_nothing_is_public(
    account: MastodonAccount, sandbox: SandboxClient
) -> None:
    await sandbox.fault("mastodon", "processing", MEDIA, seconds=3600)
    account.polls = 3
    with pytest.raises(NetworkDown, match="still works on a picture"):
        await account.publish(OutgoingPost("1", "Avec image", pictures=(picture(),)))
    assert [line["status"] for line in await sandbox.requests("mastodon", "GET /api/v1/media/:id")] == [206] * 3
    assert await ledger(sandbox) == []


@pytest.mark.parametrize("operation", ["GET /api/v2/instance", MEDIA])
async def test_trouble_before_the_post_may_be_tried_again(
    account: MastodonAccount, sandbox: SandboxClient, operation: str
) -> None:
    for fault in ("error_after", "html", "garbage", "cut_after"):
        await sandbox.fault("mastodon", fault, operation)
        with pytest.raises(NetworkDown, match="nothing was published yet"):
            await account.publish(OutgoingPost("1", "Avec image", pictures=(picture(),)))
    assert await ledger(sandbox) == []


async def test_a_thread_is_a_chain_of_replies(account: MastodonAccount, sandbox: SandboxClient) -> None:
    receipt = await account.publish(THREAD)
    entries = await ledger(sandbox)
    assert [entry["id"] for entry in entries] == list(receipt.parts)
    assert [entry["reply_to"] for entry in entries] == [None, *receipt.parts[:-1]]
    assert entries[2]["text"] == "Trois\n\nhttps://exemple.fr/fil"
    assert receipt.url is not None and receipt.url.endswith(receipt.parts[0])


async def test_a_thread_goes_on_behind_the_parts_that_are_out(account: MastodonAccount, sandbox: SandboxClient) -> None:
    first = await account.publish(OutgoingPost("7", THREAD.parts(lambda text: False)[0]))
    await sandbox.fault("mastodon", "rate_limit", POST, seconds=30)
    with pytest.raises(RateLimited) as limited:
        await account.publish(OutgoingPost("7", THREAD.text, THREAD.link, sent_parts=first.parts))
    assert limited.value.sent_parts == first.parts
    rest = OutgoingPost("7", THREAD.text, THREAD.link, sent_parts=limited.value.sent_parts)
    receipt = await account.publish(rest)
    assert [entry["id"] for entry in await ledger(sandbox)] == list(receipt.parts)
    assert len(receipt.parts) == 3


@pytest.mark.parametrize(
    "post",
    [OutgoingPost("7", "Là ? @ines@exemple.org #Région & « ça »\n\n" + "https://exemple.fr/" + "a" * 60), THREAD],
)
async def test_the_network_can_be_asked_whether_a_post_is_there(account: MastodonAccount, post: OutgoingPost) -> None:
    assert await account.find(post) is None
    await account.publish(OutgoingPost("8", "Autre chose"))
    receipt = await account.publish(post)
    assert await account.find(post) == receipt
    assert await account.find(post, datetime.now(UTC) + timedelta(hours=1)) is None


async def test_a_picture_without_text_is_for_a_human_to_recognise(account: MastodonAccount) -> None:
    await account.publish(OutgoingPost("5", "", pictures=(picture(),)))
    with pytest.raises(OutcomeUnknown, match="without text"):
        await account.find(OutgoingPost("6", "", pictures=(picture(),)))


async def test_a_thread_of_which_a_part_is_there_is_for_a_human(account: MastodonAccount) -> None:
    await account.publish(OutgoingPost("9", THREAD.parts(lambda text: False)[0]))
    with pytest.raises(OutcomeUnknown, match="1 of 3 parts") as unknown:
        await account.find(THREAD)
    assert len(unknown.value.sent_parts) == 1


async def test_wrong_tokens_are_named(sandbox_server: SandboxServer, sandbox: SandboxClient) -> None:
    wrong = MastodonAccount(sandbox_server.mastodon, "wrong")
    with pytest.raises(ChannelRevoked, match="refuses the access token"):
        await wrong.check()
    await wrong.close()


async def test_a_host_that_nobody_listens_on_is_down_not_unknown() -> None:
    away = MastodonAccount("http://127.0.0.1:9", "token")
    with pytest.raises(NetworkDown, match="could not be reached; look whether"):
        await away.publish(OutgoingPost("1", "Bonjour"))
    await away.close()


async def test_a_certificate_error_is_down_and_says_what_to_do(unknown_certificate: str) -> None:
    away = MastodonAccount(unknown_certificate, "token")
    with pytest.raises(NetworkDown, match=r"certificate.*base_url"):
        await away.publish(OutgoingPost("1", "Bonjour"))
    await away.close()
