"""Filet: one thin line, letters with serifs, and the photo fading into the campaign's darkest tone."""

from functools import partial

from PIL import Image

from ..artwork import Artwork
from ..canvas import INK, WHITE, Pen, Point, Rgb, Sheet, contrast, gradient, mix, readable, shade
from ..fonts import SERIF
from ..overlay import Overlay
from .kit import NAME, SAFE, WIDE, Brief, Row, column, wide_rows
from .ring import window

MOST = 0.93  # of the darkest tone covers the photo
DEEP = 9.0  # the contrast of white on the darkest tone: over a white photo, what remains of it still reads


def draw(brief: Brief) -> Artwork:
    """The drawing for the brief's format."""
    if brief.format.name == "square":
        return _square(brief)
    if brief.format.name == "profile":
        return _profile(brief)
    return _story(brief) if brief.format.name == "story" else _wide(brief)


def deep(brief: Brief) -> Rgb:
    """The first colour, darkened until white stands out from it."""
    tone = brief.primary
    for _ in range(20):
        if contrast(tone, WHITE) >= DEEP:
            break
        tone = mix(shade(tone, 0.88), INK, 0.06)
    return tone


def _fade(sheet: Sheet, colour: Rgb, start: float, full: float) -> None:
    """Darken from `start` downwards, up to nearly the whole colour from `full` on."""
    width, height = sheet.size
    shares = (min(1.0, max(0.0, (y - start) / (full - start))) for y in range(height))
    ramp = Image.frombytes("L", (1, height), bytes(round(255 * MOST * x * x * (3 - 2 * x)) for x in shares))
    sheet.fill(ramp.resize((width, height)), colour)


def _rows(brief: Brief, ink: Rgb, bright: Rgb, big: float, lines: int = 2) -> list[Row]:
    """The name, large; under it the slogan, or the slogan alone, larger; then the rest, small and wide."""

    def sizes(largest: float, smallest: float) -> tuple[int, int]:
        return round(largest * big), round(smallest * big)

    return [
        Row(NAME if brief.named else "", ink, sizes(104, 32), SERIF, kind="name"),
        Row(
            brief.slogan,
            bright if brief.named else ink,
            sizes(62 if brief.named else 96, 22),
            SERIF,
            lines=lines,
            above=0.62,
        ),
        Row(brief.signature, ink, sizes(32, 17), tracking=9, above=1.0),
        Row(brief.sponsor, brief.fine_ink(deep(brief)), sizes(22, 9), lines=3, above=1.0, kind="fine"),
    ]


def _circle(sheet: Sheet, centre: Point, radius: float, width: float, colour: Rgb) -> None:
    sheet.draw(partial(Pen.arc, centre=centre, radius=radius, degrees=(0, 360), width=width), colour)


def _square(brief: Brief) -> Artwork:
    sheet = Sheet(brief.format.size)
    tone = deep(brief)
    bright = readable(tone, brief.accent, brief.secondary)
    _fade(sheet, tone, 440, 760)
    _circle(sheet, (540, 540), 512, 9, bright)
    slot = column(sheet, brief, _rows(brief, WHITE, bright, 1.0), (SAFE[0], 716, SAFE[1], 922), "centre", 0.75)
    return Artwork(Overlay(sheet.picture), slot)


def _profile(brief: Brief) -> Artwork:
    """The line grows to a ring in both colours, and the fade to a dark field: both are left at 48 pixels."""
    sheet = Sheet(brief.format.size)
    tone = deep(brief)
    bright = readable(tone, brief.accent, brief.secondary)
    _fade(sheet, tone, 190, 286)
    _circle(sheet, (200, 200), 193, 14, brief.primary)
    _circle(sheet, (200, 200), 180, 12, bright)
    rows = [
        Row(brief.hashtag or brief.slogan, WHITE, (54, 12), SERIF, lines=2, leading=1.05),
        Row(NAME if brief.named else "", bright, (28, 13), SERIF, above=0.75, kind="name"),
        Row(brief.sponsor, brief.fine_ink(tone), (11, 8), lines=3, above=0.9, kind="fine"),
    ]
    slot = column(sheet, brief, rows, (76, 262, 324, 348), "centre", 0.4)
    return Artwork(Overlay(sheet.picture), slot, (0, 0, 400, 400))


def _story(brief: Brief) -> Artwork:
    sheet = Sheet(brief.format.size)
    tone = deep(brief)
    bright = readable(tone, brief.accent, brief.secondary)
    width, height = brief.format.size
    _fade(sheet, tone, 820, 1380)

    def line(pen: Pen) -> None:
        pen.rounded((44, 44, width - 44, height - 44), 30)
        pen.rounded((53, 53, width - 53, height - 53), 22, ink=0)

    sheet.draw(line, bright)
    slot = column(sheet, brief, _rows(brief, WHITE, bright, 1.5, 3), (120, 1250, 960, 1670), "centre", 0.75)
    return Artwork(Overlay(sheet.picture), slot, (0, 0, width, height))


def _wide(brief: Brief) -> Artwork:
    """On the darkest tone, the line goes around the photo at a little distance."""
    place = WIDE[brief.format.name]
    width, height = brief.format.size
    sheet = Sheet(brief.format.size)
    tone = deep(brief)
    bright = readable(tone, brief.accent, brief.secondary)
    hole = place.radius - height / 22

    def around(pen: Pen) -> None:
        pen.rectangle((0, 0, width, height))
        pen.disc(place.centre, hole, ink=0)

    sheet.draw(around, gradient(mix(tone, WHITE, 0.07), tone, brief.format.size))
    _circle(sheet, place.centre, place.radius - height / 160, height / 80, bright)
    rows = wide_rows(brief, WHITE, bright, brief.slogan, SERIF, brief.fine_ink(tone))
    slot = column(sheet, brief, rows, place.words)
    return Artwork(Overlay(sheet.picture), slot, window(place.centre, hole))
