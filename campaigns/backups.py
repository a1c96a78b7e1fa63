"""A whole installation in one locked file: its rows, its pictures and frames, and its secret key.

The file holds a tar of: backup.json; the store as a file of SQLite's, whatever kind it is of; `keys`, the secret key first and
behind it those that are accepted beside; and the pictures and frames under media/ and frames/. What can be made anew is not
in it, nor what means nothing later: sections' kits, the jobs of the queue.
"""

import gzip as plain_gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from badges.wheels import wheel
from campaigns import snapshots
from campaigns.database import DatabaseTooNew, known_versions
from campaigns.media_stores import MediaAway, opened
from campaigns.sealing import CHUNK, SHORTEST, Seal, Sealed, SealProblem
from campaigns.settings import Settings, known_keys
from campaigns.stores import store_at
from campaigns.stores.sqlite import locked

gzip: Any = wheel("isal.igzip") or plain_gzip  # the same files, many times faster
ABOUT, ROWS, KEYS = "backup.json", "porte-voix.sqlite3", "keys"
NAMED = "porte-voix-{:%Y%m%d-%H%M%S}.backup"  # in UTC, so that they sort by their names
MODE = 0o600
ROOM = 20_000_000  # bytes that stay free beside a copy

Told = Callable[[str, int, int], object]  # a part, and how much of it is done, of how much


class BackupProblem(Exception):
    """A backup cannot be written, read or restored; the message says why and what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in one. Sizes in bytes."""

    taken_at: datetime
    version: str  # of its schema
    kind: str  # of the store that it was taken from
    rows: int  # bytes of the database
    files: int  # pictures and parts of frames
    size: int  # of the whole file
    missing: tuple[str, ...] = ()  # pictures that posts name and that were not there, where that was asked


# Writing


def write(target: Path, passphrase: str, settings: Settings, now: datetime, told: Told) -> tuple[Path, Backup]:
    """Write one while the program runs; into a folder under the moment's name. Raises BackupProblem, DatabaseProblem, MediaAway."""
    if target.is_dir():
        target /= NAMED.format(now.astimezone(UTC))
    if target.exists():
        raise BackupProblem(f"there is a file {target} already: name another one")
    if len(passphrase) < SHORTEST:
        raise BackupProblem(f"the passphrase is too short: take {SHORTEST} characters at least, such as five words")
    with workroom(settings.data_dir, "backing-up") as room, _whole(target) as file:
        about = _write_all(file, passphrase, settings, room, now, told)
    return target, about


def _write_all(file: BinaryIO, passphrase: str, settings: Settings, room: Path, now: datetime, told: Told) -> Backup:
    """The rows first: a picture that comes behind them is one too many, and not one too few."""
    store = store_at(settings.store_url)
    refuse_without_room(room, snapshots.size_of(store))
    copy = room / ROWS
    snapshots.take(store, copy, lambda done, of: told("Database", done, of))
    version, named = _looked_into(copy)
    kind, rows = store.url.get_backend_name(), copy.stat().st_size
    about = {"version": version, "taken_at": now.isoformat(), "kind": kind}
    seal = Seal(file, passphrase)
    with (
        closing(gzip.GzipFile(fileobj=seal, mode="wb", compresslevel=1, mtime=0)) as packed,
        tarfile.open(fileobj=packed, mode="w|", bufsize=CHUNK) as tar,
    ):
        _add(tar, ABOUT, json.dumps(about).encode(), now)
        _add(tar, KEYS, json.dumps(known_keys(settings)).encode(), now)
        with copy.open("rb") as data:
            _add_stream(tar, ROWS, data, rows, now)
        files, stored = _add_files(tar, settings, now, told)
    seal.close()
    return Backup(now, version, kind, rows, files, file.tell(), tuple(sorted(named - stored)))


def _add_files(tar: tarfile.TarFile, settings: Settings, now: datetime, told: Told) -> tuple[int, set[str]]:
    """One after the other, so that memory holds one picture. What goes away meanwhile is left out."""
    files, pictures = 0, set()
    for part, home in settings.kept_files.items():
        store = opened(home)
        names = [name for name, _ in store.files() if not _is_makeshift(name)]
        for number, name in enumerate(names, 1):
            with suppress(FileNotFoundError):
                _add(tar, f"{part}/{name}", store.load(name), now)
                files += 1
                if part == "media":
                    pictures.add(name)
            told("Pictures" if part == "media" else "Frames", number, len(names))
    return files, pictures


def _is_makeshift(name: str) -> bool:
    """Half a picture, or what a mirror of a bucket notes down."""
    return name.endswith(".part") or PurePosixPath(name).name.startswith(".")


def _looked_into(copy: Path) -> tuple[str, set[str]]:
    """The version of a database, and the pictures that its posts name; raises BackupProblem where it is damaged."""
    try:
        with closing(sqlite3.connect(copy)) as rows:
            (said,) = rows.execute("PRAGMA quick_check(1)").fetchone()
            if said != "ok":
                raise BackupProblem(f"the database is damaged ({said}): restore the backup before, or ask for help")
            (version,) = rows.execute("SELECT version_num FROM alembic_version").fetchone()
            named = {file for (file,) in rows.execute("SELECT file FROM media")}
    except (sqlite3.Error, TypeError) as error:  # TypeError: no row
        raise BackupProblem(f"the database is none of Porte-voix, or damaged: {error}") from None
    return version, named


def _add(tar: tarfile.TarFile, name: str, data: bytes, now: datetime) -> None:
    _add_stream(tar, name, io.BytesIO(data), len(data), now)


