"""The walk-through of docs/scale.md, line by line: a demo that was played on SQLite goes on at PostgreSQL as many processes."""

import re
import shlex
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from campaigns import access_tokens, installation
from campaigns.access_tokens import Scope
from campaigns.database import Database
from campaigns.models import Channel, Post, Territory
from campaigns.overviews import TABLES
from campaigns.periods import PERIODS
from campaigns.settings import Settings, vault_for
from campaigns.times import system_clock
from commands.demo import PASSWORD
from sandbox import stage
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_PEOPLE
from tests.conftest import free_port
from tests.program import ROOT, Program
from tests.stores import PostgresqlStores, ask
from web import create_app

pytestmark = pytest.mark.about_servers
DOC = ROOT / "docs/scale.md"
CONSOLE = f"/console/c/{stage.SLUG}"
PLAYED = {"received", "opened", "said_shared", "visit", "badge_made", "badge_downloaded"}
ANY_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0 somebody new"


@pytest.fixture
def target(stores: PostgresqlStores, tmp_path: Path) -> Iterator[str]:
    with stores.blank(tmp_path, "target") as url:
        yield url


async def something_more(people: SandboxClient) -> None:
    """When Telegram or a network took one more, or after a second: friends who follow links are seen by neither."""
    seen = await people.ledger()
    await people.ledger(after=int(seen[-1]["seq"]) if seen else 0, within=1)


class Walk:
    """The demo in a folder of its own, and the commands of the page with this machine's addresses in place of its own."""

    def __init__(self, program: Program, target: str) -> None:
        self._program, self.target = program, target
        self.port, self.stand_ins = free_port(), free_port()
        self.folder = program.folder / "var/demo"
        program.set(DATABASE_URL="", PORT=str(self.port))  # as a shell in which nothing is set
        self.file = f"sqlite:///{self.folder / 'porte-voix.sqlite3'}"
        self.started: list[Program] = []

    @property
    def settings(self) -> Settings:
        return Settings(_env_file=None, data_dir=self.folder)  # type: ignore[call-arg]

    @asynccontextmanager
    async def people(self, port: int) -> AsyncIterator[SandboxClient]:
        async with SandboxClient(f"http://127.0.0.1:{port}/sandbox", patience=60) as client:
            yield client

    async def play(self) -> None:
        """Until the demo's people have done all that they do, then Ctrl-C."""
        demo = self._program.again()
        self.started.append(demo)
        await demo.start("demo", "--port", str(self.port))
        await demo.line("Porte-voix runs")
        async with self.people(self.port) as people:
            while not {kind for (kind,) in ask(self.file, "SELECT kind FROM campaign_tally")} >= PLAYED:
                await something_more(people)
        assert await demo.stop() == 0, demo.output

    def lines(self) -> list[str]:
        section = DOC.read_text().partition("## From `make demo` to PostgreSQL")[2]
        block = re.findall(r"```sh\n(.*?)```", section, re.S)[0]
        for written, here in (("8000", self.port), ("8100", self.stand_ins), ("postgresql:///porte_voix", self.target)):
            assert str(written) in block
            block = block.replace(written, str(here))
        return [line for line in block.splitlines() if line]

    async def type(self, line: str) -> None:
        """As a shell would: export, a command, or one in the background."""
        behind = line.endswith("&")
        command, *words = shlex.split(line.removesuffix("&"))
        if command == "export":
            self._program.set(**dict(word.removeprefix("PORTEVOIX_").split("=", 1) for word in words))
            return
        assert command == "run_bot.py"
        if behind:
            self.started.append(self._program.again())
            await self.started[-1].start(*words)
            await self.started[-1].line("Porte-voix runs|stand-ins are at")
        else:
            code, said = await self._program.call(*words)
            assert code == 0, said


