"""The badge maker: a form goes in, a picture comes out, and nothing is kept."""

import io
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from PIL import Image

from badges import DESIGNS, FORMATS, Crop, automatic_crop
from campaigns.badge_frames import frame_of
from campaigns.models import Kind
from web.workshop import Busy, Workshop

Pictures = Callable[..., bytes]
Visit = Callable[..., httpx.AsyncClient]
GOOD = {"frame": "ring", "name": "Zoé Lefèvre"}


def pictures_in(page: str) -> dict[str, Image.Image]:
    """The two pictures that can be saved, by the end of their file's name."""
    found = re.findall(r'href="data:image/\w+;base64,([^"]+)" download="badge-orne-[\w-]+\.(\w+)"', page)
    return {kind: Image.open(io.BytesIO(b64decode(data))) for data, kind in found}


async def test_a_photo_becomes_a_badge_in_both_formats(
    world: Any, served: httpx.AsyncClient, picture_of: Pictures
) -> None:
    answer = await served.post(
        "/c/orne/badge", data=GOOD, files={"photo": ("me.jpg", picture_of(900, 1200), "image/jpeg")}
    )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    made = pictures_in(answer.text)
    assert {kind: (image.format, image.size) for kind, image in made.items()} == {
        "jpg": ("JPEG", (1080, 1080)),
        "png": ("PNG", (1080, 1080)),
    }
    counts = await world.counts()
    assert counts[Kind.badge_made] == 1
    assert counts[Kind.badge_downloaded] == 0


async def test_a_saved_badge_counts_once(world: Any, browser: httpx.AsyncClient, picture_of: Pictures) -> None:
    page = (await browser.post("/c/orne/badge", data=GOOD, files={"photo": ("me.jpg", picture_of())})).text
    found = re.search(r'data-receipt="([^"]+)"', page)
    assert found
    for _ in range(3):
        answer = await browser.post("/badge-downloaded", data={"receipt": unescape(found[1])})
        assert answer.status_code == 204
    assert (await world.counts())[Kind.badge_downloaded] == 1


@pytest.mark.parametrize("receipt", ["", "WzEsImEiXQ.forged", "a" * 5000])
async def test_a_forged_receipt_counts_nothing(world: Any, browser: httpx.AsyncClient, receipt: str) -> None:
    assert (await browser.post("/badge-downloaded", data={"receipt": receipt})).status_code == 404
    assert (await world.counts())[Kind.badge_downloaded] == 0


def bad_photos() -> Iterator[Any]:
    whole = io.BytesIO()
    Image.effect_noise((400, 400), 80).convert("RGB").save(whole, "JPEG")
    tiny = io.BytesIO()
    Image.new("RGB", (1, 1)).save(tiny, "PNG")
    yield pytest.param(b"just words", "not a picture", id="no image")
    yield pytest.param(b"", "empty", id="no bytes")
    yield pytest.param(whole.getvalue()[:3000], "damaged", id="truncated")
    yield pytest.param(tiny.getvalue(), "too small", id="one pixel")
    yield pytest.param(b"\x00\x00\x00\x18ftypheic" + b"\0" * 100, "HEIC", id="a HEIC that holds no picture")


@pytest.mark.parametrize(("photo", "sentence"), list(bad_photos()))
async def test_a_photo_that_cannot_be_used_gets_a_sentence(
    world: Any, served: httpx.AsyncClient, photo: bytes, sentence: str
) -> None:
    data = {"frame": "ribbon", "name": "Zoé"}
    answer = await served.post("/c/orne/badge", data=data, files={"photo": ("me.jpg", photo, "image/jpeg")})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'id="wrong-photo"' in answer.text
    assert 'value="Zoé"' in answer.text  # what was typed stays
    assert re.search(r'value="ribbon" required checked', answer.text)
    assert (await world.counts())[Kind.badge_made] == 0


@pytest.mark.parametrize(
    ("data", "with_photo", "field", "sentence"),
    [
        (GOOD, False, "photo", "Choose a photo first."),
        ({"frame": "ring", "name": "n" * 200}, True, "name", "200 letters"),
        ({"frame": "nothing", "name": ""}, True, "frame", "Choose a frame."),
        ({}, True, "frame", "Choose a frame."),
        ({"frame": "ring", "name": "\U0001d15e\U00012031"}, True, "name", "No font here"),
    ],
)
async def test_every_other_mistake_stands_beside_its_field(
    browser: httpx.AsyncClient,
    picture_of: Pictures,
    data: dict[str, str],
    with_photo: bool,
    field: str,
    sentence: str,
) -> None:
    files = {"photo": ("me.jpg", picture_of())} if with_photo else {"other": ("", b"")}
    answer = await browser.post("/c/orne/badge", data=data, files=files)
    assert answer.status_code == 422
    assert f'id="wrong-{field}"' in answer.text
    assert sentence in answer.text


