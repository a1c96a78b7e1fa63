"""Pictures for the demo's posts, drawn here, so that nobody's photo is needed."""

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sandbox import stage

FONTS = Path(__file__).parent.parent / "badges" / "assets" / "fonts"
WIDTH, HEIGHT = 1200, 630  # pixels; what link previews show whole


def poster(headline: str) -> bytes:
    """A JPEG of 1200 x 630 pixels with a headline and the campaign's slogan."""
    scale = 2  # drawn larger, then made smaller: smooth edges
    image = Image.new("RGB", (WIDTH * scale, HEIGHT * scale), stage.SECONDARY)
    draw = ImageDraw.Draw(image)
    for i, colour in enumerate((stage.PRIMARY, "#1B998B", "#F2A541")):  # hills, the last one a sun
        left, top, size = ((-300, 330, 1500), (500, 420, 1400), (930, -170, 420))[i]
        draw.ellipse([value * scale for value in (left, top, left + size, top + size)], fill=colour)
    title = _fitting(headline, 128 * scale, (WIDTH - 340) * scale)
    draw.text((80 * scale, 215 * scale), headline, "white", title, anchor="ls")
    draw.rectangle([80 * scale, 258 * scale, 200 * scale, 268 * scale], fill="#F2A541")
    draw.text(
        (80 * scale, 320 * scale), stage.SLOGAN, "white", _fitting(stage.SLOGAN, 46 * scale, 800 * scale), anchor="ls"
    )
    draw.text(
        (80 * scale, 575 * scale),
        f"#{stage.HASHTAG}",
        "white",
        ImageFont.truetype(FONTS / "Archivo-Bold.ttf", 38 * scale),
        anchor="ls",
    )
    out = io.BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "JPEG", quality=88)
    return out.getvalue()


def _fitting(text: str, largest: int, width: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(FONTS / "Archivo-Bold.ttf", largest)
    return (
        font if font.getlength(text) <= width else font.font_variant(size=int(largest * width / font.getlength(text)))
    )
