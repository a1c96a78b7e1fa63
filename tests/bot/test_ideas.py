"""Ideas in the chat: asked for or sent at once, confirmed, answered by the team, seen in /mydata."""

import pytest
from sqlmodel import col, select

from campaigns import suggestions
from campaigns.installation import add_organizer
from campaigns.models import Dialogue, Role, Suggestion
from networks.errors import ChannelRevoked
from tests.bot.conftest import labels, plain, written
from tests.bot.lives import by_both_ways

IDEA = "Des vélos à la gare <b>"


@pytest.fixture
def kept(database):
    async def rows():
        async with database.read() as session:
            return list(await session.scalars(select(Suggestion).order_by(col(Suggestion.id))))

    return rows


@pytest.fixture
def answer(database, campaign, clock, life):
    """The team answers an idea, and the bot takes that to the person."""

    async def write(text="Oui, au printemps & partout !", number=1):
        async with database.write() as session:
            organizer = await add_organizer(
                session, campaign.id, "camille@exemple.fr", "Camille", "un mot de passe", Role.editor, clock()
            )
            await suggestions.answer(session, campaign.id, number, text, organizer.id, clock())
        async with database.read() as session:
            waiting = await suggestions.untold(session, clock(), 9)
        for each in waiting:
            await life.runner.answer(each)
            async with database.write() as session:
                await suggestions.told(session, each.suggestion.id, clock())

    return write


@pytest.mark.parametrize(
    ("language", "asked", "thanks", "answered", "stop", "mine"),
    [
        ("fr", "Quelle est votre idée pour « La Région qui ose » ?", "Merci, c’est noté ! L’équipe la lit",
         "L’équipe de « La Région qui ose » répond à votre idée :", "🔕 Plus de messages", "Votre idée : « Des vélos à la gare <b> »"),
        ("en", "What is your idea for “La Région qui ose”?", "Thank you, it is noted! The team reads it",
         "The team of “La Région qui ose” answers your idea:", "🔕 No more messages", "Your idea: “Des vélos à la gare <b>”"),
    ],
)  # fmt: skip
async def test_an_idea_is_noted_answered_and_seen_in_mydata(
    person, life, campaign, kept, answer, language, asked, thanks, answered, stop, mine
):
    zoe = await person("Zoé", language)
    await zoe.join()
    assert asked in (await zoe.say("/idea")).text
    await life.restart()  # between the question and the idea
    assert thanks in (await zoe.say(IDEA)).text
    await zoe.say("Encore une")  # the dialogue is over: this is no idea
    assert [row.text for row in await kept()] == [IDEA]
    await answer()
    last = (await zoe.messages())[-1]
    assert answered in written(last) and IDEA in written(last) and "Oui, au printemps & partout !" in written(last)
    assert plain(next(iter(labels(last)))) == stop
    said = (await zoe.say("/mydata")).text
    assert mine in said and "Oui, au printemps & partout !" in said
    await zoe.tap("me:stop")
    assert (await zoe.say("/idea")).text in (
        "Rejoignez d’abord la campagne : /start",
        "First join the campaign: /start",
    )


@pytest.mark.parametrize("between", [" ", "\n", "   "])
async def test_an_idea_may_come_with_the_command(zoe, kept, between):
    await zoe.join()
    assert "c’est noté" in (await zoe.say(f"/idea{between}{IDEA}\nPartout")).text
    assert [row.text for row in await kept()] == [f"{IDEA}\nPartout"]


async def test_a_long_idea_is_quoted_short_above_its_answer(zoe, answer):
    await zoe.join()
    await zoe.say("/idea " + "x" * 1500)
    await answer("y" * 3000)
    last = written((await zoe.messages())[-1])
    assert "x" * 200 + "…" in last and "x" * 201 not in last and last.endswith("y" * 3000)


@pytest.mark.parametrize(
    ("before", "text", "said"),
    [
        (0, "x" * 2001, "Votre idée fait 2001 caractères, 2000 au plus"),
        (5, "Encore", "5 de vos idées attendent déjà une réponse"),
    ],
)
async def test_what_cannot_be_taken_is_told_with_its_limit(zoe, kept, before, text, said):
    await zoe.join()
    for n in range(before):
        await zoe.say(f"/idea Idée {n}")
    await zoe.say("/idea")
    assert said in (await zoe.say(text)).text
    assert len(await kept()) == before


@by_both_ways
async def test_not_now_ends_the_question_and_leaves_what_went_on_before(zoe, add, kept):
    await add()
    await zoe.join()
    await zoe.say("/posts")
    await zoe.tap("kit:card:")
    await zoe.tap("own:write:")
    await zoe.say("/idea")
    await zoe.say("/idea")  # twice: the step before is not forgotten
    await zoe.tap("idea:later")
    assert "Mes mots" in (await zoe.say("Mes mots à moi")).text and await kept() == []


async def test_an_idea_goes_to_the_campaign_that_asked(zoe, database, campaign, rival, kept):
    """Also where the talk has turned to another one in between."""
    await zoe.join("c-rivale")
    await zoe.join("c-la-region-qui-ose")
    await zoe.say("/idea")
    async with database.write() as session:
        (await session.get_one(Dialogue, zoe.id)).campaign_id = rival.id
    await zoe.say(IDEA)
    assert [row.campaign_id for row in await kept()] == [campaign.id]


@pytest.mark.parametrize("stopped", [False, True])
async def test_who_does_not_take_part_is_asked_to_join_and_leaves_no_idea(zoe, kept, stopped):
    if stopped:
        await zoe.join()
        await zoe.say("/idea")
        await zoe.say("/stop")
        await zoe.say(IDEA)
    assert "Rejoignez d’abord la campagne" in (await zoe.say(f"/idea {IDEA}")).text
    assert await kept() == []


async def test_who_blocked_the_bot_is_named_as_gone_by_the_error(zoe, answer, sandbox, kept):
    await zoe.join()
    await zoe.say(f"/idea {IDEA}")
    await sandbox.block(zoe.id)
    with pytest.raises(ChannelRevoked, match="blocked the bot"):
        await answer()


async def test_delete_erases_ideas_too(zoe, kept):
    await zoe.join()
    await zoe.say(f"/idea {IDEA}")
    await zoe.say("/delete")
    await zoe.tap("me:erase")
    await zoe.tap("me:erased")
    assert await kept() == []
