"""A post and the rows that it becomes: writing, queuing, taking back, finding."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import media
from campaigns.approval import audit, is_needed
from campaigns.costs import cost_of
from campaigns.media_stores import MediaHome
from campaigns.models import (
    Campaign,
    Channel,
    Interest,
    LatePolicy,
    Media,
    Post,
    PostState,
    PostVersion,
    Publication,
    PublicationState,
    Territory,
    Wording,
)
from campaigns.organizers import Reach, within
from campaigns.post_checks import NewPost, PostRefused, Problem, check_post, is_web_address
from campaigns.recurrence import parse_recurrence
from campaigns.slots import parse_slots
from campaigns.stamp import stamp_of
from campaigns.times import to_utc, zone

__all__ = ["NewPost", "PostRefused", "Problem", "check_post", "is_web_address"]  # a post is written through this module

NOT_OUT = (PublicationState.queued, PublicationState.held, PublicationState.missed)


async def add_post(
    session: AsyncSession,
    campaign_id: int,
    post: NewPost,
    *,
    media_dir: MediaHome,
    now: datetime,
    author_id: int | None = None,
) -> Post:
    """Check and store a post with its publications, one a channel; raises PostRefused and then changes nothing.

    A post with a moment is scheduled at once, or submitted where the campaign wants somebody else's yes.
    """
    campaign = await session.get_one(Campaign, campaign_id)
    stamp = stamp_of(campaign)
    found = check_post(post, now, stamp, alt_required=campaign.alt_required)
    found += [
        Problem("channels", f"“{channel.name}” belongs to another campaign")
        for channel in post.channels
        if channel.campaign_id != campaign_id
    ]
    found += await check_recipients(session, campaign_id, post)
    if found:
        raise PostRefused(found)
    due = await due_moments(session, post, now)
    publish_at = min((moment for moment in due.values() if moment), default=_moment(post, now))
    row = Post(
        campaign_id=campaign_id,
        territory_id=post.territory_id,
        author_id=author_id,
        title=post.title.strip(),
        text=post.text.strip(),
        link=post.link or None,
        state=PostState.draft,
        publish_at=publish_at,
        timezone=post.timezone,
        share_kit=post.share_kit,
        kit_language=post.kit_language,
        kit_interest_id=post.kit_interest_id,
        late_policy=post.late_policy,
        grace=post.grace,
        recurrence=post.recurrence,
        recurs_until=post.recurs_until,
        repeat_after=post.repeat_after,
        wording=0 if post.recurrence else None,
        told_at=now,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    if publish_at is not None:
        row.state = PostState.submitted if await is_needed(session, campaign, row) else PostState.scheduled
        row.told_at = None if row.state is PostState.submitted else now
    add_texts(session, row.id, post)
    session.add_all(await asyncio.to_thread(media.store_all, media_dir, row.id, post.pictures) if post.pictures else ())
    session.add_all(
        Publication(
            post_id=row.id,
            channel_id=channel.id,
            due_at=due[channel.id],
            cost=cost_of(channel, campaign, post.text_for(channel.network), row.link),
        )
        for channel in post.channels
    )
    audit(session, row, author_id, now, row.state.value, row.title)
    await session.flush()
    return row


async def check_recipients(session: AsyncSession, campaign_id: int, post: NewPost) -> list[Problem]:
    """Territory and theme are the campaign's own."""
    there = {
        "territory": await session.get(Territory, post.territory_id) if post.territory_id else None,
        "kit_interest": await session.get(Interest, post.kit_interest_id) if post.kit_interest_id else None,
    }
    asked = {"territory": post.territory_id, "kit_interest": post.kit_interest_id}
    return [
        Problem(field, "is not there any more: choose another one")
        for field, row in there.items()
        if asked[field] and (row is None or row.campaign_id != campaign_id)
    ]


def add_texts(session: AsyncSession, post_id: int, post: NewPost) -> None:
    """Versions and wordings."""
    session.add_all(
        PostVersion(post_id=post_id, network=network, text=text.strip())
        for network, text in post.versions.items()
        if text.strip()
    )
    session.add_all(
        Wording(post_id=post_id, position=i, text=text.strip())
        for i, text in enumerate(post.wordings, 1)
        if text.strip()
    )


def _moment(post: NewPost, now: datetime) -> datetime | None:
    if post.publish_at is not None:
        return to_utc(post.publish_at, post.timezone)
    return parse_recurrence(post.recurrence, post.timezone).next(now) if post.recurrence else None


async def due_moments(session: AsyncSession, post: NewPost, now: datetime) -> dict[int, datetime | None]:
    """When each channel's publication is due: the post's moment, or the channel's next free slot."""
    if not post.next_slot:
        return dict.fromkeys((channel.id for channel in post.channels), _moment(post, now))
    moments: dict[int, datetime | None] = {}
    for channel in post.channels:
        taken = await session.scalars(
            select(Publication.due_at).where(col(Publication.channel_id) == channel.id, col(Publication.due_at) > now)
        )
        slots = parse_slots(channel.slots, post.timezone)
        moments[channel.id] = slots.next_free(now, {moment for moment in taken if moment is not None})
    return moments


