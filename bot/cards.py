"""The share kit in a chat: picture, text, a button for each network, other wordings, the text to copy, "I shared it" and its undo."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from html import escape
from itertools import pairwise
from pathlib import Path

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.constants import ParseMode

from bot.visit import House, Keyboard, Visit, button, number, patiently, unless_the_same
from campaigns import media, posts, share_kits, supporters
from campaigns.media_stores import MediaAway
from campaigns.models import Campaign, Kind, Post, Supporter
from campaigns.own_words import OWN, name_of, number_of
from campaigns.share_kits import ShareKit
from campaigns.words import Words
from networks import boosts
from networks.errors import NetworkDown
from networks.limits import TELEGRAM_CAPTION, utf16_units
from networks.share_intents import LABELS
from networks.telegram import send_text

MOST_IN_A_ROW = 3  # buttons that a phone shows with their names whole


async def list_posts(visit: Visit) -> None:
    """/posts: what can be shared now, the newest first."""
    if visit.campaign is None or not await visit.takes_part():
        await visit.say(visit.words("First join the campaign: /start"))
        return
    if await visit.says_silence(visit.campaign):
        return
    async with visit.house.database.read() as session:
        open_posts = await share_kits.open_posts(session, visit.campaign.id, visit.house.clock())
    if not open_posts:
        await visit.say(
            visit.words("There is nothing to share yet. You will get the next message as soon as it is out.")
        )
        return
    await visit.say(
        visit.words("Which message do you want to share?"),
        [[button(post.title, f"kit:card:{post.id}")] for post in open_posts],
    )


async def send_card(
    house: House, bot: Bot, post: Post, supporter: Supporter, pause: Callable[[], Awaitable[None]] | None = None
) -> int:
    """Send a person the card of a post; the message's number. Raises what python-telegram-bot raises. `pause` comes before a second message."""
    async with house.database.write() as session:
        kit = await share_kits.share_kit(session, post, supporter, house.settings.site_url, house.clock())
    words = Words(supporter.language, kit.inclusive)
    markup = InlineKeyboardMarkup(buttons(kit, words))
    text = card_text(kit, words)
    if kit.picture is None:
        return await send_text(bot, supporter.telegram_id, text, html=True, markup=markup)
    try:
        picture = (await asyncio.to_thread(media.load, house.settings.media, kit.picture)).data
    except MediaAway as away:
        raise NetworkDown(str(away)) from None
    # Every wording must fit under the picture, so that the card can change its text where it stands.
    if utf16_units(f"{kit.title}\n\n{kit.longest}\n\n{kit.link}") <= TELEGRAM_CAPTION:
        message = await bot.send_photo(
            supporter.telegram_id, picture, text, parse_mode=ParseMode.HTML, reply_markup=markup
        )
        return message.message_id
    await bot.send_photo(supporter.telegram_id, picture)
    if pause is not None:
        await pause()
    return await send_text(bot, supporter.telegram_id, text, html=True, markup=markup)


def card_text(kit: ShareKit, words: Words) -> str:
    """The card's text, in Telegram's HTML; under a person's own words their lengths."""
    text = f"<b>{escape(kit.title)}</b>\n\n{escape(kit.text)}\n\n{escape(kit.link)}"
    return "\n\n".join([text, *_lengths(kit, words)])


def _lengths(kit: ShareKit, words: Words) -> list[str]:
    """How long the text is for each network, and where it is too long."""
    if not kit.lengths:
        return []
    n = words.number
    said = ["📏 " + " · ".join(f"{LABELS[each.network]} {n(each.used)}/{n(each.most)}" for each in kit.lengths)]
    for each in kit.lengths:
        values = {"network": LABELS[each.network], "most": n(each.most), "length": n(each.used)}
        if each.in_bytes and not each.fits:
            said.append(
                "⚠️ " + words("{network} takes {most} bytes, with its link this has {length}: shorten it.", **values)
            )
        elif not each.fits:
            said.append(
                "⚠️ "
                + words("{network} takes {most} characters, with its link this has {length}: shorten it.", **values)
            )
    return said


