"""A crowd in one request: what many people do at once, and what changed in all of their chats since."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.control.chats import do
from sandbox.control.common import ControlError, body_of, number, the_bot
from sandbox.telegram.actions import Hand
from sandbox.world import world_of


async def act(request: Request) -> Response:
    """POST /control/crowd/{bot}"""
    world, given = world_of(request), await body_of(request)
    bot, done = the_bot(world, request), []
    for each in given["acts"]:
        person = world.telegram.people.get(int(each["person"]))
        if person is None:
            raise ControlError(404, f"no person {each['person']!r}")
        done.append(do(Hand(world, bot, person), str(each["action"]), each))
    return JSONResponse({"done": done})


async def changes(request: Request) -> Response:
    """GET /control/crowd/{bot}"""
    world = world_of(request)
    telegram, bot, after = world.telegram, the_bot(world, request), int(number(request, "after"))
    keys = [
        chat.key for chat in telegram.chats.values() if chat.bot_id == bot.id and telegram.version(chat.key) > after
    ]
    messages = [
        message.payload
        for key in keys
        for message in telegram.messages.get(key, {}).values()
        if message.version > after and not message.deleted
    ]
    return JSONResponse({"messages": messages, "version": world.changes.version})
