"""The stand-in for Bluesky, by plain HTTP: what a PDS checks."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.bluesky.state import DEMO_ACTORS
from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from tests.sandbox.conftest import Mounted, picture

ACTOR = DEMO_ACTORS[0]
RKEY = "3lbxyz2345abc"
LINK = {"$type": "app.bsky.richtext.facet#link", "uri": "https://exemple.fr"}


class Pds:
    """A PDS and a session on it."""

    def __init__(self, base: str) -> None:
        self.http = httpx.Client(base_url=f"{base}/xrpc/", trust_env=False)
        login = {"identifier": ACTOR.handle, "password": ACTOR.app_password}
        self.session = self.call("com.atproto.server.createSession", login).json()

    def call(self, name: str, body: Any, which: str = "access") -> httpx.Response:
        jwt = self.session[f"{which}Jwt"] if hasattr(self, "session") else ""
        headers = {"Authorization": f"Bearer {jwt}"} if jwt else {}
        if isinstance(body, bytes):
            return self.http.post(name, content=body, headers=headers | {"Content-Type": "image/png"})
        return self.http.post(name, json=body, headers=headers)

    def put(self, record: dict[str, Any], rkey: str = RKEY, name: str = "putRecord") -> httpx.Response:
        value = {"$type": "app.bsky.feed.post", "createdAt": "2026-12-01T08:00:00.000Z"} | record
        body = {"repo": ACTOR.did, "collection": "app.bsky.feed.post", "rkey": rkey, "record": value}
        return self.call(f"com.atproto.repo.{name}", body)


@pytest.fixture
def pds(server: SandboxServer, sandbox: SandboxClient) -> Pds:
    return Pds(server.bluesky)


def facet(start: int, end: int, feature: dict[str, Any] = LINK) -> dict[str, Any]:
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


@pytest.mark.parametrize(
    ("record", "status"),
    [
        ({"text": "é" * 300}, 200),
        ({"text": "é" * 301}, 400),
        ({"text": "👨‍👩‍👧‍👦" * 121}, 400),  # 121 graphemes, 3,025 bytes
        ({}, 400),
        ({"text": "a", "createdAt": "2026-12-01T08:00:00"}, 400),  # no zone
        ({"text": "a", "langs": ["fr"]}, 200),
        ({"text": "a", "langs": ["français"]}, 400),
        ({"text": "é ici", "facets": [facet(3, 6)]}, 200),
        ({"text": "é ici", "facets": [facet(1, 6)]}, 400),  # within a character
        ({"text": "é ici", "facets": [facet(3, 7)]}, 400),  # behind the end
        ({"text": "é ici", "facets": [facet(3, 3)]}, 400),
        ({"text": "#été", "facets": [facet(0, 6, {"$type": "app.bsky.richtext.facet#tag", "tag": "été"})]}, 200),
        ({"text": "#été", "facets": [facet(0, 4, {"$type": "app.bsky.richtext.facet#tag", "tag": "été"})]}, 400),
        ({"text": "a", "embed": {"$type": "app.bsky.embed.images", "images": []}}, 400),
        ({"text": "a", "embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://a.fr"}}}, 400),
        ({"text": "a", "reply": {"root": {"uri": "at://a/b/c", "cid": "x"}, "parent": {}}}, 400),
    ],
)
def test_a_record_is_checked_as_its_lexicon_says(pds: Pds, record: dict[str, Any], status: int) -> None:
    assert pds.put(record).status_code == status


def test_a_picture_is_named_by_its_blob_and_is_small(pds: Pds) -> None:
    blob = pds.call("com.atproto.repo.uploadBlob", picture()).json()["blob"]

    def embed(**image: Any) -> dict[str, Any]:
        return {"text": "a", "embed": {"$type": "app.bsky.embed.images", "images": [{"image": blob, **image}]}}

    assert pds.put(embed(alt="")).status_code == 200
    assert pds.put(embed()).status_code == 400  # alt is required
    assert pds.put(embed(alt="", image={**blob, "size": 7})).status_code == 400
    large = pds.call("com.atproto.repo.uploadBlob", picture() + bytes(1_000_000)).json()["blob"]
    assert pds.put(embed(alt="", image=large)).json()["error"] == "BlobTooLarge"


async def test_a_record_put_again_under_its_key_is_no_second_post(pds: Pds, sandbox: SandboxClient) -> None:
    assert [pds.put({"text": "a"}).status_code for _ in range(2)] == [200, 200]
    assert pds.put({"text": "a"}, name="createRecord").status_code == 400
    assert pds.put({"text": "a"}, rkey="pas-une-tid").status_code == 400
    assert len(await sandbox.ledger("bluesky")) == 1
    query = {"repo": ACTOR.handle, "collection": "app.bsky.feed.post"}
    found = pds.http.get("com.atproto.repo.getRecord", params={**query, "rkey": RKEY}).json()
    assert pds.http.get("com.atproto.repo.listRecords", params=query).json()["records"] == [found]
    pds.call("com.atproto.repo.deleteRecord", {**query, "rkey": RKEY})
    gone = pds.http.get("com.atproto.repo.getRecord", params={**query, "rkey": RKEY})
    assert (gone.status_code, gone.json()["error"]) == (400, "RecordNotFound")
    assert [each["deleted"] for each in (await sandbox.social("bluesky", ACTOR.handle))["posts"]] == [True]


def test_a_session_ends_and_its_refresh_token_is_good_for_one_use(mounted: Mounted) -> None:
    pds = Pds(f"{mounted.url}/bluesky")
    mounted.clock.ahead = timedelta(hours=3)
    assert pds.put({"text": "a"}).json()["error"] == "ExpiredToken"
    fresh = pds.call("com.atproto.server.refreshSession", None, "refresh")
    assert pds.call("com.atproto.server.refreshSession", None, "refresh").json()["error"] == "ExpiredToken"
    pds.session = fresh.json()
    assert pds.put({"text": "a"}).status_code == 200
    assert pds.call("com.atproto.server.refreshSession", None, "access").json()["error"] == "InvalidToken"


def test_thirty_logins_go_in_five_minutes(server: SandboxServer, sandbox: SandboxClient) -> None:
    body = {"identifier": ACTOR.handle, "password": "wrong"}
    with httpx.Client(base_url=f"{server.bluesky}/xrpc/", trust_env=False) as http:
        answers = [http.post("com.atproto.server.createSession", json=body) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]
    assert answers[-1].headers["ratelimit-policy"] == "30;w=300"
