"""Changing a post that is not out yet. What is out stays as it is; whoever approved it approved something else."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import approval
from campaigns.costs import reprice
from campaigns.media import NewPicture
from campaigns.models import Campaign, Media, Post, PostVersion
from campaigns.posts import (
    NewPost,
    PostRefused,
    Problem,
    check_post,
    local_moment,
    pictures_of,
    publications_of,
)
from campaigns.stamp import stamp_of


async def as_written(session: AsyncSession, post: Post, media_dir: Path) -> NewPost:
    """The post as it was written, its moment on the wall clock of its zone; PostRefused where a picture's file is gone."""
    local = local_moment(post)
    versions = await session.scalars(select(PostVersion).where(col(PostVersion.post_id) == post.id))
    pictures = [_picture(medium, media_dir) for medium in await pictures_of(session, post.id)]
    return NewPost(
        title=post.title,
        text=post.text,
        link=post.link,
        publish_at=local.replace(tzinfo=None) if local else None,
        timezone=post.timezone,
        channels=tuple(channel for _, channel in (await publications_of(session, [post.id]))[post.id]),
        share_kit=post.share_kit,
        versions={version.network: version.text for version in versions},
        pictures=tuple(pictures),
        territory_id=post.territory_id,
        late_policy=post.late_policy,
        grace=post.grace,
        recurrence=post.recurrence,
        recurs_until=post.recurs_until,
        repeat_after=post.repeat_after,
    )


def _picture(medium: Media, media_dir: Path) -> NewPicture:
    try:
        return NewPicture(medium.file, (media_dir / medium.file).read_bytes(), medium.alt)
    except OSError:
        raise PostRefused(
            [
                Problem(
                    "image",
                    f"picture {medium.file} is gone from the data folder: write the post anew with its picture, and take this one back",
                )
            ]
        ) from None


async def change_post(
    session: AsyncSession, post: Post, before: NewPost, new: NewPost, organizer_id: int | None, now: datetime
) -> None:
    """Write title, text, link, versions, moment, late policy and grace; raises PostRefused or ApprovalRefused.

    A moment that is not moved may lie in the past: then what was held or missed is changed before it is sent after all.
    """
    campaign = await session.get_one(Campaign, post.campaign_id)
    moved = new.publish_at is not None and _minute(new.publish_at) != _minute(before.publish_at)
    found = check_post(new if moved else replace(new, publish_at=None), now, stamp_of(campaign))
    if found:
        raise PostRefused(found)
    await approval.edit(
        session,
        post,
        organizer_id,
        now,
        title=new.title.strip(),
        text=new.text.strip(),
        link=new.link or "",
        publish_at=new.publish_at if moved else None,
    )
    post.late_policy, post.grace = new.late_policy, new.grace
    await session.execute(delete(PostVersion).where(col(PostVersion.post_id) == post.id))
    session.add_all(
        PostVersion(post_id=post.id, network=network, text=text.strip())
        for network, text in new.versions.items()
        if text.strip()
    )
    await session.flush()
    await reprice(session, post)


def _minute(moment: datetime | None) -> datetime | None:
    """A form knows no seconds."""
    return moment.replace(second=0, microsecond=0) if moment else None
