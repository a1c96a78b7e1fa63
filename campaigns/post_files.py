"""Posts from a CSV file. Every error has its line and its column; nothing is stored here."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campaigns.media import NewPicture
from campaigns.models import Channel, LatePolicy
from campaigns.posts import NewPost, Problem, check_post
from campaigns.times import TimeProblem, parse_local, to_utc, zone
from networks.limits import LIMITS

# The import reads these and the export writes them, in this order; docs/posts.md explains them.
COLUMNS = (
    "title",
    "text",
    "link",
    "image",
    "alt",
    "publish_at",
    "timezone",
    "channels",
    "share_kit",
    "late_policy",
    "grace",
    "recurrence",
    "until",
    "repeat_after",
)
NEEDED = ("title", "text", "publish_at")
NEXT_SLOT = {"queue", "slot", "file"}  # in publish_at: each channel's next free slot
GRACE = 60  # minutes, where the file says nothing
TOLD = ("state.", "address.")  # columns of an export that tell what became of a post; the import passes over them
YES, NO = {"1", "yes", "true", "oui", "vrai", "x"}, {"", "0", "no", "false", "non", "faux"}
SEVERAL = re.compile(r"[|;,\n]")  # between the names of a cell
LARGEST = 20_000_000  # bytes


class FileRefused(ValueError):
    """The file is not a CSV of posts; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class BadCell:
    """What is wrong in one cell; `line` counts from 1 as a text editor does."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class ReadPosts:
    """The good posts with their lines, and everything that is wrong with the others."""

    posts: tuple[tuple[int, NewPost], ...]
    bad: tuple[BadCell, ...]


def read_posts(
    path: Path,
    channels: Sequence[Channel],
    default_zone: str,
    now: datetime,
    stamp: str = "",
    *,
    most: int | None = None,
) -> ReadPosts:
    """Read and check a CSV: UTF-8 with or without BOM, comma or semicolon, header in any order.

    Beside COLUMNS: `text.<network>` for a network's own text; `wording.1`, `wording.2`, … for texts that activists may
    choose. Several images, descriptions or channels in a cell stand between "|". Image paths start at the file's
    folder. Raises FileRefused, also where there are more than `most` posts.
    """
    rows = csv_rows(path, _check_header)
    if most is not None and len(rows) > most:
        raise FileRefused(f"{path} has {len(rows)} posts; at most {most} at a time: split it")
    good, bad = [], []
    for line, row in rows:
        if not any(row.values()):
            continue
        post, wrong = _read_post(row, path.parent, channels, default_zone)
        unread = {problem.field for problem in wrong}  # nothing more can be said of these cells
        wrong += [problem for problem in check_post(post, now, stamp) if problem.field not in unread]
        bad += [BadCell(line, problem.field, problem.message) for problem in wrong]
        if not wrong:
            good.append((line, post))
    return ReadPosts(tuple(good), tuple(bad))


def csv_rows(path: Path, check_header: Callable[[Path, Sequence[str]], None]) -> list[tuple[int, dict[str, str]]]:
    """The lines of a CSV, each with its number and its cells by column; raises FileRefused, as `check_header` does."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise FileRefused(f"{path} has {len(data) / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileRefused(f"{path}, line {line}: not UTF-8; save the file as “CSV UTF-8”") from None
    first = text.split("\n", 1)[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True
    )
    rows, start = [], 1
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        check_header(path, header)
        start = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() and not "".join(header[i : i + 1]) for i, cell in enumerate(cells)):
                named = len(list(filter(None, header)))
                raise FileRefused(
                    f"{path}, line {start}: {len(cells)} cells under {named} columns; put quotes around a text with a comma"
                )
            rows.append((start, dict(zip(header, (cell.strip() for cell in cells), strict=False))))
            start = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(f"{path}, line {start}: {error}; a quote may be missing") from None
    return rows


def _check_header(path: Path, header: Sequence[str]) -> None:
    known = {*COLUMNS, *(f"text.{network}" for network in LIMITS)}
    unknown = [
        name
        for name in header
        if name and name not in known and not re.fullmatch(r"wording\.[1-9]\d?", name) and not name.startswith(TOLD)
    ]
    missing = [name for name in NEEDED if name not in header]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if missing:
        raise FileRefused(
            f"{path}, line 1: column {', '.join(missing)} is missing; the columns are {', '.join(COLUMNS)}"
        )
    if unknown:
        raise FileRefused(
            f"{path}, line 1: column {', '.join(unknown)} is unknown; the columns are {', '.join(COLUMNS)}"
        )
    if twice:
        raise FileRefused(f"{path}, line 1: column {', '.join(twice)} stands twice")


