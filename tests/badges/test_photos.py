"""Whatever is sent as a photo becomes a right picture or a clear sentence."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

import badges
from badges import PhotoRefused, Problem

Saved = Callable[..., bytes]
Opened = Callable[[bytes], Image.Image]
Corners = Callable[[bytes], list[str]]
AS_TAKEN = ["red", "blue", "green", "yellow"]


@pytest.fixture
def refusal(frame: badges.Frame) -> Callable[[bytes], PhotoRefused]:
    def refuse(photo: bytes) -> PhotoRefused:
        with pytest.raises(PhotoRefused) as caught:
            badges.render_badge(photo, frame, "Ada")
        return caught.value

    return refuse


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_badge_is_a_square_of_1080_pixels_of_the_kind_asked_for(
    portrait: bytes, frame: badges.Frame, opened: Opened, kind: Any
) -> None:
    badge = opened(badges.render_badge(portrait, frame, "Ada", kind=kind))
    assert (badge.format, badge.size, badge.mode) == (kind, (badges.SIDE, badges.SIDE), "RGB")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"progressive": True}),  # in several scans
        ("JPEG", {"subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"quality": 90}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
    ],
)
def test_every_accepted_kind_comes_out_as_taken(
    quarters: Image.Image, frame: badges.Frame, saved: Saved, corners: Corners, kind: str, options: dict[str, Any]
) -> None:
    assert corners(badges.render_badge(saved(quarters, kind, **options), frame, "Ada")) == AS_TAKEN


@pytest.mark.parametrize("mode", ["CMYK", "P"])
@pytest.mark.parametrize("size", [(640, 480), (4000, 3000)])  # enlarged; made smaller in strips
def test_other_ways_to_store_colours_come_out_as_taken(
    quarters: Image.Image, frame: badges.Frame, saved: Saved, corners: Corners, mode: str, size: tuple[int, int]
) -> None:
    photo = saved(quarters.resize(size).convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    assert corners(badges.render_badge(photo, frame, "Ada")) == AS_TAKEN


def test_sixteen_bits_are_scaled_and_not_clipped(frame: badges.Frame, saved: Saved, opened: Opened) -> None:
    photo = saved(Image.new("I;16", (200, 200), 128 * 256), "PNG")
    middle = opened(badges.render_badge(photo, frame, "")).getpixel((540, 540))
    assert middle == pytest.approx((128, 128, 128), abs=2)


def test_black_and_white_of_one_bit_is_shown(frame: badges.Frame, saved: Saved, corners: Corners) -> None:
    picture = Image.new("1", (600, 600), 0)
    picture.paste(1, (300, 0, 600, 600))
    assert corners(badges.render_badge(saved(picture, "PNG"), frame, "")) == ["black", "white", "black", "white"]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
@pytest.mark.parametrize("side", [300, 3000])
def test_transparent_photos_lie_on_white_paper(
    frame: badges.Frame, saved: Saved, corners: Corners, mode: str, side: int
) -> None:
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, side // 2, side))
    options: dict[str, Any] = {}
    if mode == "RGB":  # one colour stands for transparent
        options["transparency"] = (9, 9, 9)
        picture = Image.new("RGB", picture.size, (0, 0, 0))
        picture.paste((9, 9, 9), (0, 0, side // 2, side))
    photo = saved(picture.convert(mode), "PNG", **options)
    assert corners(badges.render_badge(photo, frame, "")) == ["white", "black", "white", "black"]


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_the_first_picture_of_an_animation_is_taken(
    quarters: Image.Image, frame: badges.Frame, saved: Saved, corners: Corners, kind: str
) -> None:
    later = ImageOps.invert(quarters)
    photo = saved(quarters, kind, save_all=True, append_images=[later, later], duration=100)
    assert corners(badges.render_badge(photo, frame, "Ada")) == AS_TAKEN


STORED = {  # how a camera that writes this tag has turned what it saw
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("design", ["ring", "banner"])  # each shows another part of the photo
@pytest.mark.parametrize("orientation", STORED)
def test_every_exif_orientation_gives_the_same_badge(
    portrait: bytes, palette: badges.Palette, saved: Saved, opened: Opened, orientation: int, design: str
) -> None:
    upright = ImageOps.exif_transpose(opened(portrait)).resize((300, 400))
    turn = STORED[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = saved(upright.transpose(turn) if turn is not None else upright, "PNG", exif=exif)
    frame = badges.draw_frame(design, palette, "Le rail public")
    turned = opened(badges.render_badge(photo, frame, "", kind="PNG"))
    plain = opened(badges.render_badge(saved(upright, "PNG"), frame, "", kind="PNG"))
    difference = ImageChops.difference(turned, plain)
    # Rows are resized before columns, so a turned picture is rounded elsewhere: a few levels, in a few places.
    assert max(high for _, high in difference.getextrema()) <= 12
    assert max(ImageStat.Stat(difference).mean) < 0.3


def test_a_wide_photo_is_cropped_in_its_middle(frame: badges.Frame, saved: Saved, corners: Corners) -> None:
    picture = Image.new("RGB", (1600, 400), (255, 255, 255))
    picture.paste((220, 30, 30), (600, 0, 1000, 400))
    assert corners(badges.render_badge(saved(picture, "PNG"), frame, "")) == ["red"] * 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_nothing_of_the_camera_is_left_in_a_badge(
    portrait: bytes, frame: badges.Frame, saved: Saved, opened: Opened, kind: Any
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "Maker of phones"
    exif[0x8825] = {1: "N", 2: (48.0, 51.0, 24.0)}
    photo = saved(opened(portrait), "JPEG", exif=exif, icc_profile=profile, comment="written by hand")
    badge = badges.render_badge(photo, frame, "Ada", kind=kind)
    assert not opened(badge).getexif()
    assert not {"exif", "icc_profile", "comment", "xmp"} & set(opened(badge).info)
    assert b"Maker" not in badge


def swapped_profile() -> bytes:
    """A valid profile that is not sRGB: it calls red blue and blue red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"tmp!", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"tmp!", b"bXYZ", 1)
    return swapped.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))


