"""The live board of a running event: what goes out and what comes back, as it happens (server-sent events)."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from campaigns.dashboard import Board, board_of
from campaigns.models import Kind
from campaigns.overviews import KINDS
from campaigns.words import mark
from web.console.access import Desk, desk_of
from web.pages import page, render
from web.site import site_of

_ = mark
router = APIRouter()
BIG = (Kind.said_shared, Kind.visit, Kind.opened, Kind.recruited)
AGAIN = timedelta(minutes=10)  # then the stream ends, the browser asks again, and the role is looked at anew
WAIT = 2_000  # milliseconds until it asks again
DONE = {  # an act as it is told in the hall: nobody is named
    Kind.received: _("a share kit arrived"),
    Kind.opened: _("somebody opened a share window"),
    Kind.wording_changed: _("somebody took another wording"),
    Kind.copied: _("somebody copied the text"),
    Kind.said_shared: _("somebody says that they shared"),
    Kind.visit: _("somebody came through a link"),
    Kind.badge_made: _("a badge was made"),
    Kind.badge_downloaded: _("a badge was saved"),
    Kind.recruited: _("somebody joined by an invitation"),
    Kind.mission_done: _("somebody reported from a mission"),
}


@router.get("/console/c/{slug}/live")
async def live(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug)
    site = site_of(request)
    async with site.database.read() as session:
        board = await board_of(session, desk.campaign, site.clock())
    return page(request, "console/board.html", desk=desk, campaign=desk.campaign, inside=_inside(request, desk, board))


def _inside(request: Request, desk: Desk, board: Board) -> str:
    return render(request, "console/_board.html", campaign=desk.campaign, board=board, big=BIG, kinds=KINDS, done=DONE)


@router.get("/console/c/{slug}/live/stream")
async def stream(request: Request, slug: str) -> Response:
    """The whole board at each change, so that nothing is missing after a break; Last-Event-ID spares one that is known."""
    desk = await desk_of(request, slug)
    site = site_of(request)

    async def look() -> Board:
        async with site.database.read() as session:
            return await board_of(session, desk.campaign, site.clock())

    async def told() -> AsyncIterator[str]:
        yield f"retry: {WAIT}\n\n"
        until = site.clock() + AGAIN
        seen = request.headers.get("last-event-id", "")
        async for news in site.boards.watch(desk.campaign.id, look):
            if news is None:
                yield ": still here\n\n"
            elif isinstance(news[1], Board):
                html = json.dumps(_inside(request, desk, news[1]))
                if (known := _known_as(html)) != seen:
                    seen = known
                    yield f"id: {known}\nevent: board\ndata: {html}\n\n"
            if _over(site.clock(), until):
                return

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(told(), media_type="text/event-stream", headers=headers)


def _over(now: datetime, until: datetime) -> bool:
    return now >= until


def _known_as(html: str) -> str:
    """What a board is known as by every process: the browser may come back to another one."""
    return hashlib.blake2b(html.encode(), digest_size=12).hexdigest()
