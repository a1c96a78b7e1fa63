"""The support wall: the small badges of those who said yes to being seen there, and only while they do.

It is the one place where a rendered badge is kept. Whoever puts one up checks before that no silence is imposed.
"""

import io
import secrets
from datetime import datetime

from PIL import Image
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, func, select

from campaigns import consents
from campaigns.models import Campaign, Purpose, Supporter, WallBadge

WALL_WORDING = consents.WORDINGS[Purpose.wall]
SMALL = 240  # pixels, each side of a badge on the wall
QUALITY = 85  # of its JPEG: 8 to 15 kB
LONGEST_NAME = 40  # characters


def small(badge: bytes) -> bytes:
    """A square badge as the wall shows it: a JPEG of SMALL x SMALL pixels without metadata. Takes some milliseconds."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(badge)) as picture:
        picture.convert("RGB").resize((SMALL, SMALL), Image.Resampling.LANCZOS).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def shown_name(first_name: str) -> str:
    """A first name as it stands on the wall: one line, and short enough to show."""
    return " ".join(first_name.split())[:LONGEST_NAME]


async def put_up(
    session: AsyncSession,
    campaign: Campaign,
    *,
    first_name: str,
    picture: bytes,
    territory_id: int | None,
    supporter: Supporter | None,
    language: str,
    now: datetime,
) -> WallBadge:
    """Show a badge, `picture` as `small` makes it, under a first name and a section; the yes to that is written with it.

    A supporter has one place on the wall: a new badge takes that of the earlier one. Somebody without the bot gets
    another row each time, and takes it down by the secret link of its token.
    """
    if supporter is not None:
        await consents.record(session, supporter, campaign.id, {Purpose.wall}, now, among={Purpose.wall})
        await take_down_of(session, supporter.id, campaign.id)
    badge = WallBadge(
        campaign_id=campaign.id,
        supporter_id=supporter.id if supporter else None,
        territory_id=territory_id,
        first_name=shown_name(first_name),
        picture=picture,
        token=secrets.token_urlsafe(16),
        wording=WALL_WORDING,
        language=language,
        shown_at=now,
    )
    session.add(badge)
    await session.flush()
    return badge


async def take_down(session: AsyncSession, token: str, now: datetime) -> bool:
    """Take a badge down by its secret link; whether it was there. The yes of the person is taken back with it."""
    badge = await session.scalar(select(WallBadge).where(col(WallBadge.token) == token))
    if badge is None:
        return False
    supporter = await session.get(Supporter, badge.supporter_id) if badge.supporter_id else None
    if supporter is not None:
        await consents.record(session, supporter, badge.campaign_id, (), now, among={Purpose.wall})
    await session.delete(badge)
    return True


async def take_down_of(session: AsyncSession, supporter_id: int, campaign_id: int) -> None:
    """Take a supporter's badge down, if there is one; for when their consent ends."""
    await session.execute(
        delete(WallBadge).where(col(WallBadge.supporter_id) == supporter_id, col(WallBadge.campaign_id) == campaign_id)
    )


async def wall(session: AsyncSession, campaign_id: int, *, limit: int, offset: int = 0) -> list[WallBadge]:
    """A page of a campaign's wall, the newest badge first."""
    query = (
        select(WallBadge)
        .where(col(WallBadge.campaign_id) == campaign_id)
        .order_by(col(WallBadge.shown_at).desc(), col(WallBadge.id).desc())
    )
    return list(await session.scalars(query.limit(limit).offset(offset)))


async def wall_size(session: AsyncSession, campaign_id: int) -> int:
    """How many badges stand on a campaign's wall."""
    query = select(func.count()).select_from(WallBadge).where(col(WallBadge.campaign_id) == campaign_id)
    return await session.scalar(query) or 0
