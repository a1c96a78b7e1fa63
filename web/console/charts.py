"""Charts as plain shapes in a page: no script draws them, no style is written into them, and a table stands under each."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1000, 100  # of the drawing, which the page stretches


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars in a drawing of WIDTH x HEIGHT; `names` stand under it, evenly from left to right."""

    title: str
    bars: tuple[Bar, ...]
    highest: str
    names: tuple[str, ...]


def columns(title: str, labels: Sequence[str], counts: Sequence[int], written: Sequence[str]) -> Chart:
    """A bar a count; the highest is as high as the drawing. Nothing to see where all are 0."""
    highest = max([*counts, 1])
    step = WIDTH / max(1, len(counts))
    bars = []
    for n, count in enumerate(counts):
        tall = round(HEIGHT * count / highest, 1)
        bars.append(
            Bar(round((n + 0.1) * step, 1), round(HEIGHT - tall, 1), round(step * 0.8, 1), tall, labels[n], written[n])
        )
    top = counts.index(max(counts)) if counts else 0
    names = tuple(dict.fromkeys(labels[n] for n in (0, len(labels) // 2, len(labels) - 1))) if labels else ()
    return Chart(title, tuple(bars), written[top] if counts else "", names)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar that lies on its side."""

    kind: str
    x: float
    width: float


def pieces(parts: Sequence[tuple[str, int]]) -> tuple[Piece, ...]:
    """The parts of a whole from left to right, out of WIDTH."""
    whole = sum(count for _kind, count in parts)
    found, x = [], 0.0
    for kind, count in parts:
        width = WIDTH * count / whole if whole else 0.0
        if width:
            found.append(Piece(kind, round(x, 1), round(width, 1)))
        x += width
    return tuple(found)


def heat(rows: Sequence[Sequence[int]], levels: int = 6) -> list[list[int]]:
    """How strongly each cell is coloured, 0 to `levels`: a share of the highest; what is not 0 is 1 at least."""
    highest = max([1, *(max(row, default=0) for row in rows)])
    return [[-(-count * levels // highest) for count in row] for row in rows]
