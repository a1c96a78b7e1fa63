"""What `badge batch` is given: a folder of photos, or a CSV with a photo and a name a line."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from badges import FORMATS, MOST_ZOOM, BadgeError, Crop
from commands.common import Refused

COLUMNS = ("photo", "name", "frame", "format", "crop")
LEFT_BY_SYSTEMS = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Wish:
    """A badge that is asked for; `where` names its file or its line to the user, `place` its order."""

    place: int
    where: str
    photo: Path
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


def read_folder(folder: Path, frame: str, formats: tuple[str, ...], *, names_from_files: bool) -> list[Wish]:
    """Each file of a folder, in the order of their names; hidden ones are left out. Raises Refused."""
    try:
        files = sorted(each for each in folder.iterdir() if each.is_file())
    except OSError as error:
        raise Refused(f"{folder}: {error.strerror}") from None
    photos = [each for each in files if not each.name.startswith(".") and each.name.lower() not in LEFT_BY_SYSTEMS]
    if not photos:
        raise Refused(f"{folder}: there is no photo in this folder")
    return [
        Wish(i, each.name, each, each.stem if names_from_files else "", frame, formats) for i, each in enumerate(photos)
    ]


def read_csv(file: Path, frame: str, formats: tuple[str, ...]) -> tuple[list[Wish], list[Failure]]:
    """The lines of a CSV and those that cannot be read; an empty cell means what the options say. Raises Refused."""
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refused(f"{file}: this is no text in UTF-8; save it as CSV UTF-8") from None
    header = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ",")
    names = [name.strip().lower() for name in next(rows, [])]
    if "photo" not in names:
        raise Refused(f"{file}, line 1: there is no column photo; the columns are {', '.join(COLUMNS)}")
    if unknown := [name for name in names if name and name not in COLUMNS]:
        raise Refused(f"{file}, line 1: unknown columns {', '.join(unknown)}; they are {', '.join(COLUMNS)}")
    wishes, failures = [], []
    for line, cells in _rows(rows, file):
        try:
            wishes.append(_wish(line, dict(zip(names, cells, strict=False)), file.parent, frame, formats))
        except ValueError as error:
            failures.append(Failure(line, f"line {line}", str(error)))
    if not wishes and not failures:
        raise Refused(f"{file}: there is no line below the first one")
    return wishes, failures


def _rows(rows: Any, file: Path) -> Iterator[tuple[int, list[str]]]:
    """The line on which each row of a csv.reader begins, and its cells; empty rows are left out."""
    before = rows.line_num
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield before + 1, cells
            before = rows.line_num
    except csv.Error as error:
        raise Refused(f"{file}, line {rows.line_num}: {error}") from None


def _wish(line: int, cells: dict[str, str], folder: Path, frame: str, formats: tuple[str, ...]) -> Wish:
    given = {name: cell.strip() for name, cell in cells.items()}
    if not given["photo"]:
        raise ValueError("no photo is named")
    return Wish(
        line,
        f"line {line} ({given['photo']})",
        folder / given["photo"],
        given.get("name", ""),
        given.get("frame") or frame,
        formats_of(given["format"]) if given.get("format") else formats,
        crop_of(given.get("crop", "")),
    )
