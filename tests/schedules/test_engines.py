"""The two engines, the same works: in this one process alone, and as clock and worker in one."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from campaigns import health, publications
from campaigns.database import Database, DatabaseProblem, migrate
from campaigns.models import Campaign, Channel, Publication, PublicationState
from campaigns.posts import NewPost, add_post
from campaigns.stores import plain
from campaigns.stores.postgresql import CONNECT
from campaigns.stores.queue import SCHEMA, configure
from campaigns.vault import Vault
from schedules.engine import EmbeddedEngine, Engine, EngineProblem
from schedules.heart import Heart
from schedules.jobs import CHANNELS, FILES, POLL, Jobs, living
from schedules.procrastinate_engine import KEEP, LOOK, ProcrastinateEngine, Works
from schedules.publishing import Publisher
from schedules.pulse import DEAD_AFTER
from schedules.timetable import TICK
from tests.conftest import FakeClock
from tests.schedules.test_publishing import Wire

pytestmark = pytest.mark.about_servers
S = PublicationState
Make = Callable[[Database, Wire], Engine]


@pytest.fixture(params=["embedded", "procrastinate"])
def make(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> Make:
    """An engine that publishes on a wire."""

    def made(database: Database, wire: Wire) -> Engine:
        publisher = Publisher(database, clock, wire.open, tmp_path, worker="here", rng=random.Random(1))
        if request.param == "embedded":
            return EmbeddedEngine(tmp_path, [Heart(database, clock), publisher], database)
        return ProcrastinateEngine(database, clock, Works(publisher, [], []), ticks=True, drains=True)

    return made


@pytest.fixture
async def other(database: Database) -> AsyncIterator[Database]:
    """The same store, as another process has it."""
    opened = Database(database.url.render_as_string(hide_password=False), Vault("a key of the tests"))
    yield opened
    await opened.close()


async def queue(database: Database, channel: Channel, clock: FakeClock, *texts: str) -> None:
    async with database.write() as session:
        for each in texts:
            new = NewPost(each, each, publish_at=clock(), channels=(channel,))
            await add_post(session, channel.campaign_id, new, media_dir=Path(), now=clock())


async def states(database: Database) -> list[PublicationState]:
    async with database.read() as session:
        return list(await session.scalars(select(col(Publication.state)).order_by(col(Publication.id))))


async def until(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    async with asyncio.timeout(60):
        while (found := await ask()) != wanted:
            pass
    assert found == wanted


async def test_an_engine_publishes_what_is_due_in_order_and_ends_what_is_in_flight(
    make: Make, database: Database, telegram: Channel, clock: FakeClock
) -> None:
    wire = Wire()
    engine = make(database, wire)
    await engine.start()
    await queue(database, telegram, clock, "Un", "Deux")
    await until(lambda: states(database), [S.published] * 2)
    assert [each for _, each in wire.sent] == ["Un", "Deux"]
    wire.gate = asyncio.Event()
    wire.at_the_gate.clear()
    await queue(database, telegram, clock, "Trois", "Quatre")
    await wire.at_the_gate.wait()
    stopping = asyncio.create_task(engine.stop())
    await asyncio.sleep(0)
    wire.gate.set()
    await stopping
    assert await states(database) == [S.published] * 3 + [S.queued]


async def test_an_engine_registers_its_parts_and_leaves_none_at_its_end(
    make: Make, database: Database, clock: FakeClock
) -> None:
    async def beats() -> set[str]:
        async with database.read() as session:
            return set((await health.look(session, clock())).beats)

    engine = make(database, Wire())
    await engine.start()
    parts = {health.SCHEDULER} if isinstance(engine, EmbeddedEngine) else {health.SCHEDULER, health.WORKER}
    await until(beats, parts)
    await engine.stop()
    assert await beats() == set()


async def test_an_engine_does_not_start_beside_one_that_is_alone(
    make: Make, database: Database, other: Database, tmp_path: Path
) -> None:
    assert await other.engine_alone()
    engine = make(database, Wire())
    with pytest.raises(EngineProblem, match="runs on this database"):
        await engine.start()
    await other.close()
    await engine.start()
    await engine.stop()


# The queue and the dead


@pytest.fixture
async def jobs(database: Database) -> AsyncIterator[Jobs]:
    """A queue whose jobs do nothing."""

    async def drain(channel_id: int, name: str) -> None: ...

    async def speak() -> None: ...

    async def make(file_id: int, name: str) -> None: ...

    made = Jobs(database.url, drain, speak, make)
    await made.open()
    yield made
    await made.close()


async def in_the_queue(database: Database) -> list[tuple[str, str]]:
    async with database.read() as session:
        rows = await session.execute(text(f"SELECT lock, status FROM {SCHEMA}.procrastinate_jobs ORDER BY lock"))
        return [(row[0], row[1]) for row in rows]


async def test_clocks_that_tick_at_once_put_one_job_for_a_channel_or_a_file_and_one_for_the_bot(
    jobs: Jobs, database: Database
) -> None:
    await asyncio.gather(*(jobs.put([1, 2], speak=True, files=[7]) for _ in range(4)))
    await jobs.put([2, 3], speak=True, files=[7, 8])
    names = ["channel 1", "channel 2", "channel 3", "file 7", "file 8", "the bot"]
    assert await in_the_queue(database) == [(name, "todo") for name in names]


async def test_a_worker_that_takes_a_job_does_not_compare_all_that_wait_with_each_other(
    jobs: Jobs, database: Database
) -> None:
    async with database.write() as session:  # as the server finds it at most times
        await session.execute(text(f"ANALYZE {SCHEMA}.procrastinate_jobs"))
    await jobs.put(range(1, 301), speak=False)
    read = "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'procrastinate_jobs'"
    async with await psycopg.AsyncConnection.connect(plain(database.url), **CONNECT) as of_queue:
        await configure(of_queue)
        worker = await (
            await of_queue.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        ).fetchone()
        assert worker is not None
        taken = await of_queue.execute("SELECT lock FROM procrastinate_fetch_job_v2(ARRAY['channels'], %s)", worker)
        assert await taken.fetchone() == ("channel 1",)
        rows = await (await of_queue.execute(read)).fetchone()
        assert rows is not None and rows[0] < 3_000  # 300 x 300 otherwise


async def begin(database: Database, lock: str, *, silent_for: float) -> str:
    """A worker that took a job and was not heard of since; its name."""
    async with database.write() as session:
        ident = await session.scalar(
            text(
                f"INSERT INTO {SCHEMA}.procrastinate_workers (last_heartbeat)"
                " VALUES (now() - make_interval(secs => :silent)) RETURNING id"
            ),
            {"silent": silent_for},
        )
        await session.execute(text(f"SET LOCAL search_path = {SCHEMA}"))
        await session.execute(
            text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :ident WHERE lock = :lock"),
            {"ident": ident, "lock": lock},
        )
    return f"worker {ident}"


async def test_the_jobs_of_dead_workers_are_ended_and_those_of_the_living_are_not(
    jobs: Jobs, database: Database
) -> None:
    await jobs.put([1, 2, 3], speak=False)
    await begin(database, "channel 1", silent_for=DEAD_AFTER + 1)
    alive = await begin(database, "channel 2", silent_for=DEAD_AFTER - 5)
    left = await jobs.of_the_dead()
    assert [job.lock for job in left] == ["channel 1"]
    await jobs.free(left)
    assert await in_the_queue(database) == [("channel 2", "doing"), ("channel 3", "todo")]
    async with database.read() as session:
        assert await living(session) == {alive}


async def test_a_worker_ends_its_own_job_of_whose_beginning_it_never_heard(jobs: Jobs, database: Database) -> None:
    """The answer of the store was lost: by the table the job is being done, and nobody does it."""
    await jobs.put([1], speak=False)
    name = await begin(database, "channel 1", silent_for=0)
    worker = jobs.worker(["channels"])
    worker.worker_id = int(name.removeprefix("worker "))
    await jobs.beat(worker)
    assert await in_the_queue(database) == [("channel 1", "doing")]  # it may be about to begin
    await jobs.beat(worker)
    assert await in_the_queue(database) == []


async def test_a_worker_whose_job_was_taken_away_hears_so_when_it_beats(database: Database) -> None:
    """However long it believes that it slept: a machine that is moved may not know."""
    begun, ends = asyncio.Queue[str](), asyncio.Event()

    async def drain(channel_id: int, name: str) -> None:
        begun.put_nowait(name)
        await ends.wait()

    async def speak() -> None: ...

    jobs = Jobs(database.url, drain, speak, make=drain)
    await jobs.open()
    workers = [jobs.worker([queue]) for queue in (CHANNELS, FILES)]  # of one process
    working = [asyncio.create_task(worker.run()) for worker in workers]
    await jobs.put([1], speak=False, files=[1])
    for _ in workers:
        await begun.get()
    assert [await jobs.beat(worker) for worker in workers] == [True, True]
    async with database.write() as session:
        await session.execute(text(f"SET LOCAL search_path = {SCHEMA}"))
        await session.execute(text(f"DELETE FROM procrastinate_jobs WHERE queue_name = '{CHANNELS}'"))
    assert [await jobs.beat(worker) for worker in workers] == [False, True]
    ends.set()
    for worker in workers:
        worker.stop()
    await asyncio.gather(*working)
    await jobs.close()


async def test_what_a_dead_worker_was_sending_is_unknown_at_once_and_the_lease_of_a_living_one_stays(
    database: Database, campaign: Campaign, telegram: Channel, x: Channel, clock: FakeClock
) -> None:
    await queue(database, telegram, clock, "Chez le mort")
    await queue(database, x, clock, "Chez le vivant")
    async with database.write() as session:
        for ident, channel, name in ((1, telegram, "worker 1"), (2, x, "worker 2")):
            await publications.lease_channels(session, [channel.id], name, clock())
            begun = publications.Begin(ident, clock(), name)
            assert (await publications.write_steps(session, [begun]))[0] is not None
        assert await publications.end_leases_of_the_dead(session, {"worker 2"}, clock()) == 1
    assert await states(database) == [S.unknown, S.sending]
    async with database.read() as session:
        assert await publications.leasing(session) == {"worker 2"}


async def test_who_was_taken_for_dead_begins_nothing_on_a_channel_that_another_one_has(
    database: Database, campaign: Campaign, telegram: Channel, clock: FakeClock
) -> None:
    await queue(database, telegram, clock, "Un")
    async with database.write() as session:
        await publications.lease_channels(session, [telegram.id], "worker 2", clock())
        for name, begins in (("worker 1", False), ("worker 2", True)):
            (content,) = await publications.write_steps(session, [publications.Begin(1, clock(), name)])
            assert (content is not None) is begins


async def test_only_who_has_the_channel_may_ask_again_for_what_is_claimed(
    database: Database, campaign: Campaign, telegram: Channel, clock: FakeClock
) -> None:
    await queue(database, telegram, clock, "Un")
    async with database.write() as session:
        await publications.lease_channels(session, [telegram.id], "worker 2", clock())
        (first,) = await publications.write_steps(session, [publications.Begin(1, clock(), "worker 2")])
        for name, again, begins in (("worker 2", False, False), ("worker 1", True, False), ("worker 2", True, True)):
            (content,) = await publications.write_steps(session, [publications.Begin(1, clock(), name, again)])
            assert (content is not None) is begins
    assert first is not None and content is not None and content.attempts == first.attempts == 1


async def test_after_the_store_was_away_nobody_is_buried_before_the_living_could_beat(
    database: Database, telegram: Channel, clock: FakeClock
) -> None:
    publisher = Publisher(database, clock, Wire().open, Path(), worker="here")
    engine = ProcrastinateEngine(database, clock, Works(publisher, [], []), ticks=True, drains=False)
    await engine.start()
    await queue(database, telegram, clock, "Un")
    async with database.write() as session:
        await publications.lease_channels(session, [telegram.id], "worker 7", clock())

    async def looks(seconds: float) -> set[str]:
        """As many as there are in so much time."""
        for _look in range(int(seconds / LOOK)):
            clock.advance(timedelta(seconds=LOOK))
            await engine._bury()
        async with database.read() as session:
            return await publications.leasing(session)

    await engine._bury()
    assert await looks(DEAD_AFTER - LOOK) == {"worker 7"}
    clock.advance(timedelta(minutes=1))  # in which no look came
    await engine._bury()
    assert await looks(DEAD_AFTER - LOOK) == {"worker 7"}
    assert await looks(LOOK) == set()
    await engine.stop()


async def test_looks_that_the_store_did_not_answer_count_for_nothing(
    database: Database, telegram: Channel, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that refuses connections says so at once: the looks go on, and after them nobody has beaten for long."""
    publisher = Publisher(database, clock, Wire().open, Path(), worker="here")
    engine = ProcrastinateEngine(database, clock, Works(publisher, [], []), ticks=True, drains=False)
    await engine.start()
    async with database.write() as session:
        await publications.lease_channels(session, [telegram.id], "worker 7", clock())

    async def look() -> set[str]:
        clock.advance(timedelta(seconds=LOOK))
        await engine._bury()
        async with database.read() as session:
            return await publications.leasing(session)

    assert await look() == {"worker 7"}
    read = database.read
    for gone in (True, False):
        for _look in range(int(DEAD_AFTER / LOOK)):
            if gone:
                monkeypatch.setattr(database, "read", refused)
                with pytest.raises(OperationalError):
                    await look()
                monkeypatch.setattr(database, "read", read)
            else:
                assert await look() == {"worker 7"}
    assert await look() == set()
    await engine.stop()


