"""Puts the web room together."""

import logging

from fastapi import FastAPI
from itsdangerous import URLSafeSerializer
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from campaigns.batches import BatchWriter
from campaigns.counts import Counts
from campaigns.database import Database
from campaigns.media_stores import MediaAway
from campaigns.settings import Settings
from campaigns.share_links import follow_all
from campaigns.stores import STORE_AWAY, said_by
from campaigns.times import Clock
from campaigns.webhooks import Send
from campaigns.words import mark
from networks.webhooks import WebhookSender
from web import (
    api,
    badge_maker,
    badge_to_chat,
    health,
    metrics,
    public,
    share_redirect,
    telegram_updates,
    unsubscribe,
    wall,
)
from web.console import (
    access,
    account,
    approvals,
    audit_trail,
    badge_batches,
    board,
    broadcasts,
    calendar,
    campaign_setup,
    channel_care,
    channels,
    composer,
    composer_media,
    composer_preview,
    composer_sketches,
    dashboard,
    desk,
    events,
    files,
    first_steps,
    frames,
    ideas,
    invited,
    kit,
    login,
    missions,
    organizers,
    people,
    post_file,
    programs,
    queue,
    results,
    segments,
    start,
    team,
    territories,
    wall_care,
)
from web.headers import SecurityHeaders, secure
from web.pages import STATIC, Trouble, nothing_here, trouble_page
from web.sends import SendCounts
from web.served import Served
from web.site import DaySalt, Site
from web.uploads import TooLarge

_ = mark
logger = logging.getLogger(__name__)
# Seconds by which a share link's answer is late at most, and behind how many others: under load, one transaction for the
# visits of ten milliseconds keeps two processes, each with half of them, nearly as cheap as one. A file has one process,
# and who was just answered comes again within two: to wait for longer cost it nearly half of its visits.
GATHER, GATHER_IN_A_FILE, FEW = 0.01, 0.002, 1


def create_app(
    *,
    database: Database,
    settings: Settings,
    clock: Clock,
    secret_key: str,
    bot_username: str | None,
    sends: SendCounts | None = None,
    counts: Counts | None = None,
    send_webhook: Send | None = None,
) -> FastAPI:
    """The web pages of one installation, ready for an ASGI server. `bot_username` is None while no bot is connected.

    `sends` is what the publisher of this process counts, where it has one; `counts` what its bot counts, too. `send_webhook`
    sends a webhook's test message; only tests, on one machine, give one that reaches inside the network.
    """
    app = share_redirect.ShareLinksFirst(
        trusted_proxies=settings.trusted_proxies, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.site = Site(
        database=database,
        settings=settings,
        clock=clock,
        bot_username=bot_username,
        signer=URLSafeSerializer(secret_key, salt="badge"),
        visits=BatchWriter(
            database,
            follow_all,
            gather=GATHER if database.is_on_server else GATHER_IN_A_FILE,
            siblings=FEW,
            together=True,
        ),
        salt=DaySalt(database),
        sends=sends or SendCounts(),
        counts=counts or Counts(),
        send_webhook=send_webhook or WebhookSender(),
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Served, counts=app.state.site.counts)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.mount("/console/shell", StaticFiles(packages=[("starlette_admin", "static")]), name="shell")
    app.mount(api.ADDRESS, api.create_api(app.state.site), name="api")
    rooms = [public, health, metrics, badge_maker, badge_to_chat, wall, share_redirect, unsubscribe, telegram_updates]
    rooms += [
        start,
        first_steps,
        login,
        account,
        invited,
        organizers,
        campaign_setup,
        frames,
        audit_trail,
        channel_care,
    ]
    rooms += [programs, post_file, dashboard, composer, composer_media, composer_preview, composer_sketches]
    rooms += [desk, queue, calendar, approvals, board, results]
    rooms += [missions, events, ideas, broadcasts, files, team, wall_care, channels, people, territories, segments, kit]
    rooms += [badge_batches]
    for room in rooms:
        # Their routes themselves: `include_router` would make copies, 60 ms of them, at the first request.
        app.router.routes.extend(room.router.routes)
    app.add_exception_handler(Trouble, _tell_trouble)
    app.add_exception_handler(access.NotSignedIn, _to_login)
    app.add_exception_handler(access.CodeMissing, _to_second_factor)
    app.add_exception_handler(TooLarge, _tell_too_large)
    app.add_exception_handler(HTTPException, _tell_http)
    app.add_exception_handler(ClientDisconnect, _tell_nobody)
    app.add_exception_handler(MediaAway, _tell_media_away)
    for kind in STORE_AWAY:
        app.add_exception_handler(kind, _tell_store_away)
    app.add_exception_handler(Exception, _tell_failure)
    return app


def only_metrics(page: FastAPI) -> FastAPI:
    """/metrics of the process that made this page, and nothing else of it: its pages are served by others."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = page.state.site
    app.include_router(metrics.router)
    for kind in STORE_AWAY:
        app.add_exception_handler(kind, _tell_store_away)
    return app


async def _tell_trouble(request: Request, error: Exception) -> Response:
    assert isinstance(error, Trouble)  # noqa: S101 - for the type checker
    return trouble_page(request, error)


async def _to_login(request: Request, error: Exception) -> Response:
    return RedirectResponse("/console/login", 303)


async def _to_second_factor(request: Request, error: Exception) -> Response:
    return RedirectResponse("/console/account/codes", 303)


async def _tell_too_large(request: Request, error: Exception) -> Response:
    return trouble_page(
        request, Trouble(413, _("This is too large"), _("Send less at once, or a smaller copy of the picture."))
    )


async def _tell_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    if error.status_code == 404:
        return trouble_page(request, nothing_here())
    trouble = Trouble(
        error.status_code,
        _("This cannot be done here"),
        _("Go back to the page that you came from, and try again."),
        error.headers,
    )
    return trouble_page(request, trouble)


async def _tell_nobody(request: Request, error: Exception) -> Response:
    """Who left in the middle of sending: no error of ours, and nobody reads an answer."""
    return Response(status_code=400)


async def _tell_store_away(request: Request, error: Exception) -> Response:
    logger.error("a page: the database does not answer (%s)", said_by(error))
    trouble = Trouble(
        503,
        _("The database does not answer just now"),
        _(
            "Try again in a minute, please. Go back to the page that you came from: what you typed may still stand in it."
        ),
        {"Retry-After": "60"},
    )
    return trouble_page(request, trouble)


async def _tell_media_away(request: Request, error: Exception) -> Response:
    logger.error("a page: the pictures' storage does not answer (%s)", type(error).__name__)
    trouble = Trouble(
        503,
        _("Pictures cannot be reached just now"),
        _(
            "Try again in a minute, please. Go back to the page that you came from: what you typed may still stand in it."
        ),
        {"Retry-After": "60"},
    )
    return trouble_page(request, trouble)


async def _tell_failure(request: Request, error: Exception) -> Response:
    """The server logs the error itself; the visitor reads no traceback."""
    trouble = Trouble(
        500, _("Something went wrong on our side"), _("It is written down. Try again in a minute, please.")
    )
    answer = trouble_page(request, trouble)
    secure(answer.headers, request.url.path)  # this answer is given outside of the middleware
    return answer
