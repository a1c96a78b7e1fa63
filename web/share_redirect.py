"""Where shared links come back, and where a card's buttons go out. Counts people, and nothing else.

An unfurler gets a page of Open Graph tags; everybody else is led on to the address that was fixed with the link.
"""

import logging
from functools import lru_cache
from time import perf_counter
from typing import Any, cast

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from campaigns import own_words, share_kits, share_links
from campaigns.models import Campaign, Post, ShareLink
from campaigns.posts import pictures_of
from campaigns.share_links import Followed, Visit
from campaigns.stores import STORE_AWAY, said_by
from campaigns.words import mark
from networks.share_intents import IGNORES_TEXT, LABELS, SHARE_INTENTS, fitting
from web import served
from web.headers import AMONG_SITES
from web.pages import Trouble, page
from web.site import Site, site_of

_ = mark
log = logging.getLogger(__name__)
router = APIRouter()
TEMPLATE = "/s/{token}"
NOT_KEPT = {"Cache-Control": "no-store"}  # a browser that kept the answer would hide the next visit
ONWARD = NOT_KEPT | {"Referrer-Policy": AMONG_SITES}  # all that a browser reads of an answer without a page


def visit_of(request: Request, site: Site) -> Visit:
    return _visit_of(request.scope, site)


def _visit_of(scope: Scope, site: Site) -> Visit:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Visit(scope["method"], headers, scope["client"][0] if scope["client"] else "", site.clock())


class ShareLinksFirst(FastAPI):
    """The app, with `/s/{token}` in front of all that an app does for its other pages, since most requests come here.

    A person's visit is answered at once; what is left (an unfurler, a HEAD, a token that leads nowhere, a store that is away)
    goes the way of all pages, to `follow`.
    """

    def __init__(self, *, trusted_proxies: str, **options: Any) -> None:
        super().__init__(**options)
        # The visitor's address is what a proxy in front says, where it is one of ours.
        self._of_visitors = ProxyHeadersMiddleware(self._answer, trusted_hosts=trusted_proxies)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._of_visitors(scope, receive, send)  # type: ignore[arg-type]

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith("/s/"):
            site: Site = self.state.site
            began = perf_counter()
            visit = _visit_of(scope, site)
            if visit.is_human and (leads_to := await _followed(site, scope["path"][3:], visit)):
                answer = _onward(leads_to)
                await answer(scope, receive, send)
                site.counts.redirects["person"] += 1
                served.note(site.counts, "GET", TEMPLATE, 302, perf_counter() - began)
                return
        await super().__call__(scope, receive, send)


@lru_cache(256)
def _onward(leads_to: str) -> RedirectResponse:
    """Thousands are led on to the same few addresses."""
    return RedirectResponse(leads_to, 302, ONWARD)


async def _followed(site: Site, token: str, visit: Visit) -> str | None:
    """Where a link leads a person. On disk before the answer: a visit that was led on is a visit that counts.

    None also where the store is away: `follow` finds it away too, and says so, or leads on who cannot be counted.
    """
    try:
        visitor = share_links.visitor_hash(await site.salt.at(visit.at), visit)
        [leads_to] = await site.visits.write([Followed(token, visitor, visit.at)])
    except STORE_AWAY as error:
        log.error("a visit of a share link could not be counted (%s)", said_by(error))
        return None
    return cast(str | None, leads_to)


@router.api_route("/s/{token}", methods=["GET", "HEAD"])
async def follow(request: Request, token: str) -> Response:
    """What `ShareLinksFirst` left: nobody who counts, or somebody who could not be counted a moment ago."""
    site = site_of(request)
    visit = visit_of(request, site)
    async with site.database.read() as session:
        link = (await share_links.find_links(session, [token])).get(token)
    if link is None:
        site.counts.redirects["nowhere"] += 1
        raise Trouble(
            404,
            _("This link leads nowhere"),
            _("It may have been cut short on its way. Ask who shared it for another."),
        )
    if visit.is_human and (
        leads_to := await _followed(site, token, visit)
    ):  # the store is there again: it was just asked
        site.counts.redirects["person"] += 1
        return _onward(leads_to)
    site.counts.redirects["unfurler" if visit.is_unfurler else "uncounted"] += 1
    if visit.is_unfurler:
        return await _tags(request, site, link)
    return RedirectResponse(link.destination, 302, NOT_KEPT)


async def _tags(request: Request, site: Site, link: ShareLink) -> Response:
    async with site.database.read() as session:
        post = await session.get_one(Post, link.post_id)
        campaign = await session.get_one(Campaign, link.campaign_id)
        pictures = await pictures_of(session, post.id)
    return page(
        request,
        "shared.html",
        headers=NOT_KEPT,
        campaign=campaign,
        post=post,
        picture=pictures[0] if pictures else None,
        address=f"{site.url}/s/{link.token}",
        site_url=site.url,
        destination=link.destination,
    )


@router.get("/o/{open_token}/{network}")
async def open_window(request: Request, open_token: str, network: str) -> Response:
    """Open a network's share window from a card; with `do`, what reposts, likes or answers the post that it is about.

    Where the network ignores the text, a page shows it first, to be copied; going on from there is what counts.
    """
    site = site_of(request)
    now = site.clock()
    async with site.database.read() as session:
        link = await share_links.find_card_link(session, open_token)
        post = await session.get(Post, link.post_id) if link else None
        if link is None or post is None or network not in SHARE_INTENTS:
            raise _leads_nowhere()
        if not await share_kits.is_open(session, post, now, await share_links.territory_of(session, link)):
            raise Trouble(
                410,
                _("This post is not shared any more"),
                _("The campaign took it back, its time is over, or a vote is near. Choose another one."),
            )
        wording = own_words.number_of(request.query_params.get("w"))
        address: str | None = await share_kits.intent_of(session, link, network, wording, site.url)
        act = request.query_params.get("do")
        if act is not None:
            address = share_kits.boosting_address(link, network, act)
        if address is None:
            raise _leads_nowhere()
        campaign = await session.get_one(Campaign, link.campaign_id)
        text = await share_kits.text_of(session, link, network, wording)
    own_page = f"{site.url}/s/{link.token}"
    values: dict[str, Any] = {"campaign": campaign, "network": LABELS[network], "address": address}
    if network in IGNORES_TEXT and "go" not in request.query_params:
        text = f"{fitting(network, text, own_page)}\n\n{own_page}"
        onward = f"{request.url.path}?w={own_words.name_of(wording)}&go=1"
        return page(request, "copy_text.html", headers=NOT_KEPT, text=text, onward=onward, **values)
    if visit_of(request, site).is_human:
        async with site.database.write() as session:
            await share_links.record_opened(session, link, network, now, wording)
    if not address.startswith("https://"):  # mail and messages: a bare redirect would leave an empty page behind
        return page(request, "hand_over.html", headers=NOT_KEPT, **values)
    return RedirectResponse(address, 302, NOT_KEPT)


def _leads_nowhere() -> Trouble:
    return Trouble(404, _("This button leads nowhere"), _("Open the campaign's page, and choose the post once more."))
