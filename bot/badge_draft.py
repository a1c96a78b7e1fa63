"""A badge in the making, as the dialogue keeps it between two updates: so a restart or another replica goes on with it.

The photo itself is never in it: only Telegram's own reference, which is forgotten with the draft.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from badges import MOST_ZOOM, Crop
from bot.visit import Visit

WAIT_PHOTO, WAIT_FRAME, WAIT_NAME, WAIT_LOOK = "badge: photo", "badge: frame", "badge: name", "badge: look"
MIDDLE = (0.5, 0.5, 1.0)  # x, y, zoom of a badges.Crop that shows as much as fits
NEARER = 1.25  # the factor of one tap
STEP = 0.15  # of what is shown of the photo; one tap on an arrow


@dataclass(frozen=True, slots=True)
class Draft:
    """What is chosen so far. `name` is None until there is an answer, which may be "no name"."""

    began: int  # the update that brought the photo: under its number the badge counts once
    photo: str = ""  # Telegram's reference
    shape: float = 0.0  # width / height of the photo; 0: not known
    frame: int = 0  # the row's number
    name: str | None = None
    crop: tuple[float, float, float] | None = None  # x, y, zoom of a badges.Crop; None: found automatically
    messages: tuple[int, ...] = ()  # whose buttons speak of this badge: the last question, or the badge and its file
    sent: tuple[str, ...] = ()  # what went out of the badge as it stands

    @property
    def shown(self) -> Crop | None:
        return None if self.crop is None else Crop(*self.crop)

    def cropped(self, crop: tuple[float, float, float]) -> "Draft":
        """The same badge with another part of the photo: none of its files is out."""
        return replace(self, crop=crop, sent=())


def draft_of(visit: Visit) -> Draft | None:
    kept: dict[str, Any] | None = visit.data.get("badge")
    if kept is None:
        return None
    crop = kept.get("crop")
    lists = {"messages": tuple(kept["messages"]), "sent": tuple(kept["sent"])}
    return Draft(**kept | lists | {"crop": tuple(crop) if crop else None})


async def keep(visit: Visit, step: str, draft: Draft | None) -> None:
    """Write where the badge stands; None forgets it and its photo."""
    await visit.remember(step, badge=asdict(draft) if draft else None)


def moved(draft: Draft, direction: str) -> tuple[float, float, float]:
    """The crop after one tap: "in", "out", or the way that the photo goes: "left", "right", "up", "down".

    It stays within the photo, so that no tap is lost beyond its edge. The square's window is taken for square.
    """
    x, y, zoom = draft.crop or MIDDLE
    zoom *= {"in": NEARER, "out": 1 / NEARER}.get(direction, 1)
    zoom = min(max(zoom, 1.0), float(MOST_ZOOM))
    wide, high = 1 / zoom / max(draft.shape, 1), min(draft.shape or 1, 1) / zoom  # what is shown of each side
    # To push the photo to the left is to look further to its right.
    x += {"left": STEP, "right": -STEP}.get(direction, 0) * wide
    y += {"up": STEP, "down": -STEP}.get(direction, 0) * high
    if draft.shape:
        x = min(max(x, wide / 2), 1 - wide / 2)
        y = min(max(y, high / 2), 1 - high / 2)
    return min(max(round(x, 3), 0.0), 1.0), min(max(round(y, 3), 0.0), 1.0), round(zoom, 3)


def as_data(crop: tuple[float, float, float]) -> str:
    """For a button: where a tap on it leads, so that two taps lead no further than one."""
    return ":".join(str(round(each * 1000)) for each in crop)


def from_data(parts: list[str]) -> tuple[float, float, float] | None:
    """What `as_data` wrote; None for what was written there by hand."""
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 6 for part in parts):
        return None
    x, y, zoom = (int(part) / 1000 for part in parts)
    return (x, y, zoom) if x <= 1 and y <= 1 and 1 <= zoom <= MOST_ZOOM else None
