"""The photo lives in memory alone: no file, no row holds any of it, and the dialogue soon forgets where Telegram keeps it."""

import re
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns import supporters
from campaigns.models import Dialogue
from tests.bot.conftest import Person
from tests.stores import stored_bytes
from tests.web.test_badge_privacy import watched

PIECE = 32  # bytes; what would betray the photo


def pieces(photo: bytes) -> list[bytes]:
    """Parts from all over a photo, behind its header, which every JPEG shares."""
    return [photo[at : at + PIECE] for at in range(700, len(photo) - PIECE, 900)]


@pytest.fixture
def temp(tmp_path_factory, monkeypatch) -> Path:
    """The temp folder of this process, watched."""
    folder = tmp_path_factory.mktemp("temp")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def every_step(zoe: Person, photo: bytes) -> None:
    """A badge with all that the bot does for one: frames, crops, each format, another photo."""
    await zoe.join()
    await zoe.say("/badge")
    await zoe.see_badge(photo, "Ruban", "Zoé")
    for data in ("badge:crop", "badge:file:square", "badge:keep:yes", "badge:file:all", "badge:other:frame"):
        await zoe.tap(data)
    await zoe.pick("Bandeau")
    await zoe.tap("badge:file:square")
    await zoe.send_file(photo, "moi.jpg", "image/jpeg")


async def test_the_photo_is_in_no_file_and_in_no_row(zoe, books, small, settings, temp, store_url):
    before = {file.name for file in settings.data_dir.rglob("*")}
    folders = [folder for folder in (settings.data_dir, *settings.data_dir.rglob("*")) if folder.is_dir()]
    with watched(temp, *folders) as seen:  # also what is gone again before the end
        await every_step(zoe, small)
    assert {re.sub(r"-(wal|shm|journal)$", "", name) for name in seen} <= before
    photos = [m["photo"][-1]["file_id"] for m in await zoe.messages() if "photo" in m and not m["from"]["is_bot"]]
    held = [small, *[await zoe.sandbox.file(file_id) for file_id in photos]]  # as she sent it, as Telegram holds it
    left = {file.name for file in settings.data_dir.rglob("*")}
    assert {name.removesuffix("-wal").removesuffix("-shm") for name in left - before} <= before
    assert list(temp.rglob("*")) == []
    contents = {file: file.read_bytes() for file in settings.data_dir.rglob("*") if file.is_file()}
    contents["the database"] = stored_bytes(store_url)
    assert "Zoé".encode() in contents["the database"]
    for place, content in contents.items():
        assert not any(piece in content for photo in held for piece in pieces(photo)), place


async def test_of_what_stands_on_the_wall_only_the_small_badge_is_kept(zoe, small, settings, temp, store_url):
    await every_step(zoe, small)
    for data in ("badge:file:square", "badge:wall", "badge:wall:yes", "badge:end"):
        await zoe.tap(data)
    assert list(temp.rglob("*")) == []
    for file in settings.data_dir.rglob("*"):
        assert not file.is_file() or not any(piece in file.read_bytes() for piece in pieces(small)), file
    stored = stored_bytes(store_url)
    assert not any(piece in stored for piece in pieces(small))


async def test_done_forgets_the_reference_to_the_photo(zoe, books, small):
    await zoe.join()
    await zoe.see_badge(small)
    reference = next(
        m["photo"][-1]["file_id"] for m in reversed(await zoe.messages()) if not m["from"]["is_bot"] and "photo" in m
    )
    assert reference in await books.everything()  # Telegram's own, while it is needed
    await zoe.tap("badge:file:square")
    said = await zoe.tap("badge:end")
    assert "votre photo est oubliée" in said.text
    assert reference not in await books.everything()


@pytest.mark.parametrize("known", [True, False])
async def test_a_badge_that_is_left_is_forgotten_after_an_hour(zoe, books, small, database, clock, known):
    if known:
        await zoe.join()
    await zoe.see_badge(small, name="Zoé Dupont")
    async with database.write() as session:
        clock.advance(timedelta(minutes=59))
        await supporters.forget_photos(session, clock())
    assert "AgAC" in await books.everything()
    async with database.write() as session:
        clock.advance(timedelta(minutes=2))
        await supporters.forget_photos(session, clock())
    left = await books.everything()
    assert "AgAC" not in left and "Dupont" not in left
    async with database.read() as session:
        assert (await session.get(Dialogue, zoe.id) is not None) is known
    assert "Ce badge est fait" in (await zoe.tap("badge:file:square")).toast
    assert "photo" in (await zoe.send(small)).messages[0]
