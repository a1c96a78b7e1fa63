"""The three designs. All keep their words inside the round crop that networks make of a profile picture.

Lengths are pixels of the 1080 x 1080 badge. Words in straight lines stay inside SAFE, the square that a round crop
leaves whole; curved and turned words stay inside the circle itself. The sponsor's words stand
on the stripe in the second colour that each design has, which widens to hold them.
"""

import math
from collections.abc import Callable
from functools import partial

from .artwork import Artwork, Caption, NameSlot, Plate
from .canvas import (
    INK,
    SIDE,
    SMALL_CONTRAST,
    WHITE,
    Pen,
    Rgb,
    Sheet,
    curved_line,
    gradient,
    mask,
    mix,
    readable,
    shade,
    soft,
    turned_line,
)
from .overlay import Overlay
from .text import CONDENSED, LINE_WORTH, SANS, Line, clusters, fit, fit_lines

MIDDLE = SIDE / 2
SAFE = (158, 922)  # 14.6 % clear of each edge: (1 - 1/sqrt(2)) / 2
SAFE_WIDTH = SAFE[1] - SAFE[0]
ROUND_MARGIN = 14  # pixels between words and the edge of a round crop
SHORTEST_STROKE = 8  # degrees; less would look like a stray hyphen
CAPS_TRACKING = 5  # hundredths; capitals need air between them
FINE_SIZES = (22, 8)  # of the sponsor's words: capitals of 15 pixels; wide letters go smaller rather than be cut
FINE_TRACKING = 3  # hundredths
FINE_LEADING = 27
FINE_MARGIN = 40  # pixels between the sponsor's words and the edge of a round crop

Colours = tuple[Rgb, Rgb, Rgb]


def ring(colours: Colours, slogan: str, hashtag: str, sponsor: str, named: bool) -> Artwork:
    """A ring around the photo with the slogan along it above, the hashtag below, and the name on a plate."""
    primary, secondary, text = colours
    centre, band = (MIDDLE, MIDDLE), 492  # radius of the words on the ring
    stripe = 40 if sponsor else 18
    hole = 446 - stripe  # radius of the photo
    sheet = Sheet()

    def around(pen: Pen) -> None:
        pen.rectangle((0, 0, SIDE, SIDE))
        pen.disc(centre, hole, ink=0)

    outside = mask(around)
    sheet.fill(soft(outside, 22, 0.42, (0, 6)), INK)
    sheet.fill(outside, gradient(shade(primary, 1.10), shade(primary, 0.80)))
    # The inner ring lies on the outer: side by side, the ground would show through as a hairline.
    sheet.fill(mask(lambda pen: pen.arc(centre, hole + stripe / 2, (0, 360), stripe)), secondary)
    sheet.fill(mask(lambda pen: pen.arc(centre, hole + 5, (0, 360), 10)), WHITE)
    if sponsor:
        words = fit(sponsor, math.radians(230) * 431, FINE_SIZES, (CONDENSED,), CAPS_TRACKING)
        sheet.fill(curved_line(words, centre, 431), _fine_ink(colours))
    ink = readable(primary, text)
    fine = mix(primary, ink, 0.55)
    above = fit(slogan.upper(), math.radians(216) * band, (54, 20), (CONDENSED,), 8)
    sheet.fill(curved_line(above, centre, band), ink)
    tag_width = 0.0
    if hashtag:
        below = fit(hashtag, math.radians(100) * band, (44, 20), (CONDENSED,), 4)
        sheet.fill(curved_line(below, centre, band, below=True), readable(primary, secondary, text))
        tag_width = math.degrees(below.width / band)
    # A fine line goes on where the words end, and meets itself below when there is no hashtag.
    start, end = 276 + math.degrees(above.width / band) / 2, 444 - tag_width / 2
    for stroke in [(start, end), (180 - end, 180 - start)] if hashtag else [(start, 900 - start)]:
        if stroke[1] - stroke[0] > SHORTEST_STROKE:
            sheet.fill(mask(partial(Pen.arc, centre=centre, radius=band, degrees=stroke, width=4)), fine)
    plate = Plate(700, 112, 56, WHITE)
    name = NameSlot((MIDDLE, 862), 592, (66, 30), readable(WHITE, shade(primary, 0.85)), plate, None, 54, 220)
    edge = round(MIDDLE - hole) - 2
    return Artwork(Overlay(sheet.picture), name, (edge, edge, SIDE - 2 * edge, SIDE - 2 * edge))


