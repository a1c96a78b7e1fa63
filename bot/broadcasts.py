"""What goes to a person unasked: a share kit's card, a digest of several, or a broadcast's message, with the way to end it within reach."""

from functools import lru_cache
from html import escape

from telegram import Bot, InlineKeyboardMarkup

from bot.cards import calmer, send_card
from bot.visit import House, button, unasked
from campaigns.handouts import Digest, Run
from campaigns.models import Post, Supporter
from campaigns.words import Words
from networks.pace import Pace
from networks.telegram import send_text


async def deliver(house: House, bot: Bot, pace: Pace, what: Run | Digest, supporter: Supporter) -> int:
    """For schedules.broadcasts: the message's id, or an error of networks.errors. The turn for it has been waited for."""
    words, chat = Words(supporter.language), supporter.telegram_id
    if isinstance(what, Digest):
        title = words.many("{n} message to share today", "{n} messages to share today", len(what.posts))
        text = f"📬 <b>{escape(title)}</b>\n\n" + words("Tap the one that you want to share:")
        posts = [[button(post.title, f"kit:card:{post.id}")] for post in what.posts]
        markup = InlineKeyboardMarkup([*posts, calmer(words)])
        return await unasked(send_text(bot, chat, text, html=True, markup=markup))
    if isinstance(what.what, Post):

        async def pause() -> None:
            await pace.turn(str(chat))

        return await unasked(send_card(house, bot, what.what, supporter, pause))
    return await unasked(send_text(bot, chat, what.text, markup=_calmer(words.language)))


@lru_cache
def _calmer(language: str) -> str:
    """Under a broadcast's message, the same for everybody who speaks this language."""
    return InlineKeyboardMarkup([calmer(Words(language))]).to_json()
