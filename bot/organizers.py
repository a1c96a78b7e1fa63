"""An organizer links their Telegram account, so that the bot can tell them what needs them. They do not join a campaign by it."""

import logging

from telegram import Bot

from bot import seats
from bot.visit import Visit, unasked
from campaigns import installation
from networks.telegram import send_text

log = logging.getLogger(__name__)


async def link(visit: Visit, code: str) -> None:
    """/start o-CODE, with the code of `organizers link`; nothing is kept of who brings a wrong one."""
    async with visit.house.database.write() as session:
        linked = await installation.link_telegram(session, code, visit.user.id, visit.words.language)
    if linked is None:
        await visit.say(
            visit.words("This code was used already, or is not known. Please ask for a new one: each works once.")
        )
        return
    organizer, former = linked
    log.info("organizer %d linked a Telegram account", organizer.id)
    said = visit.words(
        "Thank you, it is done: I will tell you here when a channel stops or a post does not go out. Nothing else changes: you did not join a campaign by this."
    )
    if await seats.seats(visit):
        said += "\n\n" + visit.words(
            "From here you can also write a post (/post), see and decide what waits (/desk), and speak live from a rally (/live). All of it: /help"
        )
    if former is not None:
        said += "\n\n" + visit.words("Another organizer’s address told this account until now; it does no more.")
    await visit.say(said)


async def tell(bot: Bot, telegram_id: int, text: str) -> None:
    """Write to an organizer; raises networks.errors, ChannelRevoked where this person blocked the bot."""
    await unasked(send_text(bot, telegram_id, text))
