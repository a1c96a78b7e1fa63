"""What a design hands over: the picture to lay over a photo, where the photo goes, and where the name goes."""

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

from .canvas import INK, SIDE, Point, Rgb, Sheet, mask, soft
from .overlay import Overlay
from .text import CONDENSED, SANS, Line, draw_line, fit

NAME_FACES = (SANS, CONDENSED)  # a long name is set narrower before it is set too small


class Plate:
    """A rounded plate with its shadow, drawn at its full width: its two halves, moved together, make a narrower one."""

    SHADOW_ROOM = 48  # pixels around the plate

    def __init__(
        self, width: int, height: int, radius: float, ground: Rgb, foot: int = 0, foot_colour: Rgb = INK
    ) -> None:
        room = self.SHADOW_ROOM
        self.height = height
        size = (width + 2 * room, height + 2 * room)
        shape = mask(lambda pen: pen.rounded((room, room, room + width, room + height), radius), size)
        sheet = Sheet(size)
        sheet.fill(soft(shape, 16, 0.36, (0, 8)), INK)
        sheet.fill(shape, ground)
        if foot:
            below = mask(lambda pen: pen.rectangle((0, room + height - foot, size[0], size[1])), size)
            sheet.fill(ImageChops.multiply(below, shape), foot_colour)
        self.picture = sheet.picture

    def lay(self, photo: Image.Image, centre: Point, width: int) -> None:
        """Lay the plate, `width` pixels wide at most its full width, around a centre."""
        half = (width + 1) // 2 + self.SHADOW_ROOM
        x, y = round(centre[0]), round(centre[1] - self.picture.height / 2)
        left = self.picture.crop((0, 0, half, self.picture.height))
        right = self.picture.crop((self.picture.width - half, 0, self.picture.width, self.picture.height))
        photo.paste(left, (x - half, y), left)
        photo.paste(right, (x, y), right)


@dataclass(frozen=True)
class Caption:
    """Words that stand on the name's plate, whatever the name is."""

    line: Line
    centre: Point
    colour: Rgb


@dataclass(frozen=True)
class NameSlot:
    """Where a name is written: centred at `centre`, at most `width` pixels wide, in sizes (largest, smallest)."""

    centre: Point
    width: int
    sizes: tuple[int, int]
    colour: Rgb
    plate: Plate | None = None
    plate_centre: Point | None = None  # where it is not the name's
    padding: int = 0  # from the name to the plate's ends
    narrowest: int = 0  # of the plate
    caption: Caption | None = None

    def fitted(self, name: str) -> Line:
        return fit(name, self.width, self.sizes, NAME_FACES)

    def write(self, photo: Image.Image, name: str) -> None:
        """Write a cleaned name that has no missing letter, with its plate."""
        line = self.fitted(name)
        if self.plate:
            self.plate.lay(
                photo, self.plate_centre or self.centre, max(self.narrowest, round(line.width) + 2 * self.padding)
            )
        draw = ImageDraw.Draw(photo)
        draw_line(draw, line, self.centre, self.colour)
        if self.caption:
            draw_line(draw, self.caption.line, self.caption.centre, self.caption.colour)


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
