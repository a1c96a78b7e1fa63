"""People, channels, and what people do in their chats."""

from dataclasses import asdict

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.control.common import ControlError, body_of, number, the_bot, the_person
from sandbox.defaults import add_person, profile_photo
from sandbox.pictures import drawn_portrait
from sandbox.store import Json
from sandbox.telegram import inline
from sandbox.telegram.about import as_member
from sandbox.telegram.actions import Hand
from sandbox.telegram.params import Upload
from sandbox.telegram.state import Chat, Person
from sandbox.telegram.updates import queue
from sandbox.world import world_of


def person_json(person: Person) -> Json:
    """A person as the control API shows it."""
    small = {"photo_file": person.photo_sizes[0]["file_id"]} if person.photo_sizes else {}
    return {name: value for name, value in asdict(person).items() if name != "photo_sizes"} | small


async def list_people(request: Request) -> Response:
    """GET /control/people"""
    people = world_of(request).telegram.people.values()
    return JSONResponse({"people": [person_json(person) for person in people]})


async def create_person(request: Request) -> Response:
    """POST /control/people"""
    world, given = world_of(request), await body_of(request)
    if not str(given.get("first_name") or "").strip():
        raise ControlError(422, "a person needs a first_name")
    if given.get("photo", "none") not in ("shown", "hidden", "none"):
        raise ControlError(422, "photo is shown, hidden or none")
    person_id = add_person(world.telegram, given)
    return JSONResponse(person_json(world.telegram.people[person_id]), status_code=201)


async def change_person(request: Request) -> Response:
    """PATCH /control/people/{person}"""
    world, given = world_of(request), await body_of(request)
    person = the_person(world, request)
    for name in ("first_name", "last_name", "username", "language_code", "photo"):
        if name in given:
            setattr(person, name, given[name])
    if person.photo != "none" and not person.photo_sizes:
        person.photo_sizes = profile_photo(world.telegram, drawn_portrait(person.id))
    world.telegram.save_person(person)
    return JSONResponse(person_json(person))


async def change_photo(request: Request) -> Response:
    """PUT /control/people/{person}/photo"""
    world = world_of(request)
    person = the_person(world, request)
    person.photo_sizes = profile_photo(world.telegram, await request.body())
    person.photo = "shown" if person.photo == "none" else person.photo
    world.telegram.save_person(person)
    return JSONResponse(person_json(person))


async def list_channels(request: Request) -> Response:
    """GET /control/channels"""
    chats = world_of(request).telegram.chats.values()
    return JSONResponse({"channels": [asdict(chat) for chat in chats if chat.type != "private"]})


async def create_channel(request: Request) -> Response:
    """POST /control/channels"""
    state, given = world_of(request).telegram, await body_of(request)
    if not str(given.get("title") or "").strip():
        raise ControlError(422, "a channel needs a title")
    lowest = min([-1_001_234_567_890, *(chat.id for chat in state.chats.values())])
    number_ = int(given.get("id") or lowest - 1)
    if number_ >= 0 or str(number_) in state.chats:
        raise ControlError(422, f"{number_} is no free id: a channel's is negative and its own")
    name = str(given.get("username") or "").lstrip("@") or None
    chat = Chat(str(number_), number_, given.get("type", "channel"), title=given["title"], username=name)
    state.save_chat(chat)
    return JSONResponse(asdict(chat), status_code=201)


async def change_channel(request: Request) -> Response:
    """PATCH /control/channels/{channel}"""
    state, given = world_of(request).telegram, await body_of(request)
    chat = state.chats.get(request.path_params["channel"])
    if chat is None:
        raise ControlError(404, f"no channel {request.path_params['channel']!r}")
    before = {bot.token: as_member(bot, chat) for bot in state.bots.values()}
    for name in ("member", "admin", "title", "migrated_to"):
        if name in given:
            setattr(chat, name, given[name])
    state.save_chat(chat)
    for bot in state.bots.values():
        was, now = before[bot.token], as_member(bot, chat)
        if was != now:
            owner = next(iter(state.people.values())).as_user()
            change = {"chat": chat.as_chat(), "from": owner, "date": state.now()}
            change |= {"old_chat_member": was, "new_chat_member": now}
            queue(world_of(request), bot, {"my_chat_member": change})
    return JSONResponse(asdict(chat))


