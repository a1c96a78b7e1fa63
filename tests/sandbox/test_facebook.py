"""The stand-in for the Graph API, as any program would speak to it."""

from typing import Any

import httpx
import pytest

from sandbox.client import SandboxClient
from sandbox.facebook.state import DEMO_PAGES
from sandbox.server import SandboxServer
from tests.sandbox.conftest import picture

PAGE = DEMO_PAGES[0]
BEARER = {"Authorization": f"Bearer {PAGE.access_token}"}


def ask(server: SandboxServer, method: str, path: str, **how: Any) -> httpx.Response:
    return httpx.request(method, f"{server.facebook}/{path}", **{"headers": BEARER, "trust_env": False, **how})


def code(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize("version", ["", "v23.0/", "v99.9/"])
def test_a_page_knows_its_name_with_and_without_a_version(
    server: SandboxServer, sandbox: SandboxClient, version: str
) -> None:
    assert ask(server, "GET", f"{version}{PAGE.id}?fields=name").json() == {"name": PAGE.name, "id": PAGE.id}


@pytest.mark.parametrize(
    "token",
    [{"headers": BEARER}, {"headers": {}, "data": {"access_token": PAGE.access_token, "message": "Bonjour"}}],
)
async def test_the_token_counts_in_the_header_and_in_the_form(
    server: SandboxServer, sandbox: SandboxClient, token: dict[str, Any]
) -> None:
    answer = ask(server, "POST", f"{PAGE.id}/feed", **{"data": {"message": "Bonjour"}, **token})
    assert answer.json()["id"].startswith(f"{PAGE.id}_")
    (entry,) = await sandbox.ledger("facebook", PAGE.id)
    assert entry["text"] == "Bonjour" and entry["id"] == answer.json()["id"]


@pytest.mark.parametrize(
    ("path", "how", "expected"),
    [
        (f"{PAGE.id}/feed", {"headers": {"Authorization": "Bearer wrong"}, "data": {"message": "x"}}, (400, 190)),
        ("42/feed", {"data": {"message": "x"}}, (400, 100)),
        (f"{PAGE.id}/feed", {"data": {"message": ""}}, (400, 100)),
        (f"{PAGE.id}/feed", {"data": {"message": "x", "link": "exemple"}}, (400, 100)),
        (f"{PAGE.id}/feed", {"data": {"message": "x" * 63_207}}, (400, 100)),
        (f"{PAGE.id}/feed", {"data": {"message": "x", "attached_media[0]": '{"media_fbid": "42"}'}}, (400, 100)),
        (f"{PAGE.id}/feed", {"data": {"message": "x", "attached_media[0]": "42"}}, (400, 100)),
        (f"{PAGE.id}/photos", {"data": {"caption": "x"}}, (400, 324)),
        (f"{PAGE.id}/photos", {"files": {"source": ("a.png", b"no picture", "image/png")}}, (400, 324)),
        (f"{PAGE.id}/photos", {"files": {"source": ("a.png", picture() + bytes(4_000_000), "image/png")}}, (400, 100)),
    ],
)
def test_what_facebook_refuses_is_refused_with_its_code(
    server: SandboxServer, sandbox: SandboxClient, path: str, how: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert code(ask(server, "POST", path, **how)) == expected


def test_a_photo_is_attached_once(server: SandboxServer, sandbox: SandboxClient) -> None:
    source = {"source": ("a.png", picture(), "image/png")}
    photo = ask(server, "POST", f"{PAGE.id}/photos", files=source, data={"published": "false"}).json()
    assert list(photo) == ["id"]
    form = {"message": "Une vue", "attached_media[0]": f'{{"media_fbid": "{photo["id"]}"}}'}
    assert ask(server, "POST", f"{PAGE.id}/feed", data=form).status_code == 200
    assert code(ask(server, "POST", f"{PAGE.id}/feed", data=form)) == (400, 100)


def test_the_same_status_twice_is_a_duplicate(server: SandboxServer, sandbox: SandboxClient) -> None:
    assert ask(server, "POST", f"{PAGE.id}/feed", data={"message": "Encore"}).status_code == 200
    assert code(ask(server, "POST", f"{PAGE.id}/feed", data={"message": "Encore"})) == (400, 506)


async def test_a_full_window_says_when_it_opens_again(server: SandboxServer, sandbox: SandboxClient) -> None:
    await sandbox.fault("facebook", "rate_limit", seconds=300)
    answer = ask(server, "POST", f"{PAGE.id}/feed", data={"message": "x"})
    assert code(answer) == (403, 32)
    assert '"estimated_time_to_regain_access": 5' in answer.headers["x-business-use-case-usage"]
