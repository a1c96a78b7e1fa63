"""Writing one's own message for a post: the words are asked for, counted for each network, and shown as a card.

Between the question and the words, which may be days and a restart, the dialogue keeps the post's number.
"""

from html import escape

from bot import cards
from bot.visit import Visit, button, number
from campaigns import own_words
from campaigns.models import Campaign, Post
from campaigns.own_words import OWN
from campaigns.stamp import stamp_of
from networks.limits import LIMITS, utf16_units

WAIT_WORDS = "own words"
LENGTHS = 800  # characters that the lengths, their warnings and the blank lines take at most


async def tapped(visit: Visit) -> None:
    """own:ACTION:POST: write, take again what was written before, or leave it."""
    _, action, post_id = (*visit.tapped, "", "")[:3]
    if action == "leave":
        await _end(visit)
        await visit.change_keyboard(None)
        return
    joined = await cards.joined_campaigns(visit)
    if visit.supporter is None or not joined:
        await visit.tell(visit.words("First join the campaign: /start"))
        return
    post = await cards.open_post(visit, joined, number(post_id))
    if post is None:
        await visit.change_keyboard(None)
    elif action == "write":
        await _ask(visit, post, next(each for each in joined if each.id == post.campaign_id))
    elif action == "again":
        await _end(visit)
        await visit.change_keyboard(None)
        await _send(visit, post)


async def _ask(visit: Visit, post: Post, campaign: Campaign) -> None:
    assert visit.supporter is not None  # noqa: S101 - tapped() saw to it
    _ = visit.words
    async with visit.house.database.read() as session:
        before = await own_words.words_of(session, visit.supporter.id, post.id)
    keyboard = [[button("◀ " + _("Not now"), f"own:leave:{post.id}")]]
    if before is not None:
        keyboard.insert(0, [button("♻️ " + _("Take my words of last time"), f"own:again:{post.id}")])
    text = "✍️ " + _(
        "Send me your own words for “{title}”. I add your link and count them for each network.",
        title=escape(post.title),
    )
    if stamp_of(campaign):
        text += "\n" + _("The line about who pays for the campaign comes with them.")
    went_before = (visit.data.get("own_words") or {}).get("step", visit.step)
    await visit.remember(WAIT_WORDS, own_words={"post": post.id, "step": went_before})
    await visit.say(text, keyboard)


async def _end(visit: Visit) -> None:
    """Go back to what the dialogue was about before the question."""
    if visit.step == WAIT_WORDS:
        await visit.remember((visit.data.get("own_words") or {}).get("step", ""), own_words=None)


async def take_text(visit: Visit) -> bool:
    """A text in the middle of this conversation; False where it is none of ours."""
    asked = visit.data.get("own_words")
    if visit.step != WAIT_WORDS or asked is None:
        return False
    joined = await cards.joined_campaigns(visit)
    if visit.supporter is None or not joined:
        await visit.tell(visit.words("First join the campaign: /start"))
        await _end(visit)
        return True
    post = await cards.open_post(visit, joined, asked["post"])
    if post is None:
        await _end(visit)
    elif await _fits_a_card(visit, post, next(each for each in joined if each.id == post.campaign_id)):
        async with visit.house.database.write() as session:
            await own_words.keep(session, visit.supporter, post, visit.text, visit.house.clock())
        if await _send(visit, post):
            await _end(visit)
    return True


async def _fits_a_card(visit: Visit, post: Post, campaign: Campaign) -> bool:
    """Whether the words fit into one message beside what comes with them; else the person is told."""
    link = (await cards.kit_of(visit, post, 0)).link
    around = utf16_units(f"{post.title}{stamp_of(campaign)}{link}") + LENGTHS
    most, length = LIMITS["telegram"].characters - around, utf16_units(visit.text)
    if length <= most:
        return True
    _ = visit.words
    values = {"length": _.number(length), "most": _.number(most)}
    await visit.say(_("This is too long: {length} characters, a card takes {most}. Send me fewer.", **values))
    return False


async def _send(visit: Visit, post: Post) -> bool:
    """The card with the person's own words; whether they fit on every network."""
    kit = await cards.kit_of(visit, post, OWN)
    text = cards.card_text(kit, visit.words)
    fits = all(length.fits for length in kit.lengths)
    if not fits:
        text += "\n\n" + visit.words("Send me a shorter text, or share this one where it fits.")
    await visit.say(text, cards.buttons(kit, visit.words))
    return fits
