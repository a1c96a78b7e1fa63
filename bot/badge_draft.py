"""A badge in the making, as the dialogue keeps it between two updates: so a restart or another replica goes on with it.

The photo itself is never in it: only Telegram's own reference, which is forgotten with the draft.
"""

from dataclasses import dataclass, fields
from typing import Any

from badges import MOST_ZOOM, Crop
from bot.visit import Visit

WAIT_PHOTO, WAIT_FRAME, WAIT_NAME, WAIT_LOOK = "badge: photo", "badge: frame", "badge: name", "badge: look"
Place = tuple[float, float, float]  # x, y, zoom of a badges.Crop
MIDDLE: Place = (0.5, 0.5, 1.0)  # shows as much as fits
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
    crop: Place | None = None  # as a person chose it; None: found automatically, for each format its own
    found: Place | None = None  # what was found for the square: the first tap starts from there
    messages: tuple[int, ...] = ()  # whose buttons speak of this badge: the last question, or the badge and its file
    sent: tuple[str, ...] = ()  # what went out of the badge as it stands
    album: str = ""  # Telegram's name of the album that the photo came in

    @property
    def shown(self) -> Crop | None:
        return None if self.crop is None else Crop(*self.crop)

    @property
    def place(self) -> Place:
        """Where the look at the badge stands, from which the buttons move it."""
        return self.crop or self.found or MIDDLE


def draft_of(visit: Visit) -> Draft | None:
    kept: dict[str, Any] | None = visit.data.get("badge")
    if kept is None:
        return None
    lists = {"messages": tuple(kept["messages"]), "sent": tuple(kept["sent"])}
    places = {key: tuple(kept[key]) if kept.get(key) else None for key in ("crop", "found")}
    return Draft(**kept | lists | places)


async def keep(visit: Visit, step: str, draft: Draft | None) -> None:
    """Write where the badge stands; None forgets it and its photo."""
    await visit.remember(step, badge=_kept(draft) if draft else None)


def _kept(draft: Draft) -> dict[str, Any]:
    """As dataclasses.asdict, which would copy the inside of each value too."""
    return {each.name: getattr(draft, each.name) for each in fields(draft)}


def moved(draft: Draft, direction: str) -> Place:
    """The place after one tap: "in", "out", or the way that the photo goes: "left", "right", "up", "down"."""
    x, y, zoom = draft.place
    zoom = min(max(zoom * {"in": NEARER, "out": 1 / NEARER}.get(direction, 1), 1.0), float(MOST_ZOOM))
    wide, high = _seen(draft.shape, zoom)
    # To push the photo to the left is to look further to its right.
    x += {"left": STEP, "right": -STEP}.get(direction, 0) * wide
    y += {"up": STEP, "down": -STEP}.get(direction, 0) * high
    return within(draft.shape, (x, y, zoom))


def within(shape: float, place: Place) -> Place:
    """The place moved into the photo, so that no tap is lost beyond its edge; rounded as a button holds it."""
    x, y, zoom = place
    if shape:
        wide, high = _seen(shape, zoom)
        x = min(max(x, wide / 2), 1 - wide / 2)
        y = min(max(y, high / 2), 1 - high / 2)
    return min(max(round(x, 3), 0.0), 1.0), min(max(round(y, 3), 0.0), 1.0), round(zoom, 3)


def _seen(shape: float, zoom: float) -> tuple[float, float]:
    """What is shown of each side, as a fraction of it. The square's window is taken for square."""
    return 1 / zoom / max(shape, 1), min(shape or 1, 1) / zoom


def as_data(crop: Place) -> str:
    """For a button: where a tap on it leads, so that two taps lead no further than one."""
    return ":".join(str(round(each * 1000)) for each in crop)


def from_data(parts: list[str]) -> Place | None:
    """What `as_data` wrote; None for what was written there by hand."""
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 6 for part in parts):
        return None
    x, y, zoom = (int(part) / 1000 for part in parts)
    return (x, y, zoom) if x <= 1 and y <= 1 and 1 <= zoom <= MOST_ZOOM else None
