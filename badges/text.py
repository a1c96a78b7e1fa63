"""Words in a picture: cleaned, given a font that has their letters, fitted to a width, and drawn.

Each stretch of a text is set in the first font that has its letters (`Run`), and the runs are put in visual order,
so that a name in Arabic or with an emoji comes out right. A letter that no font has is reported, never drawn as a box.
"""

import math
import re
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations, groupby, pairwise
from pathlib import Path

from PIL import ImageDraw, ImageFont, features

FONTS = Path(__file__).parent / "assets" / "fonts"
SANS = "Archivo-Bold.ttf"
CONDENSED = "BarlowCondensed-Bold.ttf"
# The first that has a letter sets it: Latin, Greek and Cyrillic, Arabic, Hebrew, then emoji in one colour.
FALLBACKS = ("NotoSans-Bold.ttf", "NotoSansArabic-Bold.ttf", "NotoSansHebrew-Bold.ttf", "NotoEmoji-Bold.ttf")

ELLIPSIS = "…"
LONGEST = 300  # characters that are looked at; far more than fits any frame, and it bounds the work
MARKS_PER_LETTER = 4  # Vietnamese and pointed Hebrew need fewer; towers of accents would climb out of their plate
ZWNJ, ZWJ = "\u200c", "\u200d"
# They have no shape of their own: joiners, the two variation selectors of emoji, the five skin tones.
JOINERS = frozenset({ZWNJ, ZWJ, "\ufe0e", "\ufe0f"})
SKIN_TONES = frozenset(chr(c) for c in range(0x1F3FB, 0x1F400))
FLAG_LETTERS = frozenset(chr(c) for c in range(0x1F1E6, 0x1F200))
# French typography asks for these; no display font has the first, and both look like their plain kin.
PLAIN_FORMS = str.maketrans({"\u202f": "\u00a0", "\u2011": "-", "\t": " ", "\n": " ", "\r": " "})
# Pillow shapes by raqm, which needs the system's FriBiDi. Without it, scripts that join would come out in pieces.
SHAPING = features.check("raqm")
JOINING_SCRIPTS = range(0x0590, 0x1E00)  # Hebrew, Arabic, Devanagari and more
RIGHT_TO_LEFT = {"R", "AL"}
WORD = re.compile(r"\s+|\S+")


def clean(text: str) -> str:
    """The text composed (NFC), on one line, without control characters, direction overrides or towers of accents."""
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text[: 4 * LONGEST].translate(PLAIN_FORMS))[:LONGEST]:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") and char not in JOINERS else 0
        unwanted = category in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in JOINERS
        needs_shaping = not SHAPING and (char in JOINERS or char in SKIN_TONES)
        if not (unwanted or needs_shaping or marks > MARKS_PER_LETTER):
            kept.append(char)
    words = "".join(kept).strip().split(" ")
    return " ".join(word for word in words if word.strip("".join(JOINERS)))


def missing_letters(text: str) -> str:
    """The letters of a cleaned text that no font here can show, each once, in order; empty if all can be shown."""
    letters = dict.fromkeys(char for char in text if char not in JOINERS)
    return "".join(char for char in letters if not any(_shows(file, char) for file in (SANS, *FALLBACKS)))


def clusters(text: str) -> list[str]:
    """The text in pieces that must not be parted: a letter with its marks, an emoji with its joined parts, a flag."""
    pieces: list[str] = []
    for char in text:
        last = pieces[-1] if pieces else ""
        belongs = unicodedata.category(char) in ("Mn", "Me", "Mc") or char in JOINERS or char in SKIN_TONES
        second_half = char in FLAG_LETTERS and last in FLAG_LETTERS
        if last and (belongs or second_half or last.endswith(ZWJ)):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


@dataclass(frozen=True)
class Run:
    """A stretch of text in one font and one direction."""

    text: str
    file: str
    rtl: bool

    def advance(self, px: int) -> float:
        """Its width in pixels at the size `px`."""
        return font(self.file, px).getlength(self.text, direction=self.direction)

    @property
    def direction(self) -> str | None:
        if not SHAPING:
            return None
        return "rtl" if self.rtl else "ltr"


