"""What changed in a post since it was last approved: kept at the last yes, compared word by word.

What a post says is a plain mapping of names to texts, so that an older one can still be read when there are more names:
"title", "text", "link", "moment" (on the wall clock of the zone behind it), "text.x" for the version of a network,
"wording.1", "channels" (one a line), "picture.1" (what it shows).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import ApprovedText, Channel, Media, Post, PostVersion, Publication, Wording
from campaigns.times import zone

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
LONGEST = 20_000  # letters of a text that is compared word by word; a longer one is compared as a whole


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words; `changed`: it stands on this side alone."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a post, before and now; the same where nothing changed."""

    name: str
    before: tuple[Piece, ...]
    now: tuple[Piece, ...]

    @property
    def differs(self) -> bool:
        return any(piece.changed for piece in (*self.before, *self.now))


async def said_by(session: AsyncSession, post: Post) -> dict[str, str]:
    """What a post says now."""
    said = {"title": post.title, "text": post.text, "link": post.link or ""}
    at = post.publish_at.astimezone(zone(post.timezone)) if post.publish_at else None
    said["moment"] = f"{at:%Y-%m-%d %H:%M} {post.timezone}" if at else ""
    versions = select(PostVersion).where(col(PostVersion.post_id) == post.id).order_by(col(PostVersion.network))
    said |= {f"text.{version.network}": version.text for version in await session.scalars(versions)}
    wordings = select(Wording).where(col(Wording.post_id) == post.id).order_by(col(Wording.position))
    said |= {f"wording.{wording.position}": wording.text for wording in await session.scalars(wordings)}
    channels = (
        select(Channel.name)
        .join(Publication, col(Publication.channel_id) == col(Channel.id))
        .where(col(Publication.post_id) == post.id)
        .order_by(col(Channel.name))
    )
    said["channels"] = "\n".join(await session.scalars(channels))
    pictures = select(Media).where(col(Media.post_id) == post.id).order_by(col(Media.position))
    said |= {f"picture.{n}": each.alt or each.file for n, each in enumerate(await session.scalars(pictures), 1)}
    return said


async def keep(session: AsyncSession, post: Post, now: datetime) -> None:
    """Remember what was approved, in place of what was approved before."""
    said = await said_by(session, post)
    kept = await session.get(ApprovedText, post.id)
    if kept is None:
        session.add(ApprovedText(post_id=post.id, approved_at=now, said=said))
    else:
        kept.approved_at, kept.said = now, said


async def since_approval(
    session: AsyncSession, posts: Sequence[Post]
) -> dict[int, tuple[ApprovedText | None, list[Change]]]:
    """Of each post: what was approved, if anything was, and each of its parts beside that."""
    query = select(ApprovedText).where(col(ApprovedText.post_id).in_([post.id for post in posts]))
    kept = {row.post_id: row for row in await session.scalars(query)}
    found: dict[int, tuple[ApprovedText | None, list[Change]]] = {}
    for post in posts:
        before = kept.get(post.id)
        found[post.id] = before, list(compare(before.said if before else {}, await said_by(session, post)))
    return found


def compare(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    """Each part that says something on either side, in the order of what is said now."""
    for name in dict.fromkeys((*now, *before)):
        old, new = before.get(name, ""), now.get(name, "")
        if old or new:
            yield Change(name, *_pieces(old, new))


def _pieces(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    if max(len(old), len(new)) > LONGEST:
        return (Piece(old, old != new),), (Piece(new, old != new),)
    mine, theirs = _TOKEN.findall(old), _TOKEN.findall(new)
    before, after = [], []
    for kind, a, b, c, d in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        before.append(Piece("".join(mine[a:b]), kind != "equal"))
        after.append(Piece("".join(theirs[c:d]), kind != "equal"))
    return tuple(p for p in before if p.text), tuple(p for p in after if p.text)
