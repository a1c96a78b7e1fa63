"""/me, /stop, /delete, /help, and what is said to who writes something else."""

import pytest
from sqlmodel import select

from bot.app import COMMANDS
from campaigns.installation import add_organizer
from campaigns.models import Campaign, Dialogue, Kind, Organizer, Purpose, Role
from campaigns.words import Inclusive
from tests.bot.conftest import labels, written

BOTH = {Purpose.contact, Purpose.counting}


@pytest.mark.parametrize(
    ("language", "yours", "shared"),
    [
        ("fr", "Vos chiffres", "Partages que vous nous avez dits : 1"),
        ("en", "Your figures", "Shares you told us of: 1"),
    ],
)
async def test_me_shows_ones_own_figures_and_link(person, life, campaign, add, books, language, yours, shared):
    await add()
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.say("/posts")
    await zoe.tap("kit:card:")
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:x")
    for said in (await zoe.say("/me"), await zoe.tap("menu:me")):
        assert yours in said.text and "La Région qui ose" in said.text
        assert shared in said.text
        assert said.text.endswith(f"/porte_voix_demo_bot?start=r-{(await books.place(zoe)).invite_code}")


@pytest.mark.parametrize(
    ("language", "sentence", "label"),
    [
        ("fr", "Vous avez choisi de ne pas être compté·e", "📈 Oui, compter"),
        ("en", "You chose not to be counted", "📈 Yes, count"),
    ],
)
async def test_me_offers_who_is_not_counted_to_be(person, life, campaign, books, language, sentence, label):
    zoe = await person("Zoé", language)
    await zoe.join(counting=False)
    said = await zoe.say("/me")
    assert sentence in said.text and list(said.buttons) == [label]
    figures = await zoe.tap("me:count")
    assert ("Badges faits : 0" if language == "fr" else "Badges made: 0") in figures.text
    assert await books.agreed(zoe) == BOTH


@pytest.mark.parametrize(("inclusive", "written"), [(Inclusive.brackets, "compté(e)"), (Inclusive.none, "compté")])
async def test_french_is_as_the_campaign_writes_it(zoe, campaign, database, inclusive, written):
    async with database.write() as session:
        (await session.get_one(Campaign, campaign.id)).inclusive = inclusive
    await zoe.join(counting=False)
    assert f"Vous avez choisi de ne pas être {written} :" in (await zoe.say("/me")).text


@pytest.mark.parametrize("command", ["/me", "/posts"])
@pytest.mark.parametrize(
    ("language", "sentence"),
    [("fr", "Rejoignez d’abord la campagne : /start"), ("en", "First join the campaign: /start")],
)
async def test_a_stranger_is_asked_to_join_first_and_leaves_no_trace(
    person, life, campaign, books, command, language, sentence
):
    before = await books.everything()
    zoe = await person("Zoé", language)
    said = await zoe.say(command)
    assert sentence in said.text and said.buttons == {}
    assert await books.everything() == before


@pytest.mark.parametrize("command", ["/me", "/posts"])
async def test_who_stopped_is_asked_to_join_again(zoe, add, command):
    await add()
    await zoe.join()
    await zoe.say("/stop")
    assert "Rejoignez d’abord la campagne : /start" in (await zoe.say(command)).text


async def test_an_old_yes_to_counting_does_not_undo_a_stop(zoe, books):
    await zoe.join(counting=False)
    await zoe.say("/me")
    await zoe.say("/stop")
    assert "Rejoignez d’abord la campagne : /start" in (await zoe.tap("me:count")).text
    assert await books.agreed(zoe) == set()


@pytest.mark.parametrize("button", ["join:territory:1", "join:territory:none", "join:page:1"])
async def test_an_old_territory_button_does_not_welcome_who_stopped(zoe, territories, books, button):
    await territories(*(f"Canton {n}" for n in range(1, 10)))
    await zoe.join()
    await zoe.say("/stop")
    said = await zoe.tap(button)
    assert "Bienvenue" not in said.text and "La campagne peut-elle vous écrire ici ?" in said.text
    assert await books.agreed(zoe) == set()