def banner(colours: Colours, slogan: str, hashtag: str, sponsor: str, named: bool) -> Artwork:
    """A slanted panel across the foot of the photo: the name, large, the slogan under it, the hashtag at the foot."""
    primary, secondary, text = colours
    sheet = Sheet()
    slant = 44  # how much higher the panel is on the right

    def panel(top: float) -> Callable[[Pen], None]:
        rise = slant / 2
        return lambda pen: pen.polygon((0, top + rise), (SIDE, top - rise), (SIDE, SIDE), (0, SIDE))

    top, foot = 690, 960 if hashtag else 985
    fine = _fine_print(sponsor, 860, 860)
    stripe = 22 + _growth(fine)
    edge = mask(panel(top - stripe))
    sheet.fill(soft(edge, 26, 0.45, (0, -6)), INK)
    sheet.fill(edge, secondary)
    sheet.fill(mask(panel(top)), gradient(shade(primary, 1.12), shade(primary, 0.78)))
    sheet.fill(mask(panel(foot)), secondary)
    for i, line in enumerate(fine):
        y = top - stripe / 2 + (i - (len(fine) - 1) / 2) * FINE_LEADING
        sheet.fill(turned_line(line, (MIDDLE, y), math.degrees(math.atan(slant / SIDE))), _fine_ink(colours))
    ink = readable(primary, text)
    whole_width = ((SAFE_WIDTH,), (SAFE_WIDTH, SAFE_WIDTH))
    lines = fit_lines(slogan, whole_width, (60, 22), CONDENSED, 2)
    name = NameSlot((MIDDLE, 786), SAFE_WIDTH, (88, 34), ink)
    middle = 880
    if len(lines) > 1:
        lines = fit_lines(slogan, whole_width, (48, 22), CONDENSED, 2)
        name = NameSlot((MIDDLE, 768), SAFE_WIDTH, (76, 34), ink)
        middle = 873
    if not named:
        lines = fit_lines(slogan, whole_width, (92, 30), SANS)
        middle = 826
    leading = lines[0].px * 1.14
    for i, line in enumerate(lines):
        y = middle + (i - (len(lines) - 1) / 2) * leading
        sheet.write(line, (MIDDLE, y), readable(primary, secondary, text) if named else ink)
    if hashtag:
        tag = fit(hashtag, 440, (46, 20), (CONDENSED,), 3)
        sheet.write(tag, (MIDDLE, 1005), readable(secondary, shade(primary, 0.7), text))
    return Artwork(Overlay(sheet.picture), name)


