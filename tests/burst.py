"""A burst: many people write at once, each several commands, to a bot whose updates Telegram brings to two processes.

Each command has an answer of its own, so that what stands in the stand-in's ledger tells which update was answered, in
which order, and how often.
"""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import groupby

import httpx
import psutil
from sqlmodel import col, select

from campaigns import installation, posts, share_links, supporters
from campaigns.database import Database
from campaigns.models import BotUpdate, Campaign, Purpose
from campaigns.posts import NewPost
from campaigns.times import system_clock
from sandbox.client import SandboxClient
from tests.pair import Pair

COMMANDS = ("/help", "/posts", "/consents", "/missions", "/events")
CHUNK = 1_000  # acts that the stand-in is told of at once
MB = 1_000_000


@dataclass
class Seen:
    """What came of a burst. An update is named by its person and by which of their commands it was."""

    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)  # a chat whose answers are not those to its commands, in their order
    doubled: set[tuple[int, int]] = field(default_factory=set)
    growth: float = 0.0  # megabytes of the process that grew most
    waits: list[float] = field(default_factory=list)  # seconds of each other request meanwhile
    refused: list[str] = field(default_factory=list)  # other requests that were not answered well


class Burst:
    """`await prepare(people)`, then `await rage(each)`: every person writes so many commands, all at once."""

    def __init__(self, pair: Pair, sandbox: SandboxClient) -> None:
        self.pair, self.sandbox = pair, sandbox
        self.people: list[int] = []
        self.answers: dict[str, str] = {}  # text -> the command that it answers
        self.before = 0  # how much stood in the ledger
        self.each = 0
        self.link = ""

    async def prepare(self, people: int) -> None:
        """A campaign that so many take part in, with a post to follow; and what the bot answers to each command."""
        now, told = system_clock(), [await self.sandbox.person(f"P{n}", language_code="fr") for n in range(people)]
        async with self.pair.database.write() as session:
            campaign = await installation.add_campaign(session, Campaign(slug="", name="Campagne"), now)
            new = NewPost("Signez", "Signez !", "https://example.org/petition", publish_at=now, share_kit=True)
            post = await posts.add_post(session, campaign.id, new, media_dir=None, now=now)  # type: ignore[arg-type] # it has no picture
            self.link = f"/s/{(await share_links.link_for(session, post, None, self.pair.site, now)).token}"
            for number in told:
                joining = supporters.Joining(campaign.id, number, "P", "fr", frozenset({Purpose.contact}), now)
                await supporters.join(session, joining)
        await self.sandbox.crowd([{"person": number, "action": "start"} for number in told])
        await self.sandbox.updates_taken(120)
        for command in COMMANDS:
            asked = await self.sandbox.say(told[0], command)
            answer = await self.sandbox.message(told[0], lambda m: m["from"]["is_bot"], after_id=asked["message_id"])
            self.answers[answer["text"]] = command
        assert len(self.answers) == len(COMMANDS), self.answers
        await self.sandbox.updates_taken(120)
        self.people = told

    def commands(self, at: int) -> list[str]:
        """What the person at this place writes: another one each time, and another than their neighbours."""
        return [COMMANDS[(at + n) % len(COMMANDS)] for n in range(self.each)]

    async def begin(self, each: int) -> None:
        """Everybody writes: first all of them their first command, then their second."""
        self.each, self.before = each, len(await self.sandbox.ledger("telegram"))
        written = [self.commands(at) for at in range(len(self.people))]
        acts = [
            {"person": person, "action": "say", "text": written[at][n]}
            for n in range(each)
            for at, person in enumerate(self.people)
        ]
        for start in range(0, len(acts), CHUNK):
            await self.sandbox.crowd(acts[start : start + CHUNK])

    async def rage(self, each: int, within: float = 600.0) -> Seen:
        """Begin, and wait until every update is confirmed."""
        waits: list[float] = []
        refused: list[str] = []
        memory, began = Memory(self.pair), time.perf_counter()
        others = asyncio.create_task(self._visit(waits, refused))
        await self.begin(each)
        await self.sandbox.updates_taken(within)
        seconds, growth = time.perf_counter() - began, memory.growth()
        others.cancel()
        await asyncio.gather(others, return_exceptions=True)
        return replace(await self.judge(), seconds=seconds, growth=growth, waits=waits, refused=refused)

    async def _visit(self, waits: list[float], refused: list[str]) -> None:
        """Somebody follows a share link, and a monitor looks, again and again."""
        human = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}
        async with httpx.AsyncClient(base_url=self.pair.site, headers=human, timeout=30) as visitor:
            while True:
                for path, good in ((self.link, 302), ("/healthz", 200)):
                    began = time.perf_counter()
                    status = (await visitor.get(path)).status_code
                    waits.append(time.perf_counter() - began)
                    if status != good:
                        refused.append(f"{path} {status}")
                await asyncio.sleep(0.2)

    async def reached(self, answers: int) -> None:
        """Wait until so many of the burst's updates were answered."""
        await self.sandbox.wait_for_ledger(self.before + answers, service="telegram", within=240)

    async def answered(self) -> dict[int, list[str]]:
        """The commands of the burst that were answered by now, of each person, in the order of the answers."""
        found: defaultdict[int, list[str]] = defaultdict(list)
        for entry in (await self.sandbox.ledger("telegram"))[self.before :]:
            found[int(entry["channel"])].append(self.answers.get(entry["text"], entry["text"]))
        return found

    async def judge(self) -> Seen:
        """Neighbours among a person's commands differ, so what stands twice in a row was answered twice."""
        seen, found = Seen(), await self.answered()
        for at, person in enumerate(self.people):
            runs = [(command, len(list(same))) for command, same in groupby(found[person])]
            if [command for command, _ in runs] != self.commands(at):
                seen.lost.append(f"{person}: {found[person]} in place of {self.commands(at)}")
            seen.doubled |= {(person, n) for n, (_, times) in enumerate(runs) if times > 1}
        return seen


async def marked(database: Database) -> set[int]:
    """The numbers of the updates that were handled."""
    async with database.read() as session:
        return set(await session.scalars(select(BotUpdate.update_id).where(col(BotUpdate.chat).is_(None))))


class Memory:
    """How much the processes of a pair grow."""

    def __init__(self, pair: Pair) -> None:
        self._processes = [psutil.Process(process.pid) for process in pair.processes]
        self._before = [process.memory_info().rss for process in self._processes]

    def growth(self) -> float:
        """Megabytes, of the one that grew most."""
        now = [process.memory_info().rss for process in self._processes]
        return max(after - before for before, after in zip(self._before, now, strict=True)) / MB
