"""Affiche: a poster's tall letters, each line on a bar of colour of its own, as if pasted on the photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ..artwork import Artwork, NameSlot, Plate
from ..canvas import WHITE, Pen, Rgb, Shadow, Sheet
from ..fonts import CONDENSED, POSTER
from ..overlay import Overlay
from ..text import Line, Sizes, fit_lines
from .kit import FINE_TRACKING, WIDE, Brief

ROOM = 0.22  # of the size: from the capitals to their bar's edge


def draw(brief: Brief) -> Artwork:
    """The drawing for the brief's format."""
    if brief.format.name == "square":
        return _on_photo(brief, Place(164, 916, 752, 330, 1080), (128, 26), (58, 24), (46, 20), (22, 9))
    if brief.format.name == "profile":
        return _on_photo(brief, Place(72, 338, 262, 138, 400), (62, 13), (30, 13), (0, 0), (12, 8))
    if brief.format.name == "story":
        return _on_photo(brief, Place(90, 1660, 900, 760, 1080), (210, 44), (88, 36), (72, 30), (26, 12))
    return _wide(brief)


@dataclass(frozen=True)
class Place:
    """Where bars are pasted: the words' left edge, the bottom of the lowest bar, and the room, in pixels."""

    left: int
    bottom: int
    width: int
    height: int
    side: int  # of the picture, by which shadows are measured


@dataclass(frozen=True)
class Bar:
    """One line on its bar."""

    line: Line
    ground: Rgb
    ink: Rgb

    @property
    def height(self) -> float:
        return self.line.cap_height + 2 * ROOM * self.line.px


def _bars(lines: Sequence[Line], ground: Rgb, ink: Rgb) -> list[Bar]:
    return [Bar(line, ground, ink) for line in lines]


def _large(brief: Brief, words: str, width: float, height: float, sizes: Sizes, most: int) -> list[Bar]:
    """Words as large as their bars may be in a room of that width and height."""
    ceiling = sizes[0]
    while True:
        rooms = [[width] * n for n in range(1, most + 1)]
        lines = fit_lines(words, rooms, (ceiling, sizes[1]), POSTER, 1)
        bars = _bars(lines, brief.primary, brief.on_primary)
        if sum(bar.height for bar in bars) <= height or ceiling <= sizes[1]:
            return bars
        ceiling = max(sizes[1], round(ceiling * 0.95))


def _paste(sheet: Sheet, bars: Sequence[Bar], left: float, top: float, shadow: Shadow, bleed: float) -> None:
    """Paste bars one under the other: from `bleed` to the left of their words to a little after them."""
    tops = [top + sum(bar.height for bar in bars[:i]) for i in range(len(bars))]

    def drawn(pen: Pen, only: Rgb | None = None) -> None:
        for bar, y in zip(bars, tops, strict=True):
            if only in (None, bar.ground):
                pen.rectangle(
                    (left - bleed, y, left + bar.line.width + 1.6 * ROOM * bar.line.px, y + bar.height - 1 / 3)
                )

    sheet.draw(drawn, bars[0].ground, shadow)
    for ground in dict.fromkeys(bar.ground for bar in bars[1:]):
        sheet.draw(partial(drawn, only=ground), ground)
    for bar, y in zip(bars, tops, strict=True):
        sheet.write(bar.line, (left + bar.line.width / 2, y + bar.height / 2), bar.ink)


def _on_photo(brief: Brief, place: Place, slogan: Sizes, name: Sizes, tag: Sizes, fine: Sizes) -> Artwork:
    """From the bottom up: who pays, the hashtag, the name, and the slogan over all of them."""
    sheet = Sheet(brief.format.size)
    small = place.side < 500
    shadow = Shadow(place.side / 60, 0.4, (0, place.side // 180))
    below = _bars(brief.fine_print([place.width] * 3, fine), WHITE, brief.fine_ink(WHITE))
    if brief.signature and not small:
        signature = fit_lines(brief.signature, [[place.width]], tag, CONDENSED, FINE_TRACKING)
        below = [*_bars(signature, WHITE, brief.on_white), *below]
    name_height = round(name[0] * 1.22) if brief.named else 0
    room = place.height - sum(bar.height for bar in below) - name_height
    words = brief.hashtag if small and brief.hashtag else brief.slogan.upper()
    above = _large(brief, words, place.width, room, slogan, 2 if small else 4)
    top = place.bottom - sum(bar.height for bar in (*above, *below)) - name_height
    _paste(sheet, above, place.left, top, shadow, place.left)
    y = top + sum(bar.height for bar in above) + name_height
    if below:
        _paste(sheet, below, place.left, y, shadow, place.left)
    padding = round(name[0] * 0.4)
    plate = Plate(place.width + 2 * padding, max(1, name_height), 0, brief.accent)
    slot = NameSlot(
        (place.left + place.width / 2, y - name_height / 2),
        place.width,
        round(name[0] * 1.1),
        name,
        brief.on_accent,
        align="left",
        plate=plate,
        padding=padding,
    )
    width, height = brief.format.size
    return Artwork(Overlay(sheet.picture), slot, (0, 0, width, height))


def _wide(brief: Brief) -> Artwork:
    """Bars from the left edge on the second colour; the photo as a print with a white border."""
    place = WIDE[brief.format.name]
    width, height = brief.format.size
    big = height / 360
    sheet = Sheet(brief.format.size)
    (x, y), half = place.centre, place.radius
    hole = (x - half, y - half, x + half, y + half)
    border = 9 * big

    def ground(pen: Pen) -> None:
        pen.rectangle((0, 0, width, height))
        pen.rectangle(hole, ink=0)

    def print_edge(pen: Pen) -> None:
        pen.rectangle((hole[0] - border, hole[1] - border, hole[2] + border, hole[3] + border))
        pen.rectangle(hole, ink=0)

    sheet.draw(ground, brief.accent)
    sheet.draw(print_edge, WHITE, Shadow(12 * big, 0.35, (0, round(5 * big))))
    left, top, right, bottom = place.words
    right -= 22 * big  # a bar goes on after its words
    fine = _bars(brief.fine_print([right - left] * 4, (round(13 * big), 8)), brief.accent, brief.fine_ink(brief.accent))
    tag = fit_lines(brief.signature, [[right - left]], (round(30 * big), 11), CONDENSED, 3) if brief.signature else []
    below = [*_bars(tag, WHITE, brief.on_white), *fine]
    name_height = round(56 * big) if brief.named else 0
    room = bottom - top - sum(bar.height for bar in below) - name_height
    above = _large(brief, brief.slogan.upper(), right - left, room, (round(92 * big), 14), 4)
    shadow = Shadow(8 * big, 0.3, (0, round(3 * big)))
    top += (room - sum(bar.height for bar in above)) / 2
    y = top + sum(bar.height for bar in above)
    _paste(sheet, above, left, top, shadow, left)
    if tag:
        _paste(sheet, below[:1], left, y + name_height, shadow, left)
    for i, bar in enumerate(fine):
        line_y = y + name_height + sum(each.height for each in below[: len(tag) + i]) + bar.height / 2 + 3 * big
        sheet.write(bar.line, (left + bar.line.width / 2, line_y), bar.ink)
    slot = NameSlot(
        ((left + right) / 2, y + name_height / 2),
        round(right - left),
        round(40 * big),
        (round(34 * big), round(14 * big)),
        brief.on_accent,
        align="left",
    )
    window = (round(hole[0]) - 1, round(hole[1]) - 1, round(2 * half) + 2, round(2 * half) + 2)
    return Artwork(Overlay(sheet.picture), slot, window)
