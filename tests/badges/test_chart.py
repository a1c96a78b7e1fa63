"""The chart of a person's weeks: what is drawn where, in which colours."""

import io

import pytest
from PIL import Image

from badges.canvas import WHITE, contrast, rgb
from badges.chart import BARS, HEAD, ROW, Chart, Figure, draw_chart

WEEKS = ("12 oct.", "19 oct.", "26 oct.", "2 nov.", "9 nov.", "16 nov.", "23 nov.", "30 nov.")


def drawn(*counts, primary="#C8102E", secondary="#1D2B5C", text="#FFFFFF", title="La Région qui ose"):
    figures = tuple(Figure(f"Chiffre {n}", str(sum(row)), row) for n, row in enumerate(counts))
    return Image.open(io.BytesIO(draw_chart(Chart(title, WEEKS, figures, primary, secondary, text))))


def height_of_bar(picture, row, week, colour):
    """In pixels, in the middle of the bar's right half, where no number stands."""
    x = 64 + int((week + 0.5) * (1080 - 128) / 8) + 22
    floor = HEAD + (row + 1) * ROW - 8
    return sum(picture.getpixel((x, y)) == colour for y in range(floor - BARS - 4, floor + 4))


def test_each_figure_has_its_own_scale_and_the_latest_week_the_campaigns_colour():
    picture = drawn((0, 0, 0, 0, 0, 0, 0, 4), (0, 0, 0, 0, 0, 0, 400, 200))
    red = rgb("#C8102E")
    assert picture.size[0] == 1080
    assert height_of_bar(picture, 0, 7, red) == pytest.approx(BARS, abs=3)
    assert height_of_bar(picture, 1, 7, red) == pytest.approx(BARS / 2, abs=3)
    assert height_of_bar(picture, 1, 6, red) == 0  # paler


def test_the_least_that_is_not_nothing_can_be_seen():
    picture = drawn((9000, 0, 0, 0, 0, 0, 0, 1))
    assert height_of_bar(picture, 0, 7, rgb("#C8102E")) >= 6


def test_a_week_without_anything_and_a_row_without_anything_are_drawn():
    assert height_of_bar(drawn((0,) * 8), 0, 7, rgb("#C8102E")) == 0


@pytest.mark.parametrize("primary", ["#FFED00", "#FFFFFF", "#000000"])
def test_bars_can_be_seen_whatever_the_campaigns_colours(primary):
    picture = drawn((1,) * 8, primary=primary, secondary=primary, text=primary)
    x, y = 64 + int(7.5 * (1080 - 128) / 8) + 22, HEAD + ROW - 40
    assert contrast(picture.getpixel((x, y)), WHITE) >= 3


def test_a_long_title_and_an_emoji_have_room():
    picture = drawn((1,) * 8, title="🚆 " + "Une campagne au nom interminable " * 5)
    assert picture.getpixel((4, 20)) == rgb("#C8102E") == picture.getpixel((1075, 20))
