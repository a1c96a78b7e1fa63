"""The stand-in for Mastodon, by plain HTTP and with the real Mastodon.py."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from mastodon import Mastodon

from sandbox.client import SandboxClient
from sandbox.mastodon.state import DEMO_MEMBERS
from sandbox.server import SandboxServer
from tests.sandbox.conftest import Mounted, picture

MEMBER = DEMO_MEMBERS[0]
HEADERS = {"Authorization": f"Bearer {MEMBER.access_token}"}


def post(base: str, text: str, key: str = "", **more: Any) -> httpx.Response:
    headers = HEADERS | ({"Idempotency-Key": key} if key else {})
    return httpx.post(f"{base}/api/v1/statuses", json={"status": text, **more}, headers=headers, trust_env=False)


def upload(base: str, content: bytes, description: str = "") -> httpx.Response:
    how: Any = {"files": {"file": ("a.png", content, "image/png")}, "data": {"description": description}}
    return httpx.post(f"{base}/api/v2/media", headers=HEADERS, trust_env=False, **how)


def test_the_same_key_gives_the_same_status_for_an_hour_and_no_longer(mounted: Mounted) -> None:
    base = f"{mounted.url}/mastodon"
    first = post(base, "Un", "clef").json()
    assert post(base, "Un", "clef").json()["id"] == first["id"]
    assert post(base, "Un").json()["id"] != first["id"]
    mounted.clock.ahead = timedelta(minutes=61)
    assert post(base, "Un", "clef").json()["id"] != first["id"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("é" * 500, 200),
        ("é" * 501, 422),
        ("é" * 476 + " https://exemple.org/" + "a" * 200, 200),  # 476 + 1 + 23
        ("é" * 494 + " @ines@exemple.org", 200),  # 494 + 1 + 5
        ("👨‍👩‍👧‍👦" * 500, 200),  # a family is one
        (" ", 422),
    ],
)
def test_a_text_is_measured_as_mastodon_does(
    server: SandboxServer, sandbox: SandboxClient, text: str, status: int
) -> None:
    assert post(server.mastodon, text).status_code == status


def test_what_is_wrong_is_said_as_mastodon_does(server: SandboxServer, sandbox: SandboxClient) -> None:
    media = [upload(server.mastodon, picture()).json()["id"] for _ in range(5)]
    assert post(server.mastodon, "a", media_ids=media).status_code == 422
    assert post(server.mastodon, "a", media_ids=["42"]).status_code == 422
    assert post(server.mastodon, "a", in_reply_to_id="42").status_code == 404
    assert upload(server.mastodon, b"no picture").status_code == 422
    assert upload(server.mastodon, picture(), "é" * 1501).status_code == 422
    wrong = httpx.get(f"{server.mastodon}/api/v1/accounts/verify_credentials", trust_env=False)
    assert (wrong.status_code, wrong.json()) == (401, {"error": "The access token is invalid"})


def test_a_picture_is_worked_on_when_a_test_wants_it(mounted: Mounted) -> None:
    base = f"{mounted.url}/mastodon"
    fault = {"service": "mastodon", "kind": "processing", "operation": "POST /api/v2/media", "seconds": 60}
    httpx.post(f"{mounted.url}/control/faults", json=fault, trust_env=False)
    answer = upload(base, picture(), "Une affiche")
    address = f"{base}/api/v1/media/{answer.json()['id']}"
    assert (answer.status_code, answer.json()["url"]) == (202, None)
    assert httpx.get(address, headers=HEADERS, trust_env=False).status_code == 206
    assert post(base, "a", media_ids=[answer.json()["id"]]).status_code == 422
    mounted.clock.ahead = timedelta(seconds=61)
    ready = httpx.get(address, headers=HEADERS, trust_env=False)
    assert (ready.status_code, ready.json()["description"]) == (200, "Une affiche")
    assert httpx.get(ready.json()["url"], trust_env=False).headers["content-type"] == "image/png"


async def test_the_real_library_posts_reads_and_deletes(server: SandboxServer, sandbox: SandboxClient) -> None:
    client = Mastodon(access_token=MEMBER.access_token, api_base_url=server.mastodon, ratelimit_method="throw")
    status = client.status_post("Été : « samedi » #Région\n\nhttps://exemple.org/" + "a" * 40)
    assert 'class="invisible">https://</span>' in status.content and 'rel="tag">#<span>Région' in status.content
    me = client.account_verify_credentials()
    assert [each.id for each in client.account_statuses(me.id)] == [status.id]
    client.status_delete(status.id)
    assert client.account_statuses(me.id) == []
    (entry,) = await sandbox.ledger("mastodon")
    assert entry["id"] == str(status.id)
    feed = await sandbox.social("mastodon", MEMBER.username)
    assert [each["deleted"] for each in feed["posts"]] == [True]


async def test_three_hundred_requests_go_in_five_minutes(server: SandboxServer, sandbox: SandboxClient) -> None:
    await sandbox.rates(windows={"mastodon": 2})
    answers = [post(server.mastodon, "a") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
