"""Frames: a campaign's colours and words in one of three designs, ready to be laid over photos."""

import re
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from . import designs
from .artwork import Artwork, NameSlot
from .canvas import SIDE, Rgb, rgb
from .errors import FrameRefused, Problem
from .formats import FORMATS
from .overlay import Overlay
from .text import clean, missing_letters

DESIGNS: tuple[str, ...] = tuple(designs.DRAWN)
SLOGAN_LIMIT = 80  # letters; two lines of a banner can still be read
HASHTAG_LIMIT = 40  # letters
SPONSOR_LIMIT = 160  # letters; two lines that can be read in a picture of 1080 pixels
FRAMES_KEPT = 12  # 5 MB each
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True, slots=True)
class Palette:
    """A campaign's colours, each "#RRGGBB": the main one, the one that stands out on it, and its text's.

    Text is set in `text` wherever that can be read on its ground. Raises FrameRefused for what is no such colour.
    """

    primary: str
    secondary: str
    text: str

    def __post_init__(self) -> None:
        for colour in (self.primary, self.secondary, self.text):
            if not COLOUR.fullmatch(colour):
                raise FrameRefused(Problem.COLOUR_INVALID, colour=colour)

    @property
    def colours(self) -> tuple[Rgb, Rgb, Rgb]:
        """Primary, secondary and text as numbers of 0 to 255."""
        return rgb(self.primary), rgb(self.secondary), rgb(self.text)


@dataclass(frozen=True, slots=True)
class Frame:
    """A design in a campaign's colours and with its words. Made by `draw_frame`; cheap to keep and to compare."""

    design: str
    palette: Palette
    slogan: str
    hashtag: str
    sponsor: str = ""

    section: str = ""

    @property
    def formats(self) -> tuple[str, ...]:
        """The names of the formats that this frame has, the square first."""
        return tuple(FORMATS)

    def artwork(self, format: str = "square", *, named: bool) -> Artwork:
        """What is laid over the photo, with room for a name or without; drawn once (about 0.3 s), then kept.

        Raises FrameRefused for a format that this frame has not.
        """
        if format not in self.formats:
            raise FrameRefused(Problem.FORMAT_MISSING, format=format, formats=", ".join(self.formats))
        square = _drawn(self, named or self.design in designs.SAME_WITHOUT_NAME)
        return square if format == "square" else _inset(self, square, format)


def draw_frame(
    design: str, palette: Palette, slogan: str, hashtag: str = "", sponsor: str = "", section: str = ""
) -> Frame:
    """A frame of one of DESIGNS. The same words and colours give the same frame, drawn once.

    Slogan, hashtag and sponsor (who pays, and where that is explained) are shown as they are, one space between words:
    at most SLOGAN_LIMIT, HASHTAG_LIMIT and SPONSOR_LIMIT letters.
    Raises FrameRefused for an unknown design, an empty or too long text, and letters that no font has.
    """
    if design not in designs.DRAWN:
        raise FrameRefused(Problem.DESIGN_UNKNOWN, design=design, designs=", ".join(DESIGNS))
    words, tag, payer = clean(slogan), clean(hashtag), clean(sponsor)
    if not words:
        raise FrameRefused(Problem.SLOGAN_EMPTY)
    for text, limit in ((words, SLOGAN_LIMIT), (tag, HASHTAG_LIMIT), (payer, SPONSOR_LIMIT)):
        if len(text) > limit:
            raise FrameRefused(Problem.SLOGAN_TOO_LONG, length=len(text), limit=limit)
        if letters := missing_letters(text):
            raise FrameRefused(Problem.LETTER_MISSING, letters=" ".join(letters))
    frame = Frame(design, palette, words, tag, payer, section)
    _drawn(frame, True)
    return frame


@lru_cache(maxsize=FRAMES_KEPT)
def _drawn(frame: Frame, named: bool) -> Artwork:
    draw = designs.DRAWN[frame.design]
    return draw(frame.palette.colours, frame.slogan, frame.hashtag, frame.sponsor, named)


def _inset(frame: Frame, square: Artwork, format: str) -> Artwork:
    """The square in the middle of a ground in the main colour."""
    wanted = FORMATS[format]
    side = min(wanted.size)
    left, top = (wanted.width - side) // 2, (wanted.height - side) // 2
    scale = side / SIDE
    whole = Image.new("RGBA", wanted.size, (*frame.palette.colours[0], 255))
    inner = Image.new("RGBA", (SIDE, SIDE))
    part = square.overlay.colours.copy()
    part.putalpha(square.overlay.coverage)
    inner.paste(part, square.overlay.at)
    whole.paste(inner.resize((side, side)), (left, top))
    x, y, width, height = (round(each * scale) for each in square.window)
    slot = square.name
    centre = left + slot.centre[0] * scale, top + slot.centre[1] * scale
    name = NameSlot(centre, round(slot.width * scale), (round(slot.sizes[0] * scale), 8), slot.colour)
    return Artwork(Overlay(whole), name, (left + x, top + y, width, height))
