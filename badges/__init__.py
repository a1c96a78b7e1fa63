"""Badges: a photo, a frame and a name go in, a picture comes out. Knows no table, no network and no clock."""

from .canvas import SIDE
from .crops import MOST_ZOOM, Crop
from .encoding import Kind
from .errors import BadgeError, FrameRefused, NameRefused, PhotoRefused, Problem
from .faces import finds_faces
from .formats import FORMATS, Format
from .frames import DESIGNS, HASHTAG_LIMIT, SLOGAN_LIMIT, SPONSOR_LIMIT, Frame, Palette, draw_frame, open_frame
from .render import Output, as_written, automatic_crop, overlay, preview, render_badge, render_badges

__all__ = [
    "DESIGNS",
    "FORMATS",
    "HASHTAG_LIMIT",
    "MOST_ZOOM",
    "SIDE",
    "SLOGAN_LIMIT",
    "SPONSOR_LIMIT",
    "BadgeError",
    "Crop",
    "Format",
    "Frame",
    "FrameRefused",
    "Kind",
    "NameRefused",
    "Output",
    "Palette",
    "PhotoRefused",
    "Problem",
    "as_written",
    "automatic_crop",
    "draw_frame",
    "finds_faces",
    "open_frame",
    "overlay",
    "preview",
    "render_badge",
    "render_badges",
]
