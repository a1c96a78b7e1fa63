"""A frame for a designer to start from: pictures of a border and a panel, and a frame.toml that explains itself."""

from pathlib import Path

from .canvas import Pen, Sheet, gradient, rgb
from .formats import FORMATS
from .frame_files import FILE

INK, STRIPE = rgb("#1D2B5C"), rgb("#FFC72C")
# By format: the height of the panel, the width of the border, the thickness of the stripe, in pixels.
SHAPES = {"square": (330, 28, 14), "story": (640, 36, 18)}

TEXT = """\
# A frame of a badge. Everything is measured in pixels of the format; a box is [left, top, width, height].
# Try it after each change:   run_bot.py frames check THIS_FOLDER
#                             run_bot.py frames preview THIS_FOLDER --out preview.png --name "Ada Martin"

# A federation's frame can take up the national one, and a section's the federation's: keys that stand here hold
# before those of the frame in the folder beside this one.
# inherits = "national"

# How words are set in every format. `size` is the largest and the smallest; colours are "primary", "secondary" and
# "text" of the campaign, or "#C8102E". Fonts: a bundled one, or a .ttf or .otf file in this folder.
[text.name]
font = "Archivo-Bold.ttf"
size = [88, 30]
colour = "#FFFFFF"

[text.slogan]
font = "BarlowCondensed-Bold.ttf"
size = [60, 22]
colour = "#FFC72C"
lines = 2

[text.section]                      # the name of the supporter's territory
font = "BarlowCondensed-Bold.ttf"
size = [34, 16]
colour = "#FFFFFF"

[text.sponsor]                      # who pays: the law wants it whole, so a frame without this place is refused
font = "BarlowCondensed-Bold.ttf"   # to a campaign that has such a line
size = [22, 10]
colour = "#FFFFFF"
lines = 3

# 1080 x 1080. A round crop keeps 14.6 % clear of each edge: words outside of `safe` are refused.
[square]
picture = "square.png"              # PNG; the photo shows where it is transparent
window = [0, 0, 1080, 764]          # where the photo goes; left out, the hole is found by itself
safe = [158, 158, 764, 764]

[square.name]
box = [158, 770, 764, 72]

[square.slogan]
box = [158, 846, 764, 40]
lines = 1

[square.section]
box = [158, 890, 764, 30]

[square.sponsor]
box = [158, 158, 764, 40]
colour = "#1D2B5C"
ground = "#FFFFFF"                  # a plate under the words

# 1080 x 1920. What is above and below the central 1080 x 1420 is covered by the app.
[story]
picture = "story.png"
window = [0, 0, 1080, 1298]
safe = [60, 250, 960, 1420]

[story.name]
box = [90, 1330, 900, 110]

[story.slogan]
box = [90, 1450, 900, 130]

[story.section]
box = [90, 1584, 900, 36]

[story.sponsor]
box = [90, 1624, 900, 44]
"""


def write_starting_frame(folder: Path) -> None:
    """Write the folder with all that `frames check` asks for. Raises OSError where it cannot be written."""
    folder.mkdir(parents=True)
    for name, (panel, border, stripe) in SHAPES.items():
        _drawn(FORMATS[name].size, panel, border, stripe).picture.save(folder / f"{name}.png", optimize=True)
    (folder / FILE).write_text(TEXT, "utf-8")


def _drawn(size: tuple[int, int], panel: int, border: int, stripe: int) -> Sheet:
    width, height = size
    top = height - panel

    def around(pen: Pen) -> None:
        pen.rectangle((0, 0, width, height))
        pen.rounded((border, border, width - border, top + border), border, ink=0)

    def below(pen: Pen) -> None:
        pen.rectangle((0, top, width, height))

    sheet = Sheet(size)
    sheet.draw(around, INK)
    sheet.draw(below, gradient(INK, rgb("#141E42"), size))
    sheet.draw(lambda pen: pen.rectangle((0, top, width, top + stripe)), STRIPE)
    return sheet
