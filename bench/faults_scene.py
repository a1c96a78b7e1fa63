"""The scene of a fault: one program as many processes, on PostgreSQL and the stand-ins, at work while something is taken away.

Posts come due on forty channels all the time, a broadcast goes out to hundreds of people, and visitors follow a share link.
In the end each row is held against the stand-in's own ledger: what was due is out once, or `unknown`, and every visit that
was led on has been counted.
"""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import select, text
from sqlmodel import col

from bench.cluster import Cluster
from bench.faults_member import Member, free_port, until
from campaigns import broadcasts, engagement, installation, share_links, supporters
from campaigns.database import Database, migrate
from campaigns.models import (
    Broadcast,
    BroadcastState,
    Campaign,
    Handout,
    HandoutState,
    Kind,
    Post,
    PostState,
    Publication,
    PublicationState,
    Purpose,
    Supporter,
)
from campaigns.segments import Segment
from campaigns.vault import Vault
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN

CHANNELS, PEOPLE = 40, 800
EVERY = 2.0  # seconds between two posts, each on all channels
LATENCY = 0.4  # seconds that the stand-in takes for a message: at any moment some are in flight
VISITORS, PAUSE = 3, 0.1  # who follow the link again and again, and seconds between two visits of each
END_WITHIN = 120.0  # seconds until the last one is settled
KEY, SLUG = "the key of the scene", "tempete"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
S, H = PublicationState, HandoutState


@dataclass
class Verdict:
    """What came of a scene. `lost` and `doubled` are lines for a human, and should be empty."""

    publications: int = 0
    messages: int = 0
    unknown: int = 0  # publications and messages
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


@dataclass
class Visits:
    """Of a share link: asked, led on, and other answers than that."""

    asked: int = 0
    led_on: int = 0
    others: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0  # seconds that somebody waited who was led on


