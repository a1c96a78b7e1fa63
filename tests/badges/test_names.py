"""A name is shown whole and right, or cut with grace, or refused by its letters: never as boxes."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageChops

import badges
from badges import NameRefused, Problem
from badges.fonts import SHAPING
from badges.text import Line, clean, clusters, fit

Opened = Callable[[bytes], Image.Image]
needs_shaping = pytest.mark.skipif(not SHAPING, reason="Pillow finds no FriBiDi on this system")

FRENCH = "àâäæçéèêëîïôöœùûüÿÀÂÄÆÇÉÈÊËÎÏÔÖŒÙÛÜŸ«»’…€"
ELSEWHERE = "ñøßłőğıžÞ" + "αΩжЯ" + "ắ"
FORTY = "Marie-Antoinette de La Rochefoucauld-Dup"


@pytest.fixture
def shown(frame: badges.Frame) -> Callable[[str], bytes]:
    """A small picture of a name on its plate."""
    return lambda name: badges.preview(frame, 300, name)


def test_every_letter_of_french_and_its_neighbours_has_a_shape_of_its_own(shown: Callable[[str], bytes]) -> None:
    letters = FRENCH + ELSEWHERE
    assert len({shown(f"N{letter}") for letter in letters}) == len(letters)


@pytest.mark.parametrize("emoji", ["✊", "🌹", "❤️", "🇫🇷", "👩‍🚒", "✊🏽"])
def test_emoji_are_drawn(shown: Callable[[str], bytes], emoji: str) -> None:
    assert shown(f"Ada {emoji}") != shown("Ada")
    assert shown(f"Ada {emoji}") != shown("Ada 🎈")


@pytest.mark.parametrize(
    ("name", "letters"),
    [("山田 Jo", "山 田"), ("ไทย", "ไ ท ย"), ("A\ue000", "\ue000"), ("한한", "한")],
)
def test_letters_that_no_font_has_are_refused_by_name(
    portrait: bytes, frame: badges.Frame, name: str, letters: str
) -> None:
    with pytest.raises(NameRefused) as caught:
        badges.render_badge(portrait, frame, name)
    assert caught.value.code is Problem.LETTER_MISSING
    assert caught.value.values == {"letters": letters}
    assert letters in str(caught.value)


def test_a_name_is_judged_before_the_photo_is_opened(frame: badges.Frame) -> None:
    with pytest.raises(NameRefused):
        badges.render_badge(b"no photo", frame, "山田")


@pytest.mark.parametrize("design", badges.DESIGNS)
def test_a_name_of_forty_letters_is_shown_to_its_last(palette: badges.Palette, design: str) -> None:
    frame = badges.draw_frame(design, palette, "Le rail public")
    assert badges.preview(frame, 800, FORTY) != badges.preview(frame, 800, FORTY[:-1] + "b")


@pytest.mark.parametrize("design", badges.DESIGNS)
def test_a_name_of_two_letters_and_one_of_two_hundred_make_a_badge(
    portrait: bytes, palette: badges.Palette, opened: Opened, design: str
) -> None:
    frame = badges.draw_frame(design, palette, "Le rail public", "#Rail")
    for name in ("Jo", "Abcdefghi " * 20):
        assert opened(badges.render_badge(portrait, frame, name)).size == (1080, 1080)


def test_a_name_too_long_is_made_smaller_then_narrower_then_cut() -> None:
    short, long, longer = (fit(name, 600, (66, 30), ("Archivo-Bold.ttf", "BarlowCondensed-Bold.ttf")) for name in NAMES)
    assert (short.px, short.face) == (66, "Archivo-Bold.ttf")
    assert 30 <= long.px < 66
    assert (longer.px, longer.face) == (30, "BarlowCondensed-Bold.ttf")
    assert words(longer).startswith("Abc")
    assert words(longer).endswith("…")
    assert all(line.width <= 600 for line in (short, long, longer))


NAMES = ("Ada", FORTY, "Abcdefghi " * 20)


def words(line: Line) -> str:
    return "".join(run.text for run in line.runs)


@pytest.mark.parametrize("whole", ["é", "👩‍🚒", "🇫🇷", "✊🏽", "שָׁ"])
def test_an_ellipsis_never_cuts_a_letter_in_two(whole: str) -> None:
    line = fit(clean(whole * 100), 500, (40, 40))
    shown = words(line).replace("…", "")
    assert shown
    assert set(clusters(shown)) <= set(clusters(clean(whole)))


@needs_shaping
def test_arabic_letters_are_joined(shown: Callable[[str], bytes]) -> None:
    joined, apart = "ليلى", "ل\u200cي\u200cل\u200cى"
    assert shown(joined) != shown(apart)


@needs_shaping
@pytest.mark.parametrize(
    ("name", "from_left"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("Ada שרה", "Ada |שרה"),  # a Latin name first: the other follows on its right
        ("שרה Ada", "Ada| |שרה"),  # a Hebrew name first: the other follows on its left
        ("שרה Le Pen 3", "Le Pen 3| |שרה"),  # a number belongs to the words before it
        ("علي CGT فاطمة", "فاطمة| |CGT| |علي"),
        ("Ada ✊ Bo", "Ada |✊| Bo"),
    ],
)
def test_names_in_two_directions_stand_in_reading_order(name: str, from_left: str) -> None:
    assert "|".join(run.text for run in fit(clean(name), 900, (50, 20)).runs) == from_left


def test_each_word_is_set_in_one_font() -> None:
    line = fit("Αλέξανδρος Ωμέγα", 900, (50, 20))
    assert {run.file for run in line.runs if run.text.strip()} == {"NotoSans-Bold.ttf"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("  Ada\n\tLovelace ", "Ada Lovelace"),
        ("Ada\u202e\u200e\x00\x1b Lovelace\U000e0041", "Ada Lovelace"),  # direction overrides, control characters
        ("Zoe\u0308", "Zoë"),  # a letter and its accent apart
        ("A\u0301" + "\u0301" * 50, "Á" + "\u0301" * 4),  # a tower of accents
        ("Anne\u202fMarie", "Anne\u00a0Marie"),
        ("\u200d\ufe0f", ""),
        ("\ud800Ada", "Ada"),
    ],
)
def test_a_name_is_cleaned_of_what_has_no_shape(typed: str, meant: str) -> None:
    assert clean(typed) == meant


@pytest.mark.parametrize(("design", "empty"), [("ring", ""), ("banner", "   "), ("ribbon", "\n\u200b\u202e")])
def test_an_empty_name_makes_a_badge_without_one(
    portrait: bytes, palette: badges.Palette, opened: Opened, design: str, empty: str
) -> None:
    frame = badges.draw_frame(design, palette, "Le rail public", "#Rail")
    without = opened(badges.render_badge(portrait, frame, empty, kind="PNG"))
    named = opened(badges.render_badge(portrait, frame, "Ada", kind="PNG"))
    assert ImageChops.difference(without, named).getbbox()