@dataclass(frozen=True)
class Line:
    """A text ready to be drawn: its runs from left to right, its main face, its size and its tracking in pixels."""

    runs: tuple[Run, ...]
    face: str
    px: int
    tracking: float = 0.0

    @property
    def width(self) -> float:
        """The advance of the whole line in pixels, without tracking after its last letter."""
        gaps = sum(1 if run.rtl else len(clusters(run.text)) for run in self.runs) - 1 if self.tracking else 0
        return sum(run.advance(self.px) for run in self.runs) + gaps * self.tracking

    @property
    def cap_height(self) -> float:
        """The height in pixels of a capital of its main face: what the eye centres a line by."""
        return cap_height(self.face) * self.px

    def pieces(self) -> Iterator[tuple[Run, float]]:
        """What is drawn at one go, with its advance: letters where there is tracking, else whole runs."""
        for run in self.runs:
            if run.rtl or not self.tracking:  # joined letters cannot be spread
                yield run, run.advance(self.px) + self.tracking
                continue
            letters = clusters(run.text)
            ends = [Run("".join(letters[: i + 1]), run.file, False).advance(self.px) for i in range(len(letters))]
            for letter, (start, end) in zip(letters, pairwise([0.0, *ends]), strict=True):
                yield Run(letter, run.file, False), end - start + self.tracking

    def larger(self, times: int) -> "Line":
        """The same line for a canvas that is `times` as large."""
        return Line(self.runs, self.face, self.px * times, self.tracking * times)


def draw_line(draw: ImageDraw.ImageDraw, line: Line, centre: tuple[float, float], fill: int | tuple[int, ...]) -> None:
    """Draw a line with the middle of its width and of its capitals at `centre`."""
    x, baseline = centre[0] - line.width / 2, centre[1] + line.cap_height / 2
    for run, advance in line.pieces():
        draw.text((x, baseline), run.text, fill, font(run.file, line.px), anchor="ls", direction=run.direction)
        x += advance


def fit(
    text: str, width: float, sizes: tuple[int, int], faces: tuple[str, ...] = (SANS,), tracking: float = 0.0
) -> Line:
    """One line of at most `width` pixels: as large as `sizes` (largest, smallest) allow, in the first face that fits.

    `tracking` is in hundredths of the size. What fits at no size is cut with an ellipsis at the smallest.
    """
    largest, smallest = sizes
    for face in faces:
        px = _size_that_fits(text, face, width, largest, tracking)
        if px >= smallest:
            return Line(_runs(text, face), face, px, tracking * px / 100)
    return _cut(text, width, smallest, faces[-1], tracking)


def fit_lines(
    text: str, widths: tuple[tuple[float, ...], ...], sizes: tuple[int, int], face: str = CONDENSED, tracking: float = 0
) -> list[Line]:
    """One or more lines of one size, broken so that letters come out largest; a line more only if they grow by it.

    `widths` holds, for one line, for two and so on, the pixels that each of the lines may take. Sizes and tracking
    are as in `fit`.
    """
    words = text.split(" ")
    best = [fit(text, widths[0][0], sizes, (face,), tracking)]
    for room in widths[1 : len(words)]:
        choices = [
            [" ".join(words[a:b]) for a, b in pairwise([0, *breaks, len(words)])]
            for breaks in combinations(range(1, len(words)), len(room) - 1)
        ]
        # Where two ways allow the same size, the shorter longest line is the more even one.
        px, _, parts = max(
            (
                min(_size_that_fits(part, face, width, sizes[0], tracking) for part, width in pairs),
                -longest,
                parts,
            )
            for parts in choices
            for pairs, longest in [(list(zip(parts, room, strict=True)), max(map(len, parts)))]
        )
        if px >= best[0].px * LINE_WORTH or is_cut(best[0]):
            px = max(px, sizes[1])
            best = [
                fit(part, width, (px, sizes[1]), (face,), tracking) for part, width in zip(parts, room, strict=True)
            ]
    return best


def is_cut(line: Line) -> bool:
    """Whether a line was too long at its smallest size, and ends in an ellipsis."""
    return any(run.text.endswith(ELLIPSIS) for run in line.runs)


LINE_WORTH = 1.15  # another line is worth its room when the letters grow by this much


@cache
def cap_height(file: str) -> float:
    """The height of a capital H in ems."""
    return -font(file, 1000).getbbox("H", anchor="ls")[1] / 1000


@lru_cache(maxsize=128)  # a font object is a few kB; sizes are whole pixels, so this holds the usual ones
def font(file: str, px: int) -> ImageFont.FreeTypeFont:
    """A bundled font at a size in pixels."""
    return ImageFont.truetype(str(FONTS / file), px)


def _runs(text: str, face: str) -> tuple[Run, ...]:
    """The runs of a text from left to right. Two levels of direction are enough for a name: its own, and the other."""
    stretches: list[tuple[str, str, str]] = []  # text, file, and "L", "R" or "" where it goes with what is around it
    strong = ""
    for word in WORD.findall(text):
        for piece, file in _in_fonts(word, face):
            bidi = {unicodedata.bidirectional(char) for char in piece}
            way = "R" if bidi & RIGHT_TO_LEFT else "L" if "L" in bidi or ("EN" in bidi and strong == "L") else ""
            strong = way or strong
            stretches.append((piece, file, way))
    flows = [way for _, _, way in stretches]
    base = next((way for way in flows if way), "L")
    runs: list[Run] = []
    for i, (piece, file, way) in enumerate(stretches):
        before = next((f for f in reversed(flows[:i]) if f), base)
        after = next((f for f in flows[i + 1 :] if f), base)
        rtl = (way or (before if before == after else base)) == "R"
        if runs and (runs[-1].file, runs[-1].rtl) == (file, rtl):
            runs[-1] = Run(runs[-1].text + piece, file, rtl)
        else:
            runs.append(Run(piece, file, rtl))
    return tuple(_in_visual_order(runs, base == "R"))


