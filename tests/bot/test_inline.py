"""Inline mode: `@bot word` in any chat offers the running posts, with the link of whoever types."""

from datetime import timedelta

import pytest

from campaigns import posts, supporters
from campaigns.models import Campaign, Kind, Participation, Purpose
from campaigns.silence_windows import add_window
from tests.bot.lives import by_both_ways
from tests.bot.test_cards import card_of, own_link


def titles(asked):
    return [each["title"] for each in asked["answer"]["results"]]


def text_of(asked, n=0):
    return asked["answer"]["results"][n]["sends"]["text"]


async def type_in_a_chat(who, query=""):
    return await who.sandbox.inline(who.id, query)


async def test_the_running_posts_are_offered_the_newest_first_with_her_own_link(zoe, add, clock):
    await add("Un", "Premier texte")
    clock.advance(timedelta(minutes=1))
    await add("Deux", "Deuxième\ntexte")
    await add("Plus tard", publish_at=clock() + timedelta(hours=1))
    await zoe.join()
    asked = await type_in_a_chat(zoe)
    assert titles(asked) == ["Deux", "Un"]
    assert asked["answer"]["results"][0]["description"] == "Deuxième texte"
    assert text_of(asked) == f"Deuxième\ntexte\n\n{own_link(await card_of(zoe))}"
    assert (asked["answer"]["is_personal"], asked["answer"]["cache_time"]) == (True, 0)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["Deux", "Un"]),
        ("depart", ["Deux"]),  # no accent, and not the whole word
        ("TRAINS département", ["Deux"]),
        ("train", ["Deux", "Un"]),
        ("un train", ["Un"]),
        ("un bus", []),
        ("<b>%_*", []),
        ("🚆", ["Un"]),
    ],
)
async def test_words_choose_among_the_posts(zoe, add, typed, found):
    await add("Un", "Le train de 18 h 🚆")
    await add("Deux", "Les trains du Département")
    await zoe.join()
    assert titles(await type_in_a_chat(zoe, typed)) == found


async def test_two_people_who_type_the_same_get_each_their_own_link(zoe, person, add):
    await add()
    noe = await person("Noé")
    for who in (zoe, noe):
        await who.join()
    hers, his = await type_in_a_chat(zoe, "train"), await type_in_a_chat(noe, "train")
    assert not his["cached"] and text_of(hers) != text_of(his)
    assert own_link(await card_of(noe)) in text_of(his)
    assert text_of(await type_in_a_chat(zoe, "train")) == text_of(hers)  # and keeps it


async def test_who_is_not_counted_offers_plain_links_and_no_choice_is_counted(zoe, add, books):
    await add()
    await zoe.join(counting=False)
    asked = await type_in_a_chat(zoe)
    assert text_of(asked).endswith("\n\nhttps://exemple.fr/petition")
    await zoe.sandbox.choose(zoe.id, asked["id"], "1")
    await zoe.sandbox.updates_taken()
    assert await books.count_of_all(Kind.opened) == 0


@by_both_ways
async def test_a_chosen_post_counts_as_opened_on_telegram_once(zoe, add, books):
    await add()
    await zoe.join()
    for _ in range(2):
        asked = await type_in_a_chat(zoe)
        sent = await zoe.sandbox.choose(zoe.id, asked["id"], "1")
        assert sent["text"] == text_of(asked) and sent["from"]["id"] == zoe.id
    await zoe.sandbox.updates_taken()
    assert await books.count(zoe, Kind.opened) == 1
    assert await books.count(zoe, Kind.said_shared) == 0


async def test_the_sponsor_line_goes_with_every_post(zoe, add, database, campaign):
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).sponsor_line = "Financé par La Région"
    await add()
    await zoe.join()
    assert "\n\nFinancé par La Région\n\n" in text_of(await type_in_a_chat(zoe))


async def test_at_most_fifty_posts_are_offered(zoe, add):
    for n in range(52):
        await add(f"Post {n}")
    await zoe.join()
    shown = titles(await type_in_a_chat(zoe))
    assert len(shown) == 50 and shown[0] == "Post 51"
    assert titles(await type_in_a_chat(zoe, "post 0")) == [
        "Post 50",
        "Post 40",
        "Post 30",
        "Post 20",
        "Post 10",
        "Post 0",
    ]


