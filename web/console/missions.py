"""Missions, for the comms team: who signed up, and what people report. Names and remarks are for those who may write."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from campaigns import missions
from campaigns.words import mark
from web.console.access import desk_of
from web.pages import page
from web.site import site_of

_ = mark
router = APIRouter()
SHOWN = 100  # missions; those with the latest beginning
FIGURES = (("doors", _("Doors")), ("talks", _("Talks")), ("leaflets", _("Leaflets")))


@router.get("/console/c/{slug}/missions")
async def mission_list(request: Request, slug: str) -> Response:
    desk, now = await desk_of(request, slug), site_of(request).clock()
    async with site_of(request).database.read() as session:
        found = await missions.overviews(session, desk.campaign.id, SHOWN)
        total = await missions.count_of_missions(session, desk.campaign.id)
    to_come = [each for each in reversed(found) if each.mission.starts_at > now]  # the soonest first
    gone = [each for each in found if each.mission.starts_at <= now]
    groups = [("to-come", _("To come"), to_come), ("over", _("Over"), gone)]
    return page(
        request,
        "console/missions.html",
        desk=desk,
        campaign=desk.campaign,
        groups=[group for group in groups if group[2]],
        kinds=missions.KINDS,
        figures=FIGURES,
        shown=len(found),
        total=total,
    )
