"""The bot put together: which conversation answers what, its commands, and its life beside the web server."""

import asyncio
import logging
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from telegram import ChatMember, Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    ChosenInlineResultHandler,
    CommandHandler,
    ContextTypes,
    InlineQueryHandler,
    MessageHandler,
    filters,
)

from bot import (
    about_me,
    approvals,
    badge_maker,
    broadcast_dialogue,
    broadcast_progress,
    broadcasts,
    cards,
    consents,
    desk,
    drafting,
    events,
    handling,
    ideas,
    inline,
    invitations,
    joining,
    leaders,
    live,
    menus,
    missions,
    my_data,
    own_words,
    places,
    rhythm,
    second_yes,
    signup_messages,
    team,
    team_messages,
)
from bot.badge_draft import WAIT_PHOTO
from bot.handling import Handling
from bot.intake import Intake
from bot.polling import REMEMBERED, FreshUpdates, Poller
from bot.visit import House, Visit, conversation, mark_gone, say_sorry
from bot.webhook import Webhook
from campaigns import bot_updates, health
from campaigns.approval_notices import Notice, Reader
from campaigns.broadcast_watches import Watched
from campaigns.handouts import Digest, Run
from campaigns.models import Supporter
from campaigns.roles import Menu
from campaigns.signup_messages import Told
from campaigns.stores import STORE_AWAY, said_by
from campaigns.suggestions import Answer
from campaigns.words import Words
from networks.pace import Pace
from networks.telegram import open_bot

log = logging.getLogger(__name__)

CONNECTIONS = 100  # as many answers as updates may be in hand
BROADCAST_CONNECTIONS = 96  # apart, so that no answer waits for one of them
TURN = 10.0  # seconds that a look at how far a broadcast is waits for its turn


def build(house: House, pace: Pace, updates: FreshUpdates) -> "Application":  # type: ignore[type-arg] # six parameters that say nothing here
    """The application of python-telegram-bot, with every conversation, around a bot on the host of the settings."""
    token, host = house.settings.bot_token.get_secret_value(), house.settings.telegram_base_url
    bot = open_bot(token, host, connections=CONNECTIONS, pace=pace, updates=updates)
    app = ApplicationBuilder().bot(bot).updater(None).job_queue(None).build()
    app.bot_data["house"] = house
    for name, talk in (
        ("start", joining.start),
        ("posts", cards.list_posts),
        ("badge", badge_maker.begin),
        ("missions", missions.list_missions),
        ("events", events.list_events),
        ("evenements", events.list_events),
        ("me", about_me.figures),
        ("invite", invitations.invite),
        ("idea", ideas.begin),
        ("rhythm", rhythm.overview),
        ("rythme", rhythm.overview),
        ("consents", consents.overview),
        ("team", team.overview),
        ("equipe", team.overview),
        ("broadcast", broadcast_dialogue.begin),
        ("diffuser", broadcast_dialogue.begin),
        ("mydata", my_data.show),
        ("stop", about_me.stop),
        ("delete", about_me.delete),
        ("help", about_me.help_),
        ("post", drafting.begin),
        ("publier", drafting.begin),
        ("live", live.begin),
        ("desk", desk.begin),
        ("bureau", desk.begin),
    ):
        app.add_handler(CommandHandler(name, conversation(talk), filters.UpdateType.MESSAGE))
    for prefix, tapped in (
        ("join", joining.tapped),
        ("kit", cards.tapped),
        ("own", own_words.tapped),
        ("badge", badge_maker.tapped),
        ("mission", missions.tapped),
        ("event", events.tapped),
        ("idea", ideas.tapped),
        ("me", about_me.tapped),
        ("consent", consents.tapped),
        ("rhythm", rhythm.tapped),
        ("leader", leaders.tapped),
        ("team", team.tapped),
        ("cast", broadcast_dialogue.tapped),
        ("going", broadcast_progress.tapped),
        ("second", second_yes.tapped),
        ("menu", _menu),
        ("post", drafting.tapped),
        ("yes", approvals.tapped),
        ("desk", desk.tapped),
        ("live", live.tapped),
    ):
        app.add_handler(CallbackQueryHandler(conversation(tapped), pattern=rf"^{prefix}:"))
    app.add_handler(CallbackQueryHandler(conversation(_old_button)))
    app.add_handler(
        MessageHandler(filters.UpdateType.MESSAGE & (filters.PHOTO | filters.Document.ALL), conversation(_photo))
    )
    app.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filters.TEXT, conversation(_text)))
    app.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filters.LOCATION, conversation(_location)))
    app.add_handler(MessageHandler(filters.UpdateType.MESSAGE & ~filters.StatusUpdate.ALL, conversation(_other)))
    app.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, conversation(_edited)))
    app.add_handler(InlineQueryHandler(inline.answer))
    app.add_handler(ChosenInlineResultHandler(inline.chosen))
    app.add_handler(ChatMemberHandler(_membership, ChatMemberHandler.MY_CHAT_MEMBER))
    app.add_error_handler(_could_not_begin)
    return app


