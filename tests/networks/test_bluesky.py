"""The Bluesky account, by the real atproto over HTTP to the stand-in, which checks records as their lexicon says."""

import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from PIL import Image

from networks import bluesky_session
from networks.base import OutgoingPost, Picture
from networks.bluesky import BlueskyAccount, record_key
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from sandbox.bluesky.state import DEMO_ACTORS
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from tests.networks.pictures import heavy, picture

ACTOR = DEMO_ACTORS[0]
PUT, LOGIN, BLOB = "com.atproto.repo.putRecord", "com.atproto.server.createSession", "com.atproto.repo.uploadBlob"
LONG = "mot " * 59 + "fin"  # 239 characters
THREAD = OutgoingPost("7", f"Un {LONG}\n---\nDeux {LONG}\n---\nTrois", "https://exemple.fr/fil")


@pytest.fixture
async def account(
    sandbox_server: SandboxServer, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BlueskyAccount]:
    monkeypatch.setattr(bluesky_session, "_SESSIONS", {})
    opened = BlueskyAccount(ACTOR.handle, ACTOR.app_password, sandbox_server.bluesky)
    yield opened
    await opened.close()


async def ledger(sandbox: SandboxClient) -> list[dict]:
    return await sandbox.ledger(service="bluesky", channel=ACTOR.handle)


async def calls(sandbox: SandboxClient, operation: str) -> list[int]:
    return [line["status"] for line in await sandbox.requests("bluesky", operation)]


def said(entry: dict, facet: dict) -> str:
    index = facet["index"]
    return entry["text"].encode()[index["byteStart"] : index["byteEnd"]].decode()


async def test_check_says_whose_account_it_is(account: BlueskyAccount) -> None:
    assert await account.check() == f"@{ACTOR.handle}"


async def test_a_post_goes_out_and_comes_back_with_its_address(account: BlueskyAccount, sandbox: SandboxClient) -> None:
    receipt = await account.publish(OutgoingPost("1", "Une région qui « ose » … 🌱"))
    (entry,) = await ledger(sandbox)
    assert (entry["text"], entry["langs"]) == ("Une région qui « ose » … 🌱", ["fr"])
    assert receipt.remote_id == entry["id"] == f"at://{ACTOR.did}/app.bsky.feed.post/{record_key('1', 0)}"
    assert receipt.url == f"https://bsky.app/profile/{ACTOR.handle}/post/{record_key('1', 0)}"


async def test_links_mentions_and_hashtags_are_byte_ranges_behind_emoji_and_accents(
    account: BlueskyAccount, sandbox: SandboxClient
) -> None:
    text = "👩🏽‍🌾 À l’été : #LaRégionQuiOse avec @voisine.test et @personne.test !\nhttps://exemple.fr/été?à=1."
    await account.publish(OutgoingPost("1", text))
    (entry,) = await ledger(sandbox)
    tag, mention, link = entry["facets"]
    assert (said(entry, tag), tag["features"][0]["tag"]) == ("#LaRégionQuiOse", "LaRégionQuiOse")
    assert (said(entry, mention), mention["features"][0]["did"]) == ("@voisine.test", DEMO_ACTORS[1].did)
    assert said(entry, link) == link["features"][0]["uri"] == "https://exemple.fr/été?à=1"


async def test_a_link_without_a_picture_becomes_a_card(account: BlueskyAccount, sandbox: SandboxClient) -> None:
    await account.publish(OutgoingPost("1", "Lisez", "https://exemple.fr/programme"))
    await account.publish(OutgoingPost("2", "Regardez", "https://exemple.fr/programme", (picture(),)))
    assert [entry["card"] for entry in await ledger(sandbox)] == ["https://exemple.fr/programme", None]


async def test_small_pictures_go_out_as_they_are_with_their_descriptions(
    account: BlueskyAccount, sandbox: SandboxClient
) -> None:
    first = picture("Un quai de gare")
    await account.publish(OutgoingPost("1", "Deux vues", pictures=(first, picture(colour="teal"))))
    (entry,) = await ledger(sandbox)
    assert [each["alt"] for each in entry["media"]] == ["Un quai de gare", ""]
    assert await sandbox.media(entry["media"][0]["sha256"]) == first.data


