"""What a file says of itself before anything of it is decoded: its kind, its size, its turn."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .errors import PhotoRefused, Problem

MEGABYTE = 1_000_000
MOST_BYTES = 25 * MEGABYTE  # no phone's photo weighs more; uploads are held in memory
MOST_PIXELS = 50 * 1_000_000  # the largest phone cameras; Pillow's own guard starts at 89 megapixels, and only warns
LEAST_SIDE = 64  # pixels; a face below that is a smear at 1080

Size = tuple[int, int]  # width, height in pixels

KINDS = ("JPEG", "PNG", "WebP", "GIF", "HEIC")
ACCEPTED = "JPEG, PNG, WebP, HEIC or GIF"
# How files begin: (offset, bytes, kind). Kinds that are not opened are told apart so that the sender knows what to do.
SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WebP"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
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
START_OF_SCAN, APP1 = 0xDA, 0xE1
# Markers that stand alone (T.81, section B.1.1.3), and a zero after 0xFF, which is none.
WITHOUT_LENGTH = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
EXIF = b"Exif\0\0"
EXIF_MOST = 65_535  # bytes of a JPEG's segment; in other kinds more would fit, and nobody needs it
ORIENTATION_TAG = 0x0112
# Start-of-frame markers that hold a size (ITU-T T.81, table B.1): baseline, extended, progressive; arithmetic likewise.
START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})


def kind_of(photo: bytes) -> str:
    """One of KINDS, by how the file begins; whatever its name or content type may claim.

    Raises PhotoRefused for no bytes, for too many, and for what is no picture or one of another kind.
    """
    if not photo:
        raise PhotoRefused(Problem.EMPTY)
    if len(photo) > MOST_BYTES:
        megabytes = math.ceil(len(photo) / MEGABYTE)
        raise PhotoRefused(Problem.TOO_HEAVY, megabytes=megabytes, limit=MOST_BYTES // MEGABYTE)
    kind = next((kind for offset, start, kind in SIGNATURES if photo.startswith(start, offset)), None)
    if kind is None:
        raise PhotoRefused(Problem.NOT_AN_IMAGE, accepted=ACCEPTED)
    if kind not in KINDS:
        raise PhotoRefused(Problem.UNSUPPORTED_KIND, kind=kind, accepted=ACCEPTED)
    return kind


def check_size(size: Size) -> None:
    """Raises PhotoRefused for a picture of more than MOST_PIXELS, or too small to show a face."""
    width, height = size
    if width * height > MOST_PIXELS:
        raise PhotoRefused(Problem.TOO_LARGE, width=width, height=height, limit=MOST_PIXELS // 1_000_000)
    if min(width, height) < LEAST_SIDE:
        raise PhotoRefused(Problem.TOO_SMALL, width=width, height=height, limit=LEAST_SIDE)


def webp_size(photo: bytes) -> Size:
    """Width and height from a WebP's first chunk (RFC 9649, sections 2.5 to 2.7)."""
    chunk, data = photo[12:16], photo[20:30]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if chunk == b"VP8L":
        packed = int.from_bytes(data[1:5], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF


def webp_notes(photo: bytes) -> int:
    """Bytes of a WebP's profile, EXIF and XMP, which its reader copies (RFC 9649, section 2.7.1)."""
    notes, at = 0, 12
    while at + 8 <= len(photo):
        length = int.from_bytes(photo[at + 4 : at + 8], "little")
        if photo[at : at + 4] in (b"ICCP", b"EXIF", b"XMP "):
            notes += min(length, len(photo) - at)
        at += 8 + length + length % 2
    return notes


@dataclass(frozen=True, slots=True)
class Jpeg:
    """What a JPEG's frame header says. `scans` is where its first scan begins, in bytes."""

    factors: tuple[tuple[int, int], ...]  # of each component: samples across and down
    scans: int

    @property
    def coefficients(self) -> float:
        """Bytes a pixel that libjpeg keeps of a picture that comes in several scans: 2 a sample."""
        samples = sum(across * down for across, down in self.factors)
        return 2 * samples / (max(across for across, _ in self.factors) * max(down for _, down in self.factors))

    def comes_in_scans(self, photo: bytes) -> bool:
        """Whether another scan follows the first, as in progressive files: nothing is ready until the last is read."""
        return photo.find(b"\xff\xda", self.scans + 2) >= 0


def jpeg_header(photo: bytes) -> Jpeg | None:
    """The frame header of a JPEG, or None where it has none that is known; reads no further than the first scan."""
    factors: tuple[tuple[int, int], ...] = ()
    for marker, at, end in _segments(photo):
        if marker == START_OF_SCAN:
            return Jpeg(factors, at) if factors and all(min(pair) > 0 for pair in factors) else None
        if marker in START_OF_FRAME:
            body = photo[at + 10 : end]
            factors = tuple((body[i + 1] >> 4, body[i + 1] & 15) for i in range(0, len(body) - 2, 3))
    return None


def with_one_exif(photo: bytes) -> bytes:
    """A JPEG without a second EXIF segment and those after it: the standard has one, but Pillow joins all that come."""
    exif = [(at, end) for marker, at, end in _segments(photo) if marker == APP1 and photo.startswith(EXIF, at + 4)]
    if len(exif) < 2:
        return photo
    kept, last = [], 0
    for at, end in exif[1:]:
        kept.append(photo[last:at])
        last = end
    return b"".join((*kept, photo[last:]))


def _segments(photo: bytes) -> Iterator[tuple[int, int, int]]:
    """A JPEG's segments up to its first scan, inclusive: the marker, where it begins, and where the next may begin.

    What lies between them is passed over, as the decoders do.
    """
    at = photo.find(b"\xff", 2)
    while 0 <= at < len(photo) - 3:
        marker = photo[at + 1]
        if marker == 0xFF:  # a byte of filling
            at += 1
            continue
        end = at + 2 + (0 if marker in WITHOUT_LENGTH else int.from_bytes(photo[at + 2 : at + 4], "big"))
        yield marker, at, end
        if marker == START_OF_SCAN:
            return
        at = photo.find(b"\xff", end)


def exif_orientation(exif: bytes) -> int:
    """How the camera was held, 1 to 8 (CIPA DC-008, tag 0x0112); 1 where that is not told or broken.

    Reads the first directory and follows none of its pointers, so nothing can go round in a circle or grow.
    """
    tiff = exif[:EXIF_MOST].removeprefix(EXIF)
    order: Literal["little", "big"] = "little" if tiff.startswith(b"II") else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)

    first = number(4, 4)
    entries = range(first + 2, min(first + 2 + 12 * number(first, 2), len(tiff) - 11), 12)
    entry = next((at for at in entries if number(at, 2) == ORIENTATION_TAG), None)
    if entry is None or number(2, 2) != 42:  # every TIFF's second number
        return 1
    # A short as the standard says, or a long as some programs write.
    turned = number(entry + 8, 4 if number(entry + 2, 2) == 4 else 2)
    return turned if 1 <= turned <= 8 else 1
