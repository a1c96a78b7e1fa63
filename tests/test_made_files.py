"""A report that an organizer asks for over HTTP, made by workers that are processes of their own; one of them is killed over it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import create_engine, text

from campaigns import installation
from campaigns.media_stores import Folder
from campaigns.models import FileState, Role
from campaigns.times import system_clock
from sandbox.client import SandboxClient
from tests.crew import Crew
from tests.program import Program
from tests.web.conftest import token_in

pytestmark = pytest.mark.about_servers
EMAIL, PASSWORD = "camille@example.org", "correct horse battery"
REPORT, FILES = "/console/c/campagne/results/report.pdf", "/console/c/campagne/files"
PATIENCE = 120.0  # seconds


@pytest.fixture
async def crew(program: Program, sandbox: SandboxClient) -> AsyncIterator[Crew]:
    made = Crew(program, sandbox)
    yield made
    await made.stop()


@pytest.fixture
async def browser(crew: Crew) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of the comms team, at a process that only serves pages."""
    (channel,) = await crew.channels(1)
    async with crew.store() as database, database.write() as session:
        await installation.add_organizer(
            session, channel.campaign_id, EMAIL, "Camille", PASSWORD, Role.editor, system_clock()
        )
    web = await crew.start("web")
    async with httpx.AsyncClient(base_url=web.site, headers={"accept-language": "en"}, timeout=60) as client:
        token = token_in((await client.get("/console/login")).text)
        answer = await client.post("/console/login", data={"csrf": token, "email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 303
        yield client


async def taken_away(browser: httpx.AsyncClient) -> bytes:
    """The report, as whoever clicks again until it comes has it: each click waits for a moment."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await browser.get(REPORT)).status_code == 303:
            assert answer.headers["location"].startswith(FILES)
    assert answer.status_code == 200
    return answer.content


@contextmanager
def shut(program: Program, table: str) -> Iterator[None]:
    """Nobody reads from or writes to a table until the block ends."""
    engine = create_engine(program.store_url.replace("postgresql:", "postgresql+psycopg:", 1))
    try:
        with engine.begin() as connection:
            connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            yield
    finally:
        engine.dispose()


async def test_a_worker_makes_the_report_that_a_process_with_pages_hands_out(
    crew: Crew, browser: httpx.AsyncClient, program: Program
) -> None:
    waits = await browser.get(REPORT)  # there is no worker yet
    assert (waits.status_code, waits.headers["location"]) == (303, f"{FILES}#file-1")
    assert "No worker is at work" in (await browser.get(FILES)).text
    worker, clock = await crew.start("worker"), await crew.start("clock")
    assert (await taken_away(browser)).startswith(b"%PDF-")
    assert program.ask("SELECT id, state, attempts FROM file_request") == [(1, FileState.ready, 1)]
    for process in (worker, clock):
        assert await process.stop() == 0, process.output


async def test_what_a_killed_worker_was_making_is_made_once_by_another(
    crew: Crew, browser: httpx.AsyncClient, program: Program
) -> None:
    victim, clock = await crew.start("worker"), await crew.start("clock")
    with shut(program, "territory_tally"):  # which only whoever draws the report reads
        await browser.get(REPORT)
        async with asyncio.timeout(PATIENCE):
            while "is being made" not in (await browser.get(f"{FILES}/1/progress")).text:
                pass
        await victim.kill()
        heir = await crew.start("worker")
        await clock.line(r"worker \d+ died; what it had goes on elsewhere")
    assert (await taken_away(browser)).startswith(b"%PDF-")
    assert program.ask("SELECT id, state, attempts FROM file_request") == [(1, FileState.ready, 2)]
    assert [name for name, _ in Folder(program.folder / "files").files()] == ["made-1"]
    for process in (heir, clock):
        assert await process.stop() == 0, process.output