async def test_a_large_picture_is_made_smaller(account: BlueskyAccount, sandbox: SandboxClient) -> None:
    large = heavy("Du bruit")
    assert len(large.data) > 1_000_000
    await account.publish(OutgoingPost("1", "Une vue", pictures=(large,)))
    (entry,) = await ledger(sandbox)
    assert entry["media"][0]["size"] <= 1_000_000 and entry["media"][0]["alt"] == "Du bruit"
    with Image.open(io.BytesIO(await sandbox.media(entry["media"][0]["sha256"]))) as shown:
        assert (shown.format, shown.width / shown.height) == ("JPEG", pytest.approx(900 / 700, rel=0.01))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Picture(b"no picture", "text/plain"), "InvalidMimeType|Wrong mimetype"),  # refused by the network
        (Picture(bytes(1_000_001), "image/jpeg"), "cannot be read"),  # too large, and nothing that could be smaller
    ],
)
async def test_a_picture_that_is_refused_rejects_the_post(
    account: BlueskyAccount, sandbox: SandboxClient, wrong: Picture, said: str
) -> None:
    with pytest.raises(PostRejected, match=said):
        await account.publish(OutgoingPost("1", "Avec image", pictures=(wrong,)))
    assert await ledger(sandbox) == []


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        ("revoked", ChannelRevoked, "app password"),  # 401
        ("blocked", ChannelRevoked, "taken down"),  # 403
        ("error_before", OutcomeUnknown, "500"),
        ("error_after", OutcomeUnknown, "500"),  # it is out, and the server said 500
        ("cut_after", OutcomeUnknown, "broke"),
        ("html", OutcomeUnknown, "cannot be read"),
        ("garbage", OutcomeUnknown, "cannot be read"),
        ("garbage_after", OutcomeUnknown, "cannot be read"),
    ],
)
async def test_each_fault_becomes_the_error_that_leads_to_the_right_action(
    account: BlueskyAccount, sandbox: SandboxClient, fault: str, expected: type[Exception], said: str
) -> None:
    await sandbox.fault("bluesky", fault, PUT)
    with pytest.raises(expected, match=said):
        await account.publish(OutgoingPost("1", "Bonjour"))


@pytest.mark.parametrize("fault", ["error_after", "cut_after", "garbage_after", "error_before"])
async def test_a_repeat_after_an_unknown_outcome_does_not_double(
    account: BlueskyAccount, sandbox: SandboxClient, fault: str
) -> None:
    await sandbox.fault("bluesky", fault, PUT)
    post = OutgoingPost("42", "Une fois, pas deux", pictures=(picture("Une affiche"),))
    with pytest.raises(OutcomeUnknown):
        await account.publish(post)
    receipt = await account.publish(post)
    assert await account.publish(post) == receipt
    (entry,) = await ledger(sandbox)
    assert entry["id"] == receipt.remote_id


async def test_two_posts_with_the_same_text_are_two_posts(account: BlueskyAccount, sandbox: SandboxClient) -> None:
    for key in ("1", "2"):
        await account.publish(OutgoingPost(key, "Rappel"))
    assert len(await ledger(sandbox)) == 2


async def test_a_network_that_never_answers_is_unknown(account: BlueskyAccount, sandbox: SandboxClient) -> None:
    await account.check()
    account._session._request._client.timeout = 0.3
    await sandbox.fault("bluesky", "timeout_after", PUT, seconds=5)
    with pytest.raises(OutcomeUnknown, match="did not answer"):
        await account.publish(OutgoingPost("1", "Bonjour"))


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        *(("com.atproto.repo.getRecord", fault) for fault in ("error_before", "html", "garbage")),
        *(
            (operation, fault)
            for operation in (BLOB, LOGIN)
            for fault in ("error_after", "html", "garbage", "cut_after")
        ),
    ],
)
async def test_trouble_before_the_post_may_be_tried_again(
    account: BlueskyAccount, sandbox: SandboxClient, operation: str, fault: str
) -> None:
    await sandbox.fault("bluesky", fault, operation)
    with pytest.raises(NetworkDown):
        await account.publish(OutgoingPost("1", "Avec image", pictures=(picture(),)))
    assert await ledger(sandbox) == []
    await account.publish(OutgoingPost("1", "Avec image", pictures=(picture(),)))


