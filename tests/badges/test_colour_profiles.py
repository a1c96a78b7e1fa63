"""Photos of phones with wide colours come out in sRGB, as the eye sees them."""

import io
import struct
from collections.abc import Callable

import pillow_heif
import pytest
from PIL import Image

import badges

# The profile that Apple's phones embed, written out: primaries and white as adapted to D50, the curve of sRGB.
WHITE = (0.96420, 1.00000, 0.82491)
PRIMARIES = {
    b"r": (0.51512, 0.24120, -0.00105),
    b"g": (0.29198, 0.69225, 0.04189),
    b"b": (0.15710, 0.06657, 0.78407),
}
CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
# What is stored in Display P3, and the same colour in sRGB: its primaries as CSS Color 4 converts them, greys, a skin;
# and a red that sRGB has not, whose nearest is sRGB's own.
KNOWN = [
    ((234, 51, 35), (255, 0, 0)),
    ((117, 251, 76), (0, 255, 0)),
    ((0, 0, 245), (0, 0, 255)),
    ((128, 128, 128), (128, 128, 128)),
    ((255, 255, 255), (255, 255, 255)),
    ((215, 172, 148), (224, 171, 144)),
    ((255, 0, 0), (255, 0, 0)),
]
TOLERANCE = 3  # levels of 255: the table's values are rounded, and photos are compressed


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def display_p3() -> bytes:
    """An ICC profile of version 4 for a display with three primaries and a curve (ICC.1:2022, section 8.3)."""

    def text(words: str) -> bytes:
        return (
            b"mluc" + struct.pack(">IIIHHII", 0, 1, 12, 0x656E, 0x5553, 2 * len(words), 28) + words.encode("utf-16-be")
        )

    tags = {b"desc": text("Display P3"), b"cprt": text("none"), b"wtpt": b"XYZ \0\0\0\0" + _fixed(*WHITE)}
    for letter, colour in PRIMARIES.items():
        tags[letter + b"XYZ"] = b"XYZ \0\0\0\0" + _fixed(*colour)
        tags[letter + b"TRC"] = b"para\0\0\0\0\0\x03\0\0" + _fixed(*CURVE)
    at, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    kind = b"\x04\0\0\0mntrRGB XYZ "
    head = struct.pack(">I", at + len(body)) + b"\0\0\0\0" + kind + bytes(12) + b"acsp" + bytes(28) + _fixed(*WHITE)
    return head + bytes(128 - len(head)) + table + body


def photo_of(colour: tuple[int, int, int], kind: str, profile: bytes) -> bytes:
    picture, file = Image.new("RGB", (300, 300), colour), io.BytesIO()
    if kind == "HEIC":
        picture.info["icc_profile"] = profile
        pillow_heif.from_pillow(picture).save(file, quality=-1, chroma=444)  # without loss
    else:
        options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
        picture.save(file, kind, icc_profile=profile, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC"])
def test_display_p3_of_phones_is_converted_to_srgb(
    frame: badges.Frame, opened: Callable[[bytes], Image.Image], kind: str
) -> None:
    for stored, seen in KNOWN:
        badge = opened(badges.render_badge(photo_of(stored, kind, display_p3()), frame, "", kind="PNG"))
        assert badge.getpixel((540, 540)) == pytest.approx(seen, abs=TOLERANCE), stored
        assert "icc_profile" not in badge.info


def test_without_the_profile_the_same_numbers_are_taken_for_srgb(
    frame: badges.Frame, opened: Callable[[bytes], Image.Image]
) -> None:
    badge = opened(badges.render_badge(photo_of((234, 51, 35), "PNG", b""), frame, "", kind="PNG"))
    assert badge.getpixel((540, 540)) == pytest.approx((234, 51, 35), abs=1)
