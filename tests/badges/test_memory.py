"""No accepted photo, however made, takes more than 120 MB over the idle process: each is rendered in one of its own."""

import functools
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image

Saved = Callable[..., bytes]
FlatPng = Callable[..., bytes]
Heic = Callable[[int, int, int], bytes]
Peak = Callable[..., tuple[str, float]]
MOST_MEGABYTES = 120
ROOT = Path(__file__).parents[2]


@pytest.fixture
def peak(tmp_path: Path) -> Peak:
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of a process is read from Linux's /proc")

    def measure(photo: bytes, *options: str) -> tuple[str, float]:
        file = tmp_path / "photo"
        file.write_bytes(photo)
        child = subprocess.run(
            [sys.executable, "-m", "bench.badge_peak", str(file), *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        outcome, megabytes = child.stdout.split()
        return outcome, float(megabytes)

    return measure


@pytest.mark.parametrize(
    ("size", "colour_type", "depth", "expected"),
    [
        ((4_800, 4_800), 2, 8, "rendered"),  # red, green and blue
        ((4_800, 4_800), 6, 8, "rendered"),  # with transparency, in strips
        ((4_800, 4_800), 2, 16, "rendered"),  # read as 8 bits
        ((7_071, 7_071), 3, 8, "rendered"),  # a palette with transparency
        ((7_071, 7_071), 0, 8, "rendered"),  # grey
        ((6_800, 6_800), 0, 16, "rendered"),  # grey of 16 bits
        ((1_250, 18_500), 6, 8, "rendered"),  # hardly made smaller before the resize
        ((7_071, 7_071), 2, 8, "too_large"),
        ((7_071, 7_071), 6, 8, "too_large"),
        ((7_071, 7_071), 0, 16, "too_large"),
    ],
)
def test_a_png_takes_at_most_120_mb_or_is_refused(
    flat_png: FlatPng, peak: Peak, size: tuple[int, int], colour_type: int, depth: int, expected: str
) -> None:
    outcome, megabytes = peak(flat_png(*size, colour_type, depth))
    assert outcome == expected
    assert megabytes <= MOST_MEGABYTES


@pytest.mark.parametrize(
    ("mode", "size", "options", "expected"),
    [
        ("RGB", (8_600, 5_800), {}, "rendered"),
        ("RGB", (4_700, 3_000), {"progressive": True}, "rendered"),  # 6 bytes a pixel wait for the last scan
        ("RGB", (6_000, 4_500), {"progressive": True, "subsampling": 2}, "rendered"),  # 3 bytes
        ("RGB", (6_000, 4_000), {"progressive": True}, "too_large"),
        ("RGB", (11_000, 9_100), {"progressive": True}, "too_large"),
        ("CMYK", (4_200, 2_500), {"progressive": True}, "rendered"),  # 8 bytes
        ("CMYK", (8_000, 6_000), {}, "rendered"),
        ("L", (18_500, 2_690), {}, "rendered"),
        ("RGB", (18_500, 2_690), {}, "rendered"),  # too narrow to be decoded much smaller
    ],
)
def test_a_large_jpeg_takes_at_most_120_mb_or_is_refused(
    saved: Saved, peak: Peak, mode: str, size: tuple[int, int], options: dict[str, Any], expected: str
) -> None:
    picture = Image.linear_gradient("L").resize(size).convert(mode)
    options = options if mode == "L" else {"subsampling": 0, **options}
    outcome, megabytes = peak(saved(picture, "JPEG", **options))
    assert outcome == expected
    assert megabytes <= MOST_MEGABYTES


def test_a_phone_photo_seen_from_near_takes_at_most_120_mb(saved: Saved, peak: Peak) -> None:
    picture = Image.linear_gradient("L").resize((8_160, 6_120)).convert("RGB")
    outcome, megabytes = peak(saved(picture, "JPEG"), "--zoom", "4")
    assert outcome == "rendered"
    assert megabytes <= MOST_MEGABYTES


@pytest.fixture(scope="module")
def heic() -> Heic:
    """HEIC files by width, height and tile, each written once: to encode one costs far more than to render it."""

    @functools.cache
    def written(width: int, height: int, tile: int) -> bytes:
        picture = Image.effect_noise((width // 4, height // 4), 40).resize((width, height)).convert("RGB")
        buffer = io.BytesIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pillow_heif.options, "GRID_TILE_SIZE", tile)
            pillow_heif.from_pillow(picture).save(buffer, quality=40, enc_params={"preset": "ultrafast"})
        return buffer.getvalue()

    return written


@pytest.mark.parametrize("zoom", ["1", "4"])
@pytest.mark.parametrize(
    ("width", "height", "tile", "expected"),
    [
        (4_032, 3_024, 512, "rendered"),  # as phones write it
        (5_712, 4_284, 512, "rendered"),
        (4_032, 3_024, 0, "rendered"),  # in one piece
        (5_712, 4_284, 0, "too_large"),
    ],
)
def test_a_heic_takes_at_most_120_mb_or_is_refused(
    heic: Heic, peak: Peak, width: int, height: int, tile: int, expected: str, zoom: str
) -> None:
    outcome, megabytes = peak(heic(width, height, tile), "--zoom", zoom)
    assert outcome == expected
    assert megabytes <= MOST_MEGABYTES


@pytest.mark.parametrize(("size", "expected"), [((2_800, 2_050), "rendered"), ((4_032, 3_024), "too_large")])
def test_a_webp_takes_at_most_120_mb_or_is_refused(
    saved: Saved, peak: Peak, size: tuple[int, int], expected: str
) -> None:
    outcome, megabytes = peak(saved(Image.linear_gradient("L").resize(size).convert("RGBA"), "WEBP", method=0))
    assert outcome == expected
    assert megabytes <= MOST_MEGABYTES


def test_a_gif_of_fifty_megapixels_takes_at_most_120_mb(saved: Saved, peak: Peak) -> None:
    outcome, megabytes = peak(saved(Image.new("P", (7_071, 7_071)), "GIF"))
    assert outcome == "rendered"
    assert megabytes <= MOST_MEGABYTES


def test_a_picture_too_large_is_refused_before_it_takes_any_memory(flat_png: FlatPng, peak: Peak) -> None:
    outcome, megabytes = peak(flat_png(13_000, 13_000, colour_type=0, depth=8))
    assert outcome == "too_large"
    assert megabytes < 5
