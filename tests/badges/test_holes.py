"""The photo's place in a frame's picture is found as a person would point at it."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw, ImageFilter

from badges.holes import find_hole

Draw = Callable[[ImageDraw.ImageDraw], None]
SIZE = 400


def coverage(draw: Draw, ground: int = 255, blur: float = 0, fine: int = 1) -> Image.Image:
    picture = Image.new("L", (SIZE * fine, SIZE * fine), ground)
    draw(ImageDraw.Draw(picture))
    if blur:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def around(pen: ImageDraw.ImageDraw) -> None:
    """A ring with a transparent outside, whose corners together are larger than nothing."""
    pen.rectangle((0, 0, SIZE, SIZE), fill=0)
    pen.ellipse((40, 40, 359, 359), fill=255)
    pen.ellipse((100, 100, 299, 299), fill=0)


def twelve_hundred(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((301, 301, 898, 898), fill=0)


@pytest.mark.parametrize(
    ("picture", "expected", "slack"),
    [
        (coverage(lambda pen: pen.rectangle((50, 60, 349, 279), fill=0)), (50, 60, 300, 220), 0),
        (coverage(lambda pen: pen.ellipse((50, 50, 349, 349), fill=0)), (50, 50, 300, 300), 1),
        (coverage(twelve_hundred, fine=3), (100, 100, 200, 200), 2),  # smooth edges
        (coverage(lambda pen: pen.rectangle((100, 100, 299, 299), fill=0), blur=6), (88, 88, 224, 224), 8),  # a shadow
        (coverage(around), (100, 100, 200, 200), 1),  # the hole, not what lies outside of the ring
        (coverage(lambda pen: pen.rectangle((0, 0, 399, 279), fill=0)), (0, 0, 400, 280), 0),  # a panel at the foot
        (
            # a letter's inside is small, and closed in all the same
            coverage(lambda pen: (pen.rectangle((0, 0, 399, 199), fill=0), pen.rectangle((50, 300, 69, 329), fill=0))),
            (0, 0, 400, 200),
            0,
        ),
        (
            coverage(
                lambda pen: (pen.rectangle((20, 20, 99, 379), fill=0), pen.rectangle((120, 20, 379, 379), fill=0))
            ),
            (120, 20, 260, 360),  # the larger of two
            0,
        ),
        (coverage(lambda pen: None, ground=0), (0, 0, 400, 400), 0),
    ],
    ids=["square", "round", "smooth", "shadow", "ring", "panel", "letter", "two", "all"],
)
def test_the_hole_is_found(picture: Image.Image, expected: tuple[int, int, int, int], slack: int) -> None:
    found = find_hole(picture)
    assert found is not None
    assert all(abs(a - b) <= slack for a, b in zip(found, expected, strict=True)), found


@pytest.mark.parametrize(
    "picture",
    [
        coverage(lambda pen: None),
        coverage(lambda pen: pen.rectangle((10, 10, 40, 40), fill=0)),  # a dot
        coverage(lambda pen: None, ground=180),  # glass
    ],
    ids=["closed", "dot", "glass"],
)
def test_where_there_is_no_hole_none_is_found(picture: Image.Image) -> None:
    assert find_hole(picture) is None


def test_a_hole_that_winds_is_one_area() -> None:
    """Two arms that meet only below: the row above does not know that they are one."""

    def horseshoe(pen: ImageDraw.ImageDraw) -> None:
        pen.rectangle((50, 50, 149, 349), fill=0)
        pen.rectangle((250, 50, 349, 349), fill=0)
        pen.rectangle((50, 300, 349, 349), fill=0)

    assert find_hole(coverage(horseshoe)) == (50, 50, 300, 300)
