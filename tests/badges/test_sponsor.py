"""Who pays for a badge stands inside the picture, where a round crop leaves it, and on no other words."""

import io

import pytest
from PIL import Image, ImageChops, ImageDraw

import badges
from badges import SPONSOR_LIMIT, FrameRefused, Problem
from badges.canvas import SMALL_CONTRAST, contrast, rgb
from badges.designs.kit import FINE_SIZES
from badges.fonts import CONDENSED, cap_height

SHORT = (
    "Payé par l’association Osons la région. https://osons.fr/avis",
    "Dettes: un parti loyal, Lille 59000 — www.oser.example/qui-ok",
)
LONG = (
    "Message politique financé par l’association Osons la région, 12 rue des Lilas, 59000 Lille, pour les élections "
    "régionales de juin. https://osons.example/avis-01",
    "Annonce payée par le comité de soutien à la liste Ensemble, 8 avenue du Port, 13002 Marseille, pour le scrutin de "
    "décembre prochain. www.ensemble.fr/annonce",
)
ADDRESS = (
    "Payé par Osons: https://" + "osons-la-region." * 7 + "fr/avis",
    "Dû aux élus; https://" + "ensemble-partout" * 7 + ".fr/qui-ok",
)
SLOGANS = (
    "Pour un service public de santé proche, humain et gratuit là",
    "Des logements dignes, des loyers justes, et vite, pour nous!",
)
ROOM = 30  # pixels that stay free between the sponsor's words and the edge of a round crop
GREY = io.BytesIO()
Image.new("RGB", (128, 128), (150, 150, 150)).save(GREY, "PNG")

each_design = pytest.mark.parametrize("design", badges.DESIGNS)
# Here the sponsor stands on a stripe of its own, and no other words move with its length: two pictures can be compared.
# In the other designs it is a row of the column of words, whose places test_designs.py looks at.
each_stripe = pytest.mark.parametrize("design", ["ring", "banner", "ribbon"])
each_length = pytest.mark.parametrize("sponsors", [SHORT, LONG, ADDRESS], ids=["short", "long", "address"])


def picture(frame: badges.Frame, name: str = "Ada") -> Image.Image:
    badge = badges.render_badge(GREY.getvalue(), frame, name, kind="PNG", crop=badges.Crop())  # no face to be found
    return Image.open(io.BytesIO(badge))


def changed(*pictures: Image.Image) -> Image.Image:
    """Where two pictures differ; JPEG does not come in, so a single step counts."""
    one, other = pictures
    spots = ImageChops.difference(one, other).convert("L").point([0] + [255] * 255)
    assert spots.getbbox()
    return spots


def sponsor_words(palette: badges.Palette, design: str, sponsors: tuple[str, str], name: str = "Ada") -> Image.Image:
    """The place of the sponsor's words: where two such lines of about one length differ."""
    frames = (badges.draw_frame(design, palette, SLOGANS[0], "#SantéPourTous", sponsor) for sponsor in sponsors)
    return changed(*(picture(frame, name) for frame in frames))


@each_stripe
@each_length
@pytest.mark.parametrize("name", ["", "Ada"])
def test_a_round_crop_cuts_nothing_of_the_sponsor_and_stays_clear_of_it(
    palette: badges.Palette, design: str, sponsors: tuple[str, str], name: str
) -> None:
    cut_away = Image.new("L", (badges.SIDE, badges.SIDE), 255)
    ImageDraw.Draw(cut_away).ellipse((ROOM, ROOM, badges.SIDE - 1 - ROOM, badges.SIDE - 1 - ROOM), fill=0)
    words = sponsor_words(palette, design, sponsors, name)
    assert ImageChops.multiply(words, cut_away).getbbox() is None


@each_stripe
@each_length
def test_the_sponsor_touches_neither_name_nor_slogan_nor_hashtag(
    palette: badges.Palette, design: str, sponsors: tuple[str, str]
) -> None:
    words = sponsor_words(palette, design, sponsors)
    frame = badges.draw_frame(design, palette, SLOGANS[0], "#SantéPourTous", sponsors[0])
    other = badges.draw_frame(design, palette, SLOGANS[1], "#DesLogements", sponsors[0])
    names = ("Marie-Antoinette de La Rochefoucauld-Dup", "Jo")
    for rest in (changed(*(picture(frame, name) for name in names)), changed(picture(frame), picture(other))):
        assert ImageChops.multiply(words, rest).getbbox() is None


