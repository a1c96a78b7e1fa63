"""Badges: a photo, a frame and a name go in, a picture comes out. Knows no table, no network and no clock."""

from .canvas import SIDE
from .errors import BadgeError, FrameRefused, NameRefused, PhotoRefused, Problem
from .frames import DESIGNS, HASHTAG_LIMIT, SLOGAN_LIMIT, SPONSOR_LIMIT, Frame, Palette, draw_frame
from .render import Kind, preview, render_badge

__all__ = [
    "DESIGNS",
    "HASHTAG_LIMIT",
    "SIDE",
    "SLOGAN_LIMIT",
    "SPONSOR_LIMIT",
    "BadgeError",
    "Frame",
    "FrameRefused",
    "Kind",
    "NameRefused",
    "Palette",
    "PhotoRefused",
    "Problem",
    "draw_frame",
    "preview",
    "render_badge",
]
