"""Reads `frame.toml`: what a frame made by a designer says of its pictures and words, checked line by line.

    inherits = "national"            # the frame in the folder beside this one, whose keys hold where none stand here
    [text.name]                      # how the name is set in all formats; also slogan, hashtag, section, sponsor
    [square]                         # a format: its picture, the photo's window, the safe area
    [square.name]                    # where the name stands there, and what differs from [text.name]

A value keeps the file and the line that it came from, so that a mistake is shown where it was made.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from .artwork import Align
from .errors import FrameRefused, wrong_file
from .fonts import EMOJI, FONTS, font, letters_of
from .formats import FORMATS

FILE = "frame.toml"
MOST_PARENTS = 5  # national, federation, section, and room to spare
FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
CAMPAIGN_COLOURS = ("primary", "secondary", "text")
WORDS = ("name", "slogan", "hashtag", "section", "sponsor")
ALIGNS = ("left", "centre", "right")
CENTRE: Align = "centre"
STYLE_KEYS = ("font", "size", "colour", "align", "lines", "capitals", "ground")
HEADER = re.compile(r"\s*\[([^\[\]]+)\]")
ENTRY = re.compile(r"\s*([\w.\"'-]+)\s*=")
AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")

Box = tuple[int, int, int, int]
T = TypeVar("T")


@dataclass(frozen=True)
class Value:
    """What stands behind a key, and where: the file, its line, the whole key."""

    raw: Any
    file: Path
    line: int
    key: str

    def wrong(self, what: str) -> FrameRefused:
        return wrong_file(f"{self.file}, line {self.line}, {self.key}", what)

    @property
    def folder(self) -> Path:
        return self.file.parent


Entries = dict[str, Value]  # by the whole key, such as "square.name.box"


@dataclass(frozen=True)
class Words:
    """Where and how one kind of words is set. `font` is a bundled file's name or a path, `size` (largest, smallest)."""

    box: Box
    font: str
    size: tuple[int, int]
    colour: str
    align: Align
    lines: int
    capitals: bool
    ground: str  # the colour of a plate under them; "" for none


@dataclass(frozen=True)
class Side:
    """What a frame's file says of one format. `window` is None where the hole is to be found in the picture."""

    format: str
    picture: Path
    at: Value
    window: Box | None
    words: tuple[tuple[str, Words], ...]


def read_frame_file(folder: Path) -> list[Side]:
    """The formats of the frame in a folder, in the order of FORMATS. FrameRefused names file, line and key."""
    entries = _inherited(folder)
    _check_keys(entries)
    sides = [_side(entries, name) for name in FORMATS if any(key.startswith(f"{name}.") for key in entries)]
    if not sides:
        raise wrong_file(folder / FILE, f"no format is given; write a table such as [square], of {', '.join(FORMATS)}")
    return sides


def parent_of(folder: Path) -> str:
    """The name of the folder whose frame the one in this folder takes up; empty where it stands alone, or is broken."""
    try:
        parent = _entries(folder / FILE).get("inherits")
    except FrameRefused:
        return ""
    return parent.raw if parent and isinstance(parent.raw, str) else ""


def _inherited(folder: Path) -> Entries:
    """The entries of a frame's file over those of its parents."""
    chain: list[Path] = []
    found: list[Entries] = []
    while True:
        chain.append(folder.resolve())
        entries = _entries(folder / FILE)
        found.append(entries)
        parent = entries.pop("inherits", None)
        if parent is None:
            break
        if not isinstance(parent.raw, str) or not FOLDER_NAME.fullmatch(parent.raw):
            raise parent.wrong(
                'write the name of the folder beside this one whose frame is taken up, such as "national"'
            )
        folder = folder.resolve().parent / parent.raw
        if not folder.is_dir():
            raise parent.wrong(f"there is no folder {folder}; put the parent frame there first")
        if folder.resolve() in chain or len(chain) > MOST_PARENTS:
            raise parent.wrong("these frames inherit from one another in a circle; take this line out")
    return {key: value for entries in reversed(found) for key, value in entries.items()}


def _entries(file: Path) -> Entries:
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise wrong_file(file, "the file is missing; `frames new FOLDER` writes one to start from") from None
    except (OSError, UnicodeDecodeError) as error:
        raise wrong_file(file, f"the file cannot be read ({error}); save it as UTF-8 text") from None
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = AT_LINE.search(str(error))
        line = at[1] if at else str(text.count("\n") + 1)
        raise wrong_file(f"{file}, line {line}", f"this is not TOML: {AT_LINE.sub('', str(error)).strip()}") from None
    lines = _lines(text)
    return {key: Value(raw, file, _line_of(key, lines), key) for key, raw in _flat(tree)}