async def test_one_session_serves_many_posts_and_the_next_object(
    account: BlueskyAccount, sandbox: SandboxClient, sandbox_server: SandboxServer
) -> None:
    for key in ("1", "2", "3"):
        await account.publish(OutgoingPost(key, f"Numéro {key}"))
    following = BlueskyAccount(ACTOR.handle, ACTOR.app_password, sandbox_server.bluesky)
    await following.publish(OutgoingPost("4", "Numéro 4"))
    assert following.session == account.session
    await following.close()
    bluesky_session._SESSIONS.clear()
    restored = BlueskyAccount(ACTOR.handle, ACTOR.app_password, sandbox_server.bluesky, account.session)
    await restored.publish(OutgoingPost("5", "Numéro 5"))
    await restored.close()
    assert await calls(sandbox, LOGIN) == [200]


async def test_an_expired_session_is_refreshed_and_the_post_goes_out_once(
    account: BlueskyAccount, sandbox: SandboxClient
) -> None:
    await account.check()
    before = account.session
    await sandbox.fault("bluesky", "expired", PUT)
    await account.publish(OutgoingPost("1", "Bonjour"))
    assert account.session != before
    assert await calls(sandbox, "com.atproto.server.refreshSession") == [200]
    assert await calls(sandbox, LOGIN) == [200]
    assert len(await ledger(sandbox)) == 1


async def test_where_the_refresh_has_ended_too_one_logs_in_anew(
    account: BlueskyAccount, sandbox: SandboxClient
) -> None:
    await account.check()
    await sandbox.fault("bluesky", "expired", PUT)
    await sandbox.fault("bluesky", "expired", "*refreshSession")
    await account.publish(OutgoingPost("1", "Bonjour"))
    assert await calls(sandbox, LOGIN) == [200, 200]
    assert len(await ledger(sandbox)) == 1


async def test_a_kept_session_that_the_server_forgot_is_made_anew(
    sandbox_server: SandboxServer, sandbox: SandboxClient, account: BlueskyAccount
) -> None:
    old = ":::".join((ACTOR.handle, ACTOR.did, "a.b.c", "d.e.f", sandbox_server.bluesky))
    opened = BlueskyAccount(ACTOR.handle, ACTOR.app_password, sandbox_server.bluesky, old)
    await opened.publish(OutgoingPost("1", "Bonjour"))
    await opened.close()
    assert len(await ledger(sandbox)) == 1


async def test_too_many_logins_are_waited_for_by_the_servers_own_clock(
    account: BlueskyAccount, sandbox: SandboxClient
) -> None:
    await sandbox.rates(windows={"bluesky sessions": 0})
    with pytest.raises(RateLimited) as limited:
        await account.publish(OutgoingPost("1", "Bonjour"))
    assert timedelta(minutes=4) < limited.value.retry_after < timedelta(minutes=6)


async def test_a_spent_budget_of_records_is_waited_for(account: BlueskyAccount, sandbox: SandboxClient) -> None:
    await sandbox.rates(windows={"bluesky points": 3})
    await account.publish(OutgoingPost("1", "Le premier"))
    with pytest.raises(RateLimited) as limited:
        await account.publish(OutgoingPost("2", "Le second"))
    assert limited.value.retry_after > timedelta(minutes=59)


