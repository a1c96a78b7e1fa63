"""What a design hands over: the picture to lay over a photo, where the photo goes, and where the name goes."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image, ImageChops

from .canvas import INK, SIDE, Point, Rgb, Sheet, mask, soft
from .fonts import CONDENSED, SANS
from .overlay import Overlay
from .text import NAME_LEADING, Line, Sizes, draw_line, fit_name, lay

NAME_FACES = (SANS, CONDENSED)  # a long name is set narrower before it is set too small
LAYERS_KEPT = 32  # names on their plates; 1 MB each at most

Align = Literal["left", "centre", "right"]


class Plate:
    """A rounded plate with its shadow, drawn at its full width: its two halves, moved together, make a narrower one."""

    def __init__(
        self, width: int, height: int, radius: float, ground: Rgb, foot: int = 0, foot_colour: Rgb = INK
    ) -> None:
        self.room = room = max(12, round(height * 0.4))  # pixels around the plate, for its shadow
        self.width, self.height = width, height
        size = (width + 2 * room, height + 2 * room)
        shape = mask(lambda pen: pen.rounded((room, room, room + width, room + height), radius), size)
        sheet = Sheet(size)
        sheet.fill(soft(shape, room / 3, 0.36, (0, room // 6)), INK)
        sheet.fill(shape, ground)
        if foot:
            below = mask(lambda pen: pen.rectangle((0, room + height - foot, size[0], size[1])), size)
            sheet.fill(ImageChops.multiply(below, shape), foot_colour)
        self.picture = sheet.picture

    def lay(self, picture: Image.Image, centre: Point, width: int) -> None:
        """Lay the plate, `width` pixels wide at most its full width, around a centre."""
        half = (min(width, self.width) + 1) // 2 + self.room
        x, y = round(centre[0]), round(centre[1] - self.picture.height / 2)
        left = self.picture.crop((0, 0, half, self.picture.height))
        right = self.picture.crop((self.picture.width - half, 0, self.picture.width, self.picture.height))
        lay(picture, left, (x - half, y))
        lay(picture, right, (x, y))


@dataclass(frozen=True)
class Caption:
    """Words that stand on the name's plate, whatever the name is."""

    line: Line
    centre: Point
    colour: Rgb


@dataclass(frozen=True)
class NameSlot:
    """Where a name is written: in a box around `centre`, `width` x `height` pixels, in sizes (largest, smallest)."""

    centre: Point
    width: int
    height: int
    sizes: Sizes
    colour: Rgb
    faces: tuple[str, ...] = NAME_FACES
    align: Align = "centre"
    upper: bool = False  # in capitals
    plate: Plate | None = None
    plate_centre: Point | None = None  # where it is not the name's
    padding: int = 0  # from the name to the plate's ends
    narrowest: int = 0  # of the plate
    caption: Caption | None = None

    def fitted(self, name: str) -> list[Line]:
        shown = name.upper() if self.upper else name
        return fit_name(shown, self.width, self.height, self.sizes, self.faces)

    def layer(self, name: str) -> tuple[Image.Image, tuple[int, int]]:
        """A cleaned name that has no missing letter, as a picture with transparency, and where its corner goes.

        Kept for the next badge of that name: it is for reading, not for drawing on.
        """
        return _layer(self, name)

    def write(self, picture: Image.Image, name: str) -> None:
        """Write a cleaned name that has no missing letter, with its plate, on RGB or RGBA."""
        words, at = self.layer(name)
        lay(picture, words, at)

    def draw(self, picture: Image.Image, name: str, origin: Point = (0, 0)) -> None:
        """Draw the name on a picture whose corner is at `origin` of the badge."""
        left, top = origin
        lines = self.fitted(name)
        widest = max(line.width for line in lines)
        if self.plate:
            x, y = self.plate_centre or self.centre
            width = max(self.narrowest, round(widest) + 2 * self.padding)
            if self.align == "left":  # the plate grows to the right, as the name does
                x = self.centre[0] - self.width / 2 - self.padding + min(width, self.plate.width) / 2
            self.plate.lay(picture, (x - left, y - top), width)
        for i, line in enumerate(lines):
            slack = (self.width - line.width) / 2
            x = self.centre[0] + {"left": -slack, "centre": 0.0, "right": slack}[self.align]
            y = self.centre[1] + (i - (len(lines) - 1) / 2) * line.px * NAME_LEADING
            draw_line(picture, line, (x - left, y - top), self.colour)
        if self.caption:
            x, y = self.caption.centre
            draw_line(picture, self.caption.line, (x - left, y - top), self.caption.colour)

    @property
    def reach(self) -> tuple[int, int, int, int]:
        """The box of all that may be drawn: left, top, right, bottom."""
        x, y = self.centre
        width, height = self.width + self.sizes[0], self.height + self.sizes[0]
        if self.plate:
            x, y = self.plate_centre or self.centre
            width, height = max(width, self.plate.picture.width), max(height, self.plate.picture.height)
        return round(x - width / 2) - 1, round(y - height / 2) - 1, round(x + width / 2) + 1, round(y + height / 2) + 1


@lru_cache(maxsize=LAYERS_KEPT)
def _layer(slot: NameSlot, name: str) -> tuple[Image.Image, tuple[int, int]]:
    left, top, right, bottom = slot.reach
    words = Image.new("RGBA", (right - left, bottom - top))
    slot.draw(words, name, (left, top))
    box = words.getbbox() or (0, 0, 1, 1)
    return words.crop(box), (left + box[0], top + box[1])


@dataclass(frozen=True)
class Artwork:
    """A frame drawn for one format. `window` is where the photo goes: (left, top, width, height) in pixels of it."""

    overlay: Overlay
    name: NameSlot
    window: tuple[int, int, int, int] = (0, 0, SIDE, SIDE)

    @property
    def shown(self) -> tuple[int, int, int, int]:
        """The box of the window that the overlay leaves to be seen, in pixels from the window's corner."""
        (left, top, width, height), hole = self.window, self.overlay.hole
        return max(0, hole[0] - left), max(0, hole[1] - top), min(width, hole[2] - left), min(height, hole[3] - top)
