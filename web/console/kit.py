"""The campaign's kits: one zip for each territory, made when it is asked for and kept until something in it changes."""

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from campaigns import kits, silence_windows, territories
from campaigns.models import Territory
from campaigns.words import mark
from web.console.access import Desk, desk_of
from web.pages import Trouble, nothing_here, page, row, words_of
from web.public import campaign_of
from web.site import site_of

_ = mark
router = APIRouter()
ZIP = "application/zip"


@router.get("/console/c/{slug}/kit")
async def kit_list(request: Request, slug: str) -> Response:
    desk, site = await desk_of(request, slug), site_of(request)
    async with site.database.read() as session:
        branches = await territories.tree(session, desk.campaign.id, counted=False)
        window = await silence_windows.window_of(session, desk.campaign.id, None, site.clock())
    return page(request, "console/kit.html", desk=desk, campaign=desk.campaign, branches=branches, window=window)


@router.get("/console/c/{slug}/kit/campaign.zip")
async def campaign_kit(request: Request, slug: str) -> Response:
    return await _kit(request, await desk_of(request, slug, write=True), None)


@router.get("/console/c/{slug}/kit/{territory_id:int}.zip")
async def kit(request: Request, slug: str, territory_id: int) -> Response:
    desk = await desk_of(request, slug, write=True)
    async with site_of(request).database.read() as session:
        here = await territories.find(session, desk.campaign.id, row(territory_id))
    if here is None:
        raise nothing_here()
    return await _kit(request, desk, here)


async def _kit(request: Request, desk: Desk, here: Territory | None) -> Response:
    site, words = site_of(request), words_of(request, desk.campaign)
    async with site.database.write() as session:
        found = await kits.gather(session, desk.campaign, here, site.settings, site.bot_username, words, site.clock())
    path = await asyncio.to_thread(kits.build, found, site.settings, str(here.id) if here else "campaign")
    headers = {"Cache-Control": "no-store"}
    return FileResponse(path, media_type=ZIP, filename=kits.file_name(found.section, desk.campaign), headers=headers)


@router.get("/c/{slug}/kit/{key}.zip")
async def handed(request: Request, slug: str, key: str) -> Response:
    """A kit by the address that the bot gave to a referent: long, and void as soon as the kit is another one."""
    campaign = await campaign_of(site_of(request), slug)
    path = await asyncio.to_thread(kits.find, site_of(request).settings, campaign.slug, key)
    if path is None:
        raise Trouble(404, _("This kit is no longer there"), _("A newer one is in the bot, under /team."))
    return FileResponse(path, media_type=ZIP, filename=kits.file_name("", campaign), headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})  # fmt: skip
