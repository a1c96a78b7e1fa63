"""A campaign's frames, drawn in its colours and with its slogan, and what is said where a badge cannot be made."""

from badges import HASHTAG_LIMIT, SLOGAN_LIMIT, BadgeError, Frame, Palette, draw_frame
from badges.errors import SENTENCES
from campaigns.models import Campaign
from campaigns.words import Words


def frame_of(campaign: Campaign, design: str) -> Frame:
    """The frame of that design; FrameRefused where the campaign's colours cannot be read."""
    palette = Palette(campaign.primary_colour, campaign.secondary_colour, campaign.text_colour)
    hashtag = f"#{campaign.hashtag}"[:HASHTAG_LIMIT] if campaign.hashtag else ""
    return draw_frame(design, palette, (campaign.slogan or campaign.name)[:SLOGAN_LIMIT], hashtag)


def badge_sentence(words: Words, error: BadgeError) -> str:
    """What was wrong with the photo or the name, in the person's language."""
    return words(SENTENCES[error.code], **error.values)
