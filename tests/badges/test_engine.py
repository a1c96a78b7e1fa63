"""The fast ways and Pillow's own come to the same picture; faces stay clear of the frame; broken photos are refused."""

import io
import os
import sys
from collections.abc import Callable
from typing import Any

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps

import badges
from badges import decoding, encoding, faces, scaling
from badges.photos import open_photo
from bench import badge_fuzz, badge_quality

Saved = Callable[..., bytes]
Opened = Callable[[bytes], Image.Image]
SIZE = (badges.SIDE, badges.SIDE)
GOOD = badge_fuzz.seeds()


@pytest.fixture
def pillow_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "simplejpeg", None)
    monkeypatch.setattr(scaling, "resizer", None)
    monkeypatch.setattr(encoding, "isal_zlib", None)


@pytest.fixture
def large(portrait: bytes, opened: Opened, saved: Saved) -> bytes:
    """The portrait as a phone of 12 megapixels stores it: sideways."""
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = ImageOps.exif_transpose(opened(portrait)).resize((3000, 4000), Image.Resampling.BICUBIC)
    return saved(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=92, exif=exif)


def reference(photo: bytes) -> Image.Image:
    return ImageOps.fit(ImageOps.exif_transpose(Image.open(io.BytesIO(photo))), SIZE, Image.Resampling.LANCZOS)


def test_a_resize_is_as_good_as_the_plain_one(large: bytes) -> None:
    ours = open_photo(large, [SIZE], badges.Crop()).filled(SIZE)
    assert badge_quality.psnr(ours, reference(large)) >= 42
    assert badge_quality.ssim(ours, reference(large)) >= 0.985


@pytest.mark.usefixtures("pillow_alone")
def test_pillow_alone_is_as_good(large: bytes) -> None:
    ours = open_photo(large, [SIZE], badges.Crop()).filled(SIZE)
    assert badge_quality.psnr(ours, reference(large)) >= 40
    assert badge_quality.ssim(ours, reference(large)) >= 0.985


def test_a_png_holds_the_same_pixels_whoever_writes_it(monkeypatch: pytest.MonkeyPatch, opened: Opened) -> None:
    for mode in ("RGB", "RGBA"):
        picture = Image.effect_noise((333, 77), 90).convert(mode)
        fast = encoding.encoded(picture, "PNG")
        with monkeypatch.context() as patch:
            patch.setattr(encoding, "isal_zlib", None)
            slow = encoding.encoded(picture, "PNG")
        assert fast != slow
        assert opened(fast).tobytes() == opened(slow).tobytes() == picture.tobytes()


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
@pytest.mark.parametrize("design", badges.DESIGNS)
def test_the_frame_has_no_halo(
    palette: badges.Palette, saved: Saved, opened: Opened, design: str, colour: tuple[int, int, int]
) -> None:
    """Every pixel lies between the photo's colour and the frame's: a halo would be brighter or darker than both."""
    frame = badges.draw_frame(design, palette, "Le rail public", "#Rail")
    badge = opened(badges.render_badge(saved(Image.new("RGB", (300, 300), colour), "PNG"), frame, "", kind="PNG"))
    overlay = frame.artwork(named=False).overlay
    ground = Image.new("RGB", badge.size, colour)
    framed = ground.copy()
    framed.paste(overlay.colours, overlay.at)
    low, high = ImageChops.darker(ground, framed), ImageChops.lighter(ground, framed)
    beyond = ImageChops.add(ImageChops.subtract(low, badge), ImageChops.subtract(badge, high))
    assert max(most for _, most in beyond.getextrema()) <= 1


def test_a_heic_comes_out_as_taken(
    quarters: Image.Image, frame: badges.Frame, corners: Callable[[bytes], list[str]]
) -> None:
    file = io.BytesIO()
    pillow_heif.from_pillow(quarters).save(file, quality=90)
    assert corners(badges.render_badge(file.getvalue(), frame, "", crop=badges.Crop())) == [
        "red",
        "blue",
        "green",
        "yellow",
    ]


