"""Chats, tweets, the ledger and media, for who wants to know what was accepted."""

import json
from collections.abc import Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.control.chats import person_json
from sandbox.control.common import ControlError, number, the_bot
from sandbox.store import Json
from sandbox.telegram.state import Bot, Chat, chat_key
from sandbox.world import World, world_of
from sandbox.x.state import Account

ACTION_LASTS = 5  # seconds for which "typing" is shown, from sendChatAction


async def state(request: Request) -> Response:
    """GET /control/state"""
    world = world_of(request)
    return JSONResponse(
        {
            "version": world.changes.version,
            "bots": [bot.as_user() for bot in world.telegram.bots.values()],
            "people": [person_json(person) for person in world.telegram.people.values()],
            "channels": [asdict(each) for each in world.telegram.chats.values() if each.type != "private"],
            "accounts": [account.as_user() for account in world.x.accounts.values()],
        }
    )


async def chat(request: Request) -> Response:
    """GET /control/chats/{bot}/{chat}"""
    world = world_of(request)
    bot, after = the_bot(world, request), int(number(request, "after"))
    found = find_chat(world, bot, request.path_params["chat"])
    topics = (found.key, f"commands/{bot.id}")
    await world.changes.wait_for(lambda: world.telegram.version(*topics) > after or None, number(request, "timeout"))
    return JSONResponse(chat_json(world, bot, found))


def find_chat(world: World, bot: Bot, given: str) -> Chat:
    """A chat by a person's id, a channel's id or @name; raises ControlError."""
    found = world.telegram.chat_named(given) if given.startswith("@") else None
    if found is None and given.lstrip("-").isdecimal():
        person = world.telegram.people.get(int(given))
        key = chat_key(bot.id, int(given))
        found = world.telegram.private_chat(bot, person) if person else world.telegram.chats.get(key)
    if found is None:
        raise ControlError(404, f"no chat {given!r}")
    return found


def chat_json(world: World, bot: Bot, chat: Chat) -> Json:
    """A chat as it stands. Its version is that of the newest thing in it."""
    messages = world.telegram.messages.get(chat.key, {}).values()
    taps = [tap for tap in world.telegram.taps.values() if tap.bot_id == bot.id and tap.chat_id == chat.id]
    action, since = world.chat_actions.get(chat.key, ("", world.clock()))
    typing = action if (world.clock() - since).total_seconds() < ACTION_LASTS else ""
    answer: Json = {
        "chat": world.telegram.as_chat(chat),
        "bot": bot.as_user(),
        "description": bot.description,
        "started": chat.started,
        "blocked": chat.blocked,
        "reply_keyboard": chat.reply_keyboard,
        "commands": commands(bot, chat, world),
        "action": typing,
        "taps": [asdict(tap) for tap in taps[-20:]],
        "messages": [
            message.payload | {"edits": message.edits, "version": message.version}
            for message in messages
            if not message.deleted
        ],
        "deleted": [message.id for message in messages if message.deleted],
    }
    return answer | {"version": world.telegram.version(chat.key, f"commands/{bot.id}")}


def commands(bot: Bot, chat: Chat, world: World) -> list[Json]:
    """The commands that Telegram would show to this person: their chat's, else all's; in their language, else the default."""
    person = world.telegram.people.get(chat.id)
    language = (person.language_code if person else None) or ""
    scopes = [{"chat_id": chat.id, "type": "chat"}, {"type": "all_private_chats"}, {"type": "default"}]
    keys = [json.dumps([scope, code], sort_keys=True) for scope in scopes for code in (language, "")]
    return next((bot.commands[key] for key in keys if bot.commands.get(key)), [])


async def tweets(request: Request) -> Response:
    """GET /control/x/{username}"""
    world, after = world_of(request), int(number(request, "after"))
    account = world.x.accounts.get(request.path_params["username"].lstrip("@"))
    if account is None:
        raise ControlError(404, f"no X account {request.path_params['username']!r}")
    await world.changes.wait_for(lambda: world.x.version(account) > after or None, number(request, "timeout"))
    return JSONResponse(account_json(world, account))


def account_json(world: World, account: Account) -> Json:
    """An X account with its tweets as they stand."""
    mine = [tweet for tweet in world.x.tweets.values() if tweet.author == account.id]
    return {
        "account": account.as_user(),
        "media": {each: asdict(world.x.media[each]) for tweet in mine for each in tweet.media},
        "tweets": [asdict(tweet) for tweet in mine],
        "version": world.x.version(account),
    }


async def ledger(request: Request) -> Response:
    """GET /control/ledger"""
    world, query = world_of(request), request.query_params
    after = int(number(request, "after"))

    def look() -> list[Json] | None:
        return world.ledger.find(service=query.get("service"), channel=query.get("channel"), after=after) or None

    return await _listed(request, world, "entries", look)


async def requests(request: Request) -> Response:
    """GET /control/requests"""
    world, query = world_of(request), request.query_params
    after = int(number(request, "after"))

    def look() -> list[Json] | None:
        return [
            line
            for line in world.desk.requests
            if line["seq"] > after
            and query.get("service") in (None, line["service"])
            and query.get("operation") in (None, line["operation"])
        ] or None

    return await _listed(request, world, "requests", look)


async def _listed(request: Request, world: World, name: str, look: Callable[[], list[Json] | None]) -> Response:
    found = await world.changes.wait_for(look, number(request, "timeout"))
    return JSONResponse({name: found or []})


async def media(request: Request) -> Response:
    """GET /control/media/{sha256}"""
    content = world_of(request).store.blob(request.path_params["sha256"])
    if content is None:
        raise ControlError(404, "no such media")
    return picture_bytes(content, "application/octet-stream")


async def file(request: Request) -> Response:
    """GET /control/files/{file_id}"""
    world = world_of(request)
    found = world.telegram.files.get(request.path_params["file_id"])
    content = world.store.blob(found.sha256) if found else None
    if found is None or content is None:
        raise ControlError(404, "no such file")
    return picture_bytes(content, found.mime, found.name)


async def x_media(request: Request) -> Response:
    """GET /control/xmedia/{media}"""
    world = world_of(request)
    found = world.x.media.get(request.path_params["media"])
    content = world.store.blob(found.sha256) if found else None
    if found is None or content is None:
        raise ControlError(404, "no such media")
    return picture_bytes(content, found.mime)


def picture_bytes(content: bytes, mime: str, name: str | None = None) -> Response:
    """A picture to be shown; whatever else is only to be saved."""
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=86400, immutable"}
    if not mime.startswith("image/") or "svg" in mime:
        # What somebody uploaded is never run as a page of this address.
        mime, headers["Content-Disposition"] = "application/octet-stream", "attachment"
    return Response(content, media_type=mime, headers=headers)
