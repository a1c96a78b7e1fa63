"""A backup becomes an installation again: all of it is read, checked and made ready before anything is put in its place.

It goes into an empty store alone. Where a file of SQLite's is in the way it can be set aside; a server's database is named
anew. A backup of an older version is brought up to date, and one of either kind of store goes into the other.
"""

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from campaigns import channel_secrets, kept_secrets, second_factors, webhook_secrets
from campaigns.backups import KEYS, MODE, ROWS, Backup, BackupProblem, Told, check, reading, workroom
from campaigns.coming_back import LeftToHumans, settle_down
from campaigns.database import Database, migrate
from campaigns.media_stores import Folder, MediaAway, MediaStore, opened
from campaigns.moving import BEGUN, look_into, move
from campaigns.settings import Settings, key_file
from campaigns.snapshots import file_of
from campaigns.stores import ENGINE_LOCK_FILE, Store, shown_address, store_at
from campaigns.stores.sqlite import locked
from campaigns.vault import Vault

BATCH = 2_000  # rows that go to a server in one transaction
ROOM = "restoring"
ASIDE = "before-restore-{:%Y%m%d-%H%M%S}"  # in UTC; a folder


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `other_key`: the settings name another secret key than the backup's, which opens its secrets."""

    backup: Backup
    left: LeftToHumans
    aside: Path | None  # where lies what was there before
    other_key: bool


def restore(
    file: Path, passphrase: str, settings: Settings, now: datetime, told: Told, *, replace: bool = False
) -> Restored:
    """Raises BackupProblem, MoveRefused, DatabaseProblem and MediaAway; then the store is as it was."""
    store = store_at(settings.store_url)
    home = (file_of(store) or settings.data_dir / ROWS).parent
    aside = home / ASIDE.format(now.astimezone(UTC))
    with _alone(store, settings, home, replace=replace), workroom(home, ROOM) as room:
        backup = check(file, passphrase, told, keep=room)
        keys = json.loads((room / KEYS).read_text(encoding="utf-8"))
        left = _made_ready(room / ROWS, keys, backup.taken_at, now)
        _put_files(file, passphrase, settings, told, aside)
        if (target := file_of(store)) is not None:
            _put_key(settings, keys[0], aside)
            _put_file(room / ROWS, target, aside)
        else:
            _put_rows(room / ROWS, store, settings, told, lambda: _put_key(settings, keys[0], aside))
    set_key = settings.secret_key.get_secret_value()
    return Restored(backup, left, aside if aside.exists() else None, bool(set_key) and set_key != keys[0])


# Before anything is written


@contextmanager
def _alone(store: Store, settings: Settings, home: Path, *, replace: bool) -> Iterator[None]:
    """No program runs on the store, and there is nothing in it that would be lost."""
    home.mkdir(parents=True, exist_ok=True)
    folders = {folder.resolve() for folder in (home, settings.data_dir)}
    with ExitStack() as stack:
        for folder in folders:
            if not stack.enter_context(locked(folder / ENGINE_LOCK_FILE)):
                raise BackupProblem(f"Porte-voix runs on {folder}: stop it, then restore")
        if (target := file_of(store)) is None:
            look_into(store, home / ROOM / ROWS)
            stack.close()  # the move takes the same locks
        elif not replace and (there := _what_is_in(target)):
            raise BackupProblem(
                f"{target} {there}: nothing was restored. Name another PORTEVOIX_DATA_DIR, or add --replace, which sets aside"
                " what is there and deletes nothing"
            )
        yield


