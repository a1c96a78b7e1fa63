"""Badges by the dozen in the whole program: handed in over HTTP, made by whichever process is free, and those of the command."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from PIL import Image

from badges import FORMATS
from campaigns import installation
from campaigns.models import Campaign, Role
from campaigns.times import system_clock
from sandbox.client import SandboxClient
from sandbox.defaults import PORTRAIT
from tests.crew import Crew
from tests.program import Program
from tests.test_commands import done
from tests.web.conftest import PASSWORD, token_in

HERE = "/console/c/orne"
STATES = "SELECT state, attempts FROM file_request"


def photo(side: int) -> bytes:
    with Image.open(PORTRAIT) as portrait:
        portrait.thumbnail((side, side))
        file = io.BytesIO()
        portrait.save(file, "JPEG")
    return file.getvalue()


def zipped(photos: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in photos.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
async def installed(program: Program, sandbox: SandboxClient) -> Program:
    """With a campaign and an editor."""
    store, now = program.store(program.vault), system_clock()
    async with store.write() as session:
        campaign = await installation.add_campaign(session, Campaign(slug="orne", name="Orne", slogan="Nos gares"), now)
        await installation.add_organizer(session, campaign.id, "e@example.org", "Camille", PASSWORD, Role.editor, now)
    await store.close()
    return program


@asynccontextmanager
async def editor(site: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=site, headers={"accept-language": "en"}, timeout=60) as client:
        form = {"email": "e@example.org", "password": PASSWORD}
        form["csrf"] = token_in((await client.get("/console/login")).text)
        assert (await client.post("/console/login", data=form)).status_code == 303
        yield client


async def hand_in(client: httpx.AsyncClient, photos: dict[str, bytes], **said: str) -> None:
    form = {"csrf": token_in((await client.get(f"{HERE}/badges")).text), "frame": "banner", "names": "yes"}
    form |= {"format": ["square", "story"], "agreed": "yes"} | said  # type: ignore[dict-item]
    answer = await client.post(f"{HERE}/badges", data=form, files={"file": ("candidats.zip", zipped(photos))})
    assert answer.status_code == 303, answer.text


async def until(program: Program, *states: str) -> tuple[object, ...]:
    """The row of the only request, as soon as it is in one of these states."""
    async with asyncio.timeout(90):
        while True:
            (row,) = await asyncio.to_thread(program.ask, STATES)
            if row[0] in states:
                return row


async def taken(program: Program, client: httpx.AsyncClient) -> dict[str, bytes]:
    """What one downloads as soon as it is ready."""
    assert (await until(program, "ready", "failed"))[0] == "ready"
    answer = await client.get(f"{HERE}/files/1/download")
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="badges-candidats.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def by_command(program: Program, photos: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """What `badge batch` makes of the same photos."""
    await asyncio.to_thread(zipfile.ZipFile(io.BytesIO(zipped(photos))).extractall, folder)
    made = folder.with_name("made")
    given = ("--frame", "banner", "--format", "square+story", "--names-from-files", "--out", str(made))
    await done(program, "badge", "batch", str(folder), *given)
    return {file.name: file.read_bytes() for file in made.iterdir()}


PHOTOS = {"Zoé Martin.jpg": photo(700), "Awa.jpg": photo(400), "Ödön.jpg": photo(300)}


async def test_what_the_console_makes_is_what_the_command_makes_and_the_photos_are_gone(
    installed: Program, tmp_path: Path
) -> None:
    await installed.start()
    async with editor(installed.site) as client:
        await hand_in(client, PHOTOS | {"cassée.jpg": PHOTOS["Awa.jpg"][:4000]})
        made = await taken(installed, client)
        assert (
            "1 of 4 photos became no badge: not-made.csv in the ZIP says why."
            in (await client.get(f"{HERE}/files")).text
        )
    assert b"damaged or was cut short" in made.pop("not-made.csv")
    assert made == await by_command(installed, PHOTOS, tmp_path / "photos")
    for name, content in made.items():
        with Image.open(io.BytesIO(content)) as badge:
            assert badge.format == "JPEG" and badge.size == FORMATS["story" if "-story" in name else "square"].size
    assert await installed.stop() == 0  # by then the photos are dropped
    assert [file.name for file in (installed.folder / "files").iterdir()] == ["made-1"]
    for table in ("engagement", "counted_once", "campaign_tally", "supporter"):  # nobody made them for themselves
        assert installed.ask(f"SELECT count(*) FROM {table}") == [(0,)]


async def test_a_batch_that_is_cut_off_in_the_middle_begins_again_and_is_whole(installed: Program) -> None:
    photos = {f"{n}.jpg": photo(600) for n in range(40)}
    await installed.start()
    async with editor(installed.site) as client:
        await hand_in(client, photos, format="square")
    await until(installed, "making")
    await installed.kill()
    again = installed.again()
    await again.start()
    async with editor(again.site) as client:
        assert sorted(await taken(again, client)) == sorted(photos)
    assert await until(again, "ready") == ("ready", 2)
    assert await again.stop() == 0


@pytest.mark.about_servers
async def test_a_worker_makes_what_was_handed_in_elsewhere(
    installed: Program, sandbox: SandboxClient, tmp_path: Path
) -> None:
    crew = Crew(installed, sandbox)
    try:
        web = await crew.start("web")
        async with editor(web.site) as client:
            await hand_in(client, PHOTOS)
            await crew.start("worker")
            await crew.start("clock")
            made = await taken(installed, client)
        assert made == await by_command(installed, PHOTOS, tmp_path / "photos")
    finally:
        await crew.stop()
