"""What came of a campaign within a period: what its supporters did, and what became of its publications.

Acts come from the counts by hour and day (campaigns.rollups), so that no page looks at them one by one. Received, opened,
said and proved are figures of their own and are never added up.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import ColumnElement, case, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import metrics
from campaigns.dialects import first_of_month, seconds_between, weekday
from campaigns.engagement import counts_of_posts, no_counts
from campaigns.metrics import Measured
from campaigns.models import (
    CampaignHour,
    Channel,
    ChannelReach,
    Kind,
    MetricKind,
    Post,
    PostHour,
    PostState,
    PostTally,
    Publication,
    PublicationState,
)
from campaigns.periods import Period

S = PublicationState
SHOWN = (  # in this order, on a page as in a file
    Kind.received,
    Kind.opened,
    Kind.said_shared,
    Kind.visit,
    Kind.recruited,
    Kind.badge_made,
    Kind.mission_done,
)
OF_POSTS = (Kind.received, Kind.opened, Kind.said_shared, Kind.visit)
LATE = timedelta(minutes=5)  # from when on a publication counts as late
Days = dict[date, dict[Kind, int]]
Hours = tuple[tuple[int, ...], ...]  # from Monday to Sunday, each of 24 hours


@dataclass(frozen=True, slots=True)
class Acts:
    """What supporters did in a period, by the day or by the month (Period.steps)."""

    sums: dict[Kind, int]
    steps: Days
    hours: Hours  # of visits


async def acts_of_campaign(session: AsyncSession, campaign_id: int, period: Period) -> Acts:
    return await _acts(session, CampaignHour, col(CampaignHour.campaign_id) == campaign_id, period)


async def acts_of_post(session: AsyncSession, post_id: int, period: Period) -> Acts:
    return await _acts(session, PostHour, col(PostHour.post_id) == post_id, period)


async def _acts(
    session: AsyncSession, counts: type[CampaignHour] | type[PostHour], of: ColumnElement[bool], period: Period
) -> Acts:
    within = (of, col(counts.day).between(period.first, period.last))
    step = col(counts.day) if period.daily else first_of_month(counts.day)
    sums, steps = no_counts(), {step: no_counts() for step in period.steps()}
    for day, kind, count in await session.execute(
        select(step, col(counts.kind), func.sum(col(counts.count))).where(*within).group_by(step, col(counts.kind))
    ):
        sums[kind] += count
        steps[day][kind] += count
    on = weekday(counts.day)
    hours = [[0] * 24 for _weekday in range(7)]
    for number, hour, count in await session.execute(
        select(on, col(counts.hour), func.sum(col(counts.count)))
        .where(*within, col(counts.kind) == Kind.visit)
        .group_by(on, col(counts.hour))
    ):
        hours[(number - 1) % 7][hour] = count
    return Acts(sums, steps, tuple(map(tuple, hours)))


async def sums_of_campaign(session: AsyncSession, campaign_id: int, period: Period) -> dict[Kind, int]:
    rows = await session.execute(
        select(col(CampaignHour.kind), func.sum(col(CampaignHour.count)))
        .where(col(CampaignHour.campaign_id) == campaign_id)
        .where(col(CampaignHour.day).between(period.first, period.last))
        .group_by(col(CampaignHour.kind))
    )
    return no_counts() | {row[0]: row[1] for row in rows}


def best_hours(hours: Hours, number: int = 3) -> list[tuple[int, int, int]]:
    """The weekday (Monday is 0), the hour and the visits of the busiest hours, the best first."""
    found = [(day, hour, count) for day, row in enumerate(hours) for hour, count in enumerate(row) if count]
    return sorted(found, key=lambda each: (-each[2], each[0], each[1]))[:number]


@dataclass(frozen=True, slots=True)
class ChannelResult:
    """What became of a channel's publications that were due in a period, and what its network reports of them."""

    channel: Channel
    in_time: int = 0
    late: int = 0
    missed: int = 0
    failed: int = 0
    open: int = 0  # unknown or held: somebody has to look
    measured: Mapping[MetricKind, int] = field(default_factory=dict)

    @property
    def out(self) -> int:
        return self.in_time + self.late

    @property
    def due(self) -> int:
        return self.out + self.missed + self.failed + self.open


