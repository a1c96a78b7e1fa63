"""The store, of either kind: its schema, its refusals, and writers that wait for each other."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import BigInteger, Integer, String, TypeDecorator, inspect, text
from sqlmodel import SQLModel, col, select

import campaigns.models
from campaigns.database import Database, DatabaseAway, DatabaseProblem, DatabaseTooNew, _alembic, migrate
from campaigns.models import Campaign
from campaigns.stores import BUSY_TIMEOUT, shown_address
from tests.stores import ask, connected


def test_the_migrations_build_the_schema_of_the_models(store_url):
    with connected(store_url) as connection:
        opts = {"compare_type": _another_type, "render_as_batch": True}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, SQLModel.metadata) == []


def _another_type(context, _inspected, _column, found, wanted):
    """On PostgreSQL whole numbers have 64 bits and texts no length, whatever the model says; None: as Alembic sees it."""
    alike = ((BigInteger, Integer), (String, String))
    postgresql = context.dialect.name == "postgresql"
    wanted = wanted.impl if isinstance(wanted, TypeDecorator) else wanted
    return False if postgresql and any(isinstance(found, a) and isinstance(wanted, b) for a, b in alike) else None


def test_the_comparison_sees_a_missing_column(store_url):
    """The test above can fail."""
    ask(store_url, "ALTER TABLE frame DROP COLUMN position")
    with connected(store_url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)


async def test_preparing_twice_keeps_what_is_stored(blank_url, clock):
    database = Database(blank_url)
    await database.prepare()
    async with database.write() as session:
        session.add(Campaign(slug="une", name="Une", created_at=clock()))
    await database.prepare()
    async with database.read() as session:
        assert await session.scalar(select(Campaign.name)) == "Une"
    await database.close()


def test_two_processes_that_start_together_both_find_the_schema(blank_url):
    errors: list[BaseException] = []

    def start() -> None:
        try:
            migrate(blank_url)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.about_files
def test_a_new_file_that_another_program_has_in_hand_is_waited_for(blank_url, monkeypatch):
    """SQLite's busy timeout does not hold for the switch to the write-ahead log, which only a new file needs."""
    other = sqlite3.connect(blank_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("campaigns.stores.sqlite.sleep", lambda _seconds: other.rollback())
    migrate(blank_url)
    assert ask(blank_url, "PRAGMA journal_mode") == [("wal",)]
    other.close()


@pytest.mark.about_files
def test_a_file_that_another_program_never_lets_go_is_a_store_that_is_away(blank_url, monkeypatch):
    other = sqlite3.connect(blank_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("campaigns.stores.sqlite.BUSY_TIMEOUT", 1)
    with pytest.raises(DatabaseAway, match=r"porte-voix\.sqlite3 is locked: another program writes to it"):
        migrate(blank_url)
    other.close()


def test_a_database_of_a_newer_program_is_refused_and_left_alone(store_url):
    ask(store_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNew, match=r"written by a newer Porte-voix; update the program, or restore"):
        migrate(store_url)
    assert ask(store_url, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.about_files
@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("file/a.sqlite3", "cannot be written"),  # a file where the folder should be
        ("file/sub/a.sqlite3", "cannot be written"),  # the same, one deeper
        ("folder", "cannot be opened"),  # a folder where the file should be
        ("file", "file is not a database"),  # some other file
    ],
)
def test_a_place_that_cannot_hold_a_database_is_named_in_one_sentence(tmp_path, path, sentence):
    (tmp_path / "file").write_text("Chers camarades, " * 100)
    (tmp_path / "folder").mkdir()
    with pytest.raises(DatabaseProblem) as problem:
        migrate(Database(f"sqlite:///{tmp_path / path}").url)
    assert sentence in str(problem.value)
    assert str(tmp_path) in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("porte-voix.sqlite3", "is not a database's address: write sqlite:///"),  # a path alone
        ("postgresql://u@host:port/name", "is not a database's address"),  # a port that is no number
        ("postgresql://u:secret@host:port/name", r"//u:\*\*\*@host"),  # the same: what may be a password is not shown
        ("postgresql://u@host", "names no database"),  # a server alone
        ("mysql://u@host/name", "stores in SQLite or PostgreSQL, not in mysql"),  # another kind of store
        ("sqlite://", "SQLite needs a file"),  # in memory: each connection would have its own
        ("sqlite:///:memory:", "SQLite needs a file"),  # the same, by name
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url, sentence):
    with pytest.raises(DatabaseProblem, match=sentence):
        Database(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////srv/a.sqlite3", "sqlite:////srv/a.sqlite3"),
        ("postgres://u:secret@host/name", "postgres://u:***@host/name"),
        ("postgresql+psycopg://u:secret@host:5/name?sslmode=require", "postgresql://u:***@host:5/name?sslmode=require"),
    ],
)
def test_an_address_is_shown_without_its_password(url, shown):
    assert shown_address(url) == shown


@pytest.mark.about_files
@pytest.mark.parametrize("way", ["read", "write"])
@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),  # readers go on while one writes
        ("foreign_keys", 1),  # SQLite leaves them off
        ("busy_timeout", BUSY_TIMEOUT),  # milliseconds
        ("synchronous", 2),  # FULL: what was committed survives a power cut
    ],
)
async def test_each_connection_has_its_pragmas(database, way, pragma, value):
    async with getattr(database, way)() as session:
        assert (await session.execute(text(f"PRAGMA {pragma}"))).scalar_one() == value


async def test_writers_of_one_process_do_not_lock_each_other_out(database, campaign):
    async def add_one() -> None:
        async with database.write() as session:
            row = await session.get_one(Campaign, campaign.id)
            read = len(row.about)
            await asyncio.sleep(0)  # another writer would get in between here
            row.about = "x" * (read + 1)

    await asyncio.gather(*(add_one() for _ in range(40)))
    async with database.read() as session:
        assert len((await session.get_one(Campaign, campaign.id)).about) == 40


