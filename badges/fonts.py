"""The bundled fonts: which letters each has, and their sizes."""

from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont, features

FONTS = Path(__file__).parent / "assets" / "fonts"
SANS = "Archivo-Bold.ttf"
CONDENSED = "BarlowCondensed-Bold.ttf"
POSTER = "Anton-Regular.ttf"
SERIF = "DMSerifDisplay-Regular.ttf"
EMOJI = "Twemoji-Colour.ttf"  # its glyphs are coloured shapes: it is drawn on pictures, never on masks
# The first that has a letter sets it: Latin, Greek and Cyrillic, Arabic, Hebrew, then emoji.
FALLBACKS = ("NotoSans-Bold.ttf", "NotoSansArabic-Bold.ttf", "NotoSansHebrew-Bold.ttf", EMOJI)

ZWNJ, ZWJ = "\u200c", "\u200d"
EMOJI_STYLE = "\ufe0f"
# They have no shape of their own: joiners, the two variation selectors of emoji, the five skin tones.
JOINERS = frozenset({ZWNJ, ZWJ, "\ufe0e", EMOJI_STYLE})
SKIN_TONES = frozenset(chr(c) for c in range(0x1F3FB, 0x1F400))
# Pillow shapes by raqm, which needs the system's FriBiDi. Without it, scripts that join would come out in pieces.
SHAPING = features.check("raqm")
JOINING_SCRIPTS = range(0x0590, 0x1E00)  # Hebrew, Arabic, Devanagari and more


@lru_cache(maxsize=128)  # a font object is a few kB; sizes are whole pixels, so this holds the usual ones
def font(file: str, px: int) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels: `file` is the name of a bundled one, or the whole path of a frame's own."""
    return ImageFont.truetype(str(FONTS / file), px)


@cache
def cap_height(file: str) -> float:
    """The height of a capital H in ems."""
    return -font(file, 1000).getbbox("H", anchor="ls")[1] / 1000


def shows(file: str, letters: Iterable[str]) -> bool:
    """Whether a font has all of these letters; those without a shape of their own count as had."""
    known = letters_of(file)
    return all(
        ord(char) in known and (SHAPING or ord(char) not in JOINING_SCRIPTS) for char in letters if char not in JOINERS
    )


def missing_letters(text: str, face: str = SANS) -> str:
    """The letters of a cleaned text that no font here can show, each once, in order; empty if all can be shown."""
    letters = dict.fromkeys(char for char in text if char not in JOINERS)
    return "".join(char for char in letters if not any(shows(file, char) for file in (face, *FALLBACKS)))


@cache
def letters_of(file: str) -> frozenset[int]:
    """The code points that a font maps to a glyph; Pillow does not tell."""
    from fontTools.ttLib import TTFont  # here: who makes no badge does not wait for it

    with TTFont(FONTS / file, lazy=True) as opened:
        return frozenset(opened.getBestCmap())
