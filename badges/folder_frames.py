"""Frames that a designer made: a folder with `frame.toml` and pictures, or a lone PNG with a transparent hole."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageStat, UnidentifiedImageError

from .artwork import Artwork, NameSlot, Plate
from .canvas import SMALL_CONTRAST, Pen, Rgb, Sheet, readable, rgb
from .designs.kit import FINE_TRACKING, Brief, no_name, write_lines
from .errors import FrameRefused, Problem, wrong_file
from .fonts import CONDENSED, SANS
from .formats import FORMATS, Format
from .frame_files import Box, Side, Words, read_frame_file
from .holes import find_hole
from .overlay import Overlay
from .text import LINE_WORTH, Line, fit_letters, fit_lines, is_cut

SAME_SHAPE = 0.01  # of the ratio of width to height: an uploaded picture may be a pixel off
LEAST_SCALE = 0.5  # a picture is made at most twice as large
HEAVIEST = 20_000_000  # bytes of a frame's picture
MOST_PIXELS = 25_000_000
LEADING = 1.14  # between lines, in sizes
OPAQUE = 200  # mean coverage, of 255, from which words stand on the picture rather than on the photo


@dataclass(frozen=True)
class Picture:
    """One format of a frame: its picture, where the photo goes, and the words. `stamp` changes with the file."""

    format: str
    file: Path
    stamp: tuple[int, int]
    window: Box
    words: tuple[tuple[str, Words], ...]


@dataclass(frozen=True)
class FolderFrame:
    """A frame's pictures, all of them checked."""

    path: Path
    pictures: tuple[Picture, ...]

    @property
    def formats(self) -> tuple[str, ...]:
        return tuple(picture.format for picture in self.pictures)

    def draw(self, brief: Brief) -> Artwork:
        """The frame in a campaign's colours, with its words."""
        picture = next(picture for picture in self.pictures if picture.format == brief.format.name)
        return _draw(picture, brief)


def open_folder_frame(path: Path) -> FolderFrame:
    """The frame in a folder, or of a lone PNG; every picture is opened and checked.

    FrameRefused (FRAME_FILE_WRONG) says file, line and key, what is wrong and what to write.
    """
    if path.is_dir():
        return FolderFrame(path, tuple(_checked(side) for side in read_frame_file(path)))
    return FolderFrame(path, _lone(path))


def _checked(side: Side) -> Picture:
    coverage = _opened(side.picture, side.at.wrong).getchannel("A")
    wanted = FORMATS[side.format]
    if not _fits(coverage.size, wanted):
        raise side.at.wrong(
            f"{side.picture.name} measures {coverage.width} x {coverage.height}; "
            f"a {side.format} needs {wanted.width} x {wanted.height}, or the same shape larger"
        )
    hole = side.window or find_hole(coverage.resize(wanted.size, Image.Resampling.BILINEAR))
    if hole is None:
        raise side.at.wrong(
            f"{side.picture.name} lets no photo through; make its hole transparent, or say where the photo goes: "
            "window = [left, top, width, height]"
        )
    return Picture(side.format, side.picture, _stamp(side.picture), hole, side.words)


def _lone(file: Path) -> tuple[Picture, ...]:
    coverage = _opened(file, lambda what: wrong_file(file, what)).getchannel("A")
    formats = [each for each in FORMATS.values() if _fits(coverage.size, each)]
    if not formats:
        sizes = ", ".join(f"{each.name} {each.width} x {each.height}" for each in FORMATS.values())
        raise wrong_file(
            file, f"it measures {coverage.width} x {coverage.height}, which is no format; make it one of {sizes}"
        )
    pictures = []
    for each in formats:
        hole = find_hole(coverage.resize(each.size, Image.Resampling.BILINEAR))
        if hole is None:
            raise wrong_file(file, "it lets no photo through; make the place of the photo transparent")
        pictures.append(Picture(each.name, file, _stamp(file), hole, tuple(_usual_words(each, hole))))
    return tuple(pictures)


