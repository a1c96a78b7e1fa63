"""A storm: a queue is published on the stand-ins while its program is killed (kill -9) again and again, with faults on.

Whoever drives it says how the program is started and killed: the bench, and `tests/schedules/test_storm.py`.

Five channels on four networks, each with its own promise: Telegram's two neither forbid doubles nor can be asked, X's
can be asked, Mastodon's and Bluesky's can be asked and forbid doubles. What dies at which moment is drawn from a seed,
and moments are events: the n-th entry of the ledger, a request that the stand-in holds before or after it accepted it,
a part of a second after the start.

What the program marks `unknown` it must settle by itself where the network can tell. The rest is settled as a careful
human would do it, before the next start: "it is there" where the ledger has it, else "send again". So each publication
must be out exactly once in the end.
"""

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import update
from sqlmodel import col, func, select

from bench.vaults import vault_in
from campaigns import installation, settling
from campaigns.database import Database
from campaigns.models import Campaign, Channel, Post, PostState, Publication, PublicationState
from sandbox.bluesky.state import DEMO_ACTORS
from sandbox.client import NothingCame, SandboxClient
from sandbox.defaults import DEMO_ACCOUNTS
from sandbox.mastodon.state import DEMO_MEMBERS
from schedules.settling import REST

S = PublicationState
SEND = {  # the request that makes a post public
    "telegram": "sendMessage",
    "x": "POST /2/tweets",
    "mastodon": "POST /api/v1/statuses",
    "bluesky": "com.atproto.repo.putRecord",
}
FORBID_DOUBLES = frozenset({"mastodon", "bluesky"})
CAN_BE_ASKED = FORBID_DOUBLES | {"x"}
# What goes wrong, each with how long it takes (seconds).
FAULTS = {
    "rate_limit": 1.0,
    "error_before": 0.0,
    "error_after": 0.0,
    "timeout_after": 0.3,
    "cut_after": 0.0,
    "latency": 0.2,
}
SOON = 1.0  # seconds after the start: two ticks
END_WITHIN = 120.0  # seconds
LATER = timedelta(days=1)  # what is not due yet; a wave makes it due
UNTIL_ASKED = REST + timedelta(seconds=30)


class Life(Protocol):
    """One program, started again and again on the same data folder."""

    async def start(self) -> None:
        """Start it in the background, and wait until it runs."""

    async def kill(self) -> None:
        """kill -9."""


