"""Segments: parts of the campaign's people under a name, with how many they are now."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from campaigns import installation, interests, saved_segments
from campaigns.figures import SMALLEST
from campaigns.saved_segments import SegmentRefused
from campaigns.segments import Segment
from campaigns.words import LANGUAGES, Words, mark
from web.console.access import Desk, desk_of, own_form
from web.console.people import number_in
from web.pages import nothing_here, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
FIELDS = ("name", "territory", "language", "interest")


def told(words: Words, people: int) -> str:
    """How many people; one to four are not told exactly, as a theme in a small section would tell of each."""
    if 0 < people < SMALLEST:
        return words("Fewer than {n} people", n=SMALLEST)
    return words.many("{n} person", "{n} people", people) if people < 1000 else words("{n} people", n=words.number(people))  # fmt: skip


def segment_in(desk: Desk, said: Callable[[str], str]) -> Segment:
    """What a form or a query says; what it says wrongly is no territory, language or theme."""

    def number(name: str) -> int | None:
        return (number_in(said(name)) or 0) if said(name) else None

    return Segment(desk.campaign.id, number("territory"), said("language") or None, number("interest"))


@router.get("/console/c/{slug}/segments")
async def segment_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await desk_of(request, slug, write=True))


async def _list_page(
    request: Request, desk: Desk, status: int = 200, *, problem: str = "", typed: dict[str, str] | None = None
) -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        kept = await saved_segments.segments_of(session, desk.campaign.id)
        wanted = [Segment(desk.campaign.id), *map(saved_segments.segment_of, kept)]
        everybody, *people = await site.counted.of(
            tuple(wanted), site.clock(), lambda: saved_segments.counts(session, desk.campaign.id, wanted)
        )
        places = await installation.territories(session, desk.campaign.id)
        themes = await interests.interests_of(session, desk.campaign.id)
    words = words_of(request)
    return page(
        request,
        "console/segments.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        found=[(saved, told(words, many)) for saved, many in zip(kept, people, strict=True)],
        everybody=told(words, everybody),
        territories=places,
        themes=themes,
        spoken=LANGUAGES,
        places={each.id: each.name for each in places},
        theme_names={each.id: each.name for each in themes},
        problem=problem,
        typed=typed or dict.fromkeys(FIELDS, ""),
        longest=saved_segments.LONGEST,
    )


@router.get("/console/c/{slug}/segments/count")
async def count(request: Request, slug: str) -> Response:
    """How many people the fields of a form would reach, in words."""
    desk = await desk_of(request, slug, write=True)
    segment = segment_in(desk, lambda name: request.query_params.get(name, ""))
    site = site_of(request)
    async with site.database.read() as session:
        people = await site.counted.of(
            segment, site.clock(), lambda: saved_segments.counts(session, desk.campaign.id, [segment])
        )
    return JSONResponse({"told": told(words_of(request), people[0])})


@router.post("/console/c/{slug}/segments")
async def save(request: Request, slug: str) -> Response:
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request) as form:
        typed = {name: text_of(form, name) for name in FIELDS}
    try:
        async with site.database.write() as session:
            await saved_segments.save(session, typed["name"], segment_in(desk, typed.__getitem__))
    except SegmentRefused as refused:
        said = words_of(request)(refused.msgid, **refused.values)
        return await _list_page(request, desk, 422, problem=said, typed=typed)
    return RedirectResponse(f"/console/c/{slug}/segments", 303)


@router.post("/console/c/{slug}/segments/{segment_id:int}/remove")
async def remove(request: Request, slug: str, segment_id: int) -> Response:
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request), site.database.write() as session:
        saved = await saved_segments.find_segment(session, desk.campaign.id, row(segment_id))
        if saved is None:
            raise nothing_here()
        await saved_segments.remove(session, saved)
    return RedirectResponse(f"/console/c/{slug}/segments", 303)
