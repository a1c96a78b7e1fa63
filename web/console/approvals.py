"""The posts that wait for a yes, each beside what was approved before."""

from fastapi import APIRouter
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import Response

from campaigns import approval, changes, posts
from campaigns.approval import Standing
from campaigns.decisions import moves_of
from campaigns.models import Organizer, Post, PostState
from campaigns.post_lists import Wanted, page_of_posts
from campaigns.words import Words, mark
from networks.share_intents import LABELS
from web.console.access import Desk, desk_of
from web.pages import address_with, number_of, page, words_of
from web.site import site_of

_ = mark
router = APIRouter()
SHOWN = 20  # posts on a page


@router.get("/console/c/{slug}/approvals")
async def approvals(request: Request, slug: str) -> Response:
    desk, now, at = await desk_of(request, slug), site_of(request).clock(), number_of(request, "page") or 1
    words = words_of(request)
    async with site_of(request).database.read() as session:
        waiting = Wanted(state=PostState.submitted)
        found, total = await page_of_posts(
            session, desk.campaign.id, waiting, now, limit=SHOWN, offset=(at - 1) * SHOWN
        )
        standings = {post.id: await approval.standing(session, desk.campaign, post) for post in found}
        compared = await changes.since_approval(session, found)
        out = await posts.publications_of(session, [post.id for post in found])
        named = {post.author_id for post in found}.union(*(standing.given for standing in standings.values()))
        team = await session.scalars(select(Organizer).where(col(Organizer.id).in_(named)))
    ordered = sorted(found, key=lambda post: (not _is_mine(desk, post, standings[post.id]), post.publish_at or now))
    return page(
        request,
        "console/approvals.html",
        desk=desk,
        campaign=desk.campaign,
        found=ordered,
        total=total,
        standings=standings,
        compared=compared,
        publications=out,
        names={each.id: each.name for each in team},
        is_mine=lambda post: _is_mine(desk, post, standings[post.id]),
        moves_of=lambda post: moves_of(desk.role, desk.organizer.id, post, standings[post.id]),
        part=lambda name: part(words, name),
        before=address_with(request, page=at - 1) if at > 1 else "",
        after=address_with(request, page=at + 1) if at * SHOWN < total else "",
    )


def _is_mine(desk: Desk, post: Post, standing: Standing) -> bool:
    """Whether it waits for this organizer's yes."""
    me = desk.organizer.id
    return desk.may_approve and post.author_id != me and me not in standing.given


def part(words: Words, name: str) -> str:
    """A part of a post, as campaigns.changes names it, in an organizer's words."""
    kind, _dot, which = name.partition(".")
    return {
        "title": words("Title"),
        "text": words("Text for {network}", network=LABELS.get(which, which)) if which else words("Text"),
        "link": words("Link"),
        "moment": words("When"),
        "wording": words("Other wording {n}", n=which),
        "channels": words("Channels"),
        "picture": words("Picture {n}", n=which),
    }.get(kind, name)
