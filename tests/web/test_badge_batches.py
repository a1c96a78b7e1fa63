"""Badges by the dozen in the console: a ZIP is looked at, queued, made in the background, taken, and forgotten."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.async_api import Browser, expect
from sqlmodel import col, select

from campaigns.made_badges import BadgeFiles
from campaigns.models import Audit, FileKind, FileRequest, FileState, Frame
from sandbox.defaults import PORTRAIT
from schedules.file_making import FileMaking
from schedules.tidying import Tidying
from tests.browser import Camera
from tests.web.conftest import picture
from tests.web.journeys import LOOKS, Look, accessible, organizer
from web.console import badge_batches

HERE = "/console/c/orne/badges"


def packed(**files: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def photo() -> bytes:
    with Image.open(PORTRAIT) as portrait:
        portrait.thumbnail((320, 320))
        file = io.BytesIO()
        portrait.save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def hand_in(browser: httpx.AsyncClient, enter: Any) -> Callable[..., Any]:
    async def send(data: bytes | None, name: str = "candidats.zip", **said: Any) -> httpx.Response:
        form = {"csrf": await enter(), "frame": "ring", "format": ["square"], "agreed": "yes"} | said
        return await browser.post(HERE, data=form, files={"file": (name, data)} if data is not None else {"x": b""})

    return send


async def asked_for(world: Any) -> list[FileRequest]:
    async with world.database.read() as session:
        return list(await session.scalars(select(FileRequest).order_by(col(FileRequest.id))))


def kept(world: Any) -> list[Path]:
    folder: Path = world.settings.files_dir
    return sorted(folder.iterdir()) if folder.exists() else []


async def test_a_good_zip_is_queued_with_its_photos_and_stands_in_the_audit(
    world: Any, hand_in: Any, photo: bytes
) -> None:
    data = packed(**{"Zoé.jpg": photo, "awa.jpg": photo})
    answer = await hand_in(data, format=["square", "story"], names="yes")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/c/orne/files")
    (asked,) = await asked_for(world)
    assert (asked.title, asked.state, asked.organizer_id) == ("candidats.zip", FileState.queued, world.editor.id)
    assert asked.wanted["frame"] == "ring" and asked.wanted["formats"] == ["square", "story"]
    assert [file.read_bytes() for file in kept(world)] == [data]
    async with world.database.read() as session:
        (act,) = await session.scalars(select(Audit).where(col(Audit.action) == "badges asked for"))
    assert (act.organizer_id, act.detail) == (world.editor.id, "candidats.zip")


async def test_what_cannot_be_used_is_told_and_nothing_is_queued_unless_the_good_ones_may(
    world: Any, hand_in: Any, photo: bytes
) -> None:
    lines = "photo,name,format\nzoe.jpg,Zoé,\n<b>.jpg,Awa,\nzoe.jpg,Bis,affiche\n"
    data = packed(**{"list.csv": lines, "zoe.jpg": photo, "notes.txt": "bonjour"})
    answer = await hand_in(data, frame="banner", format=["story"], names="yes")
    assert answer.status_code == 422 and "candidats.zip: 2 photos cannot be used. 1 photo is good." in answer.text
    for said in ("line 3 (&lt;b&gt;.jpg)", "There is no such photo in the zip", "line 4", "There is no format affiche"):
        assert said in answer.text
    for still in ('value="banner" selected', 'value="story" checked', 'name="names" value="yes" checked'):
        assert still in answer.text
    assert await asked_for(world) == [] and kept(world) == []
    assert (await hand_in(data, skip="yes")).status_code == 303
    assert len(await asked_for(world)) == len(kept(world)) == 1


@pytest.mark.parametrize(
    ("data", "said", "part"),
    [
        (None, {}, "Choose a file first."),
        (packed(**{"a.jpg": b"x"}), {"frame": "moon"}, "Choose a frame."),
        (packed(**{"a.jpg": b"x"}), {"format": []}, "Choose a format at least."),
        (packed(**{"a.jpg": b"x"}), {"agreed": ""}, "Say that you have their yes"),
        (b"\xff\xd8\xff no zip", {}, "candidats.zip cannot be unpacked"),
        (packed(**{"list.csv": "photo\n"}), {}, "There is no photo in candidats.zip"),
        (packed(**{"a.jpg": b"x"}), {"skip": "yes"}, "candidats.zip: 1 photo cannot be used. 0 photos are good."),
        (packed(**{"a.jpg": b"\xff\xd8\xff" + bytes(30_000_000)}), {}, "weighs 31 MB and the limit is 25 MB"),
        (packed(**{"../../a.jpg": picture()}), {}, "Its name leads out of the zip"),
    ],
    ids=["no file", "no such frame", "no format", "no yes", "no zip", "no photo", "nothing good", "a bomb", "a path"],
)
async def test_what_cannot_be_made_is_refused_in_words_and_nothing_is_kept(
    world: Any, hand_in: Any, data: bytes | None, said: dict[str, Any], part: str
) -> None:
    answer = await hand_in(data, **said)
    assert answer.status_code == 422 and part in answer.text
    assert await asked_for(world) == [] and kept(world) == []


async def test_a_file_that_is_too_large_is_refused_in_words(
    world: Any, hand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(badge_batches, "LARGEST_BATCH", 1_000_000)
    answer = await hand_in(bytes(1_100_000))
    assert answer.status_code == 413 and "larger than 1 MB: pack fewer photos" in answer.text
    assert await asked_for(world) == []


async def test_who_has_too_much_under_way_waits_and_no_photo_stays(world: Any, hand_in: Any, photo: bytes) -> None:
    data = packed(**{"zoe.jpg": photo})
    for _ in range(5):
        assert (await hand_in(data)).status_code == 303
    answer = await hand_in(data)
    assert answer.status_code == 422 and "Five files of yours are under way already" in answer.text
    assert len(await asked_for(world)) == len(kept(world)) == 5


async def make_all(world: Any) -> None:
    """What waits is made, as the program does it."""
    makers = {FileKind.badges: BadgeFiles(world.database, world.settings.files, world.settings.frames).badges}
    making = FileMaking(world.database, world.clock, world.settings.files, makers, worker="here")
    await making.tick()
    await making.settled()
    await making.stop()


async def test_a_frame_that_was_taken_out_of_use_meanwhile_is_told_and_the_photos_wait_for_another_try(
    world: Any, browser: httpx.AsyncClient, hand_in: Any, photo: bytes
) -> None:
    await hand_in(packed(**{"zoe.jpg": photo}))
    async with world.database.write() as session:
        (ring,) = await session.scalars(
            select(Frame).where(col(Frame.design) == "ring", col(Frame.campaign_id) == world.orne.id)
        )
        ring.in_use = False
    await make_all(world)
    (asked,) = await asked_for(world)
    assert asked.state is FileState.failed and asked.why is not None
    assert asked.why.startswith("No badge could be made of the photo zoe.jpg: There is no frame ring in use.")
    assert [file.name for file in kept(world)] == [asked.source]


async def test_after_a_day_the_badges_are_gone_too(
    world: Any, browser: httpx.AsyncClient, hand_in: Any, photo: bytes
) -> None:
    await hand_in(packed(**{"zoe.jpg": photo}))
    await make_all(world)
    (asked,) = await asked_for(world)
    assert [file.name for file in kept(world)] == [asked.result] and asked.file_name == "badges-candidats.zip"
    world.clock.move(hours=24)
    tidying = Tidying(world.database, world.clock, world.settings.media, world.settings.files)
    await tidying.tick()
    await tidying.settled()
    assert await asked_for(world) == [] and kept(world) == []


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
async def test_a_zip_with_a_broken_photo_is_mended_or_made_without_it(
    world: Any, served: httpx.AsyncClient, chromium: Browser, camera: Camera, photo: bytes, look: Look
) -> None:
    page = await organizer(chromium, served, look)
    data = packed(**{"Zoé Martin.jpg": photo, "Awa Diop.jpg": photo, "notes.txt": "bonjour"})
    given: Any = {"name": "candidats.zip", "mimeType": "application/zip", "buffer": data}
    await page.goto(f"{served.base_url}{HERE}")
    await accessible(page)
    await page.locator("[value=story]").check()
    await page.locator("[name=names]").check()
    await page.locator("[name=agreed]").check()
    await page.locator("#file").set_input_files(given)
    await page.locator("main [type=submit]").click()
    await expect(page.get_by_role("alert")).to_contain_text("candidats.zip")
    await expect(page.locator("main table")).to_contain_text("notes.txt")
    await accessible(page)
    await camera.shot(page, f"console-badges-{look.name}", whole=True)
    await expect(page.locator("[value=story]")).to_be_checked()
    await page.locator("[name=skip]").check()
    await page.locator("#file").set_input_files(given)
    await page.locator("main [type=submit]").click()
    await page.wait_for_url("**/files")
    await make_all(world)
    async with page.expect_download() as coming:
        await page.get_by_role("link", name=look.says("Télécharger", "Download")).click()
    with zipfile.ZipFile(await (await coming.value).path()) as archive:
        assert {"Awa Diop.jpg", "Zoé Martin-story.jpg", "not-made.csv"} < set(archive.namelist())
    await accessible(page)
    await camera.shot(page, f"console-badges-files-{look.name}", whole=True)
    await page.context.close()
