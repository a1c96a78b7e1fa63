"""A photo as it was sent goes in, an upright square in plain RGB comes out.

Nothing is decoded before the header has been checked, and what a decode will cost in memory is known from the header.
"""

import io
import math
from collections.abc import Callable

from PIL import GifImagePlugin, Image, ImageCms, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from .errors import PhotoRefused, Problem

MEGABYTE = 1_000_000
MOST_BYTES = 25 * MEGABYTE  # no phone's photo weighs more; uploads are held in memory
MOST_PIXELS = 50 * 1_000_000  # the largest phone cameras; Pillow's own guard starts at 89 megapixels, and only warns
LEAST_SIDE = 64  # pixels; a face below that is a smear at 1080
DECODE_MEMORY = 210 * MEGABYTE  # bytes; with the process and a frame it stays below 300 MB
ICC_MOST_BYTES = 4 * MEGABYTE  # the largest printing profiles take 3 MB

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
# Resized as they are. All else is first converted, a strip at a time.
DIRECT_MODES = ("RGB", "L", "CMYK")
# What a colour profile must describe to fit the pixels.
PROFILE_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
# Behind transparent photos.
PAPER = (255, 255, 255)

Part = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the finished square
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


def centre_square(photo: bytes, side: int, part: Part | None = None) -> Image.Image:
    """The upright centre square of a photo, `side` x `side` pixels, mode RGB in sRGB, with no metadata.

    With `part`, a box in that square, only this part is made and returned: what a frame hides need not be computed.
    Raises PhotoRefused for whatever cannot be used; no exception of the decoders comes through.
    """
    kind = _kind_of(photo)
    try:
        if kind == "WebP":  # its reader takes memory for the whole picture at once
            _check_size(*_webp_size(photo))
        picture = OPENERS[kind](io.BytesIO(photo))
        _check_size(*picture.size)
        _prepare_decode(picture, photo, side)
        picture.load()
        profile = picture.info.get("icc_profile")
        orientation = _orientation(picture)
        square = _resized_centre(picture, side, _as_stored(part or (0, 0, side, side), side, orientation))
        if orientation in TURNS:  # the small picture is turned, not the large one
            square = square.transpose(TURNS[orientation])
        return _flat(_in_srgb(square, profile))
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


def _prepare_decode(picture: ImageFile.ImageFile, photo: bytes, side: int) -> None:
    """Let libjpeg decode to a half, a quarter or an eighth; refuse what would still take more than DECODE_MEMORY."""
    width, height = picture.size
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        aim = math.ceil(side * DRAFT_MARGIN)
        picture.draft(None, (aim, aim))
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


def _as_stored(part: Part, side: int, orientation: int) -> Part:
    """Where a box of the upright square lies in the square as stored: the turn undone."""
    left, top, right, bottom = part
    if orientation in (5, 6, 7, 8):
        left, top, right, bottom = top, left, bottom, right
    if orientation in (2, 3, 7, 8):
        left, right = side - right, side - left
    if orientation in (3, 4, 6, 7):
        top, bottom = side - bottom, side - top
    return left, top, right, bottom


def _resized_centre(picture: Image.Image, side: int, part: Part) -> Image.Image:
    """A part of the centre square at `side` pixels, in mode RGB, RGBA, L or CMYK."""
    see_through = "transparency" in picture.info
    if picture.mode not in DIRECT_MODES or see_through:
        picture = _converted_centre(picture, see_through, math.ceil(side * DRAFT_MARGIN))
    short = min(picture.size)
    left, top = (picture.width - short) / 2, (picture.height - short) / 2
    # Hamming is as near to Lanczos as the eye can tell and takes half the time, but only where pixels are merged.
    resample = Image.Resampling.HAMMING if short >= side * SHRINK_FOR_HAMMING else Image.Resampling.BICUBIC
    step = short / side
    box = (left + part[0] * step, top + part[1] * step, left + part[2] * step, top + part[3] * step)
    return picture.resize((part[2] - part[0], part[3] - part[1]), resample, box=box)


def _converted_centre(picture: Image.Image, see_through: bool, least: int) -> Image.Image:
    """The centre square in mode RGB, RGBA or L, made smaller by a whole number while it stays above `least` pixels.

    It goes strip by strip: a second copy of 50 megapixels would take 200 MB.
    """
    short = min(picture.size)
    left, top = (picture.width - short) // 2, (picture.height - short) // 2
    factor = max(1, short // least)
    rows = max(factor, STRIP_PIXELS // short // factor * factor)
    mode = _plain_mode(picture, see_through)
    size = math.ceil(short / factor)
    centre = Image.new(mode, (size, size))
    for y in range(0, short, rows):
        strip = picture.crop((left, top + y, left + short, top + min(y + rows, short)))
        if see_through:  # a crop forgets which colour is the transparent one
            strip.info["transparency"] = picture.info["transparency"]
        centre.paste(_plain(strip, mode).reduce(factor), (0, y // factor))
    return centre


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