async def shown(url: str, settings: Settings, token: str, now: datetime) -> dict[str, str]:
    """What every page of results, every file of them and the API say of what is in a store at this moment."""
    database = Database(url, vault_for(settings))
    app = create_app(database=database, settings=settings, clock=lambda: now, secret_key="a key", bot_username=None)
    async with database.read() as session:
        posts, places, channels = [
            [row.id for row in await session.scalars(select(table))] for table in (Post, Territory, Channel)
        ]
    here = f"{CONSOLE}/results"
    pages = [f"{here}{sub}?period={name}" for name in PERIODS for sub in ("", "/territories")]
    pages += [f"{here}/table.csv?period=all&table={table}" for table in TABLES] + [f"{here}/supporters"]
    pages += [f"{here}/posts/{post}" for post in posts] + [f"{here}/territories/{place}" for place in places]
    figures = ["", "/territories", *(f"/posts/{post}" for post in posts), *(f"/channels/{c}" for c in channels)]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://demo.example") as client:
        login = await client.get("/console/login")
        form = {"email": stage.ORGANIZER, "password": PASSWORD, "csrf": csrf_of(login.text)}
        assert (await client.post("/console/login", data=form)).status_code == 303
        answers = [await client.get(page) for page in pages]
        program = {"authorization": f"Bearer {token}"}
        answers += [await client.get(f"/api/v1/results{part}", headers=program) for part in figures]
    await database.close()
    hidden = re.compile(rf".*{here}/territories/\d+")  # a territory of few people has no page
    missing = [str(answer.url) for answer in answers if answer.status_code != 200]
    assert all(hidden.fullmatch(url) for url in missing), missing
    return {str(answer.url): re.sub(r'name="csrf" value="[^"]+"', "", answer.text) for answer in answers}


def csrf_of(page: str) -> str:
    return re.findall(r'name="csrf" value="([^"]+)"', page)[0]


async def a_token(url: str, settings: Settings) -> str:
    database = Database(url, vault_for(settings))
    async with database.write() as session:
        (campaign,) = await installation.campaigns(session)
        organizer = await installation.find_organizer(session, stage.ORGANIZER)
        scopes, now = [Scope.results_read], system_clock()
        _, token = await access_tokens.make_token(session, campaign.id, organizer.id, "Site", scopes, now)
    await database.close()
    return token


@pytest.mark.takes_long
@pytest.mark.timeout(600)  # seconds; the demo is played as it is, and its people take their time
async def test_a_demo_that_moves_shows_the_same_figures_and_goes_on_with_nothing_sent_twice(
    program: Program, target: str
) -> None:
    walk = Walk(program, target)
    try:
        await walk.play()
        now, token = system_clock(), await a_token(walk.file, walk.settings)
        before = await shown(walk.file, walk.settings, token, now)
        lines = walk.lines()
        first = next(n for n, line in enumerate(lines) if line.endswith("&"))
        for line in lines[:first]:
            await walk.type(line)
        after = await shown(target, walk.settings, token, now)
        assert after == before
        for line in lines[first:]:
            await walk.type(line)
        await it_goes_on(walk, token, now)
    finally:
        for process in reversed(walk.started):
            await process.stop()
    assert not re.search("Traceback", "\n".join(process.output for process in walk.started))


async def it_goes_on(walk: Walk, token: str, now: datetime) -> None:
    waiting = (
        "SELECT count(*) FROM publication JOIN post ON post.id = post_id"
        f" WHERE publication.state IN ('queued', 'sending') AND due_at < '{now.isoformat()}'"
    )
    site = f"http://127.0.0.1:{walk.port}"
    zoe = DEMO_PEOPLE[0].id
    async with walk.people(walk.stand_ins) as people, httpx.AsyncClient(base_url=site) as visitor:
        while ask(walk.target, waiting) != [(0,)]:
            await something_more(people)
        await people.say(zoe, "/me")
        await people.message(zoe, lambda message: "Visites par vos liens" in str(message))
        link = re.findall(rf"{site}/s/[\w-]+", str((await people.chat(zoe))["messages"]))[0]
        figures = {"authorization": f"Bearer {token}"}
        visits = [(await visitor.get("/api/v1/results", headers=figures)).json()["counts"]["visit"]]
        assert (await visitor.get(link, headers={"user-agent": ANY_BROWSER})).status_code == 302
        visits.append((await visitor.get("/api/v1/results", headers=figures)).json()["counts"]["visit"])
        assert visits[1] == visits[0] + 1
        nothing_came_twice(await people.ledger())


def nothing_came_twice(ledger: list[dict[str, object]]) -> None:
    """Neither to followers and by e-mail, nor as a kit to anybody."""
    people = {str(person.id) for person in DEMO_PEOPLE}
    titles = tuple(post.title for post in stage.POSTS)
    sent = Counter(
        (entry["service"], entry["channel"], entry["text"])
        for entry in ledger
        if str(entry["channel"]) not in people or str(entry["text"]).startswith(titles)
    )
    assert {service for service, _, _ in sent} == set(stage.CHANNELS)
    assert any(str(channel) in people for _, channel, _ in sent)
    assert set(sent.values()) == {1}, sent
