"""The posts of a campaign with the state of each publication, and what a human decides about them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from functools import partial

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import approval, installation, posts, settling
from campaigns.decisions import POST_STATES, STATES, answers_to, moves_of
from campaigns.forecast import window_in
from campaigns.models import LatePolicy, Post, PostState, PublicationState
from campaigns.posts import is_web_address
from campaigns.publications import MoveRefused
from campaigns.sentences import told, within
from campaigns.silence_windows import windows_of
from campaigns.words import mark
from web.console.access import Desk, campaigns_of, csrf_token, desk_of, own_form
from web.pages import Trouble, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()

SHOWN_LATE = {  # beside a post whose policy is not the usual one
    LatePolicy.ask: _("if it is late by {n} min, asks"),
    LatePolicy.drop: _("if it is late by {n} min, drops it"),
}


@router.get("/console")
async def console(request: Request) -> Response:
    organizer, places = await campaigns_of(request)
    if len(places) == 1:
        return RedirectResponse(f"/console/c/{places[0][0].slug}", 303)
    return page(
        request, "console/choose.html", organizer=organizer, places=places, csrf=csrf_token(request), campaign=None
    )


@router.get("/console/c/{slug}")
async def overview(request: Request, slug: str) -> Response:
    return RedirectResponse(_list_address((await desk_of(request, slug, territories=True)).campaign.slug), 303)


def _list_address(slug: str) -> str:
    return f"/console/c/{slug}/posts"


@router.get("/console/c/{slug}/posts")
async def post_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await desk_of(request, slug, territories=True))


async def _list_page(
    request: Request, desk: Desk, status: int = 200, *, wrong: int | None = None, problem: str = "", typed: str = ""
) -> Response:
    words = words_of(request)
    async with site_of(request).database.read() as session:
        latest = await posts.posts_of(session, desk.campaign.id, reach=desk.reach)
        undecided = {post.id: post for post in await posts.undecided(session, desk.campaign.id, reach=desk.reach)}
        found = list((undecided | {post.id: post for post in latest}).values())
        total = await posts.count_of_posts(session, desk.campaign.id, reach=desk.reach)
        out = await posts.publications_of(session, [post.id for post in found])
        windows = await windows_of(session, desk.campaign.id)
        known = await installation.channels(session, desk.campaign.id)
        standings = {
            post.id: await approval.standing(session, desk.campaign, post)
            for post in found
            if post.state in (PostState.draft, PostState.submitted)
        }
    return page(
        request,
        "console/posts.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        groups=_groups(found, undecided, site_of(request).clock()),
        shown=len(found),
        total=total,
        publications=out,
        states=STATES,
        post_states=POST_STATES,
        answers_to=answers_to,
        moves_of=lambda post: moves_of(desk.role, desk.organizer.id, post, standings.get(post.id)),
        standings=standings,
        resting=[channel for channel in known if channel.resting_reason and desk.reaches(channel.territory_id)],
        window_of=lambda publication, channel: window_in(windows, channel, publication),
        late=SHOWN_LATE,
        reason=lambda publication: told(words, publication.reason or ""),
        said=lambda sentence: told(words, sentence),
        within=within,
        may_change=lambda post: any(p.state in posts.NOT_OUT for p, _channel in out[post.id]) or not out[post.id],
        counts={
            state: sum(p.state is state for rows in out.values() for p, _channel in rows) for state in PublicationState
        },
        refused=sum(
            p.state is PublicationState.failed
            for post in found
            if post.state is not PostState.cancelled
            for p, _channel in out[post.id]
        ),
        wrong=wrong,
        problem=problem,
        typed=typed,
    )


def _groups(found: Sequence[Post], undecided: Collection[int], now: datetime) -> list[tuple[str, str, list[Post]]]:
    """The posts under three headings: what somebody must decide, then what comes next, then what is out, the latest first."""
    to_come = [p for p in found if p.id not in undecided and (p.publish_at is None or p.publish_at > now)]
    gone = [p for p in found if p.id not in undecided and p.publish_at is not None and p.publish_at <= now]
    groups = [
        (
            "decide",
            _("To decide"),
            sorted((p for p in found if p.id in undecided), key=lambda post: post.publish_at or now),
        ),
        ("to-come", _("To come"), sorted(to_come, key=lambda post: post.publish_at or now)),
        ("out", _("Past"), sorted(gone, key=lambda post: post.publish_at or now, reverse=True)),
    ]
    return [group for group in groups if group[2]]


@router.post("/console/c/{slug}/posts/{post_id:int}/cancel")
async def cancel(request: Request, slug: str, post_id: int) -> Response:
    desk = await desk_of(request, slug, write=True, territories=True)
    async with own_form(request), site_of(request).database.write() as session:
        await posts.cancel_post(
            session, desk.campaign.id, row(post_id), site_of(request).clock(), desk.organizer.id, reach=desk.reach
        )
    return RedirectResponse(f"{_list_address(slug)}#post-{post_id}", 303)


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
    return RedirectResponse(f"{_list_address(slug)}#post-{post_id}", 303)


@router.post("/console/c/{slug}/publications/try-again")
async def try_all_again(request: Request, slug: str) -> Response:
    """After what made a network refuse them was mended: all of them, in their order."""
    desk, site = await desk_of(request, slug, write=True, territories=True), site_of(request)
    async with own_form(request), site.database.write() as session:
        await settling.try_all_again(session, desk.campaign.id, site.clock(), desk.organizer.id, reach=desk.reach)
    return RedirectResponse(_list_address(slug), 303)


@router.post("/console/c/{slug}/publications/{publication_id:int}/settle")
async def settle(request: Request, slug: str, publication_id: int) -> Response:
    """What a human says of a publication: it is there, send it again, leave it."""
    desk = await desk_of(request, slug, write=True, territories=True)
    site, _ = site_of(request), words_of(request)
    async with own_form(request) as form:
        to, url = text_of(form, "to"), text_of(form, "url")
    if url and not is_web_address(url):  # it is shown as a link
        problem = _("This is not a web address: it begins with https:// and holds no space.")
        return await _list_page(request, desk, 422, wrong=publication_id, problem=problem, typed=url)
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
                reach=desk.reach,
            )
    except (MoveRefused, ValueError):
        raise Trouble(
            409, mark("This was decided already"), mark("Go back to the list to see where it stands now.")
        ) from None
    return RedirectResponse(f"{_list_address(slug)}#publication-{publication_id}", 303)
