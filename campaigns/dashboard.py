"""What an organizer sees first: what needs a human, what goes out next, how today goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import installation, posts, results
from campaigns.models import (
    Approval,
    Campaign,
    Channel,
    Dialogue,
    Engagement,
    Kind,
    Participation,
    Post,
    PostState,
    Publication,
    PublicationState,
)
from campaigns.periods import Period, period_of
from campaigns.results import Acts

S = PublicationState
ASTRAY = (S.unknown, S.failed, S.held, S.missed)  # in the order of how much they need somebody
SHOWN = 5  # rows of a list
LATELY = timedelta(days=30)  # what went astray before that is history, and lies in the list of posts


@dataclass(frozen=True, slots=True)
class Dashboard:
    astray: dict[PublicationState, int]  # of the last 30 days
    newest: tuple[tuple[Publication, Post, Channel], ...]  # of these, the latest
    for_me: tuple[Post, ...]  # that wait for this organizer's yes
    next_posts: tuple[tuple[Post, datetime, list[str]], ...]
    today: dict[Kind, int]
    yesterday: dict[Kind, int]
    week: Acts
    week_of: Period
    people: int
    joined: int  # today
    resting: tuple[Channel, ...]
    channels: int


async def dashboard_of(
    session: AsyncSession, campaign: Campaign, organizer_id: int, now: datetime, *, may_approve: bool
) -> Dashboard:
    known = await installation.channels(session, campaign.id)
    week = period_of(campaign, now, "7")
    day = Period("", week.last, week.last, campaign.timezone)
    ids = [channel.id for channel in known]
    return Dashboard(
        await _astray(session, ids, now),
        await _newest(session, ids, now),
        await _for_me(session, campaign.id, organizer_id) if may_approve else (),
        tuple(await posts.next_due(session, campaign.id, now, SHOWN)),
        await results.sums_of_campaign(session, campaign.id, day),
        await results.sums_of_campaign(session, campaign.id, day.before),
        await results.acts_of_campaign(session, campaign.id, week),
        week,
        *await _people(session, campaign.id, day),
        tuple(channel for channel in known if channel.resting_reason),
        len(known),
    )


async def _astray(session: AsyncSession, ids: Sequence[int], now: datetime) -> dict[PublicationState, int]:
    rows = await session.execute(
        select(col(Publication.state), func.count())
        .where(col(Publication.channel_id).in_(ids), col(Publication.state).in_(ASTRAY))
        .where(col(Publication.due_at) > now - LATELY)
        .group_by(col(Publication.state))
    )
    found = {row[0]: row[1] for row in rows}
    return {state: found[state] for state in ASTRAY if state in found}


async def _newest(
    session: AsyncSession, ids: Sequence[int], now: datetime
) -> tuple[tuple[Publication, Post, Channel], ...]:
    rows = await session.execute(
        select(Publication, Post, Channel)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .where(col(Publication.channel_id).in_(ids), col(Publication.state).in_(ASTRAY))
        .where(col(Publication.due_at) > now - LATELY)
        .order_by(col(Publication.due_at).desc(), col(Publication.id).desc())
        .limit(SHOWN)
    )
    return tuple((row[0], row[1], row[2]) for row in rows)


async def _for_me(session: AsyncSession, campaign_id: int, organizer_id: int) -> tuple[Post, ...]:
    said = select(Approval.post_id).where(
        col(Approval.post_id) == col(Post.id), col(Approval.organizer_id) == organizer_id
    )
    query = (
        select(Post)
        .where(col(Post.campaign_id) == campaign_id, col(Post.state) == PostState.submitted, ~said.exists())
        .where(func.coalesce(col(Post.author_id), 0) != organizer_id)
        .order_by(col(Post.publish_at).asc().nulls_last(), col(Post.id))
        .limit(SHOWN)
    )
    return tuple(await session.scalars(query))


async def _people(session: AsyncSession, campaign_id: int, day: Period) -> tuple[int, int]:
    """How many take part, and how many joined today."""
    of = col(Participation.campaign_id) == campaign_id
    people = await session.scalar(select(func.count()).select_from(Participation).where(of)) or 0
    latest = (
        select(col(Participation.joined_at)).where(of).order_by(col(Participation.id).desc()).limit(1_000).subquery()
    )
    joined = select(func.count()).select_from(latest).where(latest.c.joined_at >= day.begins)
    return people, await session.scalar(joined) or 0


@dataclass(frozen=True, slots=True)
class Board:
    """How a running event goes, as it is shown on a screen in the hall: sums and titles, nobody's name."""

    out: tuple[tuple[Publication, Post, Channel], ...]  # the latest publications of the last 24 hours
    out_today: int
    waiting: int  # due within the next hour
    today: dict[Kind, int]
    latest: tuple[tuple[Kind, datetime, str | None], ...]  # acts with the posts' titles, the newest first
    online: int


ONLINE = timedelta(minutes=10)
ACTS = 12


async def board_of(session: AsyncSession, campaign: Campaign, now: datetime) -> Board:
    ids = [channel.id for channel in await installation.channels(session, campaign.id)]
    today = period_of(campaign, now, "7").last
    day = Period("", today, today, campaign.timezone)
    of = col(Publication.channel_id).in_(ids)
    sent = (of, col(Publication.state) == S.published, col(Publication.due_at) > now - timedelta(days=1))
    rows = await session.execute(
        select(Publication, Post, Channel)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .where(*sent)
        .order_by(col(Publication.sent_at).desc(), col(Publication.id).desc())
        .limit(8)
    )
    out_today = select(func.count()).where(*sent, col(Publication.sent_at) >= day.begins)
    soon = (col(Publication.due_at) > now, col(Publication.due_at) <= now + timedelta(hours=1))
    waiting = select(func.count()).where(of, col(Publication.state) == S.queued, *soon)
    return Board(
        tuple((row[0], row[1], row[2]) for row in rows),
        await session.scalar(out_today) or 0,
        await session.scalar(waiting) or 0,
        await results.sums_of_campaign(session, campaign.id, day),
        await _latest(session, campaign.id, now),
        await _online(session, campaign.id, now),
    )


async def _latest(
    session: AsyncSession, campaign_id: int, now: datetime
) -> tuple[tuple[Kind, datetime, str | None], ...]:
    newest = (
        select(Engagement)
        .where(col(Engagement.campaign_id) == campaign_id, col(Engagement.at) > now - timedelta(days=1))
        .order_by(col(Engagement.at).desc(), col(Engagement.id).desc())  # in the order of the campaign's index
        .limit(ACTS)
        .subquery()
    )
    rows = await session.execute(
        select(newest.c.kind, newest.c.at, Post.title)
        .outerjoin(Post, col(Post.id) == newest.c.post_id)
        .order_by(newest.c.at.desc(), newest.c.id.desc())
    )
    return tuple((row[0], row[1], row[2]) for row in rows)


async def _online(session: AsyncSession, campaign_id: int, now: datetime) -> int:
    """How many chats of this campaign went on with the bot within ten minutes."""
    query = select(func.count()).where(
        col(Dialogue.campaign_id) == campaign_id, col(Dialogue.updated_at) > now - ONLINE
    )
    return await session.scalar(query) or 0
