"""A file of posts as it is handed in over the web: a CSV, or a ZIP of one CSV with its pictures beside it; and the way back."""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.media_stores import MediaAway, MediaHome, opened
from campaigns.models import Campaign, Channel, Post, PostState
from campaigns.post_export import ExportedPost, ExportRefused, to_csv, to_json
from campaigns.post_files import FileRefused, ReadPosts, read_posts
from campaigns.posts import NewPost
from campaigns.stamp import stamp_of
from campaigns.times import to_utc
from campaigns.zips import ZIP, ZipTooLarge, ZipUnread, is_hidden, stays_inside, unzipped

LARGEST_PACKAGE = 50_000_000  # bytes as it is sent
MOST_UNPACKED = 100_000_000  # bytes of the CSV and the pictures, which are held in memory while they are looked at
MOST_FILES = 1_000
MOST_POSTS = 2_000  # of one file: more would keep the store from others for too long
FOLDER = "posts-pictures"  # in a package that we write
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def read_package(name: str, data: bytes, campaign: Campaign, channels: Sequence[Channel], now: datetime) -> ReadPosts:
    """The posts of a CSV or a ZIP. Takes seconds: call it in a thread.

    Raises FileRefused, which names the file as its owner does.
    """
    with TemporaryDirectory() as place:
        folder = Path(place)
        try:
            file = _unpacked(name, data, folder) if data.startswith(ZIP) else _written(folder / "posts.csv", data)
            return read_posts(file, channels, campaign.timezone, now, stamp_of(campaign), most=MOST_POSTS)
        except FileRefused as refused:
            said = str(refused).replace(f"{folder}/", "")
            raise FileRefused(said if data.startswith(ZIP) else said.replace("posts.csv", name, 1)) from None


async def count_known(session: AsyncSession, campaign_id: int, posts: Sequence[NewPost]) -> int:
    """How many of them stand in the campaign already, at the same moment: a file that is sent a second time."""
    query = select(Post.title, Post.text, Post.publish_at).where(
        col(Post.campaign_id) == campaign_id,
        col(Post.state) != PostState.cancelled,
        col(Post.title).in_({post.title.strip() for post in posts}),
    )
    known = {tuple(row) for row in await session.execute(query)}
    said = {row[:2] for row in known}
    return sum(
        (post.title.strip(), post.text.strip(), to_utc(post.publish_at, post.timezone)) in known
        if post.publish_at
        else (post.title.strip(), post.text.strip()) in said  # its moment is the next free slot
        for post in posts
    )


def write_package(
    file: BinaryIO, posts: Sequence[ExportedPost], campaign: Campaign, now: datetime, media_dir: MediaHome
) -> None:
    """A ZIP of posts.csv, posts.json and the pictures that they name. Call it in a thread; raises ExportRefused."""
    store = opened(media_dir)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("posts.csv", to_csv(posts, FOLDER))
        archive.writestr("posts.json", to_json(posts, campaign, now, FOLDER))
        for picture in sorted({medium.file for one in posts for medium in one.pictures}):
            try:
                content = store.load(picture)
            except MediaAway as away:
                raise ExportRefused(str(away)) from None
            except OSError as error:
                raise ExportRefused(f"picture {picture} cannot be read: {error.strerror}") from None
            archive.writestr(f"{FOLDER}/{picture}", content, zipfile.ZIP_STORED)  # a JPEG does not become smaller


def _written(file: Path, data: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def _unpacked(name: str, data: bytes, folder: Path) -> Path:
    """Where the CSV of a zip lies, with the pictures as they lay around it; no name in it leads out of the folder."""
    try:
        with unzipped(io.BytesIO(data), MOST_UNPACKED) as package:
            tables = [path for path in package.files if path.suffix.lower() == ".csv" and not is_hidden(path)]
            if len(tables) != 1:
                raise FileRefused(f"{name} holds {len(tables)} CSV files; pack one, with its pictures beside it")
            home = tables[0].parent
            wanted = [path for path in package.files if path == tables[0] or _is_picture(path, home)]
            if len(wanted) > MOST_FILES:
                raise FileRefused(f"{name} holds more than {MOST_FILES} files; split it")
            for path in wanted:
                _written(folder / path.relative_to(home), package.read(path))
    except ZipTooLarge:
        raise FileRefused(f"{name} is too large: unpacked it weighs more than {MOST_UNPACKED // 1_000_000} MB; split it") from None  # fmt: skip
    except (ZipUnread, OSError) as error:
        raise FileRefused(f"{name} cannot be unpacked ({error}); pack it once more, without a password") from None
    return folder / tables[0].name


def _is_picture(path: PurePosixPath, home: PurePosixPath) -> bool:
    inside = path.is_relative_to(home) and stays_inside(path)
    return inside and not is_hidden(path) and path.suffix.lower() in PICTURES
