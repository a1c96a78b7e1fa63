"""PostgreSQL: a server that is away when the program starts or goes away under it, and programs that share it."""

import asyncio
import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import col, select

from campaigns import posts
from campaigns.database import RETRY, Database, DatabaseAway, migrate
from campaigns.installation import add_campaign, add_channel
from campaigns.models import Campaign, Publication, PublicationState
from campaigns.posts import NewPost
from campaigns.publications import Begin, Finish, write_steps
from campaigns.stores import STORE_AWAY, DatabaseProblem, plain
from campaigns.stores.postgresql import CONNECT
from campaigns.stores.queue import configure
from campaigns.times import system_clock
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_CHANNELS
from schedules.engine import EmbeddedEngine
from schedules.timetable import TICK
from tests.conftest import free_port
from tests.crew import Crew
from tests.program import Program
from tests.stores import Cluster, PostgresqlStores

pytestmark = pytest.mark.about_servers
S = PublicationState


@pytest.fixture
def server(stores: PostgresqlStores) -> Iterator[Cluster]:
    """The server of all tests; it runs again when the test ends."""
    yield stores.cluster
    if not stores.cluster.runs:
        stores.cluster.start()


# At the start


async def test_a_server_that_is_away_is_waited_for_in_sentences_then_given_up(server, blank_url, caplog):
    server.stop()
    database, waited = Database(blank_url), []

    async def pause(seconds):
        waited.append(seconds)

    with pytest.raises(DatabaseAway, match=r"the database postgresql://.* cannot be opened: .*connection"):
        await database.prepare(60, pause)
    assert waited == [RETRY] * 30
    assert [record.getMessage().rpartition("; ")[2] for record in caplog.records][:2] == [
        "trying again for 60 seconds",
        "trying again for 58 seconds",
    ]
    server.start()
    await database.close()


async def test_the_program_that_waited_in_vain_says_so_in_one_sentence_and_asks_to_be_tried_again(
    program: Program, server: Cluster
) -> None:
    server.stop()
    program.set(DATABASE_WAIT="1")
    code, said = await program.call("migrate")
    assert code == os.EX_TEMPFAIL
    assert "trying again for 1 seconds" in said
    assert "Error: the database postgresql://" in said
    assert "Traceback" not in said


async def test_the_program_starts_when_the_server_does(
    program: Program, sandbox: SandboxClient, server: Cluster
) -> None:
    server.stop()
    await program.start("run")
    await program.line("trying again for 60 seconds")
    server.start()
    await program.line("runs at")


@pytest.mark.parametrize("role", ["web", "bot", "worker", "clock"])
async def test_each_role_waits_for_the_server_then_gives_up_and_asks_to_be_tried_again(
    program: Program, server: Cluster, role: str
) -> None:
    server.stop()
    program.set(DATABASE_WAIT="1")
    code, said = await program.call("run", "--role", role)
    assert code == os.EX_TEMPFAIL
    assert "trying again for 1 seconds" in said and "Error: the database postgresql://" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"username": "nobody"}, 'role "nobody" does not exist'),
    ],
)
async def test_what_waiting_does_not_mend_is_said_at_once_and_without_the_password(blank_url, change, sentence):
    url = Database(blank_url).url.set(password="le-mot-de-passe", **change).render_as_string(hide_password=False)
    with pytest.raises(DatabaseProblem, match=sentence) as problem:
        await Database(url).prepare(60, pause=pytest.fail)
    assert "le-mot-de-passe" not in str(problem.value)


# In mid-run


async def test_when_the_server_comes_back_posts_go_out_and_pages_open_without_a_restart(
    program: Program, sandbox: SandboxClient, server: Cluster
) -> None:
    database = program.store(program.vault)
    async with database.write() as session:
        campaign = await add_campaign(session, Campaign(slug="", name="Campagne"), system_clock())
        settings = {"chat_id": str(DEMO_CHANNELS[0].id)}
        channel = await add_channel(session, campaign.id, "telegram", "Canal", settings)
    await program.start()
    async with httpx.AsyncClient(base_url=program.site) as visitor:
        assert (await visitor.get("/c/campagne")).status_code == 200
        server.stop()
        await program.line("the database does not answer")
        away = await visitor.get("/c/campagne")
        assert (away.status_code, away.headers["retry-after"]) == (503, "60")
        assert "does not answer just now" in away.text or "ne répond pas" in away.text
        assert (await visitor.get("/healthz")).status_code == 503
        assert (await visitor.get("/s/abcdefghijklmnop", headers={"user-agent": "Firefox"})).status_code == 503
        server.start()
        await program.line("the database answers again")
        assert (await visitor.get("/c/campagne")).status_code == 200
    now = system_clock()
    async with database.write() as session:
        new = NewPost("Titre", "De retour", publish_at=now, channels=(channel,))
        await posts.add_post(session, campaign.id, new, media_dir=program.folder / "media", now=now)
    await program.line("is out")
    await database.close()
    assert [entry["text"] for entry in await sandbox.ledger(service="telegram")] == ["De retour"]
    await program.stop()
    assert program.output.count("the database does not answer") <= 6  # the timetable's once, the pages' one each
    assert "apscheduler" not in program.output