@pytest.mark.parametrize(
    ("post", "said"),
    [
        (OutgoingPost("1", "a" * 301), "takes 300 graphemes, the text has 301"),
        (OutgoingPost("1", "👨‍👩‍👧‍👦" * 121), "takes 3000 bytes, the text has 3025"),
        (OutgoingPost("1", f"{LONG}\n---\n{'a' * 301}"), "part 2 of the thread has 301"),
        (OutgoingPost("1", "a", pictures=(picture(),) * 5), "takes 4 pictures, the post has 5"),
    ],
)
async def test_what_bluesky_does_not_take_is_refused_before_anything_is_sent(
    account: BlueskyAccount, sandbox: SandboxClient, post: OutgoingPost, said: str
) -> None:
    with pytest.raises(PostRejected, match=said):
        await account.publish(post)
    assert await sandbox.requests("bluesky") == []


async def test_a_thread_is_a_chain_of_replies(account: BlueskyAccount, sandbox: SandboxClient) -> None:
    receipt = await account.publish(THREAD)
    entries = await ledger(sandbox)
    assert [entry["id"] for entry in entries] == list(receipt.parts)
    assert [entry["reply_to"] for entry in entries] == [None, *receipt.parts[:-1]]
    assert [entry["card"] for entry in entries] == [None, None, THREAD.link]


async def test_a_thread_goes_on_behind_the_parts_that_are_out(account: BlueskyAccount, sandbox: SandboxClient) -> None:
    await sandbox.rates(windows={"bluesky points": 3})
    with pytest.raises(RateLimited) as limited:
        await account.publish(THREAD)
    assert len(limited.value.sent_parts) == 1
    await sandbox.rates(unlimited=True)
    rest = OutgoingPost("7", THREAD.text, THREAD.link, sent_parts=limited.value.sent_parts)
    receipt = await account.publish(rest)
    assert [entry["id"] for entry in await ledger(sandbox)] == list(receipt.parts)
    assert len(receipt.parts) == 3


@pytest.mark.parametrize("post", [OutgoingPost("6", "Là ?"), THREAD])
async def test_the_network_can_be_asked_whether_a_post_is_there(account: BlueskyAccount, post: OutgoingPost) -> None:
    assert await account.find(post) is None
    receipt = await account.publish(post)
    assert await account.find(post) == receipt


async def test_a_thread_of_which_a_part_is_there_is_for_a_human(
    account: BlueskyAccount, sandbox: SandboxClient
) -> None:
    await sandbox.rates(windows={"bluesky points": 3})
    with pytest.raises(RateLimited):
        await account.publish(THREAD)
    with pytest.raises(OutcomeUnknown, match="1 of 3 parts") as unknown:
        await account.find(THREAD)
    assert len(unknown.value.sent_parts) == 1


def test_a_key_gives_a_record_key_of_its_own_that_is_a_tid_of_the_past() -> None:
    keys = [record_key(str(number), part) for number in range(2000) for part in range(2)]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch("[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}", key) for key in keys)
    assert max(keys) < "3mzzzzzzzzzzz" and record_key("1", 0) == record_key("1", 0)


async def test_wrong_passwords_are_named(
    sandbox_server: SandboxServer, sandbox: SandboxClient, account: BlueskyAccount
) -> None:
    wrong = BlueskyAccount(ACTOR.handle, "wrong", sandbox_server.bluesky)
    with pytest.raises(ChannelRevoked, match="app password"):
        await wrong.check()
    await wrong.close()


async def test_a_host_that_nobody_listens_on_is_down_not_unknown() -> None:
    away = BlueskyAccount("nobody.test", "password", "http://127.0.0.1:9")
    with pytest.raises(NetworkDown, match="could not be reached; look whether"):
        await away.publish(OutgoingPost("1", "Bonjour"))
    await away.close()


async def test_a_certificate_error_is_down_and_says_what_to_do(unknown_certificate: str) -> None:
    away = BlueskyAccount("nobody.test", "password", unknown_certificate)
    with pytest.raises(NetworkDown, match=r"certificate.*base_url"):
        await away.publish(OutgoingPost("1", "Bonjour"))
    await away.close()
