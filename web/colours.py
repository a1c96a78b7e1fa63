"""A campaign's colours as CSS custom properties, so that every text on them can be read (WCAG 2, 4.5:1)."""

import re

from campaigns.models import Campaign

ENOUGH = 4.5  # contrast of text, WCAG 2.2 AA
WHITE, INK, BLACK = "#FFFFFF", "#16181D", "#000000"
FALLBACK = "#1D2B5C"
GROUND = "#F6F6F4"  # behind the cards; the darkest of the light grounds but a tint
DARK = "#1F2937"  # the console's cards in the dark; the lightest of its dark grounds
Rgb = tuple[int, int, int]


def _rgb(colour: str) -> Rgb:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
        colour = FALLBACK  # nothing but a colour may reach the stylesheet
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02X}{:02X}{:02X}".format(*colour)


def _mix(colour: Rgb, other: Rgb, share: float) -> Rgb:
    r, g, b = (round(a + (z - a) * share) for a, z in zip(colour, other, strict=True))
    return r, g, b


def _light(colour: Rgb) -> float:
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in colour))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: Rgb, other: Rgb) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((_light(one), _light(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _readable(ground: Rgb, *wanted: str) -> Rgb:
    """The first of the wanted colours that can be read on the ground, else white, ink or black: one of them can."""
    inks = map(_rgb, (*wanted, WHITE, INK, BLACK))
    return next(colour for colour in inks if contrast(ground, colour) >= ENOUGH)


def _ink(colour: Rgb) -> Rgb:
    """The colour, darkened until it can be read as text on the page and on its own tint."""
    grounds = (_mix(colour, _rgb(WHITE), 0.94), _rgb(GROUND))
    for step in range(20):
        darker = _mix(colour, (0, 0, 0), step / 20)
        if all(contrast(darker, ground) >= ENOUGH for ground in grounds):
            return darker
    return _rgb(INK)


def _glow(colour: Rgb) -> Rgb:
    """The colour, lightened until it can be read as text on the console's dark cards and on its own tint there."""
    for step in range(20):
        lighter = _mix(colour, (255, 255, 255), step / 20)
        if contrast(lighter, _mix(_rgb(DARK), lighter, 0.1)) >= ENOUGH:
            return lighter
    return _rgb(WHITE)


def stylesheet(campaign: Campaign) -> str:
    primary, secondary = _rgb(campaign.primary_colour), _rgb(campaign.secondary_colour)
    deep = _mix(primary, (0, 0, 0), 0.22)
    properties = {
        "primary": primary,
        "primary-deep": deep,
        "on-primary": _readable(primary, campaign.text_colour),
        "primary-ink": _ink(primary),
        "primary-glow": _glow(primary),
        "primary-tint": _mix(primary, _rgb(WHITE), 0.94),
        "primary-line": _mix(primary, _rgb(WHITE), 0.78),
        "secondary": secondary,
        "on-secondary": _readable(secondary, campaign.text_colour),
        "secondary-ink": _ink(secondary),
    }
    return ":root{" + ";".join(f"--{name}:{_hex(colour)}" for name, colour in properties.items()) + "}\n"
