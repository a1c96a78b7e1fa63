"""A campaign's frames as its admins keep them: which are offered, which first, and which are gone."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from badges import DESIGNS, FORMATS, BadgeError
from badges.frame_files import parent_of
from campaigns import installation
from campaigns.badge_frames import frame_of, frame_path
from campaigns.mirrors import FramesHome
from campaigns.models import Campaign, Frame, Territory
from campaigns.words import mark

_ = mark
LONGEST_NAME = 60  # letters; the bot shows it under the picture


class FrameKept(Exception):
    """The frame stays as it is: `msgid` with `values` says why, to be translated."""

    def __init__(self, msgid: str, **values: str) -> None:
        super().__init__(msgid.format(**values))
        self.msgid, self.values = msgid, values


@dataclass(frozen=True, slots=True)
class State:
    """What can be said of a frame: its formats; or why it cannot be drawn; or that its files are gone."""

    formats: tuple[str, ...] = ()
    problem: BadgeError | None = None

    @property
    def missing(self) -> bool:
        return not self.formats and self.problem is None


def state_of(campaign: Campaign, frame: Frame, frames_dir: FramesHome, *, whole: bool = False) -> State:
    """Opens each picture of a designer's frame, so call it in a thread. `whole` draws all formats, else the first alone."""
    if frame.design in DESIGNS:
        return State(tuple(FORMATS))
    if frame_path(frames_dir, campaign, frame.design) is None:
        return State()
    try:
        drawn = frame_of(campaign, frame.design, frames_dir=frames_dir)
        for format in drawn.formats if whole else drawn.formats[:1]:
            drawn.artwork(format, named=True)
    except BadgeError as problem:
        return State(problem=problem)
    return State(drawn.formats)


async def find(session: AsyncSession, campaign_id: int, frame_id: int) -> Frame | None:
    frame = await session.get(Frame, frame_id)
    return frame if frame is not None and frame.campaign_id == campaign_id else None


async def add(session: AsyncSession, campaign_id: int, key: str, name: str, place: Territory | None) -> Frame:
    """A frame whose files are kept, last and not yet in use; FrameKept where the campaign has it."""
    if any(known.design == key for known in await installation.frames(session, campaign_id)):
        raise FrameKept(_("This frame is there already, under this name and with these pictures."))
    frame = await installation.put_frame(session, campaign_id, key, name, place)
    frame.in_use = False
    return frame


async def use(session: AsyncSession, frame: Frame) -> None:
    """Offer it, on the badge's page and in the bot, from the next visit on."""
    frame.in_use = True


async def rest(session: AsyncSession, frame: Frame) -> None:
    """Offer it no longer; FrameKept for the last one that everybody has."""
    known = await installation.frames(session, frame.campaign_id)
    others = [each for each in known if each.in_use and each.territory_id is None and each.id != frame.id]
    if frame.in_use and frame.territory_id is None and not others:
        raise FrameKept(_("It is the last frame that everybody has: put another one in use first."))
    frame.in_use = False


async def first(session: AsyncSession, frame: Frame) -> None:
    """Offer it before the others of its place."""
    known = await installation.frames(session, frame.campaign_id)
    frame.position = min(each.position for each in known) - 1


async def remove(session: AsyncSession, frame: Frame, home: Path) -> None:
    """Take it off the list. Its files, in the campaign's folder `home`, are the caller's to drop. FrameKept where it is needed."""
    if frame.in_use:
        raise FrameKept(_("It is in use: take it out of use first."))
    if frame.design in DESIGNS:
        raise FrameKept(_("This design is the program's own: it can rest, and is not thrown away."))
    for other in await installation.frames(session, frame.campaign_id):
        if other.id != frame.id and parent_of(home / other.design) == frame.design:
            raise FrameKept(_("“{name}” takes this frame up: throw that one away first."), name=other.name)
    await session.delete(frame)
