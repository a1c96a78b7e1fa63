"""A message that waits for somebody else's yes: whoever may give it gets it with two buttons, and its author hears of the answer."""

import logging
from html import escape

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Bot, InlineKeyboardMarkup
from telegram.constants import ParseMode

from bot.broadcast_progress import refresh
from bot.visit import Visit, button, number, unasked
from campaigns import broadcast_watches, broadcasts, installation, leaders
from campaigns.broadcasts import BroadcastRefused, preview, segment_of
from campaigns.figures import SMALLEST
from campaigns.leaders import Second
from campaigns.models import Broadcast, BroadcastState, Campaign, Organizer, Supporter, Territory
from campaigns.stamp import stamp_of, stamped
from campaigns.words import Words
from networks.errors import NetworkProblem

log = logging.getLogger(__name__)


async def ask(visit: Visit, broadcast: Broadcast) -> int:
    """Show it to everybody who may say yes; how many were reached. Who was not finds it in the console."""
    async with visit.house.database.read() as session:
        people = await leaders.seconds(session, broadcast, visit.house.clock())
        campaign = await session.get_one(Campaign, broadcast.campaign_id)
        territory = await session.get(Territory, broadcast.territory_id or 0)
        found = await preview(session, segment_of(broadcast), visit.house.clock())
    reached = 0
    for each in people:
        words = Words(each.language, campaign.inclusive)
        by = words("{name} wants to write:", name=escape(visit.user.first_name))
        to = words.many("to {n} person", "to {n} people", found.people)
        if broadcast.supporter_id is not None and found.people < SMALLEST:
            to = words("To fewer than {n} people", n=SMALLEST)
        where = escape(territory.name) if territory else words("everybody")
        head = f"🙋 <b>{escape(campaign.name)}</b>\n\n{by} {where} · {to}. " + words("It waits for your yes, or somebody else’s.")  # fmt: skip
        keyboard = [
            [button("✅ " + words("Yes, send it"), f"second:yes:{broadcast.id}")],
            [button("↩ " + words("Not like this"), f"second:no:{broadcast.id}")],
        ]
        try:
            bot, chat, quiet = visit.bot, each.telegram_id, each.rests
            await unasked(
                bot.send_message(chat, stamped(broadcast.text, stamp_of(campaign)), disable_notification=quiet)
            )
            markup = InlineKeyboardMarkup(keyboard)
            await unasked(bot.send_message(chat, head, ParseMode.HTML, reply_markup=markup, disable_notification=quiet))
        except NetworkProblem as problem:
            log.warning(
                "somebody who may say yes to broadcast %d was not reached: %s", broadcast.id, type(problem).__name__
            )
        else:
            reached += 1
    return reached


async def tapped(visit: Visit) -> None:
    """second:ANSWER:BROADCAST."""
    _, answer, value = (*visit.tapped, "", "")[:3]
    words, ident = visit.words, number(value) or 0
    async with visit.house.database.read() as session:
        broadcast = await session.get(Broadcast, ident)
    if broadcast is None:
        await visit.answer(words("This message is no longer known."), alert=True)
        return
    try:
        async with visit.house.database.write() as session:
            broadcast = await session.get_one(Broadcast, ident)
            await _answer(session, visit, broadcast, agreed=answer == "yes")
    except BroadcastRefused as refused:
        await visit.answer(words(refused.msgid, **refused.values), alert=True)
        async with visit.house.database.read() as session:
            broadcast = await session.get_one(Broadcast, ident)
        if broadcast.state is not BroadcastState.submitted:  # decided by somebody else
            await visit.change_keyboard(None)
        return
    said = words("Thank you: it goes out.") if answer == "yes" else words("Noted: it is a draft again.")
    await visit.change_text(("✅ " if answer == "yes" else "↩ ") + said)
    await _tell_author(visit.bot, visit, broadcast, agreed=answer == "yes")


async def _answer(session: AsyncSession, visit: Visit, broadcast: Broadcast, *, agreed: bool) -> None:
    """Raises BroadcastRefused."""
    now, state = visit.house.clock(), broadcast.state
    if state is not BroadcastState.submitted:
        raise BroadcastRefused(broadcasts.NOT_NOW[state])
    leads = visit.supporter and await leaders.seat_in(session, visit.supporter.id, broadcast.territory_id)
    if visit.supporter is not None and leads and broadcast.supporter_id is not None:
        decide = leaders.give_second_yes if agreed else leaders.give_second_no
        await decide(session, broadcast, visit.supporter.id, now)
        return
    organizer = await installation.organizer_of(session, visit.user.id)
    if organizer is None:
        raise BroadcastRefused(broadcasts.NOT_ALLOWED)
    await (broadcasts.send if agreed else broadcasts.send_back)(session, broadcast, organizer.id, now)


async def _tell_author(bot: Bot, visit: Visit, broadcast: Broadcast, *, agreed: bool) -> None:
    """What became of it, with the way on; whom the bot cannot reach finds it in /team, /broadcast or the console."""
    async with visit.house.database.read() as session:
        author = await _author(session, broadcast)
        campaign = await session.get_one(Campaign, broadcast.campaign_id)
    if author is None:
        return
    words, theirs = Words(author.language, campaign.inclusive), broadcast.supporter_id is not None
    if agreed:
        text, keyboard = "✅ " + words("Somebody else said yes: your message goes out."), []
    else:
        text = "↩ " + words("Not like this, says who was asked for a second yes. Your message is a draft again.")
        anew = f"team:text:{broadcast.id}:{broadcast.territory_id}" if theirs else f"cast:text::{broadcast.id}"
        keyboard = [[button("✏️ " + words("Write it anew"), anew)]]
    try:
        markup = InlineKeyboardMarkup(keyboard) if keyboard else None
        await unasked(bot.send_message(author.telegram_id, text, reply_markup=markup))
        if agreed:
            await _show_progress(bot, visit, broadcast, author, theirs=theirs)
    except NetworkProblem as problem:
        log.warning("the author of broadcast %d was not told: %s", broadcast.id, type(problem).__name__)


async def _author(session: AsyncSession, broadcast: Broadcast) -> Second | None:
    if broadcast.supporter_id is not None:
        writer = await session.get(Supporter, broadcast.supporter_id)
        return Second(writer.telegram_id, writer.language) if writer else None
    organizer = await session.get(Organizer, broadcast.organizer_id or 0)
    if organizer is None or organizer.telegram_id is None:
        return None
    return Second(organizer.telegram_id, organizer.language)


async def _show_progress(bot: Bot, visit: Visit, broadcast: Broadcast, author: Second, *, theirs: bool) -> None:
    """A message of the author's own that shows how far it is."""
    sent = await unasked(bot.send_message(author.telegram_id, "📣 …"))
    async with visit.house.database.write() as session:
        who = {"supporter_id": broadcast.supporter_id} if theirs else {"organizer_id": broadcast.organizer_id}
        await broadcast_watches.watch(session, broadcast.id, sent.message_id, **who)
        found = await broadcast_watches.watched(session, broadcast.id)
    for each in found:
        if each.message_id == sent.message_id and each.chat_id == author.telegram_id:
            await refresh(bot, each)
