"""/broadcast: a text, whom it is for, a yes where one is needed, and off; for the comms team alone."""

import pytest
from sqlmodel import col, select

from campaigns import interests
from campaigns.models import Broadcast, BroadcastState, BroadcastWatch, Campaign, Dialogue, Role
from networks.pace import Pace
from schedules.broadcasts import Broadcaster
from schedules.looking import LOOK
from schedules.watches import Watches
from tests.bot.conftest import labels, written

S = BroadcastState
TEXT = "Rendez-vous samedi <13 h 45> & après"


@pytest.fixture
def kept(database):
    async def rows():
        async with database.read() as session:
            return list(await session.scalars(select(Broadcast).order_by(col(Broadcast.id))))

    return rows


@pytest.fixture
def approvals(database, campaign):
    async def ask(n=1):
        async with database.write() as session:
            (await session.get_one(Campaign, campaign.id)).approvals = n

    return ask


@pytest.fixture
def crowd(person, life, campaign):
    async def add(*names, payload="", language="fr"):
        people = [await person(name, language) for name in names]
        for who in people:
            await who.join(payload)
        return people

    return add


@pytest.fixture
def works(house, life, clock):
    """The works of a process: those who serve people, and those who show how far it is."""
    pace = Pace(1000, chat_gap=0)
    broadcaster = Broadcaster(house.database, clock, life.runner.deliver, pace)
    watches = Watches(house.database, clock, lambda each: life.runner.show_progress(each))

    async def look():
        clock.advance(LOOK)
        await watches.tick()
        await watches.settled()

    return broadcaster, look


@pytest.mark.parametrize(
    ("language", "asked", "where", "everybody", "people", "send", "arrived", "done"),
    [
        ("fr", "Que doivent lire les gens de « La Région qui ose »", "🎯 Vallée et ce qui en dépend", "🎯 Toutes les personnes qui ont accepté", "À 2 personnes", "▶ Envoyer à 2 personnes", "Arrivés : 2 sur 2", "🏁 Terminé : mar. 1 déc. 09:00"),
        ("en", "What shall the people of “La Région qui ose” read?", "🎯 Vallée and below", "🎯 Everybody who agreed to be written to", "To 2 people", "▶ Send it to 2 people", "Arrived: 2 of 2", "🏁 Done: Tue 1 Dec 09:00"),
    ],
)  # fmt: skip
async def test_it_is_written_aimed_sent_and_watched_across_restarts(
    person, life, campaign, organize, territories, crowd, kept, works, language, asked, where, everybody, people, send, arrived, done
):  # fmt: skip
    valley, *_ = await territories("Vallée", "Littoral")
    inside = await crowd("Ana", "Bo", payload=f"t-{valley.id}")
    (outside,) = await crowd("Cy")
    team = await person("Camille", language)
    await organize(team, Role.approver)
    assert asked in (await team.say("/broadcast")).text
    await life.restart()
    said = await team.say(TEXT)
    assert written(said.messages[0]) == TEXT and everybody in said.text
    message = said.messages[-1]["message_id"]
    await team.tap("cast:where:")
    await life.restart()
    await team.tap(f"cast:terr:{valley.id}:")
    card = await team.message(message)
    assert where in written(card) and people in written(card) and send in labels(card)
    await team.tap("cast:send:")
    assert [(each.state, each.territory_id) for each in await kept()] == [(S.running, valley.id)]
    broadcaster, look = works
    await broadcaster.tick()
    await broadcaster.settled()
    await life.restart()
    await look()
    shown = await team.message(message)
    assert arrived in written(shown) and done in written(shown) and labels(shown) == {}
    for who in inside:
        assert [written(m) for m in await who.messages()].count(TEXT) == 1
    assert TEXT not in [written(m) for m in await outside.messages()]


