"""Pictures that come before the post that shows them: stored as a post's own are, and forgotten after a month."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import media
from campaigns.media import NewPicture, PictureRefused
from campaigns.media_stores import MediaHome, opened
from campaigns.models import Media, Post, Upload

KEPT = timedelta(days=30)  # as long as what was typed
TOGETHER = 50_000_000  # bytes of one post's pictures, which are in memory at once; no network takes as much


async def add_upload(
    session: AsyncSession,
    campaign_id: int,
    organizer_id: int | None,
    picture: NewPicture,
    home: MediaHome,
    now: datetime,
) -> Upload:
    """Look at a picture and store it; raises PictureRefused."""
    stored = await asyncio.to_thread(media.store, home, 0, 0, picture)
    upload = Upload(
        campaign_id=campaign_id,
        organizer_id=organizer_id,
        name=picture.name,
        file=stored.file,
        mime=stored.mime,
        width=stored.width,
        height=stored.height,
        size=stored.size,
        alt=picture.alt,
        uploaded_at=now,
    )
    session.add(upload)
    await session.flush()
    return upload


async def find_upload(session: AsyncSession, campaign_id: int, upload_id: int) -> Upload | None:
    return await session.scalar(
        select(Upload).where(col(Upload.id) == upload_id, col(Upload.campaign_id) == campaign_id)
    )


async def names_of(session: AsyncSession, campaign_id: int, files: Sequence[str]) -> dict[str, str]:
    """Of these files, the ones that belong to the campaign, each with the name that people know it by."""
    posted = (
        select(Media.file).join(Post, col(Post.id) == col(Media.post_id)).where(col(Post.campaign_id) == campaign_id)
    )
    found = {file: file for file in await session.scalars(posted.where(col(Media.file).in_(files)))}
    chosen = select(col(Upload.file), col(Upload.name)).where(col(Upload.campaign_id) == campaign_id)
    return found | {row[0]: row[1] for row in await session.execute(chosen.where(col(Upload.file).in_(files)))}


async def pictures(
    session: AsyncSession, campaign_id: int, upload_ids: Sequence[int], home: MediaHome
) -> tuple[NewPicture, ...]:
    """The uploads as the pictures of a new post, in this order; PictureRefused names the one that is not there."""
    found: list[NewPicture] = []
    for upload_id in upload_ids:
        upload = await find_upload(session, campaign_id, upload_id)
        if upload is None:
            raise PictureRefused(f"picture {upload_id} is unknown; upload it first, at most {KEPT.days} days before")
        if sum(len(picture.data) for picture in found) + upload.size > TOGETHER:
            raise PictureRefused(f"the pictures have more than {TOGETHER / 1e6:.0f} MB together; take smaller ones")
        try:
            data = await asyncio.to_thread(opened(home).load, upload.file)
            found.append(NewPicture(upload.name, data, upload.alt))
        except FileNotFoundError:
            raise PictureRefused(f"picture {upload_id} is gone from the data folder; upload it again") from None
    return tuple(found)


async def forget_old(session: AsyncSession, home: MediaHome, now: datetime) -> None:
    """Drop the uploads of more than a month ago, and the files that no post shows."""
    old = await session.scalars(
        delete(Upload)
        .where(col(Upload.uploaded_at) <= now - KEPT)
        .returning(col(Upload.file))
        .execution_options(synchronize_session=False)
    )
    for file in set(old.all()):
        shown = select(Media.id).where(col(Media.file) == file).limit(1)
        again = select(Upload.id).where(col(Upload.file) == file).limit(1)
        if await session.scalar(shown) is None and await session.scalar(again) is None:
            await asyncio.to_thread(opened(home).delete, file)
