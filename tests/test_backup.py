"""A backup while the program runs, and what comes back from it: all of it or nothing, and nothing of it twice."""

import asyncio
import json
import os
import re
import resource
import stat
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel, select

from campaigns import backups, channel_secrets, installation, restoring, snapshots
from campaigns.backups import BackupProblem
from campaigns.coming_back import LeftToHumans, settle_down
from campaigns.database import _alembic, migrate
from campaigns.models import (
    Broadcast,
    BroadcastState,
    Campaign,
    Channel,
    Handout,
    HandoutState,
    Post,
    PostState,
    Publication,
    PublicationState,
    Supporter,
)
from campaigns.restoring import Restored
from campaigns.sealing import CHUNK, KIND, MAGIC, PROOF, SALT, TAG, Seal, Sealed, SealProblem
from campaigns.settings import Settings, known_keys
from campaigns.stores import store_at
from campaigns.times import system_clock
from campaigns.vault import Vault
from commands.common import KNOWN_PROBLEMS
from commands.demo import fill as fill_demo
from commands.demo import settings_of
from sandbox.client import SandboxClient
from tests.bucket import KEY, SECRET, Storage
from tests.conftest import free_port
from tests.crew import Crew
from tests.program import Program
from tests.stores import Stores, ask, connected

S = PublicationState
PASSPHRASE = "cinq mots pour une sauvegarde"
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
COUNTED = {"publication", "post", "broadcast", "handout", "channel"}  # a restore may change these rows, and drops none
OTHERS = {"audit", "sign_in", "turns_taken", "heartbeat", "signup_message", "suggestion"}


def untold(part: str, done: int, of: int) -> None: ...


def rows(url: str) -> dict[str, list[str]]:
    """Every row of every table as the program sees it."""
    with connected(url) as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for table in SQLModel.metadata.sorted_tables
        }


def same(before: dict[str, list[str]], after: dict[str, list[str]]) -> bool:
    assert {table: len(before[table]) for table in COUNTED} == {table: len(after[table]) for table in COUNTED}
    for table in before.keys() - COUNTED - OTHERS:
        assert after[table] == before[table], table
    return len(before["post"]) > 5


@pytest.fixture
def program(program: Program) -> Program:
    program.set(BACKUP_PASSPHRASE=PASSPHRASE)
    return program


@pytest.fixture
async def filled(program: Program) -> Program:
    """With the demo's campaign, its pictures, and a frame of a designer's."""
    settings = Settings(_env_file=None, **settings_of(program.folder, program.site))  # type: ignore[call-arg]
    store = program.store(program.vault)
    await fill_demo(store, settings, system_clock, 2525)
    await store.close()
    frame = program.folder / "frames" / "orne" / "fete" / "frame.toml"
    frame.parent.mkdir(parents=True, exist_ok=True)
    frame.write_text("# un cadre")
    return program


