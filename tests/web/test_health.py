"""/healthz says what is not well, since when and what to do; /metrics counts, and tells nothing of a person."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from campaigns import health
from campaigns.health import POLLER
from campaigns.models import Channel, Publication, PublicationState
from networks.errors import ChannelRevoked, RateLimited
from sandbox.client import SandboxClient
from schedules.engine import EmbeddedEngine
from schedules.heart import Heart
from schedules.timetable import Timetable
from tests.program import Program
from web.sends import SendCounts

Visit = Callable[..., httpx.AsyncClient]
LOCAL, FAR = ("127.0.0.1", 1234), ("203.0.113.7", 1234)


class Pulse:
    """A Heart whose ticks can be waited for."""

    def __init__(self, heart: Heart) -> None:
        self.heart, self.ticked = heart, asyncio.Event()

    async def tick(self) -> None:
        await self.heart.tick()
        self.ticked.set()

    async def end_leases(self, *, every: bool = False) -> None:
        await self.heart.end_leases(every=every)

    async def stop(self) -> None:
        await self.heart.stop()

    async def next(self) -> None:
        self.ticked.clear()
        async with asyncio.timeout(10):
            await self.ticked.wait()


@pytest.fixture
def pulse(world: Any) -> Pulse:
    return Pulse(Heart(world.database, world.clock))


async def sick(browser: httpx.AsyncClient) -> dict[str, Any]:
    """The only trouble of a 503."""
    answer = await browser.get("/healthz")
    assert answer.status_code == 503, answer.text
    (trouble,) = answer.json()["troubles"]
    assert set(trouble) == {"what", "since", "said", "do"}
    return dict(trouble)


async def test_complaint_2_health_fails_when_the_timetable_stands_still_though_the_pages_answer(
    world: Any, browser: httpx.AsyncClient, pulse: Pulse
) -> None:
    """The real scheduler is cut off without a word, as by a crash of its thread; the web goes on."""
    timetable = Timetable([pulse])
    await pulse.end_leases(every=True)
    timetable.start()
    world.clock.move(seconds=50)
    await pulse.next()
    world.clock.move(seconds=50)  # 100 s after the first beat, 50 s after the second
    answer = await browser.get("/healthz")
    await timetable.stop()
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    last = datetime.fromisoformat(answer.json()["scheduler"]["since"])
    world.clock.move(seconds=61)
    trouble = await sick(browser)
    assert trouble["what"] == "scheduler" and datetime.fromisoformat(trouble["since"]) >= last
    assert "restart the program" in trouble["do"]


async def all_due_now(world: Any) -> None:
    async with world.database.write() as session:
        await session.execute(update(Publication).values(due_at=world.clock()))


async def test_an_engine_throws_away_what_a_killed_one_left_and_leaves_nothing_at_its_end(
    world: Any, browser: httpx.AsyncClient, pulse: Pulse
) -> None:
    async with world.database.write() as session:
        await health.beat(session, POLLER, world.clock())
        await health.beat(session, "scheduler", world.clock())
    world.clock.move(hours=1)
    assert (await browser.get("/healthz")).status_code == 503
    engine = EmbeddedEngine(world.settings.data_dir, [pulse], world.database)
    await engine.start()
    figures = (await browser.get("/healthz")).json()
    assert (figures["scheduler"]["seconds"], figures["poller"]) == (0.0, None)
    await engine.stop()
    assert (await browser.get("/healthz")).json()["scheduler"] is None


async def test_a_heart_beats_every_five_seconds_and_not_at_every_tick(world: Any) -> None:
    heart = Heart(world.database, world.clock)

    async def at() -> datetime:
        async with world.database.read() as session:
            return (await health.look(session, world.clock())).beats["scheduler"]

    first = world.clock()
    await heart.tick()
    world.clock.move(seconds=4.5)
    await heart.tick()
    assert await at() == first
    world.clock.move(seconds=0.5)
    await heart.tick()
    assert await at() == world.clock()
    world.clock.move(hours=-1)  # the machine's clock was set back
    await heart.tick()
    assert await at() == world.clock()


async def test_health_fails_when_the_bot_hears_nothing_for_two_minutes(world: Any, browser: httpx.AsyncClient) -> None:
    since = world.clock()
    async with world.database.write() as session:
        await health.beat(session, POLLER, since)
    world.clock.move(seconds=121)
    trouble = await sick(browser)
    assert (trouble["what"], datetime.fromisoformat(trouble["since"])) == ("poller", since)
    assert "doctor" in trouble["do"]


async def test_complaint_2_health_fails_when_a_due_post_did_not_go_out(world: Any, visit: Visit) -> None:
    await all_due_now(world)
    world.clock.move(minutes=5)
    async with visit() as browser:
        figures = (await browser.get("/healthz")).json()
        assert figures["oldest_due"] | {"since": ""} == {
            "publication": 1,
            "channel": "Canal",
            "since": "",
            "seconds": 300.0,
        }
        world.clock.move(seconds=1)
        trouble = await sick(browser)
        assert (
            trouble["what"] == "publications" and "publication 1 on channel Canal is late by 301 s" in trouble["said"]
        )
    patient = world.settings.model_copy(update={"latest_minutes": 10})
    async with visit(world.app(settings=patient)) as browser:
        assert (await browser.get("/healthz")).status_code == 200


async def test_a_database_that_does_not_answer_says_since_when(world: Any, visit: Visit) -> None:
    class Broken:
        well = False
        refusal = None

        @asynccontextmanager
        async def read(self) -> AsyncIterator[Any]:
            if not self.well:
                raise OperationalError("SELECT 1", {}, Exception("disk I/O error"))
            async with world.database.read() as session:
                yield session

    broken = Broken()
    app = world.app()
    app.state.site.database = broken
    async with visit(app) as browser:
        first = await sick(browser)
        world.clock.move(minutes=3)
        assert (await sick(browser))["since"] == first["since"] and first["what"] == "database"
        assert "disk I/O" not in (await browser.get("/healthz")).text  # nothing of the inside is shown
        broken.well = True
        assert "database" not in [t["what"] for t in (await browser.get("/healthz")).json().get("troubles", [])]
        broken.well = False
        assert (await sick(browser))["since"] != first["since"]


def asking(app: Any, client: tuple[str, int] = LOCAL, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True, client=client)
    return httpx.AsyncClient(transport=transport, base_url="http://site.test", headers=headers)


async def figures(app: Any) -> dict[tuple[str, ...], float]:
    """Name and labels of each sample, in the order of the labels' names."""
    async with asking(app) as browser:
        answer = await browser.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
    }


