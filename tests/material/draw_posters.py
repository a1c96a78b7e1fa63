"""Draws the two posters of campagne.csv. Run it from the checkout: python tests/material/draw_posters.py"""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
FONTS = HERE.parents[1] / "badges" / "assets" / "fonts"
RED, NAVY, CREAM, GOLD = "#C8102E", "#1D2B5C", "#FFF6E9", "#F2B632"
SCALE = 2  # drawn twice as large and made smaller, so that edges are smooth


def font(size: int, name: str = "BarlowCondensed-Bold.ttf") -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / name, size * SCALE)


class Poster:
    """A sheet of width x height pixels, on which lengths are pixels of the finished picture."""

    def __init__(self, width: int, height: int, colour: str) -> None:
        self.size = (width, height)
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), colour)
        self.pen = ImageDraw.Draw(self.image)

    def shape(self, points: list[tuple[float, float]], colour: str) -> None:
        self.pen.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        box = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
        self.pen.ellipse(box, fill=colour)

    def rays(self, x: float, y: float, inner: float, outer: float, count: int, colour: str) -> None:
        """A half sun of `count` rays over the point."""
        for i in range(count):
            middle, half = math.pi * (1 + (i + 0.5) / count), math.pi / count * 0.28
            corners = [(inner, middle - half), (outer, middle - half), (outer, middle + half), (inner, middle + half)]
            self.shape([(x + r * math.cos(a), y + r * math.sin(a)) for r, a in corners], colour)

    def words(
        self, x: float, y: float, text: str, size: int, colour: str, name: str = "BarlowCondensed-Bold.ttf"
    ) -> None:
        self.pen.text((x * SCALE, y * SCALE), text, font=font(size, name), fill=colour, anchor="ls")

    def save(self, file: str, **options: object) -> None:
        target = HERE / "images" / file
        target.parent.mkdir(exist_ok=True)
        self.image.resize(self.size, Image.Resampling.LANCZOS).save(target, **options)


def rally() -> None:
    """The launch rally: a sun over two hills, the date and the hall."""
    poster = Poster(1200, 675, NAVY)
    poster.rays(900, 520, 190, 620, 15, "#28397A")
    poster.disc(900, 520, 170, GOLD)
    poster.shape([(380, 675), (760, 455), (1200, 600), (1200, 675)], RED)
    poster.shape([(0, 675), (0, 560), (420, 640), (640, 675)], "#A30D25")
    poster.words(70, 120, "GRAND RASSEMBLEMENT DE LANCEMENT", 44, GOLD)
    poster.words(66, 250, "LA RÉGION", 140, CREAM)
    poster.words(66, 372, "QUI OSE !", 140, CREAM)
    poster.words(70, 450, "Samedi 16 janvier · 13 h 45", 54, CREAM)
    poster.words(70, 505, "Halle des Forges, Port-Sauvage", 38, CREAM)
    poster.words(70, 640, "#LaRégionQuiOse", 40, GOLD)
    poster.save("rassemblement.jpg", quality=86, optimize=True)


def trains() -> None:
    """The programme's first measure, as a figure that one reads from afar."""
    poster = Poster(1080, 1080, CREAM)
    poster.shape([(0, 0), (1080, 0), (1080, 250), (0, 330)], RED)
    poster.words(70, 130, "NOTRE ENGAGEMENT N° 1", 56, GOLD)
    poster.words(70, 220, "Le train pour toutes et tous", 76, CREAM)
    poster.words(60, 640, "1 €", 360, NAVY)
    poster.words(520, 520, "le trajet", 110, NAVY)
    poster.words(520, 625, "pour les moins", 90, NAVY)
    poster.words(520, 715, "de 26 ans", 90, NAVY)
    for i in range(16):
        poster.shape([(60 + i * 62, 850), (92 + i * 62, 850), (76 + i * 62, 910), (44 + i * 62, 910)], "#8D93AD")
    poster.shape([(0, 842), (1080, 842), (1080, 852), (0, 852)], NAVY)
    poster.shape([(0, 908), (1080, 908), (1080, 918), (0, 918)], NAVY)
    poster.words(70, 1020, "La Région qui ose", 64, RED)
    poster.words(640, 1018, "#LaRégionQuiOse", 46, NAVY)
    poster.save("train-a-un-euro.png", optimize=True)


if __name__ == "__main__":
    rally()
    trains()
