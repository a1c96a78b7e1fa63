"""A post in parts: behind the part that it names, or by itself where that one is gone; and whose sender loses the turn between two."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from networks import bluesky_session
from networks.base import Network, OutgoingPost
from networks.bluesky import BlueskyAccount
from networks.errors import TurnLost
from networks.mastodon import MastodonAccount
from networks.telegram import TelegramChannel
from networks.x import XAccount
from sandbox.bluesky.state import DEMO_ACTORS
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS, DEMO_TOKEN
from sandbox.mastodon.state import DEMO_MEMBERS
from sandbox.server import SandboxServer
from tests.networks.pictures import picture

CHANNEL = -1001234567890
GONE = {
    "telegram": "987654",
    "x": "1234567890123456789",
    "mastodon": "112233445566778899",
    "bluesky": f"at://{DEMO_ACTORS[0].did}/app.bsky.feed.post/3jzfcijpj2z2a",
}
KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


@pytest.fixture(params=list(GONE))
async def network(
    request: pytest.FixtureRequest,
    sandbox_server: SandboxServer,
    sandbox: SandboxClient,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[str, Network]]:
    monkeypatch.setattr(bluesky_session, "_SESSIONS", {})
    account, actor = DEMO_ACCOUNTS[0], DEMO_ACTORS[0]
    opened: dict[str, Any] = {
        "telegram": lambda: TelegramChannel(str(CHANNEL), DEMO_TOKEN, sandbox_server.url + "/telegram"),
        "x": lambda: XAccount(**{key: getattr(account, key) for key in KEYS}, base_url=sandbox_server.x),
        "mastodon": lambda: MastodonAccount(sandbox_server.mastodon, DEMO_MEMBERS[0].access_token),
        "bluesky": lambda: BlueskyAccount(actor.handle, actor.app_password, sandbox_server.bluesky),
    }
    made = opened[request.param]()
    yield request.param, made
    await made.close()


async def parents(sandbox: SandboxClient, name: str) -> list[str | None]:
    return [entry["reply_to"] for entry in await sandbox.ledger(service=name)]


async def test_a_post_goes_behind_the_last_part_of_the_one_before(
    network: tuple[str, Network], sandbox: SandboxClient
) -> None:
    name, opened = network
    first = await opened.publish(OutgoingPost("1", "Nous sommes sur la place"))
    second = await opened.publish(OutgoingPost("2", "La scène", pictures=(picture(),), reply_to=first.parts[-1]))
    await opened.publish(OutgoingPost("3", "Le discours", reply_to=second.parts[-1]))
    assert await parents(sandbox, name) == [None, first.remote_id, second.remote_id]


@pytest.mark.parametrize("network", ["bluesky"], indirect=True)
async def test_a_reply_keeps_the_root_of_its_thread_on_bluesky(
    network: tuple[str, Network], sandbox: SandboxClient
) -> None:
    name, opened = network
    first = await opened.publish(OutgoingPost("1", "Un"))
    second = await opened.publish(OutgoingPost("2", "Deux", reply_to=first.remote_id))
    long = OutgoingPost("3", f"Trois {'mot ' * 60}\n---\nQuatre {'mot ' * 60}", reply_to=second.remote_id)
    await opened.publish(long)
    entries = await sandbox.ledger(service=name)
    assert [entry["root"] for entry in entries] == [None, *[first.remote_id] * 3]
    assert [entry["reply_to"] for entry in entries[2:]] == [second.remote_id, entries[2]["id"]]


async def test_where_the_part_is_gone_the_post_goes_out_by_itself(
    network: tuple[str, Network], sandbox: SandboxClient
) -> None:
    name, opened = network
    await opened.publish(OutgoingPost("1", "Nous voilà", pictures=(picture("Une place"),), reply_to=GONE[name]))
    [entry] = await sandbox.ledger(service=name)
    assert (entry["text"], entry["reply_to"], len(entry["media"])) == ("Nous voilà", None, 1)


async def test_who_loses_the_turn_between_two_parts_sends_no_more_and_says_how_far_it_went(
    network: tuple[str, Network], sandbox: SandboxClient
) -> None:
    """On Telegram a text that is too long for a caption goes behind its picture."""
    name, opened = network
    text = "\n---\n".join(f"{n} " + "mot " * 40 + "fin" for n in range(7))  # X refuses the same text twice
    pictures = (picture(),) if name == "telegram" else ()
    turns = iter([True])
    with pytest.raises(TurnLost) as lost:
        await opened.publish(OutgoingPost("1", text, pictures=pictures, may_go_on=lambda: next(turns, False)))
    assert len(lost.value.sent_parts) == len(await sandbox.ledger(service=name)) == 1
    await opened.publish(OutgoingPost("1", text, pictures=pictures, sent_parts=lost.value.sent_parts))
    shown = [entry["text"] for entry in await sandbox.ledger(service=name)]
    assert len(shown) == (2 if name == "telegram" else 7)
