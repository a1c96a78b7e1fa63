"""Badges by the dozen as they are handed in over the web: a ZIP of photos, with or without a list of who is on them.

It is looked at as a whole before it is queued, and once more before it is made: by then a frame may be another one.
"""

import posixpath
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from badges import BadgeError, Frame, PhotoRefused, Problem, as_written
from badges.headers import MEGABYTE, MOST_BYTES, kind_of
from badges.wishes import Failure, ListRefused, Wish, is_photo, names_of, read_list, wishes_of
from campaigns import models
from campaigns.badge_frames import badge_sentence, frame_of
from campaigns.kits import safe
from campaigns.mirrors import FramesHome
from campaigns.models import Campaign, Territory
from campaigns.sentences import told, within
from campaigns.words import Words
from campaigns.zips import Package, ZipUnread, is_hidden, stays_inside, unzipped

LARGEST_BATCH = 200_000_000  # bytes as it is sent: what docs/deploy/nginx.conf lets through
MOST_UNPACKED = 400_000_000  # bytes of the photos, of which a few at a time are in memory
MOST_PHOTOS = 500
MOST_BADGES = 1_000  # a photo may become several; a thousand weigh as much as one may hand in
LARGEST_LIST = 1_000_000  # bytes
BEGINNING = 64  # bytes, from which a picture's kind is known
ENDING = ".jpg"


class BatchRefused(Exception):
    """Nothing can be made of this; the message says why and what to do, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What holds for every badge whose line says nothing else: a frame by its key, names of FORMATS."""

    frame: str
    formats: tuple[str, ...]
    names_from_files: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"frame": self.frame, "formats": list(self.formats), "names_from_files": self.names_from_files}

    @classmethod
    def of_json(cls, wanted: Mapping[str, Any]) -> "Asked":
        return cls(wanted["frame"], tuple(wanted["formats"]), wanted["names_from_files"])


@dataclass(frozen=True, slots=True)
class Batch:
    """The badges that can be made, as far as one sees without decoding a photo, and those that cannot.

    The `photo` of a wish is a path in the zip, its `frame` a frame's key.
    """

    wishes: tuple[Wish, ...]
    failures: tuple[Failure, ...]

    @property
    def asked(self) -> int:
        return len(self.wishes) + len(self.failures)

    def file_names(self) -> list[tuple[str, ...]]:
        """What the badges of each wish are called: no sign of a path is in them."""
        plain = [replace(wish, photo=safe(PurePosixPath(wish.photo).stem) + ENDING) for wish in self.wishes]
        return names_of(plain, ENDING)


class Frames:
    """The frames that a campaign has in use, each drawn once."""

    def __init__(self, campaign: Campaign, rows: Sequence[tuple[models.Frame, str]], frames_dir: FramesHome) -> None:
        """`rows`: each with the name of its territory, which some of them show."""
        self._campaign, self._dir = campaign, frames_dir
        self.rows = [frame for frame, _place in rows]
        self._places = {frame.design: place for frame, place in rows}
        self._drawn: dict[str, Frame | BadgeError] = {}

    def key_of(self, text: str) -> str | None:
        """The frame that is meant, by its key or by what people call it."""
        meant = text.casefold()
        return next((row.design for row in self.rows if meant in (row.design.casefold(), row.name.casefold())), None)

    def drawn(self, key: str) -> Frame:
        """Raises BadgeError where it cannot be drawn. Takes up to half a second: in a thread."""
        if key not in self._drawn:
            try:
                self._drawn[key] = frame_of(self._campaign, key, self._places[key], frames_dir=self._dir)
            except BadgeError as error:
                self._drawn[key] = error
        found = self._drawn[key]
        if isinstance(found, BadgeError):
            raise found
        return found


async def frames_in_use(session: AsyncSession, campaign: Campaign, frames_dir: FramesHome) -> Frames:
    """All of a campaign's, also those of its territories, in their order."""
    rows = await session.execute(
        select(models.Frame, Territory.name)
        .outerjoin(Territory, col(Territory.id) == col(models.Frame.territory_id))
        .where(col(models.Frame.campaign_id) == campaign.id, col(models.Frame.in_use))
        .order_by(col(models.Frame.position), col(models.Frame.id))
    )
    return Frames(campaign, [(frame, place or "") for frame, place in rows], frames_dir)


def read_batch(file: BinaryIO | Path, called: str, asked: Asked, frames: Frames, words: Words) -> Batch:
    """What a zip asks for. Takes seconds: call it in a thread. Raises BatchRefused, which names the file as its owner does."""
    try:
        with unzipped(file, MOST_UNPACKED) as package:
            return read_package(package, called, asked, frames, words)
    except ZipUnread as unread:
        raise BatchRefused(
            words("{file} cannot be unpacked ({said}); pack it once more, without a password", file=called, said=unread)
        ) from None


