"""Territories, for the comms team: the tree, and for admins what changes it; and the towns that belong to them."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import communes, installation, territories
from campaigns.communes import ReadCommunes
from campaigns.figures import GOALS, SMALLEST
from campaigns.models import Kind, Territory
from campaigns.post_files import LARGEST, FileRefused
from campaigns.sentences import told, within
from campaigns.territories import Described, TerritoryRefused
from campaigns.times import TimeProblem
from campaigns.words import mark
from web.console.access import Desk, desk_of, own_form
from web.console.people import FIGURES, number_in
from web.pages import Trouble, nothing_here, page, row, words_of
from web.site import site_of
from web.uploads import file_of, text_of

_ = mark
router = APIRouter()
NAMED = 100  # wrong lines of a list of towns that are shown
FIELDS = ("name", "parent", "timezone", "goal", "goal_kind")
Typed = dict[str, str]


@router.get("/console/c/{slug}/territories")
async def territory_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await desk_of(request, slug))


async def _list_page(
    request: Request, desk: Desk, status: int = 200, *, problem: str = "", typed: Typed | None = None
) -> Response:
    async with site_of(request).database.read() as session:
        branches = await territories.tree(session, desk.campaign.id)
        towns = await communes.count(session, desk.campaign.id)
    return page(
        request,
        "console/territories.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        branches=branches,
        choices=branches,
        towns=towns,
        fewest=SMALLEST,
        goals=GOALS,
        figures=FIGURES,
        problem=problem,
        typed=typed or dict.fromkeys(FIELDS, ""),
        longest=territories.LONGEST,
    )


async def _admins_desk(request: Request, slug: str) -> Desk:
    desk = await desk_of(request, slug, write=True)
    if not desk.may_set_up:
        raise Trouble(403, _("This is not for your role"), _("An admin of the campaign can give you another one."))
    return desk


async def _found(session: AsyncSession, desk: Desk, number: int | None) -> Territory:
    found = await territories.find(session, desk.campaign.id, number)
    if found is None:
        raise nothing_here()
    return found


@router.get("/console/c/{slug}/territories/{territory_id:int}")
async def territory(request: Request, slug: str, territory_id: int) -> Response:
    return await _one_page(request, await _admins_desk(request, slug), row(territory_id))


async def _one_page(
    request: Request, desk: Desk, number: int, status: int = 200, *, problem: str = "", typed: Typed | None = None
) -> Response:
    async with site_of(request).database.read() as session:
        here = await _found(session, desk, number)
        branches = await territories.tree(session, desk.campaign.id, counted=False)
    as_it_is = {
        "name": here.name,
        "parent": str(here.parent_id or ""),
        "timezone": here.timezone or "",
        "goal": str(here.goal or ""),
        "goal_kind": here.goal_kind.value if here.goal_kind else "",
    }
    return page(
        request,
        "console/territory.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        here=here,
        choices=territories.choices(branches, here),
        goals=GOALS,
        figures=FIGURES,
        problem=problem,
        typed=typed or as_it_is,
        longest=territories.LONGEST,
    )


async def _described(session: AsyncSession, desk: Desk, said: Typed) -> Described:
    parent = await _found(session, desk, number_in(said["parent"])) if said["parent"] else None
    goal = number_in(said["goal"] or "0")
    kind = said["goal_kind"] if said["goal_kind"] in list(Kind) else None
    return Described(said["name"], parent, said["timezone"], -1 if goal is None else goal, Kind(kind) if kind else None)


@router.post("/console/c/{slug}/territories")
async def add(request: Request, slug: str) -> Response:
    desk, site = await _admins_desk(request, slug), site_of(request)
    async with own_form(request) as form:
        said = {name: text_of(form, name) for name in FIELDS}
    try:
        async with site.database.write() as session:
            new = await _described(session, desk, said)
            made = await territories.add(session, desk.campaign.id, new, desk.organizer.id, site.clock())
    except (TerritoryRefused, TimeProblem) as problem:
        return await _list_page(request, desk, 422, problem=_sentence(request, problem), typed=said)
    return RedirectResponse(f"/console/c/{slug}/territories#territory-{made.id}", 303)


@router.post("/console/c/{slug}/territories/{territory_id:int}")
async def change(request: Request, slug: str, territory_id: int) -> Response:
    """The button `do` says what: write it anew, merge it into another one, or take it away."""
    desk, site = await _admins_desk(request, slug), site_of(request)
    async with own_form(request) as form:
        said = {name: text_of(form, name) for name in FIELDS}
        act, into = text_of(form, "do"), number_in(text_of(form, "into"))
        sure = form.get("sure") == "yes"
    try:
        async with site.database.write() as session:
            here = await _found(session, desk, row(territory_id))
            who = desk.organizer.id, site.clock()
            if act in ("merge", "remove") and not sure:
                raise TerritoryRefused(_("Tick the box first: this does not come back."))
            if act == "merge":
                await territories.merge(session, here, await _found(session, desk, into), *who)
            elif act == "remove":
                await territories.remove(session, here, *who)
            else:
                await territories.change(session, here, await _described(session, desk, said), *who)
    except (TerritoryRefused, TimeProblem) as problem:
        kept = said if act not in ("merge", "remove") else None
        return await _one_page(request, desk, row(territory_id), 422, problem=_sentence(request, problem), typed=kept)
    gone = act in ("merge", "remove")
    return RedirectResponse(f"/console/c/{slug}/territories" + ("" if gone else f"#territory-{territory_id}"), 303)


def _sentence(request: Request, problem: TerritoryRefused | TimeProblem) -> str:
    words = words_of(request)
    if isinstance(problem, TerritoryRefused):
        return words(problem.msgid, **problem.values)
    return told(words, str(problem))


@router.get("/console/c/{slug}/territories/communes")
async def towns(request: Request, slug: str) -> Response:
    return await _towns_page(request, await _admins_desk(request, slug))


@router.post("/console/c/{slug}/territories/communes")
async def import_towns(request: Request, slug: str) -> Response:
    """Read a list of towns; with `do=import`, and nothing wrong in it, make it the campaign's."""
    desk, site = await _admins_desk(request, slug), site_of(request)
    async with own_form(request, LARGEST + 100_000) as form:
        act, given = text_of(form, "do"), await file_of(form, "file")
    if given is None:
        return await _towns_page(request, desk, 422, problem=words_of(request)("Choose a file first."))
    async with site.database.read() as session:
        known = await installation.territories(session, desk.campaign.id)
    try:
        read = await asyncio.to_thread(_read, given, known)
    except FileRefused as refused:
        return await _towns_page(request, desk, 422, problem=within(words_of(request), str(refused)))
    done = act == "import" and bool(read.communes) and not read.bad
    if done:
        async with site.database.write() as session:
            await communes.store_communes(session, desk.campaign.id, read.communes)
    return await _towns_page(request, desk, 422 if read.bad else 200, read=read, done=done, file=given[0])


def _read(given: tuple[str, bytes], known: Sequence[Territory]) -> ReadCommunes:
    """The file is read where it lies for a moment; what is said of it names it as its owner does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "communes.csv"
        path.write_bytes(given[1])
        try:
            return communes.read_communes(path, known)
        except FileRefused as refused:
            raise FileRefused(str(refused).replace(str(path), given[0])) from None


async def _towns_page(
    request: Request,
    desk: Desk,
    status: int = 200,
    *,
    problem: str = "",
    read: ReadCommunes | None = None,
    done: bool = False,
    file: str = "",
) -> Response:
    words = words_of(request)
    async with site_of(request).database.read() as session:
        known = await communes.count(session, desk.campaign.id)
    bad = read.bad if read else ()
    return page(
        request,
        "console/communes.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        known=known,
        read=read,
        lines=len({cell.line for cell in bad}),
        bad=[(cell.line, cell.column, told(words, cell.message)) for cell in bad[:NAMED]],
        all_bad=len(bad),
        done=done,
        file=file,
        problem=problem,
    )
