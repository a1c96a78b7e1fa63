"""Inline mode: `@bot word` in any chat offers the campaign's running posts, each with the sender's own link.

What is chosen is sent by the person, as their own message. Answers are for them alone, and Telegram keeps none: another
person would send their link, and a silence or a post that is taken back would come too late.
"""

import logging
import unicodedata

from telegram import (
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    Update,
    User,
)
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.rows import Known
from bot.visit import House, number
from campaigns import posts, share_kits, share_links, supporters
from campaigns.models import Campaign, Kind, Post, Supporter
from campaigns.words import Words, language_of

log = logging.getLogger(__name__)

MOST_RESULTS = 50  # what answerInlineQuery takes
MOST_SEARCHED = 200  # posts of a campaign, the newest first
LONGEST_DESCRIPTION = 160  # characters; clients show two lines
NO_CAMPAIGN = "join"  # a start payload that names no campaign: the bot asks which one


async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answer one inline query: 1. who asks; 2. what they may share now; 3. what fits the words that they typed."""
    query, house = update.inline_query, context.application.bot_data["house"]
    if query is None:
        return
    known = await _known(house, query.from_user)
    language = known.supporter.language if known.supporter else language_of(query.from_user.language_code)
    words = Words(language, known.campaign.inclusive) if known.campaign else Words(language)
    joined = await _joined(house, known.supporter)
    if known.supporter is None or not joined:
        text = words("Join the campaign to share its posts")
        payload = f"c-{known.campaign.slug}" if known.campaign else NO_CAMPAIGN
        await _send(query, [], InlineQueryResultsButton(text, start_parameter=payload))
        return
    found = [offer for campaign in joined for offer in await _offers(house, known.supporter, campaign, query.query)]
    found.sort(key=lambda offer: (offer.post.publish_at or offer.post.created_at, offer.post.id), reverse=True)
    await _send(query, [_result(offer) for offer in found[:MOST_RESULTS]])


async def chosen(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Telegram says which result was sent, where @BotFather was asked for that: as good as an opened share window."""
    result, house = update.chosen_inline_result, context.application.bot_data["house"]
    if result is None:
        return
    known = await _known(house, result.from_user)
    post = await _post(house, await _joined(house, known.supporter), number(result.result_id))
    if known.supporter is not None and post is not None:
        async with house.database.write() as session:
            now = house.clock()
            await share_kits.count(session, known.supporter, post, Kind.opened, now, network="telegram")


async def _known(house: House, user: User) -> Known:
    known = await house.rows.known.read((user.id, user.id))  # the number of a private chat is the person's
    assert known is not None  # noqa: S101 - there is one for each key
    return known


async def _joined(house: House, supporter: Supporter | None) -> list[Campaign]:
    if supporter is None:
        return []
    async with house.database.read() as session:
        return await supporters.campaigns_of(session, supporter.id)


async def _post(house: House, joined: list[Campaign], post_id: int | None) -> Post | None:
    if post_id is None:
        return None
    async with house.database.read() as session:
        found = [await posts.find_post(session, campaign.id, post_id) for campaign in joined]
    return next((post for post in found if post is not None), None)


async def _offers(house: House, supporter: Supporter, campaign: Campaign, typed: str) -> list[share_kits.Offer]:
    """The posts of one campaign that this person may share now and that hold every word they typed."""
    now, site = house.clock(), house.settings.site_url
    place = await house.rows.places.read((supporter.id, campaign.id))
    if await house.rows.windows.read((campaign.id, place.territory_id if place else None, now)) is not None:
        return []
    async with house.database.read() as session:
        running = await share_kits.open_posts(session, campaign.id, now, limit=MOST_SEARCHED)
        wanted = [post for post in running if _holds(f"{post.title} {post.text}", typed)][:MOST_RESULTS]
        links = await share_links.links_of(session, supporter.id, [post.id for post in wanted])
        if links.keys() >= {post.id for post in wanted}:
            return await share_kits.offers(session, wanted, supporter, campaign, site, now)
    async with house.database.write() as session:
        return await share_kits.offers(session, wanted, supporter, campaign, site, now)


def _holds(text: str, typed: str) -> bool:
    """Whether every word that was typed is in the text, perhaps as a part of one; case and accents do not matter."""
    folded = _fold(text)
    return all(word in folded for word in _fold(typed).split())


def _fold(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def _result(offer: share_kits.Offer) -> InlineQueryResultArticle:
    description = offer.text.replace("\n", " ")[:LONGEST_DESCRIPTION]
    content = InputTextMessageContent(f"{offer.text}\n\n{offer.link}")
    return InlineQueryResultArticle(str(offer.post.id), offer.post.title, content, description=description)


async def _send(
    query: InlineQuery, results: list[InlineQueryResultArticle], button: InlineQueryResultsButton | None = None
) -> None:
    try:
        await query.answer(results, cache_time=0, is_personal=True, button=button)
    except TelegramError as error:
        log.debug(
            "an inline query could not be answered, mostly because more was typed meanwhile: %s", type(error).__name__
        )