async def test_what_a_network_took_while_the_server_was_away_is_written_down_when_it_is_back(
    program: Program, sandbox: SandboxClient, server: Cluster
) -> None:
    hold = await sandbox.hold("telegram", "sendMessage", "before")
    database, now = program.store(program.vault), system_clock()
    async with database.write() as session:
        campaign = await add_campaign(session, Campaign(slug="", name="Campagne"), now)
        settings = {"chat_id": str(DEMO_CHANNELS[0].id)}
        channel = await add_channel(session, campaign.id, "telegram", "Canal", settings)
        new = NewPost("Titre", "Au milieu", publish_at=now, channels=(channel,))
        await posts.add_post(session, campaign.id, new, media_dir=program.folder / "media", now=now)
    await program.start()
    await sandbox.held(hold)
    server.stop()
    await sandbox.release(hold)
    await program.line("publication 1 is out")
    await program.line("what came of a publication cannot be written yet")
    server.start()
    await program.stop()  # what is in flight ends first
    async with database.read() as session:
        assert (await session.get_one(Publication, 1)).state is S.published
    await database.close()
    assert [entry["text"] for entry in await sandbox.ledger(service="telegram")] == ["Au milieu"]


@pytest.mark.parametrize("role", ["web", "bot", "worker", "clock"])
async def test_a_role_says_once_that_the_server_is_away_and_goes_on_when_it_is_back(
    program: Program, sandbox: SandboxClient, server: Cluster, role: str
) -> None:
    process = await Crew(program, sandbox).start(role)
    server.stop()
    await process.line("the database does not answer .*; the work goes on as soon as it does")
    server.start()
    await process.line("the database answers again")
    assert await process.stop() == 0
    assert process.output.count("the database does not answer") == 1
    assert "Traceback" not in process.output and "never retrieved" not in process.output


async def _end_connections(server: Cluster) -> None:
    """All but the one that says so, as when the server was away for less than anybody noticed."""
    await asyncio.to_thread(
        server.run, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    )


async def test_a_connection_that_rested_is_looked_at_before_it_is_used(server, database, campaign, monkeypatch):
    for opened in (database.read, database.write):
        async with opened() as session:
            assert await session.scalar(select(Campaign.id)) == campaign.id
    await _end_connections(server)
    monkeypatch.setattr("campaigns.stores.postgresql.FRESH", 0.0)
    for opened in (database.read, database.write):
        async with opened() as session:
            assert await session.scalar(select(Campaign.id)) == campaign.id


async def test_one_that_ended_between_two_uses_fails_once_and_nothing_is_said_of_it_but_that_the_store_is_away(
    server, database, campaign, monkeypatch, caplog
):
    monkeypatch.setattr("campaigns.stores.postgresql.FRESH", 3600.0)
    async with database.write():
        pass
    await _end_connections(server)
    with pytest.raises(STORE_AWAY):
        async with database.write():
            pass
    async with database.write() as session:
        assert await session.scalar(select(Campaign.id)) == campaign.id
    assert not caplog.records


async def test_both_ends_of_each_connection_give_up_who_they_hear_no_more_of() -> None:
    """A machine without power, or behind a cut network, says nothing: nobody may wait for it, nor for the locks that it holds."""
    server = Cluster(address="127.0.0.1", port=free_port())
    try:
        server.start()
        server.run("CREATE DATABASE apart TEMPLATE template0")
        url = server.url_over_the_network("apart")
        await asyncio.to_thread(migrate, url)
        database = Database(url)
        for opened in (database.read, database.write):
            async with opened() as session:
                shown = [await session.scalar(text(f"SHOW {name}")) for name in SERVERS_PATIENCE]
                assert shown == ["4", "2", "3", "8000"]
                raw = await (await session.connection()).get_raw_connection()
                assert _patience_of(raw.driver_connection) == [1, 10, 5, 3]  # type: ignore[arg-type]
        await database.close()
        async with await psycopg.AsyncConnection.connect(plain(database.url), **CONNECT) as of_queue:
            await configure(of_queue)
            shown = [await (await of_queue.execute(f"SHOW {name}".encode())).fetchone() for name in SERVERS_PATIENCE]
            assert shown == [("4",), ("2",), ("3",), ("8000",)]
    finally:
        server.remove()


SERVERS_PATIENCE = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")


def _patience_of(connection: psycopg.AsyncConnection[Any]) -> list[int]:
    """Whether this end asks after a silent server, after how many seconds, how often, and how many times."""
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        asks = line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        return [asks, *(line.getsockopt(socket.IPPROTO_TCP, name) for name in names)]


# Programs that share a store


