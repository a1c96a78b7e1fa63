"""Supporters, for the comms team: a list, one person, and what a person may ask of the campaign.

Who supports a campaign is sensitive. The list is for who may write, one person for who may approve; to hand somebody's data
out and to erase them is an admin's. Whoever opens, hands out or erases a person stands in the audit.
"""

from datetime import datetime, time
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import installation, interests, one_person, people
from campaigns.models import Kind, Purpose
from campaigns.old_acts import kept_since
from campaigns.people import COUNTED, SORTS, Wanted
from campaigns.times import zone
from campaigns.words import LANGUAGES, mark
from web.console.access import Desk, desk_of, own_form
from web.pages import Trouble, nothing_here, page, row, words_of
from web.site import site_of

_ = mark
router = APIRouter()
LONGEST = 60  # characters of a name that is searched
PURPOSES = {
    Purpose.contact: _("Messages"),
    Purpose.counting: _("Counting"),
    Purpose.ranking: _("Ranking"),
    Purpose.remembering: _("Remembered badge"),
    Purpose.wall: _("Support wall"),
    Purpose.team: _("Referents’ contact"),
}
ORDERS = {
    "new": _("Newest first"),
    "old": _("Oldest first"),
    "name": _("By first name"),
    "visits": _("Most visits first"),
}
FIGURES = {
    Kind.received: _("Received"),
    Kind.opened: _("Opened"),
    Kind.said_shared: _("Said shared"),
    Kind.visit: _("Visits"),
    Kind.badge_made: _("Badges"),
    Kind.recruited: _("Recruited"),
    Kind.mission_done: _("Missions done"),
}


def number_in(text: str | None) -> int | None:
    """A row's number out of a query or a form; None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _wanted(desk: Desk, asked: QueryParams) -> Wanted:
    """What the address asks for; what it says wrongly is left out."""
    since = None
    try:
        day = datetime.strptime(asked.get("since", ""), "%Y-%m-%d").date()  # noqa: DTZ007 - a day of the campaign's zone
        since = datetime.combine(day, time(), zone(desk.campaign.timezone))
    except (ValueError, OverflowError):
        pass
    sort = asked.get("sort", "new")
    return Wanted(
        desk.campaign.id,
        number_in(asked.get("territory")),
        asked.get("language") if asked.get("language") in LANGUAGES else None,
        number_in(asked.get("interest")),
        tuple(purpose for purpose in Purpose if purpose.value in asked.getlist("agreed")),
        since if since is None or since.year > 1970 else None,
        asked.get("name", "").strip()[:LONGEST],
        asked.get("stopped") == "1",
        sort if sort in SORTS else "new",
    )


@router.get("/console/c/{slug}/people")
async def people_list(request: Request, slug: str) -> Response:
    desk, asked = await desk_of(request, slug, write=True), request.query_params
    wanted = _wanted(desk, asked)
    after, before = number_in(asked.get("after")), number_in(asked.get("before"))
    site = site_of(request)
    acts_since = kept_since(site.clock(), site.settings.acts_months)
    async with site.database.read() as session:
        listed = await people.list_people(session, wanted, after=after, before=before)
        slow = bool(wanted.name) or wanted.active_since is not None  # a count would take longer than the page
        counted = None if slow else await people.count_people(session, wanted)
        places = await installation.territories(session, desk.campaign.id)
        themes = await interests.interests_of(session, desk.campaign.id)
    kept = [
        (name, value)
        for name, value in asked.multi_items()
        if name not in ("after", "before", "lang", "erased") and value
    ]

    def turned(way: str, number: int | None) -> str:
        return f"{request.url.path}?{urlencode([*kept, (way, number)])}" if number is not None else ""

    return page(
        request,
        "console/people.html",
        desk=desk,
        campaign=desk.campaign,
        wanted=wanted,
        since=asked.get("since", "") if wanted.active_since else "",
        acts_since=acts_since if wanted.active_since and wanted.active_since < acts_since else None,
        lines=listed.lines,
        filtered=any(name not in ("sort",) for name, _value in kept),
        counted=counted,
        most=COUNTED,
        before=turned("before", listed.before),
        after=turned("after", listed.after),
        territories=places,
        themes=themes,
        spoken=LANGUAGES,
        purposes=PURPOSES,
        orders=ORDERS,
        erased="erased" in asked,
        longest=LONGEST,
    )


def _least(desk: Desk, allowed: bool) -> None:
    if not allowed:
        raise Trouble(403, _("This is not for your role"), _("An admin of the campaign can give you another one."))


@router.get("/console/c/{slug}/people/{person_id:int}")
async def person(request: Request, slug: str, person_id: int) -> Response:
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    _least(desk, desk.may_approve)
    return await _person_page(request, desk, row(person_id), site.clock())


async def _person_page(
    request: Request, desk: Desk, number: int, now: datetime, status: int = 200, problem: str = ""
) -> Response:
    async with site_of(request).database.write() as session:
        found = await one_person.open_person(session, desk.campaign.id, number, desk.organizer.id, now)
    if found is None:
        raise nothing_here()
    return page(
        request,
        "console/person.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        found=found,
        purposes=PURPOSES,
        spoken=LANGUAGES,
        figures=FIGURES,
        problem=problem,
    )


@router.post("/console/c/{slug}/people/{person_id:int}/export")
async def export(request: Request, slug: str, person_id: int) -> Response:
    """All that the campaign stores of a person, as the file that the bot hands to themselves."""
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    _least(desk, desk.may_set_up)
    async with own_form(request), site.database.write() as session:
        data = await one_person.export_person(
            session, desk.campaign.id, row(person_id), desk.organizer.id, site.clock()
        )
    if data is None:
        raise nothing_here()
    headers = {"Content-Disposition": f'attachment; filename="person-{person_id}.json"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/json", headers=headers)


@router.post("/console/c/{slug}/people/{person_id:int}/erase")
async def erase(request: Request, slug: str, person_id: int) -> Response:
    """Asked first: the form has a box to tick."""
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    _least(desk, desk.may_set_up)
    async with own_form(request) as form:
        sure = form.get("sure") == "yes"
    if not sure:
        said = words_of(request)("Tick the box first: what is erased does not come back.")
        return await _person_page(request, desk, row(person_id), site.clock(), 422, said)
    async with site.database.write() as session:
        gone = await one_person.erase_person(session, desk.campaign.id, row(person_id), desk.organizer.id, site.clock())
    if not gone:
        raise nothing_here()
    return RedirectResponse(f"/console/c/{slug}/people?erased=1", 303)