class Scene:
    """`open`, `start` processes, `begin`; then the fault, then `end` and `judge`."""

    def __init__(self, folder: Path, cluster: Cluster, sandbox: SandboxClient) -> None:
        self.folder, self.cluster, self.sandbox = folder, cluster, sandbox
        self.members: list[Member] = []
        self.visits = Visits()
        self.database = Database(cluster.url("faults"), Vault(KEY))
        self.chats: dict[int, str] = {}  # channel -> its chat
        self.people: set[str] = set()  # their chats
        self.seen: list[tuple[float, str, str]] = []  # when, chat, text
        self._link = ""
        self._tasks: list[asyncio.Task[None]] = []
        self.ended = False

    async def open(self) -> None:
        """A campaign with its channels and its people."""
        self.cluster.run("CREATE DATABASE faults")
        await asyncio.to_thread(migrate, self.cluster.url("faults"))
        await self.sandbox.reset()
        await self.sandbox.rates(unlimited=True)
        await self.sandbox.fault("telegram", "latency", "sendMessage", count=None, seconds=LATENCY)
        now = datetime.now(UTC)
        people = [await self.sandbox.person(f"P{n}", language_code="fr") for n in range(PEOPLE)]
        await self.sandbox.crowd([{"person": person, "action": "start"} for person in people])
        self.people = {str(person) for person in people}
        async with self.database.write() as session:
            new = Campaign(slug=SLUG, name="Tempête", quiet_from=0, quiet_until=0)
            campaign = await installation.add_campaign(session, new, now)
            for n in range(CHANNELS):
                chat = str(await self.sandbox.channel(f"Canal {n}"))
                channel = await installation.add_channel(
                    session, campaign.id, "telegram", f"Canal {n}", {"chat_id": chat}
                )
                self.chats[channel.id] = chat
            for person in people:
                joining = supporters.Joining(campaign.id, person, "P", "fr", frozenset({Purpose.contact}), now)
                await supporters.join(session, joining)
            post = _post(campaign.id, "Signez la pétition", now)
            post.link = "https://example.org/petition"
            session.add(post)
            await session.flush()
            self._link = (await share_links.link_for(session, post, None, "https://example.org", now)).token
            self.campaign_id = campaign.id

    def member(self, name: str, *roles: str, store: str = "", inside: Sequence[str] = (), port: int = 0) -> Member:
        """A process to be started; it shares nothing with the others but the store and the stand-ins."""
        (home := self.folder / name).mkdir()
        settings = {
            "DATA_DIR": str(home),
            "DATABASE_URL": store or self.cluster.url("faults"),
            "SECRET_KEY": KEY,
            "BOT_TOKEN": DEMO_TOKEN,
            "TELEGRAM_BASE_URL": f"{self.sandbox.url}/telegram",
            "PORT": str(port or free_port()),
        }
        made = Member(home, name, roles, {f"PORTEVOIX_{name}": value for name, value in settings.items()}, inside)
        self.members.append(made)
        return made

    async def start(self, name: str, *roles: str, port: int = 0) -> Member:
        made = self.member(name, *(roles or (name,)), port=port)
        await made.start()
        return made

    async def begin(self, seconds: float, visitor: Callable[[], httpx.AsyncClient]) -> None:
        """From now on posts are due, so many seconds long; people are written to, and visitors come."""
        now = datetime.now(UTC)
        async with self.database.write() as session:
            for n in range(int(seconds / EVERY)):
                due = now + timedelta(seconds=1 + n * EVERY)
                post = _post(self.campaign_id, f"Message n° {n}.", due)
                session.add(post)
                await session.flush()
                session.add_all(Publication(post_id=post.id, channel_id=number, due_at=due) for number in self.chats)
            made = await broadcasts.add_broadcast(session, Segment(self.campaign_id), "Rendez-vous samedi", now)
            await broadcasts.approve(session, made, None, now)
            await broadcasts.start(session, made, None, now)
        numbers = itertools.count()
        self._tasks = [asyncio.create_task(self._watch())]
        self._tasks += [asyncio.create_task(self._visit(visitor, numbers)) for _ in range(VISITORS)]

    async def _watch(self) -> None:
        last = 0
        while not self.ended:
            for entry in await self.sandbox.ledger("telegram", after=last, within=1):
                self.seen.append((time.monotonic(), str(entry["channel"]), str(entry["text"])))
                last = int(entry["seq"])
            await asyncio.sleep(0.1)

    async def _visit(self, visitor: Callable[[], httpx.AsyncClient], numbers: "itertools.count[int]") -> None:
        async with visitor() as client:
            while not self.ended:
                began = time.monotonic()
                self.visits.asked += 1
                try:
                    agent = {"user-agent": f"{BROWSER} {next(numbers)}"}
                    said = str((await client.get(f"/s/{self._link}", headers=agent)).status_code)
                except httpx.TransportError as error:
                    said = type(error).__name__
                if said == "302":
                    self.visits.led_on += 1
                    self.visits.longest = max(self.visits.longest, time.monotonic() - began)
                else:
                    self.visits.others[said] += 1
                await asyncio.sleep(PAUSE)

    async def in_hand(self) -> set[int]:
        """The channels whose jobs the process has that was first to work: of each, two stand in the queue, one for channels."""
        async with self.database.read() as session:
            query = text(
                "SELECT args ->> 'channel_id' FROM procrastinate.procrastinate_jobs"
                " WHERE status = 'doing' AND worker_id <= 2 AND args ? 'channel_id'"
            )
            return {int(number) for number in await session.scalars(query)}

    async def until_out(self, count: int) -> None:
        """Wait until so many messages are out from now on."""
        wanted = len(self.seen) + count

        async def out() -> bool:
            return len(self.seen) >= wanted

        await until(out)

    async def end(self) -> None:
        """Wait until nothing is due any more and everybody has been written to, or until it took too long."""
        with contextlib.suppress(TimeoutError):  # what still moves then is told by `judge`
            await until(self._still, END_WITHIN)
        self.ended = True
        await asyncio.gather(*self._tasks)
        for member in self.members:
            await member.stop()

    async def _still(self) -> bool:
        async with self.database.read() as session:
            waiting = col(Publication.state).in_([S.queued, S.sending])
            running = col(Broadcast.state) == BroadcastState.running
            found = await session.scalar(select(col(Publication.id)).where(waiting).limit(1))
            return not (found or await session.scalar(select(col(Broadcast.id)).where(running).limit(1)))

    async def judge(self) -> Verdict:
        """Hold the rows against the ledger."""
        ledger = await self.sandbox.ledger("telegram")
        out = Counter((str(entry["channel"]), str(entry["text"])) for entry in ledger)
        written_to = Counter(str(entry["channel"]) for entry in ledger)
        found = Verdict()
        async with self.database.read() as session:
            query = select(Publication, col(Post.text)).join(Post, col(Post.id) == col(Publication.post_id))
            publications = (await session.execute(query)).all()
            answers = await session.execute(
                select(col(Supporter.telegram_id), col(Handout.state)).outerjoin(
                    Handout, col(Handout.supporter_id) == col(Supporter.id)
                )
            )
            messages = answers.all()
        counted = (await self.counts())[Kind.visit]
        found.publications, found.messages = len(publications), len(messages)
        for publication, said in publications:
            times = out[(self.chats[publication.channel_id], said)]
            what = f"publication {publication.id}, {publication.state}: out {times} times"
            _weigh(found, what, times, sent=publication.state is S.published, unknown=publication.state is S.unknown)
        for person, state in messages:
            what, times = f"message to {person}, {state}", written_to[str(person)]
            _weigh(found, f"{what}: out {times} times", times, sent=state is H.sent, unknown=state is H.unknown)
        if not self.visits.led_on <= counted <= self.visits.asked:
            found.lost.append(f"visits: {self.visits.asked} asked, {self.visits.led_on} led on, {counted} counted")
        return found

    async def counts(self) -> dict[Kind, int]:
        async with self.database.read() as session:
            return await engagement.counts_of_campaign(session, self.campaign_id)

    async def first_after(self, moment: float, chats: Collection[str]) -> dict[str, float]:
        """For each of these chats the seconds from a moment to the first message that somebody knows to be out.

        What was in flight when its sender died may still come, and is no sign of life.
        """
        async with self.database.read() as session:
            rows = await session.execute(
                select(col(Publication.channel_id), col(Post.text))
                .join(Post, col(Post.id) == col(Publication.post_id))
                .where(col(Publication.state) == S.unknown)
            )
            doubtful = {(self.chats[number], said) for number, said in rows}
            unknown = select(col(Supporter.telegram_id)).join(Handout, col(Handout.supporter_id) == col(Supporter.id))
            people = await session.scalars(unknown.where(col(Handout.state) == H.unknown))
            unheard = {str(person) for person in people}
        first: dict[str, float] = {}
        for at, chat, said in self.seen:
            if at > moment and chat in chats and chat not in unheard and (chat, said) not in doubtful:
                first.setdefault(chat, at - moment)
        return first

    async def close(self) -> None:
        self.ended = True
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for member in self.members:
            with contextlib.suppress(RuntimeError):
                await member.stop()
        await self.database.close()


def _post(campaign_id: int, said: str, due: datetime) -> Post:
    return Post(
        campaign_id=campaign_id,
        title=said,
        text=said,
        state=PostState.scheduled,
        publish_at=due,
        grace=60,
        created_at=due,
    )


def _weigh(found: Verdict, what: str, times: int, *, sent: bool, unknown: bool) -> None:
    """What is sent is out once; of what is unknown nobody knows, but it is out once at most."""
    found.unknown += unknown
    if times > 1:
        found.doubled.append(what)
    elif not unknown and not (sent and times == 1):
        found.lost.append(what)


@contextlib.asynccontextmanager
async def opened(folder: Path, cluster: Cluster, sandbox: SandboxClient) -> AsyncIterator[Scene]:
    scene = Scene(folder, cluster, sandbox)
    try:
        await scene.open()
        yield scene
    finally:
        await scene.close()
