"""Ideas that supporters sent by the bot, for those of the team who may write: one answer each, which the bot takes back."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import suggestions
from campaigns.sentences import within
from campaigns.suggestions import SuggestionRefused
from web.console.access import Desk, desk_of, own_form
from web.pages import nothing_here, page, row, words_of
from web.site import site_of
from web.uploads import text_of

router = APIRouter()
SHOWN = 100  # ideas; those that wait for an answer first


@router.get("/console/c/{slug}/ideas")
async def idea_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await desk_of(request, slug, write=True))


async def _list_page(
    request: Request, desk: Desk, status: int = 200, *, wrong: int = 0, problem: str = "", typed: str = ""
) -> Response:
    async with site_of(request).database.read() as session:
        found = await suggestions.suggestions_of(session, desk.campaign.id, SHOWN)
        total = await suggestions.count_of_suggestions(session, desk.campaign.id)
    return page(
        request,
        "console/ideas.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        ideas=found,
        total=total,
        wrong=wrong,
        problem=problem,
        typed=typed,
        longest=suggestions.LONGEST_ANSWER,
        within=within,
    )


@router.post("/console/c/{slug}/ideas/{suggestion_id:int}/answer")
async def answer(request: Request, slug: str, suggestion_id: int) -> Response:
    """The answer that goes to the person by the bot; there is one."""
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request) as form:
        typed = text_of(form, "answer")
    try:
        async with site.database.write() as session:
            known = await suggestions.answer(
                session, desk.campaign.id, row(suggestion_id), typed, desk.organizer.id, site.clock()
            )
    except SuggestionRefused as refused:
        said = words_of(request)(refused.msgid, **refused.values)
        return await _list_page(request, desk, 422, wrong=suggestion_id, problem=said, typed=typed)
    if not known:
        raise nothing_here()
    return RedirectResponse(f"/console/c/{slug}/ideas#idea-{suggestion_id}", 303)
