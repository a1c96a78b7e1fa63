"""A badge made in the Mini App, sent by the bot to the person's own chat: in-app browsers seldom save a file."""

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from telegram import InputFile

from campaigns import share_kits
from campaigns.models import Kind
from campaigns.words import mark
from networks.errors import ChannelRevoked, NetworkProblem, RateLimited
from networks.telegram import answered, open_bot
from web import mini_app
from web.badge_maker import NOT_KEPT, count_made, render, told, told_trouble
from web.badge_wishes import Mistake, Wish, wish_of
from web.pages import Trouble, words_of
from web.public import campaign_of
from web.site import Site, site_of

_ = mark
router = APIRouter()
ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


@router.post("/c/{slug}/badge/app/send")
async def send(request: Request, slug: str) -> Response:
    """Render once more and send it as a file, which Telegram leaves as it is."""
    words, site = words_of(request), site_of(request)
    campaign = await campaign_of(site, slug)
    try:
        async with wish_of(request, campaign) as wish:
            person = mini_app.person_of(site, words, wish.init_data)
            with site.counts.badge("page"):
                (made,) = await site.workshop.run(partial(render, wish, [wish.output]))
            receipt, init_data = wish.receipt, wish.init_data
        await count_made(site, campaign, receipt, init_data)
        try:
            await _to_chat(site, person, wish, made)
        except NetworkProblem as problem:
            raise Mistake("photo", words(_sentence(problem)), 502) from None
    except Mistake as mistake:
        return told(mistake)
    except Trouble as trouble:
        return told_trouble(request, trouble)
    async with site.database.write() as session:
        supporter = await mini_app.supporter_of(session, site, init_data)
        key = f"badge_downloaded:{receipt.badge}"
        await share_kits.count_badge(session, campaign, supporter, Kind.badge_downloaded, site.clock(), key=key)
    return Response(status_code=204, headers=NOT_KEPT)


async def _to_chat(site: Site, person: int, wish: Wish, made: bytes) -> None:
    settings, output = site.settings, wish.output
    name = f"badge-{wish.design.campaign.slug}-{output.format}.{ENDINGS[output.kind]}"
    bot = open_bot(settings.bot_token.get_secret_value(), settings.telegram_base_url, connections=1)
    try:
        await answered(bot.initialize())
        file = InputFile(made, name)
        await answered(bot.send_document(person, file, disable_content_type_detection=True))
    finally:
        await bot.shutdown()


def _sentence(problem: NetworkProblem) -> str:
    if isinstance(problem, RateLimited):
        return _("Telegram asks for a little patience. Try again in a minute.")
    if isinstance(problem, ChannelRevoked):
        return _("The bot may not write to you. Open its chat, press START, then try again.")
    return _("Telegram did not answer. Look into your chat: if nothing is there, try again.")