async def test_language_and_theme_narrow_it_and_back_changes_nothing(person, organize, crowd, database, campaign, kept):
    async with database.write() as session:
        await interests.add_interest(session, campaign.id, "Le rail")
    (ana,) = await crowd("Ana")
    await crowd("Bo", language="en")
    await ana.say("/rhythm")
    await ana.tap("rhythm:themes:")
    await ana.tap("rhythm:theme:1:")
    team = await person("Camille")
    await organize(team, Role.admin)
    said = await team.say(f"/diffuser {TEXT}")
    message = said.messages[-1]["message_id"]
    assert "À 2 personnes" in said.text
    await team.tap("cast:langs:")
    await team.tap("cast:lang:en:")
    assert "🎯 English" in written(await team.message(message)) and "À 1 personne" in written(await team.message(message))  # fmt: skip
    await team.tap("cast:themes:")
    await team.tap("cast:theme:1:")
    card = await team.message(message)
    assert "🎯 English · intéressées par : Le rail" in written(card) and "À 0 personne" in written(card)
    assert not any(data.startswith(("cast:send", "cast:submit")) for data in labels(card).values())
    await team.tap("cast:langs:")
    await team.tap("cast:card:")
    await team.tap("cast:langs:")
    await team.tap("cast:lang::")
    assert "🎯 Intéressées par : Le rail" in written(await team.message(message))
    assert [(each.language, each.interest_id) for each in await kept()] == [(None, 1)]


async def test_an_editors_message_waits_for_a_yes_and_a_no_comes_back(person, organize, crowd, kept):
    await crowd("Ana")
    editor, approver = await person("Dominique"), await person("Camille", "en")
    await organize(editor, Role.editor)
    await organize(approver, Role.approver)
    said = await editor.say(f"/broadcast {TEXT}")
    assert "🙋 Demander un deuxième oui" in said.buttons and not any(d.startswith("cast:send") for d in said.buttons.values())  # fmt: skip
    await editor.tap("cast:submit:")
    theirs = (await approver.messages())[-2:]
    assert written(theirs[0]) == TEXT and "Dominique wants to write: everybody · to 1 person" in written(theirs[1])
    await approver.tap("second:no:")
    assert "Pas comme ça" in written((await editor.messages())[-1])
    await editor.tap("cast:text::1")
    await editor.say("Mieux dit")
    assert [(each.text, each.state) for each in await kept()] == [("Mieux dit", S.draft)]
    await editor.tap("cast:submit:")
    await approver.tap("second:yes:")
    assert [each.state for each in await kept()] == [S.running]
    assert "Arrivés : 0 sur 1" in written((await editor.messages())[-1])


async def test_where_posts_need_a_second_yes_messages_do_too(person, organize, crowd, kept, approvals, hand_made):
    await approvals()
    await crowd("Ana")
    author, other = await person("Camille"), await person("Dominique")
    await organize(author, Role.admin)
    await organize(other, Role.approver)
    said = await author.say(f"/broadcast {TEXT}")
    assert not any(data.startswith("cast:send") for data in said.buttons.values())
    assert "est de vous" in (await hand_made(author, "cast:send::1")).toast
    await author.tap("cast:submit:")
    assert "est de vous" in (await hand_made(author, "second:yes:1")).toast
    assert [each.state for each in await kept()] == [S.submitted]
    # The other one opens it by themselves, and says yes for later.
    await other.say("/broadcast")
    await other.tap("cast:show::1")
    await other.tap("cast:approve:")
    assert [each.state for each in await kept()] == [S.approved]
    await author.say("/broadcast")
    await author.tap("cast:show::1")
    await author.tap("cast:send:")
    assert [each.state for each in await kept()] == [S.running]


async def test_to_anybody_else_the_command_does_not_exist(zoe, person, organize, hand_made, kept, rival):
    await zoe.start()
    assert (await zoe.say("/broadcast")).text == (await zoe.say("/nimporte")).text
    await organize(zoe, Role.viewer)
    assert "Je n’ai pas compris" in (await zoe.say(f"/broadcast {TEXT}")).text
    writer = await person("Camille")
    await organize(writer, Role.admin, rival.id)
    await writer.say(f"/broadcast {TEXT}")
    for data in ("cast:show::1", "cast:send::1", "cast:where:0:1", "cast:new:1", "cast:watch::1", "cast:cancel::1"):
        reply = await hand_made(zoe, data)
        assert "Votre rôle ne le permet pas" in reply.toast and not reply.messages
    assert "Votre rôle ne le permet pas" in (await hand_made(zoe, "going:cancel:1")).toast
    assert "est un brouillon" in (await hand_made(zoe, "second:yes:1")).toast
    assert [each.state for each in await kept()] == [S.draft]


