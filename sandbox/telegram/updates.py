"""getUpdates and the webhook: how a bot hears of what people do."""

import re
from urllib.parse import urlsplit

from sandbox.store import Json
from sandbox.telegram.call import Answer, Call
from sandbox.telegram.errors import TAKEN_OVER, WEBHOOK_IS_ON, Refused, bad_request
from sandbox.telegram.state import Bot
from sandbox.telegram.webhook import CONNECTIONS, Delivery
from sandbox.world import World

LONGEST_POLL = 50  # seconds: the real one does not wait longer either
MOST_UPDATES = 100  # in one answer, from getUpdates
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # from setWebhook
MOST_CONNECTIONS = 100  # from setWebhook
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
    running = world.deliveries.get(bot.id)
    if running is not None and running.fits:
        running.add(update)
    else:
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
    if parts.hostname.endswith(".invalid"):  # no name server knows such a name: RFC 6761
        raise bad_request("bad webhook: Failed to resolve host: Name or service not known")
    if secret and not SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _allow(call)
    most = min(max(call.params.whole("max_connections", CONNECTIONS), 1), MOST_CONNECTIONS)
    call.bot.webhook = {"url": url, "secret": secret, "connections": most}
    _drop_pending(call)
    call.state.save_bot(call.bot)
    start_delivery(call.world, call.bot)
    return True


async def delete_webhook(call: Call) -> Answer:
    """deleteWebhook"""
    call.bot.webhook = None
    start_delivery(call.world, call.bot)
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
    if webhook:
        info["max_connections"] = webhook["connections"]
    for name in ("last_error_date", "last_error_message"):
        if name in webhook:
            info[name] = webhook[name]
    return info | ({"allowed_updates": call.bot.allowed_updates} if call.bot.allowed_updates else {})


def start_delivery(world: World, bot: Bot) -> None:
    """Bring what waits to the bot's webhook, in the background, unless that is already under way; or end that."""
    running = world.deliveries.get(bot.id)
    if running is not None and running.fits:
        return
    if running is not None:
        world.deliveries.pop(bot.id).stop()
    if bot.webhook is not None and not world.changes.closed:
        world.deliveries[bot.id] = Delivery(world.telegram, bot, world.authority)
