"""The whole way from a sent photo to finished badges."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .artwork import Artwork
from .canvas import SIDE, gradient
from .colours import PAPER
from .crops import Crop
from .encoding import Kind, encoded
from .errors import NameRefused, Problem
from .fonts import missing_letters
from .formats import FORMATS
from .frames import Frame
from .photos import Photo, open_photo
from .text import clean


@dataclass(frozen=True, slots=True)
class Output:
    """One picture that is asked for: a name in FORMATS, and the kind of file."""

    format: str = "square"
    kind: Kind = "JPEG"


def render_badge(
    photo: bytes, frame: Frame, name: str, *, format: str = "square", kind: Kind = "JPEG", crop: Crop | None = None
) -> bytes:
    """One badge; see `render_badges`."""
    return render_badges(photo, frame, name, [Output(format, kind)], crop=crop)[0]


def render_badges(
    photo: bytes, frame: Frame, name: str, outputs: Sequence[Output], *, crop: Crop | None = None
) -> list[bytes]:
    """The badges of one photo, in the order of `outputs`: it is decoded once for all of them.

    `photo` is a file's bytes: JPEG, PNG, WebP, HEIC or GIF (its first picture), at most 25 MB and 50 megapixels (less
    for the kinds that take more memory to open; a render takes at most 120 MB). `crop` says which part of it shows;
    without one it is found for each format, around the faces where the extra `faces` is installed, else in the middle.
    `name` is fitted to its place by size, then by a narrower face, then by an ellipsis; an empty name gives a badge
    without one. The results carry no metadata and are in sRGB.

    Raises PhotoRefused, NameRefused and FrameRefused, whose `code`, `values` and text say what is wrong.
    """
    shown = as_written(name)
    artworks = {each.format: frame.artwork(each.format, named=bool(shown)) for each in outputs}
    opened = open_photo(photo, [artwork.window[2:] for artwork in artworks.values()], crop)
    files: dict[Output, bytes] = {}
    for format, artwork in artworks.items():  # one picture at a time: five together would take 20 MB
        picture = _composed(opened, artwork, shown, crop, format)
        files |= {each: encoded(picture, each.kind) for each in set(outputs) if each.format == format}
    return [files[each] for each in outputs]


def as_written(name: str) -> str:
    """A name as it stands on a badge, when there is room; raises NameRefused where no font has its letters."""
    shown = clean(name)
    if letters := missing_letters(shown):
        raise NameRefused(Problem.LETTER_MISSING, letters=" ".join(letters))
    return shown


def automatic_crop(photo: bytes, frame: Frame, name: str = "", *, format: str = "square") -> Crop:
    """The part of a photo that `render_badges` shows of itself in that format: from there a person may move it on.

    Raises PhotoRefused and FrameRefused.
    """
    artwork = frame.artwork(format, named=bool(clean(name)))
    window = artwork.window[2:]
    return open_photo(photo, [window]).automatic(window, artwork.shown)


def overlay(frame: Frame, name: str, *, format: str = "square", width: int | None = None) -> bytes:
    """A PNG of the frame alone, with the name and a transparent hole: what a browser lays over the photo it shows.

    `width` in pixels makes it smaller. Raises NameRefused and FrameRefused.
    """
    shown = as_written(name)
    artwork = frame.artwork(format, named=bool(shown))
    sheet = Image.new("RGBA", FORMATS[format].size)
    part = artwork.overlay.colours.copy()
    part.putalpha(artwork.overlay.coverage)
    sheet.paste(part, artwork.overlay.at)
    if shown:
        artwork.name.write(sheet, shown)
    if width is not None and width < sheet.width:
        sheet = sheet.resize((width, round(sheet.height * width / sheet.width)), Image.Resampling.LANCZOS)
    return encoded(sheet, "PNG")


def preview(frame: Frame, side: int, name: str = "") -> bytes:
    """A PNG of `side` x `side` pixels that shows a frame over a neutral silhouette, for choosing among frames.

    A frame that has no square is shown in the first format that it has, with paper around it.
    """
    format = "square" if "square" in frame.formats else frame.formats[0]
    shown = clean(name)
    artwork = frame.artwork(format, named=bool(shown))
    figure = gradient((226, 230, 236), (190, 197, 207), FORMATS[format].size)
    _draw_person(figure, artwork)
    artwork.overlay.lay(figure)
    if shown:
        artwork.name.write(figure, shown)
    figure = ImageOps.contain(figure, (side, side), Image.Resampling.LANCZOS)
    return encoded(ImageOps.pad(figure, (side, side), color=PAPER), "PNG")


def _draw_person(figure: Image.Image, artwork: Artwork) -> None:
    """A head and shoulders, in the middle of where the photo goes."""
    left, top, width, height = artwork.window
    side = min(width, height)
    person = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(person)
    pen.ellipse((390, 250, 690, 590), fill=255)
    pen.ellipse((220, 640, 860, 1400), fill=255)
    person = person.filter(ImageFilter.GaussianBlur(1.5)).resize((side, side))
    figure.paste((140, 150, 164), (left + (width - side) // 2, top + (height - side) // 2), person)


def _composed(photo: Photo, artwork: Artwork, name: str, crop: Crop | None, format: str) -> Image.Image:
    left, top, width, height = artwork.window
    part = artwork.shown  # the frame covers the rest
    badge = Image.new("RGB", FORMATS[format].size)
    crop = crop or photo.automatic((width, height), part)
    badge.paste(photo.filled((width, height), crop, part), (left + part[0], top + part[1]))
    artwork.overlay.lay(badge)
    if name:
        artwork.name.write(badge, name)
    return badge
