"""Cards that are old, cancelled, somebody else's or made by hand; buttons that are tapped again and again."""

from datetime import timedelta

import pytest

from campaigns import posts, supporters
from campaigns.models import Kind, Purpose
from campaigns.silence_windows import add_window
from tests.bot.conftest import labels, written


@pytest.fixture
async def card(zoe, add):
    """Zoé has joined and opened the card of a post with two wordings."""
    await add(text="Zéro", wordings=("Un",))
    await zoe.join()
    await zoe.say("/posts")
    return (await zoe.tap("kit:card:")).messages[-1]


@pytest.fixture
def cancel(database, campaign, clock):
    async def take_back(post_id=1):
        async with database.write() as session:
            await posts.cancel_post(session, campaign.id, post_id, clock())

    return take_back


@pytest.mark.parametrize("button", ["kit:wording:", "kit:copy:", "kit:shared:"])
async def test_the_card_of_a_cancelled_post_says_so_and_loses_its_buttons(zoe, card, cancel, books, button):
    await cancel()
    said = await zoe.tap(button)
    assert "Ce message ne peut plus être partagé" in said.toast and said.answer["show_alert"]
    assert said.messages == []
    assert "reply_markup" not in await zoe.message(card["message_id"])
    assert [await books.count(zoe, k) for k in (Kind.wording_changed, Kind.copied, Kind.said_shared)] == [0, 0, 0]


async def test_a_share_is_not_counted_when_the_post_was_cancelled_in_between(zoe, card, cancel, books):
    await zoe.tap("kit:shared:")
    await cancel()
    assert "Ce message ne peut plus être partagé" in (await zoe.tap("kit:on:")).toast
    assert await books.count(zoe, Kind.said_shared) == 0


async def test_a_list_of_posts_outlives_one_that_was_cancelled(zoe, add, cancel):
    await add("Un")
    await add("Deux")
    await zoe.join()
    listed = await zoe.say("/posts")
    await cancel(2)
    assert "ne peut plus être partagé" in (await zoe.tap("kit:card:2")).toast
    assert len(labels(await zoe.message(listed.messages[0]["message_id"]))) == 2  # the other one still opens
    assert "Un" in (await zoe.tap("kit:card:1")).text


async def test_a_cancelled_post_is_announced_in_english_too(person, life, add, cancel):
    await add()
    olivia = await person("Olivia", "en")
    await olivia.join()
    await olivia.say("/posts")
    await olivia.tap("kit:card:")
    await cancel()
    assert (await olivia.tap("kit:copy:")).toast == "This message can no longer be shared."


@pytest.mark.parametrize(
    ("language", "too_old"),
    [("fr", "Ce message est trop ancien pour être partagé."), ("en", "This message is too old to be shared.")],
)
@pytest.mark.parametrize("button", ["kit:wording:", "kit:copy:", "kit:shared:"])
async def test_a_card_of_last_year_says_so_and_loses_its_buttons(
    person, life, add, books, clock, language, too_old, button
):
    zoe = await person("Zoé", language)
    await add(text="Zéro", wordings=("Un",))
    await zoe.join()
    await zoe.say("/posts")
    card = (await zoe.tap("kit:card:")).messages[-1]
    clock.advance(timedelta(days=365))
    said = await zoe.tap(button)
    assert too_old in said.toast and said.answer["show_alert"]
    assert said.messages == []
    assert "reply_markup" not in await zoe.message(card["message_id"])
    assert await books.count(zoe, Kind.copied) == 0


async def test_a_card_is_good_for_ninety_days(zoe, card, clock):
    clock.advance(timedelta(days=90) - timedelta(seconds=1))
    assert (await zoe.tap("kit:copy:")).text.startswith("Zéro")
    assert list((await zoe.say("/posts")).buttons) == ["Signez !"]
    clock.advance(timedelta(seconds=1))
    assert "trop ancien" in (await zoe.tap("kit:wording:")).toast
    assert (await zoe.say("/posts")).buttons == {}


@pytest.mark.parametrize(
    ("language", "silent"), [("fr", "la loi impose le silence"), ("en", "the law imposes silence")]
)
@pytest.mark.parametrize("button", ["kit:wording:", "kit:copy:", "kit:shared:"])
async def test_a_card_that_is_tapped_in_the_silence_of_a_vote_says_so_and_loses_its_buttons(
    person, life, add, database, campaign, clock, language, silent, button
):
    zoe = await person("Zoé", language)
    await add(text="Zéro", wordings=("Un",))
    await zoe.join()
    await zoe.say("/posts")
    card = (await zoe.tap("kit:card:")).messages[-1]
    async with database.write() as session:
        await add_window(session, campaign, clock(), clock() + timedelta(days=2), "vote")
    said = await zoe.tap(button)
    assert silent in said.toast and said.answer["show_alert"] and said.messages == []
    assert "reply_markup" not in await zoe.message(card["message_id"])
    assert silent in (await zoe.say("/posts")).text
    clock.advance(timedelta(days=2))  # the vote is over: the list gives the card again
    await zoe.say("/posts")
    assert labels((await zoe.tap("kit:card:")).messages[-1])


