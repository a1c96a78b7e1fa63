"""The bot's life: it dies, comes back, is blocked, meets trouble and groups; nothing is lost and nothing counts twice."""

import asyncio

import pytest
from sqlalchemy import text
from telegram import Bot, Update
from telegram.error import InvalidToken

from bot.app import BotRunner
from bot.visit import House
from campaigns.media import NewPicture
from campaigns.models import Kind
from sandbox.client import NothingCame
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer
from tests.bot.conftest import Person, written
from tests.bot.lives import Life, by_both_ways

WENT_WRONG = "Quelque chose n’a pas marché de notre côté"


@by_both_ways
async def test_an_update_in_hand_when_the_process_dies_comes_again(zoe, life, sandbox):
    gate = await sandbox.hold("telegram", "sendMessage")
    await sandbox.say(zoe.id, "/help")
    await sandbox.held(gate)
    await life.die()
    with pytest.raises(NothingCame, match="left 1 updates"):
        await sandbox.updates_taken(0)
    await life.start()
    await sandbox.updates_taken()
    assert ["Ce que je peux" in written(m) for m in await zoe.messages()] == [False, True]


@by_both_ways
async def test_stop_lets_an_answer_end_and_it_is_not_given_again(zoe, life, sandbox):
    gate = await sandbox.hold("telegram", "sendMessage")
    await sandbox.say(zoe.id, "/help")
    await sandbox.held(gate)
    stopping = asyncio.create_task(life.stop())
    done, _ = await asyncio.wait([stopping], timeout=0.1)
    assert not done
    await sandbox.release(gate)
    await stopping
    await sandbox.updates_taken()
    await life.start()
    await zoe.say("/help")
    assert sum("Ce que je peux" in written(m) for m in await zoe.messages()) == 2


@pytest.mark.about_polling  # Telegram confirms what lies before a number; the webhook's are confirmed one by one
async def test_an_update_that_telegram_gives_again_and_again_while_it_is_in_hand_is_answered_once(zoe, person, sandbox):
    noe = await person("Noé")
    gate = await sandbox.hold("telegram", "sendMessage", target=zoe.id)
    await sandbox.say(zoe.id, "/help")
    await sandbox.held(gate)
    for n in range(3):  # each of these comes with hers, which is not confirmed
        asked = await sandbox.say(noe.id, "/help")
        await sandbox.message(noe.id, lambda m: m["from"]["is_bot"], after_id=asked["message_id"])
        assert len(await sandbox.updates_left()) == n + 2
    await sandbox.release(gate)
    await sandbox.updates_taken()
    answers = [sum(m["from"]["is_bot"] for m in await who.messages()) for who in (zoe, noe)]
    assert answers == [1, 3]


@pytest.mark.parametrize(
    ("button", "held", "kind"),
    [
        ("kit:on:1:0:x", "answerCallbackQuery", Kind.said_shared),
        ("kit:copy:", "answerCallbackQuery", Kind.copied),
        ("kit:wording:", "editMessageText", Kind.wording_changed),
        ("badge:name:mine", "sendPhoto", Kind.badge_made),
    ],
)
async def test_an_act_whose_update_comes_twice_counts_once(zoe, life, sandbox, add, books, small, button, held, kind):
    await add(text="Zéro", wordings=("Un",))
    await zoe.join()
    if kind is Kind.badge_made:
        await zoe.send(small)
        await zoe.tap("badge:frame")
    else:
        await zoe.say("/posts")
        await zoe.tap("kit:card:")
    if kind is Kind.said_shared:
        await zoe.tap("kit:shared:")
    at = await zoe.find(button)
    gate = await sandbox.hold("telegram", held)
    await sandbox.tap(zoe.id, *at, wait=False)
    await sandbox.held(gate)
    assert await books.count(zoe, kind) == 1
    await life.die()
    await life.start()
    await sandbox.updates_taken()
    assert await books.count(zoe, kind) == 1
    assert await books.count_of_all(kind) == 1


@by_both_ways
async def test_a_newcomer_whose_yes_comes_twice_was_brought_in_once(zoe, person, life, sandbox, books):
    await zoe.join()
    noe = await person("Noé")
    await noe.start(f"r-{(await books.place(zoe)).invite_code}")
    await noe.tap("join:contact:yes")
    at = await noe.find("join:counting:yes")
    gate = await sandbox.hold("telegram", "sendMessage", target=noe.id)
    await sandbox.tap(noe.id, *at, wait=False)
    await sandbox.held(gate)
    await life.die()
    await life.start()
    await sandbox.updates_taken()
    assert await books.count(zoe, Kind.recruited) == 1
    assert sum("dans le classement" in written(m) for m in await noe.messages()) == 1


