"""Referents and themes: who leads which territory, the links that make somebody one, and what people may be interested in."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import installation, interests, leaders
from campaigns.installation import AlreadyThere
from campaigns.interests import InterestProblem
from campaigns.leaders import LeaderRefused
from campaigns.models import Interest
from campaigns.words import mark
from web.console.access import Desk, desk_of, own_form
from web.pages import Trouble, nothing_here, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()


@router.get("/console/c/{slug}/team")
async def team(request: Request, slug: str) -> Response:
    return await _page(request, await desk_of(request, slug, write=True))


async def _page(request: Request, desk: Desk, status: int = 200, problem: str = "") -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        seats = await leaders.seats(session, desk.campaign.id)
        places = await installation.territories(session, desk.campaign.id)
        themes = await interests.interests_of(session, desk.campaign.id)
        chosen = await interests.counts(session, desk.campaign.id)
    taken = [seat.territory.id for seat in seats]
    return page(
        request,
        "console/team.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        seats=seats,
        any_places=bool(places),
        free=[place for place in places if taken.count(place.id) < leaders.MOST],
        bot=f"{site.settings.telegram_link}/{site.bot_username}?start=l-" if site.bot_username else "/start l-",
        themes=themes,
        chosen=chosen,
        most_themes=interests.MOST,
        longest_theme=interests.LONGEST,
        problem=problem,
    )


async def _admins_desk(request: Request, slug: str) -> Desk:
    """Whoever may let messages go out may say who leads a territory."""
    desk = await desk_of(request, slug, write=True)
    if not desk.may_approve:
        raise Trouble(403, _("You may look, not write"), _("An approver or an admin of the campaign can do this."))
    return desk


@router.post("/console/c/{slug}/team/appoint")
async def appoint(request: Request, slug: str) -> Response:
    desk, site = await _admins_desk(request, slug), site_of(request)
    async with own_form(request) as form:
        territory_id, most = text_of(form, "territory"), text_of(form, "most_a_day")
    try:
        async with site.database.write() as session:
            places = await installation.territories(session, desk.campaign.id)
            place = next((each for each in places if str(each.id) == territory_id), None)
            if place is None:
                raise nothing_here()
            a_day = int(most) if most.isdecimal() and len(most) < 3 else 1
            await leaders.appoint(session, place, site.clock(), organizer_id=desk.organizer.id, most_a_day=a_day)
    except LeaderRefused as refused:
        return await _page(request, desk, 422, words_of(request)(refused.msgid, **refused.values))
    return RedirectResponse(f"/console/c/{slug}/team#referents", 303)


@router.post("/console/c/{slug}/team/{leader_id:int}/dismiss")
async def dismiss(request: Request, slug: str, leader_id: int) -> Response:
    desk, site = await _admins_desk(request, slug), site_of(request)
    async with own_form(request), site.database.write() as session:
        await leaders.dismiss(session, desk.campaign.id, row(leader_id), desk.organizer.id, site.clock())
    return RedirectResponse(f"/console/c/{slug}/team#referents", 303)


@router.post("/console/c/{slug}/team/themes")
async def add_theme(request: Request, slug: str) -> Response:
    desk, site, words = await desk_of(request, slug, write=True), site_of(request), words_of(request)
    async with own_form(request) as form:
        name = text_of(form, "name")
    try:
        async with site.database.write() as session:
            await interests.add_interest(session, desk.campaign.id, name)
    except (InterestProblem, AlreadyThere):
        said = words("A theme has a name of at most {longest} characters that no other one has; there are at most {most}.", longest=interests.LONGEST, most=interests.MOST)  # fmt: skip
        return await _page(request, desk, 422, said)
    return RedirectResponse(f"/console/c/{slug}/team#themes", 303)


@router.post("/console/c/{slug}/team/themes/{interest_id:int}/remove")
async def remove_theme(request: Request, slug: str, interest_id: int) -> Response:
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request):
        try:
            async with site.database.write() as session:
                interest = await session.get(Interest, row(interest_id))
                if interest is not None and interest.campaign_id == desk.campaign.id:
                    await interests.remove_interest(session, interest)
        except InterestProblem:
            said = words_of(request)("A message to who chose this theme is not over: cancel it, or wait for its end.")
            return await _page(request, desk, 422, said)
    return RedirectResponse(f"/console/c/{slug}/team#themes", 303)