def refused() -> NoReturn:
    raise OperationalError("SELECT", {}, Exception("connection refused"))


def test_a_channel_of_a_dead_worker_goes_on_elsewhere_within_thirty_seconds() -> None:
    """At the worst it died with the clock that led, and the next worker was not told of the job."""
    assert KEEP + DEAD_AFTER + 2 * LOOK + TICK + POLL < 30


# The queue's tables

MADE_LAST = "procrastinate_trigger_function_status_events_update_v1"  # by the last of its scripts


async def test_the_queue_has_what_its_library_makes_anew_and_nothing_of_it_among_our_tables(database: Database) -> None:
    async with database.read() as session:
        tables = await session.execute(
            text("SELECT schemaname, tablename FROM pg_tables WHERE tablename LIKE 'procras%'")
        )
        found = {tuple(row) for row in tables}
    assert {schema for schema, _ in found} == {SCHEMA}
    assert {"procrastinate_jobs", "procrastinate_workers"} <= {name for _, name in found}


async def test_a_newer_library_brings_its_tables_up_to_date_but_not_under_a_program_that_runs(
    database: Database, other: Database
) -> None:
    url = database.url.render_as_string(hide_password=False)
    async with database.write() as session:  # as the version before left it
        await session.execute(text(f"DROP FUNCTION {SCHEMA}.{MADE_LAST} CASCADE"))
        before = "03.04.00_01_pre_add_retry_failed_job_procedure.sql"
        await session.execute(text(f"COMMENT ON SCHEMA {SCHEMA} IS '{before}'"))

    async def there() -> bool:
        async with database.read() as session:
            return await session.scalar(text(f"SELECT to_regproc('{SCHEMA}.{MADE_LAST}')")) is not None

    assert await other.takes_part()
    with pytest.raises(DatabaseProblem, match="of an older version, runs on this database: stop it"):
        migrate(url)
    assert not await there()
    await other.close()
    migrate(url)
    assert await there()
    migrate(url)  # there is nothing left to do
