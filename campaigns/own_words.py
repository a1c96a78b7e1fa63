"""What a supporter writes themselves instead of the campaign's text: kept for their card of that post, and counted.

The lengths come from networks.limits, which also decides what the campaign's own posts may be.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.dialects import insert
from campaigns.models import OwnWording, Post, Supporter
from networks.limits import BLUESKY_BYTES, LIMITS, count, too_long

OWN = -1  # the number of this wording; the campaign's own count from 0


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text and its link are on one network, and how long they may be: characters by its own rule, or bytes."""

    network: str
    used: int
    most: int
    in_bytes: bool = False

    @property
    def fits(self) -> bool:
        return self.used <= self.most


def lengths(text: str, link: str) -> tuple[Length, ...]:
    """The length of a text with its link on each network that sets a limit."""
    whole = f"{text}\n\n{link}"
    found = {network: Length(network, count(network, whole), LIMITS[network].characters) for network in LIMITS}
    if found["bluesky"].fits and too_long("bluesky", whole):
        found["bluesky"] = Length("bluesky", len(whole.encode()), BLUESKY_BYTES, in_bytes=True)
    return tuple(found.values())


def number_of(text: str | None) -> int:
    """The wording that stands behind a button or in an address; what was written there by hand is the first."""
    if text == "own":
        return OWN
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def name_of(wording: int) -> str:
    """What `number_of` reads."""
    return "own" if wording == OWN else str(wording)


async def keep(session: AsyncSession, supporter: Supporter, post: Post, text: str, now: datetime) -> None:
    """Keep these words for this person's card of that post; earlier ones go."""
    statement = insert(OwnWording.__table__).values(  # type: ignore[attr-defined]
        supporter_id=supporter.id, post_id=post.id, text=text, written_at=now
    )
    new = {"text": statement.excluded.text, "written_at": statement.excluded.written_at}
    await session.execute(statement.on_conflict_do_update(index_elements=["post_id", "supporter_id"], set_=new))


async def words_of(session: AsyncSession, supporter_id: int | None, post_id: int) -> str | None:
    """What this person wrote for that post, if they did."""
    query = select(OwnWording.text).where(
        col(OwnWording.post_id) == post_id, col(OwnWording.supporter_id) == supporter_id
    )
    return None if supporter_id is None else await session.scalar(query)