def _in_fonts(word: str, face: str) -> list[tuple[str, str]]:
    """A word in the first font that has all of it, so that no word is a patchwork; else each letter in its own."""
    files = (face, *FALLBACKS)
    whole = next((file for file in files if all(_shows(file, char) for char in word if char not in JOINERS)), None)
    if whole:
        return [(word, whole)]
    pieces: list[tuple[str, str]] = []
    for cluster in clusters(word):
        # A letter that nothing has is refused before it comes here.
        file = next((file for file in files if _shows(file, cluster[0])), face)
        if pieces and pieces[-1][1] == file:
            pieces[-1] = (pieces[-1][0] + cluster, file)
        else:
            pieces.append((cluster, file))
    return pieces


def _in_visual_order(runs: list[Run], rtl: bool) -> list[Run]:
    """From left to right: rule L2 of the Unicode bidirectional algorithm, for one level of embedding."""
    ordered: list[Run] = []
    for against, group in groupby(reversed(runs) if rtl else runs, key=lambda run: run.rtl != rtl):
        stretch = list(group)
        ordered += reversed(stretch) if against else stretch
    return ordered


def _size_that_fits(text: str, face: str, width: float, largest: int, tracking: float) -> int:
    runs = _runs(text, face)
    natural = Line(runs, face, largest, tracking * largest / 100).width
    px = largest if natural <= width else math.floor(largest * width / natural)
    while px > 1 and Line(runs, face, px, tracking * px / 100).width > width:  # hinting makes widths not quite linear
        px -= 1
    return px


def _cut(text: str, width: float, px: int, face: str, tracking: float) -> Line:
    letters = clusters(text)
    low, high = 0, len(letters)
    while low < high:
        middle = (low + high + 1) // 2
        if _ending(letters[:middle], px, face, tracking).width <= width:
            low = middle
        else:
            high = middle - 1
    return _ending(letters[:low], px, face, tracking)


def _ending(letters: list[str], px: int, face: str, tracking: float) -> Line:
    return Line(_runs("".join(letters).rstrip(" ,.;:-") + ELLIPSIS, face), face, px, tracking * px / 100)


def _shows(file: str, char: str) -> bool:
    if not SHAPING and ord(char) in JOINING_SCRIPTS:
        return False
    return ord(char) in _letters_of(file)


@cache
def _letters_of(file: str) -> frozenset[int]:
    """The code points that a font maps to a glyph: Pillow does not tell, so its `cmap` table is read here."""
    data = (FONTS / file).read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    records = (struct.unpack_from(">4s4xI", data, 12 + 16 * i) for i in range(tables))
    cmap = next(offset for tag, offset in records if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    found: set[int] = set()
    for i in range(count):
        (offset,) = struct.unpack_from(">I", data, cmap + 8 + 8 * i)
        (layout,) = struct.unpack_from(">H", data, cmap + offset)
        if layout == 4:
            found.update(_segments(data, cmap + offset))
        elif layout == 12:
            found.update(_groups(data, cmap + offset))
    return frozenset(found)


def _segments(data: bytes, at: int) -> Iterator[int]:
    """The code points of a `cmap` subtable of format 4 (OpenType specification, "cmap")."""
    (double,) = struct.unpack_from(">H", data, at + 6)
    count = double // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + double)
    deltas = struct.unpack_from(f">{count}H", data, at + 16 + 2 * double)
    offsets_at = at + 16 + 3 * double
    offsets = struct.unpack_from(f">{count}H", data, offsets_at)
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        for code in range(start, min(end, 0xFFFE) + 1):
            if offsets[i] == 0:
                glyph = (code + deltas[i]) & 0xFFFF
            else:
                (glyph,) = struct.unpack_from(">H", data, offsets_at + 2 * i + offsets[i] + 2 * (code - start))
            if glyph:
                yield code


def _groups(data: bytes, at: int) -> Iterator[int]:
    """The code points of a `cmap` subtable of format 12."""
    (count,) = struct.unpack_from(">I", data, at + 12)
    for i in range(count):
        start, end, _ = struct.unpack_from(">III", data, at + 16 + 12 * i)
        yield from range(start, end + 1)
