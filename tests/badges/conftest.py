"""Photos of every kind, made on the spot, and a way to look at the badges made from them."""

import dataclasses
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import badges
from badges import artwork, canvas, frames
from badges.text import Line, Rgb

RED, BLUE, GREEN, YELLOW = (220, 30, 30), (30, 30, 220), (30, 160, 30), (230, 210, 30)


@pytest.fixture
def palette() -> badges.Palette:
    return badges.Palette("#7A1FA2", "#FFC72C", "#FFFFFF")


@pytest.fixture
def frame(palette: badges.Palette) -> badges.Frame:
    """A ring: the middle of the photo is seen."""
    return badges.draw_frame("ring", palette, "Le rail public", "#Rail")


@pytest.fixture
def portrait() -> bytes:
    return (Path(__file__).parents[2] / "sandbox" / "material" / "portrait.jpg").read_bytes()


@pytest.fixture
def quarters() -> Image.Image:
    """640 x 480: red, blue above; green, yellow below. Each turn of it looks different."""
    picture = Image.new("RGB", (640, 480), RED)
    picture.paste(BLUE, (320, 0, 640, 240))
    picture.paste(GREEN, (0, 240, 320, 480))
    picture.paste(YELLOW, (320, 240, 640, 480))
    return picture


@pytest.fixture
def saved() -> Callable[..., bytes]:
    def save(picture: Image.Image, kind: str, **options: Any) -> bytes:
        file = io.BytesIO()
        picture.save(file, kind, **options)
        return file.getvalue()

    return save


@pytest.fixture
def opened() -> Callable[[bytes], Image.Image]:
    def open_(badge: bytes) -> Image.Image:
        picture = Image.open(io.BytesIO(badge))
        picture.load()
        return picture

    return open_


@pytest.fixture
def corners() -> Callable[[bytes], list[str]]:
    """The colours around the middle of a badge, by name: upper left, upper right, lower left, lower right."""
    names = {RED: "red", BLUE: "blue", GREEN: "green", YELLOW: "yellow", (255, 255, 255): "white", (0, 0, 0): "black"}

    def look(badge: bytes) -> list[str]:
        picture = Image.open(io.BytesIO(badge)).convert("RGB")
        spots = [picture.getpixel(at) for at in ((400, 400), (680, 400), (400, 680), (680, 680))]
        return [
            min(((sum(abs(a - b) for a, b in zip(spot, colour, strict=True)), name) for colour, name in names.items()))[
                1
            ]
            for spot in spots
        ]

    return look


@pytest.fixture
def flat_png() -> Callable[..., bytes]:
    """A PNG of zeros, written a row at a time: huge when opened, small as a file."""

    def make(width: int, height: int, colour_type: int = 2, depth: int = 8, rows: int | None = None) -> bytes:
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
        row = bytes(1 + (width * channels * depth + 7) // 8)
        packer = zlib.compressobj(1)
        body = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
        header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"IDAT", body), (b"IEND", b"")]
        if colour_type == 3:
            chunks[1:1] = [(b"PLTE", bytes((10, 20, 30))), (b"tRNS", b"\x40")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )

    return make


@pytest.fixture
def words_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Image.Image]:
    """Draws a frame anew and gives the coverage of its words alone: of those that stand still, and of each name."""
    sheets: list[Image.Image] = []
    real_line, real_fine = canvas.draw_line, canvas.Sheet._lay_fine

    def line(picture: Image.Image, line: Line, centre: canvas.Point, colour: Rgb) -> None:
        real_line(picture, line, centre, colour)
        if sheets and picture.size == sheets[-1].size:
            real_line(sheets[-1], line, centre, colour)

    def fine(sheet: canvas.Sheet, part: Image.Image, centre: canvas.Point) -> None:
        real_fine(sheet, part, centre)
        if not sheets:
            return
        aside = canvas.Sheet(sheet.size)
        aside.picture = sheets[-1]
        real_fine(aside, part, centre)

    monkeypatch.setattr(canvas, "draw_line", line)
    monkeypatch.setattr(artwork, "draw_line", line)
    monkeypatch.setattr(canvas.Sheet, "_lay_fine", fine)

    def draw(frame: badges.Frame, format: str, *names: str) -> tuple[Image.Image, list[Image.Image]]:
        size = badges.FORMATS[format].size
        sheets.append(Image.new("RGBA", size))
        frames._drawn.cache_clear()
        slot = frame.artwork(format, named=bool(names)).name
        if names and slot.caption:
            real_line(sheets[-1], slot.caption.line, slot.caption.centre, (0, 0, 0))
        own = []
        for name in names:
            aside = Image.new("RGBA", size)
            dataclasses.replace(slot, plate=None, caption=None).write(aside, name)
            own.append(aside.getchannel("A"))
        return sheets.pop().getchannel("A"), own

    return draw