@pytest.fixture
def elsewhere(program: Program, stores: Stores, tmp_path: Path) -> Iterator[Program]:
    """Another machine, where nothing is yet."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with stores.blank(folder) as url:
        other = program.again()
        other.set(DATA_DIR=str(folder), DATABASE_URL="" if stores.kind == "sqlite" else url, PORT=str(free_port()))
        yield other.again()


@pytest.fixture
def crew(program: Program, sandbox: SandboxClient) -> Crew:
    return Crew(program, sandbox)


def settings_in(program: Program) -> Settings:
    """As the program reads them."""
    named = {name: value for name, value in program._environment.items() if name.startswith("PORTEVOIX_")}
    return Settings(_env_file=None, **{name.removeprefix("PORTEVOIX_").lower(): value for name, value in named.items()})  # type: ignore[call-arg,arg-type]


async def backed_up(program: Program, name: str = "one.backup") -> Path:
    """As the command does it, in a thread: `asyncio` is busy with the test."""
    target = program.folder.parent / name
    file, _ = await asyncio.to_thread(backups.write, target, PASSPHRASE, settings_in(program), system_clock(), untold)
    return file


async def not_backed_up(program: Program, name: str) -> str:
    with pytest.raises(KNOWN_PROBLEMS) as problem:
        await backed_up(program, name)
    return str(problem.value)


async def begun(program: Program) -> None:
    """A campaign is there."""
    store = program.store(program.vault)
    async with store.write() as session:
        await installation.add_campaign(session, Campaign(slug="", name="Une autre"), NOW)
    await store.close()


async def restored(program: Program, file: Path, passphrase: str = PASSPHRASE, *, replace: bool = False) -> Restored:
    return await asyncio.to_thread(
        restoring.restore, file, passphrase, settings_in(program), system_clock(), untold, replace=replace
    )


async def not_restored(program: Program, file: Path, passphrase: str = PASSPHRASE) -> str:
    """Why not, as a user reads it."""
    with pytest.raises(KNOWN_PROBLEMS) as problem:
        await restored(program, file, passphrase)
    return str(problem.value)


async def done(program: Program, *arguments: str) -> str:
    """By the command line."""
    code, said = await program.call(*arguments)
    assert code == 0, said
    return " ".join(said.split())


async def refused(program: Program, *arguments: str) -> str:
    code, said = await program.call(*arguments)
    assert code == 1, said
    assert "Traceback" not in said
    return " ".join(said.split())


def in_folder(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()}


def is_untouched(program: Program) -> bool:
    """Nothing was restored there, and nothing lies about."""
    left = [name for name in in_folder(program.folder) if not name.endswith(".lock")]
    if not program._environment["PORTEVOIX_DATABASE_URL"]:
        return left == []
    with connected(program.store_url) as connection:
        return left == [] and inspect(connection).get_table_names() == []


# Whole


async def test_rows_pictures_frames_and_the_key_come_back_and_the_channels_open(filled: Program, elsewhere: Program):
    file = filled.folder.parent / "one.backup"
    assert f"✓ {file}: " in await done(filled, "backup", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "restored: taken " in await done(elsewhere, "restore", str(file))
    assert same(rows(filled.store_url), rows(elsewhere.store_url))
    for part in ("media", "frames"):
        assert in_folder(filled.folder / part) == in_folder(elsewhere.folder / part) != {}
    assert stat.S_IMODE((elsewhere.folder / "secret_key").stat().st_mode) == 0o600
    store = elsewhere.store(elsewhere.vault)
    async with store.read() as session:
        opened = [channel_secrets.settings_of(elsewhere.vault, each) for each in await installation.channels(session)]
    await store.close()
    assert len(opened) == 6
    assert all(all(one.values()) for one in opened)
    for left in (filled.folder / "backing-up", elsewhere.folder / "restoring"):
        assert not left.exists()


async def test_it_is_taken_while_the_program_runs_and_the_program_runs_on_what_came_back(
    crew: Crew, program: Program, elsewhere: Program
):
    (channel,) = await crew.channels(1)
    await program.start()
    file = await backed_up(program)
    assert await program.stop() == 0
    await restored(elsewhere, file)
    await Crew(elsewhere, crew.sandbox).queue([channel], "Après")
    await elsewhere.start()
    await crew.sandbox.wait_for_ledger(1, service="telegram", within=60)
    assert await elsewhere.stop() == 0


def test_what_is_written_while_it_is_taken_is_not_in_it(stores: Stores, tmp_path: Path, monkeypatch):
    """A row comes in at each step of the copy; one that was seen would be half of a change."""
    monkeypatch.setattr(snapshots, "PAGES", 20)
    steps = []
    with stores.fresh(tmp_path) as url:

        def write(done: int, of: int) -> None:
            steps.append(done)
            ask(url, "INSERT INTO heartbeat VALUES (:name, '2026-12-01 08:00:00+00:00')", name=f"step {len(steps)}")

        snapshots.take(store_at(url), tmp_path / "copy.sqlite3", write)
        assert ask(url, "SELECT count(*) FROM heartbeat") == [(len(steps),)]
    assert len(steps) > 5
    assert ask(f"sqlite:///{tmp_path / 'copy.sqlite3'}", "SELECT count(*) FROM heartbeat") == [(0,)]


@pytest.mark.about_servers
async def test_from_a_server_into_a_file_and_back_into_a_server(filled: Program, elsewhere: Program, tmp_path: Path):
    ask(filled.store_url, "SELECT setval('supporter_id_seq', 9000)")  # the last one was erased
    between = filled.again()
    folder = tmp_path / "file"
    folder.mkdir()
    between.set(DATA_DIR=str(folder), DATABASE_URL="")
    between = between.again()
    await restored(between, await backed_up(filled))
    assert same(rows(filled.store_url), rows(between.store_url))
    two = await backed_up(between, "two.backup")
    await restored(elsewhere, two)
    assert same(rows(filled.store_url), rows(elsewhere.store_url))
    store = elsewhere.store(elsewhere.vault)
    async with store.write() as session:
        new = Supporter(telegram_id=77_777, first_name="Nouvelle", created_at=NOW)
        session.add(new)
        await session.flush()
        assert new.id == 9_001
    await store.close()


async def test_pictures_and_frames_come_out_of_a_bucket_and_go_into_one(
    filled: Program, elsewhere: Program, storage: Storage
):
    file = await backed_up(filled)
    elsewhere.set(MEDIA_URL=storage.url, MEDIA_KEY=KEY, MEDIA_SECRET=SECRET)
    await restored(elsewhere, file)
    there = {f"orne/{part}/{name}" for part in ("media", "frames") for name in in_folder(filled.folder / part)}
    assert set(storage.names()) == there
    again = await backed_up(elsewhere, "two.backup")
    assert (await asyncio.to_thread(backups.check, again, PASSPHRASE, untold)).files == len(there)
    storage.stop()
    assert "cannot be used just now" in await not_backed_up(elsewhere, "three.backup")
    assert [name for name in in_folder(elsewhere.folder.parent) if "three" in name] == []


async def test_a_picture_that_a_post_shows_and_that_is_gone_is_named(filled: Program):
    (gone, *_) = sorted((filled.folder / "media").iterdir())
    gone.unlink()
    assert f"the picture {gone.name}, which a post shows, was not there" in await done(
        filled, "backup", str(filled.folder.parent / "one.backup")
    )


async def test_memory_stays_flat_however_much_there_is(filled: Program):
    media = filled.folder / "media"
    for number in range(60):
        (media / f"{number:064}.png").write_bytes(os.urandom(1_000_000))
    settings = settings_in(filled)
    tracemalloc.start()
    _, about = backups.write(filled.folder.parent, PASSPHRASE, settings, NOW, untold)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert about.size > 60_000_000
    assert peak < 25_000_000


async def test_a_folder_keeps_the_newest(filled: Program, tmp_path: Path):
    folder = tmp_path / "kept"
    folder.mkdir()
    old = [folder / f"porte-voix-2026010{day}-030000.backup" for day in (1, 2, 3)]
    for each in [*old, folder / "another file"]:
        each.touch()
    await done(filled, "backup", str(folder), "--keep", "2")
    left = sorted(each.name for each in folder.iterdir())
    assert [left[0], left[1]] == ["another file", old[2].name] and len(left) == 3
    assert "--keep needs a folder" in await refused(filled, "backup", str(folder / "file"), "--keep", "2")


async def test_taken_while_the_key_was_being_changed_it_comes_back_under_the_new_one(
    filled: Program, elsewhere: Program
):
    filled.set(SECRET_KEY="the new one")
    await restored(elsewhere, await backed_up(filled))
    assert (elsewhere.folder / "secret_key").read_text() == "the new one"
    store = elsewhere.store(Vault("the new one"))
    async with store.read() as session:
        assert await channel_secrets.first_unreadable(session) is None
        assert len(await installation.channels(session)) == 6
    await store.close()


async def test_where_the_settings_name_another_key_it_is_said_and_all_opens(filled: Program, elsewhere: Program):
    elsewhere.set(SECRET_KEY="another")
    assert (await restored(elsewhere, await backed_up(filled))).other_key
    assert "locked with the present key now" in await done(elsewhere, "keys", "renew")


# Not twice


async def test_what_went_out_after_the_backup_is_not_sent_again_and_what_comes_later_is(
    crew: Crew, program: Program, elsewhere: Program
):
    (channel,) = await crew.channels(1)
    await crew.queue([channel], "Un", "Deux")
    file = await backed_up(program)
    await program.start()
    await crew.sandbox.wait_for_ledger(2, service="telegram", within=60)
    assert await program.stop() == 0
    assert (await restored(elsewhere, file)).left.publications == 2
    there = Crew(elsewhere, crew.sandbox)
    assert await there.states(channel) == [S.unknown, S.unknown]
    await there.queue([channel], "Trois")
    await elsewhere.start()
    await crew.sandbox.wait_for_ledger(3, service="telegram", within=60)
    assert await elsewhere.stop() == 0
    assert await crew.accepted(channel) == ["Un", "Deux", "Trois"]
    assert await there.states(channel) == [S.unknown, S.unknown, S.published]


async def test_a_broadcast_that_was_going_out_is_paused_and_nobody_is_written_to_twice(
    crew: Crew, program: Program, elsewhere: Program
):
    people = await crew.people(6)
    await crew.broadcast("Rendez-vous samedi")
    file = await backed_up(program)
    await program.start()
    await program.line("broadcast 1 has reached everybody")
    assert await program.stop() == 0
    assert (await restored(elsewhere, file)).left.broadcasts == 1
    (channel,) = await Crew(elsewhere, crew.sandbox).channels(1, campaign="Voisine")
    await Crew(elsewhere, crew.sandbox).queue([channel], "Après")
    await elsewhere.start()
    await elsewhere.line("is out")
    assert await elsewhere.stop() == 0
    ledger = await crew.sandbox.ledger(service="telegram")
    got = [int(entry["channel"]) for entry in ledger if "Rendez-vous samedi" in entry["text"]]
    assert sorted(got) == sorted(people)
    assert ask(elsewhere.store_url, "SELECT state FROM broadcast") == [("paused",)]


async def test_only_what_may_be_out_by_now_is_left_to_humans(database, campaign, channels_and_people, tmp_path: Path):
    """Beside it: what is due later, a cancelled post's, who rests until later, and what was settled before."""
    ids = channels_and_people
    with connected(database.url.render_as_string(hide_password=False).replace("+aiosqlite", "").replace("+psycopg", "")) as rows_of:  # fmt: skip
        left = settle_down(rows_of, NOW - timedelta(hours=6), NOW)
    assert left == LeftToHumans(publications=3, broadcasts=1, kits=1, messages=2)
    async with database.read() as session:
        states = {name: (await session.get_one(Publication, number)).state for name, number in ids.publications.items()}
        handouts = {name: (await session.get_one(Handout, number)).state for name, number in ids.handouts.items()}
        channel = await session.get_one(Channel, ids.channel)
        reason = (await session.get_one(Publication, ids.publications["due"])).reason
    assert states == {
        "due": S.unknown,
        "sending": S.unknown,
        "waits for a yes": S.unknown,
        "later": S.queued,
        "taken back": S.queued,
        "out": S.published,
        "held": S.held,
    }
    assert handouts == {
        "due": HandoutState.unknown,
        "sending": HandoutState.unknown,
        "rests": HandoutState.queued,
        "sent": HandoutState.sent,
    }
    assert (channel.leased_by, channel.lease_until) == (None, None)
    assert reason is not None and "between the backup of 2026-12-01 02:00 UTC and its restore" in reason


