"""What all designs share: what they are asked for, their colours, the places for words, columns of words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from ..artwork import NAME_FACES, Align, NameSlot
from ..canvas import INK, SMALL_CONTRAST, WHITE, Box, Point, Rgb, Sheet, contrast, gradient, mix, readable, shade
from ..errors import FrameRefused, Problem
from ..fonts import CONDENSED, cap_height
from ..formats import Format
from ..text import Line, Sizes, fit, fit_letters, fit_lines, is_cut

SAFE = (158, 922)  # of the square: 14.6 % clear of each edge, what a round crop leaves whole: (1 - 1/sqrt(2)) / 2
SAFE_WIDTH = SAFE[1] - SAFE[0]
ROUND_MARGIN = 14  # pixels between words and the edge of the square's round crop
STORY_WORDS: Box = (90, 250, 990, 1670)  # of 1080 x 1920: the apps' own buttons cover what is above and below
CAPS_TRACKING = 5  # hundredths; capitals need air between them
FINE_SIZES = (22, 9)  # of the sponsor's words in the square: capitals of 15 pixels; long lines go smaller
FINE_TRACKING = 3  # hundredths
FINE_LEADING = 27  # pixels
NEAR = 1.25  # colours of less contrast than this look like one


@dataclass(frozen=True)
class Wide:
    """The places of a wide format: where its words stand, and the circle of its photo."""

    words: Box
    centre: Point
    radius: float


# Cover: all inside the central 640 x 312. Banner: X lays the round portrait over its lower left corner.
WIDE = {
    "cover": Wide((100, 38, 436, 322), (594, 180), 132),
    "banner": Wide((404, 50, 990, 450), (1234, 250), 200),
}


@dataclass(frozen=True)
class Brief:
    """What a design is to draw: a campaign's colours and words, in one format."""

    format: Format
    primary: Rgb
    secondary: Rgb
    text: Rgb
    slogan: str
    hashtag: str
    sponsor: str
    section: str
    named: bool

    @property
    def accent(self) -> Rgb:
        """The second colour; another tone of the first where the two are the same to the eye."""
        if contrast(self.primary, self.secondary) >= NEAR:
            return self.secondary
        tones = mix(self.primary, WHITE, 0.6), mix(self.primary, INK, 0.6)
        return max(tones, key=lambda tone: contrast(tone, self.primary))

    @property
    def dark(self) -> Rgb:
        """The first colour, dark enough to be the ink on something light."""
        return shade(self.primary, 0.72)

    def tone(self, size: tuple[int, int] | None = None) -> Image.Image:
        """The first colour as a ground that is a little lighter above than below."""
        return gradient(*self._tones, size or self.format.size)

    @property
    def _tones(self) -> tuple[Rgb, Rgb]:
        return shade(self.primary, 1.10), shade(self.primary, 0.82)

    def ink(self, *wishes: Rgb) -> Rgb:
        """The first wish that can be read all over `tone`, the campaign's text colour being the last."""
        ends = (*self._tones, self.primary)
        least = {wish: min(contrast(wish, end) for end in ends) for wish in (*wishes, self.text, WHITE, INK)}
        return next((w for w in (*wishes, self.text) if least[w] >= 3.0), max((WHITE, INK), key=lambda w: least[w]))

    @property
    def bright(self) -> Rgb:
        """For words on `tone` that are to stand out from the others."""
        return self.ink(self.accent)

    @property
    def on_primary(self) -> Rgb:
        """For words on the plain first colour."""
        return readable(self.primary, self.text)

    @property
    def on_accent(self) -> Rgb:
        """For words on the second colour."""
        return readable(self.accent, self.dark, self.text)

    @property
    def on_white(self) -> Rgb:
        return readable(WHITE, shade(self.primary, 0.85), self.dark)

    def fine_ink(self, ground: Rgb) -> Rgb:
        """For the sponsor's small words."""
        return readable(ground, self.dark, INK, WHITE, least=SMALL_CONTRAST)

    @property
    def signature(self) -> str:
        """The hashtag and the section on one line."""
        return " · ".join(filter(None, (self.hashtag, self.section)))

    def fine_print(self, widths: Sequence[float], sizes: Sizes = FINE_SIZES) -> list[Line]:
        """The sponsor's words in as few of the lines as they need, from the upper down; none without a sponsor.

        Raises FrameRefused where they have no room: they are never cut.
        """
        if not self.sponsor:
            return []
        rooms = [widths[:n] for n in range(1, len(widths) + 1)]
        lines = fit_letters(self.sponsor, rooms, sizes, CONDENSED, FINE_TRACKING)
        if any(map(is_cut, lines)):
            raise FrameRefused(Problem.SPONSOR_NO_ROOM, format=self.format.name)
        return lines


def no_name(centre: Point = (0, 0)) -> NameSlot:
    """Where a picture bears no name."""
    return NameSlot(centre, 1, 1, (1, 1), WHITE)


