"""Who did what in a campaign, and when: all of it, a page at a time."""

from urllib.parse import urlencode

from fastapi import APIRouter
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import Response

from campaigns.models import Audit, Organizer, Post
from campaigns.words import mark
from web.console.campaign_setup import admin_desk
from web.pages import LARGEST_ROW, page
from web.site import site_of

_ = mark
router = APIRouter()
A_PAGE = 50
ACTS = {  # what stands in the table -> what is read
    "draft": _("wrote a draft"),
    "submitted": _("submitted a post"),
    "approved": _("approved a post"),
    "scheduled": _("scheduled a post"),
    "sent back": _("sent a post back"),
    "edited": _("changed a post"),
    "cancelled": _("took a post back"),
    "settled": _("decided on a publication"),
    "organizer invited": _("invited an organizer"),
    "invitation taken back": _("took an invitation back"),
    "organizer joined": _("joined the team"),
    "organizer removed": _("took a role away"),
    "role changed": _("changed a role"),
    "password changed": _("changed their password"),
    "second factor set up": _("set up codes"),
    "second factor turned off": _("turned codes off"),
    "second factor reset": _("reset somebody's codes"),
    "recovery codes renewed": _("renewed recovery codes"),
    "campaign set up": _("changed the campaign"),
    "restored": _("restored a backup"),
    "polling day added": _("added a polling day"),
    "polling day removed": _("took a polling day back"),
    "channel connected": _("connected a channel"),
    "channel mended": _("mended a channel"),
    "channel set": _("set a channel's slots and caps"),
    "frame added": _("added a frame"),
    "frame put in use": _("put a frame in use"),
    "frame taken out of use": _("took a frame out of use"),
    "frame put first": _("put a frame first"),
    "frame thrown away": _("threw a frame away"),
    "badges asked for": _("asked for badges by the dozen"),
    "referent appointed": _("appointed a referent"),
    "referent accepted": _("a referent accepted"),
    "referent dismissed": _("dismissed a referent"),
}


@router.get("/console/c/{slug}/setup/audit")
async def audit_trail(request: Request, slug: str) -> Response:
    desk = await admin_desk(request, slug)
    kind, before = request.query_params.get("kind", ""), _number(request.query_params.get("before", ""))
    about = aliased(Organizer)
    query = (
        select(Audit, Organizer.name, about.name, Post.title)
        .outerjoin(Organizer, col(Organizer.id) == col(Audit.organizer_id))
        .outerjoin(about, col(about.id) == col(Audit.about_id))
        .outerjoin(Post, col(Post.id) == col(Audit.post_id))
        .where(col(Audit.campaign_id) == desk.campaign.id)
    )
    if kind in ACTS:
        query = query.where(col(Audit.action) == kind)
    if before:
        query = query.where(col(Audit.id) < before)
    async with site_of(request).database.read() as session:
        found = (await session.execute(query.order_by(col(Audit.id).desc()).limit(A_PAGE + 1))).all()
    rows = found[:A_PAGE]
    older = f"?{urlencode({'kind': kind, 'before': rows[-1][0].id})}" if len(found) > A_PAGE else ""
    newest = f"?{urlencode({'kind': kind})}" if before else ""
    return page(
        request,
        "console/audit.html",
        desk=desk,
        campaign=desk.campaign,
        rows=rows,
        kinds=ACTS,
        kind=kind,
        older=older,
        newest=newest,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 and int(text) <= LARGEST_ROW else 0