async def _menu(visit: Visit) -> None:
    talks = {"posts": cards.list_posts, "badge": badge_maker.begin, "me": about_me.figures}
    await talks.get((*visit.tapped, "")[1], about_me.help_)(visit)


async def _text(visit: Visit) -> None:
    if not visit.text.startswith("/"):
        for take_text in (
            live.take_message,
            drafting.take_message,
            approvals.take_text,
            own_words.take_text,
            missions.take_text,
            ideas.take_text,
            team_messages.take_text,
            broadcast_dialogue.take_text,
            badge_maker.take_text,
            places.take_text,
        ):
            if await take_text(visit):
                return
        if await drafting.offer(visit):
            return
    await about_me.unknown(visit)


async def _photo(visit: Visit) -> None:
    """A picture is a badge's, but for an organizer who writes a post, or forwards one."""
    if await live.take_message(visit) or await drafting.take_message(visit):
        return
    if visit.step != WAIT_PHOTO and await drafting.offer(visit):
        return
    await badge_maker.take_photo(visit)


async def _other(visit: Visit) -> None:
    if not await live.take_message(visit) and not await drafting.take_message(visit):
        await badge_maker.not_a_photo(visit)


async def _edited(visit: Visit) -> None:
    """Only the messages of organizers change anything afterwards."""
    if not await live.edited(visit):
        await drafting.edited(visit)


async def _location(visit: Visit) -> None:
    if not await places.take_location(visit):
        await badge_maker.not_a_photo(visit)


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
        await mark_gone(house, change.from_user.id)