def test_an_embedded_colour_profile_is_heeded(
    quarters: Image.Image, frame: badges.Frame, saved: Saved, corners: Corners
) -> None:
    photo = saved(quarters, "PNG", icc_profile=swapped_profile())
    assert corners(badges.render_badge(photo, frame, ""))[:2] == ["blue", "red"]


@pytest.mark.parametrize("profile", [b"no profile", b"\xff" * 4000, swapped_profile()[:300]])
def test_a_broken_colour_profile_is_ignored(
    quarters: Image.Image, frame: badges.Frame, saved: Saved, corners: Corners, profile: bytes
) -> None:
    assert corners(badges.render_badge(saved(quarters, "PNG", icc_profile=profile), frame, "")) == AS_TAKEN


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_is_ignored(quarters: Image.Image, frame: badges.Frame, saved: Saved, corners: Corners) -> None:
    photo = saved(quarters, "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff garbage")
    assert corners(badges.render_badge(photo, frame, "")) == AS_TAKEN


def test_the_scaled_decode_looks_like_the_plain_one(portrait: bytes, palette: badges.Palette, opened: Opened) -> None:
    """Against the whole picture decoded and made smaller by LANCZOS: 40 dB is where eyes cease to see a difference."""
    upright = ImageOps.exif_transpose(opened(portrait)).resize((2700, 2880), Image.Resampling.BICUBIC)
    photo = io.BytesIO()
    upright.save(photo, "JPEG", quality=92)
    decoded = opened(photo.getvalue())
    reference = decoded.resize((1080, 1080), Image.Resampling.LANCZOS, box=(0, 90, 2700, 2790))
    frame = badges.draw_frame("banner", palette, "Le rail public")
    badge = opened(badges.render_badge(photo.getvalue(), frame, "", kind="PNG", crop=badges.Crop()))
    seen = (0, 0, 1080, 600)  # above the banner and its shadow
    difference = ImageStat.Stat(ImageChops.difference(badge.crop(seen), reference.crop(seen)))
    mean_square = sum(difference.sum2) / sum(difference.count)
    assert mean_square < 255**2 / 10**4.0