async def test_of_several_campaigns_one_is_chosen(person, organize, rival, campaign, kept):
    team = await person("Camille")
    await organize(team, Role.admin)
    await organize(team, Role.editor, rival.id)
    said = await team.say("/broadcast")
    assert list(said.buttons) == ["La Région qui ose", "La Rivale"]
    await team.tap(f"cast:new:{rival.id}")
    await team.say(TEXT)
    assert [each.campaign_id for each in await kept()] == [rival.id]


async def test_a_role_that_ends_in_the_middle_ends_the_dialogue(person, organize, database, kept):
    team = await person("Camille")
    made = await organize(team, Role.admin)
    await team.say("/broadcast")
    async with database.write() as session:
        await session.delete(await session.get_one(type(made), made.id))
    assert "Votre rôle ne le permet pas" in (await team.say(TEXT)).text
    assert await kept() == []
    async with database.read() as session:
        assert all(row.step == "" for row in await session.scalars(select(Dialogue)))


async def test_how_far_it_is_is_edited_in_place_and_only_when_something_changed(
    person, organize, crowd, works, sandbox, kept, life
):
    people = await crowd("Ana", "Bo", "Cy")
    team = await person("Camille")
    await organize(team, Role.admin)
    said = await team.say(f"/broadcast {TEXT}")
    message = said.messages[-1]["message_id"]
    await team.tap("cast:send:")
    broadcaster, look = works
    gate = await sandbox.hold("telegram", "sendMessage", target=people[1].id)
    await broadcaster.tick()
    await sandbox.held(gate)
    for who in (people[0], people[2]):
        await sandbox.wait_for(who.id, lambda chat: TEXT in map(written, chat["messages"]))

    async def edits():
        return len((await team.message(message))["edits"])

    for _ in range(1000):  # their rows are written a moment after the message
        await look()
        if "Arrivés : 2 sur 3" in written(await team.message(message)):
            break
    else:
        raise AssertionError(written(await team.message(message)))
    before = await edits()
    await look()
    assert await edits() == before
    # Whoever asks meanwhile is answered.
    assert "/badge" in (await people[0].say("/help")).text
    await sandbox.release(gate)
    await broadcaster.settled()
    await look()
    assert "Arrivés : 3 sur 3" in written(await team.message(message)) and await edits() == before + 1
    await look()
    assert await edits() == before + 1


async def test_a_message_that_is_gone_is_no_longer_watched(person, organize, crowd, works, life, database):
    await crowd("Ana")
    team = await person("Camille")
    await organize(team, Role.admin)
    said = await team.say(f"/broadcast {TEXT}")
    await team.tap("cast:send:")
    await life.runner.app.bot.delete_message(team.id, said.messages[-1]["message_id"])
    await works[1]()
    async with database.read() as session:
        assert list(await session.scalars(select(BroadcastWatch))) == []


async def test_a_lost_card_is_opened_again_and_watched_there(person, organize, crowd, kept):
    await crowd("Ana")
    team = await person("Camille")
    await organize(team, Role.admin)
    await team.say(f"/broadcast {TEXT}")
    await team.tap("cast:send:")
    said = await team.say("/broadcast")
    assert "⏳ Rendez-vous samedi <13 h 45…" in said.buttons
    await team.tap("cast:show::1")
    await team.tap("cast:watch:")
    assert list(labels((await team.messages())[-1])) == ["⏸ Pause", "✖ Annuler…"]
    await team.tap("going:pause:")
    await team.tap("going:cancel:")
    assert [each.state for each in await kept()] == [S.cancelled]


async def test_forged_and_old_buttons_do_no_harm(person, organize, hand_made, kept, crowd):
    await crowd("Ana")
    team = await person("Camille")
    await organize(team, Role.admin)
    await team.say(f"/broadcast {TEXT}")
    for data in ("cast:", "cast:send::99", "cast:terr:99:1", "cast:lang:xx:1", "cast:theme:99:1", "cast:where:-1:1", "cast:what::1", "going:", "going:pause:99", "going:what:1", "second:", "second:yes:99"):  # fmt: skip
        reply = await hand_made(team, data)
        assert "Quelque chose n’a pas marché" not in reply.text, data
    assert [(each.state, each.territory_id, each.language, each.interest_id) for each in await kept()] == [(S.draft, None, None, None)]  # fmt: skip
