"""The store: its schema, its pragmas, its refusals, and writers that wait for each other."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel, col, select

import campaigns.models
from campaigns.database import BUSY_TIMEOUT, Database, DatabaseProblem, DatabaseTooNew, migrate
from campaigns.models import Campaign


def test_the_migrations_build_the_schema_of_the_models(migrated_file):
    engine = create_engine(f"sqlite:///{migrated_file}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_the_comparison_sees_a_missing_column(migrated_file, tmp_path):
    """The test above can fail."""
    file = tmp_path / "changed.sqlite3"
    file.write_bytes(migrated_file.read_bytes())
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE frame DROP COLUMN position")
    connection.close()
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    engine.dispose()


async def test_preparing_twice_keeps_what_is_stored(tmp_path, clock):
    database = Database(f"sqlite:///{tmp_path / 'deep' / 'folder' / 'a.sqlite3'}")
    await database.prepare()
    async with database.write() as session:
        session.add(Campaign(slug="une", name="Une", created_at=clock()))
    await database.prepare()
    async with database.read() as session:
        assert await session.scalar(select(Campaign.name)) == "Une"
    await database.close()


def test_two_processes_that_start_together_both_find_the_schema(tmp_path):
    url = Database(f"sqlite:///{tmp_path / 'a.sqlite3'}").url
    errors: list[BaseException] = []

    def start() -> None:
        try:
            migrate(url)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_database_of_a_newer_program_is_refused_and_left_alone(migrated_file, tmp_path):
    file = tmp_path / "newer.sqlite3"
    file.write_bytes(migrated_file.read_bytes())
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(DatabaseTooNew, match=r"written by a newer Porte-voix; update the program, or restore"):
        migrate(Database(f"sqlite:///{file}").url)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    connection.close()


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
        ("postgresql://u@host/name", "stores in SQLite only, not in postgresql"),  # another kind of store
        ("sqlite://", "SQLite needs a file"),  # in memory: each connection would have its own
        ("sqlite:///:memory:", "SQLite needs a file"),  # the same, by name
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url, sentence):
    with pytest.raises(DatabaseProblem, match=sentence):
        Database(url)


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
    other = Database(database.url.render_as_string())

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


async def test_an_old_database_keeps_every_row_when_it_is_upgraded(tmp_path):
    """Altering copies a table; its children must not be deleted with the old one."""
    from alembic import command
    from sqlalchemy import create_engine, event, inspect, text

    from campaigns.database import _alembic

    file = tmp_path / "old.sqlite3"
    engine = create_engine(f"sqlite:///{file}")
    config = _alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
    moment, tables = "2026-12-01 08:00:00", inspect(engine).get_table_names()
    with engine.begin() as connection:
        for table in tables:
            if table == "alembic_version":
                continue
            columns = {c["name"]: c for c in inspect(engine).get_columns(table)}
            values = {
                name: 1
                if "INT" in str(c["type"])
                else "[]"
                if "JSON" in str(c["type"])
                else moment
                if "DATE" in str(c["type"])
                else "queued"
                for name, c in columns.items()
            }
            known = {"campaign": {}, "post": {"state": "scheduled"}, "engagement": {"kind": "visit"}}.get(table, {})
            values |= {name: value for name, value in known.items() if name in values}
            connection.execute(
                text(f"INSERT INTO {table} ({','.join(values)}) VALUES ({','.join(':' + n for n in values)})"), values
            )
    before = {table: _count(file, table) for table in tables}
    assert set(before.values()) == {1}
    await Database(f"sqlite:///{file}").prepare()
    assert {table: _count(file, table) for table in tables} == before


def _count(file, table):
    with sqlite3.connect(file) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return found
