"""What people and Telegram send that no dialogue asks for: two devices, albums, groups, channels, who is gone in the middle."""

import pytest

from campaigns import supporters
from campaigns.models import Kind
from sandbox.defaults import DEMO_CHANNELS
from tests.bot.conftest import labels, written

SORRY = "Quelque chose n’a pas marché"


@pytest.fixture
def at_once(life, sandbox):
    """Do several things before the bot hears of any, as two devices of one person do."""

    async def do(*acts):
        await life.stop()
        for act in acts:
            await act
        await life.start()
        await sandbox.updates_taken()

    return do


async def test_two_devices_answer_the_same_questions_and_it_is_one_person(zoe, sandbox, books, at_once):
    """Both pressed START; one says yes to all, the other no to being counted, each under its own question."""
    await zoe.start()
    first = await zoe.find("join:contact:yes")
    await zoe.start()
    second = await zoe.find("join:contact:quiet")
    await at_once(sandbox.tap(zoe.id, *first, wait=False), sandbox.tap(zoe.id, *second, wait=False))
    questions = [m for m in await zoe.messages() if "join:counting:yes:1" in labels(m).values()]
    assert len(questions) == 2
    await at_once(
        sandbox.tap(zoe.id, questions[0]["message_id"], "join:counting:yes:1", wait=False),
        sandbox.tap(zoe.id, questions[1]["message_id"], "join:counting:no:1", wait=False),
    )
    assert await books.agreed(zoe) == set()  # the last word of each question: quiet, and not counted
    assert (await books.place(zoe)).stopped_at is None
    assert not any(SORRY in written(m) for m in await zoe.messages())


async def test_two_devices_write_into_two_dialogues_and_both_go_on(zoe, sandbox, add, small, books, at_once):
    """On one a badge waits for its name, on the other own words were asked for: the last question gets the answer."""
    await add()
    await zoe.join()
    await zoe.say("/posts")
    await zoe.tap("kit:card:")
    words = await zoe.find("own:write:")
    await zoe.send(small)
    await zoe.tap("badge:frame")
    await at_once(sandbox.tap(zoe.id, *words, wait=False), sandbox.say(zoe.id, "Mes mots à moi."))
    assert any("Mes mots à moi." in written(m) and "📏" in written(m) for m in await zoe.messages())
    assert "Votre badge" in (await zoe.say("Zoé")).text  # and the badge's own question after it
    assert await books.count(zoe, Kind.badge_made) == 1


async def test_two_devices_share_and_undo_at_the_same_time(zoe, sandbox, add, books, at_once):
    await add()
    await zoe.join()
    await zoe.say("/posts")
    await zoe.tap("kit:card:")
    await zoe.tap("kit:shared:")
    x, mastodon = await zoe.find("kit:on:1:0:x"), await zoe.find("kit:on:1:0:mastodon")
    await at_once(sandbox.tap(zoe.id, *x, wait=False), sandbox.tap(zoe.id, *mastodon, wait=False))
    undo = await zoe.find("kit:undo:")
    await at_once(sandbox.tap(zoe.id, *undo, wait=False), sandbox.tap(zoe.id, *undo, wait=False))
    assert await books.count(zoe, Kind.said_shared) == 1


@pytest.mark.parametrize(
    ("language", "several", "question"),
    [
        ("fr", "Vous avez envoyé plusieurs photos à la fois : je prends la première.", "Quel cadre voulez-vous ?"),
        ("en", "You sent several photos at once: I take the first.", "Which frame do you want?"),
    ],
)
async def test_of_an_album_the_first_photo_is_taken_and_asked_about_once(
    person, life, campaign, books, small, portrait, language, several, question
):
    zoe = await person("Zoé", language)
    await zoe.join()
    said = await zoe.do(lambda who: zoe.sandbox.send_album(who, [small, portrait, small], "Moi"))
    assert len(said.messages) == 2 and several in said.text and question in said.text
    await zoe.tap("badge:frame")
    await zoe.tap("badge:name:none")
    assert await books.count(zoe, Kind.badge_made) == 1
    assert several in (await zoe.do(lambda who: zoe.sandbox.send_album(who, [small, small]))).text  # another album


@pytest.fixture
async def group(sandbox):
    """A section's group, from which the bot was thrown out once."""
    chat = await sandbox.channel("Section du Littoral", type="supergroup")
    await sandbox.change_channel(chat, admin=False, member=False)
    await sandbox.updates_taken()
    return chat