@pytest.mark.parametrize(
    ("button", "kind", "counted"),
    [
        ("kit:shared:", Kind.said_shared, 0),  # it only asks where
        ("kit:copy:", Kind.copied, 1),
    ],
)
@pytest.mark.parametrize("times", [2, 10])
async def test_a_button_tapped_many_times_at_once_counts_once(
    zoe, card, books, tap_often, button, kind, counted, times
):
    await tap_often(zoe, button, times)
    taps = (await zoe.sandbox.chat(zoe.id))["taps"][-times:]
    assert len(taps) == times and all(tap["answer"] for tap in taps)
    assert await books.count(zoe, kind) == counted


async def test_ten_taps_on_a_network_are_one_share(zoe, card, books, tap_often):
    await zoe.tap("kit:shared:")
    await tap_often(zoe, "kit:on:1:0:x", 10)
    assert await books.count(zoe, Kind.said_shared) == 1
    shown = labels(await zoe.message(card["message_id"])).values()
    assert set(shown) - set(labels(card).values()) == {"kit:undo:1:0:x"}


async def test_ten_taps_on_other_wording_leave_a_whole_card(zoe, card, tap_often):
    await tap_often(zoe, "kit:wording:", 10)
    shown = await zoe.message(card["message_id"])
    assert written(shown).split("\n\n")[1] == "Un"  # each of them asked for this one


@pytest.mark.parametrize(
    "data",
    [
        "kit:copy:99999:0",  # no such post
        "kit:copy:99999999999999999999999:0",  # more than a row's number can be
        "kit:copy:²:0",  # a digit to Python, and no number
        "kit:copy:-1:0",
        "kit:copy::",
        "kit:copy",
        "kit:",
        "kit:on:1 OR 1=1:0:x",
    ],
)
async def test_a_button_made_by_hand_is_answered_and_changes_nothing(zoe, card, hand_made, books, data):
    before = await books.everything()
    said = await hand_made(zoe, data)
    assert "Ce message ne peut plus être partagé" in said.toast
    assert await books.everything() == before


@pytest.mark.parametrize(
    "data",
    [
        "kit:on:1:0:myspace",  # no such network
        "kit:nothing:1:0",  # no such action
        "join:territory:²:1",
        "join:page:99999999999999:1",
        "badge:frame:none:",
        "badge:name:other",
        "me:language:xx",
        "me:",
    ],
)
async def test_a_button_that_asks_for_what_does_not_exist_is_answered_without_an_apology(zoe, card, hand_made, data):
    said = await hand_made(zoe, data)
    assert "Quelque chose n’a pas marché" not in said.text


@pytest.mark.parametrize("data", ["kit:copy:1:99999999999999999", "kit:copy:1:²", "kit:copy:1:-3", "kit:copy:1:2"])
async def test_a_wording_that_does_not_exist_is_the_first(zoe, card, hand_made, data):
    assert (await hand_made(zoe, data)).text.startswith("Zéro")


@pytest.mark.parametrize("data", ["old", "poll:7", "🗳", "KIT:copy:1:0"])
async def test_a_button_of_an_earlier_version_is_answered(zoe, hand_made, data):
    await zoe.say("/help")
    assert "Ce bouton n’est plus connu. Tapez /help" in (await hand_made(zoe, data)).toast


async def test_who_taps_somebody_elses_card_gets_a_link_of_their_own(zoe, person, card, hand_made, books):
    """A changed client can tap the button of a card that was sent on."""
    hers = next(word for word in written(card).split() if "/s/" in word)
    noe = await person("Noé")
    await noe.join()
    copied = await hand_made(noe, "kit:copy:1:0")
    assert "/s/" in copied.text and hers not in copied.text
    assert (await books.count(noe, Kind.copied), await books.count(zoe, Kind.copied)) == (1, 0)


async def test_a_forwarded_cards_share_window_is_hers_and_counts_once_however_many_people_open_it(
    zoe, card, follow, books
):
    """Telegram leaves a forwarded card its links, and nobody can tell who opens one: what they share is hers."""
    window = labels(card)["X"]
    assert len({await follow(window) for _ in range(3)}) == 1
    assert await books.count(zoe, Kind.opened) == 1 and await books.count_of_all(Kind.opened) == 1


@pytest.mark.parametrize("data", ["kit:card:1", "kit:copy:1:0", "kit:on:1:0:x"])
async def test_a_stranger_who_taps_a_card_is_asked_to_join_and_leaves_no_trace(
    zoe, person, card, hand_made, books, data
):
    noe = await person("Noé")
    await noe.say("/help")
    before = await books.everything()
    said = await hand_made(noe, data)
    assert "Rejoignez d’abord la campagne : /start" in said.toast
    assert said.messages == []
    assert await books.everything() == before


async def test_the_buttons_of_who_stopped_ask_to_join_again(zoe, card, books):
    await zoe.say("/stop")
    said = await zoe.tap("kit:copy:")
    assert "Rejoignez d’abord la campagne : /start" in said.toast and said.messages == []
    assert await books.count_of_all(Kind.copied) == 0


async def test_who_no_longer_wants_to_be_counted_gets_the_plain_link_on_the_old_card(zoe, card, books, house):
    async with house.database.write() as session:
        known = await supporters.find_supporter(session, zoe.id)
        await supporters.set_consents(session, known, books.campaign.id, {Purpose.contact}, house.clock())
    await zoe.tap("kit:wording:")
    shown = await zoe.message(card["message_id"])
    assert "https://exemple.fr/petition" in written(shown) and "/s/" not in written(shown)
    assert await books.count(zoe, Kind.wording_changed) == 0
