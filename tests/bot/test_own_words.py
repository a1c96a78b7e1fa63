"""Writing one's own message for a post: asked, counted by the networks' own rules, shown as a card with the own link."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from sqlmodel import col, select

from campaigns import posts, supporters
from campaigns.media import NewPicture
from campaigns.models import Campaign, Kind, OwnWording
from campaigns.share_kits import intent_of
from campaigns.share_links import find_card_link
from campaigns.silence_windows import add_window
from networks.limits import count
from tests.bot.conftest import SITE, labels, written
from tests.bot.test_cards import card_of, own_link

MINE = "Je prends ce train tous les jours. 🚆"


@pytest.fixture
def kept(database):
    async def rows():
        async with database.read() as session:
            return [row.text for row in await session.scalars(select(OwnWording).order_by(col(OwnWording.id)))]

    return rows


async def begin(who, add, **post):
    await add(**post)
    await who.join()
    card = await card_of(who)
    return card, await who.tap("own:write:")


def last_card(reply):
    return next(m for m in reversed(reply.messages) if "reply_markup" in m)


@pytest.mark.parametrize(
    ("language", "label", "asked"),
    [
        ("fr", "✍️ Écrire le mien", "Envoyez-moi vos propres mots pour « Signez ! »."),
        ("en", "✍️ Write my own", "Send me your own words for “Signez !”."),
    ],
)
async def test_own_words_become_a_card_with_the_own_link_and_their_lengths(
    person, life, campaign, add, kept, language, label, asked
):
    zoe = await person("Zoé", language)
    card, question = await begin(zoe, add)
    assert labels(card)[label] == "own:write:1"
    assert asked in question.text
    await life.restart()  # in the middle of the dialogue
    mine = last_card(await zoe.say(f"  {MINE} <b>oui</b>  "))
    text = f"{MINE} <b>oui</b>"
    assert written(mine).startswith(f"Signez !\n\n{text}\n\n{own_link(card)}\n\n📏 ")
    whole = f"{text}\n\n{own_link(card)}"
    for name, network, most in (("X", "x", "280"), ("Mastodon", "mastodon", "500"), ("Bluesky", "bluesky", "300")):
        assert f"{name} {count(network, whole)}/{most}" in written(mine)
    assert "⚠️" not in written(mine)
    assert await kept() == [text]
    again = await zoe.say("Merci !")  # the dialogue is over: this is no message to share
    assert "📏" not in again.text and await kept() == [text]


async def test_the_buttons_of_the_own_card_lead_to_the_own_words(zoe, add, database):
    card, _ = await begin(zoe, add, versions={"x": "La version pour X"})
    mine = last_card(await zoe.say(MINE))
    _, _, _, _, open_token, network = labels(mine)["X"].partition("?")[0].split("/")
    assert labels(mine)["X"] == f"{SITE}/o/{open_token}/x?w=own"
    async with database.read() as session:
        link = await find_card_link(session, open_token)
        address = unquote(await intent_of(session, link, network, -1, SITE))
    assert MINE in address and own_link(card) in address
    assert (await zoe.tap("kit:copy:1:own")).text == f"{MINE}\n\n{own_link(card)}"


async def test_a_share_of_own_words_is_counted_and_undone_like_any_other(zoe, add, books):
    await begin(zoe, add)
    mine = last_card(await zoe.say(MINE))
    await zoe.tap("kit:shared:1:own")
    await zoe.tap("kit:on:1:own:x")
    shown = await zoe.message(mine["message_id"])
    assert shown["text"] == mine["text"]
    assert await books.count(zoe, Kind.said_shared) == 1
    await zoe.tap("kit:undo:1:own:x")
    assert await books.count(zoe, Kind.said_shared) == 0


async def test_the_campaigns_text_is_a_tap_away_from_the_own_card(zoe, add):
    await begin(zoe, add, text="Zéro")
    mine = last_card(await zoe.say(MINE))
    await zoe.tap("kit:wording:")
    assert written(await zoe.message(mine["message_id"])).split("\n\n")[1] == "Zéro"


@pytest.mark.parametrize(
    ("language", "warning", "onward"),
    [
        ("fr", "X prend 280 caractères, avec son lien ce texte en a 324 : raccourcissez-le.", "Envoyez-moi un texte plus court"),
        ("en", "X takes 280 characters, with its link this has 324: shorten it.", "Send me a shorter text"),
    ],
)  # fmt: skip
async def test_words_too_long_for_a_network_are_warned_of_by_its_name_and_limit(
    person, life, campaign, add, kept, language, warning, onward
):
    zoe = await person("Zoé", language)
    await begin(zoe, add)
    reply = await zoe.say("é" * 299)  # and two line ends, and 23 for the link
    assert warning in reply.text and onward in reply.text
    assert "⚠️ Mastodon" not in reply.text and "⚠️ Bluesky" in reply.text
    networks = labels(last_card(reply))
    assert "X" not in networks and "Bluesky" not in networks and "Mastodon" in networks
    await life.restart()
    shorter = await zoe.say("é" * 200)  # the bot still waits for a shorter one
    assert "⚠️" not in shorter.text and "X" in labels(last_card(shorter))
    assert await kept() == ["é" * 200]


async def test_bluesky_counts_bytes_too(zoe, add):
    await begin(zoe, add)
    reply = await zoe.say("👨‍👩‍👧‍👦" * 125)  # 25 bytes each, and one grapheme
    assert "Bluesky prend 3 000 octets, avec son lien ce texte en a 3 1" in reply.text
    assert "Bluesky" not in labels(last_card(reply))


async def test_words_too_long_for_a_card_are_refused_with_the_limit_and_waited_for(zoe, add, kept):
    await begin(zoe, add)
    reply = await zoe.say("x" * 4000)
    assert "C’est trop long : 4 000 caractères, une carte en prend 3 2" in reply.text
    assert await kept() == []
    reply = await zoe.say("x" * 3200)
    assert "Facebook" in labels(last_card(reply)) and await kept() == ["x" * 3200]


@pytest.mark.parametrize("counting", [True, False])
async def test_the_sponsor_line_stands_under_own_words_and_is_counted(zoe, add, database, campaign, counting):
    async with database.write() as session:
        row = await session.get_one(Campaign, campaign.id)
        row.sponsor_line, row.notice_url = "Financé par La Région", "https://exemple.fr/notice"
    await add()
    await zoe.join(counting=counting)
    await card_of(zoe)
    assert "La mention de qui finance" in (await zoe.tap("own:write:")).text
    mine = last_card(await zoe.say(MINE))
    stamped = f"{MINE}\n\nFinancé par La Région https://exemple.fr/notice"
    link = own_link(mine) if counting else "https://exemple.fr/petition"
    whole = f"{stamped}\n\n{link}"
    assert whole in written(mine)
    assert f"X {count('x', whole)}/280" in written(mine)
    if not counting:
        assert stamped in unquote(labels(mine)["X"])


async def test_long_words_of_who_is_not_counted_leave_the_buttons_that_telegram_takes(zoe, add):
    await add()
    await zoe.join(counting=False)
    await card_of(zoe)
    await zoe.tap("own:write:")
    mine = labels(last_card(await zoe.say("é" * 1500)))  # 9,000 characters in an address
    assert "WhatsApp" not in mine and "Facebook" in mine  # Facebook takes the link alone


async def test_own_words_under_a_picture_come_as_a_text(zoe, add, small):
    card, _ = await begin(zoe, add, pictures=(NewPicture("un.jpg", small),))
    assert "photo" in card
    mine = last_card(await zoe.say("é" * 1500))
    assert "é" * 1500 in mine["text"]
    assert "kit:file:1:own" in labels(mine).values()


async def test_words_of_last_time_are_offered_again_and_replaced_by_new_ones(zoe, person, add, kept):
    _, first = await begin(zoe, add)
    assert not any("own:again" in behind for behind in first.buttons.values())
    await zoe.say(MINE)
    await zoe.tap("own:write:")
    assert MINE in (await zoe.tap("own:again:")).text
    await zoe.tap("own:write:")
    await zoe.say("Autre chose")
    assert await kept() == ["Autre chose"]
    noe = await person("Noé")
    await noe.join()
    await card_of(noe)
    await noe.tap("own:write:")
    assert "Autre chose" not in (await noe.say("Le mien")).text  # hers stay hers
    assert await kept() == ["Autre chose", "Le mien"]


@pytest.mark.parametrize(("language", "label"), [("fr", "◀ Pas maintenant"), ("en", "◀ Not now")])
async def test_not_now_ends_the_dialogue_where_it_was_before(person, life, campaign, add, kept, language, label):
    zoe = await person("Zoé", language)
    await zoe.join()
    await add()
    await card_of(zoe)
    waiting = await zoe.say("/badge")
    assert waiting.text
    question = await zoe.tap("own:write:")
    assert question.buttons[label] == "own:leave:1"
    await zoe.tap("own:leave:")
    reply = await zoe.say("Bonjour")
    assert await kept() == [] and "photo" in reply.text  # the badge goes on waiting for one


@pytest.mark.parametrize("what", ["cancelled", "old", "silent", "stopped", "erased"])
async def test_what_happened_while_she_wrote_is_said_and_nothing_is_kept(
    zoe, add, kept, database, campaign, clock, what
):
    await begin(zoe, add)
    said = "ne peut plus être partagé"
    async with database.write() as session:
        if what == "cancelled":
            await posts.cancel_post(session, campaign.id, 1, clock())
        if what == "silent":
            said = "la loi impose le silence"
            await add_window(session, campaign, clock(), clock() + timedelta(days=2), "vote")
        known = await supporters.find_supporter(session, zoe.id)
        if what == "stopped":
            said = "Rejoignez d’abord la campagne"
            await supporters.stop(session, known, campaign.id, clock())
        if what == "erased":
            said = "/help"
            await supporters.forget(session, known, clock())
    if what == "old":
        said = "trop ancien"
        clock.advance(timedelta(days=91))
    reply = await zoe.say(MINE)
    assert said in reply.text and "📏" not in reply.text
    assert await kept() == []


async def test_own_words_go_with_who_is_erased(zoe, add, kept, database, clock):
    await begin(zoe, add)
    await zoe.say(MINE)
    async with database.write() as session:
        await supporters.forget(session, await supporters.find_supporter(session, zoe.id), clock())
    assert await kept() == []


@pytest.mark.parametrize("data", ["own:write:99", "own:write:²", "own:write", "own:", "own:again:99"])
async def test_a_button_made_by_hand_begins_nothing(zoe, add, hand_made, kept, data):
    await add()
    await zoe.join()
    said = await hand_made(zoe, data)
    assert "ne peut plus être partagé" in said.toast
    assert "📏" not in (await zoe.say(MINE)).text and await kept() == []


async def test_a_stranger_who_taps_write_my_own_is_asked_to_join(zoe, person, add, hand_made, kept):
    await begin(zoe, add)
    noe = await person("Noé")
    await noe.say("/help")
    assert "Rejoignez d’abord la campagne" in (await hand_made(noe, "own:write:1")).toast
    assert "📏" not in (await noe.say(MINE)).text and await kept() == []


async def test_words_asked_again_where_there_are_none_are_the_campaigns(zoe, add, hand_made):
    await begin(zoe, add, text="Zéro")
    assert (await hand_made(zoe, "kit:copy:1:own")).text.startswith("Zéro")