@pytest.fixture
async def channels_and_people(database, campaign, telegram):
    async with database.write() as session:
        telegram = await session.merge(telegram)
        telegram.leased_by, telegram.lease_until = "a worker", NOW

        async def publication(state: PublicationState, due: datetime, post: PostState, **more: object) -> int:
            made = Post(
                campaign_id=campaign.id, title="T", text="t", state=post, publish_at=due, created_at=NOW, **more
            )
            session.add(made)
            await session.flush()
            row = Publication(post_id=made.id, channel_id=telegram.id, state=state, due_at=due, tried_at=NOW)
            session.add(row)
            await session.flush()
            return row.id

        past, later = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
        publications = {
            "due": await publication(S.queued, past, PostState.scheduled, share_kit=True),
            "sending": await publication(S.sending, past, PostState.scheduled),
            "waits for a yes": await publication(S.queued, past, PostState.submitted),
            "later": await publication(S.queued, later, PostState.scheduled, share_kit=True),
            "taken back": await publication(S.queued, past, PostState.cancelled),
            "out": await publication(S.published, past, PostState.scheduled),
            "held": await publication(S.held, past, PostState.scheduled),
        }
        running = Broadcast(campaign_id=campaign.id, text="t", state=BroadcastState.running, created_at=NOW)
        session.add(running)
        await session.flush()

        async def handout(number: int, state: HandoutState, not_before: datetime | None) -> int:
            person = Supporter(telegram_id=number, first_name="P", created_at=NOW)
            session.add(person)
            await session.flush()
            row = Handout(broadcast_id=running.id, supporter_id=person.id, state=state, not_before=not_before)
            session.add(row)
            await session.flush()
            return row.id

        handouts = {
            "due": await handout(1, HandoutState.queued, past),
            "sending": await handout(2, HandoutState.sending, None),
            "rests": await handout(3, HandoutState.queued, later),
            "sent": await handout(4, HandoutState.sent, None),
        }
    return SimpleNamespace(publications=publications, handouts=handouts, channel=telegram.id)


