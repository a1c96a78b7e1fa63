"""A supporter's invitation: their own deep link, and a picture of it that a phone's camera reads."""

import io

import segno

from badges.canvas import SMALL_CONTRAST, WHITE, Rgb, readable, rgb
from campaigns.models import Campaign, Participation

PREFIX = "r-"  # of the payload in the link
SIDE = 1000  # pixels that the picture has at most; a module takes a whole number of them
QUIET = 4  # modules of white around the code, from ISO/IEC 18004


def invitation_link(telegram: str, bot: str, place: Participation) -> str:
    """Where the invitation of somebody leads: to the bot, with their own code. `telegram` is as in Settings.telegram_link."""
    return f"{telegram}/{bot}?start={PREFIX}{place.invite_code}"


def qr_picture(link: str, campaign: Campaign) -> bytes:
    """A PNG of the link as a QR code in the campaign's colours, on white; takes about 20 ms.

    A camera needs dark on light: a colour that is too pale for that gives way to the other one, else to black.
    """
    code = segno.make(link, error="m", micro=False)
    primary, secondary = rgb(campaign.primary_colour), rgb(campaign.secondary_colour)
    file = io.BytesIO()
    code.save(
        file,
        kind="png",
        scale=SIDE // code.symbol_size(border=QUIET)[0],
        border=QUIET,
        light="#FFFFFF",
        dark=_dark(primary, secondary),
        finder_dark=_dark(secondary, primary),
    )
    return file.getvalue()


def _dark(*wishes: Rgb) -> Rgb:
    return readable(WHITE, *wishes, least=SMALL_CONTRAST)
