"""The Facebook Page, by httpx over HTTP to the stand-in; what the stand-in never says, by a wire of the test's own."""

import asyncio
import io
import json
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import trustme
from PIL import Image

from networks.base import OutgoingPost, Picture
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.facebook import FacebookPage
from sandbox.client import SandboxClient
from sandbox.facebook.state import DEMO_PAGES
from sandbox.server import SandboxServer

PAGE = DEMO_PAGES[0]
LINK = "https://exemple.fr/programme"


def page_at(url: str, **changed: Any) -> FacebookPage:
    return FacebookPage(**{"page_id": PAGE.id, "access_token": PAGE.access_token, "base_url": url, **changed})


def picture(alt: str = "", colour: str = "orange") -> Picture:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return Picture(out.getvalue(), "image/jpeg", alt)


def wired(answer: Callable[[httpx.Request], httpx.Response]) -> FacebookPage:
    return page_at("https://graph.example/v23.0", transport=httpx.MockTransport(answer))


@pytest.fixture
async def page(sandbox_server: SandboxServer, sandbox: SandboxClient) -> AsyncIterator[FacebookPage]:
    opened = page_at(sandbox_server.facebook)
    yield opened
    await opened.close()


async def test_check_says_whose_page_it_is(page: FacebookPage) -> None:
    assert await page.check() == PAGE.name


async def test_a_version_in_the_address_does_as_well(sandbox_server: SandboxServer, sandbox: SandboxClient) -> None:
    versioned = page_at(f"{sandbox_server.facebook}/v23.0/")
    assert (await versioned.publish(OutgoingPost("1", "Bonjour"))).remote_id.startswith(PAGE.id)
    await versioned.close()


async def test_a_post_goes_out_with_its_link_and_comes_back_with_its_address(
    page: FacebookPage, sandbox: SandboxClient
) -> None:
    receipt = await page.publish(OutgoingPost("1", "Une région qui « ose » … 🌱", LINK))
    (entry,) = await sandbox.ledger(service="facebook", channel=PAGE.id)
    assert (entry["text"], entry["link"]) == ("Une région qui « ose » … 🌱", LINK)
    assert receipt.url == f"https://www.facebook.com/{receipt.remote_id}" and receipt.remote_id == entry["id"]


async def test_one_picture_goes_out_as_a_photo_with_text_link_and_description(
    page: FacebookPage, sandbox: SandboxClient
) -> None:
    receipt = await page.publish(OutgoingPost("1", "Une vue", LINK, (picture("Un quai de gare"),)))
    (entry,) = await sandbox.ledger(service="facebook")
    assert entry["operation"] == "POST /{page}/photos" and entry["text"] == f"Une vue\n\n{LINK}"
    assert [media["alt"] for media in entry["media"]] == ["Un quai de gare"]
    assert receipt.remote_id == entry["id"]


async def test_several_pictures_go_out_as_one_post_in_their_order(page: FacebookPage, sandbox: SandboxClient) -> None:
    shown = tuple(picture(f"Vue {i}", f"#{i}{i}{i}") for i in range(1, 5))
    await page.publish(OutgoingPost("1", "Quatre vues", pictures=shown))
    (entry,) = await sandbox.ledger(service="facebook")
    assert [media["alt"] for media in entry["media"]] == ["Vue 1", "Vue 2", "Vue 3", "Vue 4"]


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        ("revoked", ChannelRevoked, "token"),  # code 190
        ("blocked", ChannelRevoked, "pages_manage_posts"),  # code 200
        ("error_before", OutcomeUnknown, "look at the Page"),  # code 2: Facebook does not know either
        ("error_after", OutcomeUnknown, "look at the Page"),
        ("cut_after", OutcomeUnknown, "broke"),
    ],
)
async def test_each_fault_becomes_the_error_that_leads_to_the_right_action(
    page: FacebookPage, sandbox: SandboxClient, fault: str, expected: type[Exception], said: str
) -> None:
    await sandbox.fault("facebook", fault, "POST /{page}/feed")
    with pytest.raises(expected, match=said):
        await page.publish(OutgoingPost("1", "Bonjour"))


async def test_a_full_rate_window_is_waited_for_as_long_as_the_usage_header_says(
    page: FacebookPage, sandbox: SandboxClient
) -> None:
    await sandbox.fault("facebook", "rate_limit", seconds=1380)
    with pytest.raises(RateLimited, match="limit reached") as limited:
        await page.publish(OutgoingPost("1", "Bonjour"))
    assert limited.value.retry_after == timedelta(minutes=23)


