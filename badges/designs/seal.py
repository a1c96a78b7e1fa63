"""Sceau: a notched seal with the hashtag around a star, pressed on the edge of a hill of colour."""

import math
from functools import partial

from ..artwork import Artwork
from ..canvas import Pen, Point, Rgb, Shadow, Sheet, mix
from ..fonts import CONDENSED, SANS
from ..overlay import Overlay
from ..text import fit
from .kit import SAFE, WIDE, Brief, Row, column, wide_rows
from .ring import surround, window

NOTCHES = 28


def draw(brief: Brief) -> Artwork:
    """The drawing for the brief's format."""
    if brief.format.name == "square":
        return _square(brief)
    if brief.format.name == "profile":
        return _profile(brief)
    return _story(brief) if brief.format.name == "story" else _wide(brief)


def _star(centre: Point, radius: float, points: int = 5, inner: float = 0.4, turn: float = 0) -> list[Point]:
    corners = []
    for i in range(2 * points):
        reach = radius if i % 2 == 0 else radius * inner
        angle = math.pi * i / points + math.radians(turn)
        corners.append((centre[0] + math.sin(angle) * reach, centre[1] - math.cos(angle) * reach))
    return corners


def _seal(sheet: Sheet, brief: Brief, centre: Point, radius: float, words: str) -> None:
    """The seal, slightly turned as a stamp is; without words, a larger star."""
    rim = _star(centre, radius, NOTCHES, 0.92, 4)
    sheet.draw(lambda pen: pen.polygon(*rim), brief.accent, Shadow(radius / 8, 0.4, (0, round(radius / 24))))
    ink = brief.on_accent
    for reach, width in ((0.86, 0.022), (0.50, 0.016)) if words else ((0.84, 0.035),):
        circle = partial(Pen.arc, centre=centre, radius=radius * reach, degrees=(0, 360), width=max(1, radius * width))
        sheet.draw(circle, ink)
    sheet.draw(lambda pen: pen.polygon(*_star(centre, radius * (0.33 if words else 0.6), turn=-8)), ink)
    if not words:
        return
    band = radius * 0.68
    # Twice around where that is large enough, so that the seal is full.
    sizes = (round(radius * 0.27), 6)
    half = fit(words, math.radians(148) * band, sizes, (CONDENSED,), 5)
    if half.px >= radius * 0.15:
        sheet.write_curved(half, centre, band, ink)
        sheet.write_curved(half, centre, band, ink, below=True)
        for side in (-1, 1):
            dot = (centre[0] + side * band, centre[1])
            sheet.draw(partial(Pen.disc, centre=dot, radius=radius * 0.035), ink)
    else:
        sheet.write_curved(fit(words, math.radians(325) * band, sizes, (CONDENSED,), 5), centre, band, ink)


def _hill(sheet: Sheet, brief: Brief, crest: Point, radius: float) -> None:
    """A great disc that rises from below, with a rim in a lighter and one in a darker tone."""
    x, y = crest
    width = sheet.size[0]
    shadow = Shadow(width / 42, 0.42, (0, -width // 200))
    rims: tuple[tuple[float, Rgb], ...] = ((0.034, mix(brief.primary, brief.ink(), 0.82)), (0.022, brief.dark))
    for i, (lift, colour) in enumerate(rims):
        disc = partial(Pen.disc, centre=(x, y - lift * width + radius), radius=radius)
        sheet.draw(disc, colour, None if i else shadow)
    sheet.draw(partial(Pen.disc, centre=(x, y + radius), radius=radius), brief.tone())


def _square(brief: Brief) -> Artwork:
    sheet = Sheet(brief.format.size)
    _hill(sheet, brief, (430, 640), 1500)
    _seal(sheet, brief, (790, 566), 156, brief.hashtag)
    rows = [
        Row("name" if brief.named else "", brief.ink(), (100, 30), SANS, kind="name"),
        Row(brief.slogan, brief.bright if brief.named else brief.ink(), (74, 22), lines=2, tracking=2, above=0.55),
        Row(brief.section, brief.ink(), (38, 18), tracking=3, above=0.7),
        Row(brief.sponsor, brief.fine_ink(brief.primary), (22, 9), lines=3, above=0.9, kind="fine"),
    ]
    slot = column(sheet, brief, rows, (SAFE[0], 738, SAFE[1], 908), "left", 0.5)
    return Artwork(Overlay(sheet.picture), slot)


def _profile(brief: Brief) -> Artwork:
    """The hill and a large seal with a star: two shapes in two colours at 48 pixels."""
    sheet = Sheet(brief.format.size)
    _hill(sheet, brief, (170, 268), 560)
    _seal(sheet, brief, (306, 218), 60, "")
    rows = [
        Row(brief.hashtag or brief.slogan, brief.ink(), (46, 11), lines=2, tracking=2, leading=1.05),
        Row("name" if brief.named else "", brief.bright, (28, 13), SANS, above=0.6, kind="name"),
        Row(brief.sponsor, brief.fine_ink(brief.primary), (11, 8), lines=3, above=0.9, kind="fine"),
    ]
    slot = column(sheet, brief, rows, (88, 296, 312, 358), "centre", 0.2)
    return Artwork(Overlay(sheet.picture), slot, (0, 0, 400, 400))


def _story(brief: Brief) -> Artwork:
    sheet = Sheet(brief.format.size)
    _hill(sheet, brief, (400, 1090), 1900)
    _seal(sheet, brief, (790, 1030), 210, brief.hashtag)
    rows = [
        Row("name" if brief.named else "", brief.ink(), (110, 40), SANS, kind="name"),
        Row(brief.slogan, brief.bright if brief.named else brief.ink(), (124, 34), lines=3, tracking=1, above=0.5),
        Row(brief.signature, brief.ink(), (56, 24), tracking=3, above=0.8),
        Row(brief.sponsor, brief.fine_ink(brief.primary), (26, 12), lines=3, above=1.1, kind="fine"),
    ]
    slot = column(sheet, brief, rows, (90, 1260, 990, 1670), "left", 0.4)
    return Artwork(Overlay(sheet.picture), slot, (0, 0, 1080, 1220))


def _wide(brief: Brief) -> Artwork:
    """Hills behind the words; the seal on the photo's rim."""
    place = WIDE[brief.format.name]
    height = brief.format.height
    sheet = Sheet(brief.format.size)
    hole = place.radius - height / 40
    surround(sheet, brief, place.centre, hole, height / 50, 0)

    def hill(pen: Pen) -> None:
        pen.disc((0.2 * sheet.size[0], 5.7 * height), 5 * height)
        pen.disc(place.centre, hole + height / 50, ink=0)

    sheet.draw(hill, mix(brief.primary, brief.dark, 0.45))
    slot = column(sheet, brief, wide_rows(brief, brief.ink(), brief.bright, brief.slogan), place.words)
    angle = math.radians(128)
    at = (place.centre[0] + math.sin(angle) * hole, place.centre[1] - math.cos(angle) * hole)
    _seal(sheet, brief, at, place.radius * 0.42, "")
    return Artwork(Overlay(sheet.picture), slot, window(place.centre, hole))
