"""Changing a post that is not out yet. What is out stays as it is; whoever approved it approved something else."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import approval, media
from campaigns.media import NewPicture
from campaigns.media_stores import MediaHome, opened
from campaigns.models import (
    Audit,
    Campaign,
    Media,
    Organizer,
    Post,
    PostVersion,
    Publication,
    PublicationState,
    Wording,
)
from campaigns.posts import (
    NewPost,
    PostRefused,
    Problem,
    add_texts,
    check_post,
    check_recipients,
    due_moments,
    local_moment,
    pictures_of,
    publications_of,
)
from campaigns.stamp import stamp_of


async def as_written(session: AsyncSession, post: Post, media_dir: MediaHome) -> NewPost:
    """The post as it was written, its moment on the wall clock of its zone; PostRefused where a picture's file is gone."""
    local = local_moment(post)
    wordings = select(Wording.text).where(col(Wording.post_id) == post.id).order_by(col(Wording.position))
    versions = await session.scalars(select(PostVersion).where(col(PostVersion.post_id) == post.id))
    pictures = [await asyncio.to_thread(_picture, medium, media_dir) for medium in await pictures_of(session, post.id)]
    return NewPost(
        title=post.title,
        text=post.text,
        link=post.link,
        publish_at=local.replace(tzinfo=None) if local else None,
        timezone=post.timezone,
        channels=tuple(channel for _, channel in (await publications_of(session, [post.id]))[post.id]),
        share_kit=post.share_kit,
        versions={version.network: version.text for version in versions},
        wordings=tuple(await session.scalars(wordings)),
        pictures=tuple(pictures),
        territory_id=post.territory_id,
        late_policy=post.late_policy,
        grace=post.grace,
        recurrence=post.recurrence,
        recurs_until=post.recurs_until,
        repeat_after=post.repeat_after,
        kit_language=post.kit_language,
        kit_interest_id=post.kit_interest_id,
    )


def _picture(medium: Media, media_dir: MediaHome) -> NewPicture:
    try:
        data = opened(media_dir).load(medium.file)
        return NewPicture(medium.file, data, medium.alt, medium.credit, (medium.focus_x, medium.focus_y))
    except FileNotFoundError:
        raise PostRefused(
            [
                Problem(
                    "image",
                    f"picture {medium.file} is gone from the data folder: write the post anew with its picture, and take this one back",
                )
            ]
        ) from None


@dataclass(frozen=True, slots=True)
class Change:
    """Who changed a post last, and when; without a name: the program, the command line or somebody who left."""

    who: str
    at: datetime


class ChangedMeanwhile(Exception):
    """Somebody else changed the post since it was read; nothing was written."""

    def __init__(self, last: Change | None) -> None:
        super().__init__("somebody else changed the post meanwhile")
        self.last = last


async def last_change(session: AsyncSession, post: Post) -> Change | None:
    """The latest edit of a post; None for one that stands as it was first written."""
    query = (
        select(col(Organizer.name), col(Audit.at))
        .select_from(Audit)
        .outerjoin(Organizer, col(Organizer.id) == col(Audit.organizer_id))
        .where(col(Audit.post_id) == post.id, col(Audit.action) == "edited")
        .order_by(col(Audit.id).desc())
        .limit(1)
    )
    found = (await session.execute(query)).first()
    return Change(found[0] or "", found[1]) if found else None


async def change_post(
    session: AsyncSession,
    post: Post,
    before: NewPost,
    new: NewPost,
    organizer_id: int | None,
    now: datetime,
    media_dir: MediaHome,
    *,
    seen: int | None = None,
) -> None:
    """Write all that a form changes but the channels; raises PostRefused, ApprovalRefused or ChangedMeanwhile.

    `seen` is the version that was read before it was changed; None: whatever it is. A moment that is not moved may lie
    in the past: then what was held or missed is changed before it is sent after all.
    """
    if seen is not None and seen != post.version:
        raise ChangedMeanwhile(await last_change(session, post))
    campaign = await session.get_one(Campaign, post.campaign_id)
    moved = new.publish_at is not None and _minute(new.publish_at) != _minute(before.publish_at)
    checked = new if moved or new.next_slot else replace(new, publish_at=None)
    found = check_post(checked, now, stamp_of(campaign), alt_required=campaign.alt_required)
    if found := [*found, *await check_recipients(session, campaign.id, new)]:
        raise PostRefused(found)
    await _write_fields(session, post, before, new, media_dir)
    due = await due_moments(session, new, now) if new.next_slot else {}
    first = min((moment for moment in due.values() if moment), default=None)
    await approval.edit(
        session,
        post,
        organizer_id,
        now,
        title=new.title.strip(),
        text=new.text.strip(),
        link=new.link or "",
        publish_at=first or (new.publish_at if moved else None),
    )
    for channel_id, moment in due.items():
        await session.execute(
            update(Publication)
            .where(col(Publication.post_id) == post.id, col(Publication.channel_id) == channel_id)
            .where(col(Publication.state) == PublicationState.queued)
            .values(due_at=moment)
        )


async def _write_fields(session: AsyncSession, post: Post, before: NewPost, new: NewPost, media_dir: MediaHome) -> None:
    """What stands beside title, text, link and moment."""
    post.late_policy, post.grace, post.timezone = new.late_policy, new.grace, new.timezone
    post.share_kit, post.territory_id = new.share_kit, new.territory_id
    post.kit_language, post.kit_interest_id = new.kit_language, new.kit_interest_id
    for table in (PostVersion, Wording):
        await session.execute(delete(table).where(col(table.post_id) == post.id))
    add_texts(session, post.id, new)
    if new.pictures != before.pictures:
        await session.execute(delete(Media).where(col(Media.post_id) == post.id))
        session.add_all(await asyncio.to_thread(media.store_all, media_dir, post.id, new.pictures))
    await session.flush()


def _minute(moment: datetime | None) -> datetime | None:
    """A form knows no seconds."""
    return moment.replace(second=0, microsecond=0) if moment else None
