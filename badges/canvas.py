"""A transparent sheet on which frames are drawn: smooth shapes, soft shadows, gentle gradients, curved words."""

import colorsys
import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

from .text import Line, draw_line, inked, lay

SIDE = 1080  # pixels of the square badge
FINER = 3  # shapes are drawn this much larger, then averaged: edges get smooth in 9 steps and more

Rgb = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels of the badge

WHITE: Rgb = (255, 255, 255)
INK: Rgb = (17, 20, 28)  # near black, softer than black on a screen
READABLE_CONTRAST = 3.0  # WCAG 2.2, level AA for large text, which all words on a badge are but the sponsor's
SMALL_CONTRAST = 4.5  # the same for small text


def rgb(colour: str) -> Rgb:
    """#RRGGBB as three numbers of 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(a: Rgb, b: Rgb, share_of_b: float) -> Rgb:
    """Between two colours: `a` at 0, `b` at 1."""
    red, green, blue = (round(x + (y - x) * share_of_b) for x, y in zip(a, b, strict=True))
    return red, green, blue


def shade(colour: Rgb, lightness: float) -> Rgb:
    """The colour with its lightness multiplied, its hue kept."""
    hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, min(1.0, light * lightness), saturation))
    return red, green, blue


def contrast(a: Rgb, b: Rgb) -> float:
    """The contrast ratio of two colours, 1 to 21, as WCAG defines it."""
    darker, lighter = sorted((_luminance(a), _luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(ground: Rgb, *wishes: Rgb, least: float = READABLE_CONTRAST) -> Rgb:
    """The first wish that can be read on the ground; else white or ink, whichever stands out more."""
    good = (wish for wish in wishes if contrast(wish, ground) >= least)
    return next(good, max((WHITE, INK), key=lambda ink: contrast(ink, ground)))


def _luminance(colour: Rgb) -> float:
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour))
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def gradient(top: Rgb, bottom: Rgb, size: tuple[int, int] = (SIDE, SIDE)) -> Image.Image:
    """A picture that goes from one colour above to another below."""
    ramp = Image.linear_gradient("L").resize(size, Image.Resampling.BICUBIC)
    return Image.merge("RGB", [ramp.point(_between(a, b)) for a, b in zip(top, bottom, strict=True)])


def _between(start: int, end: int) -> list[int]:
    return [round(start + (end - start) * i / 255) for i in range(256)]


class Pen:
    """Draws in pixels of the badge on a mask that is FINER times as large, and notes how far it went."""

    def __init__(self, mask: Image.Image, origin: Point) -> None:
        self.draw = ImageDraw.Draw(mask)
        self.origin = origin
        self.reach: Box = (math.inf, math.inf, -math.inf, -math.inf)

    def scaled(self, *points: Point) -> list[Point]:
        left, top = self.origin
        for x, y in points:
            self.reach = (min(self.reach[0], x), min(self.reach[1], y), max(self.reach[2], x), max(self.reach[3], y))
        return [((x - left) * FINER, (y - top) * FINER) for x, y in points]

    def _round(self, centre: Point, radius: float) -> Box:
        (x, y), r = centre, radius
        (left, top), (right, bottom) = self.scaled((x - r, y - r), (x + r, y + r))
        return left, top, right, bottom

    def polygon(self, *corners: Point, ink: int = 255) -> None:
        self.draw.polygon(self.scaled(*corners), fill=ink)

    def rectangle(self, box: Box, ink: int = 255) -> None:
        (left, top), (right, bottom) = self.scaled(box[:2], box[2:])
        self.draw.rectangle((left, top, right - 1, bottom - 1), fill=ink)

    def disc(self, centre: Point, radius: float, ink: int = 255) -> None:
        self.draw.ellipse(self._round(centre, radius), fill=ink)

    def arc(self, centre: Point, radius: float, degrees: tuple[float, float], width: float) -> None:
        """A stroke along a circle, `radius` to its middle; degrees clockwise from the right."""
        self.draw.arc(self._round(centre, radius + width / 2), *degrees, fill=255, width=round(width * FINER))

    def rounded(self, box: Box, radius: float, ink: int = 255) -> None:
        (left, top), (right, bottom) = self.scaled(box[:2], box[2:])
        self.draw.rounded_rectangle((left, top, right - 1, bottom - 1), radius * FINER, fill=ink)


def mask(shape: Callable[[Pen], None], size: tuple[int, int] = (SIDE, SIDE), origin: Point = (0, 0)) -> Image.Image:
    """What the pen draws, as smooth coverage of 0 to 255."""
    large = Image.new("L", (size[0] * FINER, size[1] * FINER))
    shape(Pen(large, origin))
    return large.reduce(FINER)


def soft(shape: Image.Image, blur: float, opacity: float, shift: tuple[int, int] = (0, 0)) -> Image.Image:
    """The mask of a shadow: moved, blurred and faint."""
    moved = Image.new("L", shape.size)
    moved.paste(shape, shift)
    return moved.filter(ImageFilter.GaussianBlur(blur)).point(_between(0, round(255 * opacity)))


@dataclass(frozen=True)
class Shadow:
    """How a shape darkens what lies under it; pixels, and a share of full ink."""

    blur: float
    opacity: float
    shift: tuple[int, int] = (0, 0)


class Sheet:
    """Layers of colour, one over the other, on a transparent ground."""

    def __init__(self, size: tuple[int, int] = (SIDE, SIDE)) -> None:
        self.picture = Image.new("RGBA", size)

    @property
    def size(self) -> tuple[int, int]:
        return self.picture.size

    def fill(self, shape: Image.Image, colour: Rgb | Image.Image, at: tuple[int, int] = (0, 0)) -> None:
        """Lay a colour, or a picture of the mask's size, where the mask is; `at` is the mask's upper left corner."""
        layer = colour.copy() if isinstance(colour, Image.Image) else Image.new("RGB", shape.size, colour)
        layer.putalpha(shape)
        lay(self.picture, layer, at)

    def draw(self, shape: Callable[[Pen], None], colour: Rgb | Image.Image, shadow: Shadow | None = None) -> None:
        """Fill what the pen draws with a colour or a picture of the sheet's size, over its shadow where it casts one."""
        sketch = Pen(Image.new("L", (1, 1)), (0, 0))
        shape(sketch)
        room = 3 + (3 * shadow.blur + max(map(abs, shadow.shift)) if shadow else 0)
        left, top = (max(0, math.floor(edge - room)) for edge in sketch.reach[:2])
        right, bottom = (
            min(side, math.ceil(edge + room)) for edge, side in zip(sketch.reach[2:], self.size, strict=True)
        )
        if left >= right or top >= bottom:
            return
        drawn = mask(shape, (right - left, bottom - top), (left, top))
        if shadow:
            self.fill(soft(drawn, shadow.blur, shadow.opacity, shadow.shift), INK, (left, top))
        ground = colour.crop((left, top, right, bottom)) if isinstance(colour, Image.Image) else colour
        self.fill(drawn, ground, (left, top))

    def write(self, line: Line, centre: Point, colour: Rgb) -> None:
        """Write a line with the middle of its width and of its capitals at `centre`."""
        draw_line(self.picture, line, centre, colour)

    def write_turned(self, line: Line, centre: Point, degrees: float, colour: Rgb) -> None:
        """Write a line turned counter-clockwise about the middle of its capitals."""
        self._lay_fine(_turned(inked(line.larger(FINER), colour), degrees), centre)

    def write_curved(self, line: Line, centre: Point, radius: float, colour: Rgb, *, below: bool = False) -> None:
        """Write a line along a circle, its capitals' middle at `radius`, upright above or below the centre.

        Each letter is turned as a whole, so none is bent; letters that join stay together as a word would.
        """
        large = line.larger(FINER)
        along, away = -large.width / 2, 1 if below else -1
        for run, advance in large.pieces():
            angle = (along + (advance - large.tracking) / 2) / (radius * FINER)
            turned = _turned(inked(Line((run,), large.face, large.px), colour), math.degrees(angle) * away)
            self._lay_fine(turned, (centre[0] + math.sin(angle) * radius, centre[1] + away * math.cos(angle) * radius))
            along += advance

    def _lay_fine(self, part: Image.Image, centre: Point) -> None:
        """Lay a picture that is FINER times as large with its middle at `centre`, to a third of a pixel."""
        x, y = (round(at * FINER - side / 2) for at, side in zip(centre, part.size, strict=True))
        left, top = x // FINER, y // FINER
        inset = x - left * FINER, y - top * FINER
        width, height = (math.ceil((side + by) / FINER) for side, by in zip(part.size, inset, strict=True))
        padded = Image.new("RGBA", (width * FINER, height * FINER))
        padded.paste(part, inset)
        lay(self.picture, padded.reduce(FINER), (left, top))


def _turned(words: Image.Image, degrees: float) -> Image.Image:
    """Words turned counter-clockwise about their picture's middle, without most of the emptiness around them.

    A letter fills a thirtieth of the picture that it is inked on, and turning is what a frame's drawing waits for.
    """
    box = words.getbbox()
    if box is None:
        return Image.new("RGBA", (2, 2))
    # As much on either side, so that the middle stays the middle; one pixel for the smooth edge.
    left = max(0, min(box[0], words.width - box[2]) - 1)
    top = max(0, min(box[1], words.height - box[3]) - 1)
    near = words.crop((left, top, words.width - left, words.height - top))
    return near.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
