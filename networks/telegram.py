"""A Telegram channel or group that the campaign owns, written to by the campaign's bot."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import telegram
from telegram import error as tg
from telegram.constants import ParseMode

from networks.base import OutgoingPost, Picture, Receipt
from networks.errors import (
    ChannelRevoked,
    ChatMoved,
    NetworkDown,
    NetworkProblem,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
)
from networks.limits import TELEGRAM_CAPTION, utf16_units
from networks.pace import Pace
from networks.telegram_request import NEVER_SENT, TelegramRequest

T = TypeVar("T")
HOST = "https://api.telegram.org"
UNREADABLE = "Telegram answered in a way that cannot be read; look at the channel, and at base_url"
# 400s that are about the chat or the bot's rights in it, and not about this post.
NOT_LET_IN = re.compile(
    r"chat not found|rights|chat_write_forbidden|chat_admin_required|peer_id_invalid|chat_restricted", re.I
)


def open_bot(
    token: str,
    base_url: str = HOST,
    *,
    connections: int = 8,
    pace: Pace | None = None,
    updates: TelegramRequest | None = None,
) -> telegram.Bot:
    """A Bot of python-telegram-bot on any host that speaks the Bot API; `bot.request.shutdown()` gives connections back.

    `pace` is told what the bot writes, so that broadcasts of the same token give way; `updates` polls in place of the rest.
    """
    host = base_url.rstrip("/").removesuffix("/bot")
    return telegram.Bot(
        token,
        base_url=f"{host}/bot",
        base_file_url=f"{host}/file/bot",
        request=TelegramRequest(connections, pace=pace),
        get_updates_request=updates or TelegramRequest(1),
    )


async def send_text(
    bot: telegram.Bot,
    chat_id: int | str,
    text: str,
    *,
    html: bool = False,
    markup: telegram.InlineKeyboardMarkup | str | None = None,
    reply: telegram.ReplyParameters | None = None,
) -> int:
    """Send a message as `bot.send_message` does, for half the work; the message's number. Raises telegram.error.

    The buttons as they are, or as their JSON where many people get the same ones.
    """
    parameters = {"chat_id": str(chat_id), "text": text}
    if html:
        parameters["parse_mode"] = ParseMode.HTML.value
    if markup is not None:
        parameters["reply_markup"] = markup if isinstance(markup, str) else markup.to_json()
    if reply is not None:
        parameters["reply_parameters"] = reply.to_json()
    request = bot.request
    assert isinstance(request, TelegramRequest)  # noqa: S101 - open_bot() gave it
    message = await request.call(f"{bot.base_url}/sendMessage", parameters)
    try:
        return int(message["message_id"])
    except (KeyError, TypeError, ValueError) as error:
        raise tg.TelegramError("the answer names no message") from error


class TelegramChannel:
    """Settings: `chat_id` (@name or a number), `bot_token` (the installation's own unless given), `base_url`."""

    idempotent = False
    can_find = False  # a bot cannot read what is in its channel

    def __init__(self, chat_id: str, bot_token: str = "", base_url: str = HOST) -> None:
        if not bot_token:
            raise ChannelRevoked("no bot token: set PORTEVOIX_BOT_TOKEN to what @BotFather gave")
        self.chat_id: int | str = int(chat_id) if chat_id.lstrip("-").isdigit() else chat_id
        self._moved = False  # the group became a supergroup, which has another number
        self._bot = open_bot(bot_token, base_url)

    async def check(self) -> str:
        chat = await self._ask(lambda chat_id: self._bot.get_chat(chat_id))
        if not isinstance(chat, telegram.ChatFullInfo):
            raise OutcomeUnknown(UNREADABLE)
        return f"{chat.title or chat.effective_name or self.chat_id}"

    async def publish(self, post: OutgoingPost) -> Receipt:
        """A short text goes under its pictures as caption; a long one goes as a message of its own, behind them."""
        parts, behind = list(post.sent_parts), _behind(post.reply_to)
        caption = post.body if utf16_units(post.body) <= TELEGRAM_CAPTION else None
        try:
            if post.pictures and not parts:
                post.keep_turn()
                parts += await self._send_pictures(post.pictures, caption, behind)
            if not post.pictures or (caption is None and len(parts) == len(post.pictures)):
                reply = None if parts else behind
                post.keep_turn()
                number = await self._ask(lambda chat_id: send_text(self._bot, chat_id, post.body, reply=reply))
                parts.append(str(number))
        except NetworkProblem as problem:
            problem.sent_parts = tuple(parts)
            raise
        moved = {"chat_id": str(self.chat_id)} if self._moved else {}
        note = f"the group became a supergroup, whose number is {self.chat_id}" if moved else ""
        return Receipt(parts[0], self._address(parts[0]), tuple(parts), note, moved)

    async def _send_pictures(
        self, pictures: tuple[Picture, ...], caption: str | None, reply: telegram.ReplyParameters | None
    ) -> list[str]:
        if len(pictures) == 1:
            first = pictures[0].data
            sent = await self._ask(
                lambda chat_id: self._bot.send_photo(chat_id, first, caption=caption, reply_parameters=reply)
            )
            return [_id(sent)]
        album = [telegram.InputMediaPhoto(p.data, caption=caption if i == 0 else None) for i, p in enumerate(pictures)]
        group = await self._ask(lambda chat_id: self._bot.send_media_group(chat_id, album, reply_parameters=reply))
        return [_id(message) for message in group]

    async def _ask(self, call: Callable[[int | str], Awaitable[T]]) -> T:
        """Make a call for the chat, and once more where it says that it has another number now: nothing went out yet."""
        try:
            return await answered(call(self.chat_id))
        except ChatMoved as moved:
            self.chat_id, self._moved = moved.chat_id, True
            return await answered(call(moved.chat_id))
        except PostRejected as problem:
            if not NOT_LET_IN.search(str(problem)):
                raise
            raise ChannelRevoked(
                f"{problem}; look at chat_id, and make the bot an administrator of the channel"
            ) from problem
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown(UNREADABLE) from error

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        return None

    def _address(self, message_id: str) -> str | None:
        if isinstance(self.chat_id, str):
            return f"https://t.me/{self.chat_id.lstrip('@')}/{message_id}"
        private = str(self.chat_id)
        return f"https://t.me/c/{private.removeprefix('-100')}/{message_id}" if private.startswith("-100") else None

    async def close(self) -> None:
        await self._bot.request.shutdown()


def _behind(reply_to: str | None) -> telegram.ReplyParameters | None:
    return telegram.ReplyParameters(int(reply_to), allow_sending_without_reply=True) if reply_to else None


def _id(message: object) -> str:
    if not isinstance(message, telegram.Message):
        raise OutcomeUnknown(UNREADABLE)
    return str(message.message_id)


async def username_of(token: str, base_url: str = HOST) -> str:
    """The name of the bot whose token this is, without its @; raises networks.errors."""
    bot = open_bot(token, base_url)
    try:
        return str((await answered(bot.get_me())).username)
    finally:
        await bot.request.shutdown()


async def answered(call: Awaitable[T]) -> T:
    """Await a call of the Bot API and turn what goes wrong into this project's few errors."""
    try:
        return await call
    except tg.RetryAfter as error:
        wait = error.retry_after
        raise RateLimited(wait if isinstance(wait, timedelta) else timedelta(seconds=wait)) from error
    except tg.ChatMigrated as error:
        raise ChatMoved(error.new_chat_id) from error
    except tg.InvalidToken as error:
        raise ChannelRevoked(
            "Telegram refuses the bot token; take the one @BotFather shows, for PORTEVOIX_BOT_TOKEN or the channel's own bot"
        ) from error
    except tg.Forbidden as error:
        raise ChannelRevoked(
            f"Telegram: {error.message}; make the bot an administrator of the channel again"
        ) from error
    except tg.BadRequest as error:  # before NetworkError, which it is a kind of
        raise PostRejected(f"Telegram: {error.message}") from error
    except tg.NetworkError as error:
        if "too large" in error.message.lower():  # 413
            raise PostRejected(f"Telegram: {error.message}; choose smaller pictures") from error
        if isinstance(error.__cause__, NEVER_SENT):
            raise NetworkDown(f"Telegram could not be reached: {error.message}") from error
        raise OutcomeUnknown(f"Telegram did not answer clearly ({error.message}); look at the channel") from error
    except tg.TelegramError as error:
        raise OutcomeUnknown(f"Telegram: {error.message}; look at the channel") from error
