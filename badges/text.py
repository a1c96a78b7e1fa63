"""Words in a picture: cleaned, given a font that has their letters, fitted to a width, and drawn.

Each stretch of a text is set in the first font that has its letters (`Run`), and the runs are put in visual order,
so that a name in Arabic or with an emoji comes out right. A letter that no font has is reported, never drawn as a box.
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from PIL import Image, ImageDraw

from .fonts import (
    CONDENSED,
    EMOJI,
    EMOJI_STYLE,
    FALLBACKS,
    JOINERS,
    SANS,
    SHAPING,
    SKIN_TONES,
    ZWJ,
    cap_height,
    font,
    shows,
)

ELLIPSIS = "…"
LONGEST = 300  # characters that are looked at; far more than fits any frame, and it bounds the work
MARKS_PER_LETTER = 4  # Vietnamese and pointed Hebrew need fewer; towers of accents would climb out of their plate
LINE_WORTH = 1.15  # another line is worth its room when the letters grow by this much
FLAG_LETTERS = frozenset(chr(c) for c in range(0x1F1E6, 0x1F200))
# French typography asks for these; no display font has the first, and both look like their plain kin.
PLAIN_FORMS = str.maketrans({"\u202f": "\u00a0", "\u2011": "-", "\t": " ", "\n": " ", "\r": " "})
RIGHT_TO_LEFT = {"R", "AL"}
WORD = re.compile(r"\s+|\S+")

Rgb = tuple[int, int, int]
Sizes = tuple[int, int]  # in pixels: the largest, the smallest


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

    @property
    def text(self) -> str:
        """Its letters, in the order in which they stand."""
        return "".join(run.text for run in self.runs)

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


def inked(line: Line, colour: Rgb, shift: tuple[float, float] = (0.0, 0.0)) -> Image.Image:
    """The line as a picture with transparency; the middle of its width and of its capitals is the picture's middle.

    `shift` moves it by parts of a pixel, as a line that is laid at whole pixels must be.
    """
    half_width, half_height = math.ceil(line.width / 2) + line.px, 2 * line.px
    size = (2 * half_width, 2 * half_height)
    words = Image.new("RGBA", size, (*colour, 0))
    emoji = Image.new("RGBA", size) if any(run.file == EMOJI for run in line.runs) else None
    x, baseline = half_width - line.width / 2 + shift[0], half_height + line.cap_height / 2 + shift[1]
    for run, advance in line.pieces():
        draw = ImageDraw.Draw(emoji if emoji and run.file == EMOJI else words)
        face = font(run.file, line.px)
        fill = (*colour, 255)
        draw.text((x, baseline), run.text, fill, face, "ls", direction=run.direction, embedded_color=True)
        x += advance
    if emoji:  # drawn on nothing, its edges come out multiplied by their coverage
        words.alpha_composite(Image.frombytes("RGBa", size, emoji.tobytes()).convert("RGBA"))
    return words


def lay(picture: Image.Image, part: Image.Image, at: tuple[int, int]) -> None:
    """Lay a picture with transparency over another, RGB or RGBA, with its corner at `at`; what hangs over is cut."""
    left, top = max(0, -at[0]), max(0, -at[1])
    right, bottom = min(part.width, picture.width - at[0]), min(part.height, picture.height - at[1])
    if left >= right or top >= bottom:
        return
    seen = part.crop((left, top, right, bottom))
    spot = (at[0] + left, at[1] + top)
    if picture.mode == "RGBA":
        picture.alpha_composite(seen, spot)
    else:
        picture.paste(seen, spot, seen)


def draw_line(picture: Image.Image, line: Line, centre: tuple[float, float], colour: Rgb) -> None:
    """Draw a line, on RGB or RGBA, with the middle of its width and of its capitals at `centre`."""
    x, y = math.floor(centre[0]), math.floor(centre[1])
    words = inked(line, colour, (centre[0] - x, centre[1] - y))
    lay(picture, words, (x - words.width // 2, y - words.height // 2))


def fit(text: str, width: float, sizes: Sizes, faces: Sequence[str] = (SANS,), tracking: float = 0.0) -> Line:
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
    text: str, widths: Sequence[Sequence[float]], sizes: Sizes, face: str = CONDENSED, tracking: float = 0
) -> list[Line]:
    """One or more lines of one size, broken so that letters come out largest; a line more only if they grow by it.

    `widths` holds, for one line, for two and so on, the pixels that each of the lines may take. Sizes and tracking
    are as in `fit`.
    """
    words = text.split(" ")
    best = [fit(text, widths[0][0], sizes, (face,), tracking)]
    for room in widths[1 : len(words)]:
        parts = _broken(words, room, face)
        px = min(
            _size_that_fits(part, face, width, sizes[0], tracking) for part, width in zip(parts, room, strict=True)
        )
        if px >= best[0].px * LINE_WORTH or any(map(is_cut, best)):
            size = (max(px, sizes[1]), sizes[1])
            best = [fit(part, width, size, (face,), tracking) for part, width in zip(parts, room, strict=True)]
    least = min(line.px for line in best)
    return [Line(line.runs, line.face, least, tracking * least / 100) for line in best]


def fit_letters(
    text: str, widths: Sequence[Sequence[float]], sizes: Sizes, face: str = CONDENSED, tracking: float = 0
) -> list[Line]:
    """As `fit_lines`, but a word, such as a long address, may go on in the next line where letters grow by that."""
    best = fit_lines(text, widths, sizes, face, tracking)
    letters = clusters(text)
    for room in widths[1:]:
        ends = [round(len(letters) * sum(room[:i]) / sum(room)) for i in range(len(room) + 1)]
        parts = ["".join(letters[a:b]).strip() for a, b in pairwise(ends)]
        lines = [fit(part, width, sizes, (face,), tracking) for part, width in zip(parts, room, strict=True) if part]
        least = min(line.px for line in lines)
        if any(map(is_cut, lines)) or (least < best[0].px * LINE_WORTH and not any(map(is_cut, best))):
            continue
        best = [Line(line.runs, line.face, least, tracking * least / 100) for line in lines]
    return best


def fit_name(text: str, width: float, height: float, sizes: Sizes, faces: Sequence[str]) -> list[Line]:
    """A name in a box: by size first, in a narrower face then, in two lines where it grows by that, else cut."""
    one = fit(text, width, sizes, faces)
    largest = min(sizes[0], int(height / NAME_LEADING / 2))
    if largest < sizes[1] or one.px >= largest:
        return [one]
    two = fit_lines(text, ((width,), (width, width)), (largest, sizes[1]), faces[-1])
    return two if len(two) == 2 and (is_cut(one) or two[0].px >= one.px * LINE_WORTH) else [one]


NAME_LEADING = 1.1  # of a name's two lines, in sizes


def is_cut(line: Line) -> bool:
    """Whether a line was too long at its smallest size, and ends in an ellipsis."""
    return any(run.text.endswith(ELLIPSIS) for run in line.runs)


def _broken(words: list[str], room: Sequence[float], face: str) -> list[str]:
    """The words in as many parts as there are widths, so that the part which fills its width most fills it least."""
    size = 100  # pixels; the choice hardly depends on it
    sums = [0.0]
    space = Run(" ", face, False).advance(size)
    for word in words:
        sums.append(sums[-1] + sum(run.advance(size) for run in _runs(word, face)) + space)
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}  # words used -> the fullest line, the breaks
    for i, width in enumerate(room):
        left = len(room) - i - 1
        best = {
            end: min(
                (max(fullest, (sums[end] - sums[start] - space) / width), (*breaks, start))
                for start, (fullest, breaks) in best.items()
                if start < end
            )
            for end in range(i + 1, len(words) - left + 1)
        }
    breaks = best[len(words)][1]
    return [" ".join(words[a:b]) for a, b in pairwise([*breaks, len(words)])]


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
    whole = next((file for file in files if shows(file, word)), None)
    if whole and EMOJI_STYLE not in word:
        return [(word, whole)]
    pieces: list[tuple[str, str]] = []
    for cluster in clusters(word):
        wished = (EMOJI, *files) if EMOJI_STYLE in cluster else files
        # A letter that nothing has is refused before it comes here.
        file = next((file for file in wished if shows(file, cluster)), None)
        file = file or next((file for file in wished if shows(file, cluster[0])), face)
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
    return max(px, 1)


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