def _usual_words(format: Format, hole: Box) -> list[tuple[str, Words]]:
    """Where a picture that says nothing of it bears a name and who pays: on plates at the foot of its photo."""
    across, down = (0.146, 0.854) if format.width == format.height else (0.12, 0.88)
    left, right = max(hole[0], across * format.width), min(hole[0] + hole[2], (1 - across) * format.width)
    bottom = min(hole[1] + hole[3], down * format.height)
    tall = round(min(0.085 * min(format.size) + 12, 0.2 * hole[3]))
    fine = max(30, round(tall * 0.55))
    box = round(left), round(bottom - tall - fine - 6), round(right - left), tall
    small = round(left), round(bottom - fine), round(right - left), fine
    size = max(6, tall - 18)
    return [
        ("name", Words(box, SANS, (size, max(6, size // 3)), "primary", "centre", 2, False, "#FFFFFF")),
        ("sponsor", Words(small, CONDENSED, (max(8, fine // 2), 7), "primary", "centre", 3, False, "#FFFFFF")),
    ]


def _opened(file: Path, wrong: Callable[[str], FrameRefused]) -> Image.Image:
    """A frame's picture with its transparency; `wrong` makes the refusal that says where the picture was named."""
    try:
        if file.stat().st_size > HEAVIEST:
            raise wrong(f"{file.name} weighs more than {HEAVIEST // 1_000_000} MB; save a smaller PNG")
        with Image.open(file, formats=("PNG",)) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise wrong(f"{file.name} measures {opened.width} x {opened.height}; save it smaller")
            if not (opened.has_transparency_data):
                raise wrong(f"{file.name} has no transparency; save it as a PNG whose hole is transparent")
            return opened.convert("RGBA")
    except FileNotFoundError:
        raise wrong(f"there is no file {file}") from None
    except UnidentifiedImageError:
        raise wrong(f"{file.name} is not a PNG; save the picture as PNG with transparency") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise wrong(f"{file.name} cannot be read ({error}); save it once more") from None


def _fits(size: tuple[int, int], format: Format) -> bool:
    ratio = size[0] / size[1] / (format.width / format.height)
    return abs(ratio - 1) <= SAME_SHAPE and size[0] >= LEAST_SCALE * format.width


def _stamp(file: Path) -> tuple[int, int]:
    state = file.stat()
    return state.st_mtime_ns, state.st_size


def _draw(picture: Picture, brief: Brief) -> Artwork:
    size = brief.format.size
    drawn = _opened(picture.file, lambda what: wrong_file(picture.file, what))
    drawn = drawn.resize(size, Image.Resampling.LANCZOS)
    sheet = Sheet(size)
    left, top, width, height = picture.window

    def outside(pen: Pen) -> None:
        pen.rectangle((0, 0, *size))
        pen.rectangle((left, top, left + width, top + height), ink=0)

    sheet.draw(outside, brief.primary)  # what the picture leaves open beside the photo would be black
    sheet.picture.alpha_composite(drawn)
    words = dict(picture.words)
    if brief.sponsor and "sponsor" not in words:
        raise FrameRefused(Problem.SPONSOR_NO_ROOM, format=brief.format.name)
    texts = {"slogan": brief.slogan, "hashtag": brief.hashtag, "section": brief.section, "sponsor": brief.sponsor}
    for kind, text in texts.items():
        if text and kind in words:
            _write(sheet, brief, kind, text, words[kind])
    slot = _name_slot(sheet, brief, words["name"]) if "name" in words else no_name()
    return Artwork(Overlay(sheet.picture), slot, picture.window)


def _write(sheet: Sheet, brief: Brief, kind: str, text: str, words: Words) -> None:
    lines = _fitted(text.upper() if words.capitals else text, words, kind)
    if kind == "sponsor" and any(map(is_cut, lines)):
        raise FrameRefused(Problem.SPONSOR_NO_ROOM, format=brief.format.name)
    left, top, width, height = words.box
    x = {"left": left, "centre": left + width / 2, "right": left + width}[words.align]
    if words.ground:
        widest = min(width, max(line.width for line in lines) + lines[0].px)
        plate_left = {"left": left, "centre": x - widest / 2, "right": x - widest}[words.align]
        box = (plate_left, top, plate_left + widest, top + height)
        sheet.draw(lambda pen: pen.rounded(box, min(height, widest) * 0.25), _colour(brief, words.ground))
        x += {"left": lines[0].px / 2, "centre": 0.0, "right": -lines[0].px / 2}[words.align]
    ink = _ink(sheet, brief, words, SMALL_CONTRAST if kind == "sponsor" else 3.0)
    write_lines(sheet, lines, (x, top + height / 2), ink, LEADING, words.align)


def _fitted(text: str, words: Words, kind: str) -> list[Line]:
    """The words in their box, in as many lines as let them be largest."""
    _, _, width, height = words.box
    largest, smallest = words.size
    width -= largest if words.ground else 0
    fit_all = fit_letters if kind == "sponsor" else fit_lines
    best: list[Line] = []
    for count in range(1, words.lines + 1):
        most = min(largest, int(height / (1 + (count - 1) * LEADING)))
        if most < smallest and best:
            break
        rooms = [[width] * n for n in range(1, count + 1)]
        lines = fit_all(text, rooms, (max(most, smallest), smallest), words.font, FINE_TRACKING)
        if not best or any(map(is_cut, best)) or lines[0].px >= best[0].px * LINE_WORTH:
            best = lines
    return best


def _name_slot(sheet: Sheet, brief: Brief, words: Words) -> NameSlot:
    left, top, width, height = words.box
    ink = _ink(sheet, brief, words, 3.0)
    padding = round(height * 0.4) if words.ground else 0
    plate = Plate(width, height, height / 2, _colour(brief, words.ground)) if words.ground else None
    return NameSlot(
        (left + width / 2, top + height / 2),
        width - 2 * padding,
        round(height * (0.82 if plate else 1.0)) if words.lines > 1 else words.size[0],
        (min(words.size[0], height), words.size[1]),
        ink,
        (words.font, CONDENSED) if words.font == SANS else (words.font,),
        words.align,
        words.capitals,
        plate=plate,
        padding=padding,
        narrowest=min(width, 2 * height),
    )


def _colour(brief: Brief, colour: str) -> Rgb:
    named = {"primary": brief.primary, "secondary": brief.secondary, "text": brief.text}
    return named[colour] if colour in named else rgb(colour)


def _ink(sheet: Sheet, brief: Brief, words: Words, least: float) -> Rgb:
    """The colour that was asked for where it can be read on what is under it, else one that can."""
    wish = _colour(brief, words.colour)
    if words.ground:
        return readable(_colour(brief, words.ground), wish, least=least)
    left, top, width, height = words.box
    under = sheet.picture.crop((left, top, left + width, top + height))
    if ImageStat.Stat(under.getchannel("A")).mean[0] < OPAQUE:
        return wish  # the photo shows there, and nobody knows its colours
    red, green, blue = (round(part) for part in ImageStat.Stat(under.convert("RGB"), under.getchannel("A")).mean)
    return readable((red, green, blue), wish, least=least)
