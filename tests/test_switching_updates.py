"""The program that polls becomes one that Telegram brings updates to, and back, by its setting and a restart alone."""

import re

import httpx
import pytest

from campaigns.installation import add_campaign
from campaigns.models import Campaign
from campaigns.times import system_clock
from sandbox.client import NothingCame, SandboxClient
from tests.bot.conftest import Person, written
from tests.program import Program


@pytest.fixture
async def zoe(program: Program, sandbox: SandboxClient) -> Person:
    """She speaks with the bot of a program in which there is one campaign."""
    with_store = program.store(program.vault)
    async with with_store.write() as session:
        await add_campaign(session, Campaign(slug="", name="Campagne"), system_clock())
    await with_store.close()
    person = Person(sandbox, await sandbox.person("Zoé", language_code="fr"), "Zoé")
    await sandbox.start(person.id)
    return person


def helped(messages) -> int:
    return sum("Ce que je peux" in written(m) for m in messages if m["from"]["is_bot"])


async def hook(program: Program, sandbox_server) -> str:
    async with httpx.AsyncClient(base_url=f"{sandbox_server.url}/telegram/bot{program.token}") as bot:
        return str((await bot.get("/getWebhookInfo")).json()["result"]["url"])


async def test_from_polling_to_the_webhook_and_back_each_update_is_handled_once(
    program: Program, sandbox: SandboxClient, sandbox_server, zoe: Person
) -> None:
    for turn, mode in enumerate(("polling", "webhook", "polling", "webhook"), 1):
        await sandbox.say(zoe.id, "/help")  # while nobody runs
        program.set(BOT_UPDATES=mode, PUBLIC_URL=program.site)
        await program.start()
        await sandbox.updates_taken(60)
        await sandbox.say(zoe.id, "/help")  # while it runs
        await sandbox.updates_taken(60)
        assert bool(await hook(program, sandbox_server)) == (mode == "webhook")
        assert await program.stop() == 0
        assert helped(await zoe.messages()) == 2 * turn
    # A stop within the first tick may cut the timetable short, which its library logs.
    assert not re.search(r"(WARNING|ERROR) (bot|web|uvicorn)", program.output), program.output


async def test_an_update_in_hand_when_the_program_is_killed_comes_again_also_by_the_other_way(
    program: Program, sandbox: SandboxClient, sandbox_server, zoe: Person
) -> None:
    program.set(BOT_UPDATES="webhook", PUBLIC_URL=program.site)
    await program.start()
    await sandbox.updates_taken(60)
    gate = await sandbox.hold("telegram", "sendMessage")
    await sandbox.say(zoe.id, "/help")
    await sandbox.held(gate)
    await program.kill()  # in the middle of the answer, which the stand-in lets go with its caller
    with pytest.raises(NothingCame):
        await sandbox.updates_taken(0)
    program.set(BOT_UPDATES="polling")
    await program.start()
    await sandbox.updates_taken(60)
    assert helped(await zoe.messages()) == 1
    await program.stop()


async def test_a_stop_leaves_the_address_with_telegram_and_it_says_where_to_look_when_it_is_deaf(
    program: Program, sandbox: SandboxClient, sandbox_server, zoe: Person
) -> None:
    program.set(BOT_UPDATES="webhook", PUBLIC_URL=program.site)
    await program.start()
    await sandbox.updates_taken(60)
    async with httpx.AsyncClient() as visitor:
        health = (await visitor.get(f"{program.site}/healthz")).json()
    assert health["poller"] is not None
    await program.stop()
    address = await hook(program, sandbox_server)
    assert re.fullmatch(re.escape(program.site) + r"/telegram/[\w-]{43}", address)
    assert address.rpartition("/")[2] not in program.output


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PUBLIC_URL": ""}, "webhook needs PORTEVOIX_PUBLIC_URL"),
        ({"PUBLIC_URL": "https://exemple.org", "BOT_UPDATES": "push"}, "should be 'polling' or 'webhook'"),
    ],
)
async def test_a_webhook_that_cannot_be_is_one_sentence(program: Program, settings, sentence) -> None:
    program.set(**({"BOT_UPDATES": "webhook"} | settings))
    code, said = await program.call("run")
    assert code == 1
    assert said.startswith("Error: PORTEVOIX_BOT_UPDATES: ") and sentence in said
    assert len(said.splitlines()) == 1


async def test_an_address_that_telegram_refuses_is_one_sentence_that_says_what_to_do_and_not_the_secret(
    program: Program, sandbox: SandboxClient, sandbox_server, zoe: Person
) -> None:
    program.set(BOT_UPDATES="webhook", PUBLIC_URL="https://campagne.invalid")
    await program.start()
    said = await program.line("PORTEVOIX_PUBLIC_URL")
    assert "refuses" in said and "failed to resolve host" in said
    assert "an https:// address" in said and "PORTEVOIX_BOT_UPDATES=polling" in said
    assert await program.stop() == 0
    assert "Traceback" not in program.output and "/telegram/" not in program.output
    await sandbox.say(zoe.id, "/help")
    program.set(BOT_UPDATES="polling")
    await program.start()
    await sandbox.updates_taken(60)
    assert helped(await zoe.messages()) == 1  # nothing was lost with it
    await program.stop()


async def test_while_the_web_pages_are_there_and_the_bot_is_not_telegram_is_asked_to_come_again(
    program: Program, sandbox: SandboxClient, sandbox_server, zoe: Person
) -> None:
    program.set(BOT_UPDATES="webhook", PUBLIC_URL=program.site)
    await program.start()
    await sandbox.updates_taken(60)
    await program.stop()
    gate = await sandbox.hold("telegram", "getMe")
    await program.start()
    await sandbox.held(gate)
    await sandbox.say(zoe.id, "/help")
    async with httpx.AsyncClient(base_url=f"{sandbox_server.url}/telegram/bot{program.token}") as bot:
        said = ""
        while "503" not in said:
            said = (await bot.get("/getWebhookInfo")).json()["result"].get("last_error_message", "")
    await sandbox.release(gate)
    await sandbox.updates_taken(60)
    assert helped(await zoe.messages()) == 1
    await program.stop()