async def test_metrics_count_by_campaign_channel_and_state(world: Any) -> None:
    sends = SendCounts()
    canal, compte = world.channels
    for problem in (None, None, RateLimited(timedelta(seconds=1)), ChannelRevoked()):
        sends(canal, problem)
    async with world.database.write() as session:
        await health.beat(session, POLLER, world.clock())
        (await session.get_one(Channel, compte.id)).resting_reason = "revoked"
    await all_due_now(world)
    world.clock.move(seconds=90)
    seen = await figures(world.app(sends=sends))
    assert seen["portevoix_publications", "orne", "Canal", "telegram", PublicationState.queued] == 1
    assert seen["portevoix_lateness_seconds", "orne", "Canal", "telegram"] == 90
    assert seen["portevoix_lateness_seconds", "orne", "Compte", "x"] == 0  # it rests
    assert seen["portevoix_channel_resting", "orne", "Compte", "x"] == 1
    assert seen["portevoix_channel_resting", "orne", "Canal", "telegram"] == 0
    assert seen["portevoix_heartbeat_age_seconds", POLLER] == 90
    assert seen["portevoix_supporters",] == 1
    assert seen["portevoix_files_waiting",] == 0
    assert seen["portevoix_sends_total", "orne", "Canal", "telegram"] == 2
    assert seen["portevoix_send_errors_total", "orne", "Canal", "RateLimited", "telegram"] == 1
    assert seen["portevoix_send_errors_total", "orne", "Canal", "ChannelRevoked", "telegram"] == 1


