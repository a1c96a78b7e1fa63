"""Messages to the campaign's people: written, seen with whom they reach, let go by who may, watched while they go out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import broadcasts, installation, interests, saved_segments
from campaigns.broadcasts import BroadcastRefused, Preview, Progress
from campaigns.models import Broadcast, BroadcastState, Campaign, Organizer, SavedSegment
from campaigns.segments import Segment
from campaigns.stamp import stamp_of, stamped
from campaigns.words import LANGUAGES, mark
from web.console.access import Desk, desk_of, own_form
from web.console.people import number_in
from web.pages import Trouble, nothing_here, page, render, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
SHOWN = 50  # messages, the latest
STATES = {
    BroadcastState.draft: _("draft"),
    BroadcastState.submitted: _("waits for a yes"),
    BroadcastState.approved: _("approved"),
    BroadcastState.running: _("goes out"),
    BroadcastState.paused: _("paused"),
    BroadcastState.cancelled: _("cancelled"),
    BroadcastState.done: _("done"),
}
MOVES = {
    "send": _("Send it"),
    "approve": _("Say yes, and send it later"),
    "submit": _("Ask for a second yes"),
    "back": _("A draft again"),
    "pause": _("Pause"),
    "resume": _("Go on"),
    "cancel": _("Cancel"),
}
GOING = (BroadcastState.running, BroadcastState.paused)
ENDED = (BroadcastState.done, BroadcastState.cancelled)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message with what is told of it. `preview` until it goes out, `progress` from then on."""

    broadcast: Broadcast
    text: str  # as it is sent
    author: str  # empty: a territory's referent, or somebody who left
    preview: Preview | None
    progress: Progress | None
    moves: list[str]

    @property
    def goes(self) -> bool:
        return self.broadcast.state in GOING

    @property
    def reached(self) -> int:
        """Per cent."""
        if self.progress is None or not self.progress.people:
            return 0
        told = self.progress.sent + self.progress.failed + self.progress.unknown
        return min(100, 100 * told // self.progress.people)


def _address(slug: str) -> str:
    return f"/console/c/{slug}/broadcasts"


@router.get("/console/c/{slug}/broadcasts")
async def broadcast_list(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug)
    edited = request.query_params.get("edit", "")
    async with site_of(request).database.read() as session:
        found = await _find(session, desk, number_in(edited) or 0)
        begun = number_in(request.query_params.get("segment"))
        saved = await saved_segments.find_segment(session, desk.campaign.id, begun) if begun else None
    typed = {}
    if found is not None and found.state is BroadcastState.draft and desk.may_write:
        typed = {"edit": str(found.id), "text": found.text} | _as_typed(found)
    elif saved is not None and desk.may_write:
        typed = _as_typed(saved)
    return await _list_page(request, desk, typed=typed)


def _as_typed(whom: Broadcast | SavedSegment) -> dict[str, str]:
    """A segment as the form's fields hold it."""
    return {
        "territory": str(whom.territory_id or ""),
        "language": whom.language or "",
        "interest": str(whom.interest_id or ""),
    }


async def _find(session: AsyncSession, desk: Desk, broadcast_id: int) -> Broadcast | None:
    """A message of this campaign; but a referent's draft is nobody else's before they ask for a yes."""
    found = await broadcasts.find_broadcast(session, desk.campaign.id, row(broadcast_id))
    return None if found is not None and found.supporter_id and found.state is BroadcastState.draft else found


async def _list_page(
    request: Request, desk: Desk, status: int = 200, *, problem: str = "", typed: Mapping[str, str] | None = None
) -> Response:
    async with site_of(request).database.read() as session:
        latest = await broadcasts.broadcasts_of(session, desk.campaign.id, SHOWN)
        shown = [await _shown(request, session, desk, each) for each in latest]
        territories = await installation.territories(session, desk.campaign.id)
        themes = await interests.interests_of(session, desk.campaign.id)
        kept = await saved_segments.segments_of(session, desk.campaign.id)
    return page(
        request,
        "console/broadcasts.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        found=shown,
        territories=territories,
        themes=themes,
        kept=kept,
        spoken=LANGUAGES,
        longest=broadcasts.LONGEST,
        problem=problem,
        typed=typed or {},
        most=SHOWN,
        **_names(territories, themes),
    )


def _names(territories: Any, themes: Any) -> dict[str, Any]:
    """What the templates of one message need beside it."""
    return {
        "places": {each.id: each.name for each in territories},
        "theme_names": {each.id: each.name for each in themes},
        "language_names": LANGUAGES,
        "states": STATES,
        "labels": MOVES,
    }


async def _shown(request: Request, session: AsyncSession, desk: Desk, broadcast: Broadcast) -> Shown:
    organizer = await session.get(Organizer, broadcast.organizer_id or 0)
    campaign = await session.get_one(Campaign, broadcast.campaign_id)
    own = await broadcasts.is_own(session, broadcast, desk.organizer.id)
    begun = broadcast.started_at is not None
    waits = not begun and broadcast.state is not BroadcastState.cancelled
    moves = broadcasts.moves_of(broadcast, campaign, desk.role, own=own)
    found = None
    if waits:
        now = site_of(request).clock()
        found = await broadcasts.preview(session, broadcasts.segment_of(broadcast), now)
        if not found.people:
            moves = [move for move in moves if move not in ("send", "submit")]
    return Shown(
        broadcast,
        stamped(broadcast.text, stamp_of(campaign)),
        organizer.name if organizer else "",
        found,
        await broadcasts.progress(session, broadcast.id) if begun else None,
        moves,
    )


@router.post("/console/c/{slug}/broadcasts")
async def write(request: Request, slug: str) -> Response:
    """A new draft, or the draft `edit` written anew."""
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request) as form:
        typed = {name: text_of(form, name) for name in ("edit", "text", "territory", "language", "interest")}
        segment = _segment(desk, form)
    try:
        async with site.database.write() as session:
            edited = await _find(session, desk, int(typed["edit"])) if typed["edit"].isdecimal() else None
            if edited is not None:
                await broadcasts.change(session, edited, typed["text"], segment)
                made = edited
            else:
                made = await broadcasts.add_broadcast(
                    session, segment, typed["text"], site.clock(), organizer_id=desk.organizer.id
                )
    except BroadcastRefused as refused:
        said = words_of(request)(refused.msgid, **refused.values)
        return await _list_page(request, desk, 422, problem=said, typed=typed)
    return RedirectResponse(f"{_address(slug)}#broadcast-{made.id}", 303)


