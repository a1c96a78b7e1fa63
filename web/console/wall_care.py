"""The support wall, for the comms team: what stands there is public at once, so somebody must be able to take it down."""

from fastapi import APIRouter
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import wall
from campaigns.models import WallBadge
from web.console.access import desk_of, own_form
from web.pages import page, row
from web.site import site_of
from web.wall import shown_on

router = APIRouter()


@router.get("/console/c/{slug}/wall")
async def wall_page(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug)
    shown = await shown_on(request, desk.campaign)
    return page(request, "console/wall.html", desk=desk, campaign=desk.campaign, shown=shown)


@router.post("/console/c/{slug}/wall/{number:int}/take-down")
async def take_down(request: Request, slug: str, number: int) -> Response:
    """Nothing is said where the badge is gone already: that is what was wanted."""
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request):
        pass
    async with site.database.write() as session:
        mine = col(WallBadge.id) == row(number), col(WallBadge.campaign_id) == desk.campaign.id
        badge = await session.scalar(select(WallBadge).where(*mine))
        if badge is not None:
            await wall.take_down(session, badge.token, site.clock())
    return RedirectResponse(f"/console/c/{slug}/wall", 303)
