"""Machines whose clocks are minutes apart: the store's clock counts, and each process says how far its own is off."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from campaigns.models import PublicationState
from campaigns.times import system_clock
from sandbox.client import SandboxClient
from schedules.timetable import LEASES
from tests.crew import Crew
from tests.program import Program

pytestmark = pytest.mark.about_servers
S = PublicationState
ALL = 60.0  # seconds that the stand-in may wait for a ledger to fill
APART = 200  # seconds; more than those after which a part counts as silent, and than what a post is queued ahead here


@pytest.fixture
async def crew(program: Program, sandbox: SandboxClient) -> AsyncIterator[Crew]:
    made = Crew(program, sandbox)
    yield made
    await made.stop()


async def test_a_worker_and_a_clock_that_are_ahead_send_nothing_before_its_time(crew: Crew) -> None:
    """Who is ahead would find due now what is due in two minutes."""
    channels = await crew.channels(1)
    await crew.queue(channels, "Plus tard", at=system_clock() + timedelta(minutes=2))
    await crew.queue(channels, "Maintenant")
    clock, worker = await crew.start("clock", skew=APART), await crew.start("worker", skew=APART)
    await crew.sandbox.wait_for_ledger(1, service="telegram", within=ALL)
    await crew.queue(channels, "Encore")
    await crew.sandbox.wait_for_ledger(2, service="telegram", within=ALL)
    for process in (worker, clock):
        assert await process.stop() == 0
        assert f"the clock of this machine is {APART} s ahead of the database's" in process.output
    assert await crew.accepted(channels[0]) == ["Maintenant", "Encore"]
    assert await crew.states(channels[0]) == [S.queued, S.published, S.published]


async def test_a_worker_that_is_behind_sends_in_time_and_writes_the_stores_moment_down(
    crew: Crew, program: Program
) -> None:
    channels = await crew.channels(1)
    began = system_clock()
    await crew.queue(channels, "Maintenant")
    clock, worker = await crew.start("clock", skew=-APART), await crew.start("worker", skew=-APART)
    await crew.sandbox.wait_for_ledger(1, service="telegram", within=ALL)
    assert await worker.stop() == 0
    assert f"the clock of this machine is {APART} s behind the database's" in worker.output
    [(sent_at,)] = program.ask("SELECT sent_at FROM publication")
    assert began < sent_at < system_clock()
    assert await clock.stop() == 0


@pytest.mark.parametrize("skew", [APART, -APART])
async def test_workers_that_are_apart_leave_each_other_what_they_have_and_one_goes_on_where_the_other_died(
    crew: Crew, program: Program, skew: int
) -> None:
    """By its own clock, as far off as one of theirs, the process that leads would find the other one's leases ended.

    What is held when it looks for such, a quarter of a minute after its start, is still held when the post after that is out.
    """
    people, channels = await crew.people(20), await crew.channels(2)
    chats = [channel.settings["chat_id"] for channel in channels]
    of_channel, of_person = [
        await crew.sandbox.hold("telegram", "sendMessage", "before", target=target) for target in (chats[0], people[10])
    ]
    started = [await crew.start("worker", skew=skewed) for skewed in (APART, -APART)]
    workers = {(await each.said("for channels")).split("this is ")[1].split(",")[0]: each for each in started}
    clock = await crew.start("clock", skew=skew)
    looks = system_clock() + timedelta(seconds=LEASES)
    await crew.queue(channels, "Un", "Deux", at=looks - timedelta(seconds=3))
    await crew.queue(channels[1:], "Trois", at=looks + timedelta(seconds=2))
    await crew.sandbox.held(of_channel, within=ALL)
    await crew.broadcast("Rendez-vous samedi")
    await crew.sandbox.held(of_person, within=ALL)
    await crew.sandbox.wait_for_ledger(3, service="telegram", channel=chats[1], within=ALL)
    states = "SELECT telegram_id, handout.state FROM handout JOIN supporter ON supporter.id = supporter_id"
    assert await crew.states(channels[0]) == [S.sending, S.queued]
    assert dict(program.ask(states))[people[10]] == "sending"
    [(holder,)] = program.ask("SELECT leased_by FROM channel WHERE leased_by IS NOT NULL")
    await workers.pop(holder).kill()
    await crew.sandbox.release(of_person)
    [heir] = workers.values()
    await heir.line("broadcast 1 has reached everybody")
    await crew.sandbox.wait_for_ledger(1, service="telegram", channel=chats[0], within=ALL)
    for process in (heir, clock):
        assert await process.stop() == 0, process.output
    assert clock.output.count("died; what it had goes on elsewhere") == 1
    assert await crew.accepted(channels[0]) == ["Deux"] and await crew.accepted(channels[1]) == ["Un", "Deux", "Trois"]
    assert await crew.states(channels[0]) == [S.unknown, S.published]
    got = [int(entry["channel"]) for entry in await crew.sandbox.ledger(service="telegram")]
    assert all(got.count(person) == 1 for person in people if person != people[10]) and got.count(people[10]) <= 1
    assert {person for person, state in program.ask(states) if state != "sent"} <= {people[10]}


async def test_pages_of_a_skewed_machine_find_the_others_at_work_and_say_how_far_they_are_off(crew: Crew) -> None:
    clock, worker = await crew.start("clock", skew=-APART), await crew.start("worker")
    pages = await crew.start("web", skew=APART)
    async with httpx.AsyncClient(base_url=pages.site) as visitor:
        figures = (await visitor.get("/healthz")).json()
        assert figures["status"] == "ok", figures
        assert abs(figures["scheduler"]["seconds"]) < APART / 2 > abs(figures["worker"]["seconds"])
        assert figures["clock_skew"] == pytest.approx(APART, abs=1)
        seen = (await visitor.get("/metrics")).text
    [line] = [line for line in seen.splitlines() if line.startswith("portevoix_clock_skew_seconds ")]
    assert float(line.split()[1]) == pytest.approx(APART, abs=1)
    for process in (clock, worker, pages):
        assert await process.stop() == 0


async def test_doctor_of_a_skewed_machine_names_the_databases_clock(program: Program) -> None:
    program.skew(APART)
    code, said = await program.call("doctor")
    assert code == 1
    assert f"✗ database's clock it is {APART} s behind this machine's, and counts for all" in " ".join(said.split())
