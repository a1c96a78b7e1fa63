"""Ruban: a sash across a corner with the slogan, as on a parcel or a medal, and a plate for the name."""

import math
from collections.abc import Callable, Sequence

from ..artwork import Artwork, Caption, NameSlot, Plate
from ..canvas import INK, WHITE, Pen, Point, Rgb, Shadow, Sheet, mask, soft
from ..fonts import CONDENSED
from ..overlay import Overlay
from ..text import Line, fit, fit_lines
from .kit import CAPS_TRACKING, FINE_LEADING, WIDE, Brief, Row, chord, column, wide_rows
from .ring import surround, window

FINE_MARGIN = 40  # pixels between the sponsor's words and the edge of a round crop


def draw(brief: Brief) -> Artwork:
    """The drawing for the brief's format."""
    if brief.format.name == "square":
        return _square(brief)
    if brief.format.name == "profile":
        return _profile(brief)
    return _story(brief) if brief.format.name == "story" else _wide(brief)


def _corner(distance: float, at: Point) -> Callable[[Pen], None]:
    """The corner at a point up to a slanted edge, `distance` pixels from it."""
    (x, y), reach = at, distance * math.sqrt(2)
    return lambda pen: pen.polygon((x, y), (x + reach, y), (x, y + reach))


def _sash(sheet: Sheet, brief: Brief, outer: float, body: float, inner: float, at: Point = (0, 0)) -> None:
    """The corner, the sash and its hem, by the distances of their edges from the corner."""
    sheet.draw(_corner(inner, at), brief.accent, Shadow(20, 0.45, (6, 8)))
    sheet.draw(_corner(body, at), brief.tone())
    sheet.draw(_corner(outer, at), brief.accent)


def _write_across(
    sheet: Sheet, lines: Sequence[Line], distance: float, leading: float, colour: Rgb, at: Point = (0, 0)
) -> None:
    for i, line in enumerate(lines):
        away = (distance + (i - (len(lines) - 1) / 2) * leading) / math.sqrt(2)
        sheet.write_turned(line, (at[0] + away, at[1] + away), 45, colour)


def _two_at_most(words: str, rooms: Sequence[float], sizes: tuple[int, int, int]) -> list[Line]:
    """Words for the sash in one line, or in two of which the one nearer to the middle of the picture has more room.

    `rooms` are the widths of the one line and of the two, `sizes` the largest of one, of each of two, the smallest.
    """
    one, two, least = sizes
    lines = fit_lines(words, [rooms[:1]], (one, least), CONDENSED, CAPS_TRACKING)
    if lines[0].px >= two:
        return lines
    return fit_lines(words, [rooms[:1], rooms[1:]], (two, least), CONDENSED, CAPS_TRACKING)


def _square(brief: Brief) -> Artwork:
    sheet = Sheet(brief.format.size)
    corner = math.hypot(540, 540)
    body, outer = 388, 258

    def room(distance: float, margin: float = 14) -> float:
        return chord(corner - distance, 1080, margin)

    fine = brief.fine_print([room(body + 5, FINE_MARGIN), room(body + 32, FINE_MARGIN)])
    inner = body + 12 + (22 + (len(fine) - 1) * FINE_LEADING if fine else 0)
    _sash(sheet, brief, outer, body, inner)
    _write_across(sheet, fine, (body + inner) / 2, FINE_LEADING, brief.fine_ink(brief.accent))
    middle, leading = (body + outer) / 2, 48
    rooms = [room(middle - 28), room(middle - leading / 2 - 16), room(middle + leading / 2 - 16)]
    lines = _two_at_most(brief.slogan.upper(), rooms, (78, 48, 20))
    _write_across(sheet, lines, middle, leading, brief.ink())
    return Artwork(Overlay(sheet.picture), _plate(sheet, brief, (540, 843), 700, 182, (44, 20), (72, 26)))


