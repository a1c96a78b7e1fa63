"""Every design, in every format, with words of every length: nothing is cut by a crop, and all of it can be read."""

import io
import itertools
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageColor, ImageDraw

import badges
from badges import FORMATS, FrameRefused, Palette, Problem
from badges.canvas import READABLE_CONTRAST, contrast

WordsOf = Callable[..., tuple[Image.Image, Image.Image]]
SHORT = ("Tous unis !", "", "", "")
USUAL = ("Ensemble, la région respire", "#LaRegionRespire", "Payé par Osons. osons.fr/avis", "Lille-Centre")
LONG = (
    "Pour un service public de santé proche, humain et gratuit là, partout en ville",
    "#SantéPourToutesEtPourTousPartout",
    "Payé par l’association Osons la région, 12 rue des Lilas, 59000 Lille. https://osons.example/avis",
    "Section de Saint-Étienne-du-Rouvray et environs",
)
NAMES = ("Jo", "Marie-Antoinette de La Rochefoucauld-Dupont", "محمد عبد الرحمن ✊🏽")
PURPLE = Palette("#7A1FA2", "#FFC72C", "#FFFFFF")
HARD = {
    "yellow on white": Palette("#FFE600", "#FFFFFF", "#FFFFFF"),
    "near black": Palette("#0B0B0D", "#15151A", "#000000"),
    "equal": Palette("#C8102E", "#C8102E", "#C8102E"),
    "white": Palette("#FFFFFF", "#FFFFFF", "#FFFFFF"),
    "grey": Palette("#7F7F7F", "#808080", "#7A7A7A"),
}
SHAPE_CONTRAST = 1.8  # of large shapes: the campaign's colours are its own, and no photo is of one tone
every = pytest.mark.parametrize("design", badges.DESIGNS)


def safe_area(format: str) -> Image.Image:
    """Where words may stand: what no network crops or covers (badges/formats.py says why)."""
    width, height = FORMATS[format].size
    area = Image.new("L", (width, height))
    pen = ImageDraw.Draw(area)
    if width == height:
        pen.ellipse((3, 3, width - 4, height - 4), fill=255)
    elif format == "story":
        pen.rectangle((40, 250, 1039, 1669), fill=255)
    elif format == "cover":
        pen.rectangle((90, 24, 729, 335), fill=255)
    else:
        pen.rectangle((375, 20, width - 21, height - 21), fill=255)  # beside the portrait that X lays over it
    return area


@every
@pytest.mark.parametrize("format", FORMATS)
def test_no_words_ever_leave_the_safe_area_or_lie_on_one_another(words_of: WordsOf, design: str, format: str) -> None:
    outside = ImageChops.invert(safe_area(format))
    for (slogan, tag, sponsor, section), names in ((SHORT, ()), (SHORT, NAMES), (USUAL, NAMES), (LONG, NAMES)):
        frame = badges.Frame(design, PURPLE, slogan, tag, sponsor, section)
        try:
            fixed, own = words_of(frame, format, *names)
        except FrameRefused as refused:
            assert (refused.code, format, sponsor) == (Problem.SPONSOR_NO_ROOM, "profile", LONG[2])
            continue
        for words in (fixed, *own):
            assert words.getbbox()
            assert _seen(ImageChops.multiply(words, outside)) is None, (slogan, names)
        for words in own:
            assert _seen(ImageChops.multiply(fixed, words)) is None, slogan


def _seen(coverage: Image.Image) -> tuple[int, int, int, int] | None:
    """The box of what the eye would see; the faintest rims of letters do not count."""
    return coverage.point([0] * 32 + [255] * 224).getbbox()


@every
@pytest.mark.parametrize("slogan", ["W" * 80, "mot " * 19 + "mots", "✊🏽" * 20, "مرحبا " * 13, "a " * 39 + "b"])
def test_the_strangest_slogans_stay_inside_the_round_crop(words_of: WordsOf, design: str, slogan: str) -> None:
    words, _ = words_of(badges.Frame(design, PURPLE, slogan, "#" + "W" * 39), "square")
    assert words.getbbox()
    assert _seen(ImageChops.multiply(words, ImageChops.invert(safe_area("square")))) is None


@every
@pytest.mark.parametrize("format", FORMATS)
def test_the_section_is_shown(words_of: WordsOf, design: str, format: str) -> None:
    """In the profile there is no room for it: a network writes that beside the picture."""
    with_it, without = (
        words_of(badges.Frame(design, PURPLE, "Tous unis !", "#Rail", section=section), format)[0]
        for section in ("Lille-Centre", "")
    )
    assert bool(ImageChops.difference(with_it, without).getbbox()) == (format != "profile")


@every
@pytest.mark.parametrize("photo", ["white", "black", "#8a8a8a"])
def test_at_48_pixels_in_a_round_crop_the_frame_is_still_seen(design: str, photo: str) -> None:
    """On any photo, at least a twelfth of the crop stands out from it."""
    frame = badges.draw_frame(design, PURPLE, *USUAL[:2])
    badge = _badge(frame, "profile", photo, "Ada").resize((48, 48), Image.Resampling.LANCZOS)
    crop = Image.new("L", (48, 48))
    ImageDraw.Draw(crop).ellipse((0, 0, 47, 47), fill=255)
    ground = ImageColor.getrgb(photo)[:3]
    spots = itertools.product(range(48), range(48))
    inside = [_rgb(badge, x, y) for x, y in spots if crop.getpixel((x, y))]
    standing_out = sum(contrast(pixel, ground) >= SHAPE_CONTRAST for pixel in inside)
    assert standing_out >= len(inside) / 12


@every
@pytest.mark.parametrize("colours", HARD.values(), ids=HARD)
@pytest.mark.parametrize("format", ["square", "cover"])
def test_all_words_can_be_read_whatever_the_colours(
    words_of: WordsOf, design: str, colours: Palette, format: str
) -> None:
    """Each letter is compared with what is to its left, on a white photo; rims and shadows spoil some."""
    frame = badges.Frame(design, colours, *USUAL)
    fixed, (own,) = words_of(frame, format, "Ada Martin")
    badge = _badge(frame, format, "white", "Ada Martin")
    for coverage in (fixed, own):
        left, top, right, bottom = coverage.getbbox() or (0, 0, 0, 0)
        ratios = []
        for y, x in itertools.product(range(top, bottom, 3), range(left, right, 3)):
            if coverage.getpixel((x, y)) == 255:
                free = next((i for i in range(x, x - 40, -1) if coverage.getpixel((i, y)) == 0), None)
                if free is not None:
                    ratios.append(contrast(_rgb(badge, x, y), _rgb(badge, free - 1, y)))
        assert len(ratios) > 20
        assert sorted(ratios)[len(ratios) // 10] >= READABLE_CONTRAST * 0.93


def _rgb(picture: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    pixel = picture.getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel[0], pixel[1], pixel[2]


def _badge(frame: badges.Frame, format: str, photo: str, name: str) -> Image.Image:
    file = io.BytesIO()
    Image.new("RGB", (200, 200), photo).save(file, "PNG")
    badge = badges.render_badge(file.getvalue(), frame, name, format=format, kind="PNG")
    return Image.open(io.BytesIO(badge)).convert("RGB")
