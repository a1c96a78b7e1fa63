"""From a SQLite file to a server of PostgreSQL: nothing lost, nothing doubled, nothing moved under a running program."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlmodel import SQLModel, select

from bench.large import Size
from bench.large import fill as fill_large
from campaigns import channel_secrets, installation
from campaigns.database import Database, migrate
from campaigns.models import Campaign, Supporter
from campaigns.moving import move
from campaigns.settings import Settings
from campaigns.stores import store_at
from campaigns.times import system_clock
from commands.demo import fill as fill_demo
from commands.demo import settings_of
from tests.program import Program
from tests.stores import PostgresqlStores, ask, connected, watching

pytestmark = pytest.mark.about_servers
SIZE = Size(supporters=400, posts=80, engagements=5_000)
NOW = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
TALLIES = ("tally", "campaign_tally", "territory_tally", "post_tally", "post_hour", "campaign_hour")


@pytest.fixture
def target(stores: PostgresqlStores, tmp_path: Path) -> Iterator[str]:
    """Where the move goes: a database in which there is nothing."""
    with stores.blank(tmp_path, "target") as url:
        yield url


@pytest.fixture
def source(program: Program) -> str:
    """The program on a SQLite file in its folder; the file's address."""
    program.set(DATABASE_URL="")
    return program.store_url


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("large") / "large.sqlite3"
    fill_large(file, SIZE, now=NOW)
    return file


@pytest.fixture
def filled(program: Program, source: str, large: Path) -> str:
    """The source with a campaign of some weeks in it."""
    (program.folder / "porte-voix.sqlite3").write_bytes(large.read_bytes())
    return source


def rows(url: str) -> dict[str, list[str]]:
    """Every row of every table as the program sees it."""
    with connected(url) as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for table in SQLModel.metadata.sorted_tables
        }


async def refused(program: Program, *arguments: str) -> str:
    code, said = await program.call(*arguments)
    assert code == 1, said
    assert "Traceback" not in said
    return " ".join(said.split())


# Whole


async def test_the_demo_moves_whole_and_its_secrets_open_with_the_same_key(program: Program, source: str, target: str):
    settings = Settings(_env_file=None, **settings_of(program.folder, program.site))  # type: ignore[call-arg]
    there = program.store(program.vault)
    await fill_demo(there, settings, system_clock, 2525)
    await there.close()
    code, said = await program.call("move-to", target)
    assert code == 0, said
    assert "read again on both sides and the same" in said
    assert "set PORTEVOIX_DATABASE_URL" in said
    assert rows(target) == rows(source)
    program.set(DATABASE_URL=target)
    moved = program.store(program.vault)
    async with moved.read() as session:
        channels = await installation.channels(session)
        opened = [channel_secrets.settings_of(program.vault, channel) for channel in channels]
    await moved.close()
    assert len(opened) == 6
    assert all(all(one.values()) for one in opened)


async def test_weeks_of_a_campaign_go_over_in_many_batches_with_every_tally(program: Program, filled: str, target: str):
    code, said = await program.call("move-to", target, "--batch", "137")
    assert code == 0, said
    for table in TALLIES:
        counted = f"SELECT kind, sum(count), count(*) FROM {table} GROUP BY 1 ORDER BY 1"
        assert ask(filled, counted) == ask(target, counted)
    assert ask(target, "SELECT count(*) FROM engagement") == [(SIZE.engagements,)]
    assert ask(target, "SELECT count(*) FROM territory WHERE parent_id IS NOT NULL")[0][0] > 10
    assert rows(target) == rows(filled)


async def test_who_comes_after_the_move_gets_a_new_number_even_behind_one_who_was_erased(
    program: Program, filled: str, target: str
):
    ask(filled, "UPDATE sqlite_sequence SET seq = 9000 WHERE name = 'supporter'")
    assert (await program.call("move-to", target))[0] == 0
    moved = Database(target)
    async with moved.write() as session:
        new = Supporter(telegram_id=77_777, first_name="Nouvelle", created_at=NOW)
        session.add(new)
        campaign = await installation.add_campaign(session, Campaign(slug="", name="Autre"), NOW)
        await session.flush()
        assert new.id == 9_001
        assert campaign.id == 2
    await moved.close()


async def test_the_program_runs_on_what_was_moved(program: Program, sandbox, filled: str, target: str):
    assert (await program.call("move-to", target))[0] == 0
    program.set(DATABASE_URL=target)
    await program.start()
    assert await program.stop() == 0


# Killed


@pytest.fixture
async def half(program: Program, filled: str, target: str) -> str:
    """The target of a move that was killed within a table, while the server waited for the 250th of its rows."""
    migrate(target)
    number = ask(filled, "SELECT id FROM supporter ORDER BY id LIMIT 1 OFFSET 249")[0][0]
    ask(
        target,
        "CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NEW.id = {number} THEN PERFORM pg_advisory_xact_lock(42); END IF; RETURN NEW; END $$",
    )
    ask(target, "CREATE TRIGGER waits BEFORE INSERT ON supporter FOR EACH ROW EXECUTE FUNCTION waits()")
    with connected(target) as other, watching(target) as watcher:
        other.execute(text("SELECT pg_advisory_xact_lock(42)"))
        await program.start("move-to", target, "--batch", "100")
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted")
        while not watcher.scalar(waiting):
            pass  # each question is a round trip; the test's own time limit ends it
        await program.kill()
    assert ask(target, "SELECT count(*) FROM supporter") == [(200,)]
    return target


