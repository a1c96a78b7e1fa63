"""Photos that somebody made to do harm, and what becomes of each: a badge as if nothing were wrong, or a refusal.

Each is made when it is asked for, then kept; the good ones show `QUARTERS`.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pillow_heif
from PIL import Image, ImageCms

from badges import Problem

RED, BLUE, GREEN, YELLOW = (220, 30, 30), (30, 30, 220), (30, 160, 30), (230, 210, 30)
SCRIPT = b"alert('a script in a picture')"
SHORT, LONG, UNDEFINED = 3, 4, 7  # types of EXIF's values
EXIF_POINTERS = (0x014A, 0x8769, 0x8825, 0xA005)  # tags that lead to another directory


def quarters() -> Image.Image:
    """640 x 480: red, blue above; green, yellow below."""
    picture = Image.new("RGB", (640, 480), RED)
    picture.paste(BLUE, (320, 0, 640, 240))
    picture.paste(GREEN, (0, 240, 320, 480))
    picture.paste(YELLOW, (320, 240, 640, 480))
    return picture


@cache
def plain(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    if kind == "HEIC":
        pillow_heif.from_pillow(quarters()).save(file, quality=90, **options)
    else:
        quarters().save(file, kind, **options)
    return file.getvalue()


def exif(*entries: tuple[int, int, int, int], size: int = 0) -> bytes:
    """A directory of (tag, type, count, value or where it lies), which is its own successor; filled up to `size`."""
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    whole = b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 8)
    return whole + bytes(max(0, size - len(whole)))


@cache
def heavy_exif(size: int = 12_000_000) -> bytes:
    """As many entries as go in, each of which claims all that there is."""
    return exif(*((0x0200 + i, UNDEFINED, size - 8, 8) for i in range(64_000)), size=size)


def circular_exif() -> bytes:
    """Every pointer leads to the directory that it stands in."""
    return exif((0x0112, SHORT, 1, 1), *((tag, LONG, 1, 8) for tag in EXIF_POINTERS))


def in_jpeg(marker: int, label: bytes, data: bytes, photo: bytes | None = None, *, numbered: bool = False) -> bytes:
    """A JPEG with data in as many segments as it takes, each with the label; `numbered` as profiles are."""
    photo = photo or plain("JPEG", quality=95)
    parts = [data[at : at + 65_000] for at in range(0, len(data), 65_000)]
    segments = b""
    for i, part in enumerate(parts):
        body = label + (bytes((i + 1, len(parts))) if numbered else b"") + part
        segments += b"\xff" + bytes((marker,)) + struct.pack(">H", len(body) + 2) + body
    return photo[:2] + segments + photo[2:]


def without_density(photo: bytes) -> bytes:
    """A JPEG as cameras write it: with no JFIF segment, where Pillow looks for the dots an inch in the EXIF."""
    return photo[:2] + photo[4 + int.from_bytes(photo[4:6], "big") :]


def in_png(name: bytes, data: bytes) -> bytes:
    """A PNG with one chunk more, before its pixels."""
    photo, body = plain("PNG"), name + data
    return photo[:33] + struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body)) + photo[33:]


@cache
def heavy_profile(size: int) -> bytes:
    """sRGB under another name, as heavy as wished."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = profile.replace("sRGB".encode("utf-16-be"), "Else".encode("utf-16-be"))
    return struct.pack(">I", size) + other[4:] + bytes(size - len(other))


def with_archive() -> bytes:
    """A JPEG that is a ZIP archive as well."""
    file = io.BytesIO(plain("JPEG", quality=95))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("page.html", b"<script>" + SCRIPT + b"</script>")
    assert zipfile.is_zipfile(file)
    return file.getvalue()


def gif_and_script() -> bytes:
    """A GIF that is a script as well: its width opens a comment, which closes in a comment of the picture's."""
    photo = plain("GIF")
    width, palette = b"/*", 3 * 2 ** ((photo[10] & 7) + 1)
    note = b"*/=1;" + SCRIPT + b";//"
    head = photo[:6] + width + photo[8 : 13 + palette]
    return head + b"\x21\xfe" + bytes((len(note),)) + note + b"\0" + photo[13 + palette :]


def jpeg_in_pdf() -> bytes:
    photo = plain("JPEG", quality=95)
    return b"%PDF-1.7\n1 0 obj<</Filter/DCTDecode>>stream\n" + photo + b"\nendstream endobj\n%%EOF"


