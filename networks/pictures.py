"""Pictures on their way out: how large they are, and smaller ones for a network that takes few bytes."""

import io

from PIL import Image, ImageOps

from networks.base import Picture
from networks.errors import PostRejected

LARGEST = 1_000_000  # bytes: what Bluesky's documentation names for a picture
SIDES = (2000, 1600, 1200, 900, 640)  # pixels of the longer side, tried in turn
QUALITIES = (90, 80, 70)
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def shape(picture: Picture) -> tuple[int, int] | None:
    """Width and height as people see it, or None for what cannot be read."""
    try:
        with Image.open(io.BytesIO(picture.data)) as opened:
            turned = opened.getexif().get(0x0112, 1) >= 5  # EXIF orientation: lies on its side
            return (opened.height, opened.width) if turned else opened.size
    except UNREADABLE:
        return None


def smaller(picture: Picture, largest: int = LARGEST) -> Picture:
    """The picture as a JPEG of at most `largest` bytes; raises PostRejected for what cannot be read or made so small."""
    try:
        with Image.open(io.BytesIO(picture.data)) as opened:
            opened.draft("RGB", (SIDES[0], SIDES[0]))
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except UNREADABLE as error:
        raise PostRejected("a picture cannot be read; save it again as JPEG or PNG") from error
    flat = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
    for side in SIDES:
        flat.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            out = io.BytesIO()
            flat.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= largest:
                return Picture(out.getvalue(), "image/jpeg", picture.alt, picture.focus)
    raise PostRejected(f"a picture cannot be made smaller than {largest / 1_000_000:.0f} MB; choose another one")
