"""Contact sheets: frames in all their formats, with several names, side by side on one picture to look at."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter

from .canvas import FINER, gradient
from .encoding import encoded
from .errors import FrameRefused, Problem
from .fonts import SANS
from .formats import FORMATS
from .frames import Frame
from .render import Output, render_badges
from .text import draw_line, fit

GAP = 10  # pixels between pictures
BAND = 54  # pixels of a frame's title
PAPER, INK = (246, 245, 242), (40, 40, 44)
# Where each format stands in a name's cell, in pixels, and how large: the story beside, the wide ones below.
CELL = {
    "square": (0, 0, 220, 220),
    "story": (230, 0, 124, 220),
    "profile": (0, 230, 118, 118),
    "cover": (128, 237, 226, 99),
    "banner": (0, 358, 354, 118),
}
CELL_SIZE = (354, 476)


def contact_sheet(frames: Sequence[tuple[str, Frame]], photo: bytes, names: Sequence[str]) -> Image.Image:
    """A row of cells for each frame (with its title), a cell for each name; the profile as its round crop.

    Raises what `render_badges` raises.
    """
    width = GAP * 3 + len(names) * (CELL_SIZE[0] + 3 * GAP)
    height = GAP * 2 + len(frames) * (BAND + CELL_SIZE[1] + 3 * GAP)
    sheet = Image.new("RGB", (width, height), PAPER)
    for row, (title, frame) in enumerate(frames):
        top = GAP * 2 + row * (BAND + CELL_SIZE[1] + 3 * GAP)
        line = fit(title, width / 2, (30, 20), (SANS,))
        draw_line(sheet, line, (3 * GAP + line.width / 2, top + BAND / 2), INK)
        for column, name in enumerate(names):
            left = 3 * GAP + column * (CELL_SIZE[0] + 3 * GAP)
            _paste_cell(sheet, frame, photo, name, (left, top + BAND), frame.formats)
    return sheet


def sample(frame: Frame, name: str) -> bytes:
    """A WebP of a frame on a silhouette, nothing around it, at most CELL_SIZE: to judge it by.

    Shows the formats that have room for the sponsor's line; raises FrameRefused where none has.
    """
    formats = [format for format in frame.formats if _has_room(frame, format)]
    if not formats:
        raise FrameRefused(Problem.SPONSOR_NO_ROOM, format=frame.formats[0])
    sheet = Image.new("RGBA", CELL_SIZE)
    _paste_cell(sheet, frame, figure(), name, (0, 0), formats)
    return encoded(sheet.crop(sheet.getbbox()), "WEBP")


def _has_room(frame: Frame, format: str) -> bool:
    try:
        frame.artwork(format, named=True)
    except FrameRefused as refused:
        if refused.code is not Problem.SPONSOR_NO_ROOM:
            raise
        return False
    return True


def _paste_cell(
    sheet: Image.Image, frame: Frame, photo: bytes, name: str, at: tuple[int, int], formats: Sequence[str]
) -> None:
    badges = render_badges(photo, frame, name, [Output(format, "PNG") for format in formats])
    for format, badge in zip(formats, badges, strict=True):
        left, top, width, height = CELL[format]
        with Image.open(io.BytesIO(badge)) as opened:
            small = opened.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        crop = None
        if format == "profile":
            crop = Image.new("L", (width * FINER, height * FINER))
            ImageDraw.Draw(crop).ellipse((0, 0, width * FINER - 1, height * FINER - 1), fill=255)
            crop = crop.reduce(FINER)
        sheet.paste(small, (at[0] + left, at[1] + top), crop)


def figure() -> bytes:
    """A PNG of nobody: a neutral head and shoulders, to look at a frame without anybody's photo."""
    side = FORMATS["square"].width
    picture = gradient((226, 230, 236), (190, 197, 207), (side, side))
    person = Image.new("L", (side, side))
    pen = ImageDraw.Draw(person)
    pen.ellipse((390, 250, 690, 590), fill=255)
    pen.ellipse((220, 640, 860, 1400), fill=255)
    picture.paste((140, 150, 164), mask=person.filter(ImageFilter.GaussianBlur(1.5)))
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
