"""Pictures as the services see them: the header is really read, and photos really get smaller JPEG copies."""

import io
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageOps

SIDES = (90, 320, 800, 1280)  # pixels: the longest side of the copies that Telegram makes of a photo
QUALITY = 87


class NotAPicture(ValueError):
    """These bytes are no picture that can be read"""


@dataclass(frozen=True)
class Copy:
    """A JPEG copy of a photo."""

    width: int
    height: int
    content: bytes


@dataclass(frozen=True)
class Header:
    """What the first bytes of a picture say."""

    width: int
    height: int
    kind: str  # jpeg, png, webp, gif ...

    @property
    def mime(self) -> str:
        """The media type."""
        return f"image/{self.kind}"


def read_header(content: bytes) -> Header:
    """Size and kind, without decoding the picture; raises NotAPicture."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return Header(picture.width, picture.height, (picture.format or "").lower())
    except (OSError, ValueError, Image.DecompressionBombError, SyntaxError) as error:
        raise NotAPicture(str(error)) from error


def copies(content: bytes, sides: tuple[int, ...] = SIDES) -> list[Copy]:
    """Upright JPEG copies, smallest first, none larger than the picture itself; raises NotAPicture."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.draft("RGB", (max(sides), max(sides)))
            upright = _flat(ImageOps.exif_transpose(picture))
    except (OSError, ValueError, Image.DecompressionBombError, SyntaxError) as error:
        raise NotAPicture(str(error)) from error
    longest = max(upright.size)
    wanted = sorted({min(side, longest) for side in sides})
    return [_copy(upright, side) for side in wanted]


def _flat(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "P", "PA"):
        clear = picture.convert("RGBA")
        ground = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(ground, clear).convert("RGB")
    return picture.convert("RGB")


def _copy(picture: Image.Image, side: int) -> Copy:
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY)
    return Copy(small.width, small.height, out.getvalue())


@cache
def drawn_portrait(seed: int) -> bytes:
    """A plain drawn head and shoulders, so that a fictional person has a profile photo."""
    grounds = ["#f2b6a0", "#a9c9a4", "#9fc3d6", "#d9c58b", "#c7b3d9"]
    skins = ["#8d5a3b", "#e8bd97", "#c68a5e", "#f0d0b4", "#6f4429"]
    coats = ["#2f4858", "#7a3b4f", "#3f6b52", "#5a4b81", "#8a5a2b"]
    picture = Image.new("RGB", (640, 640), grounds[seed % 5])
    pen = ImageDraw.Draw(picture)
    pen.ellipse((100, 430, 540, 900), fill=coats[seed % 5])
    pen.ellipse((188, 90, 452, 380), fill="#2b1d16" if seed % 2 else "#5b3a24")
    pen.rectangle((275, 380, 365, 480), fill=skins[seed % 5])
    pen.ellipse((205, 140, 435, 425), fill=skins[seed % 5])
    pen.ellipse((262, 255, 284, 280), fill="#1c1410")
    pen.ellipse((356, 255, 378, 280), fill="#1c1410")
    pen.arc((275, 300, 365, 360), 20, 160, fill="#1c1410", width=6)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()