@pytest.mark.about_polling
async def test_another_program_on_the_same_token_is_survived_and_named(zoe, life, sandbox, settings, caplog):
    await zoe.say("/help")
    async with Bot(DEMO_TOKEN, base_url=f"{settings.telegram_base_url}/bot") as other:
        await other.get_updates(timeout=0)
    assert "Ce que je peux" in (await zoe.say("/help")).text
    assert "another program polls with this bot token" in caplog.text


@pytest.mark.about_polling
async def test_when_telegram_is_away_it_is_asked_again(zoe, sandbox, life):
    await sandbox.fault("telegram", "error_before", "getUpdates", count=3)
    await life.restart()
    assert "Ce que je peux" in (await zoe.say("/help")).text


@pytest.mark.about_polling
async def test_a_telegram_that_was_gone_altogether_is_found_again(database, settings, clock, monkeypatch, tmp_path):
    monkeypatch.setattr("bot.polling.PAUSE", 0.02)
    with SandboxServer(store=tmp_path / "stand-in") as server:
        settings.telegram_base_url = server.url + "/telegram"
        life = Life(House(database, settings, clock))
        await life.start()
        server.kill()
        server.start()
        async with server.client() as sandbox:
            zoe = Person(sandbox, await sandbox.person("Zoé", language_code="fr"), "Zoé")
            assert "Ce que je peux" in (await zoe.say("/help")).text
        await life.stop()


@pytest.mark.about_polling
async def test_a_token_that_is_revoked_while_it_runs_ends_the_bot_and_is_told(zoe, life, sandbox):
    await sandbox.fault("telegram", "revoked", "getUpdates")
    await sandbox.say(zoe.id, "/help")  # ends the request that waits
    with pytest.raises(InvalidToken):
        await life.runner.heard_its_last()


async def test_a_flood_wait_is_waited_for_when_it_is_short(zoe, sandbox):
    await sandbox.fault("telegram", "rate_limit", "sendMessage", seconds=1)
    assert "Ce que je peux" in (await zoe.say("/help")).text


async def test_a_long_flood_wait_holds_nobody_up(zoe, sandbox):
    await sandbox.fault("telegram", "rate_limit", "sendMessage", seconds=600)
    assert WENT_WRONG in (await zoe.say("/help")).text


@pytest.mark.parametrize(("language", "sentence"), [("fr", WENT_WRONG), ("en", "Something went wrong on our side")])
async def test_when_something_goes_wrong_the_person_is_told_in_the_language_they_chose(
    person, life, campaign, sandbox, language, sentence
):
    zoe = await person("Zoé", "en" if language == "fr" else "fr")
    await zoe.start()
    await zoe.tap("join:language:")
    await zoe.tap("join:contact:yes")
    await zoe.tap("join:counting:yes")
    await sandbox.fault("telegram", "error_before", "sendMessage")
    assert sentence in (await zoe.say("/me")).text
    assert sentence not in (await zoe.say("/me")).text  # the next update is handled


async def test_a_tap_that_goes_wrong_is_answered_and_the_next_is_handled(zoe, add, portrait, tmp_path, caplog):
    await add("Avec image", pictures=(NewPicture("p.jpg", portrait),))
    await add("Sans image")
    await zoe.join()
    next((tmp_path / "media").iterdir()).unlink()
    await zoe.say("/posts")
    assert WENT_WRONG in (await zoe.tap("kit:card:1")).text
    assert "could not be handled" in caplog.text
    assert "Sans image" in (await zoe.tap("kit:card:2")).text


async def test_a_store_that_cannot_be_read_is_no_silence(zoe, database):
    async with database.write() as session:
        await session.execute(text("ALTER TABLE dialogue RENAME TO lost"))
    assert WENT_WRONG in (await zoe.say("/help")).text
    async with database.write() as session:
        await session.execute(text("ALTER TABLE lost RENAME TO dialogue"))
    assert "Ce que je peux" in (await zoe.say("/help")).text


async def test_who_cannot_be_told_either_holds_nobody_up(zoe, person, sandbox, caplog):
    await sandbox.fault("telegram", "error_before", "sendMessage", count=2)
    assert (await zoe.say("/help")).messages == []
    assert "nor could they be told" in caplog.text
    assert "Ce que je peux" in (await (await person("Noé")).say("/help")).text


@pytest.mark.parametrize("how", ["Telegram says so", "an answer is refused"])
@by_both_ways
async def test_who_blocks_the_bot_in_the_middle_is_gone_and_comes_back_by_start(zoe, sandbox, books, small, clock, how):
    await zoe.join()
    await zoe.send(small)
    await zoe.tap("badge:frame")
    if how == "Telegram says so":
        await sandbox.block(zoe.id)
        await sandbox.updates_taken()
    else:
        await sandbox.fault("telegram", "blocked", "send*")
        assert (await zoe.say("Zoé")).messages == []
    assert (await books.supporter(zoe)).gone_at == clock()
    assert "Heureux de vous revoir" in (await zoe.start()).text
    assert (await books.supporter(zoe)).gone_at is None


