"""What the badge page's script asks for: overlays with the name, and one picture at a time."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image, ImageChops, ImageStat

from badges import FORMATS
from campaigns import engagement
from campaigns.installation import add_territory
from campaigns.models import Kind
from web.workshop import Workshop

Pictures = Callable[..., bytes]
Visit = Callable[..., httpx.AsyncClient]
GOOD = {"frame": "ring", "name": "Zoé", "format": "square", "kind": "JPEG"}
PICTURE, OVERLAY = "/c/orne/badge/picture", "/c/orne/badge/overlay"


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def halves() -> bytes:
    """A photo whose left half is red and whose right half is blue."""
    photo = Image.new("RGB", (1600, 800), "#C00000")
    photo.paste("#0000C0", (800, 0, 1600, 800))
    file = io.BytesIO()
    photo.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def ask(browser: httpx.AsyncClient, picture_of: Pictures) -> Callable[..., Any]:
    """Ask for a picture; fields are added to a good form."""

    async def ask(photo: bytes | None = None, client: httpx.AsyncClient = browser, **fields: str) -> httpx.Response:
        files = {"photo": ("me.jpg", photo if photo is not None else picture_of(900, 1200))}
        return await client.post(PICTURE, data=GOOD | fields, files=files)

    return ask


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("format", list(FORMATS))
async def test_each_format_and_kind_is_one_file(ask: Any, format: str, kind: str) -> None:
    answer = await ask(format=format, kind=kind)
    made = opened(answer)
    assert (made.format, made.size) == (kind, FORMATS[format].size)
    assert answer.headers["content-type"] == f"image/{kind.lower()}"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("x", "channel"), [("0.1", 0), ("0.9", 2)])
async def test_the_part_that_was_chosen_is_the_part_that_shows(ask: Any, x: str, channel: int) -> None:
    made = opened(await ask(halves(), x=x, y="0.5", zoom="2"))
    red_green_blue = made.convert("RGB").getpixel((540, 500))
    assert red_green_blue[channel] > 150 and sum(red_green_blue) - red_green_blue[channel] < 60


async def test_what_is_overlaid_is_what_is_rendered(browser: httpx.AsyncClient, ask: Any) -> None:
    """The browser lays this overlay over the photo in this window: the server's badge must look the same."""
    white = io.BytesIO()
    Image.new("RGB", (1200, 1200), "white").save(white, "PNG")
    made = opened(await ask(white.getvalue(), kind="PNG")).convert("RGB")
    answer = await browser.post(OVERLAY, data=GOOD)
    over = opened(answer).convert("RGBA")
    left, top, width, height = map(int, answer.headers["photo-window"].split())
    live = Image.new("RGBA", made.size)
    live.paste(Image.new("RGBA", (width, height), "white"), (left, top))
    live.alpha_composite(over)
    assert max(ImageStat.Stat(ImageChops.difference(live.convert("RGB"), made)).mean) < 0.5


async def test_formats_of_one_badge_count_once_and_a_new_photo_counts_anew(world: Any, ask: Any) -> None:
    receipt = ""
    for format in ("square", "story", "banner"):
        answer = await ask(format=format, receipt=receipt)
        receipt = answer.headers["badge-receipt"]
    assert (await world.counts())[Kind.badge_made] == 1
    await ask()
    assert (await world.counts())[Kind.badge_made] == 2
    world.clock.move(days=2)
    await ask(receipt=receipt)  # too old to be the same
    assert (await world.counts())[Kind.badge_made] == 3


async def test_a_receipt_of_another_campaign_hides_no_badge(world: Any, browser: httpx.AsyncClient, ask: Any) -> None:
    receipt = (await ask()).headers["badge-receipt"]
    files = {"photo": ("me.jpg", halves())}
    await browser.post("/c/caux/badge/picture", data=GOOD | {"receipt": receipt}, files=files)
    async with world.database.read() as session:
        assert (await engagement.counts_of_campaign(session, world.caux.id))[Kind.badge_made] == 1


