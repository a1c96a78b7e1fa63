"""Pictures over the API: looked at, kept under their hash, and put on a post by their number."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from campaigns import uploads
from tests.web.api_world import API, bearer, serve_api, token

POST = {"title": "Venez", "text": "Samedi", "channels": [1]}


@pytest.fixture
async def client(world: Any, visit: Any) -> Any:
    async with visit(**bearer(await token(world))) as opened:
        yield opened


async def test_a_picture_is_uploaded_read_and_shown_by_a_post_with_its_description(
    world: Any, client: httpx.AsyncClient, picture_of: Any
) -> None:
    data = picture_of(640, 480, "PNG")
    answer = await client.post(f"{API}/media", files={"file": ("train.jpg", data)}, data={"alt": "Un train à quai"})
    upload = answer.json()
    assert answer.status_code == 201, answer.text
    assert (upload["mime"], upload["width"], upload["height"], upload["size"]) == ("image/png", 640, 480, len(data))
    assert (await client.get(answer.headers["location"])).json() == upload
    file = await client.get(f"{answer.headers['location']}/file")
    assert (file.content, file.headers["content-type"]) == (data, "image/png")
    assert file.headers["x-content-type-options"] == "nosniff"
    post = (await client.post(f"{API}/posts", json=POST | {"pictures": [upload["id"]]})).json()
    (shown,) = post["pictures"]
    assert (shown["alt"], shown["width"]) == ("Un train à quai", 640)
    assert (await client.get(f"{API}/posts/{post['id']}/pictures/0")).content == data
    assert (await client.get(f"{API}/posts/{post['id']}/pictures/1")).status_code == 404


async def test_the_same_picture_sent_again_with_its_key_is_stored_once(
    world: Any, client: httpx.AsyncClient, picture_of: Any
) -> None:
    key = {"Idempotency-Key": "train"}
    first, again = [
        await client.post(f"{API}/media", files={"file": ("a.jpg", picture_of())}, headers=key) for _ in range(2)
    ]
    assert first.json() == again.json() and again.headers["idempotency-replayed"] == "true"
    other = await client.post(f"{API}/media", files={"file": ("a.jpg", picture_of(90, 90))}, headers=key)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jpg", b"GIF89a", "is not a JPEG, PNG, WebP or GIF"),  # cut off
        ("a.jpg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "is not a JPEG"),  # a script
        ("a.png", b"%PDF-1.4", "is not a JPEG"),  # another kind, whatever it is called
        ("a.jpg", b"", "is empty"),
    ],
)
async def test_what_is_no_picture_is_refused_whatever_it_is_called(
    world: Any, client: httpx.AsyncClient, name: str, data: bytes, said: str
) -> None:
    answer = await client.post(f"{API}/media", files={"file": (name, data, "image/jpeg")})
    assert answer.status_code == 422 and said in answer.json()["detail"]
    assert not list(world.settings.media_dir.glob("*.svg"))


async def test_a_form_without_a_file_or_with_too_many_words_is_refused(
    world: Any, client: httpx.AsyncClient, picture_of: Any
) -> None:
    none = await client.post(f"{API}/media", data={"alt": "Un train"})
    assert none.status_code == 422 and "in the field “file”" in none.json()["detail"]
    many = await client.post(f"{API}/media", files={"file": ("a.jpg", picture_of())}, data={"alt": "é" * 2001})
    assert many.status_code == 422 and "2001 characters; at most 2000" in many.json()["detail"]


async def test_a_picture_of_60_mb_is_too_large(world: Any) -> None:
    with serve_api(world) as address:
        async with httpx.AsyncClient(base_url=address, headers=bearer(await token(world)), timeout=60) as client:
            answer = await client.post(f"{API}/media", files={"file": ("a.jpg", b"\xff" * 60_000_000)})
            assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
            assert "20 MB" in answer.json()["detail"]
            large = await client.post(f"{API}/posts", content=b"x" * 60_000_000, headers={"Content-Type": "text/plain"})
            assert large.status_code == 413
            assert (await client.get(f"{API}/me")).status_code == 200


async def test_the_pictures_of_one_post_have_a_size_together(
    world: Any, client: httpx.AsyncClient, picture_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [
        (await client.post(f"{API}/media", files={"file": ("a.jpg", picture_of(side, side))})).json()["id"]
        for side in (100, 200)
    ]
    monkeypatch.setattr(uploads, "TOGETHER", 1500)
    answer = await client.post(f"{API}/posts", json=POST | {"pictures": numbers})
    (wrong,) = answer.json()["errors"]
    assert answer.status_code == 422 and "together; take smaller ones" in wrong["message"]
    assert (await client.post(f"{API}/posts", json=POST | {"pictures": numbers[:1]})).status_code == 201


async def test_after_a_week_an_upload_is_forgotten_and_its_file_goes_unless_a_post_shows_it(
    world: Any, client: httpx.AsyncClient, picture_of: Any
) -> None:
    shown, left = picture_of(100, 100), picture_of(300, 300)
    numbers = [
        (await client.post(f"{API}/media", files={"file": ("a.jpg", data)})).json()["id"] for data in (shown, left)
    ]
    assert (await client.post(f"{API}/posts", json=POST | {"pictures": numbers[:1]})).status_code == 201
    before = set(world.settings.media_dir.iterdir())
    async with world.database.write() as session:
        await uploads.forget_old(session, world.settings.media_dir, world.clock() + timedelta(days=6))
    assert set(world.settings.media_dir.iterdir()) == before
    async with world.database.write() as session:
        await uploads.forget_old(session, world.settings.media_dir, world.clock() + timedelta(days=7))
    (gone,) = before - set(world.settings.media_dir.iterdir())
    assert gone.suffix == ".jpg"
    for number in numbers:
        assert (await client.get(f"{API}/media/{number}")).status_code == 404
    answer = await client.post(f"{API}/posts", json=POST | {"pictures": numbers})
    assert [each["field"] for each in answer.json()["errors"]] == ["pictures"]
