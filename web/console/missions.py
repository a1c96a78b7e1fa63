"""Missions, for the comms team: who signed up, what people report, and what changes.

Names and remarks are for those who may write; so are the forms.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import installation, missions
from campaigns.models import Mission
from campaigns.plans import PlanProblem
from campaigns.sentences import told
from campaigns.times import TimeProblem
from campaigns.words import mark
from web.console import planning
from web.console.access import Desk, desk_of, own_form
from web.console.planning import Typed
from web.pages import nothing_here, page, row, words_of
from web.site import site_of

_ = mark
router = APIRouter()
SHOWN = 100  # missions; those with the latest beginning
FIGURES = (("doors", _("Doors")), ("talks", _("Talks")), ("leaflets", _("Leaflets")))


@router.get("/console/c/{slug}/missions")
async def mission_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await desk_of(request, slug))


async def _list_page(
    request: Request, desk: Desk, status: int = 200, *, wrong: str = "", problem: str = "", typed: Typed | None = None
) -> Response:
    """`wrong` is the form with the problem: "new", or the number of the mission."""
    now = site_of(request).clock()
    async with site_of(request).database.read() as session:
        found = await missions.overviews(session, desk.campaign.id, SHOWN)
        total = await missions.count_of_missions(session, desk.campaign.id)
        places = await installation.territories(session, desk.campaign.id)
    to_come = [each for each in reversed(found) if each.mission.starts_at > now]  # the soonest first
    gone = [each for each in found if each.mission.starts_at <= now]
    groups = [("to-come", _("To come"), to_come), ("over", _("Over"), gone)]
    return page(
        request,
        "console/missions.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        groups=[group for group in groups if group[2]],
        kinds=missions.KINDS,
        figures=FIGURES,
        places=places,
        now=now,
        typed=lambda mission: (
            typed if typed and wrong == str(mission.id) else planning.as_typed(mission, words_of(request))
        ),
        new=typed if typed and wrong == "new" else dict.fromkeys(planning.MISSION, ""),
        wrong=wrong,
        problem=problem,
        shown=len(found),
        total=total,
    )


@router.post("/console/c/{slug}/missions")
async def add(request: Request, slug: str) -> Response:
    return await _written(request, slug, None)


@router.post("/console/c/{slug}/missions/{mission_id:int}")
async def change(request: Request, slug: str, mission_id: int) -> Response:
    """Of another place or time, who signed up is told by the bot."""
    return await _written(request, slug, mission_id)


async def _written(request: Request, slug: str, mission_id: int | None) -> Response:
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request) as form:
        said = planning.typed(form, planning.MISSION)
    try:
        async with site.database.write() as session:
            places = await installation.territories(session, desk.campaign.id)
            if mission_id is None:
                new = planning.mission_of(said, places, desk.campaign.timezone)
                mission = await missions.add_mission(session, desk.campaign.id, new, site.clock())
            else:
                mission = await missions.find_mission(session, desk.campaign.id, row(mission_id)) or _gone()
                new = planning.mission_of(said, places, mission.timezone)
                await missions.change_mission(session, mission, new, site.clock())
    except (PlanProblem, TimeProblem) as problem:
        wrong = "new" if mission_id is None else str(mission_id)
        return await _list_page(request, desk, 422, wrong=wrong, problem=told(words_of(request), str(problem)), typed=said)  # fmt: skip
    return RedirectResponse(f"/console/c/{slug}/missions#mission-{mission.id}", 303)


def _gone() -> Mission:
    raise nothing_here()


@router.post("/console/c/{slug}/missions/{mission_id:int}/call-off")
async def call_off(request: Request, slug: str, mission_id: int) -> Response:
    """Who signed up is told by the bot."""
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request):
        pass
    try:
        async with site.database.write() as session:
            mission = await missions.find_mission(session, desk.campaign.id, row(mission_id)) or _gone()
            await missions.call_off(session, mission, site.clock())
    except PlanProblem as problem:
        said = told(words_of(request), str(problem))
        return await _list_page(request, desk, 422, wrong=str(mission_id), problem=said)
    return RedirectResponse(f"/console/c/{slug}/missions#mission-{mission_id}", 303)
