"""sendMessage, sendPhoto, sendDocument, sendMediaGroup, sendChatAction."""

from sandbox.store import Json
from sandbox.telegram import media
from sandbox.telegram.call import Answer, Call
from sandbox.telegram.entities import formatted, length_of
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import read_markup
from sandbox.telegram.params import Params
from sandbox.telegram.state import Chat, Message

LONGEST_TEXT = 4096  # UTF-16 units after entity parsing, from sendMessage
LONGEST_CAPTION = 1024  # the same, from sendPhoto
ACTIONS = ("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
           "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note")  # fmt: skip


def read_text(params: Params) -> Json:
    """{"text", "entities"}; raises Refused."""
    text, entities = formatted(params.text("text"), params.maybe("parse_mode"), params.items("entities"))
    if not text:
        raise bad_request("message text is empty")
    if length_of(text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return {"text": text} | ({"entities": entities} if entities else {})


def read_caption(caption: str, parse_mode: str | None, entities: list[Json] | None) -> Json:
    """{"caption", "caption_entities"}, empty without a caption; raises Refused."""
    text, found = formatted(caption, parse_mode, entities)
    if length_of(text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return ({"caption": text} if text else {}) | ({"caption_entities": found} if found else {})


def caption_of(params: Params) -> Json:
    """The caption that the parameters give."""
    return read_caption(params.text("caption"), params.maybe("parse_mode"), params.items("caption_entities"))


async def send_message(call: Call) -> Answer:
    """sendMessage"""
    chat, content = call.open_chat(), read_text(call.params)
    if options := call.params.object("link_preview_options"):
        content["link_preview_options"] = options
    return _accept(call, chat, content)


async def send_photo(call: Call) -> Answer:
    """sendPhoto"""
    chat, caption = call.open_chat(), caption_of(call.params)
    content = await media.photo_content(call.state, media.given_file(call, "photo"))
    if call.params.flag("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return _accept(call, chat, content | caption)


async def send_document(call: Call) -> Answer:
    """sendDocument"""
    chat, caption = call.open_chat(), caption_of(call.params)
    content = await media.document_content(call.state, media.given_file(call, "document"))
    return _accept(call, chat, content | caption)


async def send_media_group(call: Call) -> Answer:
    """sendMediaGroup"""
    chat, items = call.open_chat(), call.params.items("media") or []
    if not 2 <= len(items) <= 10:
        raise bad_request("wrong number of items in the album: it must have 2-10 items")  # from sendMediaGroup
    kinds = {item.get("type") for item in items}
    if not kinds <= {"photo", "document"}:
        raise bad_request("the sandbox takes only photos and documents in an album")
    if len(kinds) > 1:
        raise bad_request("document can't be mixed with other media types")
    contents = [await media_content(call, item) for item in items]
    replied = _replied(call, chat)
    call.count(chat, len(contents))
    album = {"media_group_id": str(call.state.changes.version + 1_000_000)} | replied
    return [store(call, chat, content | album, None) for content in contents]


async def media_content(call: Call, item: Json) -> Json:
    """The content that an InputMedia object describes; raises Refused."""
    caption = read_caption(item.get("caption") or "", item.get("parse_mode"), item.get("caption_entities"))
    given = media.given_file(call, "media", item.get("media") or "")
    make = media.photo_content if item.get("type") == "photo" else media.document_content
    return await make(call.state, given) | caption


async def send_chat_action(call: Call) -> Answer:
    """sendChatAction"""
    chat, action = call.open_chat(), call.params.text("action")
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.world.chat_actions[chat.key] = (action, call.world.clock())
    call.state.touch(chat.key)
    return True


def _accept(call: Call, chat: Chat, content: Json) -> Json:
    markup = read_markup(call.params, only_inline=chat.type == "channel", private=chat.type == "private")
    replied = _replied(call, chat)
    call.count(chat)
    return store(call, chat, content | replied, markup)


def _replied(call: Call, chat: Chat) -> Json:
    given = call.params.object("reply_parameters") or {"message_id": call.params.whole("reply_to_message_id")}
    if not given.get("message_id"):
        return {}
    message = call.state.message(chat, int(given["message_id"]))
    if message is None:
        lenient = given.get("allow_sending_without_reply") or call.params.flag("allow_sending_without_reply")
        if lenient:
            return {}
        raise bad_request("message to be replied not found")
    return {"reply_to_message": {key: value for key, value in message.payload.items() if key != "reply_to_message"}}


def store(call: Call, chat: Chat, content: Json, markup: Json | None) -> Json:
    """Keep a checked message and write the ledger; gives the Message as the Bot API does."""
    state = call.state
    head: Json = {"message_id": state.new_message_id(call.bot, chat), "date": state.now()}
    head["chat"] = state.as_chat(chat)
    if chat.type == "channel":
        head["sender_chat"] = head["chat"]
    else:
        head["from"] = call.bot.as_user()
    if call.params.flag("protect_content"):
        head["has_protected_content"] = True
    inline = {"reply_markup": markup} if markup and "inline_keyboard" in markup else {}
    message = Message(chat.key, head["message_id"], head | content | inline)
    if markup and not inline:
        chat.reply_keyboard = None if "remove_keyboard" in markup else markup
        state.save_chat(chat)
    state.save_message(message)
    call.world.chat_actions.pop(chat.key, None)
    call.world.ledger.add(
        service="telegram",
        channel=str(chat.id),
        operation=call.operation,
        at=call.world.clock().isoformat(),
        bot=call.bot.username,
        id=str(message.id),
        text=content.get("text") or content.get("caption") or "",
        media=media.for_ledger(state, content),
        reply_to=str(content["reply_to_message"]["message_id"]) if "reply_to_message" in content else None,
    )
    return message.payload
