"""Joining one campaign: a yes to each purpose, a territory, a language; and no trace of who says no."""

import pytest
from sqlmodel import select

from campaigns.consents import WORDINGS
from campaigns.handouts import Run, candidates
from campaigns.models import Consent, Kind, Purpose
from tests.bot.lives import by_both_ways

BOTH = {Purpose.contact, Purpose.counting}


@pytest.mark.parametrize(
    ("language", "contact", "counting", "ranking", "welcome", "menu"),
    [
        (
            "fr",
            ("La campagne peut-elle vous écrire ici ?", "✅ Oui, je participe"),
            ("Pouvons-nous compter ce que vos partages apportent ?", "📈 Oui, compter"),
            ("Pouvons-nous vous montrer dans le classement ?", "🏅 Oui, montrez-moi"),
            "Bienvenue, Zoé",
            "📣 Messages à partager",
        ),
        (
            "en",
            ("May the campaign write to you here?", "✅ Yes, I take part"),
            ("May we count what your shares bring?", "📈 Yes, count"),
            ("May you be shown in the ranking?", "🏅 Yes, show me"),
            "Welcome, Zoé!",
            "📣 Messages to share",
        ),
    ],
)
async def test_three_yes_and_she_is_in(
    person, life, campaign, books, language, contact, counting, ranking, welcome, menu
):
    zoe = await person("Zoé", language)
    asked = await zoe.start()
    assert contact[0] in asked.text and contact[1] in asked.buttons
    assert "La Région qui ose" in asked.text and "Osons la région" in asked.text
    assert await books.supporter(zoe) is None  # nothing of her is written before she says yes
    asked = await zoe.tap("join:contact:yes")
    assert counting[0] in asked.text and counting[1] in asked.buttons
    assert await books.supporter(zoe) is None
    asked = await zoe.tap("join:counting:yes")
    assert ranking[0] in asked.text and ranking[1] in asked.buttons
    assert await books.agreed(zoe) == BOTH  # she is in, whether she answers the last one or not
    welcomed = await zoe.tap("join:ranking:yes")
    assert welcome in welcomed.text and menu in welcomed.buttons
    assert await books.agreed(zoe) == {*BOTH, Purpose.ranking}
    assert (await books.supporter(zoe)).language == language


@pytest.mark.parametrize("contact", ["yes", "quiet"])
@pytest.mark.parametrize("counting", ["yes", "no"])
@pytest.mark.parametrize("ranking", ["yes", "no"])
async def test_each_can_be_refused_and_is_stored_with_the_version_of_its_wording(
    zoe, books, clock, contact, counting, ranking
):
    await zoe.start()
    await zoe.tap(f"join:contact:{contact}")
    said = await zoe.tap(f"join:counting:{counting}")
    if counting == "yes":  # without figures there is nothing to rank, and nothing to ask
        said = await zoe.tap(f"join:ranking:{ranking}")
    assert "Bienvenue, Zoé" in said.text
    answers = {
        Purpose.contact: contact == "yes",
        Purpose.counting: counting == "yes",
        Purpose.ranking: (counting, ranking) == ("yes", "yes"),
    }
    assert await books.agreed(zoe) == {purpose for purpose, agreed in answers.items() if agreed}
    async with books.database.read() as session:
        rows = (await session.scalars(select(Consent))).all()
    assert {(row.purpose, row.campaign_id, row.wording) for row in rows} == {
        (purpose, books.campaign.id, WORDINGS[purpose]) for purpose, agreed in answers.items() if agreed
    }


@pytest.mark.parametrize(
    ("language", "label", "waits"),
    [
        ("fr", "🔕 Je participe, sans qu’on m’écrive", "les messages attendent dans /posts"),
        ("en", "🔕 I take part, without being written to", "the messages wait under /posts"),
    ],
)
async def test_one_may_take_part_without_being_written_to(
    person, life, campaign, books, add, clock, language, label, waits
):
    post = await add()
    zoe = await person("Zoé", language)
    assert label in (await zoe.start()).buttons
    await zoe.tap("join:contact:quiet")
    await life.restart()
    await zoe.tap("join:counting:yes")
    assert waits in (await zoe.tap("join:ranking:no")).text
    assert await books.agreed(zoe) == {Purpose.counting}
    async with books.database.read() as session:
        assert await candidates(session, Run(post), clock(), limit=9) == []
    assert "Signez" in str((await zoe.say("/posts")).buttons)


