"""How long one badge takes, against naive Pillow in the same run: single thread, the two sides taking turns."""

import contextlib
import io
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pillow_heif
import simplejpeg
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

import badges
from badges import decoding, encoding, scaling
from badges.fonts import FONTS, SANS
from badges.photos import open_photo
from bench import badge_fuzz, badge_naive, badge_peak, badge_quality, badge_sharp
from bench.rows import Row, Say, row

ROUNDS = 7  # of each side; the median of so many is steady to a few hundredths here
NAME = "Camille Moreau"
FUZZED = 3_000  # broken photos
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
    """Milliseconds of a badge and how many times faster than others; its quality, its memory, its refusals."""
    say("badges: drawing a 12-megapixel photo")
    palette = badges.Palette("#D0103A", "#FFC72C", "#FFFFFF")
    frame = badges.draw_frame("banner", palette, "Le rail public, maintenant", "#LeRailPublic")
    picture = photo_like(4000, 3000)
    large, small = as_phone(picture), as_messenger(picture)
    with _one_core():
        rows = _speed(frame, large, small, say) + _alone(frame, large, say) + _formats(frame, large, say)
    return rows + _threads(frame, large, say) + _quality(large) + _memory(picture, large, say) + _refusals(frame, say)


def _speed(frame: badges.Frame, large: bytes, small: bytes, say: Say) -> list[Row]:
    frame_png = _frame_picture(frame)
    rows: list[Row] = []
    cases: list[tuple[str, bytes, badges.Kind, float]] = [
        ("12-megapixel JPEG to JPEG", large, "JPEG", 5.0),
        ("12-megapixel JPEG to PNG", large, "PNG", 6.0),
        ("1280-pixel JPEG to JPEG", small, "JPEG", 3.0),
    ]
    for title, photo, kind, goal in cases:
        say(f"badges: {title}, {ROUNDS} rounds")
        ours, naive, floor = _medians(
            partial(badges.render_badge, photo, frame, NAME, kind=kind, crop=badges.Crop()),
            partial(badge_naive.render, photo, frame_png, NAME, str(FONTS / SANS), (540, 786), kind),
            partial(_floor, photo),
        )
        rows.append(row(f"badge: {title}", round(ours * 1000, 1), "ms", f"naive Pillow {naive * 1000:.0f} ms"))
        rows.append(_ratio(f"badge: {title}, times naive Pillow", naive / ours, "naive Pillow", goal))
        if kind == "JPEG":
            share, limit = round(ours / floor, 2), 1.25 if photo is large else None
            goal_text, holds = (f"<= {limit} x", share <= limit) if limit else (None, None)
            against = f"decode and encode alone, {floor * 1000:.0f} ms"
            rows.append(row(f"badge: {title}, times its floor", share, "x", against, goal_text, holds))
        if title.endswith("JPEG to JPEG") and photo is large:
            rows.append(_sharp(frame, large, frame_png, say))
    return rows


def _sharp(frame: badges.Frame, photo: bytes, frame_png: bytes, say: Say) -> Row:
    say(f"badges: the same with sharp, {ROUNDS} rounds")
    name = "badge: 12-megapixel JPEG to JPEG, times sharp"
    ours, theirs = [], []
    with badge_sharp.started(photo, frame_png) as turn:
        if isinstance(turn, str):
            return row(name, 0, "x", turn, ">= 3.5 x")
        for _ in range(ROUNDS + 1):
            start = time.process_time()
            badges.render_badge(photo, frame, NAME, kind="JPEG", crop=badges.Crop())
            ours.append(time.process_time() - start)
            theirs.append(turn())
    mine, sharp = (statistics.median(seconds[1:]) for seconds in (ours, theirs))  # the first turn warms up
    return _ratio(name, sharp / mine, f"sharp (Node) {sharp * 1000:.0f} ms, ours beside it {mine * 1000:.0f} ms", 3.5)


def _alone(frame: badges.Frame, photo: bytes, say: Say) -> list[Row]:
    """Where none of the wheels that make it faster is installed."""
    say("badges: Pillow alone")
    kept = decoding.simplejpeg, scaling.resizer, encoding.isal_zlib
    decoding.simplejpeg = scaling.resizer = encoding.isal_zlib = None
    try:
        ours, naive = _medians(
            partial(badges.render_badge, photo, frame, NAME, crop=badges.Crop()),
            partial(badge_naive.render, photo, _frame_picture(frame), NAME, str(FONTS / SANS), (540, 786), "JPEG"),
        )
    finally:
        decoding.simplejpeg, scaling.resizer, encoding.isal_zlib = kept
    return [_ratio("badge: with Pillow alone, times naive Pillow", naive / ours, "naive Pillow", 4.0)]


def _formats(frame: badges.Frame, photo: bytes, say: Say) -> list[Row]:
    say("badges: five formats of one photo")
    five = [badges.Output(name) for name in frame.formats]
    one, all_ = _medians(
        partial(badges.render_badge, photo, frame, NAME, crop=badges.Crop()),
        lambda: badges.render_badges(photo, frame, NAME, five, crop=badges.Crop())[0],
    )
    share = round(all_ / one, 2)
    return [row("badge: five formats of one photo, times one", share, "x", "one format", "<= 2.2 x", share <= 2.2)]