async def test_a_write_within_a_write_is_an_error_and_no_wait_for_ever(database, clock):
    async with database.write():
        with pytest.raises(RuntimeError, match="pass its session on"):
            async with database.write():
                pass
    async with database.write() as session:  # and the line is free again
        session.add(Campaign(slug="b", name="B", created_at=clock()))


async def test_writers_of_two_processes_wait_for_each_other(database, campaign):
    other = Database(database.url.render_as_string(hide_password=False))

    async def add_one(store: Database) -> None:
        async with store.write() as session:
            row = await session.get_one(Campaign, campaign.id)
            row.about += "x"

    await asyncio.gather(*(add_one(store) for store in (database, other) * 10))
    await other.close()
    async with database.read() as session:
        assert len((await session.get_one(Campaign, campaign.id)).about) == 20


async def test_a_reader_is_not_held_up_by_a_writer_and_sees_nothing_half_done(database, campaign):
    async with database.write() as writing:
        (await writing.get_one(Campaign, campaign.id)).name = "Changé"
        await writing.flush()
        async with database.read() as session:
            assert await session.scalar(select(Campaign.name)) == "La Région qui ose"


async def test_an_error_inside_a_write_undoes_it(database, campaign):
    with pytest.raises(RuntimeError):
        async with database.write() as session:
            (await session.get_one(Campaign, campaign.id)).name = "Changé"
            await session.flush()
            raise RuntimeError
    async with database.read() as session:
        assert await session.scalar(select(col(Campaign.name))) == "La Région qui ose"


async def test_a_moment_without_a_zone_is_not_stored(database, clock):
    with pytest.raises(Exception, match="a moment without a zone cannot be stored"):
        async with database.write() as session:
            session.add(Campaign(slug="a", name="A", created_at=clock().replace(tzinfo=None)))


def test_the_migrations_travel_with_the_program():
    folder = Path(campaigns.models.__file__).with_name("migrations") / "versions"
    assert sorted(folder.glob("0001_*.py"))


def test_an_old_database_keeps_every_row_when_it_is_upgraded(blank_url):
    """Altering copies a table of SQLite's; its children must not be deleted with the old one."""
    with connected(blank_url) as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with connected(blank_url) as connection:
        known = {name: inspect(connection).get_columns(name) for name in inspect(connection).get_table_names()}
        off = (
            "PRAGMA foreign_keys=OFF"
            if connection.dialect.name == "sqlite"
            else "SET session_replication_role = replica"
        )
        connection.execute(text(off))  # each table is filled alone
        for table in sorted(known.keys() - {"alembic_version"}):
            values = {c["name"]: _value(table, c["name"], str(c["type"])) for c in known[table]}
            connection.execute(
                text(f"INSERT INTO {table} ({','.join(values)}) VALUES ({','.join(':' + n for n in values)})"), values
            )
    before = {table: _count(blank_url, table) for table in known}
    assert set(before.values()) == {1}
    migrate(blank_url)
    assert {table: _count(blank_url, table) for table in known} == before


def _value(table, name, kind):
    if (table, name) in (("post", "state"), ("engagement", "kind")):
        return {"state": "scheduled", "kind": "visit"}[name]
    by_kind = {"INT": 1, "JSON": "[]", "DATE": "2026-12-01 08:00:00", "TIMESTAMP": "2026-12-01 08:00:00", "BOOL": True}
    return next((value for part, value in by_kind.items() if part in kind), "queued")


def _count(url, table):
    [(found,)] = ask(url, f"SELECT count(*) FROM {table}")
    return found


def test_acts_are_carried_over_into_their_months_and_count_no_second_time(blank_url):
    with connected(blank_url) as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "0021")
        connection.execute(
            text(
                "INSERT INTO campaign (id, slug, name, slogan, about, hashtag, primary_colour, secondary_colour, text_colour,"
                " timezone, sponsor_line, notice_url, approvals, near_vote_days, quiet_from, quiet_until, inclusive,"
                " second_factor, alt_required, created_at) VALUES (1, 'a', 'A', '', '', '', '', '', '', 'Europe/Paris', '', '',"
                " 0, 0, 21, 8, 'point', false, false, '2024-01-01 00:00:00')"
            )
        )
        for number, at in enumerate(("2009-01-01", "2026-09-30", "2026-10-01", "2099-01-01"), 1):  # two lie far outside
            values = {"n": number, "once": f"k{number}" if number % 2 else None, "at": f"{at} 00:00:00"}
            add = "INSERT INTO engagement (campaign_id, kind, once, at) VALUES (1, 'visit', :once, :at)"
            connection.execute(text(add), values)
    before = ask(blank_url, "SELECT id, campaign_id, kind, once, at FROM engagement ORDER BY id")
    migrate(blank_url)
    assert ask(blank_url, "SELECT id, campaign_id, kind, once, at FROM engagement ORDER BY id") == before
    assert ask(blank_url, "SELECT once FROM counted_once ORDER BY once") == [("k1",), ("k3",)]
    ask(blank_url, "INSERT INTO engagement (campaign_id, kind, at) VALUES (1, 'visit', '2026-10-02 00:00:00')")
    assert ask(blank_url, "SELECT max(id) FROM engagement") == [(5,)]  # the numbers go on
    if blank_url.startswith("postgresql"):
        lie = dict(ask(blank_url, "SELECT id, tableoid::regclass::text FROM engagement"))
        assert [lie[n].partition(".")[2] for n in range(1, 6)] == [
            "other",
            "m_2026_09",
            "m_2026_10",
            "other",
            "m_2026_10",
        ]
