"""What a campaign says in some days: posts, silences and free slots, day by day on the clock of its zone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Campaign, Channel, Post, PostState, Publication, SilenceWindow
from campaigns.slots import SlotsProblem, parse_slots
from campaigns.times import zone

MOST_DAYS = 62


@dataclass(frozen=True, slots=True)
class Choosing:
    """Which posts are shown; None: all."""

    channel_id: int | None = None
    territory_id: int | None = None
    state: PostState | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A post on the day on which it goes out. `at` is on the campaign's clock."""

    post: Post
    at: datetime
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class FreeSlot:
    at: datetime  # on the campaign's clock
    channel: Channel


@dataclass(slots=True)
class Day:
    day: date
    posts: list[Planned] = field(default_factory=list)
    slots: list[FreeSlot] = field(default_factory=list)
    silences: list[SilenceWindow] = field(default_factory=list)


async def days(
    session: AsyncSession, campaign: Campaign, first: date, last: date, choosing: Choosing, now: datetime
) -> list[Day]:
    """Each day from the first to the last, with what stands in it; at most MOST_DAYS."""
    place = zone(campaign.timezone)
    last = min(last, first + timedelta(days=MOST_DAYS - 1))
    start, end = (midnight(day, campaign.timezone) for day in (first, last + timedelta(days=1)))
    found = {first + timedelta(days=n): Day(first + timedelta(days=n)) for n in range((last - first).days + 1)}
    for planned in await _posts(session, campaign, start, end, choosing):
        found[planned.at.date()].posts.append(planned)
    for slot in await _free_slots(session, campaign, start, end, choosing, now):
        found[slot.at.date()].slots.append(slot)
    for window in await _silences(session, campaign, start, end, choosing):
        begins, ends = window.starts_at.astimezone(place), (window.ends_at - timedelta(seconds=1)).astimezone(place)
        for day in found.values():
            if begins.date() <= day.day <= ends.date():
                day.silences.append(window)
    return list(found.values())


def midnight(day: date, zone_name: str) -> datetime:
    """When a day begins in a zone, in UTC; where its first hour is missing, the first moment that there is."""
    return datetime.combine(day, time(), tzinfo=zone(zone_name)).astimezone(zone("UTC"))


async def _posts(
    session: AsyncSession, campaign: Campaign, start: datetime, end: datetime, choosing: Choosing
) -> list[Planned]:
    query = select(Post).where(
        col(Post.campaign_id) == campaign.id, col(Post.publish_at) >= start, col(Post.publish_at) < end
    )
    query = query.where(col(Post.state) == choosing.state if choosing.state else col(Post.state) != PostState.cancelled)
    if choosing.territory_id:
        query = query.where(col(Post.territory_id) == choosing.territory_id)
    if choosing.channel_id:
        query = query.where(
            col(Post.id).in_(select(Publication.post_id).where(col(Publication.channel_id) == choosing.channel_id))
        )
    found = (await session.scalars(query.order_by(col(Post.publish_at), col(Post.id)))).all()
    rows = await session.execute(
        select(Publication.post_id, Channel)
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .where(col(Publication.post_id).in_([post.id for post in found]))
        .order_by(col(Publication.id))
    )
    channels: dict[int, list[Channel]] = {}
    for post_id, channel in rows:
        channels.setdefault(post_id, []).append(channel)
    place = zone(campaign.timezone)
    return [
        Planned(post, post.publish_at.astimezone(place), tuple(channels.get(post.id, ())))
        for post in found
        if post.publish_at is not None
    ]


async def _free_slots(
    session: AsyncSession, campaign: Campaign, start: datetime, end: datetime, choosing: Choosing, now: datetime
) -> list[FreeSlot]:
    query = select(Channel).where(col(Channel.campaign_id) == campaign.id, col(Channel.slots) != "")
    if choosing.channel_id:
        query = query.where(col(Channel.id) == choosing.channel_id)
    channels, place = (await session.scalars(query)).all(), zone(campaign.timezone)
    taken = await session.execute(
        select(Publication.channel_id, Publication.due_at)
        .where(col(Publication.channel_id).in_([channel.id for channel in channels]))
        .where(col(Publication.due_at) >= start, col(Publication.due_at) < end)
    )
    full = {(channel_id, due_at) for channel_id, due_at in taken}
    return sorted(
        (
            FreeSlot(moment.astimezone(place), channel)
            for channel in channels
            for moment in _slots(channel, campaign, max(start, now), end)
            if (channel.id, moment) not in full
        ),
        key=lambda slot: (slot.at, slot.channel.name),
    )


def _slots(channel: Channel, campaign: Campaign, start: datetime, end: datetime) -> Sequence[datetime]:
    try:
        return list(parse_slots(channel.slots, campaign.timezone).between(start, end)) if start < end else []
    except SlotsProblem:  # told where the channel is set up
        return []


async def _silences(
    session: AsyncSession, campaign: Campaign, start: datetime, end: datetime, choosing: Choosing
) -> Sequence[SilenceWindow]:
    """Of the chosen territory; else of who belongs to none, and so of the whole campaign."""
    query = select(SilenceWindow).where(
        col(SilenceWindow.campaign_id) == campaign.id,
        col(SilenceWindow.territory_id).is_not_distinct_from(choosing.territory_id),
        col(SilenceWindow.starts_at) < end,
        col(SilenceWindow.ends_at) > start,
    )
    return (await session.scalars(query.order_by(col(SilenceWindow.starts_at)))).all()
