"""The posts of a campaign with the state of each publication; what is submitted, approved, sent back, taken back."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import approval, installation, ledger, posts
from campaigns.decisions import POST_STATES, STATES, moves_of
from campaigns.forecast import window_in
from campaigns.ledger import Shelf
from campaigns.models import Channel, LatePolicy, Post, PostState
from campaigns.post_lists import Wanted, When, authors, page_of_posts
from campaigns.sentences import told, within
from campaigns.silence_windows import windows_of
from campaigns.words import mark
from web.console.access import Desk, campaigns_of, csrf_token, desk_of, own_form
from web.pages import Trouble, address_with, number_of, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()

SHOWN = 50  # posts on a page
LONGEST = 200  # letters of what is looked for
WHEN = {When.all: _("All"), When.coming: _("To come"), When.past: _("Past"), When.drafts: _("Drafts")}
SHOWN_LATE = {  # beside a post whose policy is not the usual one
    LatePolicy.ask: _("if it is late by {n} min, asks"),
    LatePolicy.drop: _("if it is late by {n} min, drops it"),
}


@router.get("/console")
async def console(request: Request) -> Response:
    organizer, places = await campaigns_of(request)
    if len(places) == 1:
        return RedirectResponse(f"/console/c/{places[0][0].slug}", 303)
    if not places:
        async with site_of(request).database.read() as session:
            if not await installation.campaigns(session):
                return RedirectResponse("/console/start/campaign", 303)
    return page(
        request, "console/choose.html", organizer=organizer, places=places, csrf=csrf_token(request), campaign=None
    )


def list_address(slug: str) -> str:
    return f"/console/c/{slug}/posts"


@router.get("/console/c/{slug}/posts")
async def post_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await desk_of(request, slug, territories=True))


async def _list_page(request: Request, desk: Desk) -> Response:
    words, wanted, at, now = (
        words_of(request),
        _wanted(request),
        number_of(request, "page") or 1,
        site_of(request).clock(),
    )
    async with site_of(request).database.read() as session:
        found, total = await page_of_posts(
            session, desk.campaign.id, wanted, now, limit=SHOWN, offset=(at - 1) * SHOWN, reach=desk.reach
        )
        out = await posts.publications_of(session, [post.id for post in found])
        windows = await windows_of(session, desk.campaign.id)
        known = [c for c in await installation.channels(session, desk.campaign.id) if desk.reaches(c.territory_id)]
        choices = await choices_of(session, desk, known)
        on_shelf = await ledger.counts(session, desk.campaign.id)
        standings = {
            post.id: await approval.standing(session, desk.campaign, post)
            for post in found
            if post.state in (PostState.draft, PostState.submitted)
        }
    return page(
        request,
        "console/posts.html",
        desk=desk,
        campaign=desk.campaign,
        found=found,
        total=total,
        wanted=wanted,
        views=[(each, label, address_with(request, when=each, page=None)) for each, label in WHEN.items()],
        choices=choices,
        before=address_with(request, page=at - 1) if at > 1 else "",
        after=address_with(request, page=at + 1) if at * SHOWN < total else "",
        publications=out,
        states=STATES,
        post_states=POST_STATES,
        to_decide=on_shelf[Shelf.decide] if desk.reach is None else 0,  # the queue is the whole campaign's
        undecided=ledger.STATES[Shelf.decide],
        moves_of=lambda post: moves_of(desk.role, desk.organizer.id, post, standings.get(post.id)),
        standings=standings,
        resting=[channel for channel in known if channel.resting_reason],
        window_of=lambda publication, channel: window_in(windows, channel, publication),
        late=SHOWN_LATE,
        reason=lambda publication: told(words, publication.reason or ""),
        said=lambda sentence: told(words, sentence),
        within=within,
        may_change=lambda post: any(p.state in posts.NOT_OUT for p, _channel in out[post.id]) or not out[post.id],
    )


async def choices_of(session: AsyncSession, desk: Desk, channels: Sequence[Channel]) -> dict[str, Any]:
    """What a list of posts can be narrowed down by."""
    return {
        "channels": channels,
        "territories": [p for p in await installation.territories(session, desk.campaign.id) if desk.reaches(p.id)],
        "authors": await authors(session, desk.campaign.id),
    }


def _wanted(request: Request) -> Wanted:
    """What the address asks for; what cannot be read narrows nothing down."""
    when = request.query_params.get("when", "")
    text = request.query_params.get("text", "").strip()[:LONGEST]
    return Wanted(
        When(when) if when in When.__members__ else When.all,
        post_state(request),
        number_of(request, "channel"),
        number_of(request, "territory"),
        number_of(request, "author"),
        text,
    )


def post_state(request: Request) -> PostState | None:
    state = request.query_params.get("state", "")
    return PostState(state) if state in PostState.__members__ else None


@router.post("/console/c/{slug}/posts/{post_id:int}/cancel")
async def cancel(request: Request, slug: str, post_id: int) -> Response:
    desk = await desk_of(request, slug, write=True, territories=True)
    async with own_form(request), site_of(request).database.write() as session:
        await posts.cancel_post(
            session, desk.campaign.id, row(post_id), site_of(request).clock(), desk.organizer.id, reach=desk.reach
        )
    return RedirectResponse(f"{list_address(slug)}#post-{post_id}", 303)


@router.post("/console/c/{slug}/posts/{post_id:int}/{move}")
async def move(request: Request, slug: str, post_id: int, move: str) -> Response:
    """Submit, approve or send back a post."""
    desk, site = await desk_of(request, slug, write=True, territories=True), site_of(request)
    acts: dict[str, Callable[[AsyncSession, Post, int, datetime], Awaitable[None]]] = {
        "submit": approval.submit,
        "approve": approval.approve,
    }
    async with own_form(request) as form:
        acts["send-back"] = partial(approval.send_back, why=text_of(form, "why"))
        if move not in acts:
            raise Trouble(404, _("There is nothing here"), _("Go back to the list to see where it stands now."))
        try:
            async with site.database.write() as session:
                post = await posts.find_post(session, desk.campaign.id, row(post_id), desk.reach)
                if post is not None:
                    await acts[move](session, post, desk.organizer.id, site.clock())
        except approval.ApprovalRefused as refused:
            said = words_of(request)(refused.msgid, **refused.values)
            raise Trouble(409, _("This cannot be done here"), said) from None
    return RedirectResponse(f"{list_address(slug)}#post-{post_id}", 303)