@by_both_ways
async def test_a_second_tap_on_counting_does_not_undo_the_wish_for_quiet(zoe, books, tap_often):
    await zoe.start()
    await zoe.tap("join:contact:quiet")
    await tap_often(zoe, "join:counting:yes", 3)
    assert await books.agreed(zoe) == {Purpose.counting}


async def test_a_wish_for_quiet_behind_a_yes_takes_back_that_yes_alone(zoe, books):
    await zoe.start()
    quiet = await zoe.find("join:contact:quiet")
    await zoe.join()
    assert "rien ne vous est envoyé" in (await zoe.tap("", quiet)).text
    assert await books.agreed(zoe) == {Purpose.counting}
    assert (await books.place(zoe)).stopped_at is None


@pytest.mark.parametrize("data", ["join:ranking:yes", "join:counting:yes"])
async def test_an_answer_of_who_did_not_join_stores_nothing(zoe, hand_made, books, data):
    await zoe.start()
    asked = await hand_made(zoe, f"{data}:{books.campaign.id}")
    assert "La campagne peut-elle vous écrire ici ?" in asked.text
    assert await books.supporter(zoe) is None


async def test_the_answered_questions_lose_their_buttons(zoe):
    await zoe.join()
    assert sum("reply_markup" in m for m in await zoe.messages()) == 1  # the menu under the welcome


async def test_refusing_contact_leaves_no_trace_in_any_table(zoe, books):
    before = await books.everything()
    await zoe.start()
    assert str(zoe.id) in await books.everything()  # the dialogue, until she answers
    said = await zoe.tap("join:contact:no")
    assert "Rien n’est gardé sur vous" in said.text
    assert await books.everything() == before


async def test_refusing_in_another_language_leaves_no_trace_either(zoe, books):
    before = await books.everything()
    await zoe.start()
    await zoe.tap("join:language:en")
    assert "Nothing about you is kept" in (await zoe.tap("join:contact:no")).text
    assert await books.everything() == before


async def test_refusing_counting_gives_plain_links_and_counts_nothing(zoe, add, books):
    await add()
    await zoe.join(counting=False)
    assert await books.agreed(zoe) == {Purpose.contact}
    await zoe.say("/posts")
    card = await zoe.tap("kit:card:")
    assert "https://exemple.fr/petition" in card.text
    assert "/s/" not in card.text
    assert not any("exemple.fr/o/" in address for address in card.buttons.values())
    await zoe.tap("kit:copy:")
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:")
    assert [await books.count_of_all(kind) for kind in Kind] == [0] * len(Kind)


@pytest.mark.parametrize(
    ("spoken", "label", "question"),
    [
        ("fr", "English", "May the campaign write to you here?"),
        ("en", "Français", "La campagne peut-elle vous écrire ici ?"),
    ],
)
async def test_the_language_button_changes_this_and_all_that_follows(
    person, life, campaign, books, spoken, label, question
):
    zoe = await person("Zoé", spoken)
    assert f"🌐 {label}" in (await zoe.start()).buttons
    asked = await zoe.tap("join:language:")
    assert question in asked.text
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:yes")
    await zoe.tap("join:ranking:no")
    other = "en" if spoken == "fr" else "fr"
    assert (await books.supporter(zoe)).language == other
    assert ("Which message" if other == "en" else "rien à partager") not in (await zoe.say("/me")).text
    assert ("Your figures" if other == "en" else "Vos chiffres") in (await zoe.say("/me")).text


async def test_an_unknown_language_is_answered_in_french(person, life, campaign):
    ines = await person("Inés", "es")
    assert "La campagne peut-elle vous écrire ici ?" in (await ines.start()).text


async def test_without_a_campaign_the_bot_says_so(person, life):
    zoe = await person()
    assert "Il n’y a pas encore de campagne ici" in (await zoe.start()).text


