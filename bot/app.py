"""The bot put together: which conversation answers what, its commands, and its life beside the web server."""

import asyncio
import logging

from telegram import BotCommand, ChatMember, Update
from telegram.error import NetworkError, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot import about_me, badge_maker, cards, joining
from bot.polling import Poller
from bot.visit import House, Visit, conversation
from campaigns import supporters
from campaigns.words import Words
from networks.telegram import open_bot

log = logging.getLogger(__name__)

CONNECTIONS = 32
COMMANDS = (
    ("posts", "messages to share from your own accounts"),
    ("badge", "your support badge, from your photo"),
    ("me", "your figures and your invitation link"),
    ("help", "what I can do for you"),
    ("stop", "no more messages, or erase everything"),
)


def build(house: House) -> "Application":  # type: ignore[type-arg] # six parameters that say nothing here
    """The application of python-telegram-bot, with every conversation, around a bot on the host of the settings."""
    settings = house.settings
    bot = open_bot(settings.bot_token.get_secret_value(), settings.telegram_base_url, connections=CONNECTIONS)
    app = ApplicationBuilder().bot(bot).updater(None).job_queue(None).build()
    app.bot_data["house"] = house
    for name, talk in (
        ("start", joining.start),
        ("posts", cards.list_posts),
        ("badge", badge_maker.begin),
        ("me", about_me.figures),
        ("stop", about_me.stop),
        ("help", about_me.help_),
    ):
        app.add_handler(CommandHandler(name, conversation(talk), filters.UpdateType.MESSAGE))
    for prefix, tapped in (
        ("join", joining.tapped),
        ("kit", cards.tapped),
        ("badge", badge_maker.tapped),
        ("me", about_me.tapped),
        ("menu", _menu),
    ):
        app.add_handler(CallbackQueryHandler(conversation(tapped), pattern=rf"^{prefix}:"))
    app.add_handler(CallbackQueryHandler(conversation(_old_button)))
    app.add_handler(
        MessageHandler(
            filters.UpdateType.MESSAGE & (filters.PHOTO | filters.Document.ALL), conversation(badge_maker.take_photo)
        )
    )
    app.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filters.TEXT, conversation(_text)))
    app.add_handler(
        MessageHandler(filters.UpdateType.MESSAGE & ~filters.StatusUpdate.ALL, conversation(badge_maker.not_a_photo))
    )
    app.add_handler(ChatMemberHandler(_membership, ChatMemberHandler.MY_CHAT_MEMBER))
    app.add_error_handler(_say_sorry)
    return app


async def _menu(visit: Visit) -> None:
    talks = {"posts": cards.list_posts, "badge": badge_maker.begin, "me": about_me.figures}
    await talks.get((*visit.tapped, "")[1], about_me.help_)(visit)


async def _text(visit: Visit) -> None:
    if visit.text.startswith("/") or not await badge_maker.take_text(visit):
        await about_me.unknown(visit)


async def _old_button(visit: Visit) -> None:
    await visit.answer(visit.words("This button is no longer known. Type /help"), alert=True)


async def _membership(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """The person blocked the bot: nobody writes to them until they come back with /start."""
    change, house = update.my_chat_member, context.application.bot_data["house"]
    if (
        change is not None
        and change.chat.type == change.chat.PRIVATE
        and change.new_chat_member.status == ChatMember.BANNED
    ):
        async with house.database.write() as session:
            await supporters.mark_gone(session, change.from_user.id, house.clock())


async def _say_sorry(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Whatever went wrong is logged; the person gets a sentence, not silence."""
    log.error("an update could not be handled", exc_info=context.error)
    if isinstance(update, Update) and update.effective_chat is not None and not isinstance(context.error, NetworkError):
        words = Words(update.effective_user.language_code or "" if update.effective_user else "")
        try:
            await context.bot.send_message(
                update.effective_chat.id, words("Something went wrong on our side. Please try again in a moment.")
            )
        except TelegramError as error:
            log.warning("nor could they be told: %s", error)


class BotRunner:
    """The bot's life in a process that has other things to do: `start`, then `stop`."""

    def __init__(self, house: House) -> None:
        self.app = build(house)
        self.poller = Poller(self.app.bot, self.app.process_update)
        self._task: asyncio.Task[None] | None = None

    @property
    def username(self) -> str:
        return str(self.app.bot.username)

    async def start(self) -> None:
        """Raises telegram.error.InvalidToken, or NetworkError where Telegram cannot be reached."""
        await self.app.initialize()
        for language in ("fr", "en"):
            words = Words(language)
            commands = [BotCommand(name, words(text)) for name, text in COMMANDS]
            # Without a language code they hold for everybody else: French.
            await self.app.bot.set_my_commands(commands, language_code=None if language == "fr" else language)
        self._task = asyncio.create_task(self.poller.run())

    async def stop(self) -> None:
        self.poller.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        await self.app.shutdown()
