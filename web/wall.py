"""The support wall: who wants to be seen there says so for themselves, under a badge that was made here.

A secret address is given with each badge. It shows the badge, and takes it down at a tap: not at a mere visit, since
messengers and scanners follow links. Search engines are kept away, for they would remember what was taken down.
"""

import asyncio
import binascii
import hashlib
from base64 import b64decode
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from sqlmodel import col, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from campaigns import installation, turns, wall
from campaigns.models import Campaign, Territory, WallBadge
from campaigns.vault import vault_of
from campaigns.words import mark
from web import mini_app
from web.badge_maker import NOT_KEPT, told, told_trouble
from web.badge_wishes import Mistake, refuse_in_silence, section_of
from web.pages import Trouble, nothing_here, page, row, words_of
from web.public import PAGE, campaign_of
from web.receipts import VALID, Receipt
from web.site import site_of
from web.uploads import file_of, form_of, text_of

_ = mark
router = APIRouter()
SHOWN = 48  # badges a page; about 600 kB of pictures, which come as they are scrolled to
MOST, WITHIN = 40, timedelta(hours=1)  # badges of one address; a meeting shares one
FORM = 400_000  # bytes; the picture is a JPEG of 400 x 400 pixels
HIDDEN = {"X-Robots-Tag": "noindex"}
SECRET = NOT_KEPT | HIDDEN


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of a wall: each badge with its section's name, and which page of how many it is."""

    badges: list[tuple[WallBadge, str]]
    size: int
    at: int
    last: int
    base: str


