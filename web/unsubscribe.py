"""Where somebody leaves a list of e-mail relays.

A GET only shows a button: scanners of mail programs follow every link. A POST is the person's own tap, or their mail
program's one click (RFC 8058), which brings neither cookie nor token of ours.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from campaigns import addresses
from campaigns.models import Campaign, MailAddress
from campaigns.words import mark
from web.pages import Trouble, page
from web.public import PAGE
from web.site import site_of

_ = mark
router = APIRouter()
NOT_KEPT = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@router.api_route("/unsubscribe/{token}", methods=PAGE)
async def ask(request: Request, token: str) -> Response:
    async with site_of(request).database.read() as session:
        row = await addresses.find_address(session, token)
        campaign = await session.get_one(Campaign, row.campaign_id) if row else None
    return _page(request, row, campaign)


@router.post("/unsubscribe/{token}")
async def leave(request: Request, token: str) -> Response:
    site = site_of(request)
    async with site.database.write() as session:
        row = await addresses.unsubscribe(session, token, site.clock())
        campaign = await session.get_one(Campaign, row.campaign_id) if row else None
    return _page(request, row, campaign)


def _page(request: Request, row: MailAddress | None, campaign: Campaign | None) -> Response:
    if row is None or campaign is None:
        raise Trouble(
            404,
            _("This link to unsubscribe leads nowhere"),
            _("It may have been cut short on its way. Use the one at the end of the last message."),
        )
    return page(request, "unsubscribe.html", headers=NOT_KEPT, campaign=campaign, address=row)
