"""The project's own designs, one module each. All keep their words where every network shows them (see formats.py).

Lengths are pixels of the format. In the square and the profile, words in straight lines stay inside the square that
a round crop leaves whole or inside the circle itself; curved and turned words stay inside the circle.
"""

from collections.abc import Callable

from ..artwork import Artwork
from . import banner, poster, ribbon, ring, seal, thin, voice
from .kit import Brief

DRAWN: dict[str, Callable[[Brief], Artwork]] = {
    "ring": ring.draw,
    "banner": banner.draw,
    "ribbon": ribbon.draw,
    "voice": voice.draw,
    "poster": poster.draw,
    "seal": seal.draw,
    "thin": thin.draw,
}