@dataclass
class Figures:
    """What came of a storm. A publication may be marked `unknown` more than once: marks are counted, by network."""

    kills: int = 0
    quiet: int = 0  # kills whose moment did not come within the storm's patience
    unknown: Counter[str] = field(default_factory=Counter)
    unknown_out: Counter[str] = field(default_factory=Counter)  # of those, how many were in fact out
    by_hand: Counter[str] = field(default_factory=Counter)  # of those, how many a human settled
    starts: list[float] = field(default_factory=list)  # seconds from start to a first send
    states: Counter[str] = field(default_factory=Counter)
    doubles: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Storm:
    """`await storm.prepare()`, then `await storm.rage()`.

    `patience` is how many seconds the moment of a kill may take to come: a channel that waits for a 429 or a back-off may
    keep it from coming.
    """

    def __init__(
        self,
        folder: Path,
        sandbox: SandboxClient,
        program: Life,
        *,
        seed: int,
        posts: int,
        kills: int,
        patience: float,
        say: Callable[[str], None] = lambda _: None,
        store: str = "",
    ) -> None:
        """`store` is the program's, where that is not the file in its folder."""
        self.folder, self.sandbox, self.program, self.say = folder, sandbox, program, say
        self.chance, self.posts, self.kills, self.patience = random.Random(seed), posts, kills, patience
        self.figures = Figures()
        self.marks: set[tuple[int, int]] = set()  # publication and attempt that were unknown
        self.database = Database(store or f"sqlite:///{folder / 'porte-voix.sqlite3'}", vault_in(folder))

    async def prepare(self) -> None:
        """Queue the posts, each on one of the channels in turn; they come due in waves, as the kills go on."""
        await self.database.prepare()
        await self.sandbox.reset()
        await self.sandbox.rates(unlimited=True)
        now = datetime.now(UTC)
        async with self.database.write() as session:
            campaign = await installation.add_campaign(session, Campaign(slug="", name="Tempête"), now)
            channels = [
                await installation.add_channel(session, campaign.id, network, name, settings)
                for network, name, settings in await self._accounts()
            ]
            for number in range(self.posts):
                due = now + LATER + timedelta(seconds=number)
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

    async def _accounts(self) -> list[tuple[str, str, dict[str, str]]]:
        """Network, name and settings of each channel."""
        url, account, actor = self.sandbox.url, DEMO_ACCOUNTS[0], DEMO_ACTORS[0]
        keys = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        chats = [str(await self.sandbox.channel(f"C{i}")) for i in range(2)]
        return [
            *(("telegram", f"Canal {i}", {"chat_id": chat}) for i, chat in enumerate(chats)),
            ("x", "Compte X", {key: getattr(account, key) for key in keys} | {"base_url": f"{url}/x"}),
            ("mastodon", "Mastodon", {"access_token": DEMO_MEMBERS[0].access_token, "base_url": f"{url}/mastodon"}),
            (
                "bluesky",
                "Bluesky",
                {"handle": actor.handle, "app_password": actor.app_password, "base_url": f"{url}/bluesky"},
            ),
        ]

    async def rage(self) -> Figures:
        """Kill, restart, settle, until there were enough kills and the queue is empty; then hold rows against the ledger."""
        try:
            for turn in range(self.kills):
                await self._live_and_die(self.kills - turn)
                self.say(f"kills: {turn + 1} of {self.kills}, {await self._waiting()} publications to go")
            await self._end_in_peace()
            await self._judge()
        finally:
            await self.database.close()
        return self.figures

    async def _live_and_die(self, kills_left: int) -> None:
        await self._settle()
        await self._let_time_pass(kills_left)
        for _ in range(self.chance.randint(0, 3)):
            kind, service = self.chance.choice(list(FAULTS)), self.chance.choice(list(SEND))
            await self.sandbox.fault(service, kind, SEND[service], seconds=FAULTS[kind])
        ready = await self._ready()
        moment = self.chance.choice(["entries", "before", "after", "soon"]) if ready else "soon"
        hold = None
        if moment in ("before", "after"):
            service = self.chance.choice(ready)
            hold = await self.sandbox.hold(service, SEND[service], moment)
        sent = await self.sandbox.ledger()
        last = int(sent[-1]["seq"]) if sent else 0
        started = time.monotonic()
        await self.program.start()
        try:
            if hold is not None:
                await self.sandbox.held(hold, self.patience)
                self.figures.starts.append(time.monotonic() - started)
                hold = None  # what dies at a gate is never accepted behind it
            elif moment == "entries":
                await self._entries(self.chance.randint(1, len(ready)), last, started)
            else:
                await asyncio.sleep(self.chance.uniform(0, SOON))
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
            entries = await self.sandbox.ledger(after=last, within=self.patience)
            if not entries:
                raise NothingCame
            if number == 0:
                self.figures.starts.append(time.monotonic() - started)
            last = int(entries[0]["seq"])

    async def _settle(self) -> None:
        """A careful human looks at each channel before they say anything, and leaves to the program what it can find."""
        async with self.database.write() as session:
            query = (
                select(Publication, Post, Channel).join(Post).join(Channel).where(col(Publication.state) == S.unknown)
            )
            rows = (await session.execute(query)).all()
            out = await self._out() if rows else Counter()
            for publication, post, channel in rows:
                there = out[post.text] > 0
                if (mark := (publication.id, publication.attempts)) not in self.marks:
                    self.marks.add(mark)
                    self.figures.unknown[channel.network] += 1
                    self.figures.unknown_out[channel.network] += there
                if _finds_out_itself(channel.network, there=there):
                    continue
                self.figures.by_hand[channel.network] += 1
                to = S.published if there else S.queued
                await settling.settle(session, self.campaign_id, publication.id, to, now=datetime.now(UTC))

    async def _let_time_pass(self, kills_left: int) -> None:
        """Make the next wave due, so that the queue lasts as long as the kills, and unknown ones old enough to be asked about."""
        now = datetime.now(UTC)
        async with self.database.write() as session:
            of_queue = (col(Publication.state) == S.queued, col(Publication.due_at) > now)
            ahead = list(await session.scalars(select(Publication.id).where(*of_queue).order_by(col(Publication.id))))
            wave = ahead[: math.ceil(len(ahead) / max(1, kills_left))]
            tried = update(Publication).where(col(Publication.state).in_([S.sending, S.unknown]))
            tried = tried.where(col(Publication.tried_at) > now - UNTIL_ASKED).values(tried_at=now - UNTIL_ASKED)
            due = update(Publication).where(col(Publication.id).in_(wave)).values(due_at=now)
            for change in (tried, due):
                await session.execute(change.execution_options(synchronize_session=False))

    async def _ready(self) -> list[str]:
        """The network of each publication that may go out now."""
        now = datetime.now(UTC)
        async with self.database.read() as session:
            query = select(Channel.network).join(Publication, col(Publication.channel_id) == col(Channel.id))
            query = query.where(col(Publication.state) == S.queued, col(Publication.due_at) <= now)
            query = query.where(func.coalesce(col(Channel.not_before), now) <= now)
            return list(await session.scalars(query.order_by(col(Publication.id))))

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
            await self._let_time_pass(0)
            await self.program.start()
            await self._until_nothing_is_due(deadline)
            await self.program.kill()

    async def _until_nothing_is_due(self, deadline: float) -> None:
        """Wait on the ledger, and look at the rows when it has grown."""
        last = 0
        while time.monotonic() < deadline and await self._program_has_work():
            entries = await self.sandbox.ledger(after=last, within=0.5)
            last = int(entries[-1]["seq"]) if entries else last

    async def _program_has_work(self) -> bool:
        out = await self._out()
        moving = col(Publication.state).in_([S.queued, S.sending, S.unknown])
        async with self.database.read() as session:
            query = select(Publication.state, Post.text, Channel.network).join(Post).join(Channel).where(moving)
            rows = (await session.execute(query)).all()
        return any(
            state is not S.unknown or _finds_out_itself(network, there=out[text] > 0) for state, text, network in rows
        )

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


def _finds_out_itself(network: str, *, there: bool) -> bool:
    """Whether the program may settle an unknown publication by asking: found, or not found where a repeat cannot double."""
    return network in FORBID_DOUBLES or (network in CAN_BE_ASKED and there)