# Refused, and nothing changed


async def test_check_reads_all_and_writes_nothing(filled: Program, elsewhere: Program, tmp_path: Path):
    file, words = await backed_up(filled), tmp_path / "words"
    words.write_text(f"{PASSPHRASE}\n")
    elsewhere.set(BACKUP_PASSPHRASE="")
    said = await done(elsewhere, "restore", "--check", str(file), "--passphrase-file", str(words))
    assert f"{file} is whole: taken " in said
    assert is_untouched(elsewhere)


async def test_another_passphrase_a_foreign_file_and_none_are_a_sentence_each(
    filled: Program, elsewhere: Program, tmp_path: Path
):
    file = await backed_up(filled)
    assert "the passphrase is not the one" in await not_restored(elsewhere, file, "une autre phrase")
    elsewhere.set(BACKUP_PASSPHRASE="")
    assert "there is no passphrase: name its file" in await refused(elsewhere, "restore", str(file))
    foreign, newer = tmp_path / "foreign", tmp_path / "newer"
    foreign.write_bytes(b"PK\x03\x04" + bytes(100))
    newer.write_bytes(KIND + b"2\n" + bytes(100))
    for wrong, said in (
        (foreign, "it is no backup of Porte-voix"),
        (newer, "it was written by a newer Porte-voix"),
        (tmp_path / "none", "cannot be read (No such file or directory)"),
        (tmp_path, "cannot be read (Is a directory)"),
    ):
        assert said in await not_restored(elsewhere, wrong)
    assert is_untouched(elsewhere)