def _read_post(
    row: Mapping[str, str], folder: Path, channels: Sequence[Channel], default_zone: str
) -> tuple[NewPost, list[Problem]]:
    wrong: list[Problem] = []
    when = row.get("publish_at", "")
    next_slot = when.lower() in NEXT_SLOT
    publish_at = None
    try:
        publish_at = parse_local(when) if when and not next_slot else None
    except TimeProblem as problem:
        wrong.append(Problem("publish_at", str(problem)))
    if not when and not row.get("recurrence"):
        wrong.append(Problem("publish_at", "is empty: write 2026-12-01 08:30, or “queue” for the next free slot"))
    yes = row.get("share_kit", "").lower()
    if yes not in YES | NO:
        wrong.append(Problem("share_kit", f"“{yes}” is neither yes nor no"))
    post = NewPost(
        title=row.get("title", ""),
        text=row.get("text", ""),
        link=row.get("link") or None,
        publish_at=publish_at,
        timezone=row.get("timezone") or default_zone,
        channels=_named_channels(row.get("channels", ""), channels, wrong),
        share_kit=yes in YES,
        versions={name.removeprefix("text."): text for name, text in row.items() if name.startswith("text.") and text},
        wordings=tuple(
            text for name, text in sorted(row.items(), key=_wording_number) if name.startswith("wording.") and text
        ),
        pictures=_named_pictures(row, folder, wrong),
        late_policy=_late_policy(row.get("late_policy", ""), wrong),
        grace=_number(row.get("grace", ""), "grace", "minutes", GRACE, wrong),
        next_slot=next_slot,
        recurrence=row.get("recurrence") or None,
        recurs_until=_until(row.get("until", ""), row.get("timezone") or default_zone, wrong),
        repeat_after=_number(row.get("repeat_after", ""), "repeat_after", "days", 0, wrong),
    )
    return post, wrong


def _late_policy(text: str, wrong: list[Problem]) -> LatePolicy:
    if text and text.lower() not in set(LatePolicy):
        wrong.append(Problem("late_policy", f"“{text}” is none of {', '.join(LatePolicy)}"))
        return LatePolicy.send
    return LatePolicy(text.lower() or LatePolicy.send)


def _number(text: str, column: str, unit: str, usual: int, wrong: list[Problem]) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 7):
        wrong.append(Problem(column, f"“{text}” is not a number of {unit}"))
        return usual
    return int(text or usual)


def _until(text: str, zone_name: str, wrong: list[Problem]) -> datetime | None:
    """The end of a series: a moment, or a day with the whole of it, on the post's clock."""
    if not text:
        return None
    try:
        zone(zone_name)
    except TimeProblem:
        return None  # named once, in its own column
    try:
        return to_utc(parse_local(text if ":" in text else f"{text} 23:59"), zone_name)
    except TimeProblem as problem:
        wrong.append(Problem("until", str(problem)))
        return None


def _wording_number(cell: tuple[str, str]) -> int:
    """wording.2 stands before wording.10."""
    number = cell[0].removeprefix("wording.")
    return int(number) if number.isdigit() else 0


def _named_channels(cell: str, channels: Sequence[Channel], wrong: list[Problem]) -> tuple[Channel, ...]:
    """Channels by their name, or all of a network by the network's."""
    found: dict[int, Channel] = {}
    whole = {channel.name.casefold() for channel in channels}  # such a name may hold a comma
    pieces = [
        p for part in cell.split("|") for p in ([part] if part.strip().casefold() in whole else SEVERAL.split(part))
    ]
    for name in filter(None, (piece.strip() for piece in pieces)):
        key = name.casefold()
        named = [c for c in channels if c.name.casefold() == key] or [c for c in channels if c.network == key]
        if not named:
            known = ", ".join(channel.name for channel in channels) or "none yet; run: python run_bot.py channels add"
            wrong.append(Problem("channels", f"channel “{name}” is unknown; there are: {known}"))
        found.update((channel.id, channel) for channel in named)
    return tuple(found.values())


def _named_pictures(row: Mapping[str, str], folder: Path, wrong: list[Problem]) -> tuple[NewPicture, ...]:
    names = [part.strip() for part in row.get("image", "").split("|") if part.strip()]
    alts = [part.strip() for part in row.get("alt", "").rstrip("| ").split("|")]
    if len(alts) > max(1, len(names)) or (alts[0] and not names):
        wrong.append(Problem("alt", f"describes {len(alts)} images, the post has {len(names)}"))
    pictures = []
    for i, name in enumerate(names):
        try:
            path = (folder / name).resolve()
            if not path.is_relative_to(folder.resolve()):
                wrong.append(Problem("image", f"{name} lies outside the file's folder; copy it beside the CSV"))
                continue
            pictures.append(NewPicture(name, path.read_bytes(), alts[i] if i < len(alts) else ""))
        except OSError as error:
            wrong.append(Problem("image", f"{name} cannot be read: {error.strerror}"))
        except ValueError:  # a NUL character
            wrong.append(Problem("image", f"“{name}” is not the name of a file"))
    return tuple(pictures)
