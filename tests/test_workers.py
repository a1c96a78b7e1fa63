"""One program as many processes: clocks that tick, workers that publish, pages and the bot, each where it is wanted."""

import asyncio
import signal
from collections.abc import AsyncIterator

import httpx
import pytest

from campaigns import installation
from campaigns.models import Campaign, PublicationState
from campaigns.times import system_clock
from sandbox.client import SandboxClient
from tests.conftest import X_KEYS, free_port
from tests.crew import Crew
from tests.program import Program
from tests.stores import PostgresqlStores

pytestmark = pytest.mark.about_servers
S = PublicationState
ALL = 60.0  # seconds that the stand-in may wait for a ledger to fill


@pytest.fixture
async def crew(program: Program, sandbox: SandboxClient) -> AsyncIterator[Crew]:
    made = Crew(program, sandbox)
    yield made
    await made.stop()


async def test_a_clock_and_two_workers_publish_each_channel_in_order_and_each_post_once(crew: Crew) -> None:
    channels = await crew.channels(5)
    texts = [f"Texte {n}" for n in range(20)]
    await crew.queue(channels, *texts)
    workers = [await crew.start("worker"), await crew.start("worker")]
    await crew.start("clock")
    await crew.sandbox.wait_for_ledger(100, service="telegram", within=ALL)
    for worker in workers:
        assert await worker.stop() == 0
    for channel in channels:
        assert await crew.accepted(channel) == texts
        assert await crew.states(channel) == [S.published] * 20


async def test_two_clocks_do_no_harm_and_when_the_leading_one_is_killed_the_other_leads(crew: Crew) -> None:
    channels = await crew.channels(3)
    leader = await crew.start("clock")
    other, worker = await crew.start("clock"), await crew.start("worker")
    await crew.queue(channels, "Un", "Deux", "Trois")
    await crew.sandbox.wait_for_ledger(9, service="telegram", within=ALL)
    await leader.kill()
    await crew.queue(channels, "Quatre")
    await crew.sandbox.wait_for_ledger(12, service="telegram", within=ALL)
    await other.line("this clock leads")
    assert await worker.stop() == 0
    for channel in channels:
        assert await crew.accepted(channel) == ["Un", "Deux", "Trois", "Quatre"]


@pytest.mark.parametrize("stage", ["before", "after"])
async def test_what_a_killed_worker_had_goes_on_elsewhere_and_the_one_in_flight_is_unknown(
    crew: Crew, stage: str
) -> None:
    """The stand-in holds the request before, or after, it accepted it, so that the worker dies at exactly that step."""
    (channel,) = await crew.channels(1)
    hold = await crew.sandbox.hold("telegram", "sendMessage", stage)
    await crew.queue([channel], "En vol", "Deux", "Trois")
    victim = await crew.start("worker")
    clock = await crew.start("clock")
    await crew.sandbox.held(hold)
    heir = await crew.start("worker")
    await victim.kill()
    await crew.sandbox.clear_faults()
    out = ["En vol", "Deux", "Trois"] if stage == "after" else ["Deux", "Trois"]
    await crew.sandbox.wait_for_ledger(len(out), service="telegram", within=ALL)
    await clock.line(r"worker \d+ died; what it had goes on elsewhere")
    assert await heir.stop() == 0
    assert await crew.accepted(channel) == out
    assert await crew.states(channel) == [S.unknown, S.published, S.published]


async def test_a_worker_that_is_taken_for_dead_and_is_not_sends_nothing_again_when_it_comes_back(crew: Crew) -> None:
    """Such as that of a machine that was put to sleep. Its own late word is not heard: the publication stays unknown."""
    (channel,) = await crew.channels(1)
    hold = await crew.sandbox.hold("telegram", "sendMessage", "before")
    await crew.queue([channel], "En vol", "Deux")
    sleeper = await crew.start("worker")
    clock = await crew.start("clock")
    await crew.sandbox.held(hold)
    await crew.put_to_sleep(sleeper)
    heir = await crew.start("worker")
    await crew.sandbox.wait_for_ledger(1, service="telegram", within=ALL)
    await crew.sandbox.release(hold)
    sleeper.signal(signal.SIGCONT)
    await sleeper.line("publication 1 is out")
    await crew.queue([channel], "Trois")
    await crew.sandbox.wait_for_ledger(3, service="telegram", within=ALL)
    for process in (clock, heir, sleeper):
        assert await process.stop() == 0
    assert sorted(await crew.accepted(channel)) == ["Deux", "En vol", "Trois"]
    assert await crew.states(channel) == [S.unknown, S.published, S.published]


async def test_sigterm_lets_a_worker_end_what_is_in_flight_and_leaves_the_rest_to_others(crew: Crew) -> None:
    (channel,) = await crew.channels(1)
    hold = await crew.sandbox.hold("telegram", "sendMessage", "before")
    await crew.queue([channel], "En vol", "Deux")
    worker = await crew.start("worker")
    await crew.start("clock")
    await crew.sandbox.held(hold)
    await worker.terminate()
    await worker.line("Stopping")
    await crew.sandbox.release(hold)
    assert await worker.ended() == 0, worker.output
    assert await crew.states(channel) == [S.published, S.queued]
    heir = await crew.start("worker")
    await crew.sandbox.wait_for_ledger(2, service="telegram", within=ALL)
    assert await heir.stop() == 0
    assert await crew.states(channel) == [S.published, S.published]


