"""What will become of a post on each of its channels, told before it is queued: when, at what cost, and what would hold it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.costs import cost_of
from campaigns.keeping_back import spent_since
from campaigns.models import Campaign, Channel, Post, PostState, Publication, PublicationState, SilenceWindow
from campaigns.posts import NewPost, due_moments, publications_of
from campaigns.sentences import within
from campaigns.silence_windows import window_of, windows_of
from campaigns.times import zone
from campaigns.words import Words


@dataclass(frozen=True, slots=True)
class Outlook:
    """A post on one channel. `cost` and `spent` are thousandths of a dollar; `spent` is the month's, with what waits."""

    channel: Channel
    due_at: datetime | None
    cost: int
    spent: int
    window: SilenceWindow | None

    @property
    def over_cap(self) -> bool:
        return bool(self.cost and self.channel.monthly_cap) and self.spent + self.cost > self.channel.monthly_cap


def warnings_of(words: Words, outlook: Outlook, zone_name: str) -> list[str]:
    """What will keep the post back on this channel, in sentences; moments are on the clock of the zone."""
    found, window = [], outlook.window
    if window is not None:
        start, end = (words.moment(at, zone_name) for at in (window.starts_at, window.ends_at))
        reason = within(words, window.reason)
        found.append(
            words("Silence: {reason}, from {start} to {end}. It will be held.", reason=reason, start=start, end=end)
        )
    if outlook.over_cap:
        cap, spent = words.dollars(outlook.channel.monthly_cap), words.dollars(outlook.spent)
        found.append(
            words(
                "The month's cap of {cap} would be passed: {spent} is spent or waits. It will be held.",
                cap=cap,
                spent=spent,
            )
        )
    if outlook.channel.resting_reason:
        found.append(words("This channel rests: what is written waits until it is mended."))
    return found


async def forecast(
    session: AsyncSession, campaign: Campaign, post: NewPost, now: datetime, *, instead_of: int = 0
) -> list[Outlook]:
    """One outlook a channel; raises ValueError where the post has no moment that can be read.

    `instead_of` is the id of the post that this one will replace, so that it is not paid for twice.
    """
    due = await due_moments(session, post, now)
    found = []
    for channel in post.channels:
        at = due[channel.id]
        cost = cost_of(channel, campaign, post.text_for(channel.network), post.link)
        window = await window_of(session, campaign.id, channel.territory_id, at) if at else None
        spent = await spent_by(session, campaign, channel, now, at, instead_of=instead_of)
        found.append(Outlook(channel, at, cost, spent, window))
    return found


async def spent_by(
    session: AsyncSession,
    campaign: Campaign,
    channel: Channel,
    now: datetime,
    until: datetime | None,
    *,
    instead_of: int = 0,
) -> int:
    """What a channel has spent in the month of `until`, with what waits to go out before it; 0 where nothing is paid."""
    if not (channel.price_post or channel.price_link):
        return 0
    month = (until or now).astimezone(zone(campaign.timezone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spent, _ = await spent_since(session, channel.id, month)
    waiting = await session.scalar(
        select(func.coalesce(func.sum(Publication.cost), 0))
        .where(col(Publication.channel_id) == channel.id, col(Publication.state) == PublicationState.queued)
        .where(col(Publication.post_id) != instead_of)
        .where(col(Publication.due_at) >= month, col(Publication.due_at) < (until or now))
    )
    return spent + int(waiting or 0)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What will become of several posts that were just stored. Costs are thousandths of a dollar."""

    costs: tuple[tuple[Channel, int], ...]  # of channels that cost something
    silent: tuple[tuple[Post, Channel, SilenceWindow], ...]  # what falls into silence, and will be held

    @property
    def over_cap(self) -> bool:
        """Whether a channel's share passes its cap, even if nothing else went out in that month."""
        return any(channel.monthly_cap and cost > channel.monthly_cap for channel, cost in self.costs)


async def foresee(session: AsyncSession, campaign_id: int, stored: Sequence[Post]) -> Foreseen:
    """Of the posts of an import: what they cost on each channel, and which fall into silence."""
    costs: dict[int, tuple[Channel, int]] = {}
    silent = []
    windows = await windows_of(session, campaign_id)
    going = [post for post in stored if post.state not in (PostState.cancelled, PostState.draft)]
    where = await publications_of(session, [post.id for post in going])
    for post in going:
        for publication, channel in where[post.id]:
            costs[channel.id] = (channel, costs.get(channel.id, (channel, 0))[1] + publication.cost)
            window = window_in(windows, channel, publication)
            if window is not None:
                silent.append((post, channel, window))
    return Foreseen(tuple(each for each in costs.values() if each[1]), tuple(silent))


def window_in(windows: Sequence[SilenceWindow], channel: Channel, publication: Publication) -> SilenceWindow | None:
    """Of a campaign's windows, the one into which a publication that waits will fall."""
    if publication.state is not PublicationState.queued or publication.due_at is None:
        return None
    return next(
        (
            window
            for window in windows
            if window.territory_id == channel.territory_id and window.starts_at <= publication.due_at < window.ends_at
        ),
        None,
    )