def _plate(
    sheet: Sheet,
    brief: Brief,
    middle: tuple[int, int],
    width: int,
    height: int,
    tag_sizes: tuple[int, int],
    sizes: tuple[int, int],
) -> NameSlot:
    """A plate for the name with the hashtag at its foot; without a name, the hashtag's own."""
    x, y = middle
    foot = round(height * 0.363)
    tag = fit(brief.signature, width * 0.8, tag_sizes, (CONDENSED,), 3) if brief.signature else None
    padding, radius = round(width * 0.069), height / 7
    if tag is None:
        plate = Plate(width, round(height * 0.68), radius, WHITE)
        centre = (x, y + round(height * 0.04))
        return NameSlot(
            centre,
            width - 2 * padding,
            round(height * 0.5),
            sizes,
            brief.on_white,
            plate=plate,
            padding=padding,
            narrowest=width // 3,
        )
    if not brief.named:
        half, tall = tag.width / 2 + width * 0.063, height * 0.22
        middle_y = y + height * 0.214
        box = (x - half, middle_y - tall, x + half, middle_y + tall)
        sheet.draw(lambda pen: pen.rounded(box, radius), brief.accent, Shadow(height / 11, 0.36, (0, height // 22)))
        sheet.write(tag, (x, middle_y), brief.on_accent)
    plate = Plate(width, height, radius, WHITE, foot, brief.accent)
    return NameSlot(
        (x, y - round(height * 0.181)),
        width - 2 * padding,
        round(height * 0.52),
        sizes,
        brief.on_white,
        plate=plate,
        plate_centre=(x, y),
        padding=padding,
        narrowest=max(round(width * 0.43), round(tag.width + width * 0.126)),
        caption=Caption(tag, (x, y + height / 2 - foot / 2), brief.on_accent),
    )


def _profile(brief: Brief) -> Artwork:
    """A broad sash: what is left of it at 48 pixels is its diagonal in two colours."""
    sheet = Sheet(brief.format.size)
    corner = math.hypot(200, 200)
    body, outer = 158, 96
    fine = brief.fine_print([chord(corner - body - 4 - 12 * i, 400, 12) for i in range(3)], (12, 8))
    inner = body + (6 + 13 * len(fine) if fine else 12)
    _sash(sheet, brief, outer, body, inner)
    _write_across(sheet, fine, (body + inner) / 2, 13, brief.fine_ink(brief.accent))
    rooms = [chord(corner - at, 400, 8) for at in (110, 104, 132)]
    words = _two_at_most(brief.hashtag or brief.slogan.upper(), rooms, (44, 26, 9))
    _write_across(sheet, words, (body + outer) / 2, words[0].px * 1.08, brief.ink())
    plate = Plate(250, 46, 12, WHITE)
    slot = NameSlot((200, 324), 196, 42, (32, 13), brief.on_white, plate=plate, padding=18, narrowest=90)
    return Artwork(Overlay(sheet.picture), slot, (0, 0, 400, 400))


def _story(brief: Brief) -> Artwork:
    """The photo as a card, with the sash around its corner."""
    sheet = Sheet(brief.format.size)
    card = (80, 290, 1000, 1530)
    width, height = brief.format.size

    def around(pen: Pen) -> None:
        pen.rectangle((0, 0, width, height))
        pen.rounded(card, 26, ink=0)

    outside = mask(around, sheet.size)
    sheet.fill(soft(outside, 22, 0.5), INK)
    sheet.fill(outside, brief.tone())
    body, outer, at = 452, 270, (58, 268)
    _sash(sheet, brief, outer, body, body + 22, at)
    lines = _two_at_most(brief.slogan.upper(), [2 * (distance - 36) for distance in (361, 322, 394)], (110, 68, 20))
    _write_across(sheet, lines, (body + outer) / 2, lines[0].px * 1.06, brief.ink(), at)
    slot = _plate(sheet, brief, (540, 1486), 860, 230, (60, 24), (98, 34))
    fine = Row(brief.sponsor, brief.fine_ink(brief.primary), (26, 12), lines=3, kind="fine")
    column(sheet, brief, [fine], (90, 1612, 990, 1670), "centre")
    return Artwork(Overlay(sheet.picture), slot, (card[0], card[1], card[2] - card[0], card[3] - card[1]))


def _wide(brief: Brief) -> Artwork:
    """A sash runs over the far corner, behind the photo."""
    place = WIDE[brief.format.name]
    far, height = brief.format.size
    sheet = Sheet(brief.format.size)
    hole, edge = place.radius - height / 40, height / 40
    surround(sheet, brief, place.centre, hole, edge, height / 90)

    def band(inner: float, outer: float) -> Callable[[Pen], None]:
        def drawn(pen: Pen) -> None:
            pen.polygon((far - outer, 0), (far - inner, 0), (far, inner), (far, outer))
            pen.disc(place.centre, hole + edge, ink=0)

        return drawn

    wide = far - place.centre[0]
    sheet.draw(band(-height, wide * 1.20), brief.accent, Shadow(height / 26, 0.4, (-3, 4)))
    sheet.draw(band(wide * 0.62, wide * 1.08), brief.tone())
    slot = column(sheet, brief, wide_rows(brief, brief.ink(), brief.bright, brief.slogan.upper()), place.words)
    return Artwork(Overlay(sheet.picture), slot, window(place.centre, hole))
