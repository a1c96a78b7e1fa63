"""Events, for the comms team: who comes and by which bus, the lists to print, and what changes.

First names, of those who agreed to be written to, are for who may write; so are the lists and the forms.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import event_lists, event_planning, installation
from campaigns.event_planning import REMINDERS
from campaigns.events import KINDS
from campaigns.models import Event, EventKind
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
SHOWN = 50  # events; those with the latest beginning

Act = Callable[[AsyncSession, Event, datetime], Awaitable[object]]


@router.get("/console/c/{slug}/events")
async def event_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await desk_of(request, slug))


async def _list_page(
    request: Request, desk: Desk, status: int = 200, *, wrong: str = "", problem: str = "", typed: Typed | None = None
) -> Response:
    """`wrong` is the form with the problem: "new", an event's code, "CODE-bus" for a new bus, or "CODE-NUMBER"."""
    site, words = site_of(request), words_of(request)
    now = site.clock()
    async with site.database.read() as session:
        found = await event_planning.overviews(session, desk.campaign.id, SHOWN)
        total = await event_planning.count_of_events(session, desk.campaign.id)
        places = await installation.territories(session, desk.campaign.id)
    to_come = [each for each in reversed(found) if each.event.ends_at > now]  # the soonest first
    gone = [each for each in found if each.event.ends_at <= now]
    groups = [("to-come", _("To come"), to_come), ("over", _("Over"), gone)]
    new = dict.fromkeys(planning.EVENT, "") | {
        "reminders": planning.written_reminders(REMINDERS[EventKind.rally], words)
    }

    def filled(form: str, otherwise: Typed) -> Typed:
        return typed if typed and wrong == form else otherwise

    return page(
        request,
        "console/events.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        groups=[group for group in groups if group[2]],
        kinds=KINDS,
        places=places,
        now=now,
        link=lambda event: event_planning.event_link(site.settings.telegram_link, site.bot_username, event) if site.bot_username else None,
        name_of=lambda person: event_lists.name_of(person, words),
        reminders=lambda hours: planning.written_reminders(hours, words),
        new=filled("new", new),
        typed=lambda event: filled(event.code, planning.as_typed(event, words)),
        typed_bus=lambda event, bus: filled(f"{event.code}-{bus.id}", planning.bus_as_typed(bus, event)),
        new_bus=lambda event: filled(f"{event.code}-bus", dict.fromkeys(planning.BUS, "")),
        wrong=wrong,
        problem=problem,
        shown=len(found),
        total=total,
    )  # fmt: skip


@router.post("/console/c/{slug}/events")
async def add(request: Request, slug: str) -> Response:
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request) as form:
        said = planning.typed(form, planning.EVENT)
    try:
        async with site.database.write() as session:
            places = await installation.territories(session, desk.campaign.id)
            new = planning.event_of(said, places, desk.campaign.timezone)
            event = await event_planning.add_event(session, desk.campaign.id, new, site.clock())
    except (PlanProblem, TimeProblem) as problem:
        return await _list_page(request, desk, 422, wrong="new", problem=told(words_of(request), str(problem)), typed=said)  # fmt: skip
    return RedirectResponse(f"/console/c/{slug}/events#event-{event.code}", 303)


async def _acted(request: Request, slug: str, code: str, form: str, said: Typed | None, desk: Desk, act: Act) -> Response:  # fmt: skip
    """Do something to an event of the campaign, and go back to it; or show the form with what is wrong in it."""
    site = site_of(request)
    try:
        async with site.database.write() as session:
            event = await event_planning.find_event(session, desk.campaign.id, code)
            if event is None or await act(session, event, site.clock()) is None:
                raise nothing_here()
    except (PlanProblem, TimeProblem) as problem:
        return await _list_page(request, desk, 422, wrong=form, problem=told(words_of(request), str(problem)), typed=said)  # fmt: skip
    return RedirectResponse(f"/console/c/{slug}/events#event-{code}", 303)


@router.post("/console/c/{slug}/events/{code}")
async def change(request: Request, slug: str, code: str) -> Response:
    """Of another place or time, who comes is told by the bot."""
    desk = await desk_of(request, slug, write=True)
    async with own_form(request) as form:
        said = planning.typed(form, planning.EVENT)

    async def act(session: AsyncSession, event: Event, now: datetime) -> object:
        places = await installation.territories(session, desk.campaign.id)
        new = planning.event_of(said, places, event.timezone)
        return await event_planning.change_event(session, event, new, now)

    return await _acted(request, slug, code, code, said, desk, act)


@router.post("/console/c/{slug}/events/{code}/call-off")
async def call_off(request: Request, slug: str, code: str) -> Response:
    """Who comes is told by the bot."""
    desk = await desk_of(request, slug, write=True)
    async with own_form(request):
        pass
    return await _acted(request, slug, code, code, None, desk, event_planning.call_off)


@router.post("/console/c/{slug}/events/{code}/buses")
async def add_bus(request: Request, slug: str, code: str) -> Response:
    desk = await desk_of(request, slug, write=True)
    async with own_form(request) as form:
        said = planning.typed(form, planning.BUS)

    async def act(session: AsyncSession, event: Event, now: datetime) -> object:
        return await event_planning.add_bus(session, event, planning.bus_of(said, event), now)

    return await _acted(request, slug, code, f"{code}-bus", said, desk, act)


@router.post("/console/c/{slug}/events/{code}/buses/{bus_id:int}")
async def change_bus(request: Request, slug: str, code: str, bus_id: int) -> Response:
    """Its people are told of another stop or hour; or, with the button `drop`, that it does not run."""
    desk = await desk_of(request, slug, write=True)
    async with own_form(request) as form:
        said, drop = planning.typed(form, planning.BUS), form.get("do") == "drop"

    async def act(session: AsyncSession, event: Event, now: datetime) -> object:
        if drop:
            return await event_planning.drop_bus(session, event, row(bus_id), now)
        return await event_planning.change_bus(session, event, row(bus_id), planning.bus_of(said, event), now)

    return await _acted(request, slug, code, f"{code}-{bus_id}", said, desk, act)


@router.get("/console/c/{slug}/events/{code}/people.{kind}")
async def people(request: Request, slug: str, code: str, kind: str) -> Response:
    """Who comes, bus by bus: a .txt to print, or a .csv for a spreadsheet."""
    desk, words = await desk_of(request, slug, write=True), words_of(request)
    async with site_of(request).database.read() as session:
        event = await event_planning.find_event(session, desk.campaign.id, code)
        if event is None or kind not in ("csv", "txt"):
            raise nothing_here()
        found = await event_planning.overview(session, event)
    as_csv = kind == "csv"
    text = event_lists.to_csv(found, words) if as_csv else event_lists.to_text(found, desk.campaign, words)
    name = f"{installation.slug_of(event.title)}.{kind}"
    headers = {"Content-Disposition": f'{"attachment" if as_csv else "inline"}; filename="{name}"', "Cache-Control": "no-store"}  # fmt: skip
    return Response(text, media_type=f"text/{'csv' if as_csv else 'plain'}; charset=utf-8", headers=headers)