@pytest.mark.parametrize(
    ("fields", "photo", "status", "field"),
    [
        ({}, b"just words", 422, "photo"),
        ({}, b"", 422, "photo"),
        ({}, b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "photo"),
        ({}, b"%PDF-1.7", 422, "photo"),
        ({}, b"\xff\xd8\xff" + b"\0" * 25_100_000, 413, "photo"),
        ({"frame": "nothing"}, None, 422, "frame"),
        ({"frame": "../../etc/passwd"}, None, 422, "frame"),
        ({"name": "n" * 61}, None, 422, "name"),
        ({"name": "\U0001d15e"}, None, 422, "name"),
        ({"x": "nan", "y": "0.5", "zoom": "1"}, None, 422, "photo"),
        ({"x": "0.5", "y": "0.5", "zoom": "1e999"}, None, 422, "photo"),
        ({"x": "0.5", "y": "half", "zoom": ""}, None, 422, "photo"),
        ({"zoom": "0"}, None, 422, "photo"),
    ],
)
async def test_every_refusal_names_a_field_and_says_what_to_do(
    world: Any, ask: Any, fields: dict[str, str], photo: bytes | None, status: int, field: str
) -> None:
    answer = await ask(photo, **fields)
    assert answer.status_code == status
    said = answer.json()
    assert said["field"] == field
    assert said["sentence"].endswith(".") and "Traceback" not in said["sentence"]
    assert (await world.counts())[Kind.badge_made] == 0


@pytest.mark.parametrize("fields", [{"format": "poster"}, {"kind": "TIFF"}, {"section": "7777777777777"}])
async def test_what_is_not_known_is_taken_as_not_chosen(ask: Any, fields: dict[str, str]) -> None:
    made = opened(await ask(**fields))
    assert (made.format, made.size) == ("JPEG", (1080, 1080))


async def test_a_wrong_content_type_does_not_hide_a_photo(browser: httpx.AsyncClient, picture_of: Pictures) -> None:
    files = {"photo": ("me.txt", picture_of(), "text/plain")}
    opened(await browser.post(PICTURE, data=GOOD, files=files))


@pytest.mark.parametrize("body", [b"", b"{}", b"--b\r\n"])
async def test_what_is_no_form_is_refused_as_json(browser: httpx.AsyncClient, body: bytes) -> None:
    for address in (PICTURE, OVERLAY):
        headers = {"content-type": "multipart/form-data; boundary=b"}
        answer = await browser.post(address, content=body, headers=headers)
        assert answer.status_code in (400, 422) and answer.json()["sentence"]


async def test_the_overlay_carries_the_name_and_leaves_the_photo_free(browser: httpx.AsyncClient) -> None:
    named, bare = [opened(await browser.post(OVERLAY, data=GOOD | {"name": name})) for name in ("Zoé", "")]
    assert named.mode == bare.mode == "RGBA"
    assert named.getpixel((540, 400))[3] == 0
    assert ImageChops.difference(named, bare).getbbox()


async def test_a_name_never_stands_in_an_address(browser: httpx.AsyncClient) -> None:
    assert (await browser.get(f"{OVERLAY}?frame=ring&name=Zo%C3%A9")).status_code == 405


async def test_a_section_stands_in_the_form_and_another_campaigns_does_not(
    world: Any, browser: httpx.AsyncClient
) -> None:
    async with world.database.write() as session:
        own = await add_territory(session, world.orne.id, "Perche")
        other = await add_territory(session, world.caux.id, "Littoral")
    page = (await browser.get(f"/c/orne/badge?section={own.id}")).text
    assert f'value="{own.id}" selected' in page and "Littoral" not in page
    assert f"ring.png?section={own.id}" in page
    assert "selected" not in (await browser.get(f"/c/orne/badge?section={other.id}")).text


@pytest.mark.parametrize("workshop", [Workshop(at_once=0, waiting=0), Workshop(held=100)])
async def test_when_every_place_is_taken_the_script_is_told_how_long_to_wait(
    world: Any, visit: Visit, ask: Any, workshop: Workshop
) -> None:
    app = world.app()
    app.state.site.workshop = workshop
    async with visit(app) as browser:
        answer = await ask(client=browser)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    assert "Many people" in answer.json()["sentence"]


async def test_overlays_wait_their_turn_and_too_many_are_sent_away(world: Any, visit: Visit) -> None:
    app = world.app()
    workshop = app.state.site.workshop
    async with visit(app) as browser, workshop.sketching():  # somebody draws, and 23 may wait
        waiting = [asyncio.ensure_future(browser.post(OVERLAY, data=GOOD)) for _ in range(30)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result().status_code for task in done} == {503}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    async with workshop.sketching():  # every place was given back
        pass


async def test_drawn_pictures_are_kept_within_bounds() -> None:
    workshop, made = Workshop(), []

    def draw() -> bytes:
        made.append(1)
        return b"x" * 6_000_000

    for key in ("a", "b", "a", "c", "a"):  # the third throws out "b", which was asked for the longest ago
        await workshop.drawn(key, draw)
    assert len(made) == 3
    await workshop.drawn("b", draw)
    assert len(made) == 4
