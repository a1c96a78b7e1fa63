"""What the networks tell of a post, by each one's own protocol to its stand-in."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from networks import REPORTS, bluesky_session, open_network
from networks.base import OutgoingPost
from networks.errors import ChannelRevoked, OutcomeUnknown, RateLimited
from networks.facebook import FacebookPage
from sandbox.bluesky.state import DEMO_ACTORS
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS
from sandbox.facebook.state import DEMO_PAGES
from sandbox.mastodon.state import DEMO_MEMBERS
from sandbox.server import SandboxServer

X, MEMBER, ACTOR, PAGE = DEMO_ACCOUNTS[0], DEMO_MEMBERS[0], DEMO_ACTORS[0], DEMO_PAGES[0]
KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
# network, the request that asks, how many are asked for three posts, what it tells
ASKED = [
    ("x", "GET /2/tweets", 1, {"likes", "reposts", "quotes", "replies", "views"}),
    ("bluesky", "app.bsky.feed.getPosts", 1, {"likes", "reposts", "quotes", "replies"}),  # no views
    ("mastodon", "GET /api/v1/statuses/:id", 3, {"likes", "reposts", "replies"}),  # neither views nor quotes
    ("facebook", "GET /{page}", 3, {"likes", "reposts", "replies"}),  # views need a permission of their own
]
GONE = {"x": "1", "bluesky": f"at://{ACTOR.did}/app.bsky.feed.post/nothing", "mastodon": "1", "facebook": "1_1"}


@pytest.fixture
async def settings(
    sandbox_server: SandboxServer, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, dict[str, str]]]:
    monkeypatch.setattr(bluesky_session, "_SESSIONS", {})
    yield {
        "x": {"base_url": sandbox_server.x} | {key: getattr(X, key) for key in KEYS},
        "mastodon": {"base_url": sandbox_server.mastodon, "access_token": MEMBER.access_token},
        "bluesky": {"base_url": sandbox_server.bluesky, "handle": ACTOR.handle, "app_password": ACTOR.app_password},
        "facebook": {"base_url": sandbox_server.facebook, "page_id": PAGE.id, "access_token": PAGE.access_token},
    }


@pytest.mark.parametrize(("network", "request_", "requests", "told"), ASKED, ids=[case[0] for case in ASKED])
async def test_a_network_tells_the_figures_of_its_posts_and_leaves_out_what_is_gone(
    settings: dict[str, dict[str, str]],
    sandbox: SandboxClient,
    network: str,
    request_: str,
    requests: int,
    told: set[str],
) -> None:
    account: Any = open_network(network, settings[network])
    ids = [(await account.publish(OutgoingPost(str(n), f"Message {n}"))).remote_id for n in range(2)]
    found = await account.figures([*ids, GONE[network]])
    await account.close()
    assert set(found) == set(ids)
    assert all(set(figures) == told and figures["likes"] > 0 for figures in found.values())
    assert len(await sandbox.requests(network, request_)) == requests


@pytest.mark.parametrize("network", REPORTS)
async def test_a_network_that_asks_to_wait_says_so(
    settings: dict[str, dict[str, str]], sandbox: SandboxClient, network: str
) -> None:
    account: Any = open_network(network, settings[network])
    receipt = await account.publish(OutgoingPost("1", "Message"))
    asked = next(case[1] for case in ASKED if case[0] == network)
    await sandbox.fault(network, "rate_limit", asked, seconds=120)
    with pytest.raises(RateLimited):
        await account.figures([receipt.remote_id])
    await account.close()


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"reactions": {"summary": {"total_count": "many"}}}, OutcomeUnknown),  # no number
        ({"error": {"code": 190, "message": "expired"}}, ChannelRevoked),
    ],
)
async def test_what_facebook_says_otherwise_is_one_of_our_few_errors(said: object, problem: type[Exception]) -> None:
    wire = httpx.MockTransport(lambda _: httpx.Response(200, content=json.dumps(said)))
    page = FacebookPage(PAGE.id, "token", "https://graph.example/v23.0", transport=wire)
    with pytest.raises(problem):
        await page.figures(["1_1"])
    await page.close()