async def test_a_file_that_was_cut_off_is_refused_and_nothing_is_restored(filled: Program, elsewhere: Program):
    file = await backed_up(filled)
    whole = file.read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, len(MAGIC) + 5):
        file.write_bytes(whole[:size])
        assert "cut off or altered" in await not_restored(elsewhere, file)
    assert is_untouched(elsewhere)


async def test_it_refuses_a_backup_of_a_newer_version(filled: Program, elsewhere: Program, monkeypatch):
    settings = settings_in(filled)
    monkeypatch.setattr(backups, "_looked_into", lambda copy: ("9999", set()))
    file, _ = backups.write(filled.folder.parent, PASSPHRASE, settings, NOW, untold)
    assert "written by a newer Porte-voix" in await not_restored(elsewhere, file)
    assert is_untouched(elsewhere)


async def test_a_file_of_an_older_version_comes_back_at_this_one(program: Program, elsewhere: Program):
    """Whatever the store that it goes into."""
    program.set(DATABASE_URL="")
    (program.folder / "porte-voix.sqlite3").unlink(missing_ok=True)  # is of this version
    engine = create_engine(program.store_url)
    with engine.begin() as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "0012")
    engine.dispose()
    ask(program.store_url, "INSERT INTO organizer (id, email, name, password_hash, language, created_at) VALUES (7, 'a@exemple.org', 'A', 'x', 'fr', '2026-11-01 08:00:00')")  # fmt: skip
    assert (await restored(elsewhere, await backed_up(program))).backup.version == "0012"
    assert ask(elsewhere.store_url, "SELECT email FROM organizer") == [("a@exemple.org",)]
    assert ask(elsewhere.store_url, "SELECT version_num FROM alembic_version") != [("0012",)]


