"""Where the faces are, and the crop that keeps them clear of the frame.

Needs the extra `faces`: OpenCV with the detector that its own wheel carries (no model is fetched). Without it nothing
is found, and the middle of a photo is shown.
"""

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image

from .crops import CENTRE, Crop, Extent, Part
from .headers import Size
from .wheels import wheel

cv2, np = wheel("cv2"), wheel("numpy")

Face = tuple[float, float, float, float]  # left, top, right, bottom, in fractions of the upright photo

LOOKED_AT = 480  # pixels on the long side of the copy that is searched: a face that fills a tenth of a photo has 48
SMALLEST = 0.06  # of the copy's short side
ALIKE = 0.5  # a face this much smaller than the largest stands in the background, or is none
SURE = 6  # overlapping finds that make a face; OpenCV's example takes 3, which sees faces in leaves
ABOVE, BELOW = 0.45, 0.2  # hair and chin around what the detector marks, in heights of a face
EYE_LINE = 0.48  # the faces' middle comes to rest at this much of the height that the frame leaves open
ZOOMS = (1.0, 1.1, 1.25, 1.4, 1.6, 1.8, 2.0)  # nearer where a face cannot be moved clear of the frame otherwise

_one_at_a_time = Lock()  # a detector keeps its scratch memory


def size_looked_at(extent: Extent) -> Size:
    """The size in pixels at which an upright photo is searched."""
    scale = min(1.0, LOOKED_AT / max(extent))
    return max(1, round(extent[0] * scale)), max(1, round(extent[1] * scale))


def find(photo: Image.Image) -> tuple[Face, ...]:
    """The faces in a small, upright, grey picture (mode L), the largest first; none without the extra. About 15 ms."""
    detector = _detector()
    if detector is None:
        return ()
    with _one_at_a_time:
        smallest = round(min(photo.size) * SMALLEST)
        grey = cv2.equalizeHist(np.asarray(photo))
        found = detector.detectMultiScale(grey, scaleFactor=1.15, minNeighbors=SURE, minSize=(smallest, smallest))
    width, height = photo.size
    sized = sorted(((int(w), int(x), int(y), int(h)) for x, y, w, h in found), reverse=True)
    return tuple(
        (x / width, y / height, (x + w) / width, (y + h) / height) for w, x, y, h in sized if w >= ALIKE * sized[0][0]
    )


def crop_around(faces: tuple[Face, ...], extent: Extent, window: Size, part: Part) -> Crop:
    """The least zoom at which all faces, with their hair, show in `part`: the box of the window that is left open.

    Where none does, the zoom that shows the most of them. Without a face, the middle.
    """
    if not faces:
        return CENTRE
    height = max(bottom - top for _, top, _, bottom in faces)
    heads = (
        min(face[0] for face in faces) * extent[0],
        (min(face[1] for face in faces) - ABOVE * height) * extent[1],
        max(face[2] for face in faces) * extent[0],
        (max(face[3] for face in faces) + BELOW * height) * extent[1],
    )
    tries = [_placed(heads, extent, window, part, zoom) for zoom in ZOOMS]
    return max(tries, key=lambda crop: (round(_shown(heads, crop, extent, window, part), 2), -crop.zoom))


def _placed(heads: Face, extent: Extent, window: Size, part: Part, zoom: float) -> Crop:
    """The crop that brings the middle of the heads to where it looks best in the open part."""
    scale = min(extent[0] / window[0], extent[1] / window[1]) / zoom  # photo pixels in one of the window
    away = ((part[0] + part[2]) / 2 - window[0] / 2, part[1] + (part[3] - part[1]) * EYE_LINE - window[1] / 2)
    x, y = ((heads[i] + heads[i + 2]) / 2 / extent[i] - away[i] * scale / extent[i] for i in (0, 1))
    return Crop(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0), zoom)


def _shown(heads: Face, crop: Crop, extent: Extent, window: Size, part: Part) -> float:
    """How much of the heads, of what the photo has of them, lies in the open part: 0 to 1."""
    left, top, right, _ = crop.box(extent, window)
    scale = (right - left) / window[0]
    open_ = left + part[0] * scale, top + part[1] * scale, left + part[2] * scale, top + part[3] * scale
    share = 1.0
    for i in (0, 1):
        low, high = max(heads[i], 0), min(heads[i + 2], extent[i])
        share *= max(0.0, min(high, open_[i + 2]) - max(low, open_[i])) / max(high - low, 1e-9)
    return share


def finds_faces() -> bool:
    """Whether the extra `faces` is there."""
    return _detector() is not None


@cache
def _detector() -> Any:
    """OpenCV's detector of faces seen from the front, or None. Its fifth version left the file out of the wheel."""
    if cv2 is None or not hasattr(cv2, "CascadeClassifier"):
        return None
    file = Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"
    return cv2.CascadeClassifier(str(file)) if file.exists() else None
