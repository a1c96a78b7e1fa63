"""The campaign's kit for a referent's section: a zip in the chat, and its address for a computer."""

import asyncio

from telegram import InputFile
from telegram.constants import FileSizeLimit

from bot.visit import Visit, patiently
from campaigns import kits
from campaigns.leaders import Seat
from campaigns.models import Campaign


async def send(visit: Visit, seat: Seat) -> None:
    """Make the kit where it is not there yet, and send it; near a vote nothing is handed out."""
    _, house, here = visit.words, visit.house, seat.territory
    async with house.database.read() as session:
        campaign = await session.get_one(Campaign, here.campaign_id)
    if await visit.says_silence(campaign):
        return
    await visit.answer(_("One moment, it is being made."))
    async with house.database.write() as session:
        found = await kits.gather(session, campaign, here, house.settings, visit.bot.username, _, house.clock())
    path = await asyncio.to_thread(kits.build, found, house.settings, str(here.id))
    address = f"{house.settings.site_url}/c/{campaign.slug}/kit/{kits.key_of(path)}.zip"
    caption = "🧰 " + _("The kit of {territory}: texts with links of your section, pictures, frames and posters to print.", territory=here.name)  # fmt: skip
    onward = _("On a computer: {address}", address=address)
    if path.stat().st_size > FileSizeLimit.FILESIZE_UPLOAD:
        await visit.say(f"{caption}\n{onward}")
        return
    file = InputFile(path.read_bytes(), kits.file_name(found.section, campaign))
    await patiently(lambda: visit.bot.send_document(visit.chat.id, file, caption=f"{caption}\n{onward}"))