async def test_the_same_post_twice_is_rejected_and_says_to_look(page: FacebookPage, sandbox: SandboxClient) -> None:
    await page.publish(OutgoingPost("1", "Deux fois"))
    with pytest.raises(PostRejected, match="look whether it is there"):
        await page.publish(OutgoingPost("2", "Deux fois"))
    assert len(await sandbox.ledger(service="facebook")) == 1


@pytest.mark.parametrize("wrong", [{"access_token": "wrong"}, {"page_id": "42"}])
async def test_wrong_settings_are_named(
    sandbox_server: SandboxServer, sandbox: SandboxClient, wrong: dict[str, str]
) -> None:
    page = page_at(sandbox_server.facebook, **wrong)
    with pytest.raises(ChannelRevoked, match=r"token|page_id"):
        await page.check()
    await page.close()


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 190, ChannelRevoked),  # the token ended
        (401, 102, ChannelRevoked),
        (403, 10, ChannelRevoked),  # permissions
        (403, 200, ChannelRevoked),
        (400, 299, ChannelRevoked),
        (400, 4, RateLimited),  # the app
        (400, 17, RateLimited),  # the user
        (403, 32, RateLimited),  # the Page
        (400, 613, RateLimited),
        (400, 80001, RateLimited),  # Pages as a business use case
        (429, 9999, RateLimited),
        (400, 506, PostRejected),  # a duplicate
        (400, 100, PostRejected),  # a parameter
        (400, 368, PostRejected),  # abusive, says Facebook
        (400, 1609005, PostRejected),  # a link that it does not take
        (500, 1, OutcomeUnknown),
        (503, 2, OutcomeUnknown),
        (400, 1, OutcomeUnknown),  # "unknown", whatever the status
        (500, 9999, OutcomeUnknown),
    ],
)
async def test_the_code_of_an_error_object_decides(status: int, code: int, expected: type[Exception]) -> None:
    body = {"error": {"message": "(#0) No", "type": "OAuthException", "code": code, "fbtrace_id": "A"}}
    page = wired(lambda request: httpx.Response(status, json=body))
    with pytest.raises(expected):
        await page.publish(OutgoingPost("1", "Bonjour"))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>Maintenance</html>"),
        httpx.Response(200, content=b'{"id": "1_'),  # half an answer
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),  # no id
        httpx.Response(200, json={"id": None}),
        httpx.Response(200, json={"id": ""}),
        httpx.Response(200, json={"error": "no"}),
        httpx.Response(200, json={"error": {"code": "190"}}),
        httpx.Response(502, html="<html>Bad gateway</html>"),
        httpx.Response(404, html="<html>Not found</html>"),
        httpx.Response(302, headers={"location": "https://www.facebook.com/login"}),
    ],
    ids=lambda answer: f"{answer.status_code} {answer.text[:20]}",
)
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(answer: httpx.Response) -> None:
    page = wired(lambda request: answer)
    with pytest.raises(OutcomeUnknown, match="look at the Page"):
        await page.publish(OutgoingPost("1", "Bonjour"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("refused"), NetworkDown),
        (httpx.ConnectTimeout("late"), NetworkDown),
        (httpx.ReadTimeout("late"), OutcomeUnknown),
        (httpx.WriteTimeout("late"), OutcomeUnknown),
        (httpx.RemoteProtocolError("gone"), OutcomeUnknown),
    ],
)
async def test_what_never_left_is_down_and_what_left_is_unknown(error: Exception, expected: type[Exception]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(expected):
        await wired(fail).publish(OutgoingPost("1", "Bonjour"))


@pytest.mark.parametrize(
    ("answer", "remote_id"),
    [
        ({"id": "1_2"}, "1_2"),
        ({"id": "7", "post_id": "1_2"}, "1_2"),  # a photo
        ({"id": 12, "post_supports_client_mutation_id": True}, "12"),  # a number, and a field of more
    ],
)
async def test_a_post_is_known_by_its_id_in_each_shape_of_the_answer(answer: dict[str, Any], remote_id: str) -> None:
    assert (
        await wired(lambda request: httpx.Response(200, json=answer)).publish(OutgoingPost("1", "Bonjour"))
    ).remote_id == remote_id


@pytest.mark.parametrize(
    ("post", "fields"),
    [
        (OutgoingPost("1", "Bonjour", LINK), {"message": "Bonjour", "link": LINK}),
        (OutgoingPost("1", "", LINK), {"link": LINK}),  # an empty message is none
        (OutgoingPost("1", "Bonjour"), {"message": "Bonjour"}),
        (OutgoingPost("1", "Un\n---\nDeux", LINK), {"message": "Un\n\nDeux", "link": LINK}),  # it knows no threads
    ],
)
async def test_only_what_is_said_is_sent_as_a_form(post: OutgoingPost, fields: dict[str, str]) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": "1_2"})

    await wired(answer).publish(post)
    assert (str(seen[0].url), seen[0].method) == (f"https://graph.example/v23.0/{PAGE.id}/feed", "POST")
    assert dict(httpx.QueryParams(seen[0].content.decode())) == fields | {"access_token": PAGE.access_token}


async def test_a_photo_without_text_or_description_carries_neither() -> None:
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        return httpx.Response(200, json={"id": "7", "post_id": "1_2"})

    await wired(answer).publish(OutgoingPost("1", "", pictures=(picture(),)))
    assert b"caption" not in seen[0] and b"alt_text_custom" not in seen[0] and b'name="source"' in seen[0]


@pytest.mark.parametrize("code", [104, 2500])  # an access token is required
async def test_where_the_header_is_not_read_the_check_asks_as_the_documentation_has_it(code: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("access_token") != PAGE.access_token:
            return httpx.Response(400, json={"error": {"message": "An access token is required", "code": code}})
        return httpx.Response(200, json={"name": "Campagne", "id": PAGE.id})

    assert await wired(answer).check() == "Campagne"
    refusing = wired(lambda request: httpx.Response(400, json={"error": {"message": "No token", "code": code}}))
    with pytest.raises(ChannelRevoked, match="access_token"):
        await refusing.check()


async def test_a_429_without_a_word_waits_for_what_its_header_says() -> None:
    page = wired(lambda request: httpx.Response(429, headers={"retry-after": "90"}))
    with pytest.raises(RateLimited) as limited:
        await page.publish(OutgoingPost("1", "Bonjour"))
    assert limited.value.retry_after == timedelta(seconds=90)


@pytest.mark.parametrize("usage", ["no json", "[]", '{"1": [{"estimated_time_to_regain_access": "soon"}]}', '{"1": 3}'])
async def test_a_usage_header_that_is_none_is_passed_over(usage: str) -> None:
    headers = {"x-business-use-case-usage": usage}
    page = wired(lambda request: httpx.Response(400, headers=headers, json={"error": {"code": 32, "message": "No"}}))
    with pytest.raises(RateLimited) as limited:
        await page.publish(OutgoingPost("1", "Bonjour"))
    assert limited.value.retry_after == timedelta(hours=1)


async def test_the_token_is_never_in_an_address() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": "1_2", "name": "Page"})

    page = wired(answer)
    await page.check()
    await page.publish(OutgoingPost("1", "Bonjour", LINK))
    await page.publish(OutgoingPost("1", "Bonjour", pictures=(picture(), picture())))
    assert len(seen) == 5
    assert not any(PAGE.access_token in str(request.url) for request in seen)
    assert all(request.headers["authorization"] == f"Bearer {PAGE.access_token}" for request in seen)


async def test_several_pictures_are_attached_as_the_documentation_says() -> None:
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        return httpx.Response(200, json={"id": str(len(seen))})

    await wired(answer).publish(OutgoingPost("1", "Deux", pictures=(picture(), picture())))
    assert b'name="published"\r\n\r\nfalse' in seen[0] and b'name="source"; filename="picture.jpeg"' in seen[0]
    sent = httpx.QueryParams(seen[2].decode())
    assert [json.loads(sent[f"attached_media[{i}]"]) for i in (0, 1)] == [{"media_fbid": "1"}, {"media_fbid": "2"}]


async def test_a_picture_that_could_not_be_uploaded_may_be_tried_again(
    page: FacebookPage, sandbox: SandboxClient
) -> None:
    """Nobody sees an unpublished photo; a photo that is the post itself leaves the outcome unknown."""
    two, one = (picture(), picture(colour="teal")), (picture(),)
    await sandbox.fault("facebook", "error_after", "POST /{page}/photos")
    with pytest.raises(NetworkDown, match="picture"):
        await page.publish(OutgoingPost("1", "Avec images", pictures=two))
    await page.publish(OutgoingPost("1", "Avec images", pictures=two))
    await sandbox.fault("facebook", "error_after", "POST /{page}/photos")
    with pytest.raises(OutcomeUnknown):
        await page.publish(OutgoingPost("2", "Avec image", pictures=one))


async def test_a_host_that_nobody_listens_on_is_down_not_unknown() -> None:
    away = page_at("http://127.0.0.1:9")
    with pytest.raises(NetworkDown, match="could not be reached"):
        await away.publish(OutgoingPost("1", "Bonjour"))
    await away.close()


async def test_a_certificate_that_nobody_vouches_for_is_down_not_unknown() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    page = page_at(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(NetworkDown, match="certificate"):
        await page.publish(OutgoingPost("1", "Bonjour"))
    await page.close()
    server.close()
