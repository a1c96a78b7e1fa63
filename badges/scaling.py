"""Pictures in plain modes, and parts of them at another size: the one step that touches each pixel, by the fastest way at hand.

The ways agree within what the eye can tell; `cykooz-resizer` does Lanczos in a quarter of the time that Pillow takes
for Hamming. Without its wheel Pillow does all.
"""

import math
from typing import Any, Protocol

from PIL import Image

from .crops import Box
from .headers import Size
from .wheels import wheel

resizer = wheel("cykooz_resizer")

# A reduction to less than this above the target blurs (10 dB at 1.04 by libjpeg's smallest inverse transform).
MARGIN = 1.25
STRIP_PIXELS = 1_000_000  # how much of a large picture is converted at a time
LARGE = 8_000_000  # pixels; more go through strips, which bounds what a resize keeps in between
MOST_PLAIN = 64_000_000  # bytes of a plain picture, whatever its zoom asks for
PLAIN_MODES = ("RGB", "L", "CMYK", "RGBA")  # resized as they are


class Rows(Protocol):
    """Pixels of which a part can be taken: a picture, or what a decoder still holds."""

    @property
    def mode(self) -> str: ...
    @property
    def size(self) -> Size: ...
    @property
    def info(self) -> dict[Any, Any]: ...
    def crop(self, box: tuple[int, int, int, int]) -> Image.Image: ...


def resized(picture: Image.Image, box: Box, size: Size) -> Image.Image:
    """A box of a plain picture at that size. What leaves the picture by a hair is cut off."""
    box = (max(0, box[0]), max(0, box[1]), min(picture.width, box[2]), min(picture.height, box[3]))
    if resizer is not None:
        return _by_resizer(picture, box, size)
    # Hamming is as near to Lanczos as the eye can tell and takes half the time, but only where pixels are merged.
    shrinks = box[2] - box[0] >= size[0]
    return picture.resize(size, Image.Resampling.HAMMING if shrinks else Image.Resampling.BICUBIC, box=box)


def _by_resizer(picture: Image.Image, box: Box, size: Size) -> Image.Image:
    small = Image.new(picture.mode, size)
    options = resizer.ResizeOptions(
        resize_alg=resizer.ResizeAlg.convolution(resizer.FilterType.lanczos3),
        crop_box=resizer.CropBox(box[0], box[1], box[2] - box[0], box[3] - box[1]),
    )
    resizer.Resizer().resize_pil(picture, small, options)
    return small


def plain(rows: Rows, shrink: float, most: int = MOST_PLAIN) -> tuple[Image.Image, int]:
    """All of a picture in one of PLAIN_MODES, and by which whole number it was made smaller on the way.

    `shrink` is how many of its pixels go into one of the finished picture, along a side. What needs no conversion and
    is not LARGE is handed back as it is. The rest goes strip by strip, since a second copy of 25 megapixels would take
    100 MB, and is made smaller while it stays MARGIN larger than it is to be, or until it takes `most` bytes.
    """
    see_through = "transparency" in rows.info
    width, height = rows.size
    mode = _plain_mode(rows.mode, see_through)
    if isinstance(rows, Image.Image) and rows.mode == mode and not see_through and width * height <= LARGE:
        return rows, 1
    factor = max(1, math.floor(shrink / MARGIN), math.ceil(math.sqrt(width * height * len(mode) / most)))
    each = max(factor, STRIP_PIXELS // width // factor * factor)
    small = Image.new(mode, (math.ceil(width / factor), math.ceil(height / factor)))
    for y in range(0, height, each):
        strip = rows.crop((0, y, width, min(y + each, height)))
        if see_through:  # a crop forgets which colour is the transparent one
            strip.info["transparency"] = rows.info["transparency"]
        small.paste(_converted(strip, mode).reduce(factor), (0, y // factor))
    return small, factor


def _plain_mode(mode: str, see_through: bool) -> str:
    if mode in PLAIN_MODES and not see_through:
        return mode
    if mode.startswith("I") or mode == "F" or (mode == "1" and not see_through):
        return "L"
    return "RGBA" if see_through or mode in ("LA", "PA", "RGBa", "La") else "RGB"


def _converted(strip: Image.Image, mode: str) -> Image.Image:
    if strip.mode.startswith("I;16"):  # convert() would clip 16 bits, not scale them
        strip = strip.point(lambda value: value * (1 / 256))
    return strip if strip.mode == mode else strip.convert(mode)
