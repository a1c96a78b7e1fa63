"""reply_markup: what Telegram accepts under a message."""

from sandbox.store import Json
from sandbox.telegram.entities import good_url, length_of
from sandbox.telegram.errors import bad_request
from sandbox.telegram.params import Params

MOST_BUTTONS = 100  # in one inline keyboard
LONGEST_CALLBACK_DATA = 64  # bytes, from InlineKeyboardButton
LONGEST_COPY_TEXT = 256  # characters, from CopyTextButton
ACTIONS = ("url", "callback_data", "copy_text", "switch_inline_query", "switch_inline_query_current_chat",
           "switch_inline_query_chosen_chat", "web_app", "login_url", "pay", "callback_game")  # fmt: skip
OTHERS = ("keyboard", "remove_keyboard", "force_reply")


def read_markup(params: Params, *, only_inline: bool = False, private: bool = False) -> Json | None:
    """The checked reply_markup, None if there is none; raises Refused."""
    markup = params.object("reply_markup")
    if not markup:
        return None
    if "inline_keyboard" in markup:
        return _inline(markup, private)
    if only_inline or not any(name in markup for name in OTHERS):
        raise bad_request("inline keyboard expected" if only_inline else "object expected as reply markup")
    return markup


def _inline(markup: Json, private: bool) -> Json | None:
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    checked = [[_button(button, private) for button in row] for row in rows if row]
    if sum(len(row) for row in checked) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": checked} if checked else None


def _button(button: Json, private: bool) -> Json:
    if not str(button.get("text") or "").strip():
        raise bad_request("can't parse inline keyboard button: text is empty")
    actions = [name for name in ACTIONS if button.get(name) is not None]
    if not actions:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    kept: Json = {"text": str(button["text"]), actions[0]: button[actions[0]]}
    if style := button.get("style"):
        kept["style"] = style
    if actions[0] == "url":
        kept["url"] = _url(str(button["url"]))
    elif actions[0] == "callback_data":
        if not 1 <= len(str(button["callback_data"]).encode()) <= LONGEST_CALLBACK_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
    elif actions[0] == "web_app":
        kept["web_app"] = {"url": _web_app(button["web_app"], private)}
    elif actions[0] == "copy_text":
        copied = button["copy_text"]
        text = str(copied.get("text") or "") if isinstance(copied, dict) else ""
        if not 1 <= length_of(text) <= LONGEST_COPY_TEXT:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
    return kept


def _url(url: str) -> str:
    good = good_url(url)
    if good is None:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    return good


def _web_app(given: object, private: bool) -> str:
    """The address of a Mini App: with https, and under messages of a private chat only."""
    url = str(given.get("url") or "") if isinstance(given, dict) else ""
    if not url.startswith("https://"):
        raise bad_request(f"inline keyboard button Web App URL '{url}' is invalid: Only HTTPS links are allowed")
    if not private:
        raise bad_request("BUTTON_TYPE_INVALID")
    return _url(url)
