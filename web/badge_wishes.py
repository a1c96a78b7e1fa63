"""What somebody asks of the badge maker: the fields of its forms, checked, or one sentence beside one field."""

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request

import badges
from badges import FORMATS, BadgeError, Crop, Kind, Output
from campaigns.badge_frames import badge_sentence, frame_of, frames_for
from campaigns.mirrors import FramesHome
from campaigns.models import Campaign, Frame, Territory
from campaigns.silence_windows import window_of
from campaigns.words import Words, mark
from web.pages import words_of
from web.receipts import Receipt
from web.site import Site, site_of
from web.uploads import TooLarge, file_of, form_of, text_of, too_busy
from web.workshop import Busy

PHOTO_LIMIT = 25_000_000  # bytes, as badges takes them
FORM_AROUND = 40_000  # bytes of the other fields and the boundaries
LONGEST_NAME = 60  # letters; more cannot be read on a badge
KINDS: dict[str, Kind] = {"JPEG": "JPEG", "PNG": "PNG", "WEBP": "WEBP"}
NOTHING: Mapping[str, str] = MappingProxyType({})
FORMAT_NAMES = {
    "square": mark("Square"),
    "profile": mark("Profile picture"),
    "story": mark("Story"),
    "cover": mark("Facebook cover"),
    "banner": mark("X banner"),
}


class Mistake(Exception):
    """What was asked for cannot be made; `sentence` says what to do, beside the field of that name."""

    typed: Mapping[str, str] = NOTHING  # what stays in the form

    def __init__(self, field: str, sentence: str, status: int = 422) -> None:
        super().__init__(sentence)
        self.field, self.sentence, self.status = field, sentence, status


@dataclass(frozen=True, slots=True)
class Design:
    """A frame with what is written on it: which row it is, for which section, with which name."""

    campaign: Campaign
    frame: Frame
    section: Territory | None
    name: str
    frames_dir: FramesHome

    def drawn(self) -> badges.Frame:
        """The frame itself; FrameRefused where it cannot be drawn. Takes up to half a second: in a thread."""
        section = self.section.name if self.section else ""
        return frame_of(self.campaign, self.frame.design, section, frames_dir=self.frames_dir)


@dataclass(frozen=True, slots=True)
class Wish:
    """A badge that is asked for. `crop` is None where nobody chose: then the photo's middle is found by itself."""

    design: Design
    output: Output
    crop: Crop | None
    photo: bytes
    receipt: Receipt
    init_data: str  # what Telegram hands to a Mini App; empty elsewhere


async def offered(session: AsyncSession, campaign_id: int, section: Territory | None) -> Sequence[Frame]:
    """The frames that somebody of that section may take."""
    return await frames_for(session, campaign_id, section.id if section else None)


async def section_of(session: AsyncSession, campaign_id: int, number: str | None) -> Territory | None:
    """The campaign's territory of that number; None for anything else."""
    if not number or not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    found = await session.get(Territory, int(number))
    return found if found and found.campaign_id == campaign_id else None


@asynccontextmanager
async def wish_of(request: Request, campaign: Campaign) -> AsyncIterator[Wish]:
    """What a form with a photo asks for; raises Mistake, also for what goes wrong while it is carried out.

    Use it as `async with`: the memory of the photo is given back at the end.
    """
    _ = words_of(request)
    typed: dict[str, str] = {}
    try:
        async with _read(request, campaign, typed) as wish:
            yield wish
    except TooLarge:
        words = _("This photo is larger than {limit} MB. Send a smaller copy of it.", limit=PHOTO_LIMIT // 1_000_000)
        raise Mistake("photo", words, 413) from None
    except Mistake as mistake:
        mistake.typed = typed
        raise
    except BadgeError as error:
        raise refused(_, error, typed) from None
    except Busy:
        raise too_busy() from None


@asynccontextmanager
async def _read(request: Request, campaign: Campaign, typed: dict[str, str]) -> AsyncIterator[Wish]:
    """What the form asks for; what was typed is written down on the way, so that it can stay in the form."""
    async with form_of(request, PHOTO_LIMIT + FORM_AROUND) as form:
        typed |= {name: text_of(form, name) for name in ("frame", "section", "format")}
        typed["name"] = _one_line(form)
        design = await _design_of(request, campaign, typed)
        await refuse_in_silence(request, campaign, design.section)
        yield await _wish(request, form, design)


def refused(words: Words, error: BadgeError, typed: Mapping[str, str] = NOTHING) -> Mistake:
    field = {"PhotoRefused": "photo", "NameRefused": "name"}.get(type(error).__name__, "frame")
    mistake = Mistake(field, badge_sentence(words, error))
    mistake.typed = typed
    return mistake


async def design_of(request: Request, campaign: Campaign, form: FormData) -> Design:
    """The frame, section and name of a form; raises Mistake."""
    typed = {"frame": text_of(form, "frame"), "section": text_of(form, "section"), "name": _one_line(form)}
    return await _design_of(request, campaign, typed)


def format_of(form: FormData) -> str:
    """The name of a format; the square where none was chosen, or none that is known."""
    chosen = text_of(form, "format")
    return chosen if chosen in FORMATS else "square"


async def refuse_in_silence(request: Request, campaign: Campaign, section: Territory | None) -> None:
    """Raises Mistake where silence is imposed on that section, or on the campaign."""
    _, site = words_of(request), site_of(request)
    async with site.database.read() as session:
        window = await window_of(session, campaign.id, section.id if section else None, site.clock())
    if window is not None:
        until = _.moment(window.ends_at, campaign.timezone, "d MMMM HH:mm")
        sentence = _("Near a vote the law imposes silence: no new badge until {until}.", until=until)
        raise Mistake("photo", sentence, 403)


async def _design_of(request: Request, campaign: Campaign, typed: dict[str, str]) -> Design:
    _ = words_of(request)
    async with site_of(request).database.read() as session:
        section = await section_of(session, campaign.id, typed["section"])
        frames = {frame.design: frame for frame in await offered(session, campaign.id, section)}
    frame, length = frames.get(typed["frame"]), len(typed["name"])
    if frame is None:
        raise Mistake("frame", _("Choose a frame."))
    if length > LONGEST_NAME:
        sentence = _("This name has {length} letters; {limit} fit on a badge.", length=length, limit=LONGEST_NAME)
        raise Mistake("name", sentence)
    return Design(campaign, frame, section, typed["name"], site_of(request).settings.frames)


async def _wish(request: Request, form: FormData, design: Design) -> Wish:
    _, site = words_of(request), site_of(request)
    photo = await file_of(form, "photo")
    if photo is None:
        raise Mistake("photo", _("Choose a photo first."))
    return Wish(
        design,
        Output(format_of(form), KINDS.get(text_of(form, "kind"), "JPEG")),
        _crop_of(form),
        photo[1],
        receipt_of(site, design.campaign, text_of(form, "receipt")),
        text_of(form, "init_data"),
    )


def receipt_of(site: Site, campaign: Campaign, text: str) -> Receipt:
    """The receipt of the badge that this goes on with, or of a new one."""
    now = site.clock()
    return Receipt.read(site.signer, text, campaign.id, now) or Receipt.new(campaign.id, now)


def _crop_of(form: FormData) -> Crop | None:
    written = [text_of(form, name) for name in ("x", "y", "zoom")]
    if not any(written):
        return None
    return Crop(*map(_number, written))  # which refuses what is no number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _one_line(form: FormData) -> str:
    return " ".join(text_of(form, "name").split())
