"""A campaign's frames, drawn in its colours and with its slogan, and what is said where a badge cannot be made."""

import re
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from badges import DESIGNS, HASHTAG_LIMIT, SLOGAN_LIMIT, BadgeError, Frame, Palette, draw_frame, open_frame
from badges.errors import SENTENCES
from campaigns import installation, models
from campaigns.mirrors import FramesHome, near
from campaigns.models import Campaign
from campaigns.sentences import within
from campaigns.stamp import stamp_of
from campaigns.words import Words

KEY = re.compile(r"[a-z0-9][a-z0-9-]*")  # of a frame made by a designer: its folder's name, and part of addresses


async def frames_for(session: AsyncSession, campaign_id: int, territory_id: int | None) -> list[models.Frame]:
    """The frames in use that a supporter may choose from: the campaign's, and those of their territory and of those above.

    The nearest first: a section's, its federation's, then the campaign's in their order.
    """
    above = await installation.with_those_above(session, territory_id)
    allowed = or_(col(models.Frame.territory_id).is_(None), col(models.Frame.territory_id).in_(above))
    rows = await session.scalars(
        select(models.Frame)
        .where(col(models.Frame.campaign_id) == campaign_id, col(models.Frame.in_use), allowed)
        .order_by(col(models.Frame.position), col(models.Frame.id))
    )
    far = len(above)
    return sorted(rows, key=lambda row: above.index(row.territory_id) if row.territory_id is not None else far)


def frame_of(campaign: Campaign, design: str, section: str = "", *, frames_dir: FramesHome | None = None) -> Frame:
    """The frame of that design, with the name of a section where it shows one.

    `frames_dir` holds the frames made by designers, those of a campaign in a folder of its slug (`frame_path`).
    FrameRefused where there is no such design, its colours cannot be read or its sponsor's line has no room.
    """
    made = frame_path(frames_dir, campaign, design) if frames_dir and design not in DESIGNS else None
    return frame_at(campaign, made, section) if made else draw_frame(design, *_dress(campaign, section))


def frame_at(campaign: Campaign, path: Path, section: str = "") -> Frame:
    """The frame that a designer made and that lies there, in the campaign's colours and words; raises FrameRefused."""
    return open_frame(path, *_dress(campaign, section))


def _dress(campaign: Campaign, section: str) -> tuple[Palette, str, str, str, str]:
    palette = Palette(campaign.primary_colour, campaign.secondary_colour, campaign.text_colour)
    hashtag = f"#{campaign.hashtag}"[:HASHTAG_LIMIT] if campaign.hashtag else ""
    slogan = (campaign.slogan or campaign.name)[:SLOGAN_LIMIT]
    return palette, slogan, hashtag, stamp_of(campaign), section


def frame_path(frames_dir: FramesHome, campaign: Campaign, design: str) -> Path | None:
    """Where a frame made by a designer lies: its folder, or its lone PNG; None where there is neither."""
    if not KEY.fullmatch(design):
        return None
    folder = near(frames_dir, campaign.slug) / campaign.slug / design
    if folder.is_dir():
        return folder
    picture = folder.with_name(f"{design}.png")
    return picture if picture.is_file() else None


def badge_sentence(words: Words, error: BadgeError) -> str:
    """What was wrong with the photo, the name or the frame, in the person's language."""
    values = {name: within(words, value) if isinstance(value, str) else value for name, value in error.values.items()}
    return words(SENTENCES[error.code], **values)
