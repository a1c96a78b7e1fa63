"""No accepted photo, however made, takes more than 300 MB: each is rendered in a process of its own and measured."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Saved = Callable[..., bytes]
FlatPng = Callable[..., bytes]
MOST_KILOBYTES = 300_000
ROOT = Path(__file__).parents[2]
# The peak of this address space: what getrusage calls ru_maxrss would carry the parent's peak along.
CHILD = """
import sys
from pathlib import Path
import badges
frame = badges.draw_frame("ribbon", badges.Palette("#D0103A", "#FFC72C", "#FFFFFF"), "Le rail public", "#Rail")
try:
    badges.render_badge(Path(sys.argv[1]).read_bytes(), frame, "Ada \\u270a", kind="PNG")
    outcome = "rendered"
except badges.PhotoRefused as refused:
    outcome = refused.code
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(outcome, peak.split()[1])
"""


@pytest.fixture
def peak(tmp_path: Path) -> Callable[[bytes], tuple[str, int]]:
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of a process is read from Linux's /proc")

    def measure(photo: bytes) -> tuple[str, int]:
        file = tmp_path / "photo"
        file.write_bytes(photo)
        child = subprocess.run(
            [sys.executable, "-c", CHILD, str(file)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        outcome, kilobytes = child.stdout.split()
        return outcome, int(kilobytes)

    return measure


@pytest.mark.parametrize(
    ("width", "height", "colour_type", "depth"),
    [
        (7_071, 7_071, 2, 8),  # red, green and blue
        (7_071, 7_071, 6, 8),  # with transparency, in strips
        (7_071, 7_071, 3, 8),  # a palette with transparency
        (2_700, 18_500, 6, 8),  # hardly made smaller before the resize
    ],
)
def test_fifty_megapixels_of_png_take_less_than_300_mb(
    flat_png: FlatPng,
    peak: Callable[[bytes], tuple[str, int]],
    width: int,
    height: int,
    colour_type: int,
    depth: int,
) -> None:
    outcome, kilobytes = peak(flat_png(width, height, colour_type, depth))
    assert outcome == "rendered"
    assert kilobytes < MOST_KILOBYTES


@pytest.mark.parametrize(
    ("mode", "size", "progressive", "expected"),
    [
        ("RGB", (8_600, 5_800), False, "rendered"),
        ("RGB", (6_400, 4_650), True, "rendered"),  # 6 bytes a pixel wait for the last scan: this is the most
        ("RGB", (6_500, 5_000), True, "too_large"),
        ("CMYK", (5_700, 4_000), True, "rendered"),  # 8 bytes
        ("L", (18_500, 2_690), False, "rendered"),  # too narrow to be decoded smaller
    ],
)
def test_a_large_jpeg_takes_less_than_300_mb_or_is_refused(
    saved: Saved,
    peak: Callable[[bytes], tuple[str, int]],
    mode: str,
    size: tuple[int, int],
    progressive: bool,
    expected: str,
) -> None:
    picture = Image.linear_gradient("L").resize(size).convert(mode)
    options = {} if mode == "L" else {"subsampling": 0}
    outcome, kilobytes = peak(saved(picture, "JPEG", progressive=progressive, **options))
    assert outcome == expected
    assert kilobytes < MOST_KILOBYTES


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4_032, 3_024), "rendered"),  # what phones take
        ((4_000, 3_270), "rendered"),  # the most that is accepted
        ((6_000, 4_000), "too_large"),
    ],
)
def test_a_webp_takes_less_than_300_mb_or_is_refused(
    saved: Saved, peak: Callable[[bytes], tuple[str, int]], size: tuple[int, int], expected: str
) -> None:
    outcome, kilobytes = peak(saved(Image.linear_gradient("L").resize(size).convert("RGBA"), "WEBP", method=0))
    assert outcome == expected
    assert kilobytes < MOST_KILOBYTES


def test_a_gif_of_fifty_megapixels_takes_less_than_300_mb(
    saved: Saved, peak: Callable[[bytes], tuple[str, int]]
) -> None:
    outcome, kilobytes = peak(saved(Image.new("P", (7_071, 7_071)), "GIF"))
    assert outcome == "rendered"
    assert kilobytes < MOST_KILOBYTES


def test_a_picture_too_large_is_refused_before_it_takes_any_memory(
    flat_png: FlatPng, peak: Callable[[bytes], tuple[str, int]]
) -> None:
    _, small = peak(flat_png(64, 64))
    outcome, kilobytes = peak(flat_png(13_000, 13_000, colour_type=0, depth=8))
    assert outcome == "too_large"
    assert kilobytes < small + 5_000
