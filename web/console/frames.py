"""The badge's frames: what each looks like, which are offered, and a new one from a file, looked at before it is put in use."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from badges import DESIGNS, BadgeError, FrameRefused
from badges.folder_frames import HEAVIEST
from badges.sheets import CELL_SIZE, sample
from campaigns import frame_care, frame_uploads, installation
from campaigns.accounts import audit_account
from campaigns.badge_frames import badge_sentence, frame_of
from campaigns.frame_care import FrameKept
from campaigns.mirrors import near
from campaigns.models import Frame, Territory
from campaigns.words import Words, mark
from web.badge_wishes import FORMAT_NAMES
from web.console.access import Desk, own_form
from web.console.campaign_setup import admin_desk
from web.console.composer_media import WHOLE_FORM
from web.pages import nothing_here, page, row, words_of
from web.site import Site, site_of
from web.uploads import TooLarge, file_of, text_of, too_busy
from web.workshop import Busy

_ = mark
router = APIRouter()
HERE = "/console/c/{slug}/setup/frames"
SAMPLE_NAME = "Zoé Martin"
NOTHING: Mapping[str, str] = {"name": "", "territory": ""}
Move = Callable[[AsyncSession, Frame], Awaitable[None]]
MOVES: dict[str, tuple[Move, str]] = {  # what a button does, and what the audit calls it
    "use": (frame_care.use, "frame put in use"),
    "rest": (frame_care.rest, "frame taken out of use"),
    "first": (frame_care.first, "frame put first"),
}


@router.get(HERE)
async def frame_list(request: Request, slug: str) -> Response:
    return await _page(request, await admin_desk(request, slug))


async def _page(
    request: Request,
    desk: Desk,
    status: int = 200,
    *,
    typed: Mapping[str, str] = NOTHING,
    problem: str = "",
    wrong: int = 0,
    kept: str = "",
) -> Response:
    """`problem` is about the new frame; `kept` about the one numbered `wrong`."""
    site, words = site_of(request), words_of(request)
    async with site.database.read() as session:
        known = await installation.frames(session, desk.campaign.id)
        places = await installation.territories(session, desk.campaign.id)
    look = partial(frame_care.state_of, desk.campaign, frames_dir=site.settings.frames)
    states = {each.id: await asyncio.to_thread(look, each) for each in known}
    offered = [each for each in known if each.in_use]
    return page(
        request,
        "console/frames.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        groups=[
            group
            for group in ((_("In use"), offered), (_("Not in use"), [f for f in known if not f.in_use]))
            if group[1]
        ],
        leads=next((each.id for each in offered if each.territory_id is None), 0),
        states=states,
        told=lambda state: _told(words, state),
        format_names=FORMAT_NAMES,
        own=DESIGNS,
        places=places,
        place_names={place.id: place.name for place in places},
        size=CELL_SIZE,
        sample_name=SAMPLE_NAME,
        most=HEAVIEST // 1_000_000,
        longest=frame_care.LONGEST_NAME,
        typed=typed,
        problem=problem,
        wrong=wrong,
        kept=kept,
    )


def _told(words: Words, state: frame_care.State) -> str:
    """Why a frame cannot be used; empty where it can."""
    if state.missing:
        return words("Its files are gone from the data folder: throw it away, and add it again.")
    return badge_sentence(words, state.problem) if state.problem else ""


@router.post(HERE)
async def add(request: Request, slug: str) -> Response:
    """A new frame: checked as `frames check` does, kept, and shown; nobody is offered it yet."""
    desk, site, words = await admin_desk(request, slug), site_of(request), words_of(request)
    typed: dict[str, str] = {}
    try:
        async with own_form(request, WHOLE_FORM) as form:
            typed = {name: text_of(form, name) for name in NOTHING}
            frame = await _added(site, desk, typed, await file_of(form, "file"))
    except FrameRefused as refused:
        return await _page(request, desk, 422, typed=typed, problem=badge_sentence(words, refused))
    except FrameKept as found:
        return await _page(request, desk, 422, typed=typed, problem=words(found.msgid, **found.values))
    except TooLarge:
        said = words("This is too large: a picture may weigh {n} MB.", n=HEAVIEST // 1_000_000)
        return await _page(request, desk, 413, typed=typed or NOTHING, problem=said)
    except Busy:
        raise too_busy() from None
    return RedirectResponse(f"{HERE.format(slug=slug)}#frame-{frame.id}", 303)


async def _added(site: Site, desk: Desk, typed: Mapping[str, str], chosen: tuple[str, bytes] | None) -> Frame:
    name = " ".join(typed["name"].split())
    if not name or len(name) > frame_care.LONGEST_NAME:
        raise FrameKept(_("Give the frame a name of at most {n} letters."), n=str(frame_care.LONGEST_NAME))
    if chosen is None:
        raise FrameKept(_("Choose the frame's file."))
    async with site.database.read() as session:
        places = {str(place.id): place for place in await installation.territories(session, desk.campaign.id)}
    place: Territory | None = places.get(typed["territory"])
    keep = partial(frame_uploads.keep, desk.campaign, name, *chosen, site.settings.frames)
    key = await site.workshop.run(keep)
    async with site.database.write() as session:
        frame = await frame_care.add(session, desk.campaign.id, key, name, place)
        _audit(session, site, desk, "frame added", frame)
    return frame


def _audit(session: AsyncSession, site: Site, desk: Desk, action: str, frame: Frame) -> None:
    audit_account(session, desk.campaign.id, desk.organizer.id, None, site.clock(), action, frame.name)


@router.get(f"{HERE}/start.zip")
async def start(request: Request, slug: str) -> Response:
    """The folder that `frames new` writes, for a designer to change and hand back."""
    await admin_desk(request, slug)
    made = await asyncio.to_thread(frame_uploads.to_start_from)
    headers = {"Content-Disposition": 'attachment; filename="frame.zip"'}
    return Response(made, media_type="application/zip", headers=headers)


@router.get(f"{HERE}/{{frame_id:int}}.webp")
async def picture(request: Request, slug: str, frame_id: int) -> Response:
    """A frame in all its formats with a name, on nobody's photo."""
    desk, site = await admin_desk(request, slug), site_of(request)
    async with site.database.read() as session:
        found = await frame_care.find(session, desk.campaign.id, row(frame_id)) or _gone()
        place = await session.get(Territory, found.territory_id) if found.territory_id else None
    draw = partial(frame_of, desk.campaign, found.design, place.name if place else "", frames_dir=site.settings.frames)
    try:
        async with site.workshop.sketching():
            frame = await asyncio.to_thread(draw)
            made = await site.workshop.drawn((frame, "sample"), partial(sample, frame, SAMPLE_NAME))
    except BadgeError:
        raise nothing_here() from None
    except Busy:
        raise too_busy() from None
    return Response(made, media_type="image/webp")


