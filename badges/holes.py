"""Where a frame's picture lets the photo through."""

import re
from dataclasses import dataclass

from PIL import Image

OPEN = 32  # below this much coverage, of 255, the photo is seen as good as whole
CLOSED = 250  # from this much on, nothing of the photo is seen; in between are smooth edges and soft shadows
LEAST = 0.04  # of the picture: what is smaller is the inside of a letter
CLOSED_IN = 0.10  # of the picture: a hole of this size with a frame all around it is the photo's, whatever lies outside
SEEN = re.compile(rb"\x01+")

Box = tuple[int, int, int, int]


@dataclass
class Area:
    """A connected area that is seen through: its box, and how many of its pixels are quite open."""

    left: int
    top: int
    right: int
    bottom: int
    pixels: int

    def join(self, other: "Area") -> None:
        self.left, self.top = min(self.left, other.left), min(self.top, other.top)
        self.right, self.bottom = max(self.right, other.right), max(self.bottom, other.bottom)
        self.pixels += other.pixels


def find_hole(coverage: Image.Image) -> Box | None:
    """The window that a picture's coverage (mode L) leaves for a photo: left, top, width, height in pixels.

    It is the largest area that is seen through, its soft edges with it. An area which the frame closes in goes before
    one that reaches the picture's border, such as what lies outside of a round frame. None where there is no hole.
    """
    width, height = coverage.size
    areas = _areas(coverage)
    whole = width * height
    closed_in = [
        a
        for a in areas
        if a.left > 0 and a.top > 0 and a.right < width and a.bottom < height and a.pixels >= CLOSED_IN * whole
    ]
    found = max(closed_in or areas, key=lambda area: area.pixels, default=None)
    if found is None or found.pixels < LEAST * whole:
        return None
    return found.left, found.top, found.right - found.left, found.bottom - found.top


def _areas(coverage: Image.Image) -> list[Area]:
    """The connected areas, row by row: each stretch of a row joins those of the row above that it touches."""
    width, height = coverage.size
    seen = coverage.point([1] * CLOSED + [0] * (256 - CLOSED)).tobytes()
    quite = coverage.point([1] * OPEN + [0] * (256 - OPEN)).tobytes()
    parents: list[int] = []
    areas: list[Area] = []

    def root(label: int) -> int:
        while parents[label] != label:
            parents[label] = parents[parents[label]]
            label = parents[label]
        return label

    above: list[tuple[int, int, int]] = []  # start, end, label
    for y in range(height):
        row: list[tuple[int, int, int]] = []
        for stretch in SEEN.finditer(seen, y * width, (y + 1) * width):
            start, end = stretch.start() - y * width, stretch.end() - y * width
            label = len(parents)
            parents.append(label)
            areas.append(Area(start, y, end, y + 1, quite.count(1, y * width + start, y * width + end)))
            for other_start, other_end, other in above:
                if other_start < end and start < other_end and root(other) != root(label):
                    joined, kept = root(label), root(other)
                    parents[joined] = kept
                    areas[kept].join(areas[joined])
            row.append((start, end, label))
        above = row
    return [area for label, area in enumerate(areas) if parents[label] == label]
