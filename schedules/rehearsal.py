"""The coming queue, played by the real Publisher on a copy of the database, with fake networks and a clock that jumps.

Nothing leaves the machine and the real database is not written. The clock goes from one due moment to the next, so that
a campaign of months takes seconds; silence, late policies, caps and limits act as they will.
"""

import enum
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, exists, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.database import Database
from campaigns.installation import find_campaign
from campaigns.media_stores import MediaHome
from campaigns.models import Campaign, Channel, Post, PostState, Publication, PublicationState
from campaigns.snapshots import duplicate
from schedules.publishing import Publisher
from schedules.recurring import Recurring
from schedules.rehearsal_concerns import Warned, look
from schedules.rehearsal_copy import RehearsalProblem
from schedules.rehearsal_networks import FakeNetworks, Faults, Note, Told, Victim
from schedules.rehearsal_nights import Moved, Night, move_over, next_nights

SEED = 2027
DOWN = timedelta(minutes=2)  # from a kill to the restart
LONGEST = timedelta(days=2)  # after the last moment: what still waits then will not go out by itself
CRASHES = 12  # one publication of so many
UNAPPROVED = "is {state}: it goes out only when somebody has approved and scheduled it"
RESTS = "its channel rests: {reason}"
STILL_WAITS = "still waits in its channel's queue"


class Outcome(enum.StrEnum):
    out = "goes out"
    held = "held"
    missed = "missed"
    failed = "failed"
    unknown = "unknown"
    waits = "waits"
    refused = "refused"  # its local moment does not exist


OUTCOMES = {
    PublicationState.published: Outcome.out,
    PublicationState.held: Outcome.held,
    PublicationState.missed: Outcome.missed,
    PublicationState.failed: Outcome.failed,
    PublicationState.unknown: Outcome.unknown,
}


@dataclass(frozen=True, slots=True)
class Act:
    """What becomes of one publication. `due_at` is UTC, `zone` the clock by which it was meant; `cost` is $ / 1000."""

    due_at: datetime
    zone: str
    post_id: int
    title: str
    channel: str
    network: str
    outcome: Outcome
    reason: str
    sent_at: datetime | None
    cost: int
    notes: tuple[Note, ...] = ()
    moved: Moved | None = None

    @property
    def late(self) -> timedelta:
        return self.sent_at - self.due_at if self.sent_at else timedelta()


@dataclass(frozen=True, slots=True)
class Scene:
    """One playing of the queue; `night` where it was moved over a clock change."""

    acts: tuple[Act, ...]
    night: Night | None = None

    @property
    def counts(self) -> Counter[Outcome]:
        return Counter(act.outcome for act in self.acts)

    @property
    def costs(self) -> dict[str, int]:
        """By channel, of what is or may be out; only those that cost something."""
        found: Counter[str] = Counter()
        for act in self.acts:
            if act.outcome in (Outcome.out, Outcome.unknown):
                found[act.channel] += act.cost
        return {channel: cost for channel, cost in found.items() if cost}