def ribbon(colours: Colours, slogan: str, hashtag: str, sponsor: str, named: bool) -> Artwork:
    """A sash across the upper left corner with the slogan, and the name on a plate at the foot with the hashtag."""
    primary, secondary, text = colours
    sheet = Sheet()
    body, outer = 388, 258  # distances of the sash's edges from the corner, square to it
    fine = _fine_print(sponsor, _room(body + 5, FINE_MARGIN), _room(body + 32, FINE_MARGIN))
    inner = body + 12 + _growth(fine)

    def corner(distance: float) -> Callable[[Pen], None]:
        reach = distance * math.sqrt(2)
        return lambda pen: pen.polygon((0, 0), (reach, 0), (0, reach))

    sash = mask(corner(inner))
    sheet.fill(soft(sash, 20, 0.45, (6, 8)), INK)
    sheet.fill(sash, secondary)
    sheet.fill(mask(corner(body)), gradient(shade(primary, 1.12), shade(primary, 0.9)))
    sheet.fill(mask(corner(outer)), secondary)
    for i, line in enumerate(fine):
        away = ((body + inner) / 2 + (i - (len(fine) - 1) / 2) * FINE_LEADING) / math.sqrt(2)
        sheet.fill(turned_line(line, (away, away), 45), _fine_ink(colours))
    middle, leading = (body + outer) / 2, 48
    lines = fit_lines(slogan.upper(), ((_room(middle - 28),),), (78, 20), CONDENSED, CAPS_TRACKING)
    if lines[0].px < 50:  # in two, the one nearer to the middle of the picture has more room
        rooms = (_room(middle - leading / 2 - 16), _room(middle + leading / 2 - 16))
        lines = fit_lines(slogan.upper(), ((rooms[0],), rooms), (48, 20), CONDENSED, CAPS_TRACKING)
    for i, line in enumerate(lines):
        away = (middle + (i - (len(lines) - 1) / 2) * leading) / math.sqrt(2)
        sheet.fill(turned_line(line, (away, away), 45), readable(primary, text))
    name_ink = readable(WHITE, shade(primary, 0.85))
    tag_ink = readable(secondary, shade(primary, 0.7), text)
    if not hashtag:
        plate = Plate(700, 124, 26, WHITE)
        return Artwork(Overlay(sheet.picture), NameSlot((MIDDLE, 850), 604, (74, 30), name_ink, plate, None, 48, 240))
    tag = fit(hashtag, 560, (44, 20), (CONDENSED,), 3)
    if not named:
        chip = mask(lambda pen: pen.rounded((MIDDLE - tag.width / 2 - 44, 842, MIDDLE + tag.width / 2 + 44, 922), 24))
        sheet.fill(soft(chip, 16, 0.36, (0, 8)), INK)
        sheet.fill(chip, secondary)
        sheet.write(tag, (MIDDLE, 882), tag_ink)
    plate = Plate(700, 182, 26, WHITE, 66, secondary)
    caption = Caption(tag, (MIDDLE, 901), tag_ink)
    narrowest = max(300, round(tag.width) + 88)
    name = NameSlot((MIDDLE, 810), 604, (72, 30), name_ink, plate, (MIDDLE, 843), 48, narrowest, caption)
    return Artwork(Overlay(sheet.picture), name)


def _fine_print(sponsor: str, *widths: float) -> list[Line]:
    """The sponsor's words in one or two lines, from the upper down; none without words."""
    if not sponsor:
        return []
    lines = fit_lines(sponsor, (widths[:1], widths), FINE_SIZES, CONDENSED, FINE_TRACKING)
    # An address that is too long for one line goes on in the next, where that makes it larger.
    letters = clusters(sponsor)
    halves = ["".join(part).strip() for part in (letters[: len(letters) // 2], letters[len(letters) // 2 :])]
    px = min(
        fit(half, width, FINE_SIZES, (CONDENSED,), FINE_TRACKING).px for half, width in zip(halves, widths, strict=True)
    )
    if px >= LINE_WORTH * lines[0].px:
        sizes = (px, FINE_SIZES[1])
        return [
            fit(half, width, sizes, (CONDENSED,), FINE_TRACKING) for half, width in zip(halves, widths, strict=True)
        ]
    return lines


def _growth(fine: list[Line]) -> int:
    """By how much the stripe has to widen."""
    return 22 + (len(fine) - 1) * FINE_LEADING if fine else 0


def _fine_ink(colours: Colours) -> Rgb:
    primary, secondary, _ = colours
    return readable(secondary, shade(primary, 0.7), INK, WHITE, least=SMALL_CONTRAST)


def _room(distance: float, margin: float = ROUND_MARGIN) -> float:
    """How long a line across the corner may be, `distance` pixels from it, to keep clear of the round crop's edge."""
    away = math.hypot(MIDDLE, MIDDLE) - distance
    return 2 * math.sqrt((MIDDLE - margin) ** 2 - away**2)


Design = Callable[[Colours, str, str, str, bool], Artwork]
DRAWN: dict[str, Design] = {"ring": ring, "banner": banner, "ribbon": ribbon}
SAME_WITHOUT_NAME = frozenset({"ring"})  # its plate simply stays away
