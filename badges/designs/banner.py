"""Bandeau: a slanted panel across the photo, its edge drawn by a stripe; beside it, the photo is cut on the same slant."""

import math
from collections.abc import Callable, Sequence

from ..artwork import Artwork, NameSlot
from ..canvas import Pen, Shadow, Sheet
from ..fonts import CONDENSED, SANS
from ..overlay import Overlay
from ..text import Line, fit, fit_lines
from .kit import FINE_LEADING, SAFE_WIDTH, STORY_WORDS, WIDE, Brief, Row, chord, column, wide_rows, write_lines

SLANT = 0.041  # how much the panel rises towards the right, of its width


def draw(brief: Brief) -> Artwork:
    """The drawing for the brief's format."""
    if brief.format.name == "square":
        return _square(brief)
    if brief.format.name == "profile":
        return _profile(brief)
    return _story(brief) if brief.format.name == "story" else _wide(brief)


def _panel(width: int, height: int, top: float) -> Callable[[Pen], None]:
    rise = SLANT * width / 2
    return lambda pen: pen.polygon((0, top + rise), (width, top - rise), (width, height), (0, height))


def _panels(sheet: Sheet, brief: Brief, top: float, foot: float, stripe: float) -> None:
    """The stripe, the panel under it, and the foot in the stripe's colour."""
    width, height = sheet.size
    shade = Shadow(width / 42, 0.45, (0, -width // 180))
    sheet.draw(_panel(width, height, top - stripe), brief.accent, shade)
    sheet.draw(_panel(width, height, top), brief.tone())
    if foot < height:
        sheet.draw(_panel(width, height, foot), brief.accent)


def _write_on_stripe(sheet: Sheet, brief: Brief, fine: Sequence[Line], middle: float, leading: float) -> None:
    for i, line in enumerate(fine):
        y = middle + (i - (len(fine) - 1) / 2) * leading
        turn = math.degrees(math.atan(SLANT))
        sheet.write_turned(line, (sheet.size[0] / 2, y), turn, brief.fine_ink(brief.accent))


def _square(brief: Brief) -> Artwork:
    sheet = Sheet(brief.format.size)
    fine = brief.fine_print([860, 860])
    stripe = 22 + (22 + (len(fine) - 1) * FINE_LEADING if fine else 0)
    top, foot = 690, 960 if brief.signature else 985
    _panels(sheet, brief, top, foot, stripe)
    _write_on_stripe(sheet, brief, fine, top - stripe / 2, FINE_LEADING)
    rooms = ((SAFE_WIDTH,), (SAFE_WIDTH, SAFE_WIDTH))
    lines = fit_lines(brief.slogan, rooms, (60, 22), CONDENSED, 2)
    slot, middle = NameSlot((540, 786), SAFE_WIDTH, 92, (88, 30), brief.ink()), 880.0
    if len(lines) > 1:
        lines = fit_lines(brief.slogan, rooms, (48, 22), CONDENSED, 2)
        slot, middle = NameSlot((540, 768), SAFE_WIDTH, 84, (76, 30), brief.ink()), 873.0
    if not brief.named:
        lines, middle = fit_lines(brief.slogan, rooms, (92, 30), SANS), 826.0
    write_lines(sheet, lines, (540, middle), brief.bright if brief.named else brief.ink())
    if brief.signature:
        sheet.write(fit(brief.signature, 460, (46, 20), (CONDENSED,), 3), (540, 1005), brief.on_accent)
    return Artwork(Overlay(sheet.picture), slot)


def _profile(brief: Brief) -> Artwork:
    """Two broad fields of colour under the face; the word on the first, the name on the second."""
    sheet = Sheet(brief.format.size)
    fine = brief.fine_print([chord(68, 400, 10)] * 3, (12, 8))
    stripe = 14 + (2 + 12 * len(fine) if fine else 0)
    top = 262 + (8 if fine else 0)
    foot = 334 if brief.named else 350
    _panels(sheet, brief, top, foot, stripe)
    _write_on_stripe(sheet, brief, fine, top - stripe / 2, 12)
    words = fit_lines(brief.hashtag or brief.slogan, ([290], [290, 280]), (54, 10), CONDENSED, 2)
    write_lines(sheet, words, (200, (top + foot) / 2), brief.ink(), 1.05)
    slot = NameSlot((200, 356), 190, 32, (30, 13), brief.on_accent)
    return Artwork(Overlay(sheet.picture), slot, (0, 0, 400, 400))


def _story(brief: Brief) -> Artwork:
    sheet = Sheet(brief.format.size)
    top = 1150
    _panels(sheet, brief, top, 1730, 30)
    left, _, right, bottom = STORY_WORDS
    rows = [
        Row("name" if brief.named else "", brief.ink(), (116, 40), SANS, kind="name"),
        Row(brief.slogan, brief.bright if brief.named else brief.ink(), (110, 34), lines=3, tracking=1, above=0.55),
        Row(brief.signature, brief.ink(), (58, 24), tracking=3, above=0.8),
        Row(brief.sponsor, brief.fine_ink(brief.primary), (26, 12), lines=3, above=1.4, kind="fine"),
    ]
    slot = column(sheet, brief, rows, (left, top + 60, right, bottom), "left")
    return Artwork(Overlay(sheet.picture), slot, (0, 0, 1080, top + 40))


def _wide(brief: Brief) -> Artwork:
    """The photo fills the right side behind a slanted edge; its face stays where a telephone shows it."""
    place = WIDE[brief.format.name]
    width, height = brief.format.size
    sheet = Sheet(brief.format.size)
    lean, stripe = height * 0.13, height * 0.045
    edge = place.centre[0] - place.radius * 0.98
    far = min(width, 2 * place.centre[0] - edge + lean + stripe)

    def beside(shift: float) -> Callable[[Pen], None]:
        return lambda pen: pen.polygon((0, 0), (edge + lean + shift, 0), (edge - lean + shift, height), (0, height))

    def beyond(shift: float) -> Callable[[Pen], None]:
        right = far - shift
        return lambda pen: pen.polygon(
            (right + lean, 0), (width + lean, 0), (width + lean, height), (right - lean, height)
        )

    shade = Shadow(height / 22, 0.45, (3, 0))
    for side in (beside, beyond):
        sheet.draw(side(stripe), brief.accent, shade)
    for side in (beside, beyond):
        sheet.draw(side(0), brief.tone())
    slot = column(sheet, brief, wide_rows(brief, brief.ink(), brief.bright, brief.slogan), place.words)
    left = int(edge - lean)
    return Artwork(Overlay(sheet.picture), slot, (left, 0, min(width, math.ceil(far + lean)) - left, height))
