"""A post in the making, as an organizer's dialogue keeps it between two updates, so that a restart goes on with it.

It is the organizer's own messages, in their order: whoever edits one of them edits the draft. A picture is there as
Telegram's reference only, until the post is submitted.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from bot.sent_pictures import Piece, fetch
from bot.visit import Visit
from campaigns.from_messages import text_and_link, title_of
from campaigns.media import NewPicture
from campaigns.models import Campaign, Channel
from campaigns.posts import NewPost

WRITING, WAIT_MOMENT, WAIT_ALT = "post: writing", "post: moment", "post: description"
STEPS = (WRITING, WAIT_MOMENT, WAIT_ALT)
NOW, SLOT, KEPT = "now", "slot", "draft"  # beside a moment in ISO 8601 on the campaign's clock


@dataclass(frozen=True, slots=True)
class Draft:
    """What is there so far. `card` is the message that shows it; only its buttons count."""

    campaign: int
    pieces: tuple[Piece, ...] = ()
    channels: tuple[int, ...] = ()
    share_kit: bool = False
    when: str = NOW
    card: int = 0
    described: bool = False  # descriptions were asked for, and declined

    @property
    def text(self) -> str:
        return "\n\n".join(piece.text for piece in self.pieces if piece.text)

    @property
    def pictures(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.file]

    @property
    def undescribed(self) -> Piece | None:
        """The first picture without a description."""
        return next((piece for piece in self.pictures if not piece.alt), None)

    def changed(self, piece: Piece) -> "Draft":
        """With this piece in the place of the one of the same message."""
        return replace(self, pieces=tuple(piece if each.message == piece.message else each for each in self.pieces))


def draft_of(visit: Visit) -> Draft | None:
    kept: dict[str, Any] | None = visit.data.get("post")
    if kept is None:
        return None
    pieces = tuple(Piece(**piece) for piece in kept["pieces"])
    return Draft(**kept | {"pieces": pieces, "channels": tuple(kept["channels"])})


async def keep(visit: Visit, step: str, draft: Draft | None) -> None:
    """Write where the draft stands; None forgets it."""
    await visit.remember(step, post=asdict(draft) if draft else None)


async def new_post(visit: Visit, draft: Draft, campaign: Campaign, channels: list[Channel]) -> NewPost:
    """The post that the draft makes now, its pictures fetched."""
    text, link = text_and_link(draft.text)
    pictures = [
        NewPicture(str(number), await fetch(visit, piece), piece.alt) for number, piece in enumerate(draft.pictures, 1)
    ]
    moment = None
    if draft.when == NOW:
        moment = visit.house.clock()
    elif draft.when not in (SLOT, KEPT):
        moment = datetime.fromisoformat(draft.when)
    return NewPost(
        title=title_of(text),
        text=text,
        link=link,
        publish_at=moment,
        timezone=campaign.timezone,
        channels=tuple(channel for channel in channels if channel.id in draft.channels),
        share_kit=draft.share_kit,
        pictures=tuple(pictures),
        next_slot=draft.when == SLOT,
    )