def read_package(package: Package, called: str, asked: Asked, frames: Frames, words: Words) -> Batch:
    """The same of a zip that is open; raises ZipUnread, too."""
    tables = [path for path in package.files if path.suffix.lower() == ".csv" and not is_hidden(path)]
    photos = {path for path in package.files if _is_photo(path)} - set(tables)
    if not photos:
        raise BatchRefused(words("There is no photo in {file}: pack the photos themselves.", file=called))
    if len(tables) > 1:
        raise BatchRefused(words("{file} holds {n} lists; pack one CSV, or none.", file=called, n=len(tables)))
    if tables:
        wishes, failures = _listed(package, tables[0], asked, words)
        wishes = [replace(wish, photo=_found(wish.photo, tables[0].parent, photos)) for wish in wishes]
    else:
        inside = sorted((str(path) for path in photos), key=str.casefold)
        wishes = wishes_of(inside, asked.frame, asked.formats, names_from_files=asked.names_from_files)
        failures = []
    _check_size(package, wishes, failures, called, words)
    good = []
    for wish in wishes:
        try:
            good.append(_checked(wish, package, frames, words))
        except BadgeError as error:
            failures.append(Failure(wish.place, wish.where, badge_sentence(words, error)))
        except ValueError as error:
            failures.append(Failure(wish.place, wish.where, str(error)))
    told_of = [replace(each, where=within(words, each.where)) for each in sorted(failures, key=lambda one: one.place)]
    return Batch(tuple(good), tuple(told_of))


def _is_photo(path: PurePosixPath) -> bool:
    """Also one whose path leads out of the zip: it is told, and not left out without a word."""
    return is_photo(path.name) and not is_hidden(PurePosixPath(*(part for part in path.parts if part != "..")))


def _listed(package: Package, table: PurePosixPath, asked: Asked, words: Words) -> tuple[list[Wish], list[Failure]]:
    if package.size(table) > LARGEST_LIST:
        raise BatchRefused(words("The list {file} is too large to be one of photos.", file=table.name))
    try:
        wishes, failures = read_list(package.read(table), asked.frame, asked.formats)
    except ListRefused as refused:
        why = within(words, refused.why)
        raise BatchRefused(
            words("{file}, line {line}: {why}", file=table.name, line=refused.line, why=why)
            if refused.line
            else words("{file}: {why}", file=table.name, why=why)
        ) from None
    return wishes, [replace(each, why=told(words, each.why)) for each in failures]


def _found(photo: str, home: PurePosixPath, photos: set[PurePosixPath]) -> str:
    """The path of a photo that a list names from its own folder; empty where there is none. Capitals may differ."""
    written = unicodedata.normalize("NFC", photo.replace("\\", "/"))
    path = PurePosixPath(posixpath.normpath(home / written))
    if path in photos:
        return str(path)
    return next((str(each) for each in photos if str(each).casefold() == str(path).casefold()), "")


def _check_size(
    package: Package, wishes: Sequence[Wish], failures: Sequence[Failure], called: str, words: Words
) -> None:
    """Raises BatchRefused where it is too much at a time."""
    if (n := len(wishes) + len(failures)) > MOST_PHOTOS:
        raise BatchRefused(
            words(
                "{file} asks for badges of {n} photos; at most {most} at a time: split it.",
                file=called,
                n=words.number(n),
                most=MOST_PHOTOS,
            )
        )
    if (n := sum(len(wish.formats) for wish in wishes)) > MOST_BADGES:
        raise BatchRefused(
            words(
                "{file} asks for {n} badges; at most {most} at a time: choose fewer formats, or split it.",
                file=called,
                n=words.number(n),
                most=words.number(MOST_BADGES),
            )
        )
    used = {PurePosixPath(wish.photo) for wish in wishes if wish.photo}
    if sum(min(package.size(path), MOST_BYTES) for path in used) > MOST_UNPACKED:
        raise BatchRefused(
            words(
                "{file} is too large: unpacked its photos weigh more than {n} MB; split it.",
                file=called,
                n=MOST_UNPACKED // MEGABYTE,
            )
        )


def _checked(wish: Wish, package: Package, frames: Frames, words: Words) -> Wish:
    """With its frame's key; raises BadgeError, or ValueError with a sentence for the reader."""
    path = PurePosixPath(wish.photo)
    if not wish.photo:
        raise ValueError(words("There is no such photo in the zip. Pack it beside the list, or correct its name."))
    if not stays_inside(path):
        raise ValueError(words("Its name leads out of the zip. Pack the photos once more."))
    key = frames.key_of(wish.frame)
    if key is None:
        known = ", ".join(row.design for row in frames.rows)
        raise ValueError(words("There is no frame {name} in use. Choose one of {known}.", name=wish.frame, known=known))
    frame = frames.drawn(key)
    shown = as_written(wish.name)
    for format in wish.formats:
        frame.artwork(format, named=bool(shown))
    if (size := package.size(path)) > MOST_BYTES:
        raise PhotoRefused(Problem.TOO_HEAVY, megabytes=-(-size // MEGABYTE), limit=MOST_BYTES // MEGABYTE)
    kind_of(package.begins(path, BEGINNING))
    return replace(wish, frame=key)
