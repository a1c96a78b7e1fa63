"""A worker that is put to sleep, taken for dead and wakes: nothing of what others went on with is sent by it, too."""

import signal
from collections.abc import AsyncIterator

import httpx
import pytest

from campaigns.media import NewPicture
from campaigns.models import PublicationState
from sandbox.client import SandboxClient
from tests.conftest import free_port
from tests.crew import Crew
from tests.program import Program

pytestmark = pytest.mark.about_servers
S = PublicationState
ALL = 60.0  # seconds that the stand-in may wait for a ledger to fill
WOKE = "this worker slept, or lost the database, and begins anew"


@pytest.fixture
async def crew(program: Program, sandbox: SandboxClient) -> AsyncIterator[Crew]:
    made = Crew(program, sandbox)
    yield made
    await made.stop()


async def test_the_rest_of_a_post_does_not_go_out_behind_what_the_heir_published(crew: Crew, portrait: bytes) -> None:
    """A text that is too long for a caption goes behind its picture; the worker falls asleep between the two."""
    (channel,) = await crew.channels(1)
    hold = await crew.sandbox.hold("telegram", "sendPhoto", "after")
    await crew.queue([channel], "Un " * 500, pictures=(NewPicture("p.jpg", portrait),))
    await crew.queue([channel], "Deux")
    sleeper, clock = await crew.start("worker"), await crew.start("clock")
    await crew.sandbox.held(hold)
    await crew.put_to_sleep(sleeper)
    heir = await crew.start("worker")
    await crew.sandbox.wait_for_ledger(2, service="telegram", within=ALL)
    await crew.sandbox.release(hold)
    sleeper.signal(signal.SIGCONT)
    for _in_either_order in range(2):
        await sleeper.line(f"publication 1: queued .TurnLost.|{WOKE}")
    await crew.queue([channel], "Trois")
    await crew.sandbox.wait_for_ledger(3, service="telegram", within=ALL)
    for process in (clock, heir, sleeper):
        assert await process.stop() == 0, process.output
    assert await crew.accepted(channel) == ["", "Deux", "Trois"]
    assert await crew.states(channel) == [S.unknown, S.published, S.published]


async def test_who_wakes_writes_to_nobody_beside_its_heir_and_takes_jobs_again(crew: Crew, program: Program) -> None:
    people = await crew.people(150)
    hold = await crew.sandbox.hold("telegram", "sendMessage", "before", target=people[40])
    await crew.broadcast("Rendez-vous samedi")
    port = free_port()
    sleeper, clock = await crew.start("worker", METRICS_PORT=str(port)), await crew.start("clock")
    await crew.sandbox.held(hold)
    await crew.put_to_sleep(sleeper)
    heir = await crew.start("worker")
    by_the_sleeper = len(await crew.sandbox.ledger(service="telegram"))  # the heir waits until the clock is sure
    await crew.sandbox.wait_for_ledger(by_the_sleeper + 1, service="telegram", within=ALL)
    await crew.sandbox.release(hold)
    sleeper.signal(signal.SIGCONT)
    await sleeper.line(WOKE)
    await heir.line("broadcast 1 has reached everybody")
    async with httpx.AsyncClient() as monitor:
        said = (await monitor.get(f"http://127.0.0.1:{port}/metrics")).text
    [sent] = [line for line in said.splitlines() if line.startswith('portevoix_messages_total{outcome="sent"}')]
    assert float(sent.split()[1]) <= by_the_sleeper + 1  # that which was held
    assert await heir.stop() == 0, heir.output
    channels = await crew.channels(1)
    await crew.queue(channels, "Encore")
    await crew.sandbox.wait_for_ledger(1, service="telegram", channel=channels[0].settings["chat_id"], within=ALL)
    for process in (clock, sleeper):
        assert await process.stop() == 0, process.output
    got = [
        int(entry["channel"]) for entry in await crew.sandbox.ledger(service="telegram") if entry["text"] != "Encore"
    ]
    rows = program.ask("SELECT telegram_id, handout.state FROM handout JOIN supporter ON supporter.id = supporter_id")
    assert len(got) == len(set(got)) and len(rows) == len(people)
    assert {person for person, state in rows if state == "sent"} <= set(got)
    assert {state for person, state in rows if person not in got} <= {"unknown"}
    assert {state for _, state in rows} <= {"sent", "unknown"}


async def test_a_clock_that_led_and_sleeps_leads_no_more_when_it_wakes(crew: Crew) -> None:
    """A stopped process keeps its connections, and with them what it holds of the store, unless the server ends them."""
    (channel,) = await crew.channels(1)
    sleeper = await crew.start("clock")
    await sleeper.said("this clock leads")
    heir, worker = await crew.start("clock"), await crew.start("worker")
    await crew.put_to_sleep(sleeper)
    await heir.line("this clock leads")
    await worker.kill()
    await crew.queue([channel], "Un")
    sleeper.signal(signal.SIGCONT)
    other = await crew.start("worker")
    await crew.sandbox.wait_for_ledger(1, service="telegram", within=ALL)
    for process in (sleeper, heir, other):
        assert await process.stop() == 0, process.output
    assert sleeper.output.count("this clock leads") == 1 and "Traceback" not in sleeper.output
    assert await crew.states(channel) == [S.published]
