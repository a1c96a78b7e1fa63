"""A person's figures as a picture for a phone: a row of bars for each figure, a bar a week, in the campaign's colours.

Each figure has its own row and its own scale: they tell of different things and are never one pile.
"""

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

from .canvas import SMALL_CONTRAST, WHITE, mix, readable, rgb
from .fonts import SANS
from .text import Rgb, clean, draw_line, fit

WIDTH = 1080  # pixels, what a phone shows
MARGIN = 64
HEAD, ROW, FOOT = 150, 270, 84  # heights
BARS = 118  # the height of the longest bar
FINER = 2  # shapes are drawn so many times as large, for smooth edges


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, its sum as it is written, and its count for each week, the latest last."""

    name: str
    total: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn. `weeks` stand under the bars; colours as "#C8102E"."""

    title: str
    weeks: tuple[str, ...]
    figures: tuple[Figure, ...]
    primary: str
    secondary: str
    text: str  # on the primary colour


def draw_chart(chart: Chart) -> bytes:
    """A PNG, 1080 pixels wide; takes about 0.2 s of one core."""
    height = HEAD + ROW * len(chart.figures) + FOOT
    primary, secondary = rgb(chart.primary), rgb(chart.secondary)
    ink = readable(WHITE, secondary, least=SMALL_CONTRAST)
    bar = readable(WHITE, primary, secondary)
    picture = Image.new("RGB", (WIDTH, height), WHITE)
    _shapes(picture, chart, primary, bar)
    _in_middle(
        picture,
        chart.title,
        (WIDTH / 2, HEAD / 2 - 4),
        WIDTH - 2 * MARGIN,
        (54, 30),
        readable(primary, rgb(chart.text)),
    )
    for n, figure in enumerate(chart.figures):
        _words(picture, figure, HEAD + n * ROW, ink, bar)
    for middle, week in zip(_middles(len(chart.weeks)), chart.weeks, strict=True):
        _in_middle(
            picture, week, (middle, height - FOOT / 2 - 4), _step(len(chart.weeks)) - 8, (30, 18), mix(ink, WHITE, 0.25)
        )
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _step(bars: int) -> float:
    return (WIDTH - 2 * MARGIN) / bars


def _middles(bars: int) -> list[float]:
    return [MARGIN + (n + 0.5) * _step(bars) for n in range(bars)]


def _length(count: int, figure: Figure) -> float:
    """Of a bar; the least that is not nothing can be seen."""
    return max(10.0, BARS * count / max(figure.counts)) if count else 0.0


def _shapes(picture: Image.Image, chart: Chart, primary: Rgb, bar: Rgb) -> None:
    """The band of the title and the bars, each on its track; the latest week in full colour, those before it paler."""
    track, before = mix(bar, WHITE, 0.9), mix(bar, WHITE, 0.4)
    boxes: dict[Rgb, list[tuple[float, float, float, float]]] = {track: [], before: [], bar: []}
    for n, figure in enumerate(chart.figures):
        floor, half = HEAD + (n + 1) * ROW - 8, _step(len(figure.counts)) * 0.31
        for middle, count, ink in zip(
            _middles(len(figure.counts)), figure.counts, [*[before] * (len(figure.counts) - 1), bar], strict=True
        ):
            boxes[track].append((middle - half, floor - BARS, middle + half, floor))
            if count:
                boxes[ink].append((middle - half, floor - _length(count, figure), middle + half, floor))
    for ink, shapes in boxes.items():
        mask = Image.new("L", (picture.width * FINER, picture.height * FINER))
        draw = ImageDraw.Draw(mask)
        for box in shapes:
            draw.rounded_rectangle([part * FINER for part in box], 8 * FINER, 255)
        picture.paste(ink, (0, 0), mask.reduce(FINER))
    ImageDraw.Draw(picture).rectangle((0, 0, picture.width, HEAD - 24), primary)


def _words(picture: Image.Image, figure: Figure, top: int, ink: Rgb, bar: Rgb) -> None:
    """Name and sum above the bars, and each count upon its bar."""
    total = fit(clean(figure.total), 300, (58, 30), (SANS,))
    draw_line(picture, total, (WIDTH - MARGIN - total.width / 2, top + 56), bar)
    name = fit(clean(figure.name), WIDTH - 2 * MARGIN - total.width - 30, (42, 24), (SANS,))
    draw_line(picture, name, (MARGIN + name.width / 2, top + 56), ink)
    floor = top + ROW - 8
    for middle, count in zip(_middles(len(figure.counts)), figure.counts, strict=True):
        if count:
            at = (middle, floor - _length(count, figure) - 24)
            _in_middle(picture, str(count), at, _step(len(figure.counts)) - 6, (30, 16), ink)


def _in_middle(
    picture: Image.Image, text: str, at: tuple[float, float], width: float, sizes: tuple[int, int], ink: Rgb
) -> None:
    draw_line(picture, fit(clean(text), width, sizes, (SANS,)), at, ink)
