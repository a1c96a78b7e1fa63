"""From a file's bytes to pixels: the header first, then no more of the picture than is needed, within DECODE_MEMORY.

Each kind is opened by its own reader; nothing tries one reader after another, so Pillow's other plugins stay off.
"""

import contextlib
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pillow_heif
from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from .errors import PhotoRefused, Problem
from .headers import (
    MEGABYTE,
    Size,
    check_size,
    exif_orientation,
    jpeg_header,
    kind_of,
    webp_notes,
    webp_size,
    with_one_exif,
)
from .scaling import MARGIN, Rows, plain
from .wheels import wheel

simplejpeg = wheel("simplejpeg")

# Bytes, the file's own among them: with what a finished badge takes, a render stays below 120 MB over the idle process.
DECODE_MEMORY = 95 * MEGABYTE
# Bytes a pixel, measured. WebP: two canvases, the bytes handed over and the picture. HEIC: brightness and colour,
# then RGB; where it comes in tiles, as from phones, the decoder holds one tile, else a picture more.
WEBP_COST, HEIC_COST, HEIC_TILED_COST = 16, 6.6, 4.7
# Bytes a byte of profile, EXIF and other notes, measured: they are copied from reader to reader.
WEBP_NOTES_COST, HEIC_NOTES_COST = 2, 4
HEIC_MEMORY = 117 * MEGABYTE  # its most is reached before a badge is begun
HEIC_MOST_PLAIN = 32 * MEGABYTE  # made while libheif still holds all of it
SCALES = (8, 4, 2, 1)  # libjpeg's inverse transforms that are fast: an eighth, a quarter, a half, all
SIDEWAYS = frozenset({5, 6, 7, 8})  # EXIF orientations of photos stored with width and height exchanged

pillow_heif.options.DECODE_THREADS = 1  # a thread more is tiles more in memory, and cores belong to other badges
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False
pillow_heif.options.DISABLE_SECURITY_LIMITS = False  # libheif's own bounds on items, tiles and memory


class _Jpeg(JpegImagePlugin.JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Nobody asks for the dots an inch, and in hostile EXIF each entry costs time and a warning."""


OPENERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "JPEG": _Jpeg,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
}
# How many pixels of the upright photo, whose size is given, go into one of the finished picture, along a side.
Shrink = Callable[[Size], float]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A photo as stored, in one of PLAIN_MODES and perhaps smaller than it was.

    `extent` is its exact width and height in pixels of `picture`, whose own size is rounded up. `orientation` is
    EXIF's, 1 to 8.
    """

    picture: Image.Image
    extent: tuple[float, float]
    profile: bytes | None
    orientation: int


def decoded(photo: bytes, shrink: Shrink) -> Decoded:
    """Decode a photo, to no more pixels than needed.

    Raises PhotoRefused for whatever cannot be used; no exception of the decoders comes through.
    """
    kind = kind_of(photo)
    try:
        if kind == "HEIC":
            return _heic(photo, shrink)
        if kind == "WebP":  # its reader takes memory for the whole picture at once
            check_size(webp_size(photo))
            _check_cost(webp_size(photo), WEBP_COST, len(photo) + WEBP_NOTES_COST * webp_notes(photo))
        if kind == "JPEG":
            photo = with_one_exif(photo)
        picture = OPENERS[kind](io.BytesIO(photo))
        check_size(picture.size)
        if kind in ("PNG", "GIF"):  # before anything else is asked: for EXIF, Pillow decodes all of a PNG
            _check_cost(picture.size, _bytes_a_pixel(picture), len(photo))
        orientation, profile = _orientation(picture), picture.info.get("icc_profile")
        needed = shrink(picture.size[::-1] if orientation in SIDEWAYS else picture.size)
        if isinstance(picture, JpegImagePlugin.JpegImageFile):
            whole = picture.size
            pixels, scale = _jpeg(picture, photo, needed)
            return _reduced(pixels, whole, scale, needed, profile, orientation)
        picture.load()
        return _reduced(picture, picture.size, 1, needed, profile, orientation)
    except PhotoRefused:
        raise
    except Exception as broken:  # on broken files the readers raise over ten types, from SyntaxError to KeyError
        raise PhotoRefused(Problem.TRUNCATED, kind=kind) from broken


def _reduced(rows: Rows, whole: Size, scale: int, shrink: float, profile: bytes | None, orientation: int) -> Decoded:
    picture, factor = plain(rows, shrink / scale)
    extent = whole[0] / scale / factor, whole[1] / scale / factor
    return Decoded(picture, extent, profile, orientation)


def _check_cost(size: Size, bytes_a_pixel: float, file: int, limit: int = DECODE_MEMORY) -> None:
    width, height = size
    if width * height * bytes_a_pixel + file > limit:
        megapixels = math.floor(max(0, limit - file) / bytes_a_pixel / 1_000_000)
        raise PhotoRefused(Problem.TOO_LARGE, width=width, height=height, limit=megapixels)


def _bytes_a_pixel(picture: Image.Image) -> int:
    """What Pillow takes for a pixel of that mode."""
    if picture.mode in ("1", "L", "P"):
        return 1
    return 2 if picture.mode.startswith("I;16") else 4


def _jpeg(picture: JpegImagePlugin.JpegImageFile, photo: bytes, shrink: float) -> tuple[Image.Image, int]:
    """Decoded to a half, a quarter or an eighth where that is enough, or where no more fits in
    memory; and the scale."""
    width, height = picture.size
    each = _bytes_a_pixel(picture)
    header = jpeg_header(photo)
    waiting = header.coefficients if header else 0.0
    # The search takes milliseconds, so it is left out where memory would do either way.
    if (waiting + each) * width * height + len(photo) > DECODE_MEMORY and header and not header.comes_in_scans(photo):
        waiting = 0.0
    _check_cost(picture.size, waiting + each / SCALES[0] ** 2, len(photo))
    scale = next((scale for scale in SCALES if shrink / scale >= MARGIN), 1)
    while scale < SCALES[0] and (each / scale**2 + waiting) * width * height + len(photo) > DECODE_MEMORY:
        scale *= 2
    least = math.ceil(width / scale), math.ceil(height / scale)
    if simplejpeg is not None and picture.mode == "RGB":
        # It also reports what libjpeg would pass over with a warning; Pillow then decides.
        with contextlib.suppress(ValueError):
            pixels = simplejpeg.decode_jpeg(photo, "RGBX", min_width=least[0], min_height=least[1], min_factor=1)
            return _as_rgb(pixels), scale
    picture.draft(None, least)
    picture.load()
    return picture, scale


def _as_rgb(pixels: Any) -> Image.Image:
    """An array of height x width x 4 bytes as a picture, uncopied: Pillow keeps RGB in four bytes a pixel as well."""
    height, width, _ = pixels.shape
    picture = Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1)
    picture._mode = "RGB"
    return picture