async def test_metrics_tell_nothing_of_a_person_or_of_what_is_said(world: Any) -> None:
    async with asking(world.app()) as browser:
        said = (await browser.get("/metrics")).text
    for private in ("Zoé", "Camille", "example.org", "Signez", "village", str(world.supporter.telegram_id) + '"'):
        assert private not in said


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        (LOCAL, {}, 200),
        (("::1", 1), {}, 200),
        (FAR, {}, 403),
        (("unix", 0), {}, 403),  # not an address
        (LOCAL, {"X-Forwarded-For": "203.0.113.7"}, 403),  # a proxy asks for somebody else
        (LOCAL, {"X-Forwarded-For": "127.0.0.1"}, 403),  # who says so themselves
        (LOCAL, {"Forwarded": "for=203.0.113.7"}, 403),
        (FAR, {"Authorization": "Bearer a-token"}, 200),
        (LOCAL, {"Authorization": "Bearer a-token", "X-Forwarded-For": "203.0.113.7"}, 200),
        (FAR, {"Authorization": "Bearer another"}, 403),
        (FAR, {"Authorization": "Bearer é"}, 403),
        (FAR, {"Authorization": "Bearer "}, 403),
    ],
)
async def test_metrics_answer_this_machine_or_the_token(
    world: Any, client: tuple[str, int], headers: dict[str, str], status: int
) -> None:
    settings = world.settings.model_copy(update={"metrics_token": SecretStr("a-token")})
    sent = {name: value.encode() for name, value in headers.items()}
    async with asking(world.app(settings=settings), client) as browser:
        assert (await browser.get("/metrics", headers=sent)).status_code == status  # type: ignore[arg-type]


async def test_without_a_token_in_the_settings_an_empty_one_opens_nothing(world: Any) -> None:
    async with asking(world.app(), FAR, Authorization="Bearer ") as browser:
        answer = await browser.get("/metrics")
    assert answer.status_code == 403 and "PORTEVOIX_METRICS_TOKEN" in answer.text


async def test_complaint_2_the_real_program_is_well_tells_its_figures_and_leaves_no_beat(
    program: Program, sandbox: SandboxClient
) -> None:
    def parts() -> set[str]:
        return {name for (name,) in program.ask("SELECT name FROM heartbeat")}

    await program.start()
    person = await sandbox.person("Zoé")
    await sandbox.start(person)
    await sandbox.updates_taken()
    async with httpx.AsyncClient(base_url=program.site) as browser:
        answer = await browser.get("/healthz")
        assert answer.status_code == 200, answer.text
        assert answer.json()["scheduler"]["seconds"] < 60 and answer.json()["poller"]["seconds"] < 60
        assert 'portevoix_heartbeat_age_seconds{part="poller"}' in (await browser.get("/metrics")).text
    await program.kill()
    assert parts() == {"scheduler", "poller"}  # nobody took them away
    program.set(BOT_TOKEN="")
    await program.start()
    async with httpx.AsyncClient(base_url=program.site) as browser:
        assert (await browser.get("/healthz")).json()["poller"] is None  # no bot is meant to run any more
    assert await program.stop() == 0
    assert parts() == set()


async def test_a_link_for_an_organizer_is_printed_with_the_bots_name_or_says_how(
    program: Program, sandbox: SandboxClient
) -> None:
    code, said = await program.call("organizers", "link", "camille@exemple.fr")
    assert code == 1 and "no organizer has the address" in said
    program.set(NEW_PASSWORD="une phrase assez longue")
    assert (await program.call("organizers", "add", "camille@exemple.fr"))[0] == 0
    code, said = await program.call("organizers", "link", "camille@exemple.fr")
    assert code == 0 and f"/t.me/{await sandbox.bot()}?start=o-" in said
    program.set(BOT_TOKEN="")
    code, said = await program.call("organizers", "link", "camille@exemple.fr")
    assert code == 0 and "write this to the bot, once: /start o-" in said