@pytest.mark.parametrize(
    ("language", "done", "offer"),
    [
        ("fr", "C’est fait : vous ne recevrez plus de message", "🗑 Effacer aussi tout ce qui me concerne"),
        ("en", "Done: you get no more messages", "🗑 Also erase everything about me"),
    ],
)
async def test_stop_withdraws_every_consent_at_once(person, life, campaign, rival, books, language, done, offer):
    zoe = await person("Zoé", language)
    await zoe.join("c-la-region-qui-ose")
    await zoe.join("c-rivale")
    said = await zoe.say("/stop")
    assert done in said.text and list(said.buttons) == [offer]
    assert (await books.agreed(zoe), await books.agreed(zoe, rival)) == (set(), set())
    assert (await books.place(zoe)).stopped_at and (await books.place(zoe, rival)).stopped_at


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("fr", "rien n’est gardé sur vous"), ("en", "nothing about you is kept")],
)
async def test_stop_by_a_stranger_says_the_truth(person, life, campaign, books, language, sentence):
    before = await books.everything()
    zoe = await person("Zoé", language)
    await zoe.start()
    await zoe.tap("join:language:")
    await zoe.tap("join:language:")
    assert sentence in (await zoe.say("/stop")).text
    assert await books.everything() == before


async def test_erasing_leaves_nothing_of_the_person_and_keeps_the_counts(person, life, add, books, campaign):
    await add()
    zoe = await person("Zébulonne")
    await zoe.join()
    await zoe.say("/posts")
    await zoe.tap("kit:card:")
    await zoe.tap("kit:shared:")
    await zoe.tap("kit:on:1:0:x")
    await zoe.say("/stop")
    await zoe.tap("me:erase")
    kept = await books.everything()
    assert str(zoe.id) in kept and "Zébulonne" in kept  # one more tap is needed
    assert "rien n’est gardé sur vous" in (await zoe.tap("me:erased")).text
    left = await books.everything()
    assert str(zoe.id) not in left and "Zébulonne" not in left
    assert await books.count_of_all(Kind.said_shared) == 1


async def test_erasing_may_be_thought_over(zoe, books):
    await zoe.join()
    await zoe.say("/stop")
    await zoe.tap("me:erase")
    await zoe.tap("me:keep")
    assert await books.supporter(zoe) is not None
    with pytest.raises(AssertionError, match="no button"):
        await zoe.find("me:")


async def test_erasing_twice_is_no_error(zoe, books, tap_often):
    await zoe.join()
    await zoe.say("/stop")
    await zoe.tap("me:erase")
    await tap_often(zoe, "me:erased", 2)
    assert await books.supporter(zoe) is None
    assert "Quelque chose" not in (await zoe.messages())[-1]["text"]


@pytest.mark.parametrize(
    ("language", "sure", "first", "second", "gone"),
    [
        (
            "fr",
            "Effacer tout ce qui vous concerne ?",
            "🗑 Effacer tout ce qui me concerne",
            "🗑 Oui, tout effacer",
            "C’est fait : rien n’est gardé sur vous.",
        ),
        (
            "en",
            "Erase everything about you?",
            "🗑 Erase everything about me",
            "🗑 Yes, erase everything",
            "Done: nothing about you is kept.",
        ),
    ],
)
async def test_delete_erases_at_the_second_tap_and_at_once(
    person, life, add, books, campaign, rival, language, sure, first, second, gone
):
    await add()
    zoe = await person("Zébulonne", language)
    await zoe.join("c-rivale")
    await zoe.join("c-la-region-qui-ose")
    await zoe.say("/posts")
    await zoe.tap("kit:card:")
    asked = await zoe.say("/delete")
    assert sure in asked.text and "/mydata" in asked.text and first in asked.buttons
    await zoe.tap("me:erase")
    assert second in labels(await zoe.message(asked.messages[-1]["message_id"]))
    assert "Zébulonne" in await books.everything()
    assert gone in (await zoe.tap("me:erased")).text
    left = await books.everything()
    assert str(zoe.id) not in left and "Zébulonne" not in left
    assert await books.count_of_all(Kind.received) == 1  # the count stays, without her
    assert ("Rien n’est gardé sur vous ici" if language == "fr" else "Nothing about you is stored here") in (
        await zoe.say("/mydata")
    ).text


async def test_delete_works_after_a_restart_between_its_taps_and_for_who_stopped(zoe, life, books):
    await zoe.join()
    await zoe.say("/stop")
    await zoe.say("/delete")
    await life.restart()
    await zoe.tap("me:erase")
    await life.restart()
    await zoe.tap("me:erased")
    assert await books.supporter(zoe) is None


async def test_delete_may_be_thought_over(zoe, books):
    await zoe.join()
    await zoe.say("/delete")
    await zoe.tap("me:keep")
    assert await books.agreed(zoe) == BOTH
    with pytest.raises(AssertionError, match="no button"):
        await zoe.find("me:")