def _gone() -> Frame:
    raise nothing_here()


@router.post(f"{HERE}/{{frame_id:int}}/{{move}}")
async def move(request: Request, slug: str, frame_id: int, move: str) -> Response:
    """Put a frame in use, take it out, put it first; or throw it away with its files."""
    desk, site, words = await admin_desk(request, slug), site_of(request), words_of(request)
    home = (await asyncio.to_thread(near, site.settings.frames, desk.campaign.slug)) / desk.campaign.slug
    acts = MOVES | {"remove": (partial(frame_care.remove, home=home), "frame thrown away")}
    async with own_form(request), site.database.read() as session:
        frame = await frame_care.find(session, desk.campaign.id, row(frame_id)) or _gone()
    if move not in acts:
        raise nothing_here()
    act, called = acts[move]
    if move == "use" and (said := _told(words, await _state(site, desk, frame))):
        return await _page(request, desk, 422, wrong=frame_id, kept=said)
    try:
        async with site.database.write() as session:
            frame = await frame_care.find(session, desk.campaign.id, frame_id) or _gone()
            await act(session, frame)
            _audit(session, site, desk, called, frame)
    except FrameKept as kept:
        return await _page(request, desk, 422, wrong=frame_id, kept=words(kept.msgid, **kept.values))
    if move == "remove":
        await asyncio.to_thread(frame_uploads.drop, site.settings.frames, desk.campaign, frame.design)
        return RedirectResponse(HERE.format(slug=slug), 303)
    return RedirectResponse(f"{HERE.format(slug=slug)}#frame-{frame_id}", 303)


async def _state(site: Site, desk: Desk, frame: Frame) -> frame_care.State:
    look = partial(frame_care.state_of, desk.campaign, frame, site.settings.frames, whole=True)
    return await asyncio.to_thread(look)
