"""What goes to a person unasked: a share kit's card, or a broadcast's message, with the way to end it within reach."""

from telegram import Bot, InlineKeyboardMarkup

from bot.cards import send_card
from bot.visit import House, button, unasked
from campaigns.handouts import Run
from campaigns.models import Post, Supporter
from campaigns.words import Words
from networks.pace import Pace


async def deliver(house: House, bot: Bot, pace: Pace, run: Run, supporter: Supporter) -> int:
    """For schedules.broadcasts: the message's id, or an error of networks.errors. The turn for it has been waited for."""
    if isinstance(run.what, Post):

        async def pause() -> None:
            await pace.turn(str(supporter.telegram_id))

        return (await unasked(send_card(house, bot, run.what, supporter, pause))).message_id
    words = Words(supporter.language)
    markup = InlineKeyboardMarkup([[button("🔕 " + words("No more messages"), "me:stop")]])
    return (await unasked(bot.send_message(supporter.telegram_id, run.text, reply_markup=markup))).message_id