async def test_a_stranger_who_blocks_the_bot_leaves_no_trace(zoe, sandbox, books):
    before = await books.everything()
    await zoe.start()
    await sandbox.block(zoe.id)
    await sandbox.updates_taken()
    assert await books.everything() == before


async def test_an_edited_message_is_ignored(zoe, sandbox, small):
    await zoe.join()
    mine = await sandbox.say(zoe.id, "Bonjour")
    await zoe.send(small)
    await zoe.tap("badge:frame")
    edited = await zoe.do(lambda who: sandbox.edit(who, mine["message_id"], "/stop"))
    assert edited.messages == []
    assert "Votre badge" in (await zoe.say("Zoé")).text


PRIVATE = {"id": 42, "type": "private", "first_name": "Z"}
GROUP = {"id": -42, "type": "group", "title": "Section du Littoral"}
SENDER = {"id": 42, "is_bot": False, "first_name": "Z"}
BOT = {"id": 7000000001, "is_bot": True, "first_name": "Porte-voix"}


def in_chat(chat, **content):
    return {"message_id": 1, "date": 0, "chat": chat, "from": SENDER, **content}


COMMAND = {"text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}


@pytest.mark.parametrize(
    "update",
    [
        {"message": in_chat(GROUP, **COMMAND)},
        {"message": in_chat(GROUP, text="Bonjour à tous")},
        {"message": in_chat(GROUP, sticker=None, location={"latitude": 1.0, "longitude": 2.0})},
        {"message": in_chat(GROUP, new_chat_members=[BOT])},
        {"message": in_chat(GROUP, group_chat_created=True)},
        {"callback_query": {"id": "1", "from": SENDER, "chat_instance": "1", "data": "menu:posts",
                            "message": in_chat(GROUP, text="x")}},
        {"my_chat_member": {"chat": GROUP, "from": SENDER, "date": 0,
                            "old_chat_member": {"user": BOT, "status": "left"},
                            "new_chat_member": {"user": BOT, "status": "member"}}},
        {"my_chat_member": {"chat": GROUP, "from": SENDER, "date": 0,
                            "old_chat_member": {"user": BOT, "status": "member"},
                            "new_chat_member": {"user": BOT, "status": "kicked", "until_date": 0}}},
        {"edited_message": in_chat(PRIVATE, edit_date=1, **COMMAND)},  # should Telegram send it all the same
        {"channel_post": {"message_id": 1, "date": 0, "chat": {"id": -1, "type": "channel", "title": "C"}, **COMMAND}},
        {"message": in_chat(PRIVATE, pinned_message=in_chat(PRIVATE, text="x"))},  # a note of Telegram's own
    ],
)  # fmt: skip
async def test_in_a_group_and_to_what_is_not_for_it_the_bot_says_and_keeps_nothing(
    life, campaign, books, sandbox, update
):
    before = await books.everything()
    told = Update.de_json({"update_id": 1, **update}, life.runner.app.bot)
    await life.runner.app.process_update(told)
    asked = {request["operation"] for request in await sandbox.requests("telegram")}
    assert asked <= {"getMe", "setMyCommands", "deleteWebhook", "getUpdates", "setWebhook", "getWebhookInfo"}
    assert await books.everything() == before


async def test_who_throws_the_bot_out_of_a_group_is_not_gone(zoe, life, books):
    await zoe.join()
    sender = {"id": zoe.id, "is_bot": False, "first_name": "Zoé"}
    change = {"chat": GROUP, "from": sender, "date": 0, "old_chat_member": {"user": BOT, "status": "member"},
              "new_chat_member": {"user": BOT, "status": "kicked", "until_date": 0}}  # fmt: skip
    await life.runner.app.process_update(
        Update.de_json({"update_id": 1, "my_chat_member": change}, life.runner.app.bot)
    )
    assert (await books.supporter(zoe)).gone_at is None


async def test_the_commands_are_there_in_both_languages(life, settings):
    async with Bot(DEMO_TOKEN, base_url=f"{settings.telegram_base_url}/bot") as bot:
        french, english = await bot.get_my_commands(), await bot.get_my_commands(language_code="en")
    assert [c.command for c in french] == [c.command for c in english] == [
        "posts", "badge", "missions", "events", "me", "invite", "idea", "rhythm", "consents", "mydata", "help", "stop", "delete",
    ]  # fmt: skip
    assert french[1].description == "votre badge, depuis votre photo"
    assert english[1].description == "your badge, from your photo"


async def test_the_runner_knows_its_name_for_the_links(life):
    assert life.runner.username == "porte_voix_demo_bot"


async def test_a_bad_token_is_told_at_the_start(database, settings, clock, sandbox):
    from pydantic import SecretStr
    from telegram.error import InvalidToken

    settings.bot_token = SecretStr("1:wrong")
    with pytest.raises(InvalidToken):
        await BotRunner(House(database, settings, clock)).start()
