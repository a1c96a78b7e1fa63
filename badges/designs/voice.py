"""La voix: the person speaks. The slogan stands in a speech bubble whose tail comes from the photo."""

import math
from collections.abc import Callable, Sequence
from functools import partial

from ..artwork import Artwork, NameSlot, Plate
from ..canvas import WHITE, Box, Pen, Point, Shadow, Sheet
from ..fonts import CONDENSED, SANS
from ..overlay import Overlay
from .kit import WIDE, Brief, Row, column
from .ring import surround, window

SOUND = (-52, -22, 8)  # degrees from straight up at which the strokes of sound go out


def draw(brief: Brief) -> Artwork:
    """The drawing for the brief's format."""
    if brief.format.name == "square":
        return _square(brief)
    if brief.format.name == "profile":
        return _profile(brief)
    return _story(brief) if brief.format.name == "story" else _wide(brief)


def _bubble(box: Box, radius: float, tail: tuple[Point, Point, Point]) -> Callable[[Pen], None]:
    """A rounded bubble with its tail: two points on the bubble, and the tip between them."""

    def drawn(pen: Pen) -> None:
        pen.rounded(box, radius)
        pen.polygon(*tail)

    return drawn


def _polygon(pen: Pen, corners: Sequence[Point]) -> None:
    pen.polygon(*corners)


def _sound(sheet: Sheet, brief: Brief, at: Point, size: float, turn: float = 0) -> None:
    """Three strokes that go out from a point, as cartoonists draw a loud voice."""
    for degrees in SOUND:
        angle = math.radians(degrees + turn)
        across, up = math.sin(angle), -math.cos(angle)
        start, end = 0.42 * size, size
        corners = [
            (at[0] + across * reach - up * side * size * 0.085, at[1] + up * reach + across * side * size * 0.085)
            for reach, side in ((start, -0.7), (end, -1.0), (end, 1.0), (start, 0.7))
        ]
        sheet.draw(partial(_polygon, corners=corners), brief.accent, Shadow(size / 9, 0.3, (0, 2)))


def _square(brief: Brief) -> Artwork:
    sheet = Sheet(brief.format.size)
    top, bottom = 600, 868 if brief.named else 884
    box = (128, top, 952, bottom)
    tail = ((360, top + 40), (490, top + 40), (374, top - 86))
    sheet.draw(_bubble(box, 64, tail), brief.tone(), Shadow(24, 0.42, (0, 10)))
    _sound(sheet, brief, (868, top + 6), 118, 34)
    inside = (176, top + 30, 904, bottom - (58 if brief.named else 30))
    rows = [
        Row(brief.slogan, brief.ink(), (104, 22), SANS, lines=3, leading=1.08),
        Row(brief.signature, brief.bright, (42, 18), tracking=3, above=0.75),
        Row(brief.sponsor, brief.fine_ink(brief.primary), (22, 9), lines=3, above=0.9, kind="fine"),
    ]
    column(sheet, brief, rows, inside, "centre")
    plate = Plate(640, 96, 48, brief.accent)
    slot = NameSlot((540, 876), 540, 78, (58, 24), brief.on_accent, plate=plate, padding=46, narrowest=210)
    return Artwork(Overlay(sheet.picture), slot)


def _profile(brief: Brief) -> Artwork:
    """One large bubble: what is left of it at 48 pixels is its shape, tail and all."""
    sheet = Sheet(brief.format.size)
    top, bottom = 248, 336
    box = (42, top, 358, bottom)
    tail = ((118, top + 20), (182, top + 20), (124, top - 44))
    sheet.draw(_bubble(box, 30, tail), brief.tone(), Shadow(10, 0.42, (0, 4)))
    _sound(sheet, brief, (330, top + 4), 56, 34)
    rows = [
        Row(brief.hashtag or brief.slogan, brief.ink(), (60, 12), lines=2, tracking=1, leading=1.05),
        Row(brief.sponsor, brief.fine_ink(brief.primary), (12, 8), lines=3, above=1.0, kind="fine"),
    ]
    column(sheet, brief, rows, (60, top + 12, 340, bottom - (24 if brief.named else 12)), "centre")
    plate = Plate(214, 40, 20, brief.accent)
    slot = NameSlot((200, 342), 182, 34, (28, 11), brief.on_accent, plate=plate, padding=16, narrowest=84)
    return Artwork(Overlay(sheet.picture), slot, (0, 0, 400, 400))


def _story(brief: Brief) -> Artwork:
    sheet = Sheet(brief.format.size)
    top, bottom = 1090, 1560 if brief.named else 1610
    tail = ((270, top + 60), (460, top + 60), (290, top - 150))
    sheet.draw(_bubble((70, top, 1010, bottom), 90, tail), brief.tone(), Shadow(34, 0.45, (0, 14)))
    _sound(sheet, brief, (900, top + 10), 190, 34)
    rows = [
        Row(brief.slogan, brief.ink(), (130, 34), SANS, lines=4, leading=1.06),
        Row(brief.signature, brief.bright, (62, 24), tracking=3, above=0.8),
        Row(brief.sponsor, brief.fine_ink(brief.primary), (26, 12), lines=3, above=1.0, kind="fine"),
    ]
    column(sheet, brief, rows, (140, top + 60, 940, bottom - (100 if brief.named else 60)), "centre")
    plate = Plate(820, 136, 68, brief.accent)
    slot = NameSlot((540, 1572), 700, 110, (86, 34), brief.on_accent, plate=plate, padding=60, narrowest=280)
    return Artwork(Overlay(sheet.picture), slot, (0, 0, *brief.format.size))


def _wide(brief: Brief) -> Artwork:
    """The bubble on the left, white on the campaign's colour, its tail towards the photo."""
    place = WIDE[brief.format.name]
    big = brief.format.height / 360
    sheet = Sheet(brief.format.size)
    hole = place.radius - 8 * big
    surround(sheet, brief, place.centre, hole, 8 * big, 0)
    left, top, right, bottom = place.words
    name_room = 58 * big if brief.named else 0
    end = place.centre[0] - place.radius - 20 * big
    low = bottom - name_room
    middle = (top + low) / 2
    tail = ((end - 14, middle - 4 * big), (end - 14, middle + 40 * big), (end + 34 * big, middle + 30 * big))
    sheet.draw(_bubble((left, top, end, low), 26 * big, tail), WHITE, Shadow(10 * big, 0.35, (0, round(4 * big))))
    angle = math.radians(42)
    edge = (place.centre[0] + math.sin(angle) * place.radius, place.centre[1] - math.cos(angle) * place.radius)
    _sound(sheet, brief, edge, 44 * big, 64)
    rows = [
        Row(brief.slogan, brief.on_white, (round(64 * big), 13), SANS, lines=4, leading=1.08),
        Row(brief.signature, brief.on_white, (round(27 * big), 12), tracking=2, above=0.8),
        Row(brief.sponsor, brief.fine_ink(WHITE), (round(12 * big), 8), CONDENSED, lines=4, above=1.2, kind="fine"),
    ]
    pad = 20 * big
    column(sheet, brief, rows, (left + pad, top + pad * 0.8, end - pad, low - pad * 0.8))
    width = round(right - left)
    centre = ((left + right) / 2, bottom - 22 * big)
    slot = NameSlot(centre, width, round(44 * big), (round(38 * big), round(15 * big)), brief.ink(), align="left")
    return Artwork(Overlay(sheet.picture), slot, window(place.centre, hole))