@dataclass(frozen=True, slots=True)
class Rehearsal:
    campaign: Campaign
    now: datetime
    faults: Faults | None
    seed: int
    scenes: tuple[Scene, ...]
    warnings: tuple[Warned, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be rehearsed: moments are UTC, `end` excluded; without them the whole coming queue."""

    campaign: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    faults: Faults | None = None
    seed: int = SEED


class JumpingClock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class _Steady(random.Random):
    """No jitter: two rehearsals of one queue are the same."""

    def random(self) -> float:
        return 0.5


async def rehearse(copy: Path, media_dir: MediaHome, now: datetime, wish: Wish) -> Rehearsal:
    """Play the queue of a campaign on `copy`, a database that may be spoilt; raises RehearsalProblem, NotFound."""
    database = Database(f"sqlite:///{copy}")
    try:
        async with database.write() as session:
            campaign = await find_campaign(session, wish.campaign)
            queue = await _prepare(session, campaign, wish)
            warnings = await look(session, campaign, [publication.id for publication, _ in queue])
        nights = next_nights(campaign.timezone, now) if wish.faults is Faults.dst else ()
    finally:
        await database.close()
    if not nights:
        scene = await _Stage(copy, media_dir, now, campaign, wish).play()
        return Rehearsal(campaign, now, wish.faults, wish.seed, (scene,), tuple(warnings))
    scenes = []
    for number, night in enumerate(nights):
        again = copy.with_name(f"night-{number}.sqlite3")
        duplicate(copy, again)
        scenes.append(await _Stage(again, media_dir, now, campaign, wish).play(night))
    return Rehearsal(campaign, now, wish.faults, wish.seed, tuple(scenes), tuple(warnings))


async def _prepare(session: AsyncSession, campaign: Campaign, wish: Wish) -> list[tuple[Publication, Post]]:
    """Leave the queue of this campaign alone in the copy; what is coming of it, within the wish's bounds."""
    elsewhere = select(Post.id).where(col(Post.campaign_id) != campaign.id)
    await session.execute(
        delete(Publication).where(
            col(Publication.post_id).in_(elsewhere), col(Publication.state) == PublicationState.queued
        )
    )
    # A running program's leases mean nothing to the copy.
    await session.execute(
        update(Channel).values(leased_by=None, lease_until=None).execution_options(synchronize_session=False)
    )
    rows = await session.execute(
        select(Publication, Post)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Post.campaign_id) == campaign.id, col(Publication.state) == PublicationState.queued)
        .where(col(Publication.due_at).is_not(None), col(Post.state) != PostState.cancelled)
        .order_by(col(Publication.due_at), col(Publication.id))
    )
    return [(publication, post) for publication, post in rows.all() if _within(publication.due_at, wish)]


def _within(at: datetime | None, wish: Wish) -> bool:
    return at is not None and (wish.start is None or wish.start <= at) and (wish.end is None or at < wish.end)


