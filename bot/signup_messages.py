"""What goes unasked to who signed up for an event or a mission: a reminder, or that it was moved or called off."""

from html import escape

from telegram import Bot, InlineKeyboardMarkup
from telegram.constants import ParseMode

from bot.cards import calmer
from bot.events import when_and_where
from bot.visit import Keyboard, button, unasked
from campaigns.models import Event, Occasion
from campaigns.plan_words import bus_line, moment_of
from campaigns.signup_messages import Told
from campaigns.words import Words


async def deliver(bot: Bot, told: Told) -> None:
    """Write to one person; raises networks.errors."""
    words = Words(told.supporter.language)
    markup = InlineKeyboardMarkup([*_ways(words, told), calmer(words)])
    await unasked(bot.send_message(told.supporter.telegram_id, text_of(words, told), ParseMode.HTML, reply_markup=markup))  # fmt: skip


def text_of(words: Words, told: Told) -> str:
    """What the person reads, in Telegram's HTML."""
    _, plan, title = words, told.plan, escape(told.plan.title)
    headline = {
        Occasion.reminder: "🔔 " + _("Reminder: “{title}”", title=title),
        Occasion.moved: "🔁 " + _("“{title}” has changed. This is how it is now:", title=title),
        Occasion.no_bus: "🚌 " + _("Your bus to “{title}” does not run. Choose another one, or come on your own.", title=title),
        Occasion.called_off: "❌ " + _("“{title}” is called off: it does not take place.", title=title),
    }[told.message.occasion]  # fmt: skip
    lines = [f"<b>{headline}</b>", ""]
    if isinstance(plan, Event):
        lines += when_and_where(_, plan, told.campaign)
        if told.bus is not None and told.message.occasion is not Occasion.called_off:
            lines.append("🚌 " + _("Your bus – {bus}", bus=escape(bus_line(_, told.bus, plan))))
    else:
        lines += [f"📅 {moment_of(_, plan.starts_at, plan.timezone, told.campaign)}", f"📍 {escape(plan.place)}"]
    return "\n".join(lines)


def _ways(words: Words, told: Told) -> Keyboard:
    """What the person may want to do about it."""
    if told.message.occasion is Occasion.called_off:
        return []
    _, plan = words, told.plan
    if isinstance(plan, Event):
        see, leave = f"event:card:{plan.code}", f"event:not:{plan.code}"
    else:
        see, leave = f"mission:card:{plan.id}", f"mission:not:{plan.id}"
    return [[button("👁 " + _("See it"), see), button("↩ " + _("I cannot come any more"), leave)]]
