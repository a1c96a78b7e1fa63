"""/idea: one message to the team, kept for its console, and the team's answer on its way back."""

from html import escape

from telegram import Bot, InlineKeyboardMarkup

from bot.visit import Visit, button, unasked
from campaigns import suggestions
from campaigns.models import Campaign
from campaigns.suggestions import Answer, SuggestionRefused
from campaigns.words import Words
from networks.telegram import send_text

WAIT_IDEA = "idea"
QUOTED = 200  # characters of the idea above its answer


async def begin(visit: Visit) -> None:
    """/idea, with the idea behind it or in the next message."""
    if visit.campaign is None or not await visit.takes_part():
        await visit.say(visit.words("First join the campaign: /start"))
        return
    if behind := " ".join(visit.text.split(maxsplit=1)[1:]):
        await _take(visit, behind, visit.campaign)
        return
    before = visit.data.get("idea", {}).get("step", "") if visit.step == WAIT_IDEA else visit.step
    await visit.remember(WAIT_IDEA, idea={"campaign": visit.campaign.id, "step": before})
    _ = visit.words
    text = _("What is your idea for “{campaign}”? Send it to me in one message.", campaign=escape(visit.campaign.name))
    await visit.say(f"💡 {text}", [[button("◀ " + _("Not now"), "idea:later")]])


async def tapped(visit: Visit) -> None:
    """idea:later: no idea after all."""
    _leave(visit)
    await visit.remember(visit.step)
    await visit.change_keyboard(None)


def _leave(visit: Visit) -> None:
    """Go back to what the dialogue was about before the question; the caller writes that."""
    if visit.step == WAIT_IDEA:
        visit.step = visit.data.pop("idea", {}).get("step", "")


async def take_text(visit: Visit) -> bool:
    """An idea in the middle of this conversation; False where none was asked for."""
    asked = visit.data.get("idea")
    if visit.step != WAIT_IDEA or asked is None:
        return False
    async with visit.house.database.read() as session:
        visit.campaign = await session.get(Campaign, asked["campaign"])
    if visit.campaign is None or not await visit.takes_part():
        _leave(visit)
        await visit.remember(visit.step)
        await visit.say(visit.words("First join the campaign: /start"))
        return True
    await _take(visit, visit.text, visit.campaign)
    return True


async def _take(visit: Visit, text: str, campaign: Campaign) -> None:
    assert visit.supporter is not None  # noqa: S101 - takes_part() said so
    try:
        async with visit.house.database.write() as session:
            await suggestions.suggest(session, visit.supporter.id, campaign.id, text, visit.house.clock())
            _leave(visit)
            await visit.remember_in(session)
    except SuggestionRefused as refused:
        await visit.say(visit.words(refused.msgid, **refused.values))
        return
    await visit.say("💡 " + visit.words("Thank you, it is noted! The team reads it, and its answer comes here."))


async def deliver(bot: Bot, answer: Answer) -> None:
    """Write a person the team's answer to their idea; raises networks.errors."""
    words, idea = Words(answer.supporter.language, answer.campaign.inclusive), answer.suggestion.text
    quoted = idea if len(idea) <= QUOTED else idea[:QUOTED].rstrip() + "…"
    text = [
        "💡 " + words("The team of “{campaign}” answers your idea:", campaign=escape(answer.campaign.name)),
        f"<blockquote>{escape(quoted)}</blockquote>",
        escape(answer.suggestion.answer or ""),
    ]
    markup = InlineKeyboardMarkup([[button("🔕 " + words("No more messages"), "me:stop")]])
    await unasked(send_text(bot, answer.supporter.telegram_id, "\n\n".join(text), html=True, markup=markup))