def _flat(tree: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            flat += _flat(value, f"{before}{name}.")
        else:
            flat.append((f"{before}{name}", value))
    return flat


def _lines(text: str) -> dict[str, int]:
    """The line of each table's header and of each key in it."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.match(line):
            table = header[1].strip()
            lines.setdefault(table, number)
        elif entry := ENTRY.match(line):
            key = entry[1].strip("\"'")
            lines.setdefault(f"{table}.{key}" if table else key, number)
    return lines


def _line_of(key: str, lines: Mapping[str, int]) -> int:
    """The line of a key; of what holds it, where it stands in an inline table."""
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return lines.get(key, 1)


def _check_keys(entries: Entries) -> None:
    known = {f"text.{words}.{key}" for words in WORDS for key in STYLE_KEYS}
    for name in FORMATS:
        known |= {f"{name}.{key}" for key in ("picture", "window", "safe")}
        known |= {f"{name}.{words}.{key}" for words in WORDS for key in (*STYLE_KEYS, "box")}
    for key, value in entries.items():
        if key not in known:
            near = get_close_matches(key, known, 1, 0.75)
            advice = f"did you mean {near[0]}?" if near else "take it out; docs/frames.md lists the keys"
            raise value.wrong(f"there is no such key; {advice}")


def _side(entries: Entries, name: str) -> Side:
    size = FORMATS[name].size
    first = next(value for key, value in entries.items() if key.startswith(f"{name}."))
    picture = entries.get(f"{name}.picture")
    if picture is None:
        raise wrong_file(f"{first.file}, [{name}]", f'the picture is missing; write picture = "{name}.png"')
    if not isinstance(picture.raw, str):
        raise picture.wrong(f'write the name of a PNG in this folder, such as picture = "{name}.png"')
    file = _beside(picture)
    window = entries.get(f"{name}.window")
    safe = entries.get(f"{name}.safe")
    inside = _box(safe, size) if safe else (0, 0, *size)
    words = [(kind, _words(entries, name, kind, inside)) for kind in WORDS if _named(entries, name, kind)]
    return Side(name, file, picture, _box(window, size) if window else None, tuple(words))


def _named(entries: Entries, name: str, kind: str) -> bool:
    return any(key.startswith(f"{name}.{kind}.") for key in entries)


def _beside(value: Value) -> Path:
    """A file in the folder of the frame's file; nowhere else, so that a frame can be handed on whole."""
    file: Path = value.folder / value.raw
    if Path(value.raw).name != value.raw:
        raise value.wrong("write the name of a file in this folder, without a path")
    if not file.is_file():
        raise value.wrong(f"there is no file {file}; put it there, or write another name")
    return file


def _box(value: Value, size: tuple[int, int]) -> Box:
    raw = value.raw
    if not (isinstance(raw, list) and len(raw) == 4 and all(type(part) is int for part in raw)):
        raise value.wrong("write four whole numbers of pixels: [left, top, width, height]")
    left, top, width, height = raw
    if width < 1 or height < 1 or left < 0 or top < 0 or left + width > size[0] or top + height > size[1]:
        raise value.wrong(
            f"{raw} leaves the picture, which is {size[0]} x {size[1]}: left + width may be {size[0]} at most, "
            f"top + height {size[1]}"
        )
    return left, top, width, height


def _words(entries: Entries, name: str, kind: str, inside: Box) -> Words:
    """How one kind of words is set in a format: its own keys, then those of [text.…], then the defaults."""

    def given(key: str, default: T, read: Callable[[Value], T]) -> T:
        value = entries.get(f"{name}.{kind}.{key}") or entries.get(f"text.{kind}.{key}")
        return read(value) if value else default

    box = entries.get(f"{name}.{kind}.box")
    if box is None:
        first = next(value for key, value in entries.items() if key.startswith(f"{name}.{kind}."))
        raise first.wrong(f"[{name}.{kind}] needs its place; write box = [left, top, width, height]")
    place = _box(box, FORMATS[name].size)
    left, top, width, height = inside
    if not (
        left <= place[0]
        and top <= place[1]
        and place[0] + place[2] <= left + width
        and place[1] + place[3] <= top + height
    ):
        raise box.wrong(f"{list(place)} leaves the safe area {list(inside)}; move it inside, or change {name}.safe")
    tall = place[3]
    return Words(
        place,
        given("font", "Archivo-Bold.ttf", _font),
        given("size", (tall, max(9, tall // 3)), _size),
        given("colour", "text", _colour),
        given("align", CENTRE, _align),
        given("lines", 2 if kind == "name" else 4 if kind == "sponsor" else 1, _count),
        given("capitals", False, _switch),
        given("ground", "", _colour),
    )


def _font(value: Value) -> str:
    bundled = sorted(file.name for file in FONTS.glob("*.ttf") if file.name != EMOJI)
    if not isinstance(value.raw, str):
        raise value.wrong(f'write the name of a font file, such as "{bundled[0]}"')
    if value.raw in bundled:
        return value.raw
    file = value.folder / value.raw
    if Path(value.raw).name != value.raw or not file.is_file():
        raise value.wrong(
            f"there is no font “{value.raw}”; put the file into {value.folder}, or take one of {', '.join(bundled)}"
        )
    try:
        font(str(file), 20)
        letters_of(str(file))
    except Exception:  # both libraries raise many kinds for a damaged file
        raise value.wrong(f"“{value.raw}” is not a font that can be used; take a .ttf or .otf file") from None
    return str(file.resolve())


def _size(value: Value) -> tuple[int, int]:
    raw = value.raw
    if not (isinstance(raw, list) and len(raw) == 2 and all(type(part) is int for part in raw)):
        raise value.wrong("write the largest and the smallest size in pixels, such as [66, 30]")
    if not 6 <= raw[1] <= raw[0] <= 500:
        raise value.wrong(f"{raw} cannot be: the largest comes first, and both are from 6 to 500 pixels")
    return raw[0], raw[1]


def _colour(value: Value) -> str:
    if value.raw in CAMPAIGN_COLOURS or (isinstance(value.raw, str) and COLOUR.fullmatch(value.raw)):
        return str(value.raw)
    raise value.wrong(f'{value.raw!r} is no colour; write "primary", "secondary", "text", or six digits as "#C8102E"')


def _align(value: Value) -> Align:
    if value.raw not in ALIGNS:
        raise value.wrong(f'{value.raw!r} is no alignment; write "left", "centre" or "right"')
    align: Align = value.raw
    return align


def _count(value: Value) -> int:
    if type(value.raw) is not int or not 1 <= value.raw <= 6:
        raise value.wrong("write how many lines the words may take, from 1 to 6")
    return value.raw


def _switch(value: Value) -> bool:
    if not isinstance(value.raw, bool):
        raise value.wrong("write true or false")
    return value.raw
