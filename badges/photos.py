"""A photo as it was sent goes in, upright parts of it in plain RGB come out.

Nothing is decoded before the header has been checked, and what a decode will cost in memory is known from the header.
"""

import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PIL import GifImagePlugin, Image, ImageCms, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from .errors import PhotoRefused, Problem

MEGABYTE = 1_000_000
MOST_BYTES = 25 * MEGABYTE  # no phone's photo weighs more; uploads are held in memory
MOST_PIXELS = 50 * 1_000_000  # the largest phone cameras; Pillow's own guard starts at 89 megapixels, and only warns
LEAST_SIDE = 64  # pixels; a face below that is a smear at 1080
DECODE_MEMORY = 210 * MEGABYTE  # bytes; with the process and a frame it stays below 300 MB
ICC_MOST_BYTES = 4 * MEGABYTE  # the largest printing profiles take 3 MB

MOST_ZOOM = 4  # nearer, a phone's photo of a group is a smear
# A decode to less than this above the target is blurred by libjpeg's smallest inverse transform (10 dB at 1.04).
DRAFT_MARGIN = 1.25
SHRINK_FOR_HAMMING = 1.0  # from source to target
STRIP_PIXELS = 1_000_000  # how much of a large picture is converted at a time
START_OF_SCAN = b"\xff\xda"
ORIENTATION_TAG = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = frozenset({5, 6, 7, 8})  # stored with width and height exchanged
# Resized as they are. All else is first converted, a strip at a time.
DIRECT_MODES = ("RGB", "L", "CMYK")
# What a colour profile must describe to fit the pixels.
PROFILE_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
# Behind transparent photos.
PAPER = (255, 255, 255)

Size = tuple[int, int]  # width, height in pixels
Part = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the filled window
Box = tuple[float, float, float, float]  # the same in pixels of the photo
Opener = Callable[[io.BytesIO], ImageFile.ImageFile]
OPENERS: dict[str, Opener] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
}
ACCEPTED = "JPEG, PNG, WebP or GIF"
# How files begin: (offset, bytes, kind). Kinds without an opener are told apart so that the sender knows what to do.
SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WebP"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyphe", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypmsf1", "HEIC"),
    (0, b"BM", "BMP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"%PDF", "PDF"),
    (0, b"%!PS", "PostScript"),
    (0, b"8BPS", "Photoshop"),
    (0, b"<svg", "SVG"),
    (0, b"<?xml", "SVG"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"ftypqt", "video"),
    (4, b"ftypisom", "video"),
    (4, b"ftypmp4", "video"),
)


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

    def box(self, photo: Size, window: Size) -> Box:
        """The part of an upright photo, in its own pixels, that fills a window of that shape."""
        scale = min(photo[0] / window[0], photo[1] / window[1]) / self.zoom
        width, height = window[0] * scale, window[1] * scale
        left = min(max(self.x * photo[0] - width / 2, 0), photo[0] - width)
        top = min(max(self.y * photo[1] - height / 2, 0), photo[1] - height)
        return left, top, left + width, top + height


CENTRE = Crop()


class Photo:
    """A photo decoded once, from which any number of windows are filled. Made by `open_photo`."""

    def __init__(self, picture: Image.Image, profile: bytes | None, orientation: int) -> None:
        self._picture, self._profile, self._orientation = picture, profile, orientation

    def filled(self, window: Size, crop: Crop = CENTRE, part: Part | None = None) -> Image.Image:
        """What shows in a window of that size: upright, mode RGB in sRGB, with no metadata.

        With `part`, a box in the window, only this part is made and returned: what a frame hides is not computed.
        """
        picture, turned = self._picture, self._orientation
        sideways = turned in SIDEWAYS
        upright = picture.size[::-1] if sideways else picture.size
        left, top, right, bottom = crop.box(upright, window)
        across, down = (right - left) / window[0], (bottom - top) / window[1]
        part = part or (0, 0, *window)
        shown = (left + part[0] * across, top + part[1] * down, left + part[2] * across, top + part[3] * down)
        size = part[2] - part[0], part[3] - part[1]
        stored = _as_stored(shown, upright, turned)
        square = _resized(picture, stored, size[::-1] if sideways else size)
        if turned in TURNS:  # the small picture is turned, not the large one
            square = square.transpose(TURNS[turned])
        return _flat(_in_srgb(square, self._profile))


