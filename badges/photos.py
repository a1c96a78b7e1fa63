"""A photo as it was sent goes in, upright parts of it in plain RGB come out.

Nothing is decoded before the header has been checked, and what a decode will cost in memory is known from the header.
"""

from collections.abc import Iterable
from functools import cached_property

from PIL import Image

from . import faces
from .colours import flat, in_srgb
from .crops import CENTRE, Box, Crop, Extent, Part
from .decoding import SIDEWAYS, Decoded, decoded
from .headers import Size
from .scaling import resized

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Photo:
    """A photo decoded once, from which any number of windows are filled. Made by `open_photo`."""

    def __init__(self, photo: Decoded) -> None:
        self._photo = photo
        self._sideways = photo.orientation in SIDEWAYS
        width, height = photo.extent
        self.extent = (height, width) if self._sideways else (width, height)

    def filled(self, window: Size, crop: Crop = CENTRE, part: Part | None = None) -> Image.Image:
        """What shows in a window of that size: upright, mode RGB in sRGB, with no metadata.

        With `part`, a box in the window, only this part is made and returned: what a frame hides is not computed.
        """
        turned = self._photo.orientation
        left, top, right, bottom = crop.box(self.extent, window)
        across, down = (right - left) / window[0], (bottom - top) / window[1]
        part = part or (0, 0, *window)
        shown = (left + part[0] * across, top + part[1] * down, left + part[2] * across, top + part[3] * down)
        size = part[2] - part[0], part[3] - part[1]
        stored = _as_stored(shown, self.extent, turned)
        filled = resized(self._photo.picture, stored, size[::-1] if self._sideways else size)
        if turned in TURNS:  # the small picture is turned, not the large one
            filled = filled.transpose(TURNS[turned])
        return flat(in_srgb(filled, self._photo.profile))

    def automatic(self, window: Size, part: Part) -> Crop:
        """The crop that shows the faces in `part`, the box of the window that a frame leaves open; else the middle."""
        return faces.crop_around(self._faces, self.extent, window, part)

    @cached_property
    def _faces(self) -> tuple[faces.Face, ...]:
        return faces.find(self.filled(faces.size_looked_at(self.extent)).convert("L"))


def open_photo(photo: bytes, windows: Iterable[Size], crop: Crop | None = None) -> Photo:
    """Decode a photo, to no more pixels than the largest of these windows needs at this crop, or at an automatic one.

    Raises PhotoRefused for whatever cannot be used; no exception of the decoders comes through.
    """
    sizes, near = list(windows), crop or CENTRE

    def shrink(upright: Size) -> float:
        boxes = (near.box(upright, window) for window in sizes)
        return min((box[2] - box[0]) / window[0] for box, window in zip(boxes, sizes, strict=True))

    return Photo(decoded(photo, shrink))


def _as_stored(box: Box, upright: Extent, orientation: int) -> Box:
    """Where a box of the upright photo lies in the photo as stored: the turn undone."""
    (left, top, right, bottom), (width, height) = box, upright
    if orientation in SIDEWAYS:
        left, top, right, bottom = top, left, bottom, right
        width, height = height, width
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