@pytest.mark.parametrize("what", ["silent", "cancelled", "old"])
async def test_what_may_not_be_shared_now_is_not_offered(zoe, add, database, campaign, clock, what):
    await add()
    await zoe.join()
    assert titles(await type_in_a_chat(zoe, "train")) == ["Signez !"]
    async with database.write() as session:
        if what == "silent":
            await add_window(session, campaign, clock(), clock() + timedelta(days=2), "vote")
        if what == "cancelled":
            await posts.cancel_post(session, campaign.id, 1, clock())
    if what == "old":
        clock.advance(timedelta(days=90))
    asked = await type_in_a_chat(zoe, "train")  # the very same words: Telegram kept nothing
    assert asked["answer"]["results"] == [] and asked["answer"]["button"] is None
    if what == "silent":
        clock.advance(timedelta(days=2))
        assert titles(await type_in_a_chat(zoe, "train")) == ["Signez !"]


async def test_silence_is_that_of_her_own_territory(zoe, add, database, campaign, territories, clock):
    littoral, plateau = await territories("Littoral", "Plateau")
    await add()
    await zoe.start(f"t-{littoral.id}")
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:yes")
    async with database.write() as session:
        place = await supporters.participation(session, 1, campaign.id)
        place.territory_id = littoral.id
        await add_window(session, campaign, clock(), clock() + timedelta(days=2), "vote", plateau.id)
    assert titles(await type_in_a_chat(zoe)) == ["Signez !"]
    async with database.write() as session:
        (await session.get_one(Participation, place.id)).territory_id = plateau.id
    assert titles(await type_in_a_chat(zoe)) == []


@pytest.mark.parametrize(
    ("language", "label"),
    [("fr", "Rejoignez la campagne pour partager ses messages"), ("en", "Join the campaign to share its posts")],
)
async def test_a_stranger_gets_a_button_to_join_and_leaves_no_trace(
    person, life, campaign, add, books, language, label
):
    await add()
    noe = await person("Noé", language)
    before = await books.everything()
    asked = await type_in_a_chat(noe, "train")
    assert asked["answer"]["results"] == []
    assert asked["answer"]["button"] == {"text": label, "start_parameter": f"c-{campaign.slug}"}
    assert await books.everything() == before
    joining = await noe.start(asked["answer"]["button"]["start_parameter"])
    assert "La Région qui ose" in joining.text


async def test_where_there_are_two_campaigns_the_button_leads_to_the_choice(zoe, rival, add):
    asked = await type_in_a_chat(zoe)
    payload = asked["answer"]["button"]["start_parameter"]
    assert list((await zoe.start(payload)).buttons) == ["La Région qui ose", "La Rivale"]


async def test_posts_of_every_campaign_that_she_joined_are_offered_and_of_no_other(zoe, person, rival, add, campaign):
    await add("À nous")
    await add("À eux", campaign_id=rival.id)
    await zoe.join(f"c-{campaign.slug}")
    assert titles(await type_in_a_chat(zoe)) == ["À nous"]
    await zoe.join("c-rivale")
    assert titles(await type_in_a_chat(zoe)) == ["À eux", "À nous"]


async def test_who_stopped_is_offered_nothing_but_to_join(zoe, add):
    await add()
    await zoe.join()
    await zoe.say("/stop")
    asked = await type_in_a_chat(zoe)
    assert asked["answer"]["results"] == [] and asked["answer"]["button"] is not None


async def test_who_takes_the_counting_back_gets_plain_links_at_once(zoe, add, house, books):
    await add()
    await zoe.join()
    assert "/s/" in text_of(await type_in_a_chat(zoe))
    async with house.database.write() as session:
        known = await supporters.find_supporter(session, zoe.id)
        await supporters.set_consents(session, known, books.campaign.id, {Purpose.contact}, house.clock())
    assert "/s/" not in text_of(await type_in_a_chat(zoe))


async def test_inline_mode_goes_on_after_a_restart(zoe, add, life):
    await add()
    await zoe.join()
    asked = await type_in_a_chat(zoe)
    await life.restart()
    assert text_of(await type_in_a_chat(zoe)) == text_of(asked)
    await zoe.sandbox.choose(zoe.id, asked["id"], "1")
    await zoe.sandbox.updates_taken()