def open_photo(photo: bytes, windows: Iterable[Size], crop: Crop = CENTRE) -> Photo:
    """Decode a photo, to no more pixels than the largest of these windows needs at this crop.

    Raises PhotoRefused for whatever cannot be used; no exception of the decoders comes through.
    """
    kind = _kind_of(photo)
    try:
        if kind == "WebP":  # its reader takes memory for the whole picture at once
            _check_size(*_webp_size(photo))
        picture = OPENERS[kind](io.BytesIO(photo))
        _check_size(*picture.size)
        orientation = _orientation(picture)
        upright = picture.size[::-1] if orientation in SIDEWAYS else picture.size
        least = min((crop.box(upright, window)[2] - crop.box(upright, window)[0]) / window[0] for window in windows)
        _prepare_decode(picture, photo, least)
        picture.load()
        profile = picture.info.get("icc_profile")
        return Photo(picture, profile, orientation)
    except PhotoRefused:
        raise
    except Exception as broken:  # on broken files Pillow's readers raise over ten types, from SyntaxError to KeyError
        raise PhotoRefused(Problem.TRUNCATED, kind=kind) from broken


def _kind_of(photo: bytes) -> str:
    if not photo:
        raise PhotoRefused(Problem.EMPTY)
    if len(photo) > MOST_BYTES:
        megabytes = math.ceil(len(photo) / MEGABYTE)
        raise PhotoRefused(Problem.TOO_HEAVY, megabytes=megabytes, limit=MOST_BYTES // MEGABYTE)
    kind = next((kind for offset, start, kind in SIGNATURES if photo.startswith(start, offset)), None)
    if kind is None:
        raise PhotoRefused(Problem.NOT_AN_IMAGE, accepted=ACCEPTED)
    if kind not in OPENERS:
        raise PhotoRefused(Problem.UNSUPPORTED_KIND, kind=kind, accepted=ACCEPTED)
    return kind


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PhotoRefused(Problem.TOO_LARGE, width=width, height=height, limit=MOST_PIXELS // 1_000_000)
    if min(width, height) < LEAST_SIDE:
        raise PhotoRefused(Problem.TOO_SMALL, width=width, height=height, limit=LEAST_SIDE)


def _webp_size(photo: bytes) -> tuple[int, int]:
    """Width and height from a WebP's first chunk (RFC 9649, sections 2.5 to 2.7)."""
    chunk, data = photo[12:16], photo[20:30]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if chunk == b"VP8L":
        packed = int.from_bytes(data[1:5], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF


def _prepare_decode(picture: ImageFile.ImageFile, photo: bytes, shrink: float) -> None:
    """Let libjpeg decode to a half, a quarter or an eighth; refuse what would still take more than DECODE_MEMORY.

    `shrink` is how many pixels of the photo go into one of the finished picture, along a side.
    """
    width, height = picture.size
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        least = DRAFT_MARGIN / shrink
        picture.draft(None, (math.ceil(width * least), math.ceil(height * least)))
        cost = 4.0 * picture.width * picture.height
        kept = _bytes_of_coefficients(picture) * width * height
        if cost + kept > DECODE_MEMORY and _comes_in_scans(picture, photo):
            cost += kept
    elif isinstance(picture, WebPImagePlugin.WebPImageFile):
        # Measured: two canvases, the bytes handed over and the picture, of 4 bytes a pixel each, and the file again.
        cost = 16 * width * height + 2 * len(photo)
    else:
        cost = 4 * width * height
    if cost > DECODE_MEMORY:
        limit = int(width * height * DECODE_MEMORY / cost / 1_000_000)
        raise PhotoRefused(Problem.TOO_LARGE, width=width, height=height, limit=limit)


def _bytes_of_coefficients(picture: JpegImagePlugin.JpegImageFile) -> float:
    """What libjpeg keeps for each pixel of a picture that comes in several scans: 2 bytes a sample."""
    factors = [(across, down) for _, across, down, _ in picture.layer]
    samples = sum(across * down for across, down in factors)
    return 2 * samples / (max(across for across, _ in factors) * max(down for _, down in factors))


def _comes_in_scans(picture: JpegImagePlugin.JpegImageFile, photo: bytes) -> bool:
    """Whether another scan follows the first, as in progressive files: then nothing is ready until the last is read."""
    return picture.fp is not None and photo.find(START_OF_SCAN, picture.fp.tell()) >= 0


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; broken EXIF counts as none."""
    try:
        return int(picture.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # the tags are as hostile as the rest of the file, and a photo without them is still a photo
        return 1


def _as_stored(box: Box, upright: Size, orientation: int) -> Box:
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


def _resized(picture: Image.Image, box: Box, size: Size) -> Image.Image:
    """A box of a picture at that size, in mode RGB, RGBA, L or CMYK."""
    see_through = "transparency" in picture.info
    if picture.mode not in DIRECT_MODES or see_through:
        picture, box = _converted(picture, see_through, box, size)
    # Hamming is as near to Lanczos as the eye can tell and takes half the time, but only where pixels are merged.
    shrinks = box[2] - box[0] >= size[0] * SHRINK_FOR_HAMMING
    # A hair outside, by the rounding of fractions, would be refused.
    box = (max(0, box[0]), max(0, box[1]), min(picture.width, box[2]), min(picture.height, box[3]))
    return picture.resize(size, Image.Resampling.HAMMING if shrinks else Image.Resampling.BICUBIC, box=box)


def _converted(picture: Image.Image, see_through: bool, box: Box, size: Size) -> tuple[Image.Image, Box]:
    """The box in mode RGB, RGBA or L, made smaller by a whole number while it stays larger than it is to be.

    It goes strip by strip: a second copy of 50 megapixels would take 200 MB.
    """
    left, top = math.floor(box[0]), math.floor(box[1])
    width, height = min(math.ceil(box[2]), picture.width) - left, min(math.ceil(box[3]), picture.height) - top
    factor = max(1, math.floor((box[2] - box[0]) / size[0] / DRAFT_MARGIN))
    rows = max(factor, STRIP_PIXELS // width // factor * factor)
    mode = _plain_mode(picture, see_through)
    small = Image.new(mode, (math.ceil(width / factor), math.ceil(height / factor)))
    for y in range(0, height, rows):
        strip = picture.crop((left, top + y, left + width, top + min(y + rows, height)))
        if see_through:  # a crop forgets which colour is the transparent one
            strip.info["transparency"] = picture.info["transparency"]
        small.paste(_plain(strip, mode).reduce(factor), (0, y // factor))
    across, down = (box[0] - left) / factor, (box[1] - top) / factor
    return small, (across, down, across + (box[2] - box[0]) / factor, down + (box[3] - box[1]) / factor)


def _plain_mode(picture: Image.Image, see_through: bool) -> str:
    if picture.mode.startswith("I") or picture.mode == "F" or (picture.mode == "1" and not see_through):
        return "L"
    return "RGBA" if see_through or picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") else "RGB"


def _plain(strip: Image.Image, mode: str) -> Image.Image:
    if strip.mode.startswith("I;16"):  # convert() would clip 16 bits, not scale them
        strip = strip.point(lambda value: value * (1 / 256))
    return strip.convert(mode)


def _in_srgb(square: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as the embedded profile means them. A profile that is broken or fits other pixels is ignored."""
    if not profile or len(profile) > ICC_MOST_BYTES:
        return square
    alpha = square.getchannel("A") if square.mode == "RGBA" else None
    colours = square.convert("RGB") if alpha else square
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if space != PROFILE_SPACES[colours.mode] or "srgb" in ImageCms.getProfileDescription(source).lower():
            return square
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(colours, source, target, outputMode="RGB")
    except Exception:  # littleCMS reports hostile profiles in several ways; without one the colours are as stored
        return square
    if converted is None:
        return square
    if alpha:
        converted.putalpha(alpha)
    return converted


def _flat(square: Image.Image) -> Image.Image:
    """On paper where it is transparent, in mode RGB, and without the metadata that Pillow would write out again."""
    flat = square
    if square.mode == "RGBA":
        flat = Image.new("RGB", square.size, PAPER)
        flat.paste(square, mask=square)
    elif square.mode != "RGB":
        flat = square.convert("RGB")
    flat.info.clear()
    return flat
