"""Anneau: a ring around the photo with the words along it, as on a pin; large, it sends out waves."""

import math
from functools import partial

from ..artwork import Artwork, NameSlot, Plate
from ..canvas import INK, WHITE, Pen, Point, Rgb, Sheet, mask, mix, soft
from ..fonts import CONDENSED
from ..overlay import Overlay
from ..text import fit
from .kit import STORY_WORDS, WIDE, Brief, Row, column, wide_rows

SHORTEST_STROKE = 8  # degrees; less would look like a stray hyphen


def draw(brief: Brief) -> Artwork:
    """The drawing for the brief's format."""
    if brief.format.name == "square":
        return _square(brief)
    if brief.format.name == "profile":
        return _profile(brief)
    return _story(brief) if brief.format.name == "story" else _wide(brief)


def _square(brief: Brief) -> Artwork:
    centre, band = (540, 540), 492  # radius of the words on the ring
    stripe = 40 if brief.sponsor else 18
    hole = 446 - stripe  # radius of the photo
    sheet = Sheet(brief.format.size)
    surround(sheet, brief, centre, hole, stripe, 10)
    if brief.sponsor:
        words = brief.fine_print([math.radians(230) * 431])[0]
        sheet.write_curved(words, centre, 431, brief.fine_ink(brief.accent))
    ink = brief.ink()
    above = fit(brief.slogan.upper(), math.radians(216) * band, (56, 18), (CONDENSED,), 8)
    sheet.write_curved(above, centre, band, ink)
    tag_width = 0.0
    if brief.signature:
        below = fit(brief.signature, math.radians(112) * band, (46, 20), (CONDENSED,), 4)
        sheet.write_curved(below, centre, band, brief.bright, below=True)
        tag_width = math.degrees(below.width / band)
    # A fine line goes on where the words end, and meets itself below when there are none.
    start, end = 276 + math.degrees(above.width / band) / 2, 444 - tag_width / 2
    for stroke in [(start, end), (180 - end, 180 - start)] if brief.signature else [(start, 900 - start)]:
        if stroke[1] - stroke[0] > SHORTEST_STROKE:
            line = partial(Pen.arc, centre=centre, radius=band, degrees=stroke, width=4)
            sheet.draw(line, mix(brief.primary, ink, 0.55))
    plate = Plate(700, 112, 56, WHITE)
    name = NameSlot((540, 862), 592, 92, (66, 26), brief.on_white, plate=plate, padding=54, narrowest=220)
    return Artwork(Overlay(sheet.picture), name, window(centre, hole))


def _profile(brief: Brief) -> Artwork:
    """Thick, with words as large as the ring bears: what is left of it at 48 pixels is a ring in two colours."""
    centre, band = (200, 200), 172
    sheet = Sheet(brief.format.size)
    stripe = 17 if brief.sponsor else 11
    hole = 150 - stripe
    surround(sheet, brief, centre, hole, stripe, 0)
    if brief.sponsor:
        words = brief.fine_print([math.radians(300) * 140], (13, 8))[0]
        sheet.write_curved(words, centre, 140, brief.fine_ink(brief.accent))
    words = fit(brief.hashtag or brief.slogan.upper(), math.radians(210) * band, (38, 10), (CONDENSED,), 6)
    sheet.write_curved(words, centre, band, brief.ink())
    plate = Plate(250, 44, 22, WHITE)
    name = NameSlot((200, 320), 196, 40, (30, 13), brief.on_white, plate=plate, padding=22, narrowest=90)
    return Artwork(Overlay(sheet.picture), name, window(centre, hole))


def _story(brief: Brief) -> Artwork:
    centre, hole = (540, 700), 396
    sheet = Sheet(brief.format.size)
    surround(sheet, brief, centre, hole, 26, 12, waves=True)
    left, _, right, bottom = STORY_WORDS
    rows = [
        Row(brief.slogan.upper(), brief.ink(), (150, 44), lines=3, tracking=1, leading=1.04),
        Row(brief.signature, brief.bright, (66, 26), tracking=3, above=0.75),
        Row(brief.sponsor, brief.fine_ink(brief.primary), (26, 12), lines=3, above=1.6, kind="fine"),
    ]
    column(sheet, brief, rows, (left, 1250, right, bottom), "centre", 0.35)
    plate = Plate(820, 136, 68, WHITE)
    name = NameSlot((540, 1096), 700, 112, (84, 34), brief.on_white, plate=plate, padding=60, narrowest=260)
    return Artwork(Overlay(sheet.picture), name, window(centre, hole))


def _wide(brief: Brief) -> Artwork:
    place = WIDE[brief.format.name]
    big = brief.format.height / 360
    sheet = Sheet(brief.format.size)
    surround(sheet, brief, place.centre, place.radius - 8 * big, 9 * big, 4 * big, waves=True)
    name = column(sheet, brief, wide_rows(brief, brief.ink(), brief.bright, brief.slogan.upper()), place.words)
    return Artwork(Overlay(sheet.picture), name, window(place.centre, place.radius - 8 * big))


def surround(
    sheet: Sheet, brief: Brief, centre: Point, hole: float, stripe: float, white: float, waves: bool = False
) -> None:
    """Everything but the photo's circle, with a ring in the second colour around it and a white one inside of that."""
    width, height = sheet.size

    def around(pen: Pen) -> None:
        pen.rectangle((0, 0, width, height))
        pen.disc(centre, hole, ink=0)

    outside = mask(around, sheet.size)
    sheet.fill(soft(outside, 0.05 * hole, 0.42, (0, round(hole / 70))), INK)
    sheet.fill(outside, brief.tone())
    if waves:
        faint = mix(brief.primary, brief.ink(), 0.10)
        for i in range(2, 9):
            wave = partial(Pen.arc, centre=centre, radius=hole * (1 + 0.24 * i), degrees=(0, 360), width=hole * 0.075)
            sheet.draw(wave, faint if i % 2 else mix(brief.primary, brief.ink(), 0.05))
    # The inner ring lies on the outer: side by side, the ground would show through as a hairline.
    _circle(sheet, centre, hole + stripe / 2, stripe, brief.accent)
    if white:
        _circle(sheet, centre, hole + white / 2, white, WHITE)


def _circle(sheet: Sheet, centre: Point, radius: float, width: float, colour: Rgb) -> None:
    sheet.draw(partial(Pen.arc, centre=centre, radius=radius, degrees=(0, 360), width=width), colour)


def window(centre: Point, hole: float) -> tuple[int, int, int, int]:
    side = 2 * math.ceil(hole + 2)
    return round(centre[0] - side / 2), round(centre[1] - side / 2), side, side
