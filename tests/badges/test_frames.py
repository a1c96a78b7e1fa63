"""Frames carry a campaign's words and colours, readably, square or cropped round."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

import badges
from badges import FrameRefused, Problem
from badges.canvas import READABLE_CONTRAST, Sheet, _turned, contrast, readable
from badges.text import fit, inked

Saved = Callable[..., bytes]
Opened = Callable[[bytes], Image.Image]
SIXTY = "Pour un service public de santé proche, humain et gratuit là"


def outside_of_circle() -> Image.Image:
    mask = Image.new("L", (badges.SIDE, badges.SIDE), 255)
    ImageDraw.Draw(mask).ellipse((4, 4, badges.SIDE - 5, badges.SIDE - 5), fill=0)
    return mask


def test_there_are_seven_designs_and_each_looks_different(palette: badges.Palette) -> None:
    assert badges.DESIGNS == ("ring", "banner", "ribbon", "voice", "poster", "seal", "thin")
    drawn = {badges.preview(badges.draw_frame(design, palette, "Le rail public"), 200) for design in badges.DESIGNS}
    assert len(drawn) == len(badges.DESIGNS)


@pytest.mark.parametrize("design", badges.DESIGNS)
def test_sixty_letters_of_slogan_are_shown_to_the_last(palette: badges.Palette, design: str) -> None:
    assert len(SIXTY) == 60
    whole, changed = (badges.draw_frame(design, palette, slogan) for slogan in (SIXTY, SIXTY[:-1] + "ï"))
    assert badges.preview(whole, 540) != badges.preview(changed, 540)
    assert badges.preview(whole, 540, "Ada") != badges.preview(changed, 540, "Ada")


def test_the_ring_fills_what_a_round_crop_takes_away(palette: badges.Palette, saved: Saved, opened: Opened) -> None:
    frame = badges.draw_frame("ring", palette, "Le rail public")
    light, dark = (
        opened(badges.render_badge(saved(Image.new("RGB", (300, 300), colour), "PNG"), frame, "Ada", kind="PNG"))
        for colour in ("white", "black")
    )
    photo_seen = ImageChops.difference(light, dark).convert("L")
    assert photo_seen.getbbox()
    assert ImageChops.multiply(photo_seen, outside_of_circle()).getbbox() is None


def test_the_same_words_and_colours_are_drawn_once(palette: badges.Palette) -> None:
    one, other = (badges.draw_frame("ring", palette, " Le rail  public ", "#Rail") for _ in range(2))
    assert one == other
    assert one.slogan == "Le rail public"
    assert one.artwork(named=True) is other.artwork(named=True)


def test_a_preview_is_a_png_of_the_size_asked_for(frame: badges.Frame, opened: Opened) -> None:
    small = opened(badges.preview(frame, 320))
    assert (small.format, small.size) == ("PNG", (320, 320))


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "#12345G", "123456", "", "#fff", "#123456\n"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(FrameRefused) as caught:
        badges.Palette("#000000", colour, "#FFFFFF")
    assert caught.value.code is Problem.COLOUR_INVALID


@pytest.mark.parametrize(
    ("design", "slogan", "hashtag", "code"),
    [
        ("star", "Le rail public", "", Problem.DESIGN_UNKNOWN),
        ("ring", " \n", "", Problem.SLOGAN_EMPTY),
        ("ring", "x" * 81, "", Problem.SLOGAN_TOO_LONG),
        ("ring", "Le rail", "#" + "x" * 40, Problem.SLOGAN_TOO_LONG),
        ("ring", "Le rail 山", "", Problem.LETTER_MISSING),
    ],
)
def test_a_frame_with_wrong_words_is_refused_with_a_sentence(
    palette: badges.Palette, design: str, slogan: str, hashtag: str, code: Problem
) -> None:
    with pytest.raises(FrameRefused) as caught:
        badges.draw_frame(design, palette, slogan, hashtag)
    assert caught.value.code is code
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255), (208, 16, 58), (255, 210, 63), (128, 128, 128)])
def test_words_are_readable_on_every_ground(ground: tuple[int, int, int]) -> None:
    assert contrast(readable(ground, ground), ground) >= READABLE_CONTRAST
    assert readable((0, 0, 0), (250, 250, 10)) == (250, 250, 10)  # the campaign's own wish, where it can be read


@pytest.mark.parametrize("degrees", [0.0, 17.3, -64.0, 90.0, 181.0])
@pytest.mark.parametrize("letters", ["W", "jÉ", "✊🏽", "'"])
def test_turned_words_lie_where_they_would_if_the_emptiness_around_them_were_turned_too(
    letters: str, degrees: float
) -> None:
    words = inked(fit(letters, 1000, (90, 90)), (10, 20, 30))
    pictures = words.rotate(degrees, Image.Resampling.BICUBIC, expand=True), _turned(words, degrees)
    assert pictures[1].width * pictures[1].height < pictures[0].width * pictures[0].height / 3
    laid = []
    for picture in pictures:
        sheet = Sheet((200, 200))
        sheet._lay_fine(picture, (100, 100))
        laid.append(sheet.picture.getchannel("A"))
    ink = ImageStat.Stat(laid[0]).mean[0]
    assert ink > 0
    assert ImageStat.Stat(ImageChops.difference(*laid)).mean[0] < 0.15 * ink  # a sixth of a pixel aside at most
