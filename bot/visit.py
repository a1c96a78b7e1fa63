"""One update from a person: who they are, where the dialogue stands, and the ways to answer."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col
from telegram import Bot, Chat, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError
from telegram.ext import ContextTypes

from bot import handling
from bot.rows import Note, Rows, note
from campaigns import installation, supporters
from campaigns.broadcasts import LONGEST
from campaigns.counts import Counts
from campaigns.database import Database
from campaigns.models import Campaign, Dialogue, Participation, Supporter
from campaigns.settings import Settings
from campaigns.times import Clock
from campaigns.words import Words, language_of
from networks.errors import ChannelRevoked, NetworkDown
from networks.limits import utf16_units
from networks.telegram import answered, send_text

log = logging.getLogger(__name__)
T = TypeVar("T")

RENDERS_AT_ONCE = 2  # badges; each takes a core and tens of megabytes
LONGEST_PAUSE = timedelta(seconds=30)  # that an answer waits when Telegram asks to; beyond, the person taps again

Keyboard = list[list[InlineKeyboardButton]]


@dataclass(frozen=True, slots=True)
class House:
    """What every conversation needs, handed down by run_bot.py."""

    database: Database
    settings: Settings
    clock: Clock
    counts: Counts = field(default_factory=Counts)
    renders: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RENDERS_AT_ONCE))
    previews: dict[tuple[object, ...], str] = field(default_factory=dict)  # of frames: Telegram's references to them
    pictures: OrderedDict[str, bytes] = field(default_factory=OrderedDict)  # of posts in the making: bot.sent_pictures
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", Rows(self.database))  # frozen


@dataclass(slots=True)
class Visit:
    """One update, looked up beside the others in hand; `step` and `data` are written by `remember`."""

    house: House
    bot: Bot
    chat: Chat
    user: User
    update: Update
    supporter: Supporter | None
    campaign: Campaign | None
    step: str
    data: dict[str, Any]
    language: str
    answered: bool = False  # whether the button that was tapped has its answer

    @property
    def words(self) -> Words:
        """Their language, as the campaign writes it."""
        return Words(self.language, self.campaign.inclusive) if self.campaign else Words(self.language)

    @property
    def message(self) -> Message | None:
        return self.update.effective_message

    @property
    def text(self) -> str:
        return (self.update.message.text or "").strip() if self.update.message else ""

    @property
    def tapped(self) -> list[str]:
        """What stands behind the button that was tapped, cut at its colons."""
        query = self.update.callback_query
        return (query.data or "").split(":") if query else []

    def once(self, act: str) -> str:
        """A key under which an act of this update counts a single time: Telegram gives the update again after a crash."""
        return f"{self.bot.id}:{self.update.update_id}:{act}"

    async def takes_part(self) -> bool:
        """Whether the person joined the campaign and did not stop."""
        if self.supporter is None or self.campaign is None:
            return False
        place = await self.place()
        return place is not None and place.stopped_at is None

    async def place(self) -> Participation | None:
        """The person's place in the campaign, to read; who changes it reads it in the transaction that does."""
        if self.supporter is None or self.campaign is None:
            return None
        return await self.house.rows.places.read((self.supporter.id, self.campaign.id))

    async def says_silence(self, campaign: Campaign) -> bool:
        """Whether the law imposes silence on this person's territory now; then they are told so, and until when."""
        rows = self.house.rows
        place = await rows.places.read((self.supporter.id, campaign.id)) if self.supporter else None
        window = await rows.windows.read((campaign.id, place.territory_id if place else None, self.house.clock()))
        if window is None:
            return False
        until = self.words.moment(window.ends_at, campaign.timezone, "d MMMM HH:mm")
        text = self.words("Near a vote the law imposes silence: nothing new until {until}.", until=until)
        await self.tell(text, sign="🤫 ")
        return True

    async def speak(self, language: str) -> None:
        """Go on in this language, now and later."""
        self.language = language
        if self.supporter is None:
            await self.remember(self.step, language=language)
        async with self.house.database.write() as session:
            organizer = await installation.organizer_of(session, self.user.id)
            if organizer is not None:
                organizer.language = language
            if self.supporter is not None:
                person = await session.get_one(Supporter, self.supporter.id)
                person.language = language

    async def remember(self, step: str, **data: Any) -> None:
        """Write where the dialogue stands; `data` is added to what is known, None takes a thing away."""
        self.step = step
        self.data = {key: value for key, value in {**self.data, **data}.items() if value is not None}
        await self.house.rows.notes.write([self._note()])

    async def remember_in(self, session: AsyncSession) -> None:
        """The same as a part of the caller's transaction."""
        await note(session, [self._note()])

    def _note(self) -> Note:
        kept = bool(self.supporter is not None or self.step or self.data)  # no row is kept of who did not say yes
        campaign_id = self.campaign.id if self.campaign else None
        return Note(self.chat.id, campaign_id, self.step, dict(self.data), self.house.clock(), kept)

    async def say(self, text: str, keyboard: Keyboard | None = None) -> int:
        """Send a message in Telegram's HTML; its number."""
        markup = InlineKeyboardMarkup(keyboard) if keyboard else None
        return await patiently(lambda: send_text(self.bot, self.chat.id, text, html=True, markup=markup))

    async def answer(self, text: str | None = None, *, alert: bool = False) -> None:
        """End the pending state of the button that was tapped; only the first answer is shown."""
        if self.update.callback_query and not self.answered:
            self.answered = True
            try:
                await self.update.callback_query.answer(text, show_alert=alert)
            except TelegramError as error:
                log.debug("a tap could not be answered, mostly because it is too old: %s", type(error).__name__)

    async def tell(self, text: str, sign: str = "") -> None:
        """Say why something cannot be done: above the chat to who tapped a button, else as a message with its sign."""
        if self.update.callback_query:
            await self.answer(text, alert=True)
        else:
            await self.say(sign + text)

    async def change_keyboard(self, keyboard: Keyboard | None) -> None:
        """Replace the buttons of the message whose button was tapped."""
        query = self.update.callback_query
        if query is not None and isinstance(query.message, Message):  # else it is too old for a bot to change
            markup = InlineKeyboardMarkup(keyboard) if keyboard else None
            await unless_the_same(lambda: query.edit_message_reply_markup(markup))

    async def take_buttons_from(self, message_id: int, but: Keyboard | None = None) -> None:
        """Take the buttons from another message of this chat, or leave it some."""
        markup = InlineKeyboardMarkup(but) if but else None
        await unless_the_same(lambda: self.bot.edit_message_reply_markup(self.chat.id, message_id, reply_markup=markup))

    async def change_message(self, message_id: int, text: str, keyboard: Keyboard | None = None) -> None:
        """Replace another text of the bot's in this chat, and its buttons."""
        markup, where = InlineKeyboardMarkup(keyboard) if keyboard else None, (self.chat.id, message_id)
        await unless_the_same(
            lambda: self.bot.edit_message_text(text, *where, parse_mode=ParseMode.HTML, reply_markup=markup)
        )

    async def change_text(self, text: str, keyboard: Keyboard | None = None) -> None:
        """Replace a text whose button was tapped, and its buttons."""
        query = self.update.callback_query
        if query is not None and isinstance(query.message, Message):
            markup = InlineKeyboardMarkup(keyboard) if keyboard else None
            await unless_the_same(lambda: query.edit_message_text(text, ParseMode.HTML, reply_markup=markup))


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Make a call; where Telegram asks to wait a little, wait and make it once more."""
    try:
        return await call()
    except RetryAfter as error:
        pause = error.retry_after if isinstance(error.retry_after, timedelta) else timedelta(seconds=error.retry_after)
        if pause > LONGEST_PAUSE:
            raise
        await asyncio.sleep(pause.total_seconds())
        return await call()


async def unasked(call: Awaitable[T]) -> T:
    """Await a call that writes to somebody who did not write first; raises networks.errors.

    ChannelRevoked means that this person blocked the bot; where Telegram refuses the bot's token, nobody is gone.
    """
    try:
        return await answered(call)
    except ChannelRevoked as problem:
        if isinstance(problem.__cause__, Forbidden):
            raise ChannelRevoked("this person blocked the bot, or left Telegram") from problem
        raise NetworkDown(str(problem)) from problem


async def unless_the_same(call: Callable[[], Awaitable[T]]) -> T | None:
    """Edit a message. A button that is tapped twice asks for what is there already: that is no error."""
    try:
        return await patiently(call)
    except BadRequest as error:
        if (
            "not modified" not in error.message
            and "not found" not in error.message
            and "can't be edited" not in error.message
        ):
            raise
        return None


async def forget_dialogue(session: AsyncSession, chat_id: int) -> None:
    await session.execute(delete(Dialogue).where(col(Dialogue.chat_id) == chat_id))


async def mark_gone(house: House, user_id: int) -> None:
    """The person blocked the bot: nobody writes to them until they come back; of a stranger nothing stays."""
    async with house.database.write() as session:
        await supporters.mark_gone(session, user_id, house.clock())
        if await supporters.find_supporter(session, user_id) is None:
            await forget_dialogue(session, user_id)


async def say_sorry(bot: Bot, chat: Chat, words: Words) -> None:
    """Whatever went wrong, the person gets a sentence, not silence."""
    try:
        await bot.send_message(chat.id, words("Something went wrong on our side. Please try again in a moment."))
    except TelegramError as error:
        log.warning("nor could they be told: %s", type(error).__name__)


Conversation = Callable[[Visit], Awaitable[None]]
Handler = Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]


def conversation(talk: Conversation) -> Handler:
    """Make a handler for python-telegram-bot from a conversation that takes a Visit."""

    async def handler(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        chat, user = update.effective_chat, update.effective_user
        if chat is None or user is None or chat.type != Chat.PRIVATE:
            return  # people are spoken with alone
        house: House = context.application.bot_data["house"]
        visit = await look_up(house, context.bot, update, chat, user)
        try:
            await talk(visit)
        except Forbidden:
            handling.ended(handling.BLOCKED)
            await mark_gone(house, user.id)
        except Exception:
            handling.ended(handling.FAILED)
            log.exception("update %d could not be handled", update.update_id)
            await say_sorry(visit.bot, chat, visit.words)
        await visit.answer()

    return handler


async def look_up(house: House, bot: Bot, update: Update, chat: Chat, user: User) -> Visit:
    known = await house.rows.known.read((user.id, chat.id))
    assert known is not None  # noqa: S101 - there is one for each key
    data = dict(known.dialogue.data) if known.dialogue else {}
    step = known.dialogue.step if known.dialogue else ""
    language = known.supporter.language if known.supporter else data.get("language") or language_of(user.language_code)
    return Visit(house, bot, chat, user, update, known.supporter, known.campaign, step, data, language)


def in_messages(lines: Iterable[str]) -> list[str]:
    """The lines in as few messages as Telegram takes; no line has markup that another one closes."""
    messages = [""]
    for line in lines:
        longer = f"{messages[-1]}\n{line}" if messages[-1] else line
        if utf16_units(longer) <= LONGEST:
            messages[-1] = longer
        else:
            messages.append(line)
    return messages


def number(text: str) -> int | None:
    """A row's number behind a button or a link; None for what was written there by hand."""
    return int(text) if text.isdecimal() and len(text) < 10 else None


def button(label: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=data)