async def test_a_store_that_was_away_stops_no_worker_and_makes_nothing_unknown(
    crew: Crew, stores: PostgresqlStores
) -> None:
    (channel,) = await crew.channels(1)
    hold = await crew.sandbox.hold("telegram", "sendMessage", "before")
    await crew.queue([channel], "En vol", "Deux")
    worker, clock = await crew.start("worker"), await crew.start("clock")
    await crew.sandbox.held(hold)
    stores.cluster.stop()
    try:
        await clock.line("the database does not answer")
        await worker.line("the queue does not answer|channel . waits|the database does not answer")
    finally:
        stores.cluster.start()
    await clock.line("the database answers again")
    await crew.sandbox.release(hold)
    await crew.sandbox.wait_for_ledger(2, service="telegram", within=ALL)
    assert await worker.stop() == 0, worker.output
    assert await clock.stop() == 0, clock.output
    assert await crew.states(channel) == [S.published, S.published]
    assert "Traceback" not in worker.output + clock.output


async def test_a_broadcast_is_sent_by_one_worker_at_a_time_and_goes_on_where_a_killed_one_stopped(
    crew: Crew, program: Program
) -> None:
    people = await crew.people(20)
    hold = await crew.sandbox.hold("telegram", "sendMessage", "before", target=people[10])
    await crew.broadcast("Rendez-vous samedi")
    victim = await crew.start("worker")
    await crew.start("clock")
    await crew.sandbox.held(hold)
    heir = await crew.start("worker")
    await victim.kill()
    await crew.sandbox.clear_faults()
    await heir.line("broadcast 1 has reached everybody")
    assert await heir.stop() == 0
    got = [int(entry["channel"]) for entry in await crew.sandbox.ledger(service="telegram")]
    assert len(got) == len(set(got)) and people[10] not in got
    states = program.ask("SELECT telegram_id, handout.state FROM handout JOIN supporter ON supporter.id = supporter_id")
    assert dict(states)[people[10]] == "unknown"
    assert {person for person, state in states if state == "sent"} <= set(got)
    assert len(states) == 20


async def test_messages_that_a_killed_worker_was_sending_are_unknown_before_anybody_goes_on(
    crew: Crew, program: Program
) -> None:
    people = await crew.people(3)
    hold = await crew.sandbox.hold("telegram", "sendMessage", "before", target=people[1])
    await crew.broadcast("Rendez-vous samedi")
    victim, clock = await crew.start("worker"), await crew.start("clock")
    await crew.sandbox.held(hold)
    await crew.sandbox.wait_for_ledger(2, service="telegram", within=ALL)
    await victim.kill()
    await clock.line(r"\d messages were being sent to people when the program stopped")
    states = program.ask("SELECT telegram_id, handout.state FROM handout JOIN supporter ON supporter.id = supporter_id")
    assert dict(states)[people[1]] == "unknown"


async def test_pages_alone_say_what_they_see_in_the_store_and_name_the_bot(crew: Crew) -> None:
    await crew.channels(1)
    pages = await crew.start("web")
    async with httpx.AsyncClient(base_url=pages.site) as visitor:

        async def seen(*parts: str) -> list[object]:
            figures = (await visitor.get("/healthz")).json()
            assert figures["status"] == "ok", figures
            return [part for part in parts if figures[part] is not None]

        assert await seen("scheduler", "worker", "poller") == []
        await crew.start("clock")
        both = await crew.start("worker", "bot")
        while await seen("scheduler", "worker", "poller") != ["scheduler", "worker", "poller"]:
            pass
        assert await both.stop() == 0
        assert await seen("scheduler", "worker", "poller") == ["scheduler"]
        while "start=c-campagne" not in (await visitor.get("/c/campagne")).text:
            pass


async def test_roles_and_a_program_without_roles_keep_each_other_away(crew: Crew, program: Program) -> None:
    worker = await crew.start("worker")
    code, said = await program.call("run")
    assert (code, "another Porte-voix already runs on this database" in said) == (1, True)
    await worker.stop()
    await program.start()
    code, said = await program.again().call("run", "--role", "worker")
    assert (code, "without --role runs on this database; stop it" in said) == (1, True)


async def test_a_process_with_another_secret_key_is_refused_before_it_makes_channels_rest(
    crew: Crew, program: Program
) -> None:
    async with crew.store() as database, database.write() as session:
        campaign = await installation.add_campaign(session, Campaign(slug="", name="Campagne"), system_clock())
        await installation.add_channel(session, campaign.id, "x", "Compte X", X_KEYS)
    stranger = program.again()
    stranger.set(
        SECRET_KEY="another one, as a second machine would make for itself", DATA_DIR=str(program.folder / "other")
    )
    (program.folder / "other").mkdir()
    code, said = await stranger.call("run", "--role", "worker")
    assert (code, "was locked with another secret key: give all processes the same PORTEVOIX_SECRET_KEY" in said) == (
        1,
        True,
    )


async def test_what_a_worker_sent_is_told_by_itself_where_it_has_a_port_for_it(crew: Crew) -> None:
    """Its pages are served by others, which do not know."""
    port = free_port()
    channels = await crew.channels(2)
    await crew.queue(channels, "Un", "Deux", "Trois")
    await crew.start("worker", METRICS_PORT=str(port))
    await crew.start("clock")
    await crew.sandbox.wait_for_ledger(6, service="telegram", within=ALL)
    sent = 'portevoix_sends_total{campaign="campagne",channel="Canal 1",network="telegram"} 3.0'
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as monitor:
        async with asyncio.timeout(ALL):
            while sent not in (said := (await monitor.get("/metrics")).text):
                pass
        assert said.count("portevoix_sends_total{") == 2
        for page in ("/", "/console/login", "/healthz"):
            assert (await monitor.get(page)).status_code == 404