async def test_it_overwrites_no_campaign(filled: Program, elsewhere: Program):
    file = await backed_up(filled)
    await begun(elsewhere)
    key, before = (elsewhere.folder / "secret_key").read_bytes(), rows(elsewhere.store_url)
    assert "holds a campaign already (rows of campaign)" in await not_restored(elsewhere, file)
    assert rows(elsewhere.store_url) == before
    assert (elsewhere.folder / "secret_key").read_bytes() == key


@pytest.mark.about_files
async def test_with_replace_what_was_there_is_set_aside_whole(filled: Program, elsewhere: Program):
    file = await backed_up(filled)
    await begun(elsewhere)
    frame = elsewhere.folder / "frames" / "orne" / "fete" / "frame.toml"
    frame.parent.mkdir(parents=True)
    frame.write_text("# un autre cadre")
    key, before = (elsewhere.folder / "secret_key").read_bytes(), rows(elsewhere.store_url)
    told = await restored(elsewhere, file, replace=True)
    assert same(rows(filled.store_url), rows(elsewhere.store_url))
    (aside,) = elsewhere.folder.glob("before-restore-*")
    assert told.aside == aside
    assert rows(f"sqlite:///{aside / 'porte-voix.sqlite3'}") == before
    assert (aside / "secret_key").read_bytes() == key != (elsewhere.folder / "secret_key").read_bytes()
    assert (aside / "frames" / "orne" / "fete" / "frame.toml").read_text() == "# un autre cadre"
    assert frame.read_text() == "# un cadre"


@pytest.mark.about_files
async def test_a_spoilt_database_is_set_aside_too(filled: Program, elsewhere: Program):
    file = await backed_up(filled)
    spoilt = elsewhere.folder / "porte-voix.sqlite3"
    spoilt.write_bytes(b"no database" * 1000)
    assert "cannot be opened" in await not_restored(elsewhere, file)
    await restored(elsewhere, file, replace=True)
    assert same(rows(filled.store_url), rows(elsewhere.store_url))
    assert "cannot be copied" in await not_backed_up(_on(elsewhere, spoilt), "two.backup")


def _on(program: Program, spoilt: Path) -> Program:
    (aside,) = program.folder.glob("before-restore-*")
    other = program.again()
    other.set(DATABASE_URL=f"sqlite:///{aside / spoilt.name}")
    return other


@pytest.mark.about_servers
async def test_a_restore_that_was_killed_half_way_is_done_again_and_no_program_starts_in_between(
    filled: Program, elsewhere: Program
):
    file = await backed_up(filled)
    migrate(elsewhere.store_url)
    ask(elsewhere.store_url, "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$")
    ask(elsewhere.store_url, "CREATE TRIGGER no BEFORE INSERT ON publication FOR EACH ROW EXECUTE FUNCTION no()")
    await not_restored(elsewhere, file)
    assert "has not ended: run the same `move-to`, or `restore`, again" in await refused(elsewhere, "run")
    ask(elsewhere.store_url, "DROP FUNCTION no CASCADE")
    await restored(elsewhere, file)
    assert same(rows(filled.store_url), rows(elsewhere.store_url))


async def test_it_refuses_while_the_program_runs(
    filled: Program, crew: Crew, elsewhere: Program, sandbox: SandboxClient
):
    file = await backed_up(filled)
    await elsewhere.start()
    assert "Porte-voix runs on" in await not_restored(elsewhere, file)
    assert await elsewhere.stop() == 0
    assert ask(elsewhere.store_url, "SELECT count(*) FROM campaign") == [(0,)]


async def test_a_backup_takes_no_name_that_is_taken_no_weak_passphrase_and_no_missing_store(
    filled: Program, elsewhere: Program, tmp_path: Path
):
    file = await backed_up(filled)
    assert f"there is a file {file} already" in await refused(filled, "backup", str(file))
    assert "cannot be written (No such file or directory)" in await not_backed_up(filled, "no/folder.backup")
    assert re.search("there is no database|the database is empty yet", await not_backed_up(elsewhere, "two.backup"))
    with pytest.raises(BackupProblem, match="take 12 characters at least"):
        backups.write(tmp_path / "three.backup", "trop court", settings_in(filled), NOW, untold)
    assert [name for name in in_folder(tmp_path) if name.endswith((".backup", ".part"))] == ["one.backup"]


