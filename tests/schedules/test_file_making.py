"""Files that are made in the background, by either engine: once, by whoever is there, and begun anew where a maker stops."""

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from campaigns import file_requests
from campaigns.database import Database
from campaigns.file_requests import BROKEN, LEASE, NO_ROOM, Made
from campaigns.media_stores import Folder
from campaigns.models import Campaign, FileKind, FileRequest, FileState
from schedules.engine import EmbeddedEngine, Engine
from schedules.file_making import FileMaking
from schedules.heart import Heart
from schedules.publishing import Publisher
from tests.conftest import FakeClock
from tests.schedules.test_publishing import Wire


class Bench:
    """A maker that begins when it is asked to, and ends when it may; each of its files is what was wanted."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.begun, self.may_go = asyncio.Event(), asyncio.Event()
        self.ended = asyncio.Semaphore(0)

    async def make(self, asked: FileRequest, tell: Any) -> Made:
        await tell(1, 2)
        self.begun.set()
        await self.may_go.wait()
        await tell(2, 2)
        self.made.append(asked.id)
        self.ended.release()
        return Made(f"file {asked.id}".encode(), "file.pdf")

    async def endless(self, asked: FileRequest, tell: Any) -> Made:
        self.begun.set()
        while True:
            await tell(1, 2)
            await asyncio.sleep(0.01)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def making(database: Database, clock: FakeClock, tmp_path: Path, bench: Bench) -> Callable[..., FileMaking]:
    def made(maker: Any = None, worker: str = "here") -> FileMaking:
        makers = {FileKind.report_pdf: maker or bench.make}
        return FileMaking(database, clock, tmp_path / "files", makers, worker=worker)

    return made


@pytest.fixture
def ask(database: Database, campaign: Campaign, clock: FakeClock) -> Callable[..., Any]:
    async def asked(number: int = 1) -> FileRequest:
        async with database.write() as session:
            request = FileRequest(
                campaign_id=campaign.id, kind=FileKind.report_pdf, title=f"{number}", asked_at=clock()
            )
            session.add(request)
            await session.flush()
            return request

    return asked


async def states(database: Database) -> list[FileState]:
    async with database.read() as session:
        rows = await session.scalars(select(FileRequest).order_by(FileRequest.id))  # type: ignore[arg-type]
        return [each.state for each in rows]


@pytest.mark.parametrize("kind", ["embedded", pytest.param("procrastinate", marks=pytest.mark.about_servers)])
async def test_an_engine_makes_what_was_asked_for_before_and_after_its_start(
    database: Database, clock: FakeClock, tmp_path: Path, making: Any, bench: Bench, ask: Any, kind: str
) -> None:
    bench.may_go.set()
    before = await ask()
    files = making()
    engine = _engine(kind, database, clock, tmp_path, files)
    await engine.start()
    await bench.ended.acquire()
    after = await ask(2)
    await bench.ended.acquire()
    await files.settled()
    assert await states(database) == [FileState.ready] * 2
    await engine.stop()
    assert bench.made == [before.id, after.id]
    assert Folder(tmp_path / "files").load(f"made-{after.id}") == f"file {after.id}".encode()


@pytest.mark.parametrize("kind", ["embedded", pytest.param("procrastinate", marks=pytest.mark.about_servers)])
async def test_an_engine_that_stops_leaves_what_it_makes_to_the_next_one(
    database: Database, clock: FakeClock, tmp_path: Path, making: Any, bench: Bench, ask: Any, kind: str
) -> None:
    asked = await ask()
    engine = _engine(kind, database, clock, tmp_path, making(bench.endless))
    await engine.start()
    await bench.begun.wait()
    await engine.stop()
    assert await states(database) == [FileState.queued]
    bench.may_go.set()
    files = making()
    heir = _engine(kind, database, clock, tmp_path, files)
    await heir.start()
    await bench.ended.acquire()
    await files.settled()
    assert await states(database) == [FileState.ready]
    await heir.stop()
    assert bench.made == [asked.id]
    async with database.read() as session:
        assert (await session.get_one(FileRequest, asked.id)).attempts == 1  # a stop is nobody's mistake


def _engine(kind: str, database: Database, clock: FakeClock, folder: Path, files: FileMaking) -> Engine:
    if kind == "embedded":
        return EmbeddedEngine(folder, [Heart(database, clock), files], database)
    from schedules.procrastinate_engine import ProcrastinateEngine, Works

    publisher = Publisher(database, clock, Wire().open, folder, worker="here", rng=random.Random(1))
    return ProcrastinateEngine(database, clock, Works(publisher, [], [], files), ticks=True, drains=True)


async def test_many_who_make_files_make_each_of_them_once(
    database: Database, making: Any, bench: Bench, ask: Any
) -> None:
    bench.may_go.set()
    asked = [(await ask(number)).id for number in range(5)]
    makers = [making(worker=f"w{number}") for number in range(4)]
    await asyncio.gather(*(each.tick() for each in makers))
    await asyncio.gather(*(each.settled() for each in makers))
    assert sorted(bench.made) == asked
    assert await states(database) == [FileState.ready] * 5


async def test_one_whose_maker_died_is_begun_anew_when_its_lease_has_ended(
    database: Database, clock: FakeClock, making: Any, bench: Bench, ask: Any
) -> None:
    asked = await ask()
    async with database.write() as session:
        assert await file_requests.claim(session, "dead", clock(), asked.id)
    bench.may_go.set()
    heir = making()
    clock.advance(LEASE - timedelta(seconds=1))
    await heir.end_leases()
    await heir.tick()
    await heir.settled()
    assert bench.made == []
    clock.advance(timedelta(seconds=1))
    await heir.end_leases()
    await heir.tick()
    await heir.settled()
    assert bench.made == [asked.id]


async def test_a_slow_maker_that_was_taken_for_dead_ends_nothing_that_another_one_began(
    database: Database, clock: FakeClock, tmp_path: Path, making: Any, bench: Bench, ask: Any
) -> None:
    asked = await ask()
    slow = making(worker="slow")
    await slow.tick()
    await bench.begun.wait()
    clock.advance(LEASE)
    async with database.write() as session:
        assert await file_requests.end_leases(session, clock()) == 1
        heir = await file_requests.claim(session, "heir", clock(), asked.id)
    bench.may_go.set()
    await slow.settled()
    assert bench.made == []
    async with database.write() as session:
        name, size = file_requests.keep_result(tmp_path / "files", heir, b"by the heir")
        assert await file_requests.ready(session, heir, name, "file.pdf", size, clock())
    assert Folder(tmp_path / "files").load(name) == b"by the heir"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("words of somebody"), BROKEN),  # a mistake of ours
        (OSError(28, "No space left on device"), BROKEN),
    ],
)
async def test_a_maker_that_breaks_ends_in_a_sentence_and_the_next_file_is_made(
    database: Database, making: Any, bench: Bench, ask: Any, error: Exception, said: str
) -> None:
    bench.may_go.set()
    first, second = await ask(1), await ask(2)

    async def breaking(asked: FileRequest, tell: Any) -> Made:
        if asked.id == first.id:
            raise error
        return await bench.make(asked, tell)

    maker = making(breaking)
    await maker.tick()
    await maker.settled()
    assert await states(database) == [FileState.failed, FileState.ready]
    async with database.read() as session:
        assert (await session.get_one(FileRequest, first.id)).why == said
    assert bench.made == [second.id]


async def test_a_place_for_files_that_cannot_be_written_is_said(
    database: Database, tmp_path: Path, making: Any, bench: Bench, ask: Any
) -> None:
    Folder(tmp_path).store("files", b"a file where the folder should be")
    bench.may_go.set()
    asked = await ask()
    maker = making()
    await maker.tick()
    await maker.settled()
    async with database.read() as session:
        assert (await session.get_one(FileRequest, asked.id)).why == NO_ROOM