async def channels_of(session: AsyncSession, campaign_id: int, period: Period) -> list[ChannelResult]:
    """Each channel of a campaign, those without a publication in the period included."""
    known = (
        await session.scalars(select(Channel).where(col(Channel.campaign_id) == campaign_id).order_by(col(Channel.id)))
    ).all()
    ids = [channel.id for channel in known]
    counts = await _states(session, ids, period)
    measured = await _measured(session, ids, period)
    return [ChannelResult(channel, **counts[channel.id], measured=measured[channel.id]) for channel in known]


_GROUPS = {S.missed: "missed", S.failed: "failed", S.unknown: "open", S.held: "open"}


async def _states(session: AsyncSession, ids: Sequence[int], period: Period) -> dict[int, dict[str, int]]:
    late = case((seconds_between(Publication.due_at, Publication.sent_at) > LATE.total_seconds(), 1), else_=0)
    rows = await session.execute(
        select(Publication.channel_id, col(Publication.state), func.count(), func.sum(late))
        .where(col(Publication.channel_id).in_(ids))
        .where(col(Publication.state).in_([S.published, *_GROUPS]))
        .where(col(Publication.due_at) >= period.begins, col(Publication.due_at) < period.ends)
        .group_by(col(Publication.channel_id), col(Publication.state))
    )
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for channel_id, state, count, of_these_late in rows:
        if state is S.published:
            found[channel_id]["in_time"] = count - of_these_late
            found[channel_id]["late"] = of_these_late
        else:
            found[channel_id][_GROUPS[state]] += count
    return found


async def _measured(session: AsyncSession, ids: Sequence[int], period: Period) -> dict[int, dict[MetricKind, int]]:
    rows = await session.execute(
        select(col(ChannelReach.channel_id), col(ChannelReach.kind), func.sum(col(ChannelReach.value)))
        .where(col(ChannelReach.channel_id).in_(ids), col(ChannelReach.day).between(period.first, period.last))
        .group_by(col(ChannelReach.channel_id), col(ChannelReach.kind))
    )
    found: dict[int, dict[MetricKind, int]] = defaultdict(dict)
    for channel_id, kind, value in rows:
        found[channel_id][kind] = value
    return found


@dataclass(frozen=True, slots=True)
class PostResult:
    """A post of a period with its figures from its first day on."""

    post: Post
    counts: dict[Kind, int]


async def posts_of(
    session: AsyncSession, campaign_id: int, period: Period, *, limit: int, offset: int = 0
) -> list[PostResult]:
    """The posts whose moment lies in a period: those that brought the most visits first."""
    visits = (col(PostTally.post_id) == col(Post.id)) & (col(PostTally.kind) == Kind.visit)
    query = (
        select(Post)
        .outerjoin(PostTally, visits)
        .where(col(Post.campaign_id) == campaign_id, col(Post.state) == PostState.scheduled)
        .where(col(Post.publish_at) >= period.begins, col(Post.publish_at) < period.ends)
        .order_by(func.coalesce(col(PostTally.count), 0).desc(), col(Post.publish_at).desc(), col(Post.id).desc())
        .limit(limit)
        .offset(offset)
    )
    found = (await session.scalars(query)).all()
    counts = await counts_of_posts(session, [post.id for post in found])
    return [PostResult(post, counts[post.id]) for post in found]


@dataclass(frozen=True, slots=True)
class Placed:
    """A publication, its channel, and what the network reports of it, where it was asked."""

    publication: Publication
    channel: Channel
    measured: Measured | None


async def placed(session: AsyncSession, post_id: int) -> list[Placed]:
    """Where a post stands, by channel."""
    rows = (
        await session.execute(
            select(Publication, Channel)
            .join(Channel, col(Channel.id) == col(Publication.channel_id))
            .where(col(Publication.post_id) == post_id)
            .order_by(col(Channel.id))
        )
    ).all()
    measured = await metrics.of_publications(session, [publication.id for publication, _channel in rows])
    return [Placed(publication, channel, measured.get(publication.id)) for publication, channel in rows]