def buttons(kit: ShareKit, words: Words, noted: str = "") -> Keyboard:
    """The card's buttons; with the network `noted` just now, also one that takes that back."""
    opens = [InlineKeyboardButton(LABELS[network], url=address) for network, address in kit.opens.items()]
    shown = name_of(kit.wording)
    own = [button("📋 " + words("Copy text"), f"kit:copy:{kit.post_id}:{shown}")]
    if kit.wordings > 1 or kit.wording == OWN:
        own.insert(0, button("🔄 " + words("Other wording"), f"kit:wording:{kit.post_id}:{kit.wording + 1}"))
    more = [button("✍️ " + words("Write my own"), f"own:write:{kit.post_id}")]
    if kit.picture is not None:
        more.append(button("🖼 " + words("Picture as a file"), f"kit:file:{kit.post_id}:{shown}"))
    done = [button("✅ " + words("I shared it"), f"kit:shared:{kit.post_id}:{shown}")]
    if noted:
        undo = "↩ " + words("Not on {network} after all", network=LABELS[noted])
        done.append(button(undo, f"kit:undo:{kit.post_id}:{shown}:{noted}"))
    return [*_boosts(kit, words), *_rows(opens), own, more, done, calmer(words)]


def calmer(words: Words) -> list[InlineKeyboardButton]:
    """The way out, under whatever may come unasked: less often, or no more at all."""
    return [button("🌙 " + words("Less often"), "rhythm:show"), button("🔕 " + words("No more messages"), "me:stop")]


def _boosts(kit: ShareKit, words: Words) -> Keyboard:
    """A post that is out already comes with its network's own acts, above the ways to share it elsewhere."""
    if kit.boost is None:
        return []
    network = LABELS[kit.boost.network]
    labels = {
        boosts.REPOST: "🔁 " + words("Repost on {network}", network=network),
        boosts.LIKE: "❤️ " + words("Like"),
        boosts.REPLY: "💬 " + words("Reply"),
        boosts.OPEN: "🔁 " + words("Boost on {network}", network=network),
    }
    first, *others = [InlineKeyboardButton(labels[act], url=address) for act, address in kit.boost.acts.items()]
    return [[first], others] if others else [[first]]


