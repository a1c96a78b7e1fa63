"""How long one badge takes, against naive Pillow in the same run: single thread, the two sides taking turns."""

import io
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter

import badges
from badges.text import FONTS, SANS
from bench import badge_naive
from bench.rows import Row, Say, row

ROUNDS = 7  # of each side; the median of so many is steady to a few hundredths here
NAME = "Camille Moreau"
ORIENTATION = 0x0112
BICUBIC = Image.Resampling.BICUBIC
GRAIN = 6.5  # levels of 255 (standard deviation), a phone's in daylight


def photo_like(width: int, height: int) -> Image.Image:
    """A picture that costs a decoder what a photo costs: gradients, clouds, hard and soft shapes, lines, grain."""
    chance = random.Random(7)
    ramp = Image.linear_gradient("L").resize((width, height), Image.Resampling.BICUBIC)
    skies = ((90, 180), (130, 170), (210, 100))  # red, green and blue, above and below
    ground = Image.merge("RGB", [ramp.point([a + (b - a) * i // 255 for i in range(256)]) for a, b in skies])
    for octave in range(3, 9):  # each twice as fine, and fainter
        cells = Image.effect_noise((2**octave, 2**octave), 110 / octave)
        ground = ImageChops.add(ground, Image.merge("RGB", [cells.resize((width, height), BICUBIC)] * 3), 1, -128)
    draw = ImageDraw.Draw(ground)
    for i in range(1700):
        x, y, colour = chance.randrange(width), chance.randrange(height), tuple(chance.randbytes(3))
        if i < 200:
            r = int(chance.gammavariate(2.0, 45)) + 6
            (draw.ellipse if i % 2 else draw.rectangle)((x - r, y - r, x + r, y + r // 2), fill=colour)
        else:
            end = (x + chance.randrange(-120, 120), y + chance.randrange(-120, 120))
            draw.line((x, y, *end), fill=colour, width=chance.randrange(1, 4))
    blurred = ground.filter(ImageFilter.GaussianBlur(0.8))
    grain = Image.merge("RGB", [Image.effect_noise((width, height), GRAIN) for _ in range(3)])
    return ImageChops.add(blurred, grain, 1, -128)


def as_phone(picture: Image.Image) -> bytes:
    """As a phone stores what it took upright: sideways, with a tag that says so."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return _saved(picture, "JPEG", quality=90, exif=exif)


def as_messenger(picture: Image.Image) -> bytes:
    """As a messenger delivers it: upright, the long side 1280 pixels."""
    small = picture.transpose(Image.Transpose.ROTATE_270)
    small.thumbnail((1280, 1280), Image.Resampling.LANCZOS)
    return _saved(small, "JPEG", quality=87)


def run(say: Say = lambda _: None) -> list[Row]:
    """Milliseconds of a badge, and how many times faster than naive."""
    say("badges: drawing a 12-megapixel photo")
    palette = badges.Palette("#D0103A", "#FFC72C", "#FFFFFF")
    frame = badges.draw_frame("banner", palette, "Le rail public, maintenant", "#LeRailPublic")
    frame_png = _frame_picture(frame)
    picture = photo_like(4000, 3000)
    large, small = as_phone(picture), as_messenger(picture)
    rows: list[Row] = []
    cases: list[tuple[str, bytes, badges.Kind, float]] = [
        ("12-megapixel JPEG to JPEG", large, "JPEG", 3.0),
        ("12-megapixel JPEG to PNG", large, "PNG", 4.0),
        ("1280-pixel JPEG to JPEG", small, "JPEG", 2.0),
    ]
    for title, photo, kind, goal in cases:
        say(f"badges: {title}, {ROUNDS} rounds")
        ours, naive = _medians(
            partial(badges.render_badge, photo, frame, NAME, kind=kind),
            partial(badge_naive.render, photo, frame_png, NAME, str(FONTS / SANS), (540, 786), kind),
        )
        rows.append(row(f"badge: {title}", round(ours * 1000, 1), "ms", f"naive Pillow {naive * 1000:.0f} ms"))
        ratio = round(naive / ours, 2)
        name = f"badge: {title}, times naive Pillow"
        rows.append(row(name, ratio, "x", "naive Pillow", f">= {goal:g} x", ratio >= goal))
    return rows


def _medians(*sides: Callable[[], bytes]) -> list[float]:
    """Median seconds of each, after one warming turn; the sides alternate so that a busy moment hits them alike."""
    times: list[list[float]] = [[] for _ in sides]
    for side in sides:
        side()
    for _ in range(ROUNDS):
        for side, seconds in zip(sides, times, strict=True):
            start = time.perf_counter()
            side()
            seconds.append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in times]


def _frame_picture(frame: badges.Frame) -> bytes:
    """The frame as a file of its own, which the naive side opens for each badge as a first version does."""
    overlay = frame.artwork(named=True).overlay
    whole = Image.new("RGBA", (badges.SIDE, badges.SIDE))
    part = overlay.colours.copy()
    part.putalpha(overlay.coverage)
    whole.paste(part, overlay.at)
    return _saved(whole, "PNG")


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