async def test_delete_by_a_stranger_says_the_truth(zoe, books):
    before = await books.everything()
    said = await zoe.say("/delete")
    assert "rien n’est gardé sur vous" in said.text and said.buttons == {}
    assert await books.everything() == before


async def test_who_is_erased_in_the_middle_of_a_badge_begins_anew(zoe, books, small):
    await zoe.join()
    await zoe.send(small)
    frame = await zoe.find("badge:frame")
    await zoe.say("/delete")
    await zoe.tap("me:erase")
    await zoe.tap("me:erased")
    await zoe.tap("", frame)
    assert await books.supporter(zoe) is None
    assert not any("Quelque chose n’a pas marché" in written(m) for m in await zoe.messages())


async def test_an_organizer_who_is_erased_as_a_supporter_is_told_what_stays(zoe, books, clock):
    await zoe.join()
    async with books.database.write() as session:
        made = await add_organizer(
            session, books.campaign.id, "zoe@exemple.fr", "Zoé", "un mot de passe", Role.editor, clock()
        )
        (await session.get_one(Organizer, made.id)).telegram_id = zoe.id
    await zoe.say("/delete")
    await zoe.tap("me:erase")
    said = await zoe.tap("me:erased")
    assert "comme soutien" in said.text and "zoe@exemple.fr" in said.text
    assert "Vous êtes dans l’équipe de campagne : zoe@exemple.fr" in (await zoe.say("/mydata")).text


@pytest.mark.parametrize("erased", [False, True])
async def test_one_may_come_back_and_is_asked_anew(zoe, books, erased):
    await zoe.join()
    await zoe.say("/stop")
    if erased:
        await zoe.tap("me:erase")
        await zoe.tap("me:erased")
    assert "La campagne peut-elle vous écrire ici ?" in (await zoe.start()).text
    assert await books.agreed(zoe) == set()
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:no")
    assert await books.agreed(zoe) == {Purpose.contact}
    assert (await books.place(zoe)).stopped_at is None


@pytest.mark.parametrize(
    ("language", "what", "never", "other", "then"),
    [
        ("fr", "Ce que je peux faire pour vous", "Je ne publie jamais à votre place", "🌐 English", "What I can do"),
        ("en", "What I can do for you", "I never post in your place", "🌐 Français", "Ce que je peux faire"),
    ],
)
async def test_help_names_every_command_and_changes_the_language(
    person, life, campaign, books, language, what, never, other, then
):
    zoe = await person("Zoé", language)
    await zoe.join()
    said = await zoe.say("/help")
    assert what in said.text and never in said.text and list(said.buttons) == [other]
    commands = [name for name, _ in COMMANDS if name != "help"] + ["start"]
    assert all(f"/{name} – " in said.text for name in commands)
    assert len(said.text.splitlines()) <= 16 and len(said.text) <= 700  # one screen of a phone
    assert then in (await zoe.tap("me:language:")).text
    assert then in (await zoe.say("/help")).text
    assert (await books.supporter(zoe)).language != language


async def test_a_strangers_choice_of_language_holds_until_they_say_stop(zoe, database):
    await zoe.say("/help")
    await zoe.tap("me:language:en")
    assert "What I can do" in (await zoe.say("/help")).text
    await zoe.say("/stop")
    async with database.read() as session:
        assert (await session.scalars(select(Dialogue))).all() == []


@pytest.mark.parametrize("words", ["/nimporte", "/start_", "/posts@autre_bot", "Bonjour !", "🦊", "<b>", "/", "{x}"])
async def test_what_is_not_understood_leads_to_help(zoe, words):
    await zoe.join()
    said = await zoe.say(words)
    assert "Je n’ai pas compris" in said.text and "/help" in said.text
    assert "📣 Messages à partager" in said.buttons


async def test_a_stranger_who_says_anything_is_led_to_help_without_a_menu(zoe, books):
    before = await books.everything()
    said = await zoe.say("Bonjour !")
    assert "Je n’ai pas compris" in said.text and said.buttons == {}
    assert await books.everything() == before


async def test_a_command_in_the_middle_of_a_dialogue_is_a_command(zoe, small):
    await zoe.join()
    await zoe.send(small)
    await zoe.tap("badge:frame")
    assert "Je n’ai pas compris" in (await zoe.say("/nimporte")).text  # not a badge with that name
