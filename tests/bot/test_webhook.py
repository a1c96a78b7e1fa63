"""Telegram brings updates to replicas on one store: each handled once and in its chat's order, wherever it comes."""

import asyncio
import contextlib
import itertools
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text
from telegram.error import InvalidToken

from bot import webhook
from bot.visit import House
from campaigns.models import Kind
from campaigns.settings import Settings, read_settings
from campaigns.vault import Vault
from sandbox.client import NothingCame
from sandbox.defaults import DEMO_TOKEN
from schedules.tidying import Tidying
from tests.bot.conftest import written
from tests.bot.lives import Life
from tests.replicas import HEADER, Balancer, Replica, served
from tests.stores import ask, everything, watching
from web import telegram_updates

HELP = "Ce que je peux"


@pytest.fixture
def updates() -> str:
    """Whatever the run is about: the replicas have settings of their own."""
    return "polling"


@pytest.fixture
async def balancer():
    made = Balancer()
    async with served(made, made.port):
        yield made
    await made.close()


@pytest.fixture
def hooked(settings, balancer) -> Settings:
    return read_settings(
        _env_file=None,
        data_dir=settings.data_dir,
        bot_token=DEMO_TOKEN,
        telegram_base_url=settings.telegram_base_url,
        public_url=balancer.url,
        bot_updates="webhook",
        secret_key="a key of the tests",
    )