async def _could_not_begin(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """What went wrong before a conversation began, such as a store that cannot be read."""
    handling.ended(handling.FAILED)
    log.error("an update could not be handled", exc_info=context.error)
    chat, user = (update.effective_chat, update.effective_user) if isinstance(update, Update) else (None, None)
    if chat is not None and user is not None and chat.type == chat.PRIVATE:
        await say_sorry(context.bot, chat, Words(user.language_code or ""))


class BotRunner:
    """The bot's life in a process that has other things to do: `start`, then `stop`.

    How it hears is the setting's: it polls, or Telegram brings updates, which whoever serves the address gives to `take`.
    """

    def __init__(self, house: House, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        updates = FreshUpdates(1)
        self.app = build(house, self.pace, updates)
        token, host = house.settings.bot_token.get_secret_value(), house.settings.telegram_base_url
        self._crier = open_bot(token, host, connections=BROADCAST_CONNECTIONS)
        self._house = house
        handled = Handling(house.counts, self.app.process_update)
        self.poller = Poller(self.app.bot, handled, self._heard)
        updates.knows = self.poller.knows
        self.intake = Intake(house, self.app.bot, handled)
        self._webhook = self._its_webhook() if house.settings.bot_updates == "webhook" else None
        self._registered = False
        self._last_beat: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    def _its_webhook(self) -> Webhook:
        settings, vault = self._house.settings, self._house.database.vault
        assert vault is not None  # noqa: S101 - a program's store is opened with it
        door = bot_updates.door_of(vault, settings.bot_token.get_secret_value())
        return Webhook(self.app.bot, f"{settings.site_url}{bot_updates.ADDRESS}/{door.place}", door.word, self._heard)

    @property
    def username(self) -> str:
        return str(self.app.bot.username)

    async def deliver(self, what: Run | Digest, supporter: Supporter) -> int:
        """Serve one person of a broadcast, with a share kit, or with their digest; raises networks.errors."""
        return await broadcasts.deliver(self._house, self._crier, self.pace, what, supporter)

    async def answer(self, answer: Answer) -> None:
        """Take the team's answer to whoever sent the idea; raises networks.errors."""
        await ideas.deliver(self.app.bot, answer)

    async def tell_of_signup(self, told: Told) -> None:
        """Tell somebody of what they signed up for; raises networks.errors."""
        await signup_messages.deliver(self._crier, told)

    async def show_menu(self, menu: Menu) -> None:
        """Give a chat the commands of its roles; raises networks.errors."""
        await menus.show(self._crier, menu)

    async def show_progress(self, watched: Watched) -> bool:
        """Edit the message in which somebody watches a broadcast; False where there was no turn for it. Raises networks.errors.

        It takes a turn of the broadcasts, and never one of an answer.
        """
        try:
            async with asyncio.timeout(TURN):
                await self.pace.turn(str(watched.chat_id))
        except TimeoutError:
            return False
        await broadcast_progress.refresh(self._crier, watched)
        return True

    async def tell_of_approval(self, notice: Notice, reader: Reader) -> None:
        """Ask an organizer for their yes, or tell an author what became of their post; raises networks.errors."""
        await approvals.deliver(self._house, self.app.bot, notice, reader)

    async def register(self) -> bool:
        """From here on the bot is meant to run, and health says so when it does not hear Telegram. False where that could not be written."""
        self._registered = True
        try:
            async with self._house.database.write() as session:
                await health.beat(session, health.POLLER, self._house.clock())
        except (SQLAlchemyError, OSError) as error:  # a deaf bot would be worse than one that looks dead
            log.warning("the bot's heartbeat could not be written: %s", said_by(error))
            return False
        return True

    async def unregister(self) -> None:
        try:
            async with self._house.database.write() as session:
                await health.leave(session, health.POLLER)
        except STORE_AWAY as error:
            log.warning("that the bot ends in good order could not be written: %s", said_by(error))

    async def _heard(self) -> None:
        """Telegram answered."""
        now = self._house.clock()
        if self._last_beat is not None and abs(now - self._last_beat) < health.BEAT:
            return
        if await self.register():
            self._last_beat = now

    async def start(self) -> None:
        """Raises telegram.error.InvalidToken, or NetworkError where Telegram cannot be reached."""
        await self.app.initialize()
        await menus.show_everybodys(self.app.bot)
        if self._webhook is not None:
            self.intake.open()  # before Telegram knows the address
            await self._webhook.begin()
            self._task = asyncio.create_task(self._webhook.run())
            return
        async with self._house.database.read() as session:
            handled = await bot_updates.handled_last(session, self.app.bot.id, REMEMBERED)
        await self.poller.begin(reversed(handled))  # the newest last, which is remembered longest
        self._task = asyncio.create_task(self.poller.run())

    async def take(self, update: dict[str, Any]) -> None:
        """Handle an update that Telegram brought; raises campaigns.bot_updates.NotNow, and what the store raises."""
        await self.intake.take(update)

    async def heard_its_last(self) -> None:
        """Returns when the bot can hear nothing any more although nobody stopped it; raises what ended it."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def hush(self) -> None:
        """Hear nothing new, and end what is in hand; others may still send through the bot."""
        (self._webhook or self.poller).stop()
        await self.intake.close()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def close(self) -> None:
        """Give the connections back."""
        await self.intake.close()
        if self._registered:  # who only sends leaves the row of the process that hears
            await self.unregister()
        await self.app.shutdown()
        await self._crier.request.shutdown()

    async def stop(self) -> None:
        await self.hush()
        await self.close()
