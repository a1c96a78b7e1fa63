"""The badge form under photos that do harm, and of the kinds that phones write: a badge or one sentence, always."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from campaigns.models import Kind
from tests import hostile

GOOD = {"frame": "ring", "name": "", "format": "square", "kind": "PNG", "x": "0.5", "y": "0.5", "zoom": "1"}
PAGE, PICTURE = "/c/orne/badge", "/c/orne/badge/picture"
SPOTS = ((400, 400), (680, 400), (400, 680), (680, 680))


def shows_quarters(badge: bytes) -> bool:
    with Image.open(io.BytesIO(badge)) as picture:
        seen = [picture.convert("RGB").getpixel(spot) for spot in SPOTS]
    wanted = (hostile.RED, hostile.BLUE, hostile.GREEN, hostile.YELLOW)
    return all(
        abs(a - b) < 25 for one, other in zip(seen, wanted, strict=True) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("name", hostile.HARMLESS)
async def test_what_is_hidden_in_a_photo_does_not_come_out(world: Any, served: httpx.AsyncClient, name: str) -> None:
    files = {"photo": ("me.jpg", hostile.harmless(name), "image/jpeg")}
    answer = await served.post(PICTURE, data=GOOD, files=files)
    assert answer.status_code == 200, answer.text
    assert shows_quarters(answer.content)
    assert hostile.SCRIPT not in answer.content
    assert (await world.counts())[Kind.badge_made] == 1


@pytest.mark.parametrize("address", [PAGE, PICTURE])
@pytest.mark.parametrize("name", hostile.REFUSED)
async def test_what_is_no_photo_gets_a_sentence(world: Any, served: httpx.AsyncClient, name: str, address: str) -> None:
    files = {"photo": ("me.jpg", hostile.refused(name), "image/jpeg")}
    answer = await served.post(address, data=GOOD, files=files)
    assert answer.status_code == (413 if name == "25.1 MB" else 422)
    if address == PICTURE:
        assert answer.json()["field"] == "photo" and answer.json()["sentence"].endswith(".")
    else:
        assert 'id="wrong-photo"' in answer.text and "Traceback" not in answer.text
    assert hostile.SCRIPT not in answer.content
    assert (await world.counts())[Kind.badge_made] == 0
    assert (await served.get("/healthz")).status_code == 200  # and it serves the next


@pytest.mark.parametrize("claimed", ["image/png", "application/pdf", "text/html", "image/svg+xml", "", "no/such; type"])
@pytest.mark.parametrize("kind", ["JPEG", "HEIC"])
async def test_a_wrong_content_type_changes_nothing(served: httpx.AsyncClient, kind: str, claimed: str) -> None:
    files = {"photo": ("me.pdf", hostile.plain(kind), claimed)}
    answer = await served.post(PICTURE, data=GOOD, files=files)
    assert shows_quarters(answer.content)
    assert answer.headers["content-type"] == "image/png"  # what the server made, not what was claimed


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC", "GIF"])
async def test_a_photo_cut_at_each_tenth_gets_a_sentence(served: httpx.AsyncClient, kind: str) -> None:
    whole = hostile.plain(kind)
    for tenths in range(1, 10):
        files = {"photo": ("me", whole[: len(whole) * tenths // 10])}
        answer = await served.post(PICTURE, data=GOOD, files=files)
        assert answer.status_code == 422, tenths
        assert answer.json()["field"] == "photo"


async def test_a_heic_makes_a_badge_on_the_page_too(served: httpx.AsyncClient) -> None:
    """Without JavaScript, as a phone sends it."""
    files = {"photo": ("IMG_0001.HEIC", hostile.plain("HEIC"), "image/heic")}
    answer = await served.post(PAGE, data={"frame": "ring", "name": "Zoé"}, files=files)
    assert answer.status_code == 200
    assert "data:image/jpeg;base64," in answer.text