@each_design
def test_without_a_sponsor_a_badge_is_the_same_to_the_last_byte(palette: badges.Palette, design: str) -> None:
    plain = badges.draw_frame(design, palette, "Le rail public", "#Rail")
    blank = badges.draw_frame(design, palette, "Le rail public", "#Rail", " \n")
    assert plain == blank
    for name in ("", "Ada"):
        assert badges.render_badge(GREY.getvalue(), plain, name) == badges.render_badge(GREY.getvalue(), blank, name)


# Where the photo begins, and how far up the panel and the sash come: as they were before there were sponsors.
@pytest.mark.parametrize(
    ("design", "edge", "before"),
    [("ring", (540, 114), (540, 109)), ("banner", (540, 664), (540, 671)), ("ribbon", (286, 286), (279, 279))],
)
def test_without_a_sponsor_no_stripe_widens(
    palette: badges.Palette, design: str, edge: tuple[int, int], before: tuple[int, int]
) -> None:
    coverage = {}
    for sponsor in ("", SHORT[0]):
        overlay = badges.draw_frame(design, palette, "Le rail public", sponsor=sponsor).artwork(named=True).overlay
        left, top = overlay.at
        coverage[sponsor] = [overlay.coverage.getpixel((x - left, y - top)) for x, y in (edge, before)]
    assert coverage[""][0] != 255
    assert coverage[""][1] == 255
    assert coverage[SHORT[0]] == [255, 255]


@each_design
def test_each_letter_of_a_sponsor_is_shown_up_to_the_limit(palette: badges.Palette, design: str) -> None:
    for longest in ("Payé par " + "m" * (SPONSOR_LIMIT - 9), ("mot " * 40)[:-1] + "é", "W" * SPONSOR_LIMIT):
        assert len(longest) == SPONSOR_LIMIT
        whole, other = (
            picture(badges.draw_frame(design, palette, "Le rail", sponsor=text))
            for text in (longest, longest[:-1] + "l")
        )
        changed(whole, other)


@pytest.mark.parametrize(
    ("sponsor", "code"), [("x" * (SPONSOR_LIMIT + 1), Problem.SLOGAN_TOO_LONG), ("Payé par 山", Problem.LETTER_MISSING)]
)
def test_a_sponsor_that_is_too_long_or_cannot_be_written_is_refused(
    palette: badges.Palette, sponsor: str, code: Problem
) -> None:
    with pytest.raises(FrameRefused) as caught:
        badges.draw_frame("ring", palette, "Le rail public", sponsor=sponsor)
    assert caught.value.code is code
    assert str(caught.value).endswith(".")


def test_the_sponsors_capitals_are_fifteen_pixels_high() -> None:
    assert 14 <= cap_height(CONDENSED) * FINE_SIZES[0] <= 16


@each_stripe
@pytest.mark.parametrize("secondary", ["#FFC72C", "#E8553A", "#808080", "#000000", "#FFFFFF"])
def test_the_sponsor_stands_out_as_small_text_must(design: str, secondary: str) -> None:
    """Full ink is what differs most from the stripe's own colour among the pixels that the words change."""
    palette = badges.Palette("#7A1FA2", secondary, "#FFFFFF")
    frames = [badges.draw_frame(design, palette, "Le rail", sponsor=sponsor) for sponsor in SHORT]
    one, other = (picture(frame) for frame in frames)
    words = changed(one, other)
    box = words.getbbox()
    assert box
    inks = {
        one.getpixel((x, y)) for x in range(box[0], box[2]) for y in range(box[1], box[3]) if words.getpixel((x, y))
    }
    assert max(contrast(ink, rgb(secondary)) for ink in inks if isinstance(ink, tuple)) >= SMALL_CONTRAST
