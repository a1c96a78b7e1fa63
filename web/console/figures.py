"""What supporters did, by person and by post. Opened, said and proved are three figures that are never mixed."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from campaigns import engagement, posts
from campaigns.models import Kind
from campaigns.words import mark
from web.console.access import desk_of
from web.pages import page
from web.site import site_of

_ = mark
router = APIRouter()
SHOWN = 200  # rows of a table
TOTALS = (  # kind, its name, what it means
    (Kind.received, _("Received"), _("share kits that reached a supporter")),
    (Kind.opened, _("Opened"), _("share windows that were opened from a card")),
    (Kind.said_shared, _("Said shared"), _("times that somebody said so; nobody can check it")),
    (Kind.visit, _("Visits"), _("people who came through a supporter's link")),
    (Kind.badge_made, _("Badges"), _("badges that were made")),
    (Kind.badge_downloaded, _("Badges saved"), _("badges that were saved, as far as we are told")),
    (Kind.recruited, _("Recruited"), _("people who joined by an invitation")),
    (
        Kind.mission_done,
        _("Missions done"),
        _("reports of a mission by somebody who is counted; nobody can check them"),
    ),
)
OF_POSTS = (Kind.received, Kind.opened, Kind.said_shared, Kind.visit)
OF_PEOPLE = (*OF_POSTS, Kind.badge_made, Kind.recruited, Kind.mission_done)


@router.get("/console/c/{slug}/figures")
async def figures(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug)
    async with site_of(request).database.read() as session:
        totals = await engagement.counts_of_campaign(session, desk.campaign.id)
        people = await engagement.counts_of_supporters(session, desk.campaign.id, SHOWN)
        joined = await engagement.count_of_supporters(session, desk.campaign.id)
        shared, all_shared = await posts.shared_posts(session, desk.campaign.id, limit=SHOWN)
        of_posts = await engagement.counts_of_posts(session, [post.id for post in shared])
    return page(
        request,
        "console/figures.html",
        desk=desk,
        campaign=desk.campaign,
        totals=[(name, meaning, totals[kind]) for kind, name, meaning in TOTALS],
        names={kind: name for kind, name, _meaning in TOTALS},
        people=people,
        joined=joined,
        all_shared=all_shared,
        posts=[(post, of_posts[post.id]) for post in shared],
        of_posts=OF_POSTS,
        of_people=OF_PEOPLE,
    )
