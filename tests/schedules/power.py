"""A world in which power cuts happen: the store of one process, its networks, and the ledger that is the truth.

Between any two steps of a Publisher or Settler (before and after each commit, before and after a network accepts, as it
is asked) the world may let one event happen, a power cut among them. What a Publisher does wrong is noted in `wrong`:
raised inside of it, the Publisher itself would take it for a network's trouble.

Networks are of three kinds, by the name of a channel's network. Telegram neither forbids doubles nor can be asked. X can
be asked. Mastodon and Bluesky can be asked and forbid doubles by a key, Mastodon for an hour.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.database import Database
from campaigns.models import Channel, Post, PostState, Publication, PublicationState
from campaigns.silence_windows import is_silent
from networks.base import OutgoingPost, Receipt
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from schedules.publishing import CALL_TIMEOUT
from tests.conftest import FakeClock

LONG = "en deux messages"  # a text with these words goes out in two parts
REFUSALS: dict[str, Callable[[tuple[str, ...]], Exception]] = {  # the network did not accept
    "rate limit": lambda parts: RateLimited(timedelta(minutes=7), sent_parts=parts),
    "down": lambda parts: NetworkDown(sent_parts=parts),
    "rejected": lambda parts: PostRejected(sent_parts=parts),
    "revoked": lambda parts: ChannelRevoked(sent_parts=parts),
    "unknown, not accepted": lambda parts: OutcomeUnknown(sent_parts=parts),
    "a bug before": lambda parts: RuntimeError(),
}
LOST_ANSWERS: dict[str, Callable[[tuple[str, ...]], Exception]] = {  # it accepted, and nobody heard it
    "unknown, accepted": lambda parts: OutcomeUnknown(sent_parts=parts),
    "a bug after": lambda parts: RuntimeError(),
}


CAN_BE_ASKED = frozenset({"x", "mastodon", "bluesky"})
KEYS_LAST = {"mastodon": timedelta(hours=1), "bluesky": timedelta.max}  # absent: no key
BEHIND = timedelta(seconds=30)  # the networks' clocks against ours


class PowerCut(Exception):
    """This process is dead."""


@dataclass(frozen=True)
class Sent:
    """A part of a publication that the network accepted."""

    publication: int
    part: int
    ident: str
    text: str
    at: datetime  # by the network's clock


class Clock(FakeClock):
    """A program's clock, which may be set back. `true` goes forward only, as the networks' clocks do."""

    def __init__(self) -> None:
        super().__init__()
        self.true = self.now

    def advance(self, by: timedelta) -> None:
        super().advance(by)
        self.true += max(by, timedelta(0))


class World:
    """What is common to all processes: the clock, the file, the networks' ledger, and what happens next."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock
        self.ledger: list[Sent] = []
        self.faults: list[str] = []
        self.wrong: list[str] = []
        self.calls: dict[int, tuple[Process, datetime]] = {}  # channel -> who calls its network, since when
        self.touched: set[int] = set()  # publications that a human moved during this tick
        self.moments: list[datetime] = []  # that the clock showed during this tick
        self._steps_left: int | None = None
        self._event: Callable[[Process], Awaitable[None]] | None = None

    def arm(self, steps: int | None, event: Callable[["Process"], Awaitable[None]]) -> None:
        """Let the event happen in so many steps, or not at all."""
        self._steps_left, self._event = steps, event
        self.touched, self.moments = set(), [self.clock()]

    def disarm(self) -> None:
        self._steps_left = None

    async def step(self, process: "Process") -> None:
        process.alive()
        if self._steps_left is not None:
            self._steps_left -= 1
            if self._steps_left < 0 and self._event is not None:
                event, self._event = self._event, None
                await event(process)
                self.moments.append(self.clock())
        process.alive()

    async def look_at_begins(self, session: AsyncSession) -> None:
        """What begins in this transaction may begin, by all that the transaction can see."""
        begun = await session.connection()
        rows = await begun.exec_driver_sql("SELECT publication FROM story WHERE new = 'sending' AND looked_at = 0")
        for (ident,) in rows.all():
            await self._look_at(session, ident)
        await begun.exec_driver_sql("UPDATE story SET looked_at = 1 WHERE looked_at = 0")

    async def _look_at(self, session: AsyncSession, ident: int) -> None:
        query = select(Publication, Post, Channel).join(Post).join(Channel).where(col(Publication.id) == ident)
        fresh = {"populate_existing": True}
        publication, post, channel = (await session.execute(query.execution_options(**fresh))).one()
        if post.state is not PostState.scheduled:
            self.wrong.append(f"{ident} began although its post is {post.state}")
        silent = [
            bool(await session.scalar(select(is_silent(channel.campaign_id, channel.territory_id, moment))))
            for moment in (*self.moments, self.clock())  # the event may still go on, at a later moment
        ]
        if all(silent):
            self.wrong.append(f"{ident} began in a silence window")
        before = (
            select(Publication.id)
            .join(Post)
            .where(col(Publication.channel_id) == channel.id, col(Publication.id).not_in(self.touched))
            .where(col(Publication.state) == PublicationState.queued, col(Post.state) == PostState.scheduled)
            .where(col(Publication.due_at) <= min(self.moments))
            .where(
                (col(Publication.due_at) < publication.due_at)
                | ((col(Publication.due_at) == publication.due_at) & (col(Publication.id) < ident))
            )
        )
        if ident not in self.touched and (overtaken := list(await session.scalars(before))):
            self.wrong.append(f"{ident} overtook {overtaken}")
        caller, since = self.calls.get(channel.id, (None, self.clock()))
        if caller and not caller.dead and self.clock() - since < timedelta(seconds=CALL_TIMEOUT):
            self.wrong.append(f"{ident} began while another one of its channel was on its way")