@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_heic_cut_short_is_refused(quarters: Image.Image, frame: badges.Frame, tenths: int) -> None:
    file = io.BytesIO()
    pillow_heif.from_pillow(quarters).save(file, quality=90)
    with pytest.raises(badges.PhotoRefused):
        badges.render_badge(file.getvalue()[: len(file.getvalue()) * tenths // 10], frame, "")


def test_colours_of_a_wide_profile_are_brought_to_srgb(saved: Saved, frame: badges.Frame, opened: Opened) -> None:
    """A profile whose red lies where sRGB's blue lies stands in for any other."""
    from tests.badges.test_photos import swapped_profile

    photo = saved(Image.new("RGB", (200, 200), (255, 0, 0)), "JPEG", icc_profile=swapped_profile())
    red, _, blue = opened(badges.render_badge(photo, frame, "", kind="PNG")).getpixel((540, 540))
    assert blue > 200 > red


@pytest.mark.parametrize("design", badges.DESIGNS)
@pytest.mark.parametrize("format", ["square", "story", "cover"])
def test_the_face_of_the_portrait_lies_where_the_frame_is_open(
    portrait: bytes, palette: badges.Palette, design: str, format: str
) -> None:
    artwork = badges.draw_frame(design, palette, "Le rail public").artwork(format, named=True)
    window, part = artwork.window[2:], artwork.shown
    photo = open_photo(portrait, [window])
    left, top, right, _ = photo.automatic(window, part).box(photo.extent, window)
    scale = window[0] / (right - left)
    face = (0.3667, 0.1271, 0.5711, 0.3188)  # of the portrait, as a person marks it
    x = [(face[i] * photo.extent[0] - left) * scale for i in (0, 2)]
    y = [(face[i] * photo.extent[1] - top) * scale for i in (1, 3)]
    assert part[0] <= x[0] < x[1] <= part[2]
    assert part[1] <= y[0] < y[1] <= part[3]


def test_a_face_that_cannot_be_moved_clear_is_brought_nearer() -> None:
    low = ((0.4, 0.6, 0.6, 0.8),)  # under a banner that covers the lower third
    crop = faces.crop_around(low, (1000, 1000), SIZE, (0, 0, 1080, 690))
    _, top, right, bottom = crop.box((1000, 1000), SIZE)
    assert crop.zoom > 1
    assert (700 - top) / (bottom - top) < 690 / 1080  # the middle of the face
    assert right <= 1000


@pytest.mark.parametrize("cv2", [None, object()])  # not there; a version without detectors
def test_without_the_extra_the_middle_is_shown(
    portrait: bytes, monkeypatch: pytest.MonkeyPatch, cv2: object | None
) -> None:
    monkeypatch.setattr(faces, "cv2", cv2)
    faces._detector.cache_clear()
    try:
        assert open_photo(portrait, [SIZE]).automatic(SIZE, (0, 0, *SIZE)) == badges.Crop()
    finally:
        faces._detector.cache_clear()


@settings(max_examples=60)
@given(kind=st.sampled_from(sorted(GOOD)), chance=st.randoms(use_true_random=False))
def test_a_broken_photo_becomes_a_badge_or_a_refusal(kind: str, chance: Any) -> None:
    photo = badge_fuzz.broken(GOOD[kind], chance)
    try:
        open_photo(photo, [(400, 400)]).filled((400, 400))
    except badges.PhotoRefused as refused:
        assert "{" not in str(refused)


def test_no_file_is_written_while_a_badge_is_made(frame: badges.Frame) -> None:
    """Whatever the kind of photo: it lives in memory alone. Python reports each file that it opens."""
    written: list[object] = []
    watching = True

    def watch(event: str, details: tuple[Any, ...]) -> None:
        if watching and event in ("open", "os.mkdir", "tempfile.mkstemp", "tempfile.mkdtemp"):
            flags = details[2] if event == "open" else os.O_WRONLY
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                written.append((event, details))

    sys.addaudithook(watch)  # it cannot be taken off again
    try:
        for photo in GOOD.values():
            for kind in ("JPEG", "PNG", "WEBP"):
                badges.render_badge(photo, frame, "Ada", kind=kind)
    finally:
        watching = False
    assert written == []
