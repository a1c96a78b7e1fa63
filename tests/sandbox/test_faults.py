"""Trouble on demand: each fault, one-shot and lasting, and the gates."""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import telegram
import tweepy
from telegram.error import ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from sandbox.client import SandboxClient, SandboxError
from sandbox.server import SandboxServer
from tests.sandbox.conftest import ACCOUNT, CHANNEL, x_client


async def texts(sandbox: SandboxClient, service: str) -> list[str]:
    return [entry["text"] for entry in await sandbox.ledger(service)]


async def test_telegram_refuses_once_with_its_retry_after(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await sandbox.fault("telegram", "rate_limit", "send*", seconds=7)
    with pytest.raises(RetryAfter) as late:
        await bot.send_message(CHANNEL, "x")
    assert late.value.retry_after == 7
    await bot.send_message(CHANNEL, "x")


@pytest.mark.parametrize(("kind", "accepted"), [("error_before", []), ("error_after", ["x"])])
async def test_telegram_fails_before_or_after_accepting(
    bot: telegram.Bot, sandbox: SandboxClient, kind: str, accepted: list[str]
) -> None:
    await sandbox.fault("telegram", kind, "sendMessage")
    with pytest.raises(NetworkError, match="Internal Server Error"):
        await bot.send_message(CHANNEL, "x")
    assert await texts(sandbox, "telegram") == accepted


async def test_telegram_accepts_and_stays_silent(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await sandbox.fault("telegram", "timeout_after", "sendMessage", seconds=30)
    with pytest.raises(TimedOut):
        await bot.send_message(CHANNEL, "x", read_timeout=0.2)
    assert await texts(sandbox, "telegram") == ["x"]


async def test_telegram_accepts_and_cuts_the_line(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await sandbox.fault("telegram", "cut_after", "sendMessage")
    with pytest.raises(NetworkError, match="Server disconnected without sending a response"):
        await bot.send_message(CHANNEL, "x")
    assert await texts(sandbox, "telegram") == ["x"]
    (request,) = await sandbox.requests("telegram", "sendMessage")
    assert request["status"] == 0


async def test_telegram_answers_late(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await sandbox.fault("telegram", "latency", "sendMessage", seconds=30)
    with pytest.raises(TimedOut):
        await bot.send_message(CHANNEL, "x", read_timeout=0.2)


async def test_telegram_no_longer_knows_the_token(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    fault = await sandbox.fault("telegram", "revoked", count=None)
    for _ in range(2):
        with pytest.raises(InvalidToken):
            await bot.send_message(CHANNEL, "x")
    await sandbox.clear_faults(fault)
    await bot.send_message(CHANNEL, "x")


async def test_telegram_says_that_one_chat_blocked_the_bot(
    bot: telegram.Bot, amina: int, sandbox: SandboxClient
) -> None:
    await sandbox.fault("telegram", "blocked", "send*", target=str(amina))
    await bot.send_message(CHANNEL, "x")
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(amina, "x")


async def test_a_fault_for_a_channel_meets_its_name_too(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await sandbox.fault("telegram", "rate_limit", "send*", target=str(CHANNEL))
    with pytest.raises(RetryAfter):
        await bot.send_message("@canal", "x")


async def test_telegram_says_that_a_group_moved(bot: telegram.Bot, sandbox: SandboxClient) -> None:
    await sandbox.fault("telegram", "migrated", "sendMessage", new_chat_id=-1007)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(CHANNEL, "x")
    assert moved.value.new_chat_id == -1007


async def test_x_refuses_three_times_with_its_reset(x: tweepy.Client, sandbox: SandboxClient) -> None:
    await sandbox.fault("x", "rate_limit", "POST /2/tweets", count=3, seconds=60)
    for _ in range(3):
        with pytest.raises(tweepy.TooManyRequests) as refused:
            x.create_tweet(text="x")
        assert refused.value.response.headers["x-rate-limit-remaining"] == "0"
    x.create_tweet(text="x")


@pytest.mark.parametrize(("kind", "accepted"), [("error_before", []), ("error_after", ["x"])])
async def test_x_fails_before_or_after_accepting(
    x: tweepy.Client, sandbox: SandboxClient, kind: str, accepted: list[str]
) -> None:
    await sandbox.fault("x", kind, "POST /2/tweets")
    with pytest.raises(tweepy.TwitterServerError):
        x.create_tweet(text="x")
    assert await texts(sandbox, "x") == accepted


async def test_x_accepts_and_stays_silent(server: SandboxServer, sandbox: SandboxClient) -> None:
    await sandbox.fault("x", "timeout_after", "POST /2/tweets", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        x_client(server.x, timeout=0.3).create_tweet(text="x")
    assert await texts(sandbox, "x") == ["x"]
    with pytest.raises(tweepy.Forbidden, match="duplicate content"):
        x_client(server.x).create_tweet(text="x")


async def test_x_accepts_and_cuts_the_line(x: tweepy.Client, sandbox: SandboxClient) -> None:
    await sandbox.fault("x", "cut_after", "POST /2/tweets")
    with pytest.raises(requests.ConnectionError):
        x.create_tweet(text="x")
    assert await texts(sandbox, "x") == ["x"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [("revoked", tweepy.Unauthorized), ("blocked", tweepy.Forbidden), ("payment", tweepy.HTTPException)],
)
async def test_x_refuses_keys_permission_and_credit(
    x: tweepy.Client, sandbox: SandboxClient, kind: str, error: type[tweepy.HTTPException]
) -> None:
    await sandbox.fault("x", kind, "POST /2/tweets", target=ACCOUNT.username)
    with pytest.raises(error) as refused:
        x.create_tweet(text="x")
    if kind == "payment":
        assert refused.value.response.status_code == 402
        assert refused.value.response.json()["title"] == "CreditsDepleted"


async def test_a_lasting_delay_does_not_hide_another_fault(x: tweepy.Client, sandbox: SandboxClient) -> None:
    await sandbox.fault("x", "latency", count=None, seconds=0)
    await sandbox.fault("x", "error_before")
    with pytest.raises(tweepy.TwitterServerError):
        x.create_tweet(text="x")


@pytest.mark.parametrize(
    ("given", "error"), [(("x", "explosion"), "unknown fault"), (("y", "revoked"), "unknown service")]
)
async def test_an_unknown_fault_is_named(sandbox: SandboxClient, given: tuple[str, str], error: str) -> None:
    with pytest.raises(SandboxError, match=error):
        await sandbox.fault(*given)


@pytest.mark.parametrize(("stage", "meanwhile"), [("before", []), ("after", ["x"])])
async def test_a_gate_holds_a_request_until_it_is_released(
    x: tweepy.Client, sandbox: SandboxClient, stage: str, meanwhile: list[str]
) -> None:
    gate = await sandbox.hold("x", "POST /2/tweets", stage)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(x.create_tweet, text="x")
        held = await sandbox.held(gate)
        assert held["request"]["detail"]["text"] == "x"
        assert await texts(sandbox, "x") == meanwhile
        await sandbox.release(gate)
        assert (await asyncio.wrap_future(sending)).data["text"] == "x"


CALLER = """
import sys
from tests.sandbox.conftest import x_client
x_client(sys.argv[1], timeout=60).create_tweet(text="x")
"""


@pytest.mark.parametrize(("stage", "accepted"), [("before", []), ("after", ["x"])])
async def test_a_caller_that_is_killed_at_a_gate_was_accepted_or_never_is(
    server: SandboxServer, sandbox: SandboxClient, stage: str, accepted: list[str]
) -> None:
    gate = await sandbox.hold("x", "POST /2/tweets", stage)
    environment = os.environ | {"PYTHONPATH": "."}
    caller = await asyncio.create_subprocess_exec(sys.executable, "-c", CALLER, server.x, env=environment)
    await sandbox.held(gate, within=20)
    caller.kill()
    await caller.wait()
    (request,) = await sandbox.requests("x", "POST /2/tweets", within=10)
    assert request["status"] == 0
    await sandbox.release(gate)
    assert await texts(sandbox, "x") == accepted
