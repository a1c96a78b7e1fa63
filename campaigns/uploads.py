"""Pictures that were chosen while a post is being written: kept before the post is, and found again by their file."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import media
from campaigns.media import NewPicture
from campaigns.models import Media, Post, Upload

KEPT_FOR = timedelta(days=30)  # as long as what was typed


async def add_upload(session: AsyncSession, campaign_id: int, picture: NewPicture, folder: Path, now: datetime) -> str:
    """Keep a picture for a post to come; returns its file's name, raises PictureRefused."""
    file = media.keep(folder, picture)
    found = await session.scalar(select(Upload).where(col(Upload.campaign_id) == campaign_id, col(Upload.file) == file))
    if found is None:
        session.add(Upload(campaign_id=campaign_id, file=file, name=picture.name, created_at=now))
        await session.flush()
    else:
        found.name, found.created_at = picture.name, now
    return file


async def names_of(session: AsyncSession, campaign_id: int, files: Sequence[str]) -> dict[str, str]:
    """Of these files, the ones that belong to the campaign, each with the name that people know it by."""
    posted = (
        select(Media.file).join(Post, col(Post.id) == col(Media.post_id)).where(col(Post.campaign_id) == campaign_id)
    )
    found = {file: file for file in await session.scalars(posted.where(col(Media.file).in_(files)))}
    chosen = select(col(Upload.file), col(Upload.name)).where(col(Upload.campaign_id) == campaign_id)
    return found | {row[0]: row[1] for row in await session.execute(chosen.where(col(Upload.file).in_(files)))}


async def forget_old(session: AsyncSession, folder: Path, now: datetime) -> None:
    """Drop what nobody made a post of within a month, its file too unless a post or another campaign has it."""
    for old in (await session.scalars(select(Upload).where(col(Upload.created_at) < now - KEPT_FOR))).all():
        await session.delete(old)
        await session.flush()
        used = or_(
            select(Media.id).where(col(Media.file) == old.file).exists(),
            select(Upload.id).where(col(Upload.file) == old.file).exists(),
        )
        if not await session.scalar(select(used)):
            (folder / old.file).unlink(missing_ok=True)