class Process:
    """One process's store (where its Publisher expects a Database) and its networks."""

    def __init__(self, world: World) -> None:
        self.world, self.dead = world, False

    def alive(self) -> None:
        if self.dead:
            raise PowerCut

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        self.alive()
        async with self.world.database.read() as session:
            yield session

    @asynccontextmanager
    async def write(self, *, together: bool = False) -> AsyncIterator[AsyncSession]:
        await self.world.step(self)
        async with self.world.database.write(together=together) as session:
            yield session
            self.alive()
            await session.flush()
            await self.world.look_at_begins(session)
        await self.world.step(self)

    def open(self, channel: Channel) -> Any:
        return _Line(self, channel)


class _Line:
    """A channel's networks.base.Network."""

    def __init__(self, process: Process, channel: Channel) -> None:
        self._process, self._channel_id, self._network = process, channel.id, channel.network
        self.idempotent, self.can_find = channel.network in KEYS_LAST, channel.network in CAN_BE_ASKED

    async def check(self) -> str:
        return "here"

    async def publish(self, post: OutgoingPost) -> Receipt:
        world = self._process.world
        world.calls[self._channel_id] = (self._process, world.clock())
        try:
            return await self._publish(post, world)
        finally:
            world.calls.pop(self._channel_id, None)

    async def _publish(self, post: OutgoingPost, world: World) -> Receipt:
        parts = list(post.sent_parts)
        while len(parts) < _length(post):
            await world.step(self._process)
            fault = world.faults.pop(0) if world.faults else ""
            if fault in REFUSALS:
                raise REFUSALS[fault](tuple(parts))
            sent = self._known(post, len(parts))
            if sent is None:
                now = world.clock.true - BEHIND
                sent = Sent(int(post.key), len(parts), f"m{len(world.ledger)}", post.text, now)
                world.ledger.append(sent)
            await world.step(self._process)
            if fault in LOST_ANSWERS:
                raise LOST_ANSWERS[fault](tuple(parts))
            parts.append(sent.ident)
        return Receipt(parts[0], None, tuple(parts))

    def _known(self, post: OutgoingPost, part: int) -> Sent | None:
        """What was accepted with this key, while the network remembers it."""
        world, lasts = self._process.world, KEYS_LAST.get(self._network)
        same = (s for s in reversed(world.ledger) if (s.publication, s.part) == (int(post.key), part))
        sent = next(same, None)
        return sent if sent and lasts and world.clock.true - BEHIND - sent.at < lasts else None

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        """Bluesky by the key; X and Mastodon by the text, among what is not older than `since`."""
        world = self._process.world
        await world.step(self._process)
        assert self.can_find
        fault = world.faults.pop(0) if world.faults else ""
        if fault in REFUSALS:
            raise REFUSALS[fault](post.sent_parts)
        there = {
            s.part: s.ident
            for s in world.ledger
            if s.publication == int(post.key)
            and (self._network == "bluesky" or (s.text == post.text and (since is None or s.at >= since)))
        }
        await world.step(self._process)
        found = [there.get(part) for part in range(len(post.sent_parts), _length(post))]
        idents = (*post.sent_parts, *(ident for ident in found if ident is not None))
        if None not in found:
            return Receipt(idents[0], None, idents)
        if any(found):
            raise OutcomeUnknown(sent_parts=idents)
        return None

    async def close(self) -> None:
        pass


def _length(post: OutgoingPost) -> int:
    return 2 if LONG in post.text else 1
