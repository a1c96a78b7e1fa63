"""The HTTP face of the Bot API: /telegram/bot<TOKEN>/<method> and /telegram/file/bot<TOKEN>/<path>."""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.faults import ConnectionCut, Fault, Passing
from sandbox.passage import cut, gone
from sandbox.telegram import about, edit, errors, inline, send, updates
from sandbox.telegram.call import Answer, Call
from sandbox.telegram.errors import Refused
from sandbox.telegram.params import Params, read_params
from sandbox.world import World, world_of

METHODS: dict[str, Callable[[Call], Awaitable[Answer]]] = {
    "getMe": about.get_me,
    "getChat": about.get_chat,
    "getChatMember": about.get_chat_member,
    "getFile": about.get_file,
    "getUserProfilePhotos": about.get_user_profile_photos,
    "setMyCommands": about.set_my_commands,
    "getMyCommands": about.get_my_commands,
    "deleteMyCommands": about.delete_my_commands,
    "setMyDescription": about.set_my_description,
    "setMyShortDescription": about.accept,
    "setMyName": about.accept,
    "setChatMenuButton": about.accept,
    "close": about.accept,
    "logOut": about.accept,
    "getUpdates": updates.get_updates,
    "setWebhook": updates.set_webhook,
    "deleteWebhook": updates.delete_webhook,
    "getWebhookInfo": updates.get_webhook_info,
    "sendMessage": send.send_message,
    "sendPhoto": send.send_photo,
    "sendDocument": send.send_document,
    "sendMediaGroup": send.send_media_group,
    "sendChatAction": send.send_chat_action,
    "editMessageText": edit.edit_text,
    "editMessageCaption": edit.edit_caption,
    "editMessageMedia": edit.edit_media,
    "editMessageReplyMarkup": edit.edit_reply_markup,
    "deleteMessage": edit.delete_message,
    "deleteMessages": edit.delete_messages,
    "answerCallbackQuery": edit.answer_callback_query,
    "answerInlineQuery": inline.answer_inline_query,
}
NAMES = {name.lower(): name for name in METHODS}  # the real one does not mind case either
TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


async def bot_method(request: Request) -> Response:
    """One request: 1. token and method; 2. gates and faults; 3. the method itself; 4. gates and faults again."""
    world = world_of(request)
    operation = NAMES.get(request.path_params["method"].lower(), "")
    passing = Passing("telegram", operation or request.path_params["method"])
    try:
        status, body = 200, await _answer(request, world, passing)
    except Refused as refusal:
        status, body = refusal.code, refusal.body()
    except ConnectionCut:
        world.desk.log(passing, 0)
        return await cut(request)
    world.desk.log(passing, status)
    return JSONResponse(body, status_code=status)


async def _answer(request: Request, world: World, passing: Passing) -> dict[str, object]:
    token = request.path_params["token"]
    bot = world.telegram.bots.get(token)
    if bot is None:
        # A token without the form of one is not found; one that has it, but belongs to no bot, is unauthorized.
        raise Refused(401, "Unauthorized") if TOKEN.fullmatch(token) else Refused(404, "Not Found")
    if passing.operation not in METHODS:
        raise Refused(404, "Not Found: method not found")
    params = await read_params(request)
    named = world.telegram.chat_named(params.text("chat_id"))  # a fault for a channel's id is one for its @name too
    passing.target = str(named.id) if named else params.maybe("chat_id")
    passing.detail = {"bot": bot.username, "text": params.maybe("text") or params.maybe("caption")}
    fault = await world.desk.before(passing, gone(request))
    if fault is not None:
        raise _refusal(fault, world, params)
    answer = await METHODS[passing.operation](Call(world, bot, passing.operation, params))
    if await world.desk.after(passing, gone(request)):
        raise Refused(*errors.INTERNAL)
    return {"ok": True, "result": answer}


def _refusal(fault: Fault, world: World, params: Params) -> Refused:
    if fault.kind == "rate_limit":
        return errors.too_many(max(1, round(fault.seconds)))
    if fault.kind == "migrated":
        chat = world.telegram.chats.get(params.text("chat_id"))
        return errors.migrated(fault.new_chat_id or -1_000_000_000_000 - abs(chat.id if chat else 1))
    known = {"revoked": errors.UNAUTHORIZED, "blocked": errors.BLOCKED}
    return Refused(*known.get(fault.kind, errors.INTERNAL))


async def bot_file(request: Request) -> Response:
    """The bytes of a file whose path getFile gave."""
    world = world_of(request)
    if request.path_params["token"] not in world.telegram.bots:
        return JSONResponse(Refused(401, "Unauthorized").body(), status_code=401)
    path = request.path_params["path"]
    file = next((file for file in world.telegram.files.values() if file.path == path), None)
    content = world.store.blob(file.sha256) if file else None
    if file is None or content is None:
        return JSONResponse(Refused(404, "Not Found").body(), status_code=404)
    return Response(content, media_type="application/octet-stream")
