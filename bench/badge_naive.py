"""A badge as a first version would make it: the same picture, with Pillow's plain functions and no thought to cost."""

import io

from PIL import Image, ImageDraw, ImageFont, ImageOps

SIDE = 1080


def render(photo: bytes, frame_png: bytes, name: str, font_file: str, centre: tuple[int, int], kind: str) -> bytes:
    """Upright, centre square, 1080 x 1080 by LANCZOS, frame over it, name fitted in its place, encoded."""
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(photo))).convert("RGBA")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    picture = picture.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    picture = Image.alpha_composite(picture, Image.open(io.BytesIO(frame_png)).convert("RGBA"))
    size = 88
    font = ImageFont.truetype(font_file, size)
    while font.getlength(name) > 764:
        size -= 2
        font = ImageFont.truetype(font_file, size)
    ImageDraw.Draw(picture).text(centre, name, "white", font, anchor="mm")
    file = io.BytesIO()
    if kind == "JPEG":
        picture.convert("RGB").save(file, "JPEG", quality=90)
    else:
        picture.save(file, "PNG")
    return file.getvalue()
