"""A campaign's frames, drawn in its colours and with its slogan, and what is said where a badge cannot be made."""

from badges import HASHTAG_LIMIT, SLOGAN_LIMIT, BadgeError, Frame, Palette, draw_frame
from badges.errors import SENTENCES
from campaigns.models import Campaign
from campaigns.stamp import stamp_of
from campaigns.words import Words


def frame_of(campaign: Campaign, design: str, section: str = "") -> Frame:
    """The frame of that design, with the name of a section where it shows one.

    FrameRefused where its colours cannot be read or its sponsor's line is too long.
    """
    palette = Palette(campaign.primary_colour, campaign.secondary_colour, campaign.text_colour)
    hashtag = f"#{campaign.hashtag}"[:HASHTAG_LIMIT] if campaign.hashtag else ""
    slogan = (campaign.slogan or campaign.name)[:SLOGAN_LIMIT]
    return draw_frame(design, palette, slogan, hashtag, stamp_of(campaign), section)


def badge_sentence(words: Words, error: BadgeError) -> str:
    """What was wrong with the photo or the name, in the person's language."""
    return words(SENTENCES[error.code], **error.values)
