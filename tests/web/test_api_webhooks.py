"""Webhooks over the API: an admin's programs only, a secret that is shown once, and a test message."""

from typing import Any

import httpx
import pytest
from sqlmodel import select

from campaigns import webhooks
from campaigns.models import KeptAnswer, MessageState, WebhookMessage, WebhookTarget
from campaigns.webhook_secrets import secret_of
from networks.webhooks import WebhookSender
from tests.networks.odd_server import OddServer, Says
from tests.web.api_world import API, admin_token, bearer, token
from tests.web.conftest import VAULT

URL = "https://hooks.example.org/porte-voix"


@pytest.fixture
async def client(world: Any, visit: Any) -> Any:
    """An admin's program; of this machine, test messages reach it."""
    app = world.app(send_webhook=WebhookSender(may_reach=lambda address: True))
    async with visit(app, **bearer(await admin_token(world))) as opened:
        yield opened


async def test_a_target_is_added_read_and_removed_and_its_secret_is_shown_once(
    world: Any, client: httpx.AsyncClient
) -> None:
    answer = await client.post(f"{API}/webhooks", json={"url": URL, "occasions": ["failed", "published"]})
    made = answer.json()
    assert answer.status_code == 201 and made["secret"].startswith("whsec_")
    assert (made["occasions"], made["waiting"], made["trouble"]) == (["published", "failed"], 0, None)
    shown = await client.get(answer.headers["location"])
    assert shown.json() == {name: value for name, value in made.items() if name != "secret"}
    assert made["secret"] not in (await client.get(f"{API}/webhooks")).text
    assert (await client.delete(answer.headers["location"])).status_code == 204
    assert (await client.get(answer.headers["location"])).status_code == 404


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://10.0.0.8/", "http://example.org/", "https://localhost/"]
)
async def test_an_address_inside_is_refused(world: Any, client: httpx.AsyncClient, url: str) -> None:
    answer = await client.post(f"{API}/webhooks", json={"url": url, "occasions": ["failed"]})
    assert answer.status_code == 422 and answer.json()["detail"].startswith("“")


async def test_an_editors_program_neither_adds_nor_sees_any(world: Any, visit: Any) -> None:
    async with visit(**bearer(await token(world))) as editor:
        assert (await editor.get(f"{API}/webhooks")).status_code == 403
        answer = await editor.post(f"{API}/webhooks", json={"url": URL, "occasions": ["failed"]})
        assert answer.status_code == 403


async def _add(world: Any, url: str) -> WebhookTarget:
    async with world.database.write() as session:
        target, _ = await webhooks.add_target(
            session, world.orne.id, url, ["failed"], world.clock(), check=lambda url: None
        )
        return target


async def test_a_test_message_says_what_came_of_it_and_lets_what_waits_go_on(
    world: Any, client: httpx.AsyncClient
) -> None:
    server = OddServer({"POST /hook": [Says(status=500), Says()]})
    try:
        target = await _add(world, f"{server.url}/hook")
        async with world.database.write() as session:
            row = await session.get_one(WebhookTarget, target.id)
            row.failures, row.not_before, row.trouble = 3, world.clock(), "answered 500"
        address = f"{API}/webhooks/{target.id}/test"
        assert (await client.post(address)).json() == {"taken": False, "status": 500, "trouble": "answered 500"}
        assert (await client.get(f"{API}/webhooks/{target.id}")).json()["failures"] == 3
        assert (await client.post(address)).json() == {"taken": True, "status": 200, "trouble": None}
        assert (await client.get(f"{API}/webhooks/{target.id}")).json()["failures"] == 0
    finally:
        server.close()
    last = server.asked[-1]
    assert last.headers["webhook-id"].startswith("test_") and b'"type":"test"' in last.body
    at = world.clock()
    assert last.headers["webhook-signature"] == webhooks.signature(
        secret_of(VAULT, target), last.headers["webhook-id"], at, last.body.decode()
    )


async def test_without_saying_so_a_test_message_does_not_reach_this_machine(world: Any, visit: Any) -> None:
    server = OddServer({"POST /hook": Says()})
    try:
        target = await _add(world, f"{server.url}/hook")
        async with visit(**bearer(await admin_token(world))) as client:
            tried = (await client.post(f"{API}/webhooks/{target.id}/test")).json()
    finally:
        server.close()
    assert tried["taken"] is False and "inside this machine's networks" in tried["trouble"]
    assert server.asked == []


async def test_messages_are_shown_and_what_was_given_up_goes_out_once_more(
    world: Any, client: httpx.AsyncClient
) -> None:
    target = await _add(world, URL)
    async with world.database.write() as session:
        for i in range(3):
            state = MessageState.given_up if i else MessageState.delivered
            session.add(
                WebhookMessage(
                    target_id=target.id, event=f"e{i}", body="{}", state=state, happened_at=world.clock(), trouble="no"
                )
            )
    page = (await client.get(f"{API}/webhooks/{target.id}/messages", params={"limit": 2})).json()
    rest = (await client.get(f"{API}/webhooks/{target.id}/messages", params={"cursor": page["next"]})).json()
    assert [each["event"] for each in page["items"] + rest["items"]] == ["e2", "e1", "e0"]
    assert (await client.get(f"{API}/webhooks/{target.id}")).json()["given_up"] == 2
    assert (await client.post(f"{API}/webhooks/{target.id}/retry")).json() == {"retried": 2}
    async with world.database.read() as session:
        rows = await session.scalars(select(WebhookMessage).order_by(WebhookMessage.id))
        assert [row.state for row in rows] == ["delivered", "queued", "queued"]


async def test_no_secret_stands_in_the_store_and_a_repeated_key_is_answered_with_it_all_the_same(
    world: Any, client: httpx.AsyncClient
) -> None:
    asked = {"json": {"url": URL, "occasions": ["failed"]}, "headers": {"Idempotency-Key": "a"}}
    secret = (await client.post(f"{API}/webhooks", **asked)).json()["secret"]  # type: ignore[arg-type]
    again = await client.post(f"{API}/webhooks", **asked)  # type: ignore[arg-type]
    assert again.json()["secret"] == secret and again.headers["idempotency-replayed"] == "true"
    async with world.database.write() as session:
        target, kept = (await session.scalars(select(WebhookTarget))).one(), await session.get_one(KeptAnswer, 1)
        assert secret not in target.secret and secret not in kept.body
        kept.body = target.secret  # as if another key had locked it
    refused = await client.post(f"{API}/webhooks", **asked)  # type: ignore[arg-type]
    assert refused.status_code == 422 and "Idempotency-Key" in refused.text
