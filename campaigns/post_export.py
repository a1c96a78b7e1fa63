"""A campaign's posts with what became of them, as CSV and as JSON, to be read by others and by the import.

Both give the same posts again. The CSV holds what the import takes, the posts that have a moment, and beside them columns
that the import passes over: `state.<channel>` and `address.<channel>`. The JSON holds every post, with the whole of its
publications; `campaigns.post_documents` is its schema and reads it.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.media_stores import MediaAway, MediaHome, opened
from campaigns.models import Campaign, Channel, Media, Post, PostState, PostVersion, Publication, Territory, Wording
from campaigns.post_documents import Document, PictureEntry, PostEntry, PublicationEntry
from campaigns.post_files import COLUMNS
from campaigns.posts import publications_of
from campaigns.times import to_utc, zone


class ExportRefused(ValueError):
    """The posts cannot be written there; the message says why."""


@dataclass(frozen=True, slots=True)
class ExportedPost:
    """A post with all that belongs to it."""

    post: Post
    versions: dict[str, str]
    wordings: tuple[str, ...]
    pictures: tuple[Media, ...]
    publications: tuple[tuple[Publication, Channel], ...]
    territory: str | None


async def gather(
    session: AsyncSession, campaign: Campaign, start: datetime | None = None, end: datetime | None = None
) -> list[ExportedPost]:
    """A campaign's posts in the order of their moments; drafts without one come last, and only where no bounds are set."""
    bounds = [col(Post.campaign_id) == campaign.id]
    if start is not None:
        bounds.append(col(Post.publish_at) >= start)
    if end is not None:
        bounds.append(col(Post.publish_at) < end)
    query = select(Post).where(*bounds)
    posts = (await session.scalars(query.order_by(col(Post.publish_at).asc().nulls_last(), col(Post.id)))).all()
    mine = select(Post.id).where(*bounds)
    versions: dict[int, dict[str, str]] = defaultdict(dict)
    for version in await session.scalars(select(PostVersion).where(col(PostVersion.post_id).in_(mine))):
        versions[version.post_id][version.network] = version.text
    wordings: dict[int, list[str]] = defaultdict(list)
    for wording in await session.scalars(
        select(Wording).where(col(Wording.post_id).in_(mine)).order_by(col(Wording.position))
    ):
        wordings[wording.post_id].append(wording.text)
    pictures: dict[int, list[Media]] = defaultdict(list)
    for medium in await session.scalars(
        select(Media).where(col(Media.post_id).in_(mine)).order_by(col(Media.position))
    ):
        pictures[medium.post_id].append(medium)
    territories = {
        row.id: row.name
        for row in await session.scalars(select(Territory).where(col(Territory.campaign_id) == campaign.id))
    }
    where = await publications_of(session, [post.id for post in posts])
    return [
        ExportedPost(
            post,
            versions[post.id],
            tuple(wordings[post.id]),
            tuple(pictures[post.id]),
            tuple(where[post.id]),
            territories.get(post.territory_id or 0),
        )
        for post in posts
    ]


def local_text(at: datetime, zone_name: str) -> str:
    """A moment on its zone's wall clock, as the import reads it.

    Of the hour that comes twice the import takes the first: the second is written with its offset.
    """
    local = at.astimezone(zone(zone_name))
    bare = local.replace(tzinfo=None)
    whole = "minutes" if not (bare.second or bare.microsecond) else "auto"
    return (bare if to_utc(bare, zone_name) == at else local).isoformat(" ", timespec=whole)


def in_csv(posts: Sequence[ExportedPost]) -> list[ExportedPost]:
    """Those that a CSV can say.

    A draft has no moment; a post taken back would come to life again in the import; an occurrence would go out beside
    the one that its series writes.
    """
    return [
        one
        for one in posts
        if one.post.publish_at is not None and one.post.state is not PostState.cancelled and one.post.series_id is None
    ]


