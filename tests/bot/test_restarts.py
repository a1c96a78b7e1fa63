"""Dialogues that go on across a restart in their middle, in French and in English; the longer ones have such a test beside their own."""

import pytest

from campaigns.models import Kind, Purpose
from tests.bot.conftest import written

BOTH = {Purpose.contact, Purpose.counting}


def spoken(*names, fr, en):
    """The test once in French and once in English, with what is said there."""
    return pytest.mark.parametrize(("language", *names), [("fr", *fr), ("en", *en)], ids=["fr", "en"])


@spoken("question", fr=("La campagne peut-elle vous écrire ici ?",), en=("May the campaign write to you here?",))
async def test_the_choice_of_a_campaign(person, life, rival, books, language, question):
    zoe = await person("Zoé", language)
    await zoe.start()
    await life.restart()
    assert question in (await zoe.tap(f"join:campaign:{rival.id}")).text
    await zoe.tap("join:contact:yes")
    await life.restart()
    await zoe.tap("join:counting:no")
    assert await books.agreed(zoe, rival) == {Purpose.contact} and await books.agreed(zoe) == set()


@spoken("welcome", fr=("Bienvenue, Noé",), en=("Welcome, Noé",))
async def test_an_invitation_is_counted_for_who_sent_it(zoe, person, life, books, language, welcome):
    await zoe.join()
    noe = await person("Noé", language)
    await noe.start(f"r-{(await books.place(zoe)).invite_code}")
    await life.restart()
    await noe.tap("join:contact:yes")
    await life.restart()
    await noe.tap("join:counting:no")
    assert any(welcome in written(message) for message in await noe.messages())
    assert await books.count(zoe, Kind.recruited) == 1


@spoken("noted", fr=("C’est noté : oui.",), en=("Noted: yes.",))
async def test_a_consent_is_given(person, life, campaign, books, language, noted):
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.say("/consents")
    await life.restart()
    await zoe.tap("consent:ask:ranking:")
    await life.restart()
    assert (await zoe.tap("consent:yes:ranking:")).toast == noted
    assert await books.agreed(zoe) == BOTH | {Purpose.ranking}


@spoken("figures", fr=("Vos chiffres",), en=("Your figures",))
async def test_who_looks_at_their_figures_lets_them_be_counted(person, life, campaign, books, language, figures):
    zoe = await person("Zoé", language)
    await zoe.join(counting=False)
    await zoe.say("/me")
    await life.restart()
    assert figures in (await zoe.tap("me:count")).text
    assert await books.agreed(zoe) == BOTH


@spoken("remembered", "shown", fr=("Je m’en souviendrai", "sur le mur"), en=("I will remember", "on the support wall"))
async def test_the_wishes_about_a_badge(person, life, campaign, books, small, language, remembered, shown):
    zoe = await person("Zoé", language)
    await zoe.join()
    await zoe.see_badge(small)
    await zoe.tap("badge:file:square")
    await life.restart()
    assert remembered in (await zoe.tap("badge:keep:yes")).text
    await life.restart()
    await zoe.tap("badge:wall")
    question, _ = await zoe.find("badge:wall:yes")
    await life.restart()
    await zoe.tap("badge:wall:yes")
    assert shown in written(await zoe.message(question))
    assert await books.agreed(zoe) == BOTH | {Purpose.remembering, Purpose.wall}


@spoken(
    "done", "kept", fr=("plus de message", "rien n’est gardé"), en=("no more messages", "nothing about you is kept")
)
async def test_a_stop_that_becomes_a_delete(person, life, campaign, books, language, done, kept):
    zoe = await person("Zoé", language)
    await zoe.join()
    assert done in (await zoe.say("/stop")).text
    await life.restart()
    await zoe.tap("me:erase")
    await life.restart()
    assert kept in (await zoe.tap("me:erased")).text
    assert await books.supporter(zoe) is None


@spoken("title", fr=("Ce qui est gardé sur vous",), en=("What is stored about you",))
async def test_mydata_tells_where_a_dialogue_stands_that_a_restart_interrupted(person, life, campaign, language, title):
    zoe = await person("Zoé", language)
    await zoe.join()
    asked = await zoe.say("/idea")
    await life.restart()
    assert title in (await zoe.say("/mydata")).text
    await life.restart()
    assert (await zoe.say("Un bus par heure")).text != asked.text  # the idea is taken all the same