def _segment(desk: Desk, form: FormData) -> Segment:
    def chosen(name: str) -> int | None:
        text = text_of(form, name)
        return int(text) if text.isdecimal() and len(text) < 10 else None

    return Segment(desk.campaign.id, chosen("territory"), text_of(form, "language") or None, chosen("interest"))


@router.post("/console/c/{slug}/broadcasts/{broadcast_id:int}/{move}")
async def move(request: Request, slug: str, broadcast_id: int, move: str) -> Response:
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    if move not in broadcasts.MOVES:
        raise nothing_here()
    async with own_form(request):
        try:
            async with site.database.write() as session:
                found = await _find(session, desk, broadcast_id)
                if found is None:
                    raise nothing_here()
                await broadcasts.MOVES[move](session, found, desk.organizer.id, site.clock())
        except BroadcastRefused as refused:
            said = words_of(request)(refused.msgid, **refused.values)
            raise Trouble(409, _("This cannot be done here"), said) from None
    return RedirectResponse(f"{_address(slug)}#broadcast-{broadcast_id}", 303)


@router.get("/console/c/{slug}/broadcasts/{broadcast_id:int}/progress")
async def progress(request: Request, slug: str, broadcast_id: int) -> Response:
    """One message as the list shows it, for the page that watches it."""
    desk = await desk_of(request, slug)
    async with site_of(request).database.read() as session:
        found = await _find(session, desk, broadcast_id)
        if found is None:
            raise nothing_here()
        shown = await _shown(request, session, desk, found)
        names = _names(
            await installation.territories(session, desk.campaign.id),
            await interests.interests_of(session, desk.campaign.id),
        )
    html = render(request, "console/_broadcast.html", desk=desk, campaign=desk.campaign, each=shown, **names)
    return Response(html, media_type="text/html")
