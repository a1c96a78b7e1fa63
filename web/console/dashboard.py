"""The console's first page of a campaign: what needs a human, what goes out next, how today goes."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import dashboard
from campaigns.decisions import STATES
from campaigns.models import Kind
from campaigns.overviews import KINDS
from campaigns.sentences import told
from web.console.access import desk_of
from web.console.results import charts_of
from web.pages import page, words_of
from web.site import site_of

router = APIRouter()
TODAY = (Kind.received, Kind.opened, Kind.said_shared, Kind.visit)


@router.get("/console/c/{slug}")
async def overview(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug, territories=True)
    if desk.reach is not None:  # the figures are the whole campaign's
        return RedirectResponse(f"/console/c/{slug}/posts", 303)
    site, words = site_of(request), words_of(request, desk.campaign)
    async with site.database.read() as session:
        seen = await dashboard.dashboard_of(
            session, desk.campaign, desk.organizer.id, site.clock(), may_approve=desk.may_approve
        )
    return page(
        request,
        "console/dashboard.html",
        desk=desk,
        campaign=desk.campaign,
        seen=seen,
        kinds=KINDS,
        of_today=TODAY,
        states=STATES,
        charts=charts_of(seen.week, seen.week_of, words, (Kind.visit,)),
        said=lambda sentence: told(words, sentence),
    )
