"""What waits, what went out and what somebody must decide about, one publication a row."""

from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import installation, ledger, settling
from campaigns.decisions import POST_STATES, STATES, answers_to
from campaigns.forecast import window_in
from campaigns.ledger import Settled, Shelf
from campaigns.models import PublicationState
from campaigns.posts import is_web_address
from campaigns.publications import MoveRefused
from campaigns.sentences import told, within
from campaigns.silence_windows import windows_of
from campaigns.words import mark
from web.console.access import Desk, desk_of, own_form
from web.pages import Trouble, address_with, nothing_here, number_of, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
SHOWN = 50  # publications on a page
MOST = 500  # that one decision may hold
SHELVES = {
    Shelf.decide: _("To decide"),
    Shelf.waiting: _("To come"),
    Shelf.out: _("Out"),
    Shelf.dropped: _("Dropped"),
}


def _address(slug: str) -> str:
    return f"/console/c/{slug}/queue"


@router.get("/console/c/{slug}/queue")
async def queue(request: Request, slug: str) -> Response:
    return await _page(request, await desk_of(request, slug))


async def _page(
    request: Request, desk: Desk, status: int = 200, *, wrong: int | None = None, problem: str = "", typed: str = ""
) -> Response:
    words, now = words_of(request), site_of(request).clock()
    wish, at = request.query_params.get("show", ""), number_of(request, "page") or 1
    channel_id = number_of(request, "channel")
    async with site_of(request).database.read() as session:
        on_shelf = await ledger.counts(session, desk.campaign.id)
        refused = await ledger.refused(session, desk.campaign.id)
        # Whoever opens the page sees first what waits for them.
        first = Shelf.decide if on_shelf[Shelf.decide] else Shelf.waiting
        shelf = Shelf(wish) if wish in Shelf.__members__ else first
        found = await ledger.entries(
            session, desk.campaign.id, shelf, channel_id=channel_id, limit=SHOWN + 1, offset=(at - 1) * SHOWN
        )
        windows = await windows_of(session, desk.campaign.id)
        channels = await installation.channels(session, desk.campaign.id)
    return page(
        request,
        "console/queue.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        shelf=shelf,
        shelves=[(each, _label, on_shelf[each], address_with(request, show=each, page=None, done=None, decided=None)) for each, _label in SHELVES.items()],
        entries=found[:SHOWN],
        late={entry.publication.id: _late(entry.late_by(now)) for entry in found},
        refused=refused,
        channels=channels,
        channel_id=channel_id,
        before=address_with(request, page=at - 1, done=None, decided=None) if at > 1 else "",
        after=address_with(request, page=at + 1, done=None, decided=None) if len(found) > SHOWN else "",
        states=STATES,
        post_states=POST_STATES,
        answers_to=answers_to,
        window_of=lambda entry: window_in(windows, entry.channel, entry.publication),
        reason=lambda publication: told(words, publication.reason or ""),
        said=lambda sentence: told(words, sentence),
        within=within,
        settled=_settled(request),
        wrong=wrong,
        problem=problem,
        typed=typed,
    )  # fmt: skip


def _late(by: Any) -> int | None:
    """Minutes."""
    return None if by is None else int(by.total_seconds() // 60)


def _settled(request: Request) -> Settled | None:
    done, decided = number_of(request, "done"), number_of(request, "decided")
    return None if done is None else Settled(done, decided or 0)


@router.post("/console/c/{slug}/queue/settle")
async def settle_many(request: Request, slug: str) -> Response:
    """One decision on all that was ticked."""
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request) as form:
        ids, to, shelf = _ticked(form), _state(text_of(form, "to")), text_of(form, "show")
    async with site.database.write() as session:
        settled = await ledger.settle_many(session, desk.campaign.id, ids, to, site.clock(), desk.organizer.id)
    back = f"{_address(slug)}?done={settled.done}&decided={settled.decided_already}"
    return RedirectResponse(f"{back}&show={shelf}" if shelf in Shelf.__members__ else back, 303)


def _ticked(form: FormData) -> list[int]:
    chosen = [value for value in form.getlist("publication") if isinstance(value, str)]
    return [int(value) for value in chosen[:MOST] if value.isascii() and value.isdigit() and len(value) < 10]


def _state(text: str) -> PublicationState:
    if text not in (PublicationState.published, PublicationState.queued, PublicationState.cancelled):
        raise nothing_here()
    return PublicationState(text)


@router.post("/console/c/{slug}/publications/try-again")
async def try_all_again(request: Request, slug: str) -> Response:
    """After what made a network refuse them was mended: all of them, in their order."""
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request), site.database.write() as session:
        await settling.try_all_again(session, desk.campaign.id, site.clock(), desk.organizer.id)
    return RedirectResponse(_address(slug), 303)


@router.post("/console/c/{slug}/publications/{publication_id:int}/settle")
async def settle(request: Request, slug: str, publication_id: int) -> Response:
    """What a human says of a publication: it is there, send it again, leave it."""
    desk = await desk_of(request, slug, write=True)
    site, _ = site_of(request), words_of(request)
    async with own_form(request) as form:
        to, url = text_of(form, "to"), text_of(form, "url")
    if url and not is_web_address(url):  # it is shown as a link
        problem = _("This is not a web address: it begins with https:// and holds no space.")
        return await _page(request, desk, 422, wrong=publication_id, problem=problem, typed=url)
    try:
        state = PublicationState(to)
        async with site.database.write() as session:
            await settling.settle(
                session,
                desk.campaign.id,
                row(publication_id),
                state,
                url=url or None,
                now=site.clock(),
                organizer_id=desk.organizer.id,
            )
    except (MoveRefused, ValueError):
        raise Trouble(
            409, mark("This was decided already"), mark("Go back to the list to see where it stands now.")
        ) from None
    return RedirectResponse(f"{_address(slug)}?done=1", 303)