def write_lines(
    sheet: Sheet, lines: Sequence[Line], middle: Point, colour: Rgb, leading: float = 1.14, align: Align = "centre"
) -> None:
    """Write lines one under the other, their block's middle at `middle`; aligned, `middle` is on that edge."""
    for i, line in enumerate(lines):
        x = middle[0] + {"left": line.width / 2, "centre": 0.0, "right": -line.width / 2}[align]
        sheet.write(line, (x, middle[1] + (i - (len(lines) - 1) / 2) * line.px * leading), colour)


@dataclass(frozen=True)
class Row:
    """Words of a column, or the place of the name in it. `above` is the room over it, in its own sizes."""

    text: str
    colour: Rgb
    sizes: Sizes
    face: str = CONDENSED
    lines: int = 1
    tracking: float = 0.0
    leading: float = 1.12
    above: float = 0.5
    kind: Literal["words", "name", "fine"] = "words"


DESCENT = 0.24  # of the size: how far letters reach below the line
NAME = "name"  # stands for the name while a column is laid out


@dataclass(frozen=True)
class Set:
    """A row whose lines are broken, and the height of its capitals' block in pixels."""

    row: Row
    lines: list[Line]

    @property
    def px(self) -> int:
        return self.lines[0].px

    @property
    def height(self) -> float:
        return cap_height(self.lines[0].face) * self.px + (len(self.lines) - 1) * self.row.leading * self.px


def column(
    sheet: Sheet, brief: Brief, rows: Sequence[Row], box: Box, align: Align = "left", valign: float = 0.5
) -> NameSlot:
    """Write rows into a box, as large as they fit; `valign` 0 is at the top, 1 at the bottom. Returns the name's place.

    The name's room does not depend on the name, so the other words stand still whatever is typed.
    """
    left, top, right, bottom = box
    rows = [row for row in rows if row.text]
    sets, total = _fitted(brief, rows, right - left, bottom - top)
    anchor = {"left": left, "centre": (left + right) / 2, "right": right}[align]
    y = top + (bottom - top - total) * valign
    slot = no_name()
    for i, each in enumerate(sets):
        y += each.row.above * each.px if i else 0
        middle = y + each.height / 2
        if each.row.kind == "name":
            faces = NAME_FACES if each.row.face == CONDENSED else (each.row.face, CONDENSED)
            centre = ((left + right) / 2, middle)
            height = round(each.px * 1.1)
            sizes = (each.px, min(each.px, each.row.sizes[1]))
            slot = NameSlot(centre, round(right - left), height, sizes, each.row.colour, faces, align)
        else:
            write_lines(sheet, each.lines, (anchor, middle), each.row.colour, each.row.leading, align)
        y += each.height
    return slot


def _fitted(brief: Brief, rows: Sequence[Row], width: float, height: float) -> tuple[list[Set], float]:
    """The rows at the largest scale at which all of them fit, and their whole height."""
    scale = 1.0
    while True:
        sets = [_set(brief, row, width, scale) for row in rows]
        total = sum(each.height + (each.row.above * each.px if i else 0) for i, each in enumerate(sets))
        total += DESCENT * sets[-1].px if sets else 0
        cut = any(is_cut(line) for each in sets for line in each.lines)
        if (total <= height and not cut) or scale < 0.3:
            break
        scale *= 0.95
    if total > height and any(row.kind == "fine" for row in rows):
        raise FrameRefused(Problem.SPONSOR_NO_ROOM, format=brief.format.name)
    return sets, total


def _set(brief: Brief, row: Row, width: float, scale: float) -> Set:
    largest = max(round(row.sizes[0] * scale), row.sizes[1])
    sizes = (largest, row.sizes[1])
    rooms = [[width] * n for n in range(1, row.lines + 1)]
    if row.kind == "name":
        return Set(row, [fit(NAME, width, (largest, 1), (row.face,))])
    if row.kind == "fine":
        return Set(row, brief.fine_print([width] * row.lines, (row.sizes[0], row.sizes[1])))
    return Set(row, fit_lines(row.text, rooms, sizes, row.face, row.tracking))


def chord(distance: float, side: float, margin: float = ROUND_MARGIN) -> float:
    """How long a straight line may be in the round crop of a square, `distance` pixels from the crop's middle."""
    return 2 * math.sqrt(max(0.0, (side / 2 - margin) ** 2 - distance**2))


def wide_rows(
    brief: Brief, ink: Rgb, bright: Rgb, slogan: str, face: str = CONDENSED, fine: Rgb | None = None
) -> list[Row]:
    """The words beside the photo of a cover or a banner: the slogan as large as it can be, then the name, then the rest."""
    big = brief.format.height / 360
    return [
        Row(slogan, ink, (round(86 * big), 14), face, lines=4, tracking=1, leading=1.08),
        Row(NAME if brief.named else "", ink, (round(36 * big), 17), above=1.0, kind="name"),
        Row(brief.signature, bright, (round(30 * big), 12), tracking=2, above=1.0),
        Row(
            brief.sponsor, fine or brief.fine_ink(brief.primary), (round(13 * big), 9), lines=4, above=1.3, kind="fine"
        ),
    ]