@pytest.mark.parametrize(
    ("photo", "code"),
    [
        (b"", Problem.EMPTY),
        (b"Bonjour, voici ma photo.", Problem.NOT_AN_IMAGE),
        (b"\x00" * 5000, Problem.NOT_AN_IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Problem.UNSUPPORTED_KIND),
        (b"%PDF-1.7\n", Problem.UNSUPPORTED_KIND),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", Problem.UNSUPPORTED_KIND),
        (b"II*\x00\x08\x00\x00\x00", Problem.UNSUPPORTED_KIND),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00", Problem.UNSUPPORTED_KIND),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", Problem.TRUNCATED),
        (b"\xff\xd8\xff\xe0 nothing of a JPEG", Problem.TRUNCATED),
        (b"\x89PNG\r\n\x1a\n", Problem.TRUNCATED),
        (b"GIF89a", Problem.TRUNCATED),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", Problem.TOO_SMALL),
        (b"\xff\xd8\xff" + bytes(25_000_000), Problem.TOO_HEAVY),
    ],
    ids=lambda value: value.name if isinstance(value, Problem) else str(value[:12]),
)
def test_what_is_no_usable_photo_is_refused_by_its_reason(
    refusal: Callable[[bytes], PhotoRefused], photo: bytes, code: Problem
) -> None:
    error = refusal(photo)
    assert error.code is code
    assert str(error).endswith(".")
    assert "{" not in str(error)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}), ("GIF", {})],
)
@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_photo_cut_short_is_refused_at_each_tenth_of_its_length(
    portrait: bytes,
    opened: Opened,
    saved: Saved,
    refusal: Callable[[bytes], PhotoRefused],
    kind: str,
    options: dict[str, Any],
    tenths: int,
) -> None:
    photo = saved(opened(portrait).resize((400, 300)), kind, **options)
    error = refusal(photo[: len(photo) * tenths // 10])
    assert error.code is Problem.TRUNCATED
    assert "Send it again" in str(error)


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (13_000, 13_000), (50_000_001, 1)])
def test_too_many_pixels_are_refused_from_the_header_alone(
    flat_png: Callable[..., bytes], refusal: Callable[[bytes], PhotoRefused], width: int, height: int
) -> None:
    header_only = flat_png(width, height, rows=0)  # any decode of it would end as TRUNCATED
    error = refusal(header_only)
    assert error.code is Problem.TOO_LARGE
    assert error.values == {"width": width, "height": height, "limit": 50}
    assert f"{width} x {height}" in str(error)


def test_a_whole_png_of_13000_pixels_a_side_is_refused(
    flat_png: Callable[..., bytes], refusal: Callable[[bytes], PhotoRefused]
) -> None:
    assert refusal(flat_png(13_000, 13_000, colour_type=0, depth=1)).code is Problem.TOO_LARGE


@pytest.mark.parametrize("chunk", [b"VP8X", b"VP8L", b"VP8 "])
def test_a_webp_of_16383_pixels_a_side_is_refused_from_the_header(
    refusal: Callable[[bytes], PhotoRefused], chunk: bytes
) -> None:
    side = 16_383
    header = {
        b"VP8X": bytes(4) + (side - 1).to_bytes(3, "little") * 2,
        b"VP8L": b"\x2f" + ((side - 1) | (side - 1) << 14).to_bytes(4, "little") + bytes(5),
        b"VP8 ": b"\x10\x00\x00\x9d\x01\x2a" + side.to_bytes(2, "little") * 2,
    }[chunk]
    error = refusal(b"RIFF\x16\x00\x00\x00WEBP" + chunk + len(header).to_bytes(4, "little") + header)
    assert error.code is Problem.TOO_LARGE
    assert error.values["width"] == side


@pytest.mark.parametrize("size", [(1, 1), (63, 900), (900, 63)])
def test_a_photo_too_small_to_show_a_face_is_refused(
    saved: Saved, refusal: Callable[[bytes], PhotoRefused], size: tuple[int, int]
) -> None:
    error = refusal(saved(Image.new("RGB", size), "PNG"))
    assert error.code is Problem.TOO_SMALL
    assert (error.values["width"], error.values["height"]) == size


def test_a_jpeg_with_something_else_behind_it_is_read_as_the_jpeg(
    quarters: Image.Image, frame: badges.Frame, saved: Saved, corners: Corners
) -> None:
    photo = saved(quarters, "JPEG") + b"PK\x03\x04 a ZIP archive" + b"<script>alert(1)</script>"
    badge = badges.render_badge(photo, frame, "")
    assert corners(badge) == AS_TAKEN
    assert b"script" not in badge