def progressive_of_100_megapixels() -> bytes:
    file = io.BytesIO()
    Image.new("L", (10_000, 10_000), 90).save(file, "JPEG", progressive=True)
    return file.getvalue()


def flat_png(side: int, *, rows: int) -> bytes:
    """A black and white PNG of one bit a pixel that declares a square and holds some of its rows."""
    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(bytes(1 + (side + 7) // 8)) for _ in range(rows)) + packer.flush()
    chunks = (b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)), (b"IDAT", body), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


HARMLESS: dict[str, Callable[[], bytes]] = {
    "an EXIF bomb in a JPEG": lambda: in_jpeg(0xE1, b"Exif\0\0", heavy_exif()),
    "an EXIF bomb in a camera's JPEG": lambda: in_jpeg(
        0xE1, b"Exif\0\0", heavy_exif(), without_density(plain("JPEG", quality=95))
    ),
    "an EXIF bomb in a PNG": lambda: in_png(b"eXIf", heavy_exif()),
    "an EXIF bomb in a WebP": lambda: plain("WEBP", quality=95, exif=heavy_exif()),
    "an EXIF bomb in a HEIC": lambda: plain("HEIC", exif=heavy_exif()),
    "EXIF that leads to itself, in a JPEG": lambda: in_jpeg(0xE1, b"Exif\0\0", circular_exif()),
    "EXIF that leads to itself, in a PNG": lambda: in_png(b"eXIf", circular_exif()),
    "an ICC bomb in a JPEG": lambda: in_jpeg(0xE2, b"ICC_PROFILE\0", heavy_profile(16_000_000), numbered=True),
    "a profile of 3.9 MB in a JPEG": lambda: in_jpeg(0xE2, b"ICC_PROFILE\0", heavy_profile(3_900_000), numbered=True),
    "an ICC bomb in a WebP": lambda: plain("WEBP", quality=95, icc_profile=heavy_profile(16_000_000)),
    "a broken profile in a JPEG": lambda: in_jpeg(
        0xE2, b"ICC_PROFILE\0", heavy_profile(9_000)[:200] + b"\xff" * 8_800, numbered=True
    ),
    "a JPEG that is a ZIP as well": with_archive,
    "a JPEG that is a PDF as well": lambda: in_jpeg(0xFE, b"%PDF-1.7 ", b"1 0 obj<</JS(" + SCRIPT + b")>>"),
}
REFUSED: dict[str, tuple[Callable[[], bytes], Problem]] = {
    "a PNG whose profile unpacks to 200 MB": (
        lambda: in_png(b"iCCP", b"x\0\0" + zlib.compress(bytes(200_000_000), 9)),
        Problem.TRUNCATED,
    ),
    "a PNG whose text unpacks to 200 MB": (
        lambda: in_png(b"zTXt", b"x\0\0" + zlib.compress(bytes(200_000_000), 9)),
        Problem.TRUNCATED,
    ),
    "a PDF that holds a JPEG": (jpeg_in_pdf, Problem.UNSUPPORTED_KIND),
    "an SVG with a script": (
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>" + SCRIPT + b"</script></svg>",
        Problem.UNSUPPORTED_KIND,
    ),
    "a page that calls itself a photo": (
        lambda: b"<!doctype html><script>" + SCRIPT + b"</script>",
        Problem.NOT_AN_IMAGE,
    ),
    "no bytes": (lambda: b"", Problem.EMPTY),
    "zeros": (lambda: bytes(50_000), Problem.NOT_AN_IMAGE),
    "25.1 MB": (
        lambda: plain("JPEG", quality=95) + bytes(25_100_000 - len(plain("JPEG", quality=95))),
        Problem.TOO_HEAVY,
    ),
    "a progressive JPEG of 100 megapixels": (progressive_of_100_megapixels, Problem.TOO_LARGE),
    "a PNG of 13,000 x 13,000": (lambda: flat_png(13_000, rows=13_000), Problem.TOO_LARGE),
    "a PNG that declares 30,000 x 30,000": (lambda: flat_png(30_000, rows=1), Problem.TOO_LARGE),
}


@cache
def harmless(name: str) -> bytes:
    return HARMLESS[name]()


@cache
def refused(name: str) -> bytes:
    return REFUSED[name][0]()
