"""The whole way from a sent photo to a finished badge."""

import io
from typing import Any, Literal

from PIL import Image, ImageDraw, ImageFilter

from .canvas import SIDE, gradient
from .errors import NameRefused, Problem
from .frames import Frame
from .photos import centre_square
from .text import clean, missing_letters

Kind = Literal["JPEG", "PNG"]
SAVING: dict[str, dict[str, Any]] = {
    # Half the colour resolution across (4:2:2): at half both ways, the edges of red words on white get smeared.
    "JPEG": {"quality": 90, "subsampling": 1},
    # Run-length coding at level 1 is as small as level 6 on photos, in a fraction of the time.
    "PNG": {"compress_level": 1, "compress_type": 3},
}


def render_badge(photo: bytes, frame: Frame, name: str, *, kind: Kind = "JPEG") -> bytes:
    """A badge of SIDE x SIDE pixels: the photo's upright centre square under a frame, with a name.

    `photo` is a file's bytes: JPEG, PNG, WebP or GIF (its first picture), at most 25 MB and 50 megapixels (less for
    the kinds that take more memory to open). `name` is fitted to its place by size, then by a narrower face, then by
    an ellipsis; an empty name gives a badge without one. The result carries no metadata and is in sRGB.

    Raises PhotoRefused and NameRefused, whose `code`, `values` and text say what is wrong.
    """
    shown = clean(name)
    if letters := missing_letters(shown):
        raise NameRefused(Problem.LETTER_MISSING, letters=" ".join(letters))
    artwork = frame.artwork(named=bool(shown))
    left, top, side = artwork.window
    part = artwork.shown  # the frame covers the rest
    badge = Image.new("RGB", (SIDE, SIDE))
    badge.paste(centre_square(photo, side, part), (left + part[0], top + part[1]))
    artwork.overlay.lay(badge)
    if shown:
        artwork.name.write(badge, shown)
    file = io.BytesIO()
    badge.save(file, kind, **SAVING[kind])
    return file.getvalue()


def preview(frame: Frame, side: int, name: str = "") -> bytes:
    """A PNG of `side` x `side` pixels that shows a frame over a neutral silhouette, for choosing among frames."""
    figure = gradient((226, 230, 236), (190, 197, 207))
    person = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(person)
    pen.ellipse((390, 250, 690, 590), fill=255)
    pen.ellipse((220, 640, 860, 1400), fill=255)
    figure.paste((140, 150, 164), mask=person.filter(ImageFilter.GaussianBlur(1.5)))
    shown = clean(name)
    artwork = frame.artwork(named=bool(shown))
    artwork.overlay.lay(figure)
    if shown:
        artwork.name.write(figure, shown)
    file = io.BytesIO()
    figure.resize((side, side), Image.Resampling.LANCZOS).save(file, "PNG")
    return file.getvalue()