@pytest.fixture
async def replicas(balancer, hooked, store_url, campaign, clock, sandbox):
    """Two of them."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            balancer.replicas.append(await stack.enter_async_context(Replica(hooked, store_url, clock).running()))
        yield balancer.replicas


@pytest.fixture
async def talker(person, replicas, balancer, sandbox):
    """She pressed START, and was asked for her yes."""
    zoe = await person("Zoé")
    await zoe.start()
    balancer.forget()
    return zoe


def answers(messages, sentence=HELP):
    return sum(sentence in written(m) for m in messages if m["from"]["is_bot"])


# What Telegram is told, and who is let in


async def test_telegram_is_told_the_address_once_however_many_replicas_start(replicas, sandbox, hooked):
    (told,) = await sandbox.requests("telegram", "setWebhook")
    assert told["status"] == 200
    info = await replicas[0].runner.app.bot.get_webhook_info()
    assert info.url.startswith(f"{hooked.public_url}/telegram/")
    assert (info.max_connections, set(info.allowed_updates)) == (40, set(webhook.ALLOWED))


async def test_the_secrets_are_the_same_in_every_replica_and_stored_nowhere(replicas, talker, balancer, store_url):
    await talker.say("/help")
    (brought,) = balancer.brought
    place = brought.path.rpartition("/")[2]
    assert len(place) == len(brought.word) == 43
    assert place != brought.word
    assert place not in everything(store_url) and brought.word not in everything(store_url)
    doors = {replica.site.door for replica in replicas}
    assert len(doors) == 1
    other = Vault("another key")
    assert {other.password("webhook's address", "7000000001"), place} != {place}


@pytest.mark.parametrize(
    ("place", "word", "status"),
    [
        ("right", "right", 200),
        ("wrong", "right", 404),  # as any address that leads nowhere
        ("é%00", "right", 404),
        ("right", "wrong", 403),
        ("right", "", 403),
        ("right", "é", 403),
        ("right", None, 403),
    ],
)
async def test_only_who_knows_both_secrets_is_let_in(replicas, talker, balancer, caplog, place, word, status):
    door = replicas[0].site.door
    path = f"/telegram/{door.place if place == 'right' else place}"
    given = {} if word is None else {HEADER: (door.word if word == "right" else word).encode()}
    async with httpx.AsyncClient(base_url=replicas[0].url) as somebody:
        answer = await somebody.post(path, json=help_of(talker.id), headers=given)
    assert answer.status_code == status
    assert answers(await talker.messages()) == (status == 200)
    if status == 403:
        assert "without the right secret" in caplog.text
        assert door.place not in caplog.text and door.word not in caplog.text
        assert not word or word not in caplog.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"{}", 400),
        (b'{"update_id": "7"}', 400),
        (b'{"update_id": true}', 400),
        (b'{"update_id": -1}', 400),
        (b'{"update_id": 99999999999999999999}', 400),
        (b"\xff\xfe", 400),  # no UTF-8
        (b"[" * 100_000, 400),  # deeper than any parser goes
        (b"9" * 10_000, 400),  # more digits than Python reads
        (b" " * 1_000_001, 413),
        (b'{"update_id": 7}', 200),  # of a kind that is not known: to refuse it would bring it again for a day
        (b'{"update_id": 8, "message": "x"}', 200),
        (b'{"update_id": 9, "message": {"chat": 1}}', 200),
    ],
)
async def test_what_is_no_update_is_refused_in_a_sentence(replicas, caplog, body, status):
    door = replicas[0].site.door
    async with httpx.AsyncClient(base_url=replicas[0].url) as telegram:
        answer = await telegram.post(f"/telegram/{door.place}", content=body, headers={HEADER: door.word})
    assert answer.status_code == status
    assert len(answer.text) < 60
    assert "Traceback" not in caplog.text


def help_of(person_id, number=1):
    sender = {"id": person_id, "is_bot": False, "first_name": "Zoé", "language_code": "fr"}
    command = {"text": "/help", "entities": [{"type": "bot_command", "offset": 0, "length": 5}]}
    chat = {"id": person_id, "type": "private", "first_name": "Zoé"}
    return {"update_id": number, "message": {"message_id": 1, "date": 0, "chat": chat, "from": sender, **command}}


async def test_a_bot_that_polls_has_no_such_address(replicas, hooked):
    door = replicas[0].site.door
    hooked.bot_updates = "polling"
    async with httpx.AsyncClient(base_url=replicas[0].url) as somebody:
        answer = await somebody.post(f"/telegram/{door.place}", json={}, headers={HEADER: door.word})
    assert answer.status_code == 404


# Once


async def test_an_update_that_comes_twice_is_answered_once_wherever_it_comes(talker, balancer, store_url):
    await talker.say("/help")
    (brought,) = balancer.brought
    assert brought.status == 200
    for replica in (0, 1, 0):
        assert (await balancer.bring(brought, replica)).status_code == 200
    assert answers(await talker.messages()) == 1
    assert ask(store_url, "SELECT DISTINCT chat FROM bot_update") == [(None,)]  # of the person, nothing


async def test_an_update_that_comes_again_while_it_is_in_hand_is_answered_once(talker, balancer, sandbox):
    balancer.choose = lambda _: 0
    gate = await sandbox.hold("telegram", "sendMessage")
    await sandbox.say(talker.id, "/help")
    await sandbox.held(gate)
    again = asyncio.create_task(balancer.bring(balancer.brought[0], 0))
    await asyncio.sleep(0)
    assert not again.done()
    await sandbox.release(gate)
    assert (await again).status_code == 200
    await sandbox.updates_taken()
    assert answers(await talker.messages()) == 1


@pytest.mark.about_servers
async def test_an_update_that_comes_to_both_replicas_at_the_same_time_is_answered_once(talker, replicas, sandbox):
    gate = await sandbox.hold("telegram", "sendMessage", target=talker.id)
    bringing = [asyncio.create_task(bring(replica, help_of(talker.id, 11))) for replica in replicas * 2]
    await sandbox.held(gate)
    for replica in replicas:
        await arrived(replica, 11)
    await sandbox.release(gate)
    assert await asyncio.gather(*bringing) == [200] * 4
    assert answers(await talker.messages()) == 1


async def test_who_brought_an_update_may_lose_patience_it_is_handled_all_the_same(talker, balancer, replicas, sandbox):
    gate = await sandbox.hold("telegram", "sendMessage")
    door = replicas[0].site.door
    async with httpx.AsyncClient(base_url=replicas[0].url, timeout=60) as telegram:
        bringing = asyncio.create_task(
            telegram.post(f"/telegram/{door.place}", json=help_of(talker.id), headers={HEADER: door.word})
        )
        await sandbox.held(gate)
        bringing.cancel()
    await sandbox.release(gate)
    await sandbox.message(talker.id, lambda m: HELP in written(m))


async def test_what_was_not_handled_comes_again_and_only_then_is_confirmed(talker, balancer, replicas, sandbox):
    for replica in replicas:
        await replica.runner.hush()
    await sandbox.say(talker.id, "/help")
    await balancer.answered()
    assert balancer.brought[0].status == 503
    with pytest.raises(NothingCame, match="left 1 updates"):
        await sandbox.updates_taken(0)
    replicas[1].runner.intake.open()
    await sandbox.updates_taken()
    assert answers(await talker.messages()) == 1


async def test_stop_lets_an_answer_end_and_telegram_hears_of_it(talker, balancer, replicas, sandbox):
    balancer.choose = lambda _: 0
    gate = await sandbox.hold("telegram", "sendMessage")
    await sandbox.say(talker.id, "/help")
    await sandbox.held(gate)
    stopping = asyncio.create_task(replicas[0].runner.hush())
    done, _ = await asyncio.wait([stopping], timeout=0.1)
    assert not done
    await sandbox.release(gate)
    await stopping
    await sandbox.updates_taken()
    assert [brought.status for brought in balancer.brought] == [200]


async def test_numbers_of_updates_are_forgotten_when_telegram_cannot_send_them_any_more(
    talker, database, clock, store_url, tmp_path
):
    await talker.say("/help")  # behind the START
    clock.advance(timedelta(hours=24))
    tidying = Tidying(database, clock, tmp_path, tmp_path)
    await tidying._look()
    assert len(ask(store_url, "SELECT * FROM bot_update")) == 2
    clock.advance(timedelta(hours=2))
    await tidying._look()
    assert ask(store_url, "SELECT * FROM bot_update") == []


async def test_what_was_handled_and_telegram_never_heard_of_it_is_not_handled_again_by_polling(
    talker, balancer, replicas, sandbox, settings, database, clock
):
    balancer.lost = True
    await sandbox.say(talker.id, "/help")
    await balancer.answered()
    assert balancer.brought[0].status == 200
    for replica in replicas:
        await replica.runner.hush()
    polling = Life(House(database, settings, clock))
    await polling.start()
    await sandbox.updates_taken()
    assert answers((await talker.say("/help")).messages) == 1
    assert answers(await talker.messages()) == 2
    await polling.stop()


# A dialogue across replicas


async def test_somebody_joins_and_makes_a_badge_with_another_replica_at_each_step(talker, balancer, books, small):
    await talker.join()
    assert "Votre badge" in (await talker.see_badge(small, name="Zoé")).text
    await talker.tap("badge:crop:")  # the photo is fetched again where it never was
    made = await talker.tap("badge:file:square")
    assert any("document" in message for message in made.messages)
    await talker.tap("badge:end")
    assert await books.count(talker, Kind.badge_made) == 1
    went = [brought.replica for brought in balancer.brought]
    assert len(went) > 8
    assert all(here != there for here, there in itertools.pairwise(went))


# The order of a chat


@pytest.mark.about_servers
async def test_of_one_chat_two_replicas_handle_one_update_after_the_other_and_others_go_beside(
    talker, person, balancer, replicas, sandbox
):
    noe = await person("Noé")
    gate = await sandbox.hold("telegram", "sendMessage", target=talker.id)
    first, second = help_of(talker.id, 11), help_of(talker.id, 12)
    at_first = asyncio.create_task(bring(replicas[0], first))
    await sandbox.held(gate)
    at_second = asyncio.create_task(bring(replicas[1], second))
    assert await bring(replicas[1], help_of(noe.id, 13)) == 200  # another chat does not wait
    assert answers(await talker.messages()) == 0
    assert not at_second.done()
    await sandbox.release(gate)
    assert [await at_first, await at_second] == [200, 200]
    assert answers(await talker.messages()) == 2


async def bring(replica, update):
    door = replica.site.door
    async with httpx.AsyncClient(timeout=60) as telegram:
        url = f"{replica.url}/telegram/{door.place}"
        return (await telegram.post(url, json=update, headers={HEADER: door.word})).status_code


@pytest.mark.about_servers
async def test_of_those_who_wait_for_a_chat_in_several_replicas_the_lowest_number_is_next(
    talker, replicas, sandbox, store_url
):
    order = []
    for replica in replicas:
        replica.runner.intake._handle = noting(order, replica.runner.app.process_update)
    gate = await sandbox.hold("telegram", "sendMessage", target=talker.id)
    first, second = replicas
    bringing = [asyncio.create_task(bring(first, help_of(talker.id, 11)))]
    await sandbox.held(gate)
    for replica, number in ((second, 14), (first, 13), (second, 12)):
        bringing.append(asyncio.create_task(bring(replica, help_of(talker.id, number))))
        await arrived(replica, number)
    with watching(store_url) as store:
        waits = text("SELECT 1 FROM bot_update WHERE update_id = 12")
        while not store.execute(waits).first():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    await sandbox.release(gate)
    assert [await each for each in bringing] == [200] * 4
    assert order == [11, 12, 13, 14]
    assert ask(store_url, "SELECT count(*) FROM bot_update WHERE chat IS NOT NULL") == [(0,)]


async def arrived(replica, number):
    while number not in replica.runner.intake._in_hand:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


async def test_in_one_process_the_lowest_number_of_those_who_wait_for_a_chat_is_next(talker, replicas, sandbox):
    order, replica = [], replicas[0]
    replica.runner.intake._handle = noting(order, replica.runner.app.process_update)
    gate = await sandbox.hold("telegram", "sendMessage", target=talker.id)
    bringing = [asyncio.create_task(bring(replica, help_of(talker.id, 13)))]
    await sandbox.held(gate)
    for number in (19, 15, 18):
        bringing.append(asyncio.create_task(bring(replica, help_of(talker.id, number))))
        await arrived(replica, number)
    await sandbox.release(gate)
    await asyncio.gather(*bringing)
    assert order == [13, 15, 18, 19]


def noting(order, handle):
    async def noted(update):
        order.append(update.update_id)
        await handle(update)

    return noted


@pytest.mark.about_servers
async def test_a_replica_that_dies_leaves_its_chats_to_the_others_at_once(talker, balancer, replicas, sandbox):
    gate = await sandbox.hold("telegram", "sendMessage", target=talker.id)
    dying = asyncio.create_task(bring(replicas[0], help_of(talker.id, 11)))
    await sandbox.held(gate)
    await replicas[0].database._store._end_turns()  # its connection, as the server sees a killed process
    again = asyncio.create_task(bring(replicas[1], help_of(talker.id, 11)))
    await sandbox.message(talker.id, lambda m: HELP in written(m))
    assert await again == 200
    await sandbox.release(gate)
    await dying


# Much at once


async def test_of_a_burst_nothing_is_lost_and_what_is_too_much_comes_again(
    person, replicas, balancer, sandbox, monkeypatch
):
    monkeypatch.setattr(telegram_updates, "AT_ONCE", 5)
    monkeypatch.setattr(telegram_updates, "AGAIN", {"Retry-After": "0.05"})
    crowd = [await person(f"P{number}") for number in range(20)]
    most = 0

    async def watch():
        nonlocal most
        while True:
            most = max(most, *(replica.site.updates_in_hand for replica in replicas))
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    acts = [{"person": each.id, "action": "say", "text": "/help"} for _ in range(5) for each in crowd]
    await sandbox.crowd(acts)
    await sandbox.updates_taken(120)
    watching.cancel()
    assert most == 5
    said = Counter(brought.status for brought in balancer.brought)
    assert said[200] == 100
    assert said[503] > 0
    assert {answers(await each.messages()) for each in crowd} == {5}


# Health, and other programs


async def test_a_bot_whose_updates_go_elsewhere_is_deaf_and_says_so_without_an_address(replicas, caplog):
    bot = replicas[0].runner.app.bot

    async def heard():
        raise AssertionError("all is well")

    looking = webhook.Webhook(bot, "http://127.0.0.1:9/telegram/x", "word", heard)
    await looking._see(await bot.get_webhook_info())
    assert "gives its updates to another address" in caplog.text
    await bot.delete_webhook()
    await looking._see(await bot.get_webhook_info())
    assert "gives its updates to whoever polls" in caplog.text
    assert "/telegram/" not in caplog.text


async def test_a_token_that_is_revoked_ends_the_bot_at_the_next_look(replicas, sandbox, monkeypatch):
    bot = replicas[0].runner.app.bot
    for replica in replicas:  # they look, too, and would be told first
        await replica.runner.hush()
    monkeypatch.setattr(webhook, "LOOK", 0.02)
    looks = asyncio.Queue()

    async def heard():
        looks.put_nowait(None)

    looking = webhook.Webhook(bot, (await bot.get_webhook_info()).url, "word", heard)
    task = asyncio.create_task(looking.run())
    await looks.get()  # the first found all well
    await sandbox.fault("telegram", "revoked", "getWebhookInfo")
    with pytest.raises(InvalidToken):
        await task


async def test_what_telegram_could_not_bring_is_told_once(replicas, talker, balancer, sandbox, caplog, monkeypatch):
    beats = asyncio.Queue()

    async def heard():
        beats.put_nowait(None)

    monkeypatch.setattr(webhook, "LOOK", 0.02)
    bot = replicas[0].runner.app.bot
    address = (await bot.get_webhook_info()).url
    for replica in replicas:
        await replica.runner.hush()
    await sandbox.say(talker.id, "/help")
    await balancer.answered()
    looking = webhook.Webhook(bot, address, "word", heard)
    task = asyncio.create_task(looking.run())
    for _ in range(3):
        await beats.get()
    looking.stop()
    await task
    told = [r.getMessage() for r in caplog.records if "could not bring an update" in r.getMessage()]
    assert told and "503 Service Unavailable" in told[0]