async def cancel_post(
    session: AsyncSession,
    campaign_id: int,
    post_id: int,
    now: datetime,
    organizer_id: int | None = None,
    *,
    reach: Reach = None,
) -> None:
    """Take a post back: what is not out never goes out, what is out stays; does nothing for another campaign's post."""
    post = await find_post(session, campaign_id, post_id, reach)
    if post is None:
        return
    post.state = PostState.cancelled
    await session.execute(
        update(Publication)
        .where(col(Publication.post_id) == post.id, col(Publication.state).in_(NOT_OUT))
        .values(state=PublicationState.cancelled)
    )
    audit(session, post, organizer_id, now, "cancelled")


async def find_post(session: AsyncSession, campaign_id: int, post_id: int, reach: Reach = None) -> Post | None:
    return await session.scalar(select(Post).where(col(Post.id) == post_id, *_of(campaign_id, reach)))


def _of(campaign_id: int, reach: Reach) -> tuple[ColumnElement[bool], ...]:
    """The posts of a campaign that a role reaches."""
    return col(Post.campaign_id) == campaign_id, within(reach, col(Post.territory_id))


async def posts_of(session: AsyncSession, campaign_id: int, *, limit: int = 200, reach: Reach = None) -> Sequence[Post]:
    """A campaign's posts, the latest moment first; drafts stand at the top."""
    query = select(Post).where(*_of(campaign_id, reach))
    return (
        await session.scalars(
            query.order_by(col(Post.publish_at).desc().nulls_first(), col(Post.id).desc()).limit(limit)
        )
    ).all()


async def undecided(session: AsyncSession, campaign_id: int, *, reach: Reach = None) -> Sequence[Post]:
    """All posts of a campaign that wait for a human: for a yes, or for a word on a publication that went astray."""
    S = PublicationState
    astray = col(Publication.state).in_([S.unknown, S.held, S.failed])
    # What the policy drops, it has decided.
    asked = (col(Publication.state) == S.missed) & (col(Post.late_policy) != LatePolicy.drop)
    waits = select(Publication.id).where(col(Publication.post_id) == col(Post.id), or_(astray, asked)).exists()
    query = select(Post).where(*_of(campaign_id, reach), or_(col(Post.state) == PostState.submitted, waits))
    return (await session.scalars(query.order_by(col(Post.publish_at), col(Post.id)))).all()


async def next_due(
    session: AsyncSession, campaign_id: int, now: datetime, limit: int
) -> list[tuple[Post, datetime, list[str]]]:
    """The posts that go out next, each with its first moment and the names of the channels on which it waits."""
    waits = col(Publication.state) == PublicationState.queued, col(Publication.due_at) > now
    first = func.min(col(Publication.due_at))
    rows = await session.execute(
        select(Post, first)
        .join(Publication, col(Publication.post_id) == col(Post.id))
        .where(col(Post.campaign_id) == campaign_id, col(Post.state) == PostState.scheduled, *waits)
        .group_by(col(Post.id))
        .order_by(first, col(Post.id))
        .limit(limit)
    )
    found = [post for post, _ in rows.all()]
    out = await publications_of(session, [post.id for post in found])
    listed = []
    for post in found:
        waiting = [(p, channel) for p, channel in out[post.id] if p.state is PublicationState.queued and p.due_at]
        due = min(publication.due_at for publication, _ in waiting if publication.due_at)
        listed.append((post, due, [channel.name for _, channel in waiting]))
    return listed


async def shared_posts(session: AsyncSession, campaign_id: int, *, limit: int) -> tuple[Sequence[Post], int]:
    """The posts that have a share kit and are no drafts, the latest first, and how many there are in all."""
    shared = (
        col(Post.campaign_id) == campaign_id,
        col(Post.share_kit),
        col(Post.state) != PostState.draft,
    )
    order = (col(Post.publish_at).desc().nulls_first(), col(Post.id).desc())
    found = (await session.scalars(select(Post).where(*shared).order_by(*order).limit(limit))).all()
    return found, await session.scalar(select(func.count()).select_from(Post).where(*shared)) or 0


async def posts_to_share(
    session: AsyncSession, campaign_id: int, now: datetime, *, since: datetime | None = None, limit: int = 10
) -> Sequence[Post]:
    """The posts with a share kit that are out, the newest first; with `since`, those that came later than that."""
    query = select(Post).where(
        col(Post.campaign_id) == campaign_id,
        col(Post.share_kit),
        col(Post.state) == PostState.scheduled,
        col(Post.publish_at) <= now,
    )
    if since is not None:
        query = query.where(col(Post.publish_at) > since)
    return (await session.scalars(query.order_by(col(Post.publish_at).desc(), col(Post.id).desc()).limit(limit))).all()


async def pictures_of(session: AsyncSession, post_id: int) -> Sequence[Media]:
    return (
        await session.scalars(select(Media).where(col(Media.post_id) == post_id).order_by(col(Media.position)))
    ).all()


async def publications_of(
    session: AsyncSession, post_ids: Sequence[int]
) -> dict[int, list[tuple[Publication, Channel]]]:
    """Each post's publications with their channels."""
    found: dict[int, list[tuple[Publication, Channel]]] = {post_id: [] for post_id in post_ids}
    rows = await session.execute(
        select(Publication, Channel)
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .where(col(Publication.post_id).in_(post_ids))
        .order_by(col(Publication.id))
    )
    for publication, channel in rows.all():
        found[publication.post_id].append((publication, channel))
    return found


def local_moment(post: Post) -> datetime | None:
    """When a post goes out, on the wall clock of the zone in which that was meant."""
    return post.publish_at.astimezone(zone(post.timezone)) if post.publish_at else None