def _threads(frame: badges.Frame, photo: bytes, say: Say) -> list[Row]:
    say("badges: two threads")

    def rate(work: Callable[[], object], threads: int) -> float:
        start = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: work(), range(8 * threads)))
        return 8 * threads / (time.perf_counter() - start)

    works = partial(badges.render_badge, photo, frame, NAME, crop=badges.Crop()), partial(_floor, photo)
    turns = [[rate(work, 2) / rate(work, 1) for work in works] for _ in range(5)]  # the works take turns
    gain, floor = (round(statistics.median(each), 2) for each in zip(*turns, strict=True))
    against = f"one thread; to decode and encode alone, this machine lets two do {floor} times as much"
    return [row("badge: two threads, times one", gain, "x", against, ">= 1.8 x", gain >= 1.8)]


def _quality(photo: bytes) -> list[Row]:
    plain = ImageOps.exif_transpose(Image.open(io.BytesIO(photo)))
    side = min(plain.size)
    left, top = (plain.width - side) // 2, (plain.height - side) // 2
    size = (badges.SIDE, badges.SIDE)
    reference = plain.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    ours = open_photo(photo, [size], badges.Crop()).filled(size)
    noise, likeness = round(badge_quality.psnr(ours, reference), 1), round(badge_quality.ssim(ours, reference), 4)
    against = "naive Pillow, LANCZOS"
    return [
        row("badge: resize, PSNR", noise, "dB", against, ">= 42 dB", noise >= 42),
        row("badge: resize, SSIM", likeness, "", against, ">= 0.985", likeness >= 0.985),
    ]


def _memory(picture: Image.Image, large: bytes, say: Say) -> list[Row]:
    if not badge_peak.STATUS.exists():
        return []
    rows = []
    heic = io.BytesIO()
    pillow_heif.options.GRID_TILE_SIZE = 512  # as phones write
    pillow_heif.from_pillow(picture).save(heic, quality=60)
    pillow_heif.options.GRID_TILE_SIZE = 0
    for title, photo in (
        ("JPEG", large),
        ("progressive JPEG", _saved(picture, "JPEG", quality=90, progressive=True)),
        ("PNG", _saved(picture, "PNG", compress_level=6)),  # just under the limit of 25 MB
        ("HEIC", heic.getvalue()),
    ):
        say(f"badges: peak memory of a 12-megapixel {title}")
        with tempfile.NamedTemporaryFile() as file:
            file.write(photo)
            file.flush()
            command = [sys.executable, "-m", "bench.badge_peak", file.name, "--all"]
            child = subprocess.run(command, capture_output=True, text=True, check=True)
        outcome, megabytes = child.stdout.split()[0], float(child.stdout.split()[1])
        name = f"badge: peak memory, 12-megapixel {title} in five formats"
        holds = outcome == "rendered" and megabytes <= 120
        rows.append(row(name, megabytes, "MB", f"the idle process; {outcome}", "<= 120 MB", holds))
    return rows


def _refusals(frame: badges.Frame, say: Say) -> list[Row]:
    say(f"badges: {FUZZED} broken photos")
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(90_001)) * 100), (b"IEND", b""))
    )
    start = time.perf_counter()
    with contextlib.suppress(badges.PhotoRefused):
        badges.render_badge(bomb, frame, NAME)
    took = round((time.perf_counter() - start) * 1000, 1)
    rendered, refused, wrong, slowest = badge_fuzz.outcomes(FUZZED, frame)
    against = f"{rendered} rendered, {refused} refused, slowest {slowest:.1f} s"
    fine = not wrong and slowest < badge_fuzz.SLOWEST
    return [
        row("badge: 30,000 x 30,000 refused", took, "ms", "from the header", "< 50 ms", took < 50),
        row(f"badge: fuzz of {FUZZED} photos, other exceptions", len(wrong), "", against, "0", fine),
    ]


def _floor(photo: bytes) -> bytes:
    """The least that any badge costs: libjpeg-turbo's fastest settings at both ends, and nothing in between."""
    pixels = simplejpeg.decode_jpeg(
        photo, "RGB", min_height=badges.SIDE, min_width=badges.SIDE, min_factor=1, fastdct=True, fastupsample=True
    )
    part = pixels[: badges.SIDE, : badges.SIDE].copy()
    return bytes(simplejpeg.encode_jpeg(part, 90, "RGB", "420", fastdct=True))


def _ratio(name: str, times: float, against: str, goal: float) -> Row:
    times = round(times, 2)
    return row(name, times, "x", against, f">= {goal:g} x", times >= goal)


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """Keep to one core, so that no side gets help from threads of its libraries."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _medians(*sides: Callable[[], bytes]) -> list[float]:
    """Median seconds of processor time of each (what else the machine does counts for none), after one warming turn; the sides alternate so that a busy moment hits them alike."""
    times: list[list[float]] = [[] for _ in sides]
    for side in sides:
        side()
    for _ in range(ROUNDS):
        for side, seconds in zip(sides, times, strict=True):
            start = time.process_time()
            side()
            seconds.append(time.process_time() - start)
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
