"""Frames: a campaign's colours and words in one of the project's designs, ready to be laid over photos."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from . import designs
from .artwork import Artwork
from .canvas import Rgb, rgb
from .designs.kit import Brief
from .errors import FrameRefused, Problem
from .folder_frames import FolderFrame, open_folder_frame
from .fonts import missing_letters
from .formats import FORMATS
from .text import clean

DESIGNS: tuple[str, ...] = tuple(designs.DRAWN)
SLOGAN_LIMIT = 80  # letters; two lines of a banner can still be read
HASHTAG_LIMIT = 40  # letters
SPONSOR_LIMIT = 160  # letters; two lines that can be read in a picture of 1080 pixels
ARTWORKS_KEPT = 24  # 4 MB each, in a story 8
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
    folder: FolderFrame | None = None

    @property
    def formats(self) -> tuple[str, ...]:
        """The names of the formats that this frame has, in the order of FORMATS: the square first, if it has one."""
        return self.folder.formats if self.folder else tuple(FORMATS)

    def artwork(self, format: str = "square", *, named: bool) -> Artwork:
        """What is laid over the photo, with room for a name or without; drawn once (about 0.3 s), then kept.

        Raises FrameRefused for a format that this frame has not, and for one that the sponsor's line has no room in.
        """
        if format not in self.formats:
            raise FrameRefused(Problem.FORMAT_MISSING, format=format, formats=", ".join(self.formats))
        return _drawn(self, format, named)


def draw_frame(
    design: str, palette: Palette, slogan: str, hashtag: str = "", sponsor: str = "", section: str = ""
) -> Frame:
    """A frame of one of DESIGNS. The same words and colours give the same frame, drawn once.

    Slogan, hashtag and sponsor (who pays, and where that is explained) are shown as they are, one space between words:
    at most SLOGAN_LIMIT, HASHTAG_LIMIT and SPONSOR_LIMIT letters. `section` stands beside the hashtag; a long one ends
    in an ellipsis.
    Raises FrameRefused for an unknown design, an empty or too long text, letters that no font has, and a sponsor's
    line that has no room in the square.
    """
    if design not in designs.DRAWN:
        raise FrameRefused(Problem.DESIGN_UNKNOWN, design=design, designs=", ".join(DESIGNS))
    frame = Frame(design, palette, *campaign_words(slogan, hashtag, sponsor, section))
    frame.artwork(named=True)
    return frame


def open_frame(
    path: Path, palette: Palette, slogan: str, hashtag: str = "", sponsor: str = "", section: str = ""
) -> Frame:
    """The frame that a designer made: a folder with `frame.toml`, or a lone PNG with a transparent hole.

    Words are as in `draw_frame`. Raises FrameRefused as that does, and with FRAME_FILE_WRONG, which names file, line
    and key, for what is wrong in the folder.
    """
    words = campaign_words(slogan, hashtag, sponsor, section)
    return Frame(path.stem, palette, *words, open_folder_frame(path))


def campaign_words(slogan: str, hashtag: str, sponsor: str, section: str) -> tuple[str, str, str, str]:
    """The words that frames show, cleaned. Raises FrameRefused for what is missing, too long or in no font."""
    words, tag, payer, place = clean(slogan), clean(hashtag), clean(sponsor), clean(section)
    if not words:
        raise FrameRefused(Problem.SLOGAN_EMPTY)
    for text, limit in ((words, SLOGAN_LIMIT), (tag, HASHTAG_LIMIT), (payer, SPONSOR_LIMIT)):
        if len(text) > limit:
            raise FrameRefused(Problem.SLOGAN_TOO_LONG, length=len(text), limit=limit)
    if letters := missing_letters(words + tag + payer + place):
        raise FrameRefused(Problem.LETTER_MISSING, letters=" ".join(letters))
    return words, tag, payer, place


@lru_cache(maxsize=ARTWORKS_KEPT)
def _drawn(frame: Frame, format: str, named: bool) -> Artwork:
    words = frame.slogan, frame.hashtag, frame.sponsor, frame.section
    brief = Brief(FORMATS[format], *frame.palette.colours, *words, named)
    return frame.folder.draw(brief) if frame.folder else designs.DRAWN[frame.design](brief)