class _Stage:
    """One playing on one copy."""

    def __init__(self, copy: Path, media_dir: MediaHome, now: datetime, campaign: Campaign, wish: Wish) -> None:
        self._database = Database(f"sqlite:///{copy}")
        self._media_dir, self._campaign, self._wish = media_dir, campaign, wish
        self._clock = JumpingClock(now)
        self._moved: dict[int, Moved] = {}

    async def play(self, night: Night | None = None) -> Scene:
        try:
            async with self._database.write() as session:
                queue = await _prepare(session, self._campaign, self._wish)
                if night is not None:
                    self._moved = await move_over(session, queue, night)
                newest = await session.scalar(select(func.max(col(Publication.id)))) or 0
            moments = [p.due_at for p, _ in queue if p.due_at is not None and p.state is PublicationState.queued]
            if night is not None and moments:
                self._clock.now = min(moments) - timedelta(minutes=1)
            networks = FakeNetworks(self._clock, self._wish.faults, self._wish.seed, self._victims(queue))
            last = self._wish.end if self._wish.end is not None and night is None else max(moments, default=None)
            if last is not None:
                await self._run(networks, last)
            ids = {publication.id for publication, _ in queue}
            return Scene(await self._acts(networks, ids, newest), night)
        finally:
            await self._database.close()

    def _victims(self, queue: Sequence[tuple[Publication, Post]]) -> list[Victim]:
        if self._wish.faults is not Faults.crash:
            return []
        rng = random.Random(self._wish.seed)
        going = [p for p, post in queue if post.state is PostState.scheduled and p.due_at is not None]
        chosen = rng.sample(going, min(len(going), max(3, len(going) // CRASHES)))
        kinds = (Told.killed_after, Told.killed_before, Told.killed_idle)
        return [
            Victim(p.id, p.channel_id, p.due_at, kinds[i % len(kinds)])
            for i, p in enumerate(chosen)
            if p.due_at is not None
        ]

    def _publisher(self, networks: FakeNetworks) -> Publisher:
        return Publisher(self._database, self._clock, networks.open, self._media_dir, worker="rehearsal", rng=_Steady())

    async def _run(self, networks: FakeNetworks, last: datetime) -> None:
        """Tick, jump to the next due moment, and so on; after a kill start again as `run` does."""
        publisher, recurring = self._publisher(networks), Recurring(self._database, self._clock)
        series = await self._has_series()
        while True:
            if series and self._clock() < last:  # a series has no end of its own: it goes on as far as the rehearsal
                await recurring.tick()
            await publisher.tick()
            await publisher.settled()
            if networks.dead:
                networks.dead = False
                self._clock.now += DOWN
                publisher = self._publisher(networks)
                await publisher.end_leases(every=True)
                continue
            moment = await self._next_moment()
            if moment is None or moment > last + LONGEST:
                return
            self._clock.now = moment

    async def _has_series(self) -> bool:
        async with self._database.read() as session:
            return bool(await session.scalar(select(exists().where(col(Post.recurrence).is_not(None)))))

    async def _next_moment(self) -> datetime | None:
        """When something comes next: a publication is due, or a channel has waited long enough."""
        now = self._clock()
        ahead = func.min(col(Publication.due_at)).filter(col(Publication.due_at) > now)
        async with self._database.read() as session:
            rows = await session.execute(
                select(Channel.not_before, Channel.resting_reason, func.min(col(Publication.due_at)), ahead)
                .join(Publication, col(Publication.channel_id) == col(Channel.id))
                .join(Post, col(Post.id) == col(Publication.post_id))
                .where(col(Publication.state) == PublicationState.queued, col(Post.state) == PostState.scheduled)
                .where(col(Publication.due_at).is_not(None))
                .group_by(col(Channel.id))
            )
            found = [
                # On a channel that rests nothing goes out, but its series go on.
                max(first, not_before) if not rests and not_before is not None and not_before > now else next_due
                for not_before, rests, first, next_due in rows.all()
            ]
        return min((moment for moment in found if moment is not None), default=None)

    async def _acts(self, networks: FakeNetworks, ids: set[int], newest: int) -> tuple[Act, ...]:
        """What became of the queue, and of the occurrences that series added to it."""
        async with self._database.read() as session:
            rows = await session.execute(
                select(Publication, Post, Channel)
                .join(Post, col(Post.id) == col(Publication.post_id))
                .join(Channel, col(Channel.id) == col(Publication.channel_id))
                .where(col(Post.campaign_id) == self._campaign.id, col(Publication.due_at).is_not(None))
                .order_by(col(Publication.due_at), col(Publication.id))
            )
            found = rows.all()
        return tuple(
            self._act(publication, post, channel, networks.notes.get(publication.id, []))
            for publication, post, channel in found
            if publication.id in ids or (publication.id > newest and _within(publication.due_at, self._wish))
        )

    def _act(self, publication: Publication, post: Post, channel: Channel, notes: Sequence[Note]) -> Act:
        moved = self._moved.get(publication.id)
        outcome = OUTCOMES.get(publication.state, Outcome.waits)
        reason = publication.reason or ""
        if moved is not None and moved.refused:
            outcome, reason = Outcome.refused, moved.refused
        elif outcome is Outcome.waits:
            reason = _why_waits(post, channel)
        return Act(
            due_at=publication.due_at or self._clock(),
            zone=post.timezone,
            post_id=post.id,
            title=post.title,
            channel=channel.name,
            network=channel.network,
            outcome=outcome,
            reason=reason,
            sent_at=publication.sent_at,
            cost=publication.cost,
            notes=tuple(notes),
            moved=moved,
        )


def _why_waits(post: Post, channel: Channel) -> str:
    if post.state is not PostState.scheduled:
        return UNAPPROVED.format(state=post.state.value)
    return RESTS.format(reason=channel.resting_reason) if channel.resting_reason else STILL_WAITS


__all__ = ["Act", "Faults", "Outcome", "Rehearsal", "RehearsalProblem", "Scene", "Wish", "rehearse"]
