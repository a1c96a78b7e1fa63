"""Whether the parts that were started are at work, and whether what is due goes out.

Who runs registers its name with a first beat and takes it away at a clean stop: a row says that this part is meant to
run. What a kill leaves behind is thrown away by the next engine that starts alone. Where the parts run in processes of their
own, each row is shared by all processes of its part, and every process that shows health reads it from the store.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import (
    Campaign,
    Channel,
    Handout,
    HandoutState,
    Heartbeat,
    Post,
    PostState,
    Publication,
    PublicationState,
    Supporter,
)
from campaigns.publications import ready

SCHEDULER = "scheduler"
POLLER = "poller"
WORKER = "worker"  # of many processes, those that publish: at least one of them is at work
BEAT = timedelta(seconds=5)  # between two beats of a part; each is a write to the disk
SILENT_AFTER = {  # how long a part may say nothing before it counts as dead
    SCHEDULER: timedelta(seconds=60),  # it beats every 5 s
    WORKER: timedelta(seconds=60),  # it beats every 5 s
    POLLER: timedelta(seconds=120),  # Telegram holds a request for 25 s, and the answers to people come between two
}
NEXT_STEP = {
    SCHEDULER: "nothing goes out on time: look at the log, then restart the program",
    POLLER: "the bot hears nobody: look at the log for what Telegram answers, run `doctor`, then restart the program",
    WORKER: "no post goes out: look at the logs of the workers, then restart the program that is `run --role worker`",
    "publications": "look at the log for this channel, run `channels check`, then restart the program",
}


@dataclass(frozen=True, slots=True)
class Late:
    """The oldest publication that could go out now; `since` is when it could for the first time."""

    publication_id: int
    campaign: str
    channel: str
    network: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is not well, since when, and what to do."""

    what: str
    since: datetime
    said: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Health:
    """The figures of one moment. `beats` holds the parts that are meant to run, and when each was last at work."""

    now: datetime
    beats: dict[str, datetime]
    oldest: Late | None

    def troubles(self, latest: timedelta) -> list[Trouble]:
        """What is not well; `latest` is how late a publication may be."""
        found = []
        for name, at in self.beats.items():
            silent = self.now - at
            if silent > SILENT_AFTER.get(name, SILENT_AFTER[SCHEDULER]):
                said = f"the {name} was last at work {silent.total_seconds():.0f} s ago"
                found.append(Trouble(name, at, said, NEXT_STEP.get(name, NEXT_STEP[SCHEDULER])))
        if self.oldest is not None and self.now - self.oldest.since > latest:
            late = (self.now - self.oldest.since).total_seconds()
            said = f"publication {self.oldest.publication_id} on channel {self.oldest.channel} is late by {late:.0f} s"
            found.append(Trouble("publications", self.oldest.since, said, NEXT_STEP["publications"]))
        return found


async def beat(session: AsyncSession, name: str, now: datetime) -> None:
    """Say that a part is at work; the first time, that it is meant to be."""
    await session.merge(Heartbeat(name=name, at=now))


async def leave(session: AsyncSession, name: str) -> None:
    """A part ends in good order: nobody waits for its beats any more."""
    await session.execute(delete(Heartbeat).where(col(Heartbeat.name) == name))


async def forget_the_dead(session: AsyncSession) -> None:
    """For an engine that knows that it is alone, before anything else registers."""
    await session.execute(delete(Heartbeat))


async def look(session: AsyncSession, now: datetime) -> Health:
    beats, lates = await _beats(session), await lateness(session, now)
    return Health(now, beats, min(lates, key=lambda late: late.since, default=None))


async def _beats(session: AsyncSession) -> dict[str, datetime]:
    return {row.name: row.at for row in (await session.scalars(select(Heartbeat).order_by(col(Heartbeat.name)))).all()}


async def is_at_work(session: AsyncSession, now: datetime) -> bool:
    """Whether the timetable beats and, where workers run in processes of their own, at least one of them."""
    beats = await _beats(session)
    return SCHEDULER in beats and all(
        now - at <= SILENT_AFTER[name] for name, at in beats.items() if name in (SCHEDULER, WORKER)
    )


async def lateness(session: AsyncSession, now: datetime) -> list[Late]:
    """For each channel that neither rests nor waits, the oldest publication that is due."""
    place = func.row_number().over(
        partition_by=col(Publication.channel_id), order_by=(col(Publication.due_at), col(Publication.id))
    )
    due = (
        select(Publication.id, Publication.channel_id, Publication.due_at, place.label("place"))
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Publication.state) == PublicationState.queued, col(Publication.due_at) <= now)
        .where(col(Post.state) == PostState.scheduled)
        .subquery()
    )
    rows = await session.execute(
        select(due.c.id, due.c.due_at, Channel, Campaign.slug)
        .join(Channel, col(Channel.id) == due.c.channel_id)
        .join(Campaign, col(Campaign.id) == col(Channel.campaign_id))
        .where(due.c.place == 1, *ready(now))  # type: ignore[arg-type]
    )
    # A channel that was made to wait is late from the end of its wait only.
    return [
        Late(ident, slug, channel.name, channel.network, max(due_at, channel.not_before or due_at))
        for ident, due_at, channel, slug in rows.all()
    ]


@dataclass(frozen=True, slots=True)
class ChannelCount:
    campaign: str
    channel: str
    network: str
    state: PublicationState
    count: int


async def publications_by_channel(session: AsyncSession) -> list[ChannelCount]:
    rows = await session.execute(
        select(col(Campaign.slug), col(Channel.name), col(Channel.network), col(Publication.state), func.count())  # type: ignore[call-overload]
        .join(Channel, col(Channel.campaign_id) == col(Campaign.id))
        .join(Publication, col(Publication.channel_id) == col(Channel.id))
        .group_by(col(Channel.id), col(Campaign.slug), col(Channel.name), col(Channel.network), col(Publication.state))
    )
    return [ChannelCount(*row) for row in rows.all()]


async def due_by_channel(session: AsyncSession, now: datetime) -> dict[int, int]:
    """How many publications wait although their moment has come, also where the channel rests or waits."""
    rows = await session.execute(
        select(col(Publication.channel_id), func.count())
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Publication.state) == PublicationState.queued, col(Publication.due_at) <= now)
        .where(col(Post.state) == PostState.scheduled)
        .group_by(col(Publication.channel_id))
    )
    return {row[0]: row[1] for row in rows.all()}


async def handouts_by_state(session: AsyncSession) -> dict[HandoutState, int]:
    rows = await session.execute(select(col(Handout.state), func.count()).group_by(col(Handout.state)))
    return {row[0]: row[1] for row in rows.all()}


async def supporters_total(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Supporter)) or 0