@pytest.mark.parametrize("name", ["", "  Zoé   Lefèvre ", "שלום", "Zoé 🎉", "<script>alert(1)</script>"])
async def test_any_name_that_can_be_written_is_written(
    browser: httpx.AsyncClient, picture_of: Pictures, name: str
) -> None:
    answer = await browser.post(
        "/c/orne/badge", data={"frame": "banner", "name": name}, files={"photo": ("me.jpg", picture_of())}
    )
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


async def test_a_photo_that_is_too_large_is_refused_while_it_arrives(world: Any, served: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="photo"; filename="me.jpg"\r\n\r\n\xff\xd8\xff'
        for _ in range(40):  # no Content-Length says what is coming
            sent += 1_000_000
            yield b"\0" * 1_000_000
        yield b"\r\n--b--\r\n"

    answer = await served.post(
        "/c/orne/badge", content=endless(), headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 413
    assert "larger than 25 MB" in answer.text
    assert sent == 40_000_000  # the rest was read and dropped, so that the answer is seen


async def test_a_photo_begins_where_the_renderer_would_show_its_face(
    world: Any, browser: httpx.AsyncClient, portrait: bytes
) -> None:
    form = GOOD | {"format": "story"}
    answer = await browser.post("/c/orne/badge/crop", data=form, files={"photo": ("me.jpg", portrait)})
    assert answer.headers["cache-control"] == "no-store"
    found = Crop(**answer.json())
    frame = frame_of(world.orne, "ring", "", frames_dir=world.settings.frames_dir)
    assert found == automatic_crop(portrait, frame, GOOD["name"], format="story")
    assert found != Crop(0.5, 0.5)
    assert (await world.counts())[Kind.badge_made] == 0
    wrong = await browser.post("/c/orne/badge/crop", data=form, files={"photo": ("me.jpg", b"words")})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "photo")


async def test_who_leaves_in_the_middle_of_sending_is_no_error_of_ours(world: Any) -> None:
    messages = iter([{"type": "http.request", "body": b"--b\r\n", "more_body": True}, {"type": "http.disconnect"}])
    kind = (b"content-type", b"multipart/form-data; boundary=b")
    scope = {"type": "http", "method": "POST", "path": "/c/orne/badge", "headers": [kind], "query_string": b""}

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None: ...

    await world.app()(scope, receive, send)  # what the program did not foresee is raised again for the server's log


async def test_memory_is_given_back_whatever_happens(world: Any, visit: Visit, picture_of: Pictures) -> None:
    app = world.app()
    workshop = app.state.site.workshop = Workshop(held=30_000_000)
    async with visit(app) as browser:
        for photo in (picture_of(), b"words", b"\0" * 26_000_000):
            await browser.post("/c/orne/badge", data=GOOD, files={"photo": ("me.jpg", photo)})
    workshop.take(30_000_000)  # all of it is free again


@pytest.mark.parametrize("workshop", [Workshop(at_once=0, waiting=0), Workshop(held=100)])
async def test_when_every_place_is_taken_people_are_asked_to_wait(
    world: Any, visit: Visit, picture_of: Pictures, workshop: Workshop
) -> None:
    app = world.app()
    app.state.site.workshop = workshop
    async with visit(app) as browser:
        answer = await browser.post("/c/orne/badge", data=GOOD, files={"photo": ("me.jpg", picture_of())})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    assert "Many people" in answer.text


async def test_a_place_is_free_again_after_a_failure() -> None:
    workshop = Workshop(at_once=1, waiting=0)

    def fail() -> None:
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):  # not Busy
            await workshop.run(fail)
    with pytest.raises(Busy):
        workshop.take(10**12)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),  # no boundary
        ("multipart/form-data; boundary=b", b"not a form"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),  # no name
        ("application/json", b"{}"),
        ("", b""),
    ],
)
async def test_what_is_no_form_is_refused_with_a_page(browser: httpx.AsyncClient, kind: str, body: bytes) -> None:
    answer = await browser.post("/c/orne/badge", content=body, headers={"content-type": kind})
    assert answer.status_code in (400, 422)
    assert "<html" in answer.text


@pytest.mark.parametrize("format", list(FORMATS))
async def test_without_javascript_each_format_is_made(
    browser: httpx.AsyncClient, picture_of: Pictures, format: str
) -> None:
    answer = await browser.post(
        "/c/orne/badge", data=GOOD | {"format": format}, files={"photo": ("me.jpg", picture_of(900, 1200))}
    )
    assert {image.size for image in pictures_in(answer.text).values()} == {FORMATS[format].size}


async def test_each_frame_has_a_picture_in_the_campaigns_colours(browser: httpx.AsyncClient) -> None:
    form = (await browser.get("/c/orne/badge")).text
    addresses = re.findall(r'src="(/c/orne/frames/[\w-]+\.png)"', form)
    assert len(addresses) == len(DESIGNS)
    seen = set()
    for address in addresses:
        answer = await browser.get(address)
        assert Image.open(io.BytesIO(answer.content)).size == (360, 360)
        seen.add(answer.content)
    assert len(seen) == len(DESIGNS)
    other = await browser.get(addresses[0].replace("orne", "caux"))
    assert other.content not in seen
