"""editMessageText, editMessageCaption, editMessageReplyMarkup, editMessageMedia, deleteMessage, answerCallbackQuery."""

from datetime import datetime, timedelta

from sandbox.store import Json
from sandbox.telegram.call import Answer, Call
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import read_markup
from sandbox.telegram.send import caption_of, media_content, read_text
from sandbox.telegram.state import Chat, Message

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
DELETABLE = timedelta(hours=48)  # from deleteMessage
ANSWERABLE = timedelta(seconds=60)  # the real time-out of a button tap is not documented; bots see 15 s to minutes
LONGEST_ANSWER = 200  # characters, from answerCallbackQuery
MEDIA = ("photo", "document")
CONTENT = ("text", "entities", "caption", "caption_entities", "link_preview_options", *MEDIA)


async def edit_text(call: Call) -> Answer:
    """editMessageText"""
    chat, message = _editable(call)
    if "text" not in message.payload:
        raise bad_request("there is no text in the message to edit")
    content = read_text(call.params)
    if options := call.params.object("link_preview_options"):
        content["link_preview_options"] = options
    return _replace(call, chat, message, content)


async def edit_caption(call: Call) -> Answer:
    """editMessageCaption"""
    chat, message = _editable(call)
    kept = {name: message.payload[name] for name in MEDIA if name in message.payload}
    if not kept:
        raise bad_request("there is no caption in the message to edit")
    return _replace(call, chat, message, kept | caption_of(call.params))


async def edit_media(call: Call) -> Answer:
    """editMessageMedia"""
    chat, message = _editable(call)
    item = call.params.object("media")
    if not item or item.get("type") not in MEDIA:
        raise bad_request("can't parse InputMedia: the sandbox takes only photos and documents")
    return _replace(call, chat, message, await media_content(call, item))


async def edit_reply_markup(call: Call) -> Answer:
    """editMessageReplyMarkup"""
    chat, message = _editable(call)
    return _replace(call, chat, message, {name: message.payload[name] for name in CONTENT if name in message.payload})


async def delete_message(call: Call) -> Answer:
    """deleteMessage"""
    chat = call.chat()
    message = call.state.message(chat, call.params.whole("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    sent = datetime.fromtimestamp(message.payload["date"], tz=call.world.clock().tzinfo)
    if call.world.clock() - sent > DELETABLE:
        raise bad_request("message can't be deleted for everyone")
    message.deleted = True
    call.state.save_message(message)
    return True


async def delete_messages(call: Call) -> Answer:
    """deleteMessages: those that are not found are skipped"""
    chat = call.chat()
    for message_id in call.params.tree("message_ids") or []:
        message = call.state.message(chat, int(message_id))
        if message is not None:
            message.deleted = True
            call.state.save_message(message)
    return True


async def answer_callback_query(call: Call) -> Answer:
    """answerCallbackQuery"""
    tap = call.state.taps.get(call.params.text("callback_query_id"))
    now = call.world.clock()
    if tap is None or tap.bot_id != call.bot.id or now - datetime.fromisoformat(tap.at) > ANSWERABLE:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(call.params.text("text")) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    tap.answer = {
        "text": call.params.maybe("text"),
        "show_alert": call.params.flag("show_alert"),
        "url": call.params.maybe("url"),
    }
    call.state.save_tap(tap)
    return True


def _editable(call: Call) -> tuple[Chat, Message]:
    chat = call.open_chat()
    message = call.state.message(chat, call.params.whole("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message.payload.get("from", call.bot.as_user())["id"] != call.bot.id:
        raise bad_request("message can't be edited")
    return chat, message


def _replace(call: Call, chat: Chat, message: Message, content: Json) -> Json:
    """Put new content and markup in place of the old; what it was goes to the history of edits."""
    markup = read_markup(call.params, only_inline=True, private=chat.type == "private")
    old = {name: message.payload[name] for name in (*CONTENT, "reply_markup") if name in message.payload}
    new = content | ({"reply_markup": markup} if markup else {})
    if _compared(old) == _compared(new):
        raise bad_request(NOT_MODIFIED)
    same_content = _compared(old | {"reply_markup": None}) == _compared(new | {"reply_markup": None})
    head = {name: value for name, value in message.payload.items() if name not in old}
    message.edits.append(old | {"edited_at": call.world.clock().isoformat()})
    # A change of the buttons alone does not mark a message as edited.
    message.payload = head | new | ({} if same_content else {"edit_date": call.state.now()})
    call.state.save_message(message)
    return message.payload


def _compared(content: Json) -> Json:
    """Without the ids that every upload of the same picture gets anew."""
    unique = {name: content[name] for name in content if name not in MEDIA}
    for name in MEDIA:
        if name in content:
            files = content[name] if isinstance(content[name], list) else [content[name]]
            unique[name] = files[-1]["file_unique_id"]
    return unique
