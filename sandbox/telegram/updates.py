"""getUpdates and the webhook: how a bot hears of what people do."""

import asyncio
import re
from urllib.parse import urlsplit

import httpx

from sandbox.store import Json
from sandbox.telegram.call import Answer, Call
from sandbox.telegram.errors import TAKEN_OVER, WEBHOOK_IS_ON, Refused, bad_request
from sandbox.telegram.state import Bot
from sandbox.world import World

LONGEST_POLL = 50  # seconds: the real one does not wait longer either
MOST_UPDATES = 100  # in one answer, from getUpdates
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # from setWebhook
RETRY_AFTER = (0.2, 0.5, 1, 2, 5, 10)  # seconds between attempts; then the last one again and again
NOT_BY_DEFAULT = ("chat_member", "message_reaction", "message_reaction_count")  # from getUpdates.allowed_updates


def wanted(bot: Bot, update: Json) -> bool:
    """Whether a bot asked for this kind of update."""
    kind = next(name for name in update if name != "update_id")
    return kind in bot.allowed_updates if bot.allowed_updates else kind not in NOT_BY_DEFAULT


def queue(world: World, bot: Bot, what: Json) -> Json | None:
    """Queue an update and wake the webhook; None if the bot does not want its kind."""
    if not wanted(bot, what):
        return None
    update = world.telegram.add_update(bot, what)
    start_delivery(world, bot)
    return update


async def get_updates(call: Call) -> Answer:
    """getUpdates"""
    bot, state = call.bot, call.state
    if bot.webhook:
        raise Refused(*WEBHOOK_IS_ON)
    _allow(call)
    offset = call.params.whole("offset")
    waiting = state.updates[bot.id]
    if offset < 0:
        offset = sorted(waiting)[offset] if len(waiting) >= -offset else 0
    for update_id in [number for number in waiting if number < offset]:
        state.confirm_update(bot, update_id)
    limit = min(max(call.params.whole("limit", MOST_UPDATES), 1), MOST_UPDATES)
    turn = call.world.pollers.take_over(bot)
    call.world.changes.bump()

    def look() -> list[Json] | None:
        if not call.world.pollers.still(bot, turn) or bot.webhook:
            return []
        return [waiting[number] for number in sorted(waiting)[:limit]] or None

    found = await call.world.changes.wait_for(look, min(call.params.whole("timeout"), LONGEST_POLL))
    if not call.world.pollers.still(bot, turn) and not call.world.changes.closed:
        raise Refused(*TAKEN_OVER)
    if bot.webhook:
        raise Refused(409, "Conflict: terminated by setWebhook request")
    return found or []


def _allow(call: Call) -> None:
    kinds = call.params.tree("allowed_updates")
    if isinstance(kinds, list) and kinds != (call.bot.allowed_updates or []):
        call.bot.allowed_updates = [str(kind) for kind in kinds] or None
        call.state.save_bot(call.bot)


async def set_webhook(call: Call) -> Answer:
    """setWebhook: http is taken too, because nothing here has a certificate"""
    url, secret = call.params.text("url"), call.params.maybe("secret_token")
    if not url:
        return await delete_webhook(call)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and not SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _allow(call)
    call.bot.webhook = {"url": url, "secret": secret, "errors": 0}
    _drop_pending(call)
    call.state.save_bot(call.bot)
    start_delivery(call.world, call.bot)
    return True


async def delete_webhook(call: Call) -> Answer:
    """deleteWebhook"""
    call.bot.webhook = None
    _drop_pending(call)
    call.state.save_bot(call.bot)
    return True


def _drop_pending(call: Call) -> None:
    if call.params.flag("drop_pending_updates"):
        for update_id in list(call.state.updates[call.bot.id]):
            call.state.confirm_update(call.bot, update_id)


async def get_webhook_info(call: Call) -> Answer:
    """getWebhookInfo"""
    webhook = call.bot.webhook or {}
    info: Json = {"url": webhook.get("url", ""), "has_custom_certificate": False}
    info["pending_update_count"] = len(call.state.updates[call.bot.id])
    for name in ("last_error_date", "last_error_message"):
        if name in webhook:
            info[name] = webhook[name]
    return info | ({"allowed_updates": call.bot.allowed_updates} if call.bot.allowed_updates else {})


def start_delivery(world: World, bot: Bot) -> None:
    """Post what is waiting to the bot's webhook, in the background, unless that is already under way."""
    running = world.deliveries.get(bot.id)
    if bot.webhook and world.telegram.updates[bot.id] and (running is None or running.done()):
        world.deliveries[bot.id] = asyncio.get_running_loop().create_task(_deliver(world, bot))


async def _deliver(world: World, bot: Bot) -> None:
    """One update after the other; one that is not taken is tried again before the next."""
    waiting, attempt = world.telegram.updates[bot.id], 0
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        while bot.webhook and waiting and not world.changes.closed:
            update_id = min(waiting)
            if await _post(http, world, bot, waiting[update_id]):
                world.telegram.confirm_update(bot, update_id)
                attempt = 0
                continue
            pause = RETRY_AFTER[min(attempt, len(RETRY_AFTER) - 1)]
            attempt += 1
            hook = bot.webhook
            await world.changes.wait_for(lambda hook=hook: bot.webhook is not hook or None, pause)  # type: ignore[misc]


async def _post(http: httpx.AsyncClient, world: World, bot: Bot, update: Json) -> bool:
    hook = bot.webhook or {}
    headers = {"X-Telegram-Bot-Api-Secret-Token": hook["secret"]} if hook.get("secret") else {}
    try:
        answer = await http.post(hook["url"], json=update, headers=headers)
        problem = "" if answer.is_success else f"Wrong response from the webhook: {answer.status_code}"
    except httpx.HTTPError as error:
        problem = f"Connection failed: {error}"
    if problem:
        hook |= {"last_error_date": world.telegram.now(), "last_error_message": problem, "errors": hook["errors"] + 1}
        world.telegram.save_bot(bot)
    return not problem
