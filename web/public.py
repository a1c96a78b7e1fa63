"""What everybody may see: the campaigns' pages, their posts, colours and pictures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from campaigns import installation, wall
from campaigns.installation import NotFound
from campaigns.models import Campaign, Post
from campaigns.posts import posts_to_share
from campaigns.share_kits import ShareKit, has_begun, share_kit
from campaigns.words import mark
from networks.share_intents import LABELS
from web import kept_pictures
from web.colours import stylesheet
from web.pages import A_YEAR, Trouble, nothing_here, page, row
from web.site import Site, site_of

_ = mark
router = APIRouter()
PAGE = ["GET", "HEAD"]
POSTS_SHOWN = 8
MEDIA_FILE = re.compile(r"[0-9a-f]{64}\.(?:jpg|png|webp|gif)")
FIRST_BUTTONS = 4  # networks beside each post; the others open on a tap


@dataclass(frozen=True, slots=True)
class Shown:
    """A post with what is needed to share it."""

    post: Post
    kit: ShareKit


async def campaign_of(site: Site, slug: str | None) -> Campaign:
    """The campaign of that slug, or the only one; Trouble where there is none."""
    async with site.database.read() as session:
        try:
            return await installation.find_campaign(session, slug)
        except NotFound:
            raise nothing_here() from None


async def _with_kits(site: Site, posts: Sequence[Post]) -> list[Shown]:
    """Each post with the campaign's own share link, which is made when the post is first shown."""

    async def kits(session: AsyncSession) -> list[Shown]:
        now = site.clock()
        return [Shown(post, await share_kit(session, post, None, site.url, now)) for post in posts]

    if site.linked.issuperset(post.id for post in posts):
        async with site.database.read() as session:
            return await kits(session)
    async with site.database.write() as session:
        shown = await kits(session)
    site.linked.update(post.id for post in posts)
    return shown


@router.api_route("/", methods=PAGE)
async def home(request: Request) -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        known = await installation.campaigns(session)
    if len(known) == 1:
        return await _campaign_page(request, known[0])
    return page(request, "campaigns.html", campaigns=known, campaign=None)


@router.api_route("/c/{slug}", methods=PAGE)
async def campaign_page(request: Request, slug: str) -> Response:
    return await _campaign_page(request, await campaign_of(site_of(request), slug))


async def _campaign_page(request: Request, campaign: Campaign) -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        posts = await posts_to_share(session, campaign.id, site.clock(), limit=POSTS_SHOWN)
        frames = await installation.frames(session, campaign.id)
        on_wall = await wall.wall_size(session, campaign.id)
    return page(
        request,
        "campaign.html",
        campaign=campaign,
        shown=await _with_kits(site, posts),
        frames=frames,
        on_wall=on_wall,
        labels=LABELS,
        first_buttons=FIRST_BUTTONS,
        bot_link=site.bot_link(campaign.slug),
        address=f"{site.url}/c/{campaign.slug}",
    )


@router.api_route("/p/{post_id:int}", methods=PAGE)
async def post_page(request: Request, post_id: int) -> Response:
    """A post's own page: where its links lead when it has no address of its own."""
    site = site_of(request)
    async with site.database.read() as session:
        post = await session.get(Post, row(post_id))
        campaign = await session.get(Campaign, post.campaign_id) if post else None
    if post is None or campaign is None or not has_begun(post, site.clock()):
        raise Trouble(404, _("This post cannot be read"), _("It was taken down, or its time has not come yet."))
    (shown,) = await _with_kits(site, [post])
    return page(
        request,
        "post.html",
        campaign=campaign,
        shown=shown,
        labels=LABELS,
        first_buttons=FIRST_BUTTONS,
        bot_link=site.bot_link(campaign.slug),
        address=f"{site.url}/p/{post.id}",
        site_url=site.url,
    )


@router.get("/c/{slug}/colours.css")
async def colours(request: Request, slug: str) -> Response:
    """A stylesheet of its own, so that no style stands inside of a page."""
    campaign = await campaign_of(site_of(request), slug)
    return Response(stylesheet(campaign), media_type="text/css", headers={"Cache-Control": "public, max-age=300"})


@router.api_route("/media/{file}", methods=PAGE)
async def media(request: Request, file: str) -> Response:
    """A post's picture. Its name is the hash of its content, so that it may be kept for ever."""
    kept = {"Cache-Control": f"public, max-age={A_YEAR}, immutable"}
    found = (
        await kept_pictures.answer(site_of(request).settings.media, file, kept) if MEDIA_FILE.fullmatch(file) else None
    )
    if found is None:
        raise nothing_here()
    return found


@router.api_route("/robots.txt", methods=PAGE)
async def robots() -> Response:
    """Share links stay open: some unfurlers ask here first."""
    return PlainTextResponse("User-agent: *\nDisallow: /o/\nDisallow: /console\n")