@contextmanager
def full_behind(size: int) -> Iterator[None]:
    """A disk on which no file of this process grows beyond so many bytes."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


async def test_on_a_full_disk_there_is_no_half_backup_and_nothing_is_restored(
    filled: Program, elsewhere: Program, tmp_path: Path
):
    (filled.folder / "media" / "large.png").write_bytes(os.urandom(9_000_000))
    settings = settings_in(filled)
    target = tmp_path / "kept"
    target.mkdir()
    with full_behind(5_000_000), pytest.raises(BackupProblem, match="cannot be written"):
        backups.write(target, PASSPHRASE, settings, NOW, untold)
    assert in_folder(target) == {}
    (filled.folder / "media" / "large.png").unlink()
    file, _ = backups.write(target, PASSPHRASE, settings, NOW, untold)
    there = settings_in(elsewhere)
    with full_behind(100_000), pytest.raises(BackupProblem, match="cannot be written"):
        restoring.restore(file, PASSPHRASE, there, NOW, untold)
    assert is_untouched(elsewhere)


# The lock of the file


def sealed(folder: Path, data: bytes) -> Path:
    file = folder / "sealed"
    with file.open("wb") as out:
        seal = Seal(out, PASSPHRASE, work=10)
        seal.write(data)
        seal.close()
    return file


def unsealed(file: Path, passphrase: str = PASSPHRASE) -> bytes:
    with file.open("rb") as raw:
        opened, found = Sealed(raw, passphrase), b""
        while some := opened.read(100_000):
            found += some
        return found


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_locked_opens_whatever_its_size(tmp_path: Path, size: int):
    data = os.urandom(size)
    assert unsealed(sealed(tmp_path, data)) == data


def test_an_accent_may_be_typed_in_two_ways(tmp_path: Path):
    file = tmp_path / "sealed"
    with file.open("wb") as out:
        Seal(out, "été composé", work=10).close()
    assert unsealed(file, "e\u0301te\u0301 compose\u0301") == b""


BEGIN = len(MAGIC) + 1 + SALT + PROOF
ONE = CHUNK + TAG


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: whole[: BEGIN + 2 * ONE],  # cut off where a chunk ends
        lambda whole: whole[: BEGIN + 2 * ONE + 7],  # and within one
        lambda whole: whole[:BEGIN],  # no chunk at all
        lambda whole: whole + b"x",  # something behind it
        lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]),  # the last byte
        lambda whole: whole[: BEGIN + ONE] + bytes([whole[BEGIN + ONE] ^ 1]) + whole[BEGIN + ONE + 1 :],
        lambda whole: whole[:BEGIN] + whole[BEGIN + ONE : BEGIN + 2 * ONE] + whole[BEGIN : BEGIN + ONE] + whole[BEGIN + 2 * ONE :],  # in another order
        lambda whole: whole[: BEGIN + ONE] + whole[BEGIN + 2 * ONE :],  # one left out
        lambda whole: whole[: BEGIN + ONE] + whole[BEGIN:],  # one twice
        lambda whole: whole[: len(MAGIC)] + bytes([9]) + whole[len(MAGIC) + 1 :],  # less work for who guesses
        lambda whole: whole[: len(MAGIC) + 3] + b"?" + whole[len(MAGIC) + 4 :],  # its salt
    ],
)  # fmt: skip
def test_whatever_was_altered_is_noticed(tmp_path: Path, spoil):
    file = sealed(tmp_path, os.urandom(2 * CHUNK + 500))
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(SealProblem):
        unsealed(file)


def test_the_same_twice_is_never_the_same_file(tmp_path: Path):
    data = bytes(1000)
    one = sealed(tmp_path, data).read_bytes()
    assert one != sealed(tmp_path, data).read_bytes()
    assert data[:32] not in one


def test_no_key_lies_open_in_it(tmp_path: Path):
    """Nor anything else of the store."""
    settings = Settings(_env_file=None, data_dir=tmp_path, database_url="")  # type: ignore[call-arg]
    migrate(settings.store_url)
    file, _ = backups.write(tmp_path, PASSPHRASE, settings, NOW, untold)
    data = file.read_bytes()
    for word in (known_keys(settings)[0].encode(), b"SQLite format 3", b"alembic_version", json.dumps(NOW.isoformat())):
        assert (word if isinstance(word, bytes) else word.encode()) not in data