async def test_killed_within_a_table_it_goes_on_where_it_stopped(program: Program, filled: str, half: str):
    ask(half, "CREATE TABLE seen AS SELECT xmin::text AS written, id FROM supporter")
    code, said = await program.call("move-to", half, "--batch", "100")
    assert code == 0, said
    again = "SELECT count(*) FROM supporter JOIN seen USING (id) WHERE supporter.xmin::text <> written"
    assert ask(half, again) == [(0,)]  # what had arrived was not written a second time
    assert rows(half) == rows(filled)


async def test_no_program_starts_on_half_of_a_campaign(program: Program, filled: str, half: str):
    program.set(DATABASE_URL=half)
    for command in ("run", "migrate", "doctor"):
        assert "a move into this database has not ended" in await refused(program, command)


async def test_half_of_another_move_is_left_alone(program: Program, filled: str, half: str):
    ask(half, "UPDATE unfinished_move SET source = '/elsewhere/porte-voix.sqlite3'")
    assert "holds half of a move from /elsewhere/porte-voix.sqlite3" in await refused(program, "move-to", half)


async def test_a_row_that_changed_meanwhile_is_found_and_a_move_anew_brings_it(
    program: Program, filled: str, half: str
):
    first = ask(filled, "SELECT min(id) FROM supporter")[0][0]
    ask(filled, "UPDATE supporter SET first_name = 'Rebaptisée' WHERE id = :id", id=first + 120)
    said = await refused(program, "move-to", half, "--batch", "100")
    assert f"not the same on both sides: table supporter, from id {first + 120} on" in said
    program.set(DATABASE_URL=half)
    assert "has not ended" in await refused(program, "run")
    program.set(DATABASE_URL="")
    code, said = await program.call("move-to", half, "--anew")
    assert code == 0, said
    assert rows(half) == rows(filled)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            "DELETE FROM engagement WHERE id = (SELECT max(id) FROM engagement)",
            "engagement",
        ),  # a row that never arrived
        ("UPDATE post SET thread_id = NULL, text = text || ' ' WHERE id = 3", "post"),  # a letter
        ("UPDATE territory SET parent_id = 1 WHERE id = (SELECT max(id) FROM territory)", "territory"),  # a reference
    ],
)
def test_the_comparison_sees_whatever_differs(large: Path, target: str, tmp_path: Path, change: str, named: str):
    file = tmp_path / "porte-voix.sqlite3"
    file.write_bytes(large.read_bytes())
    with move(store_at(f"sqlite:///{file}"), store_at(target), tmp_path) as begun:
        begun.copy(500, int)
        assert begun.compare(500, int).differences == []
        ask(target, change)
        assert [said.split(",")[0] for said in begun.compare(500, int).differences] == [f"table {named}"]


# Refused, and nothing changed


async def test_it_refuses_while_the_program_runs_on_the_file(program: Program, sandbox, source: str, target: str):
    await program.start()
    assert "Porte-voix runs on" in await refused(program, "move-to", target)
    assert is_empty(target)


async def test_it_refuses_while_the_program_runs_on_the_server(program: Program, sandbox, filled: str, target: str):
    program.set(DATABASE_URL=target, DATA_DIR=str(program.folder))
    await program.start()
    other = program.folder / "other"
    other.mkdir()
    (program.folder / "porte-voix.sqlite3").rename(other / "porte-voix.sqlite3")
    program.set(DATABASE_URL="", DATA_DIR=str(other))
    assert "Porte-voix runs on postgresql://" in await refused(program, "move-to", target)


async def test_it_refuses_a_database_of_something_else(program: Program, filled: str, target: str):
    ask(target, "CREATE TABLE invoices (id int)")
    assert "holds data of something else (its table invoices)" in await refused(program, "move-to", target)
    with connected(target) as connection:
        assert inspect(connection).get_table_names() == ["invoices"]


async def test_it_refuses_a_database_with_a_campaign_in_it(program: Program, filled: str, target: str):
    assert (await program.call("move-to", target))[0] == 0
    assert "holds a campaign already (rows of campaign)" in await refused(program, "move-to", target, "--anew")
    assert rows(target) == rows(filled)


async def test_it_refuses_a_file_of_an_older_version(program: Program, filled: str, target: str):
    ask(filled, "UPDATE alembic_version SET version_num = '0012'")
    assert "is of version 0012, this program of version" in await refused(program, "move-to", target)
    assert is_empty(target)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("sqlite:///other.sqlite3", "a move goes to PostgreSQL"),
        ("no address", "is not a database's address"),
        ("postgresql://nobody:le-mot-de-passe@127.0.0.1:1/nowhere", "Connection refused"),  # nobody listens there
    ],
)
async def test_an_address_that_is_none_is_one_sentence_without_the_password(
    program: Program, filled: str, address: str, sentence: str
):
    said = await refused(program, "move-to", address)
    assert sentence in said
    assert "le-mot-de-passe" not in said


async def test_without_a_file_there_is_nothing_to_move(program: Program, source: str, target: str):
    assert "there is no database" in await refused(program, "move-to", target)


def is_empty(url: str) -> bool:
    with connected(url) as connection:
        return inspect(connection).get_table_names() == []
