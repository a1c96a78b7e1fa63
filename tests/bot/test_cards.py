"""The card of a post: text, picture, own link, other wordings, the text to copy, "I shared it"."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns import rollups, supporters
from campaigns.engagement import counts_of_posts
from campaigns.media import NewPicture
from campaigns.models import Campaign, Engagement, Kind, Post, Purpose
from networks.share_intents import LABELS
from schedules.forgetting import Forgetting
from tests.bot.conftest import labels, written


async def card_of(who):
    """Open the newest card from the list; the message with its buttons."""
    await who.say("/posts")
    reply = await who.tap("kit:card:")
    return next(m for m in reply.messages if "reply_markup" in m)


def own_link(message):
    return next(word for word in written(message).split() if "/s/" in word)


@pytest.mark.parametrize(
    ("language", "nothing", "which"),
    [
        ("fr", "Il n’y a encore rien à partager", "Quel message voulez-vous partager ?"),
        ("en", "There is nothing to share yet", "Which message do you want to share?"),
    ],
)
async def test_posts_lists_what_is_out_the_newest_first(person, life, campaign, add, clock, language, nothing, which):
    zoe = await person("Zoé", language)
    await zoe.join()
    assert nothing in (await zoe.say("/posts")).text
    await add("Un", publish_at=clock() + timedelta(hours=1))
    assert nothing in (await zoe.say("/posts")).text  # its moment has not come
    clock.advance(timedelta(hours=1))
    assert list((await zoe.say("/posts")).buttons) == ["Un"]
    await add("Deux", publish_at=clock() + timedelta(minutes=1))
    clock.advance(timedelta(minutes=1))
    listed = await zoe.say("/posts")
    assert which in listed.text
    assert list(listed.buttons) == ["Deux", "Un"]


async def test_the_menu_leads_to_the_same_list(zoe, add):
    await add("Un")
    await zoe.join()
    assert list((await zoe.tap("menu:posts")).buttons) == ["Un"]


@pytest.mark.parametrize(
    ("language", "own"),
    [
        (
            "fr",
            ["📋 Copier le texte", "✍️ Écrire le mien", "✅ Je l’ai partagé", "🌙 Moins souvent", "🔕 Plus de messages"],
        ),
        ("en", ["📋 Copy text", "✍️ Write my own", "✅ I shared it", "🌙 Less often", "🔕 No more messages"]),
    ],
)
async def test_a_card_has_title_text_own_link_and_a_button_for_each_network(person, life, campaign, add, language, own):
    await add("Signez <b>ici</b> & là", "Un < deux & trois")
    zoe = await person("Zoé", language)
    await zoe.join()
    card = await card_of(zoe)
    assert written(card).startswith("Signez <b>ici</b> & là\n\nUn < deux & trois\n\nhttps://exemple.fr/s/")
    assert list(labels(card)) == [*LABELS.values(), *own]
    opens = [labels(card)[label] for label in LABELS.values()]
    assert all(address.startswith("https://exemple.fr/o/") for address in opens)
    token = own_link(card).rpartition("/")[2]
    assert not any(token in address for address in opens)  # the link that she posts does not open her windows


async def test_a_short_text_stands_under_its_picture(zoe, add, portrait, sandbox):
    await add(pictures=(NewPicture("portrait.jpg", portrait, "Une femme"),))
    await zoe.join()
    card = await card_of(zoe)
    assert "photo" in card and "Le train" in card["caption"]
    entry = (await sandbox.ledger("telegram", zoe.id))[-1]
    assert await sandbox.media(entry["media"][0]["sha256"]) == portrait


@pytest.mark.parametrize(
    "texts",
    [
        {"text": "Long. " * 200},
        {"text": "Court.", "wordings": ("Longue autre. " * 90,)},  # it would not fit when its turn comes
    ],
)
async def test_a_long_text_comes_behind_its_picture_and_all_wordings_can_be_shown(zoe, add, portrait, texts):
    await add(pictures=(NewPicture("portrait.jpg", portrait),), **texts)
    await zoe.join()
    await zoe.say("/posts")
    picture, card = (await zoe.tap("kit:card:")).messages
    assert "photo" in picture and "caption" not in picture
    assert texts["text"].strip() in card["text"]
    if "wordings" in texts:
        await zoe.tap("kit:wording:")
        assert "Longue autre." in (await zoe.message(card["message_id"]))["text"]


async def test_complaint_6_the_sponsor_line_counts_for_the_caption_too(zoe, add, portrait, database, campaign):
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).sponsor_line = "Payé par la liste, " * 12
    await add(text="Court. " * 130, pictures=(NewPicture("portrait.jpg", portrait),))  # without the line it would fit
    await zoe.join()
    await zoe.say("/posts")
    picture, card = (await zoe.tap("kit:card:")).messages
    assert "caption" not in picture and "Payé par la liste" in card["text"]


@pytest.mark.parametrize("pictured", [False, True])
async def test_other_wordings_come_in_turn_and_begin_again(zoe, add, portrait, books, pictured):
    pictures = (NewPicture("portrait.jpg", portrait),) if pictured else ()
    await add(text="Zéro", wordings=("Un", "Deux"), pictures=pictures)
    await zoe.join()
    card = await card_of(zoe)
    seen = []
    for _ in range(4):
        shown = await zoe.message(card["message_id"])
        seen.append(written(shown).split("\n\n")[1])
        assert own_link(shown) == own_link(card)
        assert ("photo" in shown) is pictured
        await zoe.tap("kit:wording:")
    assert seen == ["Zéro", "Un", "Deux", "Zéro"]
    assert await books.count(zoe, Kind.wording_changed) == 4


async def test_the_share_windows_open_with_the_wording_that_is_shown(zoe, add):
    await add(text="Zéro", wordings=("Un",))
    await zoe.join()
    card = await card_of(zoe)
    assert labels(card)["X"].endswith("/x?w=0")
    await zoe.tap("kit:wording:")
    assert labels(await zoe.message(card["message_id"]))["X"].endswith("/x?w=1")


async def test_a_post_with_one_wording_offers_no_other(zoe, add):
    await add()
    await zoe.join()
    assert not any("wording" in behind for behind in labels(await card_of(zoe)).values())


async def test_the_text_to_copy_is_the_wording_that_is_shown_with_the_own_link(zoe, add, books):
    await add(text="Zéro & <i>rien</i>", wordings=("Un & <i>tout</i>",))
    await zoe.join()
    card = await card_of(zoe)
    await zoe.tap("kit:wording:")
    copied = await zoe.tap("kit:copy:")
    assert copied.text == f"Un & <i>tout</i>\n\n{own_link(card)}"
    assert [e["type"] for e in copied.messages[0]["entities"] if e["type"] == "pre"]
    assert "Touchez le texte pour le copier" in copied.toast
    assert await books.count(zoe, Kind.copied) == 1


@pytest.mark.parametrize(
    ("language", "back", "thanks"),
    [("fr", "◀ Retour", "Merci ! C’est noté pour X."), ("en", "◀ Back", "Thank you! Noted for X.")],
)
async def test_i_shared_it_asks_where_thanks_and_shows_the_card_again(
    person, life, campaign, add, books, language, back, thanks
):
    await add(text="Zéro", wordings=("Un",))
    zoe = await person("Zoé", language)
    await zoe.join()
    card = await card_of(zoe)
    await zoe.tap("kit:wording:")
    chosen = await zoe.message(card["message_id"])
    await zoe.tap("kit:shared:")
    asked = labels(await zoe.message(card["message_id"]))
    assert list(asked) == [*LABELS.values(), back]
    said = await zoe.tap(asked["X"])
    assert thanks in said.toast
    shown = await zoe.message(card["message_id"])
    assert shown["text"] == chosen["text"]
    assert set(labels(shown).values()) - set(labels(chosen).values()) == {"kit:undo:1:1:x"}
    assert await books.count(zoe, Kind.said_shared) == 1


async def figures(database, books, who):
    """Said shared: hers, the post's, the campaign's, and the acts that are written."""
    async with database.read() as session:
        query = select(Engagement).where(col(Engagement.kind) == Kind.said_shared)
        acts = list(await session.scalars(query))
        post = (await counts_of_posts(session, [1]))[1][Kind.said_shared]
    return await books.count(who, Kind.said_shared), post, await books.count_of_all(Kind.said_shared), len(acts)


@pytest.mark.parametrize(
    ("language", "undo", "taken_back"),
    [
        ("fr", "↩ Finalement pas sur X", "C’est retiré : rien n’est noté pour X."),
        ("en", "↩ Not on X after all", "Taken back: nothing is noted for X."),
    ],
)
async def test_a_share_is_taken_back_with_its_counts_and_may_be_said_again(
    person, life, campaign, add, books, database, language, undo, taken_back
):
    await add()
    zoe = await person("Zoé", language)
    await zoe.join()
    card = await card_of(zoe)
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:x")
    assert await figures(database, books, zoe) == (1, 1, 1, 1)
    assert labels(await zoe.message(card["message_id"]))[undo] == "kit:undo:1:0:x"
    await life.restart()
    assert (await zoe.tap("kit:undo:")).toast == taken_back
    assert await figures(database, books, zoe) == (0, 0, 0, 0)
    assert (await zoe.message(card["message_id"]))["reply_markup"] == card["reply_markup"]
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:x")
    assert await figures(database, books, zoe) == (1, 1, 1, 1)


async def test_undo_takes_back_one_network_of_one_person(zoe, person, add, books, database):
    await add()
    noe = await person("Noé")
    for who in (zoe, noe):
        await who.join()
        await card_of(who)
        for network in ("x", "whatsapp"):
            await who.tap("kit:shared:")
            await who.tap(f"kit:on:1:0:{network}")
    await zoe.tap("kit:undo:1:0:whatsapp")
    assert await figures(database, books, zoe) == (1, 3, 3, 3)
    assert await books.count(noe, Kind.said_shared) == 2


async def test_undo_tapped_ten_times_takes_back_once(zoe, add, books, database, tap_often):
    await add()
    await zoe.join()
    await card_of(zoe)
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:mail")
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:x")
    await tap_often(zoe, "kit:undo:1:0:x", 10)
    assert await figures(database, books, zoe) == (1, 1, 1, 1)


async def test_what_was_said_has_its_tick_and_can_be_taken_back_later(zoe, add, books):
    await add()
    await zoe.join()
    card = await card_of(zoe)
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:x")
    await zoe.tap("kit:shared:")
    assert "✅ X" in labels(await zoe.message(card["message_id"]))
    assert "C’était déjà noté pour X" in (await zoe.tap("kit:on:1:0:x")).toast
    await zoe.tap("kit:undo:")
    assert await books.count(zoe, Kind.said_shared) == 0


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "fr",
            "Ce partage est trop ancien pour être retiré : de son mois ne restent que des totaux. Il reste noté pour X.",
        ),
        ("en", "This share is too old to be taken back: of its month only totals are left. It stays noted for X."),
    ],
)
async def test_a_share_whose_month_is_over_stays_noted_and_the_person_is_told(
    person, life, campaign, add, books, database, clock, language, sentence
):
    await add()
    zoe = await person("Zoé", language)
    await zoe.join()
    await card_of(zoe)
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:x")
    clock.advance(timedelta(days=430))
    async with database.write() as session:
        await rollups.catch_up(session)
        (await session.get_one(Post, 1)).publish_at = clock()  # its moment was moved: the card is good again
    work = Forgetting(database, clock, 13)
    await work.tick()
    await work.settled()
    tapped = await zoe.tap("kit:undo:")
    assert (tapped.toast, tapped.answer["show_alert"]) == (sentence, True)
    assert await figures(database, books, zoe) == (1, 1, 1, 0)
    assert "✅ X" in await asked_of(zoe)


async def asked_of(who):
    """The networks of the question where it was shared."""
    message_id, _ = await who.find("kit:shared:")
    await who.tap("kit:shared:")
    return labels(await who.message(message_id))


@pytest.mark.parametrize(
    ("language", "thanks"),
    [
        ("fr", "Merci ! Comme vous l’avez voulu, rien n’est compté."),
        ("en", "Thank you! As you wished, nothing is counted."),
    ],
)
async def test_who_is_not_counted_is_thanked_and_not_told_that_it_is_noted(
    person, life, campaign, add, books, language, thanks
):
    await add()
    zoe = await person("Zoé", language)
    await zoe.join(counting=False)
    card = await card_of(zoe)
    await zoe.tap("kit:shared:")
    assert thanks in (await zoe.tap("kit:on:1:0:x")).toast
    assert (await zoe.message(card["message_id"]))["reply_markup"] == card["reply_markup"]
    assert await books.count_of_all(Kind.said_shared) == 0


# The order of the networks


async def test_the_networks_that_she_uses_most_come_first(zoe, person, add, books, clock):
    await add("Un")
    await add("Deux")
    noe = await person("Noé")
    for who in (zoe, noe):
        await who.join()
    await zoe.say("/posts")
    await zoe.tap("kit:card:1")
    await zoe.tap("kit:card:2")
    for post, network in ((1, "mastodon"), (2, "x"), (1, "bluesky"), (2, "bluesky")):
        clock.advance(timedelta(minutes=1))
        await zoe.tap(f"kit:shared:{post}:")
        await zoe.tap(f"kit:on:{post}:0:{network}")
    usual = [label for label in LABELS.values() if label not in ("Bluesky", "X", "Mastodon")]
    card = await card_of(zoe)
    assert list(labels(card))[: len(LABELS)] == ["Bluesky", "X", "Mastodon", *usual]  # two, then the latest
    await zoe.tap("kit:shared:")
    asked = [name.removeprefix("✅ ") for name in labels(await zoe.message(card["message_id"]))]
    assert asked[: len(LABELS)] == ["Bluesky", "X", "Mastodon", *usual]
    assert list(labels(await card_of(noe)))[: len(LABELS)] == list(LABELS.values())  # her order is hers alone


async def test_who_no_longer_wants_to_be_counted_has_the_usual_order(zoe, add, books, house):
    await add()
    await zoe.join()
    await card_of(zoe)
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:threads")
    assert next(iter(labels(await card_of(zoe)))) == "Threads"
    async with house.database.write() as session:
        known = await supporters.find_supporter(session, zoe.id)
        await supporters.set_consents(session, known, books.campaign.id, {Purpose.contact}, house.clock())
    assert next(iter(labels(await card_of(zoe)))) == "WhatsApp"


# The picture as a file


@pytest.mark.parametrize(("language", "label"), [("fr", "🖼 L’image en fichier"), ("en", "🖼 Picture as a file")])
async def test_the_pictures_come_as_files_byte_for_byte(
    person, life, campaign, add, portrait, small, sandbox, language, label
):
    await add(pictures=(NewPicture("un.jpg", portrait), NewPicture("deux.jpg", small)))
    zoe = await person("Zoé", language)
    await zoe.join()
    assert labels(await card_of(zoe))[label] == "kit:file:1:0"
    sent = (await zoe.tap("kit:file:")).messages
    assert [message["document"]["file_name"] for message in sent] == ["1-1.jpg", "1-2.jpg"]
    assert [await sandbox.file(message["document"]["file_id"]) for message in sent] == [portrait, small]


async def test_a_post_without_a_picture_offers_no_file(zoe, add, hand_made):
    await add()
    await zoe.join()
    assert not any("kit:file" in behind for behind in labels(await card_of(zoe)).values())
    assert (await hand_made(zoe, "kit:file:1:0")).messages == []


async def test_a_share_counts_once_for_each_network(zoe, add, books):
    await add()
    await zoe.join()
    await card_of(zoe)
    for network in ("x", "x", "whatsapp"):
        await zoe.tap("kit:shared:")
        await zoe.tap(f"kit:on:1:0:{network}")
    assert await books.count(zoe, Kind.said_shared) == 2


async def test_back_shows_the_card_and_counts_nothing(zoe, add, books):
    await add()
    await zoe.join()
    card = await card_of(zoe)
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:back:")
    assert (await zoe.message(card["message_id"]))["reply_markup"] == card["reply_markup"]
    assert await books.count(zoe, Kind.said_shared) == 0


@pytest.mark.parametrize(("language", "thanks"), [("fr", "C’est noté pour X."), ("en", "Noted for X.")])
async def test_a_card_goes_on_across_a_restart(person, life, campaign, add, books, language, thanks):
    zoe = await person("Zoé", language)
    await add(text="Zéro", wordings=("Un",))
    await zoe.join()
    card = await card_of(zoe)
    for button in ("kit:wording:", "kit:shared:", "kit:on:1:1:x"):
        await life.restart()
        said = await zoe.tap(button)
    assert thanks in said.toast
    assert "Un" in written(await zoe.message(card["message_id"]))
    assert await books.count(zoe, Kind.said_shared) == 1


async def test_everybody_has_a_link_of_their_own_and_keeps_it(zoe, person, add):
    await add()
    noe = await person("Noé")
    await zoe.join()
    await noe.join()
    assert own_link(await card_of(zoe)) != own_link(await card_of(noe))
    assert own_link(await card_of(zoe)) == own_link(await card_of(zoe))
