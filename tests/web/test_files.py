"""Files that are made in the background, as organizers meet them: at once where that is possible, else on their own page."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import select

from bot.visit import House
from campaigns import file_requests, health, installation
from campaigns.file_requests import MOST_WAITING, FileRefused, Made
from campaigns.media_stores import Folder, opened
from campaigns.models import FileKind, FileRequest, FileState, Organizer, Role
from commands.works import files_of
from schedules.file_making import FileMaking
from tests.bucket import KEY, SECRET, Storage
from tests.web.conftest import PASSWORD, World
from web.console import files

HOME = "/console/c/orne"
REPORT = f"{HOME}/results/report.pdf"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a file that is not there yet."""
    monkeypatch.setattr(files, "PATIENCE", 0.0)


@pytest.fixture
async def making(world: World) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Lets everything that waits be made, by this maker: `await making(maker)`."""
    begun: list[FileMaking] = []

    async def run(maker: Any = None) -> None:
        async def usual(asked: FileRequest, tell: Any) -> Made:
            await tell(1, 2)
            return Made(b"%PDF- " + str(asked.id).encode(), "orne.pdf")

        makers = dict.fromkeys(FileKind, maker or usual)
        made = FileMaking(world.database, world.clock, world.settings.files, makers, worker="here")
        begun.append(made)
        await made.tick()
        await made.settled()

    yield run
    for made in begun:
        await made.stop()


async def rows(world: World) -> list[FileRequest]:
    async with world.database.read() as session:
        return list(await session.scalars(select(FileRequest).order_by(FileRequest.id)))  # type: ignore[arg-type]


async def shown(browser: httpx.AsyncClient, path: str = "/files") -> str:
    answer = await browser.get(f"{HOME}{path}")
    assert answer.status_code == 200
    return " ".join(unescape(answer.text).split())


@pytest.mark.usefixtures("maker")
async def test_a_report_that_is_made_within_a_moment_comes_at_once(
    world: World, browser: httpx.AsyncClient, enter: Any
) -> None:
    await enter("viewer@example.org")
    answer = await browser.get(REPORT)
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    (row,) = await rows(world)
    assert (row.state, row.size) == (FileState.ready, len(answer.content))


@pytest.mark.usefixtures("hurried")
async def test_one_that_takes_longer_waits_on_a_page_and_is_downloaded_there(
    world: World, browser: httpx.AsyncClient, enter: Any, making: Any
) -> None:
    await enter("viewer@example.org")
    answer = await browser.get(f"{REPORT}?period=year")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/files#file-1")
    again = await browser.get(f"{REPORT}?period=year")  # an impatient click asks for nothing new
    assert again.headers["location"] == answer.headers["location"]
    page = await shown(browser)
    assert "waits" in page and "For Dominique" in page and "files/1/progress" in page
    assert (await browser.get(f"{HOME}/files/1/download")).headers["location"] == f"{HOME}/files#file-1"
    await making()
    assert "ready" in await shown(browser, "/files/1/progress")
    page = await shown(browser)
    assert "data-going" not in page
    assert "orne.pdf · 1 KB" in page and "kept until 25 Nov 12:00" in page
    file = await browser.get(f"{HOME}/files/1/download")
    assert file.content == b"%PDF- 1"
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["content-disposition"] == 'attachment; filename="orne.pdf"'
    assert file.headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("hurried")
async def test_the_page_says_where_nobody_is_there_who_would_make_it(
    world: World, browser: httpx.AsyncClient, enter: Any
) -> None:
    await enter()
    await browser.get(REPORT)
    assert "No worker is at work" in await shown(browser)
    async with world.database.write() as session:
        await health.beat(session, health.SCHEDULER, world.clock.now)
    assert "It is begun as soon as somebody is free." in await shown(browser)
    world.clock.move(seconds=31)  # the timetable beats, and yet it lies there
    assert "No worker is at work" in await shown(browser)
    async with world.database.write() as session:
        await health.beat(session, health.SCHEDULER, world.clock.now)
        await file_requests.claim(session, "busy", world.clock.now)
    await browser.get(f"{REPORT}?period=all")
    world.clock.move(seconds=31)
    assert "No worker is at work" not in await shown(browser)
    world.clock.move(minutes=2)  # its beats have ended
    assert "No worker is at work" in await shown(browser)


@pytest.mark.usefixtures("hurried")
async def test_the_page_says_how_far_one_is_while_it_is_made(
    world: World, browser: httpx.AsyncClient, enter: Any, making: Any
) -> None:
    await enter()
    await browser.get(REPORT)
    seen: list[str] = []

    async def slow(asked: FileRequest, tell: Any) -> Made:
        await tell(1200, 3000)
        seen.append(await shown(browser, "/files/1/progress"))
        return Made(b"%PDF-", "orne.pdf")

    await making(slow)
    (page,) = seen
    assert "is being made" in page and "1,200 of 3,000" in page
    assert 'max="3000" value="1200"' in page


@pytest.mark.usefixtures("hurried")
async def test_what_fails_is_said_in_a_plain_sentence_and_can_be_tried_again(
    world: World, browser: httpx.AsyncClient, enter: Any, making: Any
) -> None:
    token = await enter()
    await browser.get(REPORT)

    async def broken(asked: FileRequest, tell: Any) -> Made:
        raise ZeroDivisionError("secret words")

    async def refusing(asked: FileRequest, tell: Any) -> Made:
        raise FileRefused("The list is empty.")

    await making(broken)
    page = await shown(browser)
    assert "Something went wrong while it was being made." in page
    assert "secret" not in page and "ZeroDivision" not in page and "Traceback" not in page
    await browser.post(f"{HOME}/files/1/try-again", data={"csrf": token})
    assert "waits" in await shown(browser)
    await making(refusing)
    assert "The list is empty." in await shown(browser)
    await browser.post(f"{HOME}/files/1/try-again", data={"csrf": token})
    await making()
    assert (await browser.get(f"{HOME}/files/1/download")).content == b"%PDF- 1"


@pytest.mark.usefixtures("hurried")
async def test_one_that_is_removed_is_gone_with_its_file_and_one_in_the_making_is_left_off(
    world: World, browser: httpx.AsyncClient, enter: Any, making: Any
) -> None:
    token = await enter()
    await browser.get(REPORT)
    await making()
    assert [name for name, _ in Folder(world.settings.files_dir).files()] == ["made-1"]
    assert (await browser.post(f"{HOME}/files/1/remove", data={"csrf": token})).status_code == 303
    assert not list(Folder(world.settings.files_dir).files())
    await browser.get(f"{REPORT}?period=all")
    after: list[str] = []

    async def slow(asked: FileRequest, tell: Any) -> Made:
        await browser.post(f"{HOME}/files/2/remove", data={"csrf": token})
        await tell(1, 2)
        after.append("went on")
        return Made(b"%PDF-", "orne.pdf")

    await making(slow)
    assert await rows(world) == [] and after == []
    assert not list(Folder(world.settings.files_dir).files())


@pytest.mark.usefixtures("hurried")
async def test_who_asks_for_too_many_is_told_so(world: World, browser: httpx.AsyncClient, enter: Any) -> None:
    await enter()
    for day in range(1, 1 + MOST_WAITING):
        await browser.get(f"{REPORT}?from=2026-11-0{day}&until=2026-11-20")
    answer = await browser.get(REPORT)
    assert answer.status_code == 429
    assert "Five files of yours are under way already." in answer.text
    assert len(await rows(world)) == MOST_WAITING


@pytest.mark.usefixtures("hurried")
async def test_files_are_the_campaigns_own_and_no_public_page_hands_them_out(
    world: World, browser: httpx.AsyncClient, enter: Any, making: Any, visit: Any
) -> None:
    await enter()
    await browser.get(REPORT)
    await making()
    async with world.database.write() as session:  # the rival is no stranger to the console
        await installation.add_organizer(
            session, world.caux.id, "rival@example.org", "Claude", PASSWORD, Role.admin, world.clock.now
        )
    await enter("rival@example.org")
    for path in (f"{HOME}/files", f"{HOME}/files/1/progress", f"{HOME}/files/1/download"):
        assert (await browser.get(path)).status_code == 404
    own = "/console/c/caux/files"
    assert "From" not in await _titles(browser, own)
    for path in (f"{own}/1/progress", f"{own}/1/download"):
        assert (await browser.get(path)).status_code == 404
    async with visit() as stranger:
        for path in ("/media/made-1", "/c/orne/media/made-1", "/files/made-1", "/static/files/made-1"):
            assert (await stranger.get(path)).status_code == 404


async def _titles(browser: httpx.AsyncClient, path: str) -> str:
    return " ".join(re.findall(r"<h2[^>]*>([^<]*)", (await browser.get(path)).text))


@pytest.mark.usefixtures("hurried")
async def test_who_may_only_look_does_not_get_peoples_badges(
    world: World, browser: httpx.AsyncClient, enter: Any, making: Any
) -> None:
    async with world.database.write() as session:
        await file_requests.ask(
            session, world.orne.id, world.editor.id, FileKind.badges, "liste.zip", {}, world.clock.now
        )
    await making()
    await enter("viewer@example.org")
    assert "liste.zip" not in await shown(browser)
    assert (await browser.get(f"{HOME}/files/1/download")).status_code == 404
    await enter("editor@example.org")
    assert "liste.zip" in await shown(browser)
    assert (await browser.get(f"{HOME}/files/1/download")).status_code == 200


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("place", ["folder", "bucket"])
async def test_a_file_lies_in_a_folder_or_a_bucket_and_one_that_was_lost_is_said_to_be_gone(
    world: World, browser: httpx.AsyncClient, enter: Any, making: Any, storage: Storage, place: str
) -> None:
    """Lost such as by a move to another machine, where it was left behind."""
    if place == "bucket":
        world.settings.media_url = storage.url
        world.settings.media_key, world.settings.media_secret = KEY, SecretStr(SECRET)
    await enter()
    await browser.get(REPORT)
    await making()
    assert storage.names() == (["orne/files/made-1"] if place == "bucket" else [])
    file = await browser.get(f"{HOME}/files/1/download")
    assert (file.content, file.headers["content-length"]) == (b"%PDF- 1", "7")
    assert file.headers["content-disposition"] == 'attachment; filename="orne.pdf"'
    opened(world.settings.files).delete("made-1")
    answer = await browser.get(f"{HOME}/files/1/download")
    assert answer.status_code == 404 and "This file is no longer there" in unescape(answer.text)


@pytest.mark.usefixtures("hurried")
async def test_files_stay_where_whoever_asked_has_left(
    world: World, browser: httpx.AsyncClient, enter: Any, making: Any
) -> None:
    await enter("viewer@example.org")
    await browser.get(REPORT)
    await making()
    async with world.database.write() as session:
        gone = (await session.scalars(select(Organizer).where(Organizer.email == "viewer@example.org"))).one()
        await session.delete(gone)
    await enter()
    assert "For somebody who left" in await shown(browser)


@pytest.mark.usefixtures("hurried")
async def test_a_request_made_late_is_of_the_days_that_were_asked_for(
    world: World, browser: httpx.AsyncClient, enter: Any
) -> None:
    await enter()
    await browser.get(f"{REPORT}?period=7&lang=fr")
    world.clock.now += timedelta(days=1)
    late = files_of(House(world.database, world.settings, world.clock))
    await late.tick()
    await late.settled()
    await enter()
    answer = await browser.get(f"{HOME}/files/1/download")
    assert 'filename="orne-2026-11-18-2026-11-24.pdf"' in answer.headers["content-disposition"]
