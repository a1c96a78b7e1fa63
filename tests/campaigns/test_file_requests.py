"""Files that are made in the background: who has one, what becomes of it where its maker dies, and when it goes."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func
from sqlmodel import col, select

from campaigns import file_requests
from campaigns.coming_back import settle_down
from campaigns.database import Database
from campaigns.file_requests import KEPT, LEASE, LEFT, MOST_WAITING, SAME, TRIES, TooManyFiles
from campaigns.installation import add_organizer
from campaigns.media_stores import Folder
from campaigns.models import FileKind, FileRequest, FileState, Role
from schedules.tidying import EVERY, Tidying
from tests.stores import connected


@dataclass
class Desk:
    """Asks in the name of one organizer, and makes what was asked for."""

    database: Database
    campaign_id: int
    organizer_id: int
    clock: object

    async def ask(self, wanted="july", **more) -> FileRequest:
        async with self.database.write() as session:
            return await file_requests.ask(
                session,
                self.campaign_id,
                self.organizer_id,
                FileKind.report_pdf,
                "Results",
                {"period": wanted},
                self.clock(),
                **more,
            )

    async def claim(self, worker="one", request_id=None) -> FileRequest | None:
        async with self.database.write() as session:
            return await file_requests.claim(session, worker, self.clock(), request_id)

    async def ready(self, asked) -> bool:
        async with self.database.write() as session:
            return await file_requests.ready(session, asked, "made", "results.pdf", 7, self.clock())

    async def end_leases(self, **how) -> int:
        async with self.database.write() as session:
            return await file_requests.end_leases(session, self.clock(), **how)

    async def all(self) -> list[FileRequest]:
        async with self.database.read() as session:
            return list(await file_requests.of_campaign(session, self.campaign_id))


@pytest.fixture
async def desk(database, campaign, clock) -> Desk:
    async with database.write() as session:
        organizer = await add_organizer(
            session, campaign.id, "claire@exemple.fr", "Claire", "un long mot de passe", Role.editor, clock()
        )
    return Desk(database, campaign.id, organizer.id, clock)


async def test_a_file_is_made_by_whoever_claims_it_first_the_oldest_before_the_others(desk, clock):
    first = await desk.ask("july")
    clock.advance(timedelta(seconds=1))
    second = await desk.ask("august")
    assert [(await desk.claim("one")).id, (await desk.claim("two")).id] == [first.id, second.id]
    assert await desk.claim("three") is None
    assert await desk.claim("three", first.id) is None


async def test_the_same_file_is_not_made_twice_for_one_person_within_a_minute(desk, clock):
    asked = await desk.ask()
    assert (await desk.ask()).id == asked.id
    assert (await desk.ask("august")).id != asked.id
    claimed = await desk.claim(request_id=asked.id)
    assert await desk.ready(claimed)
    assert (await desk.ask()).id == asked.id
    clock.advance(SAME)
    assert (await desk.ask()).id != asked.id  # its figures may be others by now


async def test_who_has_five_under_way_is_asked_to_wait(desk):
    for month in range(MOST_WAITING):
        await desk.ask(month)
    with pytest.raises(TooManyFiles):
        await desk.ask("one more")
    await desk.ready(await desk.claim())
    assert (await desk.ask("one more")).state is FileState.queued


async def test_a_maker_that_reports_keeps_its_claim_and_one_that_dies_loses_it(desk, database, clock):
    await desk.ask()
    claimed = await desk.claim()
    clock.advance(LEASE)
    async with database.write() as session:
        assert await file_requests.progress(session, claimed, 3, 10, clock())
    assert await desk.end_leases() == 0
    assert [(each.done, each.total) for each in await desk.all()] == [(3, 10)]
    clock.advance(LEASE)
    assert await desk.end_leases() == 1
    again = await desk.claim("two")
    assert again.attempts == 2
    assert not await desk.ready(claimed)  # the dead one was only slow: its word counts no more
    assert await desk.ready(again)


async def test_three_makers_that_die_are_enough(desk):
    await desk.ask()
    for _ in range(TRIES):
        assert await desk.claim() is not None
        assert await desk.end_leases(every=True) == 1
    assert await desk.claim() is None
    assert [(each.state, each.why) for each in await desk.all()] == [(FileState.failed, LEFT)]


async def test_only_what_the_dead_had_goes_on_elsewhere(desk):
    kept, lost = await desk.ask("july"), await desk.ask("august")
    await desk.claim("living", kept.id)
    await desk.claim("dead", lost.id)
    assert await desk.end_leases(living={"living"}) == 1
    assert [each.state for each in await desk.all()] == [FileState.queued, FileState.making]


async def test_what_was_removed_while_it_was_made_is_not_kept(desk, database):
    asked = await desk.ask()
    claimed = await desk.claim()
    async with database.write() as session:
        assert await file_requests.remove(session, desk.campaign_id, asked.id) is not None
    assert not await desk.ready(claimed)
    assert await desk.all() == []


async def test_one_that_failed_can_be_tried_again(desk, database, clock):
    asked = await desk.ask()
    claimed = await desk.claim()
    async with database.write() as session:
        assert await file_requests.failed(session, claimed, "The list is empty.", clock())
        assert await file_requests.try_again(session, desk.campaign_id + 1, asked.id, clock()) is None
        assert await file_requests.try_again(session, desk.campaign_id, asked.id, clock()) is not None
    assert await desk.ready(await desk.claim())


async def test_after_a_day_rows_and_files_are_gone_but_not_what_is_being_made(desk, database, clock, tmp_path):
    home: Path = tmp_path / "files"
    asked = await desk.ask(source=file_requests.keep_source(home, b"a list"))
    claimed = await desk.claim()
    async with database.write() as session:
        name, size = file_requests.keep_result(home, claimed, b"a file")
        assert await file_requests.ready(session, claimed, name, "badges.zip", size, clock())
    clock.advance(KEPT - timedelta(seconds=1))
    await _tidy(database, clock, home)
    assert {name for name, _ in Folder(home).files()} == {claimed.source, name}
    making = await desk.ask("august")
    await desk.claim()
    clock.advance(timedelta(seconds=1))
    await _tidy(database, clock, home)
    assert not list(Folder(home).files())
    assert [each.id for each in await desk.all()] == [making.id]
    async with database.read() as session:
        assert await session.scalar(select(func.count()).where(col(FileRequest.id) == asked.id)) == 0


async def test_photos_of_whom_nobody_asked_anything_go_at_the_second_look(desk, database, clock, tmp_path):
    """Whoever stored them died before the row was written; a row that is about to come gets its hour."""
    home, tidying = tmp_path / "files", Tidying(database, clock, tmp_path, tmp_path / "files")
    left = file_requests.keep_source(home, b"a zip")
    kept = (await desk.ask(source=file_requests.keep_source(home, b"another"))).source
    (home / "notes.txt").write_text("somebody's own")
    for still in ({left, kept, "notes.txt"}, {kept, "notes.txt"}):
        await tidying.tick()
        await tidying.settled()
        assert {name for name, _ in Folder(home).files()} == still
        clock.advance(EVERY)


async def test_a_restored_store_knows_of_no_files_since_no_backup_holds_them(desk, clock, store_url):
    await desk.ask()
    with connected(store_url) as rows:
        settle_down(rows, clock(), clock())
    assert await desk.all() == []


async def _tidy(database, clock, home) -> None:
    tidying = Tidying(database, clock, home, home)
    await tidying.tick()
    await tidying.settled()
