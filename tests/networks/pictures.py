"""Pictures for the networks' tests."""

import io
import random

from PIL import Image

from networks.base import Picture


def picture(alt: str = "", colour: str = "orange", size: tuple[int, int] = (64, 48)) -> Picture:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return Picture(out.getvalue(), "image/jpeg", alt)


def heavy(alt: str = "", size: tuple[int, int] = (900, 700)) -> Picture:
    """A PNG of noise, above 1,000,000 bytes: what cannot be packed well."""
    noise = random.Random(7).randbytes(size[0] * size[1] * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", size, noise).save(out, "PNG")
    return Picture(out.getvalue(), "image/png", alt)
