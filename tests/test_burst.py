"""A burst of updates at two real processes, of which one may die: each chat is answered in its order, and nothing is lost."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer
from tests.burst import Burst, marked
from tests.pair import ROLES, behind_nginx
from tests.program import Program
from tests.stores import Stores

pytestmark = pytest.mark.about_servers
PEOPLE, EACH = 100, 6


@pytest.fixture
async def burst(
    stores: Stores, tmp_path: Path, sandbox: SandboxClient, sandbox_server: SandboxServer
) -> AsyncIterator[Burst]:
    """Both processes run, and hear what people say."""
    with stores.fresh(tmp_path) as url:
        async with behind_nginx(tmp_path, url, f"{sandbox_server.url}/telegram") as (pair, _):
            await pair.start()
            made = Burst(pair, sandbox)
            await made.prepare(PEOPLE)
            yield made


async def test_of_a_burst_each_update_is_answered_once_and_in_its_chats_order(burst: Burst) -> None:
    seen = await burst.rage(EACH)
    assert seen.lost == []
    assert seen.doubled == set()
    assert seen.refused == [] and seen.waits


async def test_when_one_process_is_killed_in_a_burst_only_what_it_had_in_hand_is_answered_again(burst: Burst) -> None:
    """An answer that went out, and its update's number was not written yet: Telegram brings that one again."""
    victim, heir = burst.pair.processes
    first = max(await marked(burst.pair.database)) + 1
    numbers = set(range(first, first + PEOPLE * EACH))
    await burst.begin(EACH)
    while len(numbers & await marked(burst.pair.database)) < PEOPLE:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    heir.signal(signal.SIGSTOP)  # so that what is seen now is how it stood when the other died
    await victim.kill()
    handled, answered = await marked(burst.pair.database), await burst.answered()
    heir.signal(signal.SIGCONT)
    await burst.sandbox.updates_taken(120)
    in_hand = {
        (person, n)
        for at, person in enumerate(burst.people)
        for n in range(len(answered[person]))
        if first + n * PEOPLE + at not in handled
    }
    assert numbers - handled, "it came too late"
    seen = await burst.judge()
    assert seen.lost == []
    assert seen.doubled <= in_hand
    assert numbers <= await marked(burst.pair.database)


async def test_from_the_webhook_to_polling_and_back_while_people_write_each_is_answered_once(burst: Burst) -> None:
    """Each stop comes in the middle, and what was in hand ends with it."""
    both = burst.pair.processes
    alone = both[:1]
    await burst.begin(2 * EACH)
    await burst.reached(PEOPLE)
    await stop(burst, both)
    await start(alone, "polling")
    await burst.reached(4 * PEOPLE)
    await stop(burst, alone)
    await start(both, "webhook")
    await burst.sandbox.updates_taken(120)
    seen = await burst.judge()
    assert seen.lost == []
    assert seen.doubled == set()


async def start(processes: list[Program], mode: str) -> None:
    for process in processes:
        process.set(BOT_UPDATES=mode)
        await process.start(*ROLES)
    for process in processes:
        await process.line("runs at")


async def stop(burst: Burst, processes: list[Program]) -> None:
    assert set(await asyncio.gather(*(process.stop() for process in processes))) == {0}
    assert await burst.sandbox.updates_left(), "it was too fast to be switched under"