def _rows(row: list[InlineKeyboardButton]) -> Keyboard:
    """Rows of about the same length, in order: ten buttons become 3, 3, 2, 2."""
    n = -(-len(row) // MOST_IN_A_ROW)
    cuts = [sum(len(row[k::n]) for k in range(i)) for i in range(n + 1)]
    return [row[start:end] for start, end in pairwise(cuts)]


async def tapped(visit: Visit) -> None:
    """A button of a card. Whoever taps gets their own link, whoever's card it was."""
    _, action, post_id, value, network = (*visit.tapped, "", "", "", "")[:5]
    joined = await joined_campaigns(visit)
    if visit.supporter is None or not joined:
        await visit.answer(visit.words("First join the campaign: /start"), alert=True)
        return
    post = await open_post(visit, joined, number(post_id))
    if post is None:
        if action != "card":  # a list keeps its buttons: the others may be good
            await visit.change_keyboard(None)
        return
    wording = number_of(value)
    if action == "card":
        await send_card(visit.house, visit.bot, post, visit.supporter)
        await _count(visit, post, Kind.received)
    elif action == "wording":
        await _show(visit, post, wording, counted=Kind.wording_changed)
    elif action == "copy":
        await _copy(visit, post, wording)
    elif action == "shared":
        await _ask_network(visit, post, wording)
    elif action == "on" and network in LABELS:
        await _said_shared(visit, post, wording, network)
    elif action == "undo" and network in LABELS:
        await _take_back(visit, post, wording, network)
    elif action == "file":
        await _send_file(visit, post)
    elif action == "back":
        await _show(visit, post, wording)


async def joined_campaigns(visit: Visit) -> list[Campaign]:
    """The campaigns whose cards this person may use: a card stays good when the talk has turned to another campaign."""
    if visit.supporter is None:
        return []
    async with visit.house.database.read() as session:
        return await supporters.campaigns_of(session, visit.supporter.id)


async def open_post(visit: Visit, joined: list[Campaign], post_id: int | None) -> Post | None:
    """The post of that number if its card may be used now by somebody of these campaigns; else they are told why not."""
    now = visit.house.clock()
    async with visit.house.database.read() as session:
        found = [await posts.find_post(session, campaign.id, post_id) for campaign in joined if post_id is not None]
    post = next((post for post in found if post and share_kits.has_begun(post, now)), None)
    if post is None:
        await visit.tell(visit.words("This message can no longer be shared."))
    elif share_kits.has_expired(post, now):
        await visit.tell(visit.words("This message is too old to be shared. /posts has the newest."))
    elif not await visit.says_silence(next(each for each in joined if each.id == post.campaign_id)):
        return post
    return None


async def kit_of(visit: Visit, post: Post, wording: int) -> ShareKit:
    async with visit.house.database.write() as session:
        return await share_kits.share_kit(
            session, post, visit.supporter, visit.house.settings.site_url, visit.house.clock(), wording=wording
        )


async def _count(visit: Visit, post: Post, kind: Kind, network: str | None = None, wording: int | None = None) -> bool:
    """Count an act if the person agreed to that; whether it was new."""
    assert visit.supporter is not None  # noqa: S101 - tapped() saw to it
    async with visit.house.database.write() as session:
        key = visit.once(kind) if kind is Kind.wording_changed else None
        return await share_kits.count(
            session, visit.supporter, post, kind, visit.house.clock(), network=network, key=key, wording=wording
        )


async def _show(visit: Visit, post: Post, wording: int, counted: Kind | None = None, noted: str = "") -> None:
    """Show the card with this wording, in the message whose button was tapped; `noted` as for `buttons`."""
    kit = await kit_of(visit, post, wording)
    if counted is not None:
        await _count(visit, post, counted)
    query = visit.update.callback_query
    if query is None or query.message is None:
        return
    markup, text = InlineKeyboardMarkup(buttons(kit, visit.words, noted)), card_text(kit, visit.words)
    if isinstance(query.message, Message) and query.message.photo:
        await unless_the_same(lambda: query.edit_message_caption(text, reply_markup=markup, parse_mode=ParseMode.HTML))
    else:
        await unless_the_same(lambda: query.edit_message_text(text, ParseMode.HTML, reply_markup=markup))


async def _copy(visit: Visit, post: Post, wording: int) -> None:
    """The text alone, in a block that Telegram copies at one tap; the copy button of Telegram takes 256 characters only."""
    kit = await kit_of(visit, post, wording)
    await visit.say(f"<pre>{escape(kit.text)}\n\n{escape(kit.link)}</pre>")
    await _count(visit, post, Kind.copied, wording=wording)
    await visit.answer(visit.words("Tap the text to copy it."))


async def _send_file(visit: Visit, post: Post) -> None:
    """The post's pictures as they were made: what Telegram shows as a photo it has made smaller."""
    async with visit.house.database.read() as session:
        pictures = await posts.pictures_of(session, post.id)
    for picture in pictures:
        content = (await asyncio.to_thread(media.load, visit.house.settings.media, picture)).data
        name = f"{post.id}-{picture.position + 1}{Path(picture.file).suffix}"
        send = partial(visit.bot.send_document, visit.chat.id, content, disable_content_type_detection=True)
        await patiently(partial(send, filename=name))


async def _ask_network(visit: Visit, post: Post, wording: int) -> None:
    """Where did you share it? What was said before has its tick; tapped again it can be taken back."""
    assert visit.supporter is not None  # noqa: S101 - tapped() saw to it
    async with visit.house.database.read() as session:
        networks = await share_kits.networks_of(session, visit.supporter, post.campaign_id)
        said = await share_kits.said_shared_on(session, visit.supporter, post)
    names = [
        button(("✅ " if network in said else "") + LABELS[network], f"kit:on:{post.id}:{name_of(wording)}:{network}")
        for network in networks
    ]
    back = button("◀ " + visit.words("Back"), f"kit:back:{post.id}:{name_of(wording)}")
    await visit.change_keyboard([*_rows(names), [back]])


async def _said_shared(visit: Visit, post: Post, wording: int, network: str) -> None:
    assert visit.supporter is not None  # noqa: S101 - tapped() saw to it
    new = await _count(visit, post, Kind.said_shared, network, wording)
    async with visit.house.database.read() as session:
        noted = network in await share_kits.said_shared_on(session, visit.supporter, post)
    if new:
        await visit.answer("💪 " + visit.words("Thank you! Noted for {network}.", network=LABELS[network]))
    elif noted:
        await visit.answer(visit.words("This was noted for {network} already.", network=LABELS[network]))
    else:
        await visit.answer("💪 " + visit.words("Thank you! As you wished, nothing is counted."))
    await _show(visit, post, wording, noted=network if noted else "")


async def _take_back(visit: Visit, post: Post, wording: int, network: str) -> None:
    assert visit.supporter is not None  # noqa: S101 - tapped() saw to it
    async with visit.house.database.write() as session:
        await share_kits.take_share_back(session, visit.supporter, post, network)
        stays = network in await share_kits.said_shared_on(session, visit.supporter, post)
    said = visit.words("Taken back: nothing is noted for {network}.", network=LABELS[network])
    if stays:  # the month of the act is over, and of its sums nobody knows which part is this act
        said = visit.words(
            "This share is too old to be taken back: of its month only totals are left. It stays noted for {network}.",
            network=LABELS[network],
        )
    await visit.answer(said, alert=stays)
    await _show(visit, post, wording)
