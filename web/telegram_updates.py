"""Where Telegram brings the bot's updates, in webhook mode. 200 says that one was handled; whatever else, it comes again.

The address ends in a secret and a header holds another. Many at once are refused rather than kept: Telegram keeps them.
"""

import asyncio
import json
import logging
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from campaigns import bot_updates
from campaigns.bot_updates import NotNow
from web.site import Site, site_of

router = APIRouter()
log = logging.getLogger(__name__)
HEADER = "X-Telegram-Bot-Api-Secret-Token"
LARGEST = 1_000_000  # bytes; an update is a few thousand
PATIENCE = 30  # seconds until an update is here whole
AT_ONCE = 100  # updates in hand or on their way in; Telegram brings at most 40
AGAIN = {"Retry-After": "1"}  # seconds, which Telegram heeds


@router.post(f"{bot_updates.ADDRESS}/{{place}}", include_in_schema=False)
async def take(request: Request, place: str) -> Response:
    site = site_of(request)
    door = site.door
    if door is None or not door.is_at(place):
        raise HTTPException(404)
    if not door.opens_to(request.headers.get(HEADER, "")):
        log.warning("an update for the bot without the right secret in its header was refused")
        return PlainTextResponse("This is not Telegram.", 403)
    if site.take_update is None or site.updates_in_hand >= AT_ONCE:
        return _not_now()
    site.updates_in_hand += 1
    try:
        update = await _read(request)
        return update if isinstance(update, Response) else await _hand_over(site, update)
    finally:
        site.updates_in_hand -= 1


def _not_now() -> Response:
    return PlainTextResponse("Not now; send it again.", 503, AGAIN)


async def _hand_over(site: Site, update: dict[str, Any]) -> Response:
    if site.take_update is None:  # the bot was stopped while this came in
        return _not_now()
    try:
        await site.take_update(update)
    except NotNow:
        return _not_now()
    return PlainTextResponse("")


async def _read(request: Request) -> dict[str, Any] | Response:
    """The update, or the answer to what is none."""
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    return PlainTextResponse("This is too large for an update.", 413)
        update = json.loads(body)
    except TimeoutError:
        return PlainTextResponse("That took too long.", 408)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or a thousand brackets
        update = None
    number = update.get("update_id") if isinstance(update, dict) else None
    if type(number) is not int or not 0 < number < 2**63:
        return PlainTextResponse("This is not an update.", 400)
    return dict(update)