def _add_stream(tar: tarfile.TarFile, name: str, data: IO[bytes], size: int, now: datetime) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, int(now.timestamp()), MODE
    tar.addfile(member, data)


@contextmanager
def _whole(target: Path) -> Iterator[BinaryIO]:
    """A new file for its owner alone, that has its name when it is whole and on the disk."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:  # noqa: PTH123 - of a number
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(target)
    except MediaAway:
        raise
    except OSError as error:
        if error.filename not in (None, str(unfinished)):
            raise BackupProblem(f"{error.filename} cannot be read ({error.strerror}), so there is no backup") from None
        raise BackupProblem(f"{target} cannot be written ({error.strerror}); nothing is left of it") from None
    finally:
        unfinished.unlink(missing_ok=True)


def older(folder: Path, keep: int) -> list[Path]:
    """The backups of a folder that were named by their moment, but for the newest."""
    return sorted(folder.glob("porte-voix-????????-??????.backup"))[:-keep]


# Reading


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a backup; `data` can be read until the next one is asked for."""

    name: str
    size: int
    data: IO[bytes]

    @property
    def place(self) -> tuple[str, str]:
        """`media` or `frames`, and its name there; two empty texts for what is neither."""
        part, _, name = self.name.partition("/")
        return (part, name) if part in ("media", "frames") and name else ("", "")


@contextmanager
def reading(file: Path, passphrase: str, told: Told, part: str) -> Iterator[Iterator[Entry]]:
    """What is in a backup, one after the other; raises BackupProblem.

    Whoever comes to the end has read all of it, and unaltered.
    """
    try:
        with file.open("rb") as raw:
            size = file.stat().st_size
            yield _entries(Sealed(raw, passphrase), lambda: told(part, raw.tell(), size))
    except (SealProblem, tarfile.TarError, EOFError, KeyError, ValueError) as problem:
        raise BackupProblem(f"{file} cannot be used: {problem}") from None
    except OSError as error:
        if error.filename != str(file):
            raise
        raise BackupProblem(f"{file} cannot be read ({error.strerror})") from None


def _entries(sealed: Sealed, told: Callable[[], object]) -> Iterator[Entry]:
    with closing(gzip.GzipFile(fileobj=sealed, mode="rb")) as packed:
        with tarfile.open(fileobj=packed, mode="r|", bufsize=CHUNK) as tar:
            for member in tar:
                yield _entry(tar, member)
                told()
        while packed.read(CHUNK):
            pass
    while sealed.read(CHUNK):
        pass
    told()


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    path = PurePosixPath(member.name)
    data = tar.extractfile(member) if member.isreg() else None
    if data is None or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"it holds “{member.name}”, which no backup holds")
    return Entry(member.name, member.size, data)


def check(file: Path, passphrase: str, told: Told, keep: Path | None = None) -> Backup:
    """Read all of a backup; raises BackupProblem, and DatabaseTooNew for one of a newer program.

    Nothing is written but, where a folder is named, the rows and the keys into it.
    """
    about: dict[str, str] = {}
    rows = files = 0
    with reading(file, passphrase, told, "Checking") as entries:
        for entry in entries:
            part, name = entry.place
            if entry.name == ABOUT:
                about = _about_of(entry.data.read())
            elif part:
                files += 1
                _check_picture(file, part, name, _hashed(entry.data))
            else:
                rows += entry.size if entry.name == ROWS else 0
                _keep(entry, keep)
    if not about or not rows:
        raise BackupProblem(f"{file} cannot be used: there is no database in it")
    taken_at = datetime.fromisoformat(about["taken_at"])
    return Backup(taken_at, about["version"], about["kind"], rows, files, file.stat().st_size)


def _check_picture(file: Path, part: str, name: str, content: str) -> None:
    if part == "media" and PurePosixPath(name).stem != content:
        raise BackupProblem(f"{file} cannot be used: the picture {name} in it is not what its name says")


def _keep(entry: Entry, folder: Path | None) -> None:
    if folder is None or entry.name not in (ROWS, KEYS):
        _hashed(entry.data)
        return
    target = folder / entry.name
    try:
        if entry.name == ROWS:
            refuse_without_room(folder, entry.size)
        with target.open("wb") as kept:
            shutil.copyfileobj(entry.data, kept, CHUNK)
    except OSError as error:
        raise BackupProblem(f"{target} cannot be written ({error.strerror}); nothing was restored") from None


def _about_of(data: bytes) -> dict[str, str]:
    """The first entry; raises DatabaseTooNew."""
    about: dict[str, str] = json.loads(data)
    if about["version"] not in known_versions():
        raise DatabaseTooNew
    return about


def _hashed(data: IO[bytes]) -> str:
    found = hashlib.sha256()
    while chunk := data.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()


# Rooms


@contextmanager
def workroom(folder: Path, name: str) -> Iterator[Path]:
    """A folder for its owner alone, in which rows lie in the clear until the block ends; what a killed run left goes first."""
    room = folder / name
    with locked(folder / f"{name}.lock") as got:
        if not got:
            raise BackupProblem(f"another one is at work in {room} already: wait until it has ended")
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(mode=0o700)
        try:
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)


def refuse_without_room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted + ROOM:
        raise BackupProblem(
            f"the disk of {folder} has {free / 1e6:.0f} MB free, and a copy of the database takes {wanted / 1e6:.0f} MB for a"
            " moment: make room there"
        )
