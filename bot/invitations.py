"""/invite: one's own link into the campaign, as a picture for a phone's camera and as a message to send on."""

import asyncio
from html import escape

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import ParseMode

from bot.visit import Visit, patiently
from campaigns import supporters
from campaigns.consents import has_consent
from campaigns.engagement import counts_of
from campaigns.invitations import invitation_link, qr_picture
from campaigns.models import Kind, Purpose
from networks.share_intents import share_intent


async def invite(visit: Visit) -> None:
    """The picture with the link, how many came by it, and a button to send it to somebody."""
    campaign, supporter = visit.campaign, visit.supporter
    if campaign is None or supporter is None or not await visit.takes_part():
        await visit.say(visit.words("First join the campaign: /start"))
        return
    if await visit.says_silence(campaign):
        return
    async with visit.house.database.read() as session:
        who = session, supporter.id, campaign.id
        place = await supporters.participation(*who)
        counted = await has_consent(*who, Purpose.counting)
        recruits = (await counts_of(*who))[Kind.recruited]
    assert place is not None  # noqa: S101 - takes_part() said so
    link, _ = invitation_link(visit.house.settings.telegram_link, visit.bot.username, place), visit.words
    lines = [
        f"🤝 <b>{escape(campaign.name)}</b> · " + _("Your invitation"),
        _("Who opens this link, or points a phone at this picture, comes to the campaign through you:"),
        escape(link),
        _("People you brought in: {n}", n=f"<b>{recruits}</b>") + "\n" + _("Each person counts once.")
        if counted
        else _("You chose not to be counted, so nobody counts whom you bring in. Change your mind: /consents"),
    ]
    send = InlineKeyboardButton(
        "📤 " + _("Send it to somebody"),
        url=share_intent("telegram", _("Join me in “{campaign}”!", campaign=campaign.name), link),
    )
    picture = await asyncio.to_thread(qr_picture, link, campaign)
    await patiently(
        lambda: visit.bot.send_photo(
            visit.chat.id,
            picture,
            "\n\n".join(lines),
            parse_mode=ParseMode.HTML,
            reply_markup=InlineKeyboardMarkup([[send]]),
        )
    )
