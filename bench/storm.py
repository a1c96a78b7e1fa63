"""A storm: a queue is published on the stand-ins while its program is killed (kill -9) again and again, with faults on.

Whoever drives it says how the program is started and killed: the bench, and `tests/schedules/test_storm.py`.

What kills at which moment is drawn from a seed, and moments are events, not seconds: the n-th entry of the ledger, or a
request that the stand-in holds before or after it accepted it. What the program marks `unknown` is settled as a careful
human would do it, before the next start: "it is there" where the ledger has it, else "send again". So each publication
must be out exactly once in the end.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlmodel import col, func, select

from campaigns import installation, publications
from campaigns.database import Database
from campaigns.models import Campaign, Channel, Post, PostState, Publication, PublicationState
from sandbox.client import NothingCame, SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS

S = PublicationState
SEND = {"telegram": "sendMessage", "x": "POST /2/tweets"}
# What goes wrong, each with how long it takes (seconds).
FAULTS = {
    "rate_limit": 1.0,
    "error_before": 0.0,
    "error_after": 0.0,
    "timeout_after": 0.3,
    "cut_after": 0.0,
    "latency": 0.2,
}
CHATS, ACCOUNTS = 3, 2  # channels on Telegram and on X
EVENT_WITHIN = 10.0  # seconds; a channel that waits for a 429 or a back-off may keep a moment from coming
END_WITHIN = 120.0  # seconds


class Life(Protocol):
    """One program, started again and again on the same data folder."""

    async def start(self) -> None:
        """Start it in the background, and wait until it runs."""

    async def kill(self) -> None:
        """kill -9."""


@dataclass
class Figures:
    """What came of a storm."""

    kills: int = 0
    quiet: int = 0  # kills whose moment did not come within EVENT_WITHIN
    unknown: int = 0  # marks: a publication may be marked more than once
    unknown_out: int = 0  # of those, how many were in fact out
    starts: list[float] = field(default_factory=list)  # seconds from start to a first send
    states: Counter[str] = field(default_factory=Counter)
    doubles: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Storm:
    """`await storm.prepare()`, then `await storm.rage()`."""

    def __init__(
        self,
        folder: Path,
        sandbox: SandboxClient,
        program: Life,
        *,
        seed: int,
        posts: int,
        kills: int,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder, self.sandbox, self.program, self.say = folder, sandbox, program, say
        self.chance, self.posts, self.kills = random.Random(seed), posts, kills
        self.figures = Figures()
        self.database = Database(f"sqlite:///{folder / 'porte-voix.sqlite3'}")

    async def prepare(self) -> None:
        """Queue the posts, all due now, each on one of the channels in turn."""
        await self.database.prepare()
        await self.sandbox.reset()
        await self.sandbox.rates(unlimited=True)
        account, now = DEMO_ACCOUNTS[0], datetime.now(UTC)
        keys = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        keys_of = {key: getattr(account, key) for key in keys} | {"base_url": f"{self.sandbox.url}/x"}
        async with self.database.write() as session:
            campaign = await installation.add_campaign(session, Campaign(slug="", name="Tempête"), now)
            channels = [
                await installation.add_channel(
                    session,
                    campaign.id,
                    "telegram",
                    f"Canal {i}",
                    {"chat_id": str(await self.sandbox.channel(f"C{i}"))},
                )
                for i in range(CHATS)
            ] + [
                await installation.add_channel(session, campaign.id, "x", f"Compte {i}", keys_of)
                for i in range(ACCOUNTS)
            ]
            for number in range(self.posts):
                due = now - timedelta(seconds=self.posts - number)
                post = Post(
                    campaign_id=campaign.id,
                    title="Titre",
                    text=f"Message n° {number}.",
                    state=PostState.scheduled,
                    publish_at=due,
                    grace=60 * 24,
                    created_at=now,
                )
                session.add(post)
                await session.flush()
                channel = channels[number % len(channels)]
                session.add(Publication(post_id=post.id, channel_id=channel.id, due_at=due))
            self.campaign_id = campaign.id

    async def rage(self) -> Figures:
        """Kill, restart, settle, until the queue is empty; then hold the rows against the ledger."""
        try:
            for turn in range(self.kills):
                await self._live_and_die(self.kills - turn)
                waiting = await self._waiting()
                self.say(f"kills: {turn + 1} of {self.kills}, {waiting} publications to go")
                if not waiting:
                    break
            await self._end_in_peace()
            await self._judge()
        finally:
            await self.database.close()
        return self.figures

    async def _live_and_die(self, kills_left: int) -> None:
        await self._settle()
        for _ in range(self.chance.randint(0, 3)):
            kind, service = self.chance.choice(list(FAULTS)), self.chance.choice(list(SEND))
            await self.sandbox.fault(service, kind, SEND[service], seconds=FAULTS[kind])
        sent = await self.sandbox.ledger()
        last = int(sent[-1]["seq"]) if sent else 0
        # So that the queue lasts as long as the kills do.
        most = max(1, round(await self._waiting() / kills_left))
        wanted = self.chance.randint(0, most)
        gate = self.chance.choice([None, "before", "after"])
        service = self.chance.choice(list(SEND))
        hold = None if gate is None else await self.sandbox.hold(service, SEND[service], gate)
        started = time.monotonic()
        await self.program.start()
        try:
            if hold is not None:
                await self.sandbox.held(hold, EVENT_WITHIN)
                self.figures.starts.append(time.monotonic() - started)
                hold = None  # what dies at a gate is never accepted behind it
            elif wanted:
                await self._entries(wanted, last, started)
        except NothingCame:
            self.figures.quiet += 1
        await self.program.kill()
        self.figures.kills += 1
        await self.sandbox.clear_faults()
        if hold is not None:  # nobody came to it
            await self.sandbox.release(hold)

    async def _entries(self, wanted: int, last: int, started: float) -> None:
        """Wait for so many entries of the ledger behind the last one."""
        for number in range(wanted):
            entries = await self.sandbox.ledger(after=last, within=EVENT_WITHIN)
            if not entries:
                raise NothingCame
            if number == 0:
                self.figures.starts.append(time.monotonic() - started)
            last = int(entries[0]["seq"])

    async def _settle(self) -> None:
        """A careful human looks at each channel before they say anything."""
        async with self.database.write() as session:
            query = select(Publication, Post).join(Post).where(col(Publication.state) == S.unknown)
            rows = (await session.execute(query)).all()
            out = await self._out() if rows else Counter()
            for publication, post in rows:
                there = out[post.text] > 0
                self.figures.unknown += 1
                self.figures.unknown_out += there
                to = S.published if there else S.queued
                now = datetime.now(UTC)
                await publications.settle(session, self.campaign_id, publication.id, to, now=now)

    async def _out(self) -> Counter[str]:
        return Counter(str(entry["text"]) for entry in await self.sandbox.ledger())

    async def _waiting(self) -> int:
        async with self.database.read() as session:
            left = col(Publication.state).in_([S.queued, S.sending, S.unknown])
            return await session.scalar(select(func.count()).select_from(Publication).where(left)) or 0

    async def _end_in_peace(self) -> None:
        deadline = time.monotonic() + END_WITHIN
        while await self._waiting():
            assert time.monotonic() < deadline, f"{await self._waiting()} publications are still waiting"
            await self._settle()
            await self.program.start()
            await self._until_nothing_is_due(deadline)
            await self.program.kill()

    async def _until_nothing_is_due(self, deadline: float) -> None:
        """Wait on the ledger, and look at the rows when it has grown."""
        last = 0
        while time.monotonic() < deadline:
            entries = await self.sandbox.ledger(after=last, within=1.0)
            last = int(entries[-1]["seq"]) if entries else last
            async with self.database.read() as session:
                moving = col(Publication.state).in_([S.queued, S.sending])
                if not await session.scalar(select(Publication.id).where(moving).limit(1)):
                    return

    async def _judge(self) -> None:
        """Hold each row against the ledger."""
        out = await self._out()
        async with self.database.read() as session:
            query = select(Publication, Post, Channel).join(Post).join(Channel).order_by(col(Publication.id))
            rows = (await session.execute(query)).all()
        for publication, post, channel in rows:
            self.figures.states[publication.state] += 1
            line = f"{publication.id} on {channel.name}, {publication.state}: {publication.reason or ''}"
            if out[post.text] > 1:
                self.figures.doubles.append(line)
            if out[post.text] == 0 and not (publication.state is S.failed and publication.reason):
                self.figures.lost.append(line)
            if publication.state not in (S.published, S.failed) or (publication.state is S.failed and out[post.text]):
                self.figures.wrong.append(line)
        if len(rows) != self.posts:
            self.figures.lost.append(f"{self.posts - len(rows)} rows are gone")
