"""Badges that are asked for by the dozen: a line of a CSV each, or a photo each; and what their files are called.

Touches no disk: whoever asks says what a photo's name leads to.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from .crops import MOST_ZOOM, Crop
from .errors import BadgeError
from .formats import FORMATS

COLUMNS = ("photo", "name", "frame", "format", "crop")
LEFT_BY_SYSTEMS = ("thumbs.db", "desktop.ini")


class ListRefused(ValueError):
    """The list as a whole cannot be read: `why`, and on which line where it is one; 0 where it is none."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {why}" if line else why)
        self.why, self.line = why, line


@dataclass(frozen=True, slots=True)
class Wish:
    """A badge that is asked for; `where` names its file or its line to the user, `place` its order.

    `photo` is a path as it was written, from the list's own folder.
    """

    place: int
    where: str
    photo: str
    name: str
    frame: str
    formats: tuple[str, ...]
    crop: Crop | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be made, and why."""

    place: int
    where: str
    why: str


def formats_of(text: str) -> tuple[str, ...]:
    """ "square + story" as names of FORMATS; raises ValueError."""
    names = tuple(dict.fromkeys(re.findall(r"[^\s,;+]+", text.lower())))
    wrong = [name for name in names if name not in FORMATS]
    if wrong or not names:
        raise ValueError(f"there is no format {' '.join(wrong) or '(empty)'}; choose among {', '.join(FORMATS)}")
    return names


def crop_of(text: str) -> Crop | None:
    """ "0.5,0.4,1.5" as x, y, zoom, the zoom may be left out; None for an empty text. Raises ValueError."""
    if not text.strip():
        return None
    try:
        numbers = [float(each) for each in re.split(r"[,;\s]+", text.strip())]
        if len(numbers) in (2, 3):
            return Crop(*numbers)
    except (ValueError, BadgeError):
        pass
    raise ValueError(f"the crop “{text}” is not x,y,zoom with x and y from 0 to 1 and a zoom from 1 to {MOST_ZOOM}")


def is_photo(name: str) -> bool:
    """Whether a file is somebody's photo, and not one that is hidden, or that systems leave in folders."""
    return not name.startswith(".") and name.lower() not in LEFT_BY_SYSTEMS


def wishes_of(
    photos: Sequence[str], frame: str, formats: tuple[str, ...], *, names_from_files: bool = False
) -> list[Wish]:
    """A badge of each photo, in their order."""
    found = [PurePath(photo) for photo in photos]
    return [
        Wish(i, str(each), str(each), each.stem if names_from_files else "", frame, formats)
        for i, each in enumerate(found, 1)
    ]


def read_list(data: bytes, frame: str, formats: tuple[str, ...]) -> tuple[list[Wish], list[Failure]]:
    """The lines of a CSV and those that cannot be read; an empty cell means `frame` and `formats`.

    Comma or semicolon, UTF-8, with the columns COLUMNS. Raises ListRefused.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ListRefused("this is no text in UTF-8; save it as CSV UTF-8") from None
    header = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ",")
    try:
        names = [name.strip().lower() for name in next(rows, [])]
    except csv.Error as error:
        raise ListRefused(str(error), 1) from None
    if "photo" not in names:
        raise ListRefused(f"there is no column photo; the columns are {', '.join(COLUMNS)}", 1)
    if unknown := [name for name in names if name and name not in COLUMNS]:
        raise ListRefused(f"unknown columns {', '.join(unknown)}; they are {', '.join(COLUMNS)}", 1)
    wishes, failures = [], []
    for line, cells in _rows(rows):
        try:
            wishes.append(_wish(line, dict(zip(names, cells, strict=False)), frame, formats))
        except ValueError as error:
            failures.append(Failure(line, f"line {line}", str(error)))
    if not wishes and not failures:
        raise ListRefused("there is no line below the first one")
    return wishes, failures


def _rows(rows: Any) -> Iterator[tuple[int, list[str]]]:
    """The line on which each row of a csv.reader begins, and its cells; empty rows are left out."""
    before = rows.line_num
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield before + 1, cells
            before = rows.line_num
    except csv.Error as error:
        raise ListRefused(str(error), rows.line_num) from None


def _wish(line: int, cells: dict[str, str], frame: str, formats: tuple[str, ...]) -> Wish:
    given = {name: cell.strip() for name, cell in cells.items()}
    if not given.get("photo"):
        raise ValueError("no photo is named")
    return Wish(
        line,
        f"line {line} ({given['photo']})",
        given["photo"],
        given.get("name", ""),
        given.get("frame") or frame,
        formats_of(given["format"]) if given.get("format") else formats,
        crop_of(given.get("crop", "")),
    )


def names_of(wishes: Sequence[Wish], ending: str) -> list[tuple[str, ...]]:
    """What the files of each wish are called, one for each of its formats.

    Named after the photo, with the format unless it is the square; a name that is taken gets a number, from -2 on.
    """
    taken: set[str] = set()
    found = []
    for wish in wishes:
        number, first = 1, PurePath(wish.photo).stem
        while True:
            stem = first if number == 1 else f"{first}-{number}"
            names = tuple(f"{stem}{'' if each == 'square' else f'-{each}'}{ending}" for each in wish.formats)
            if not any(name.casefold() in taken for name in names):
                break
            number += 1
        taken.update(name.casefold() for name in names)
        found.append(names)
    return found