@pytest.mark.parametrize("admin", [False, True])
async def test_in_a_group_the_bot_is_silent_whatever_is_said_and_however_often_it_is_added(
    zoe, sandbox, books, group, add, admin
):
    await add()
    await zoe.join()
    before, asked = await books.everything(), len(await sandbox.requests("telegram"))
    await sandbox.change_channel(group, member=True, admin=admin)
    for text in ("/start", "/start c-la-region-qui-ose", "/posts@porte_voix_demo_bot", "/stop", "/delete", "Bonjour !"):
        await sandbox.say(zoe.id, text, group)
    await sandbox.change_channel(group, member=False)
    await sandbox.updates_taken()
    assert (await sandbox.chat(group))["messages"][-1]["text"] == "Bonjour !"
    later = (await sandbox.requests("telegram"))[asked:]
    assert {request["operation"] for request in later} <= {"getUpdates", "getWebhookInfo"}
    assert await books.everything() == before
    assert "Heureux de vous revoir" in (await zoe.start()).text  # nobody stopped her


async def test_a_channel_that_makes_the_bot_its_admin_and_removes_it_again_hears_nothing(zoe, sandbox, books):
    await zoe.join()
    channel, before = DEMO_CHANNELS[0].id, await books.everything()
    for what in ({"admin": False}, {"admin": True}, {"member": False}, {"member": True}):
        await sandbox.change_channel(channel, **what)
        await sandbox.updates_taken()
    assert await sandbox.ledger("telegram", channel) == []
    assert await books.everything() == before
    assert (await books.supporter(zoe)).gone_at is None


DIALOGUES = {  # the steps into its middle, and what comes when the person is gone: a tap, a text or a photo
    "the place": (("/start", "join:where:"), "join:territory:"),
    "own words": (("/posts", "kit:card:", "own:write:"), "Mes mots"),
    "an idea": (("/idea",), "Un bus par heure"),
    "a badge": (("/badge",), "a photo"),
    "a share": (("/posts", "kit:card:", "kit:shared:"), "kit:on:"),
    "consents": (("/consents", "consent:ask:ranking:"), "consent:yes:"),
    "the rhythm": (("/rhythm",), "rhythm:"),
    "a delete": (("/delete", "me:erase"), "me:erased"),
}


@pytest.mark.parametrize("dialogue", DIALOGUES)
async def test_who_is_deleted_in_the_middle_of_a_dialogue_is_answered_and_comes_back_in_no_table(
    zoe, add, territories, house, books, small, dialogue
):
    await territories("Littoral", "Vallée")
    await add()
    await zoe.join()
    await zoe.tap("join:territory:")
    begin, then = DIALOGUES[dialogue]
    for step in begin:
        await (zoe.say(step) if step.startswith("/") else zoe.tap(step))
    async with house.database.write() as session:  # from another device, or by the team
        await supporters.forget(session, await supporters.find_supporter(session, zoe.id), house.clock())
    if then == "a photo":
        said = await zoe.send(small)
    else:
        said = await (zoe.tap(then) if ":" in then else zoe.say(then))
    assert (said.text or said.toast) and SORRY not in said.text
    assert await books.supporter(zoe) is None
    await zoe.say("/stop")  # as any stranger's, the dialogue ends with that, or after a day
    everything = await books.everything()
    assert str(zoe.id) not in everything and "Zoé" not in everything


@pytest.mark.parametrize("name", ["<b>&</b>", "Zo\u202eé\u200f", "🦊" * 200, "{name} %s", 'O\'Neill "x"'])
async def test_any_name_stands_as_it_is_in_every_answer(person, life, campaign, add, small, name):
    await add()
    zoe = await person(name)
    await zoe.join(ranking=True)
    said = [await zoe.say(command) for command in ("/start", "/posts", "/me", "/invite", "/consents", "/mydata", "/rhythm", "/help", "/idea")]  # fmt: skip
    await zoe.say("/badge")
    said += [await zoe.see_badge(small, name="badge:name:mine"), await zoe.say("/delete")]
    assert all(each.messages for each in said)
    assert not any(SORRY in written(m) for m in await zoe.messages())
    assert name in said[0].text and name in said[-2].text
