"""Photos that were made to do harm cost no more than others: bombs, polyglots, circles and lies."""

import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

import badges
from badges import PhotoRefused
from badges.headers import exif_orientation, jpeg_header, with_one_exif
from tests import hostile

AS_TAKEN = ["red", "blue", "green", "yellow"]
SLOWEST = 1.0  # seconds of processor time; each of these takes a tenth of it, and took several before it was bounded
MOST_MEGABYTES = 120
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", hostile.HARMLESS)
def test_what_is_hidden_in_a_photo_neither_costs_time_nor_comes_out(
    frame: badges.Frame, corners: Callable[[bytes], list[str]], name: str
) -> None:
    photo = hostile.harmless(name)
    frame.artwork(named=False)
    start = time.process_time()
    with warnings.catch_warnings(record=True) as said:
        badge = badges.render_badge(photo, frame, "", crop=badges.Crop())
    assert time.process_time() - start < SLOWEST
    assert said == []  # a line of log for each entry would fill the disk
    assert corners(badge) == AS_TAKEN
    assert hostile.SCRIPT not in badge and b"PDF" not in badge and len(badge) < 300_000


@pytest.mark.parametrize("name", hostile.REFUSED)
def test_what_is_no_photo_is_refused_at_once(frame: badges.Frame, name: str) -> None:
    photo, code = hostile.refused(name), hostile.REFUSED[name][1]
    start = time.process_time()
    with pytest.raises(PhotoRefused) as caught:
        badges.render_badge(photo, frame, "")
    assert caught.value.code is code
    assert time.process_time() - start < (0.05 if code is badges.Problem.TOO_LARGE else SLOWEST)


def test_a_gif_that_is_a_script_as_well_leaves_its_script_behind(frame: badges.Frame) -> None:
    photo = hostile.gif_and_script()
    assert photo[:8] in (b"GIF87a/*", b"GIF89a/*") and hostile.SCRIPT in photo
    for kind in ("JPEG", "PNG", "WEBP"):
        badge = badges.render_badge(photo, frame, "", kind=kind)
        assert hostile.SCRIPT not in badge


def test_the_png_of_13000_pixels_a_side_weighs_little() -> None:
    assert len(hostile.refused("a PNG of 13,000 x 13,000")) < 500_000


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "HEIC", "PNG"])
def test_heavy_notes_around_a_large_picture_take_at_most_120_mb_or_are_refused(tmp_path: Path, kind: str) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of a process is read from Linux's /proc")
    size = {"JPEG": (6000, 4500), "WEBP": (2500, 1900), "HEIC": (2500, 2000), "PNG": (4800, 3600)}[kind]
    picture, file = Image.new("RGB", size, "#405060"), tmp_path / "photo"
    notes = hostile.heavy_exif()
    if kind == "HEIC":
        pillow_heif.from_pillow(picture).save(file, quality=40, exif=notes)
    elif kind == "JPEG":
        picture.save(file, kind)
        file.write_bytes(hostile.in_jpeg(0xE1, b"Exif\0\0", notes, file.read_bytes()))
    else:
        picture.save(file, kind, exif=notes)
    command = [sys.executable, "-m", "bench.badge_peak", str(file)]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    outcome, megabytes = child.stdout.split()
    assert outcome in ("rendered", "too_large")
    assert float(megabytes) <= MOST_MEGABYTES
    assert child.stderr == ""


# What is read of EXIF


@pytest.mark.parametrize(
    ("exif", "turned"),
    [
        (hostile.exif((0x0112, hostile.SHORT, 1, 6)), 6),
        (hostile.exif((0x0100, hostile.SHORT, 1, 3), (0x0112, hostile.LONG, 1, 8)), 8),
        (b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0", 3),
        (hostile.exif((0x0112, hostile.SHORT, 1, 9)), 1),
        (hostile.exif((0x0112, hostile.SHORT, 1, 0)), 1),
        (hostile.exif((0x0100, hostile.SHORT, 1, 6)), 1),
        (hostile.exif((0x0112, hostile.SHORT, 1, 6))[:18], 1),  # cut in the entry
        (b"II*\0\xff\xff\xff\xff", 1),
        (b"no EXIF at all", 1),
        (b"", 1),
    ],
)
def test_the_turn_is_read_from_the_first_directory_or_taken_for_none(exif: bytes, turned: int) -> None:
    assert exif_orientation(exif) == turned


def test_the_first_exif_of_a_jpeg_counts_and_the_rest_goes() -> None:
    first, second = (hostile.exif((0x0112, hostile.SHORT, 1, turn)) for turn in (6, 8))
    whole = hostile.plain("JPEG", quality=95)
    one = hostile.in_jpeg(0xE1, b"Exif\0\0", first)
    assert with_one_exif(whole) == whole and with_one_exif(one) == one
    two = hostile.in_jpeg(0xE1, b"Exif\0\0", first, hostile.in_jpeg(0xE1, b"Exif\0\0", second))
    assert with_one_exif(two) == one


def test_bytes_between_its_segments_do_not_hide_what_a_jpeg_will_cost() -> None:
    photo = hostile.plain("JPEG", progressive=True)
    assert jpeg_header(photo) is not None
    hidden = photo[:2] + b"junk" + photo[2:]
    header = jpeg_header(hidden)
    assert header is not None and header.coefficients == jpeg_header(photo).coefficients  # type: ignore[union-attr]