async def test_eleven_territories_come_in_pages(zoe, territories, books):
    made = await territories(*(f"Canton {n:02}" for n in range(1, 12)))
    asked = await zoe.join()
    assert "Où vivez-vous" in asked.text
    first = [label for label in asked.buttons if label.startswith("Canton")]
    assert first == [f"Canton {n:02}" for n in range(1, 9)]
    assert "▶" in asked.buttons and "◀" not in asked.buttons
    question = asked.messages[-1]["message_id"]
    await zoe.tap("join:page:1")
    second = [label for label in _labels(await zoe.message(question)) if label.startswith("Canton")]
    assert second == ["Canton 09", "Canton 10", "Canton 11"]
    welcomed = await zoe.tap(f"join:territory:{made[10].id}")
    assert "Bienvenue, Zoé" in welcomed.text
    assert (await books.place(zoe)).territory_id == made[10].id


async def test_one_may_page_back_and_stay_without_a_territory(zoe, territories, books):
    await territories(*(f"Canton {n:02}" for n in range(1, 12)))
    asked = await zoe.join()
    await zoe.tap("join:page:1")
    await zoe.tap("join:page:0")
    assert "Canton 01" in _labels(await zoe.message(asked.messages[-1]["message_id"]))
    assert "Bienvenue" in (await zoe.tap("join:territory:none")).text
    assert (await books.place(zoe)).territory_id is None


async def test_a_button_of_a_territory_that_belongs_to_another_campaign_changes_nothing(
    zoe, territories, rival, hand_made, books
):
    (theirs,) = await territories("Ailleurs", campaign_id=rival.id)
    await zoe.join("c-la-region-qui-ose")
    await hand_made(zoe, f"join:territory:{theirs.id}:{books.campaign.id}")
    assert (await books.place(zoe)).territory_id is None


@pytest.mark.parametrize("step", ["join:contact:yes", "join:counting:yes", "join:ranking:no", "join:territory:none"])
@pytest.mark.parametrize(("language", "welcome"), [("fr", "Bienvenue, Zoé"), ("en", "Welcome, Zoé")])
async def test_a_restart_between_two_questions_loses_nothing(
    person, life, campaign, territories, books, step, language, welcome
):
    zoe = await person("Zoé", language)
    await territories("Vallée")
    await zoe.start()
    for button in ("join:contact:yes", "join:counting:yes", "join:ranking:no", "join:territory:none"):
        if button == step:
            await life.restart()
        said = await zoe.tap(button)
    assert welcome in said.text
    assert await books.agreed(zoe) == BOTH


async def test_a_yes_tapped_twice_is_one_yes(zoe, books, tap_often):
    await zoe.start()
    await tap_often(zoe, "join:contact:yes", 2)
    await tap_often(zoe, "join:counting:yes", 2)
    async with books.database.read() as session:
        consents = (await session.execute(select(Consent))).all()
    assert len(consents) == 2


async def test_a_no_behind_a_yes_is_a_no(zoe, books):
    """She pressed START twice, said yes under one question, and no under the other."""
    await zoe.start()
    first = await zoe.find("join:contact:no")
    await zoe.start()
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:yes")
    said = await zoe.tap("", first)
    assert "La Région qui ose" in said.text
    assert "Rien n’est gardé" not in said.text and "Nothing about you is kept" not in said.text  # it would not be true
    assert await books.agreed(zoe) == set()
    assert (await books.place(zoe)).stopped_at is not None


async def test_a_yes_to_counting_alone_joins_nobody(zoe, books):
    """The first question was answered by yes, then by no; the second still stands there."""
    await zoe.start()
    no = await zoe.find("join:contact:no")
    await zoe.start()
    await zoe.tap("join:contact:yes")
    await zoe.tap("", no)
    asked = await zoe.tap("join:counting:yes")
    assert "La campagne peut-elle vous écrire ici ?" in asked.text
    assert await books.supporter(zoe) is None


@pytest.mark.parametrize(
    "name",
    [
        "<b>&</b>",  # Telegram's own markup
        "Zo\u202eé\u200f",  # direction marks
        "🦊" * 200,
        "{name} %s",  # a format's own signs
        'O\'Neill "x"',
    ],
)
async def test_any_first_name_is_welcomed_as_it_is_written(person, life, campaign, name):
    zoe = await person(name)
    welcomed = await zoe.join()
    assert f"Bienvenue, {name}" in welcomed.text
    assert name in (await zoe.start()).text


def _labels(message):
    return [b["text"] for row in message["reply_markup"]["inline_keyboard"] for b in row]