def _what_is_in(file: Path) -> str:
    """What would be in the way, as the rest of a sentence; empty where there is nothing."""
    if not file.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as rows:
            tables = {name for (name,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            begun = [
                name
                for name in BEGUN
                if name in tables and rows.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()  # noqa: S608
            ]
    except sqlite3.Error as error:
        return f"cannot be opened ({error})"
    if tables and "alembic_version" not in tables:
        return f"holds data of something else (its table {min(tables)})"
    return f"holds a campaign already (rows of {begun[0]})" if begun else ""


# Made ready, beside what is there


def _made_ready(file: Path, keys: list[str], taken_at: datetime, now: datetime) -> LeftToHumans:
    """The rows at this program's version, locked by one key, in one file; what may be out waits for a human."""
    migrate(f"sqlite:///{file}")
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.begin() as rows:
            left = settle_down(rows, taken_at, now)
        if len(keys) > 1:
            asyncio.run(_lock_by_one(file, keys))
        with engine.connect() as rows:
            rows.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            rows.exec_driver_sql("PRAGMA journal_mode=DELETE")  # one file, to be moved; a start takes up its log again
    except DBAPIError as error:
        raise BackupProblem(f"the rows cannot be made ready ({error.orig}); nothing was restored") from None
    finally:
        engine.dispose()
    return left


async def _lock_by_one(file: Path, keys: list[str]) -> None:
    """The backup was taken while its key was being changed."""
    database = Database(f"sqlite:///{file}", Vault(*keys))
    async with database.write() as session:
        for secrets in (channel_secrets, second_factors, kept_secrets, webhook_secrets):
            await secrets.lock_anew(session)
    await database.close()


# Put in its place


def _put_files(file: Path, passphrase: str, settings: Settings, told: Told, aside: Path) -> None:
    """Each whole or not at all, under the name that it had; one that is there and says something else is set aside."""
    homes = {part: opened(home) for part, home in settings.kept_files.items()}
    with reading(file, passphrase, told, "Pictures") as entries:
        for entry in entries:
            part, name = entry.place
            if not part or (part == "media" and homes[part].has(name)):  # a picture's name says what is in it
                continue
            data = entry.data.read()
            try:
                _put_one(homes[part], name, data, Folder(aside / part))
            except MediaAway:
                raise
            except OSError as error:
                raise BackupProblem(
                    f"{entry.name} cannot be written ({error.strerror}). The database was not touched; run the same command again"
                ) from None


def _put_one(home: MediaStore, name: str, data: bytes, aside: Folder) -> None:
    try:
        there = home.load(name)
    except FileNotFoundError:
        home.store(name, data)
        return
    if there != data:
        aside.store(name, there)
        home.store(name, data)


def _put_key(settings: Settings, key: str, aside: Path) -> None:
    """Where the settings keep it unless they name one."""
    path = key_file(settings)
    if key == settings.secret_key.get_secret_value():
        return
    if path.exists():
        if path.read_text(encoding="utf-8", errors="replace").strip() == key:
            return
        _set_aside(path, aside)
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    unfinished.touch(mode=MODE)
    unfinished.write_text(key, encoding="ascii")
    unfinished.replace(path)


def _put_file(made: Path, target: Path, aside: Path) -> None:
    for there in (target, *(target.with_name(target.name + ending) for ending in ("-wal", "-shm"))):
        if there.exists():  # with its log: that of another file would spoil this one
            _set_aside(there, aside)
    with made.open("rb") as rows:
        os.fsync(rows.fileno())
    made.rename(target)


def _set_aside(file: Path, aside: Path) -> None:
    aside.mkdir(mode=0o700, exist_ok=True)
    shutil.move(file, aside / file.name)


def _put_rows(made: Path, store: Store, settings: Settings, told: Told, then: Callable[[], object]) -> None:
    """Into a server's database, as a move does it: until it has ended, no program starts there. `then` comes before that end."""
    with move(store_at(f"sqlite:///{made}"), store, settings.data_dir, anew=True) as begun:
        done = 0

        def count(rows: int) -> None:
            nonlocal done
            done += rows
            told("Rows", done, 2 * begun.rows)

        begun.copy(BATCH, count)
        found = begun.compare(BATCH, count)
        if found.differences:
            raise BackupProblem(
                f"not the same on both sides: {found.differences[0]}; somebody else writes to {shown_address(store.url)}:"
                " no program starts on it; run the same command again"
            )
        then()
        begun.finish()
