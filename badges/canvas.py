"""A transparent square on which frames are drawn: smooth shapes, soft shadows, gentle gradients, curved words."""

import colorsys
import math
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .text import Line, draw_line, font

SIDE = 1080  # pixels; a badge is square
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
    """Draws in pixels of the badge on a mask that is FINER times as large."""

    def __init__(self, mask: Image.Image, origin: Point) -> None:
        self.draw = ImageDraw.Draw(mask)
        self.origin = origin

    def scaled(self, *points: Point) -> list[Point]:
        left, top = self.origin
        return [((x - left) * FINER, (y - top) * FINER) for x, y in points]

    def polygon(self, *corners: Point, ink: int = 255) -> None:
        self.draw.polygon(self.scaled(*corners), fill=ink)

    def rectangle(self, box: Box, ink: int = 255) -> None:
        left_top, right_bottom = self.scaled(box[:2], box[2:])
        self.draw.rectangle((left_top, right_bottom), fill=ink)

    def disc(self, centre: Point, radius: float, ink: int = 255) -> None:
        (x, y), r = self.scaled(centre)[0], radius * FINER
        self.draw.ellipse((x - r, y - r, x + r, y + r), fill=ink)

    def arc(self, centre: Point, radius: float, degrees: tuple[float, float], width: float) -> None:
        """A stroke along a circle, `radius` to its middle; degrees clockwise from the right."""
        (x, y), r = self.scaled(centre)[0], (radius + width / 2) * FINER
        self.draw.arc((x - r, y - r, x + r, y + r), *degrees, fill=255, width=round(width * FINER))

    def rounded(self, box: Box, radius: float) -> None:
        (left, top), (right, bottom) = self.scaled(box[:2], box[2:])
        self.draw.rounded_rectangle((left, top, right - 1, bottom - 1), radius * FINER, fill=255)

    def line(self, line: Line, centre: Point) -> None:
        draw_line(self.draw, line.larger(FINER), self.scaled(centre)[0], 255)


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


def turned_line(line: Line, centre: Point, degrees: float) -> Image.Image:
    """The mask of a line of words, turned counter-clockwise about the middle of its capitals."""
    room = math.ceil(line.width + 2 * line.px)
    large = Image.new("L", (room * FINER, 3 * line.px * FINER))
    draw_line(ImageDraw.Draw(large), line.larger(FINER), (large.width / 2, large.height / 2), 255)
    turned = large.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    whole = Image.new("L", (SIDE * FINER, SIDE * FINER))
    left, top = centre[0] * FINER - turned.width / 2, centre[1] * FINER - turned.height / 2
    whole.paste(turned, (round(left), round(top)))
    return whole.reduce(FINER)


def curved_line(line: Line, centre: Point, radius: float, *, below: bool = False) -> Image.Image:
    """The mask of a line of words along a circle, its capitals' middle at `radius`, upright above or below the centre.

    Each letter is turned as a whole, so none is bent; letters that join stay together as a word would.
    """
    large = line.larger(FINER)
    whole = Image.new("L", (SIDE * FINER, SIDE * FINER))
    along = -large.width / 2
    for run, advance in large.pieces():
        patch = Image.new("L", (round(advance) + large.px, 2 * large.px))
        angle = (along + (advance - large.tracking) / 2) / (radius * FINER)
        face = font(run.file, large.px)
        start = (patch.width / 2 - (advance - large.tracking) / 2, patch.height / 2 + large.cap_height / 2)
        ImageDraw.Draw(patch).text(start, run.text, 255, face, anchor="ls", direction=run.direction)
        away = 1 if below else -1
        patch = patch.rotate(math.degrees(angle) * away, Image.Resampling.BICUBIC, expand=True)
        x = centre[0] * FINER + math.sin(angle) * radius * FINER - patch.width / 2
        y = centre[1] * FINER + away * math.cos(angle) * radius * FINER - patch.height / 2
        spot = (round(x), round(y), round(x) + patch.width, round(y) + patch.height)
        whole.paste(ImageChops.lighter(whole.crop(spot), patch), spot)
        along += advance
    return whole.reduce(FINER)


class Sheet:
    """Layers of colour, one over the other, on a transparent ground."""

    def __init__(self, size: tuple[int, int] = (SIDE, SIDE)) -> None:
        self.picture = Image.new("RGBA", size)

    def fill(self, shape: Image.Image, colour: Rgb | Image.Image, at: tuple[int, int] = (0, 0)) -> None:
        """Lay a colour, or a picture of the mask's size, where the mask is; `at` is the mask's upper left corner."""
        layer = colour.copy() if isinstance(colour, Image.Image) else Image.new("RGB", shape.size, colour)
        layer.putalpha(shape)
        self.picture.alpha_composite(layer, at)

    def write(self, line: Line, centre: Point, colour: Rgb) -> None:
        """Write a line with the middle of its width and of its capitals at `centre`."""
        across, down = math.ceil(line.width / 2) + line.px, 2 * line.px
        left, top = max(0, round(centre[0]) - across), max(0, round(centre[1]) - down)
        right, bottom = min(self.picture.width, left + 2 * across), min(self.picture.height, top + 2 * down)
        words = mask(lambda pen: pen.line(line, centre), (right - left, bottom - top), (left, top))
        self.fill(words, colour, (left, top))