async def act(request: Request) -> Response:
    """POST /control/chats/{bot}/{person}/{action}"""
    world, action = world_of(request), request.path_params["action"]
    hand = Hand(world, the_bot(world, request), the_person(world, request))
    if action in ("photo", "document"):
        (upload, *_), caption, origin = await _uploaded(request)
        sent = hand.photo(upload.content, caption, origin) if action == "photo" else hand.document(upload, caption)
        return JSONResponse({"message": await sent})
    if action == "album":
        uploads, caption, origin = await _uploaded(request)
        return JSONResponse({"messages": await hand.album([each.content for each in uploads], caption, origin)})
    return JSONResponse(do(hand, action, await body_of(request)))


def do(hand: Hand, action: str, given: Json) -> Json:
    """Let a person do something without a file, and tell what came of it; raises NotPossible or ControlError."""
    if action in ("block", "unblock"):
        hand.block(action == "block")
        return {"blocked": hand.chat.blocked}
    if action == "tap":
        return asdict(hand.tap(int(given["message_id"]), str(given["data"])))
    if action == "inline":
        return asdict(inline.ask(hand, str(given.get("query") or ""), str(given.get("offset") or "")))
    if action == "choose":
        return {"message": inline.choose(hand, str(given["id"]), str(given["result_id"]))}
    return {"message": _do(hand, action, given)}


def _do(hand: Hand, action: str, given: Json) -> Json:
    if action == "say":
        group, origin = _group(hand, given.get("group")), str(given.get("forwarded_from") or "")
        return hand.say(str(given.get("text") or ""), group, origin)
    if action == "start":
        return hand.start(str(given.get("payload") or ""))
    if action == "edit":
        return hand.edit(int(given["message_id"]), str(given["text"]))
    if action == "sticker":
        return hand.sticker(str(given.get("emoji") or "👍"))
    if action == "voice":
        return hand.voice(int(given.get("seconds") or 3))
    if action == "location":
        return hand.location(float(given["latitude"]), float(given["longitude"]))
    raise ControlError(404, f"people cannot {action!r}")


def _group(hand: Hand, chat_id: object) -> Chat | None:
    """The group that is meant, if one is; raises ControlError."""
    if chat_id is None:
        return None
    chat = hand.state.chats.get(str(chat_id))
    if chat is None or chat.type not in ("group", "supergroup"):
        raise ControlError(404, f"no group {chat_id!r}")
    return chat


async def _uploaded(request: Request) -> tuple[list[Upload], str, str]:
    """The files, the caption, and from whom they were forwarded."""
    async with request.form() as form:
        uploads = [
            Upload(file.filename or "file", file.content_type or "application/octet-stream", await file.read())
            for file in form.getlist("file")
            if isinstance(file, UploadFile)
        ]
        if not uploads:
            raise ControlError(422, "send multipart/form-data with a file named file")
        caption, origin = (form.get(name) for name in ("caption", "forwarded_from"))
        return uploads, caption if isinstance(caption, str) else "", origin if isinstance(origin, str) else ""


async def callback(request: Request) -> Response:
    """GET /control/callbacks/{tap}"""
    world = world_of(request)
    tap = world.telegram.taps.get(request.path_params["tap"])
    if tap is None:
        raise ControlError(404, "no such tap")
    await world.changes.wait_for(lambda: tap.answer, number(request, "timeout"))
    return JSONResponse(asdict(tap))


async def inline_query(request: Request) -> Response:
    """GET /control/inline/{query}"""
    world = world_of(request)
    query = world.telegram.inline.get(request.path_params["query"])
    if query is None:
        raise ControlError(404, "no such inline query")
    await world.changes.wait_for(lambda: query.answer, number(request, "timeout"))
    return JSONResponse(asdict(query))


async def pending_updates(request: Request) -> Response:
    """GET /control/updates/{bot}"""
    world = world_of(request)
    waiting = world.telegram.updates[the_bot(world, request).id]
    below = number(request, "below", default=float("inf"))
    await world.changes.wait_for(lambda: len(waiting) < below or None, number(request, "timeout"))
    return JSONResponse({"pending": len(waiting), "update_ids": sorted(waiting)})
