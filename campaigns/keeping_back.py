"""What keeps a due publication back at the moment of sending: silence, lateness, a channel's cap or quota.

Called in the transaction that takes a channel's turn; `publications.write_steps` looks at silence once more as it claims.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.costs import dollars
from campaigns.models import (
    Campaign,
    Channel,
    LatePolicy,
    Post,
    PostState,
    Publication,
    PublicationState,
    SilenceWindow,
)
from campaigns.times import zone

S = PublicationState
LOOK_BACK = timedelta(minutes=1)  # what is due for less is never late: spares a look in the usual case


async def keep_back(session: AsyncSession, channels: Mapping[int, Channel], now: datetime) -> None:
    """Move what may not go out now from queued to held or missed, with the reason and the next step."""
    if not channels:
        return
    await _hold_in_silence(session, channels.values(), now)
    await _sort_out_late(session, list(channels), now)
    for channel in channels.values():
        if is_metered(channel):
            await _hold_over_budget(session, channel, now)


def is_metered(channel: Channel) -> bool:
    """Whether each post of the channel must be weighed against a cap or a quota: such a channel sends one a turn."""
    return bool(channel.monthly_cap or channel.daily_quota)


async def _move(session: AsyncSession, ids: Sequence[int], state: PublicationState, reason: str) -> None:
    await session.execute(
        update(Publication)
        .where(col(Publication.id).in_(ids), col(Publication.state) == S.queued)
        .values(state=state, reason=reason)
        .execution_options(synchronize_session=False)
    )


async def _due(session: AsyncSession, channel_ids: Sequence[int], until: datetime) -> list[tuple[Publication, Post]]:
    rows = await session.execute(
        select(Publication, Post)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Publication.channel_id).in_(channel_ids), col(Publication.state) == S.queued)
        .where(col(Publication.due_at) <= until, col(Post.state) == PostState.scheduled)
        .order_by(col(Publication.due_at), col(Publication.id))
        .execution_options(populate_existing=True)
    )
    return [(publication, post) for publication, post in rows.all()]


async def _hold_in_silence(session: AsyncSession, channels: Collection[Channel], now: datetime) -> None:
    found = await session.scalars(
        select(SilenceWindow)
        .where(col(SilenceWindow.campaign_id).in_({channel.campaign_id for channel in channels}))
        .where(col(SilenceWindow.starts_at) <= now, col(SilenceWindow.ends_at) > now)
    )
    silent = {(window.campaign_id, window.territory_id): window for window in found}
    for channel in channels:
        window = silent.get((channel.campaign_id, channel.territory_id))
        if window is not None:
            ids = [publication.id for publication, _ in await _due(session, [channel.id], now)]
            await _move(
                session,
                ids,
                S.held,
                f"silence: {window.reason}, until {window.ends_at:%Y-%m-%d %H:%M} UTC; send it after, or drop it",
            )


async def _sort_out_late(session: AsyncSession, channel_ids: Sequence[int], now: datetime) -> None:
    """Beyond its grace time a publication follows its post's late policy; of a channel, only the newest catches up."""
    late: dict[int, list[tuple[Publication, Post]]] = {}
    for publication, post in await _due(session, channel_ids, now - LOOK_BACK):
        # What is half out goes on: a long list of addresses may take longer than its grace.
        if (
            not publication.sent_parts
            and publication.due_at is not None
            and publication.due_at + timedelta(minutes=post.grace) < now
        ):
            late.setdefault(publication.channel_id, []).append((publication, post))
    for rows in late.values():
        catch_up = next((p.id for p, post in reversed(rows) if post.late_policy is LatePolicy.send), None)
        for publication, post in rows:
            if publication.id != catch_up:
                await _move(session, [publication.id], S.missed, _why_missed(publication, post, now))


def _why_missed(publication: Publication, post: Post, now: datetime) -> str:
    late = now - (publication.due_at or now)
    hours = f"{late.seconds // 3600} h {late.seconds % 3600 // 60:02} min"
    said = f"late by {late.days} d {hours}" if late.days else f"late by {hours}"
    if post.late_policy is LatePolicy.drop:
        return f"{said}: dropped, as its late policy says"
    if post.late_policy is LatePolicy.ask:
        return f"{said}: its late policy asks you; send it now, or drop it"
    return f"{said}: a newer post of the channel caught up; send it now, or drop it"


async def _hold_over_budget(session: AsyncSession, channel: Channel, now: datetime) -> None:
    campaign = await session.get_one(Campaign, channel.campaign_id)
    local = now.astimezone(zone(campaign.timezone))
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    spent, _ = await spent_since(session, channel.id, today.replace(day=1))
    _, sent = await spent_since(session, channel.id, today)
    for publication, _post in await _due(session, [channel.id], now):
        if channel.monthly_cap and spent + publication.cost > channel.monthly_cap:
            reason = f"the month's cap of {dollars(channel.monthly_cap)} is reached: {dollars(spent)} is spent, this costs {dollars(publication.cost)}; raise the cap or drop it"
            await _move(session, [publication.id], S.held, reason)
        elif channel.daily_quota and sent >= channel.daily_quota:
            reason = f"the day's quota of {channel.daily_quota} posts is reached; send it tomorrow, or drop it"
            await _move(session, [publication.id], S.held, reason)


async def spent_since(session: AsyncSession, channel_id: int, moment: datetime) -> tuple[int, int]:
    """What a channel spent and how many it sent since then; what may be out counts as out."""
    row = await session.execute(
        select(func.coalesce(func.sum(Publication.cost), 0), func.count())
        .where(col(Publication.channel_id) == channel_id, col(Publication.state).in_([S.published, S.unknown]))
        .where(func.coalesce(col(Publication.sent_at), col(Publication.due_at)) >= moment)
    )
    spent, sent = row.one()
    return int(spent), int(sent)
