"""Broken photos for the loader: real files with bytes changed, cut out, repeated and put in from elsewhere."""

import io
import random
import time
from collections.abc import Iterator

import pillow_heif
from PIL import Image

import badges

SLOWEST = 5.0  # seconds; a photo that holds a core for longer could stop a server


def seeds() -> dict[str, bytes]:
    """A small good photo of each kind."""
    picture = Image.effect_noise((160, 120), 60).convert("RGB")
    found: dict[str, bytes] = {}
    profile = b"\0" * 128
    for name, kind, options in (
        (
            "JPEG",
            "JPEG",
            {"exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", "icc_profile": profile},
        ),
        ("progressive", "JPEG", {"progressive": True}),
        ("PNG", "PNG", {"icc_profile": profile}),
        ("GIF", "GIF", {}),
        ("WebP", "WEBP", {}),
    ):
        file = io.BytesIO()
        picture.save(file, kind, **options)
        found[name] = file.getvalue()
    file = io.BytesIO()
    pillow_heif.from_pillow(picture).save(file, quality=50)
    return found | {"HEIC": file.getvalue()}


def broken(seed: bytes, chance: random.Random) -> bytes:
    """The file with one to eight wounds."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) if chance.random() < 0.5 else min(len(data), 200))
        wound = chance.randrange(5)
        if wound == 0:
            data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        elif wound == 1:
            data[at : at + 4] = chance.choice(
                (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", chance.randbytes(4))
            )
        elif wound == 2:
            del data[at : at + chance.randint(1, 64)]
        elif wound == 3:
            data[at:at] = chance.randbytes(chance.randint(1, 32))
        else:
            data[at:at] = data[at : at + chance.randint(1, 128)]
        if not data:
            return b""
    return bytes(data)


def photos(count: int, number: int = 0) -> Iterator[bytes]:
    """That many broken photos; the same for the same number."""
    chance, good = random.Random(number), list(seeds().values())
    for i in range(count):
        yield broken(good[i % len(good)], chance)


def outcomes(count: int, frame: badges.Frame) -> tuple[int, int, list[str], float]:
    """Rendered, refused, what else was raised, and the slowest in seconds."""
    rendered = refused = 0
    wrong: list[str] = []
    slowest = 0.0
    for photo in photos(count):
        start = time.perf_counter()
        try:
            badges.render_badge(photo, frame, "", format="profile")
            rendered += 1
        except badges.PhotoRefused:
            refused += 1
        except Exception as other:  # what the bench looks for
            wrong.append(repr(other))
        slowest = max(slowest, time.perf_counter() - start)
    return rendered, refused, wrong, slowest
