"""Servers that say nothing useful, network by network: what may be out is unknown, and the sentence says where to look."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from networks import bluesky_session
from networks.base import Network, OutgoingPost
from networks.bluesky import BlueskyAccount
from networks.errors import OutcomeUnknown
from networks.facebook import FacebookPage
from networks.mastodon import MastodonAccount
from networks.telegram import TelegramChannel
from networks.x import XAccount
from tests.networks import test_bluesky_servers as bluesky_says
from tests.networks.odd_server import Asked, OddServer, Says, Script

Odd = Callable[[Script], OddServer]
POST = OutgoingPost("1", "Bonjour")
# Where each network takes a post, what it says before that, and how its channel is opened.
NETWORKS: dict[str, tuple[str, Script, Callable[[str], Network]]] = {
    "telegram": ("POST /bot42:secret/sendMessage", {}, lambda url: TelegramChannel("-1001", "42:secret", url)),
    "x": ("POST /2/tweets", {}, lambda url: XAccount("a", "b", "c", "d", base_url=url)),
    "mastodon": ("POST /api/v1/statuses", {}, lambda url: MastodonAccount(url, "secret")),
    "bluesky": (
        bluesky_says.PUT,
        dict(bluesky_says.WHOLE),
        lambda url: BlueskyAccount("campagne.test", "abcd-efgh-ijkl-mnop", url),
    ),
    "facebook": ("POST /1/feed", {}, lambda url: FacebookPage("1", "secret", url)),
}


@pytest.fixture(params=NETWORKS)
async def published(
    request: pytest.FixtureRequest, odd: Odd, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[Says], Any]]:
    """Publishes on a server that takes the post and then answers as it is told; gives the error, and how often it had it."""
    monkeypatch.setattr(bluesky_session, "_SESSIONS", {})
    where, before, open_channel = NETWORKS[request.param]
    opened: list[Network] = []

    async def publish(answer: Says) -> tuple[OutcomeUnknown, int]:
        taken: list[Asked] = []

        def take(asked: Asked) -> Says:
            taken.append(asked)
            return answer

        network = open_channel(odd(before | {where: take}).url)
        opened.append(network)
        with pytest.raises(OutcomeUnknown) as unknown:
            await network.publish(POST)
        return unknown.value, len(taken)

    yield publish
    for network in opened:
        await network.close()


async def test_an_instance_that_answers_html_leaves_the_outcome_unknown_and_says_where_to_look(published) -> None:
    problem, times = await published(Says(b"<html><body>Bienvenue</body></html>", 200, {"Content-Type": "text/html"}))
    assert times == 1 and "look at the" in str(problem)


@pytest.mark.parametrize("garbage", [b"", b"{", b"\xff\x00\xfe", b'"yes"', b"[1, 2]", b"null"])
async def test_a_200_with_garbage_leaves_the_outcome_unknown_and_says_where_to_look(published, garbage: bytes) -> None:
    problem, times = await published(Says(garbage, 200))
    assert times == 1 and "look at the" in str(problem)


async def test_a_500_after_accepting_leaves_the_outcome_unknown_and_is_not_sent_again(published) -> None:
    problem, times = await published(Says({"error": "Internal Server Error"}, 500))
    assert times == 1 and "look at the" in str(problem)
