"""Which part of a photo is shown."""

from dataclasses import dataclass

from .errors import PhotoRefused, Problem
from .headers import Size

MOST_ZOOM = 4  # nearer, a phone's photo of a group is a smear

Extent = tuple[float, float]  # width, height of a photo in pixels; of one made smaller, with their fractions
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels of the photo
Part = tuple[int, int, int, int]  # the same in pixels of a window


@dataclass(frozen=True, slots=True)
class Crop:
    """Which part of the upright photo is shown: its centre, in fractions of width and height, and how near.

    At `zoom` 1 it is the largest part that has the window's shape; at 2 half as wide. What would leave the photo is
    moved back into it. Raises PhotoRefused for numbers that are none.
    """

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1 and 1 <= self.zoom <= MOST_ZOOM):
            raise PhotoRefused(Problem.CROP_INVALID, x=self.x, y=self.y, zoom=self.zoom, limit=MOST_ZOOM)

    def box(self, photo: Extent, window: Size) -> Box:
        """The part of an upright photo, in its own pixels, that fills a window of that shape."""
        scale = min(photo[0] / window[0], photo[1] / window[1]) / self.zoom
        width, height = window[0] * scale, window[1] * scale
        left = min(max(self.x * photo[0] - width / 2, 0), photo[0] - width)
        top = min(max(self.y * photo[1] - height / 2, 0), photo[1] - height)
        return left, top, left + width, top + height


CENTRE = Crop()