def to_csv(posts: Sequence[ExportedPost], picture_folder: str = "") -> str:
    """The import's columns and the state's, UTF-8 with BOM and CRLF as spreadsheets want it."""
    posts = in_csv(posts)
    networks = sorted({network for one in posts for network in one.versions})
    most = max((len(one.wordings) for one in posts), default=0)
    names = list(dict.fromkeys(channel.name for one in posts for _, channel in one.publications))
    header = [
        *COLUMNS,
        *(f"text.{network}" for network in networks),
        *(f"wording.{i}" for i in range(1, most + 1)),
        *(f"{what}.{name}" for name in names for what in ("state", "address")),
    ]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, restval="")
    writer.writeheader()
    for one in posts:
        writer.writerow(_csv_row(one, picture_folder))
    return "\ufeff" + out.getvalue()


def _csv_row(one: ExportedPost, picture_folder: str) -> dict[str, str]:
    post, publish_at = one.post, one.post.publish_at
    # "|" stands between the names and the descriptions of a cell.
    barred = next((channel.name for _, channel in one.publications if "|" in channel.name), None)
    if barred:
        raise ExportRefused(f"channel “{barred}” has a “|” in its name, which a CSV cannot hold; export a .json")
    return {
        "title": post.title,
        "text": post.text,
        "link": post.link or "",
        "image": "|".join(_beside(picture_folder, medium) for medium in one.pictures),
        "alt": "|".join(medium.alt.replace("|", "¦") for medium in one.pictures) if _described(one.pictures) else "",
        "publish_at": local_text(publish_at, post.timezone) if publish_at else "",
        "timezone": post.timezone,
        "channels": "|".join(channel.name for _, channel in one.publications),
        "share_kit": "oui" if post.share_kit else "non",
        "late_policy": post.late_policy.value,
        "grace": str(post.grace),
        "recurrence": post.recurrence or "",
        "until": local_text(post.recurs_until, post.timezone) if post.recurs_until else "",
        "repeat_after": str(post.repeat_after) if post.recurrence else "",
        **{f"text.{network}": text for network, text in one.versions.items()},
        **{f"wording.{i}": text for i, text in enumerate(one.wordings, 1)},
        **{f"state.{channel.name}": publication.state.value for publication, channel in one.publications},
        **{f"address.{channel.name}": publication.url or "" for publication, channel in one.publications},
    }


def to_json(posts: Sequence[ExportedPost], campaign: Campaign, now: datetime, picture_folder: str = "") -> str:
    """Every post with versions, wordings, pictures and publications; see post_documents.Document."""
    document = Document(campaign=campaign.slug, exported_at=now, posts=[_entry(one, picture_folder) for one in posts])
    return document.model_dump_json(indent=1) + "\n"


def _entry(one: ExportedPost, picture_folder: str) -> PostEntry:
    post = one.post
    return PostEntry(
        id=post.id,
        title=post.title,
        text=post.text,
        link=post.link,
        state=post.state,
        publish_at=None if post.publish_at is None else local_text(post.publish_at, post.timezone),
        timezone=post.timezone,
        territory=one.territory,
        share_kit=post.share_kit,
        late_policy=post.late_policy,
        grace=post.grace,
        recurrence=post.recurrence,
        recurs_until=post.recurs_until,
        repeat_after=post.repeat_after,
        series=post.series_id,
        versions=one.versions,
        wordings=list(one.wordings),
        pictures=[PictureEntry(file=_beside(picture_folder, medium), alt=medium.alt) for medium in one.pictures],
        publications=[
            PublicationEntry(
                channel=channel.name,
                network=channel.network,
                state=publication.state,
                due=publication.due_at,
                sent=publication.sent_at,
                address=publication.url,
                reason=publication.reason,
                cost=publication.cost,
            )
            for publication, channel in one.publications
        ],
    )


def write_pictures(posts: Sequence[ExportedPost], media_dir: MediaHome, folder: Path) -> None:
    """Copy the posts' pictures beside the file that names them; raises ExportRefused."""
    store, files = opened(media_dir), sorted({medium.file for one in posts for medium in one.pictures})
    try:
        if files:
            folder.mkdir(parents=True, exist_ok=True)
        for name in files:
            (folder / name).write_bytes(store.load(name))
    except MediaAway as away:
        raise ExportRefused(str(away)) from None
    except OSError as error:
        raise ExportRefused(f"picture {error.filename} cannot be copied: {error.strerror}") from None


def _beside(folder: str, medium: Media) -> str:
    return f"{folder}/{medium.file}" if folder else medium.file


def _described(pictures: Sequence[Media]) -> bool:
    return any(medium.alt for medium in pictures)