async def shown_on(request: Request, campaign: Campaign) -> Shown:
    """The page of the wall that `?page=` numbers; Trouble where there is none."""
    number = request.query_params.get("page", "1")
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:7]) == int(number[:30])):
        raise nothing_here()
    at = int(number)
    async with site_of(request).database.read() as session:
        size = await wall.wall_size(session, campaign.id)
        badges = await wall.wall(session, campaign.id, limit=SHOWN, offset=(at - 1) * SHOWN)
        names = {each.id: each.name for each in await installation.territories(session, campaign.id)}
    if not badges and at > 1:
        raise nothing_here()
    named = [(badge, names.get(badge.territory_id or 0, "")) for badge in badges]
    return Shown(named, size, at, max(1, -(-size // SHOWN)), request.url.path)


@router.api_route("/wall", methods=PAGE)
async def only_wall(request: Request) -> Response:
    return await _wall(request, await campaign_of(site_of(request), None))


@router.api_route("/c/{slug}/wall", methods=PAGE)
async def campaign_wall(request: Request, slug: str) -> Response:
    return await _wall(request, await campaign_of(site_of(request), slug))


async def _wall(request: Request, campaign: Campaign) -> Response:
    shown = await shown_on(request, campaign)
    return page(request, "wall.html", headers=HIDDEN | {"Cache-Control": "no-cache"}, campaign=campaign, shown=shown)


@router.api_route("/c/{slug}/wall/{number:int}.jpg", methods=PAGE)
async def picture(request: Request, slug: str, number: int) -> Response:
    """A badge as it stands there. Every browser asks again each time, so that what is taken down is gone."""
    site = site_of(request)
    campaign = await campaign_of(site, slug)
    async with site.database.read() as session:
        badge = await session.get(WallBadge, row(number))
    if badge is None or badge.campaign_id != campaign.id:
        raise nothing_here()
    tag = f'"{hashlib.sha256(badge.picture).hexdigest()[:20]}"'
    headers = HIDDEN | {"Cache-Control": "private, no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(badge.picture, media_type="image/jpeg", headers=headers)


@router.post("/c/{slug}/wall")
async def put_up(request: Request, slug: str) -> Response:
    """Put a badge up; the answer is the secret address, as a redirection or, for a script, as JSON."""
    site = site_of(request)
    campaign = await campaign_of(site, slug)
    for_script = "application/json" in request.headers.get("accept", "")
    try:
        async with form_of(request, FORM) as form:
            token = await _put_up(request, campaign, form)
    except Mistake as mistake:
        if for_script:
            return told(mistake)
        raise Trouble(mistake.status, _("This badge is not on the wall"), mistake.sentence) from None
    except Trouble as trouble:
        if for_script:
            return told_trouble(request, trouble)
        raise
    address = f"/wall/{token}"
    if for_script:
        return JSONResponse({"address": site.url + address}, 201, SECRET)
    return RedirectResponse(f"{address}?new=1", 303, SECRET)


async def _put_up(request: Request, campaign: Campaign, form: FormData) -> str:
    words, site, now = words_of(request), site_of(request), site_of(request).clock()
    first_name = " ".join(text_of(form, "first_name").split())
    async with site.database.read() as session:
        section = await section_of(session, campaign.id, text_of(form, "section"))
    if not text_of(form, "consent"):
        raise Mistake("consent", words("Tick the box: without your yes, nothing goes up on the wall."))
    if not 0 < len(first_name) <= wall.LONGEST_NAME:
        raise Mistake("first_name", words("Write a first name of at most {limit} letters.", limit=wall.LONGEST_NAME))
    await refuse_in_silence(request, campaign, section)
    made = await _picture_in(form)
    receipt = Receipt.read(site.signer, text_of(form, "receipt"), campaign.id, now)
    if receipt is None or not receipt.is_of(made):
        raise Mistake("consent", words("Only a badge that was just made here goes up. Make yours once more."))
    if not await _may_put_up(request, receipt):
        raise Mistake("consent", words("This badge is up already, or many came from here. Try again in an hour."), 429)
    small = await asyncio.to_thread(wall.small, made)
    async with site.database.write() as session:
        badge = await wall.put_up(
            session,
            campaign,
            first_name=first_name,
            picture=small,
            territory_id=section.id if section else None,
            supporter=await mini_app.supporter_of(session, site, text_of(form, "init_data")),
            language=words.language,
            now=now,
        )
        return badge.token


async def _may_put_up(request: Request, receipt: Receipt) -> bool:
    """A badge goes up once, and an address puts up so many; it is kept as a fingerprint, which nobody can read."""
    site, client = site_of(request), request.client.host if request.client else ""
    async with site.database.write(together=True) as session:
        address = f"wall:client:{vault_of(session).fingerprint(client, 'client')}"
        return await turns.may(session, address, site.clock(), WITHIN, MOST) and await turns.may(
            session, f"wall:badge:{receipt.badge}", site.clock(), VALID, 1
        )


async def _picture_in(form: FormData) -> bytes:
    """The square picture: a file where a script sends it, letters where it stood hidden in a page."""
    file = await file_of(form, "picture")
    if file is not None:
        return file[1]
    try:
        return b64decode(text_of(form, "picture"), validate=True)
    except (binascii.Error, ValueError):
        return b""


@router.api_route("/wall/{token}", methods=PAGE)
async def own_badge(request: Request, token: str) -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        badge = await session.scalar(select(WallBadge).where(col(WallBadge.token) == token))
        campaign = await session.get_one(Campaign, badge.campaign_id) if badge else None
        section = await session.get(Territory, badge.territory_id) if badge and badge.territory_id else None
    if badge is None or campaign is None:
        raise Trouble(404, _("This badge is not on the wall"), _("It was taken down, or the address was cut short."))
    return page(
        request,
        "wall_mine.html",
        headers=SECRET,
        campaign=campaign,
        badge=badge,
        section=section,
        new="new" in request.query_params,
        address=f"{site.url}/wall/{badge.token}",
    )


@router.post("/wall/{token}")
async def take_down(request: Request, token: str) -> Response:
    site = site_of(request)
    async with site.database.write() as session:
        badge = await session.scalar(select(WallBadge).where(col(WallBadge.token) == token))
        campaign = await session.get_one(Campaign, badge.campaign_id) if badge else None
        await wall.take_down(session, token, site.clock())
    return page(request, "wall_gone.html", headers=SECRET, campaign=campaign)
