"""What a campaign says in some days: posts, silences and free slots, day by day on the clock of its zone."""

from collections.abc import Mapping, Sequence
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
    more: int = 0  # posts beyond those
    slots: list[FreeSlot] = field(default_factory=list)
    silences: list[SilenceWindow] = field(default_factory=list)


async def days(
    session: AsyncSession,
    campaign: Campaign,
    first: date,
    last: date,
    choosing: Choosing,
    now: datetime,
    *,
    a_day: int | None = None,
    enough: int | None = None,
) -> list[Day]:
    """Each day from the first to the last, with what stands in it; at most MOST_DAYS.

    Of a day's posts the first `a_day` are read, and the others counted. The days end early with the one in which there
    are `enough` posts.
    """
    place = zone(campaign.timezone)
    last = min(last, first + timedelta(days=MOST_DAYS - 1))
    moments = await _moments(session, campaign, first, last, choosing)
    last = _end(moments, last, enough)
    start, end = (midnight(day, campaign.timezone) for day in (first, last + timedelta(days=1)))
    found = {first + timedelta(days=n): Day(first + timedelta(days=n)) for n in range((last - first).days + 1)}
    shown: dict[int, datetime] = {}
    for day in found.values():
        ids = moments.get(day.day, {})
        day.more = max(0, len(ids) - a_day) if a_day is not None else 0
        shown |= list(ids.items())[:a_day]
    for planned in await _planned(session, shown):
        found[planned.at.date()].posts.append(planned)
    for slot in await _free_slots(session, campaign, start, end, choosing, now):
        found[slot.at.date()].slots.append(slot)
    for window in await _silences(session, campaign, start, end, choosing):
        begins, ends = window.starts_at.astimezone(place), (window.ends_at - timedelta(seconds=1)).astimezone(place)
        for day in found.values():
            if begins.date() <= day.day <= ends.date():
                day.silences.append(window)
    return list(found.values())


def _end(moments: Mapping[date, Mapping[int, datetime]], last: date, enough: int | None) -> date:
    """The day up to which there are enough posts."""
    seen = 0
    for day in sorted(moments):
        seen += len(moments[day])
        if enough is not None and seen >= enough:
            return day
    return last


def midnight(day: date, zone_name: str) -> datetime:
    """When a day begins in a zone, in UTC; where its first hour is missing, the first moment that there is."""
    return datetime.combine(day, time(), tzinfo=zone(zone_name)).astimezone(zone("UTC"))


async def _moments(
    session: AsyncSession, campaign: Campaign, first: date, last: date, choosing: Choosing
) -> dict[date, dict[int, datetime]]:
    """Of each day its posts' ids, with their moments on the campaign's clock, in order."""
    start, end = (midnight(day, campaign.timezone) for day in (first, last + timedelta(days=1)))
    at = col(Post.publish_at)
    query = select(Post.id, at).where(col(Post.campaign_id) == campaign.id, at >= start, at < end)
    query = query.where(col(Post.state) == choosing.state if choosing.state else col(Post.state) != PostState.cancelled)
    if choosing.territory_id:
        query = query.where(col(Post.territory_id) == choosing.territory_id)
    if choosing.channel_id:
        query = query.where(
            col(Post.id).in_(select(Publication.post_id).where(col(Publication.channel_id) == choosing.channel_id))
        )
    found: dict[date, dict[int, datetime]] = {}
    place = zone(campaign.timezone)
    for post_id, moment in await session.execute(query.order_by(at, col(Post.id))):
        if moment is None:  # for the type checker: the bounds leave it out
            continue
        local = moment.astimezone(place)
        found.setdefault(local.date(), {})[post_id] = local
    return found


async def _planned(session: AsyncSession, moments: Mapping[int, datetime]) -> list[Planned]:
    """These posts in their order, with their channels."""
    posts = {post.id: post for post in await session.scalars(select(Post).where(col(Post.id).in_(moments)))}
    rows = await session.execute(
        select(Publication.post_id, Channel)
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .where(col(Publication.post_id).in_(moments))
        .order_by(col(Publication.id))
    )
    channels: dict[int, list[Channel]] = {}
    for post_id, channel in rows:
        channels.setdefault(post_id, []).append(channel)
    return [Planned(posts[each], at, tuple(channels.get(each, ()))) for each, at in moments.items() if each in posts]


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