async def test_a_second_program_on_the_same_store_is_refused_until_the_first_ends(
    program: Program, sandbox: SandboxClient, tmp_path
) -> None:
    await program.start()
    other = Program(
        {
            "PORTEVOIX_DATA_DIR": str(tmp_path),
            "PORTEVOIX_DATABASE_URL": program.store_url,
            "PORTEVOIX_PORT": str(free_port()),
        }
    )
    code, said = await other.call("run")
    assert (code, "another Porte-voix already runs on this database; stop it" in said) == (1, True)
    await program.stop()
    await other.start()
    await other.stop()


class Pulse:
    """A work that only counts its ticks."""

    def __init__(self) -> None:
        self.ticks, self.ticked = 0, asyncio.Event()

    async def tick(self) -> None:
        self.ticks += 1
        self.ticked.set()

    async def next(self) -> None:
        self.ticked.clear()
        await self.ticked.wait()

    async def end_leases(self, *, every: bool = False) -> None: ...

    async def stop(self) -> None: ...


async def test_an_engine_rests_where_another_was_first_when_the_server_came_back(server, database, other, tmp_path):
    pulse = Pulse()
    engine = EmbeddedEngine(tmp_path, [pulse], database)
    await engine.start()
    await pulse.next()
    server.stop()
    server.start()
    assert await other.engine_alone()
    await engine.stay_alone()
    witness, ticks = Pulse(), pulse.ticks
    engine._timetable.every(TICK, witness.tick, always=True)
    for _tick in range(3):
        await witness.next()
    assert pulse.ticks == ticks
    await other.close()
    await engine.stay_alone()
    await pulse.next()
    await engine.stop()


@pytest.fixture
async def other(database: Database):
    """The same store, as another process has it."""
    opened = Database(database.url.render_as_string(hide_password=False), database.vault)
    yield opened
    await opened.close()


@pytest.fixture
async def queued(database, campaign, telegram, clock, tmp_path) -> list[int]:
    """Three publications that are due."""
    async with database.write() as session:
        for number in range(3):
            new = NewPost(f"{number}", "Bonjour", publish_at=clock(), channels=(telegram,))
            await posts.add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
        return list(await session.scalars(select(Publication.id).order_by(col(Publication.id))))


async def test_what_one_process_claims_another_passes_over_without_waiting(database, other, queued, clock):
    first, second, third = (Begin(number, clock()) for number in queued)
    async with database.write(together=True) as here, other.write(together=True) as there:
        assert all(await write_steps(here, [first, second]))
        claimed = await write_steps(there, [second, third])  # neither has committed
    assert [content is not None for content in claimed] == [False, True]
    async with database.read() as session:
        attempts = await session.scalars(select(Publication.attempts))
        assert list(attempts) == [1, 1, 1]


async def test_a_claim_that_is_not_committed_is_anybodys_again(database, other, queued, clock):
    with pytest.raises(RuntimeError):
        async with database.write(together=True) as session:
            await write_steps(session, [Begin(queued[0], clock())])
            raise RuntimeError
    async with other.write(together=True) as session:
        (content,) = await write_steps(session, [Begin(queued[0], clock())])
        await write_steps(session, [Finish(queued[0], S.published, content.attempts, sent_at=clock())])


async def test_a_use_case_finds_nobody_writing_beside_it(database, other, campaign):
    """It looks, decides and writes, however many processes there are."""
    order = []

    async def claim(begun: asyncio.Event, go_on: asyncio.Event) -> None:
        async with other.write(together=True):
            begun.set()
            await go_on.wait()
            order.append("claim")

    begun, go_on = asyncio.Event(), asyncio.Event()
    claiming = asyncio.create_task(claim(begun, go_on))
    await begun.wait()

    async def use_case() -> None:
        async with database.write():
            order.append("use case")

    waiting = asyncio.create_task(use_case())
    while not await _waits_for_the_lock(other):
        assert not waiting.done()
    go_on.set()
    await asyncio.gather(claiming, waiting)
    assert order == ["claim", "use case"]


async def _waits_for_the_lock(database: Database) -> bool:
    async with database.read() as session:
        return bool(
            await session.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
        )


# What only a server is particular about


async def test_a_character_that_a_server_cannot_store_is_left_out(database, campaign, clock):
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).about = "avant\0après"
    async with database.read() as session:
        assert (await session.get_one(Campaign, campaign.id)).about == "avantaprès"


async def test_a_reader_sees_one_state_of_the_store_from_its_first_question_on(database, campaign):
    async with database.read() as session:
        assert await session.scalar(select(Campaign.name)) == "La Région qui ose"
        async with database.write() as writing:
            (await writing.get_one(Campaign, campaign.id)).name = "Changé"
        assert await session.scalar(select(Campaign.name)) == "La Région qui ose"


async def test_a_moment_comes_back_as_it_was_whatever_the_zone_of_the_server(database, campaign, clock):
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).created_at = clock() + timedelta(microseconds=7)
    async with database.read() as session:
        found = await session.scalar(select(Campaign.created_at))
    assert found == clock() + timedelta(microseconds=7)
    assert found.utcoffset() == timedelta()
