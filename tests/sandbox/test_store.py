"""A killed sandbox comes back with all that it acknowledged."""

import asyncio
from pathlib import Path

import httpx
import pytest
import tweepy

from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxNotStarted, SandboxServer
from tests.sandbox.conftest import AMINA, CHANNEL, picture, telegram_bot, x_client


async def test_everything_survives_a_kill(tmp_path: Path) -> None:
    server = SandboxServer(store=tmp_path / "sandbox.sqlite").start()
    try:
        async with server.client() as sandbox, telegram_bot(server) as bot:
            message = await bot.send_photo(CHANNEL, picture(), caption="Affiche")
            await sandbox.start(AMINA, "lien")
            tweet = x_client(server.x).create_tweet(text="Bonjour").data
            before = await sandbox.chat(CHANNEL)
        server.kill()
        server.start()
        async with server.client() as sandbox, telegram_bot(server) as bot:
            after = await sandbox.chat(CHANNEL)
            assert after["messages"] == before["messages"] and after["version"] >= before["version"]
            assert len(await (await bot.get_file(message.photo[-1].file_id)).download_as_bytearray()) > 0
            (update,) = await bot.get_updates()
            assert update.message is not None and update.message.text == "/start lien"
            with pytest.raises(tweepy.Forbidden, match="duplicate"):
                x_client(server.x).create_tweet(text="Bonjour")
            assert [entry["id"] for entry in await sandbox.ledger("x")] == [tweet["id"]]
            assert (await bot.send_message(CHANNEL, "suite")).message_id == message.message_id + 1
    finally:
        server.stop()


async def test_a_reset_forgets_everything_but_the_counter_goes_on(sandbox: SandboxClient, bot: object) -> None:
    await sandbox.start(AMINA)
    before = await sandbox.chat(AMINA)
    await sandbox.reset()
    after = await sandbox.chat(AMINA)
    assert after["messages"] == [] and not after["started"] and after["version"] > before["version"]


def test_a_port_in_use_is_said(server: SandboxServer, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SandboxNotStarted):
        SandboxServer(port=server.port).start()
    assert "The sandbox cannot start" in capfd.readouterr().err


async def test_a_stop_answers_whoever_waits() -> None:
    server = SandboxServer()
    await asyncio.to_thread(server.start)
    async with server.client() as sandbox, httpx.AsyncClient(trust_env=False, timeout=30) as http:
        gate = await sandbox.hold("telegram", "getUpdates")
        polls = [
            asyncio.ensure_future(http.get(f"{server.telegram}{DEMO_TOKEN}/getUpdates", params={"timeout": 50})),
            asyncio.ensure_future(http.get(f"{server.url}/control/holds/{gate}", params={"timeout": 50})),
        ]
        await sandbox.held(gate)
        await asyncio.to_thread(server.stop)
        assert [(await poll).status_code for poll in polls] == [200, 200]