class _HeicRows:
    """What libheif has decoded, three or four bytes a pixel: taken over a strip at a time."""

    def __init__(self, image: Any) -> None:
        self.mode, self.size = str(image.mode), image.size
        self.info: dict[Any, Any] = {}
        self._pixels, self._stride = image.data, image.stride

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """A strip of full width."""
        rows = self._pixels[box[1] * self._stride : box[3] * self._stride]
        size = self.size[0], box[3] - box[1]
        return Image.frombuffer(self.mode, size, rows, "raw", self.mode, self._stride, 1)


def _heic(photo: bytes, shrink: Shrink) -> Decoded:
    """Upright already: libheif turns what it decodes."""
    image = pillow_heif.open_heif(photo, convert_hdr_to_8bit=True)
    check_size(image.size)
    cost = HEIC_TILED_COST if image.info.get("tiling") else HEIC_COST
    if image.info.get("bit_depth", 8) > 8:
        cost += 3  # two bytes a sample until it is RGB
    if image.mode == "RGBA":
        cost += 2
    _check_cost(image.size, cost, HEIC_NOTES_COST * _heic_notes(image.info), HEIC_MEMORY)
    needed, profile = shrink(image.size), image.info.get("icc_profile")
    rows = _HeicRows(image)
    picture, factor = plain(rows, needed, HEIC_MOST_PLAIN)
    return Decoded(picture, (rows.size[0] / factor, rows.size[1] / factor), profile, 1)


def _heic_notes(info: dict[str, Any]) -> int:
    """Bytes of what a HEIC holds beside its picture."""
    blocks = [info.get(name) for name in ("exif", "xmp", "icc_profile")]
    blocks += [block.get("data") for block in info.get("metadata", ())]
    return sum(len(block) for block in blocks if block)


def _orientation(picture: ImageFile.ImageFile) -> int:
    """The EXIF orientation, 1 to 8. As in browsers, no other note in the file turns a photo."""
    if "exif" not in picture.info and isinstance(picture, PngImagePlugin.PngImageFile):
        picture.load()  # the tags may stand behind the pixels
    exif = picture.info.get("exif")
    return exif_orientation(exif) if isinstance(exif, bytes) else 1
