"""A photo lives in memory alone: no file appears anywhere, and no byte of it reaches the store."""

import ctypes
import io
import os
import random
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.stores import stored_bytes
from tests.web.test_wall import hidden_fields

CREATED, MOVED_HERE, WRITTEN = 0x100, 0x80, 0x2  # IN_CREATE, IN_MOVED_TO, IN_MODIFY of inotify(7)
GOOD = {"frame": "ring", "name": "Zoé"}


@contextmanager
def watched(*folders: Path) -> Iterator[set[str]]:
    """The names of all files that are made or written in these folders meanwhile, as the kernel tells them."""
    libc = ctypes.CDLL(None, use_errno=True)
    queue = libc.inotify_init1(os.O_NONBLOCK)
    assert queue >= 0
    for folder in folders:
        assert libc.inotify_add_watch(queue, os.fsencode(folder), CREATED | MOVED_HERE | WRITTEN) >= 0
    seen: set[str] = set()
    try:
        yield seen
        while True:
            try:
                events = os.read(queue, 65536)
            except BlockingIOError:
                break
            at = 0
            while at < len(events):
                length = struct.unpack_from("iIII", events, at)[3]
                seen.add(events[at + 16 : at + 16 + length].rstrip(b"\0").decode())
                at += 16 + length
    finally:
        os.close(queue)


@pytest.fixture
def temp(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temp folder of the test's own, which nobody else writes to."""
    folder = tmp_path_factory.mktemp("temp")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert tempfile.gettempdir() == str(folder)
    return folder


def noise(kind: str) -> bytes:
    """A photo of some megabytes of which no two pieces are alike."""
    chance = random.Random(3)
    photo = Image.frombytes("RGB", (1400, 1100), chance.randbytes(1400 * 1100 * 3))
    file = io.BytesIO()
    photo.save(file, kind, quality=95)
    return file.getvalue()


async def test_the_watch_sees_what_is_written(temp: Path) -> None:
    with watched(temp) as seen:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"a photo")
        (temp / "kept.jpg").write_bytes(b"a photo")
    assert "kept.jpg" in seen and len(seen) == 2  # also what is gone again


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_badge_leaves_no_file_and_none_of_its_bytes(
    world: Any, served: httpx.AsyncClient, temp: Path, kind: str
) -> None:
    photo = noise(kind)
    assert len(photo) > 1_000_000  # Starlette's own parser would write that to the disk
    folder = world.settings.data_dir
    with watched(temp, folder, folder / "media") as seen:
        page = await served.post("/c/orne/badge", data=GOOD, files={"photo": ("me", photo)})
        assert page.status_code == 200
        for format in ("story", "banner"):
            files = {"photo": ("me", photo)}
            answer = await served.post("/c/orne/badge/picture", data=GOOD | {"format": format}, files=files)
            assert answer.status_code == 200
        await served.post("/c/orne/badge/overlay", data=GOOD)
        refused = await served.post("/c/orne/badge", data=GOOD, files={"photo": ("me", photo[:-500_000])})
        assert refused.status_code == 422
    assert {name.partition(".")[0] for name in seen} <= {"porte-voix"}  # the store and its log
    _nowhere(world, photo)
    _nowhere(world, answer.content)


async def test_on_the_wall_stands_the_small_badge_and_nothing_of_the_photo(
    world: Any, served: httpx.AsyncClient, temp: Path
) -> None:
    photo = noise("JPEG")
    folder = world.settings.data_dir
    with watched(temp, folder, folder / "media") as seen:
        page = await served.post("/c/orne/badge", data=GOOD, files={"photo": ("me", photo)})
        yes = {"first_name": "Zoé", "consent": "yes"} | hidden_fields(page.text)
        assert (await served.post("/c/orne/wall", data=yes)).status_code == 303
    assert {name.partition(".")[0] for name in seen} <= {"porte-voix"}
    _nowhere(world, photo)


def _nowhere(world: Any, content: bytes) -> None:
    """Not a kilobyte's piece of it stands in any file, nor in the store."""
    kept = b"".join(file.read_bytes() for file in world.settings.data_dir.rglob("*") if file.is_file())
    kept += stored_bytes(world.settings.store_url)
    for start in range(2_000, len(content) - 64, len(content) // 50):
        assert content[start : start + 64] not in kept
