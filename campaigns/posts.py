"""Writing a post: what is checked before anything is queued, and the rows that it becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import media
from campaigns.media import NewPicture, PictureRefused
from campaigns.models import Channel, Media, Post, PostState, PostVersion, Publication, PublicationState, Wording
from campaigns.times import TimeProblem, to_utc, zone
from networks.base import OutgoingPost
from networks.limits import EMPTY, LIMITS, PictureFacts, count, problems

NOT_OUT = (PublicationState.queued, PublicationState.held, PublicationState.missed)
LONGEST_TITLE = 200  # characters
OWN_LINK = "x" * 80  # stands for a supporter's own link: a domain of 50 characters and its token


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a post: the field, and a sentence with the limit and the measured value."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post as somebody wrote it; `publish_at` is on the wall clock of `timezone`, None for a draft."""

    title: str
    text: str
    link: str | None = None
    publish_at: datetime | None = None
    timezone: str = "Europe/Paris"
    channels: tuple[Channel, ...] = ()
    share_kit: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)  # network -> text
    wordings: tuple[str, ...] = ()
    pictures: tuple[NewPicture, ...] = ()
    territory_id: int | None = None


class PostRefused(ValueError):
    """The post has problems; nothing was queued."""

    def __init__(self, found: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, found)))
        self.problems = tuple(found)


def check_post(post: NewPost, now: datetime) -> list[Problem]:
    """Everything that is wrong with a post, found before anything is queued."""
    found = []
    if not post.title.strip():
        found.append(Problem("title", "is empty: give the post a title"))
    elif len(post.title) > LONGEST_TITLE:
        found.append(Problem("title", f"has {len(post.title)} characters, at most {LONGEST_TITLE}"))
    if not post.text.strip():
        found.append(Problem("text", "is empty: write what is to be said"))
    if not post.channels and not post.share_kit:
        found.append(Problem("channels", "names no channel, and there is no share kit: the post would go nowhere"))
    found += _check_link(post.link)
    found += _check_moment(post, now)
    facts, refused = _look_at(post.pictures)
    return found + refused + _check_limits(post, facts)


def is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
        return (
            parts.scheme in ("http", "https") and "." in (parts.hostname or "") and not any(c.isspace() for c in link)
        )
    except ValueError:
        return False


def _check_link(link: str | None) -> list[Problem]:
    if not link or is_web_address(link):
        return []
    return [Problem("link", f"“{link}” is not a web address: it must begin with https:// and hold no space")]


def _check_moment(post: NewPost, now: datetime) -> list[Problem]:
    try:
        zone(post.timezone)
    except TimeProblem as problem:
        return [Problem("timezone", str(problem))]
    if post.publish_at is None:
        return []
    try:
        moment = to_utc(post.publish_at, post.timezone)
    except TimeProblem as problem:
        return [Problem("publish_at", str(problem))]
    if moment < now:
        return [Problem("publish_at", f"{post.publish_at:%Y-%m-%d %H:%M} ({post.timezone}) is in the past")]
    return []


def _look_at(pictures: Sequence[NewPicture]) -> tuple[tuple[PictureFacts, ...], list[Problem]]:
    facts, refused = [], []
    for picture in pictures:
        try:
            facts.append(picture.facts())
        except PictureRefused as error:
            refused.append(Problem("image", str(error)))
    return tuple(facts), refused


def _check_limits(post: NewPost, facts: tuple[PictureFacts, ...]) -> list[Problem]:
    found = []
    networks = [channel.network for channel in post.channels]
    if post.share_kit:
        found += _check_card(post, facts if "telegram" not in networks else ())
    for network in dict.fromkeys(networks):
        version = post.versions.get(network, "").strip()
        outgoing = OutgoingPost("", version or post.text.strip(), post.link)
        found += [
            Problem(_field_of(message, f"text.{network}" if version else "text"), message)
            for message in problems(network, outgoing, facts)
            if message != EMPTY  # an empty text is named once, above
        ]
    return found


def _check_card(post: NewPost, facts: tuple[PictureFacts, ...]) -> list[Problem]:
    """A share kit is a message of Telegram: title, text and the supporter's own link, behind the first picture."""
    found = [Problem("image", message) for message in problems("telegram", OutgoingPost("", "…"), facts[:1])]
    for name, text in [("text", post.text), *((f"wording.{i}", w) for i, w in enumerate(post.wordings, 1))]:
        length = count("telegram", f"{post.title}\n\n{text}\n\n{OWN_LINK}")
        if length > LIMITS["telegram"].characters:
            most = LIMITS["telegram"].characters
            found.append(
                Problem(name, f"a share kit takes {most} characters with title and link, this has {length}: shorten it")
            )
    return found


def _field_of(message: str, text_field: str) -> str:
    """The field that a message of networks.limits is about, by its first word."""
    return {"picture": "image", "pictures:": "image", "description": "alt"}.get(message.split(" ", 1)[0], text_field)


async def add_post(
    session: AsyncSession,
    campaign_id: int,
    post: NewPost,
    *,
    media_dir: Path,
    now: datetime,
    author_id: int | None = None,
) -> Post:
    """Check and store a post with its publications, one a channel; raises PostRefused and then changes nothing."""
    found = check_post(post, now)
    found += [
        Problem("channels", f"“{channel.name}” belongs to another campaign")
        for channel in post.channels
        if channel.campaign_id != campaign_id
    ]
    if found:
        raise PostRefused(found)
    due_at = None if post.publish_at is None else to_utc(post.publish_at, post.timezone)
    row = Post(
        campaign_id=campaign_id,
        territory_id=post.territory_id,
        author_id=author_id,
        title=post.title.strip(),
        text=post.text.strip(),
        link=post.link or None,
        state=PostState.draft if due_at is None else PostState.scheduled,
        publish_at=due_at,
        timezone=post.timezone,
        share_kit=post.share_kit,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    session.add_all(
        PostVersion(post_id=row.id, network=network, text=text.strip())
        for network, text in post.versions.items()
        if text.strip()
    )
    session.add_all(
        Wording(post_id=row.id, position=i, text=text.strip())
        for i, text in enumerate(post.wordings, 1)
        if text.strip()
    )
    session.add_all(media.store(media_dir, row.id, i, picture) for i, picture in enumerate(post.pictures))
    session.add_all(Publication(post_id=row.id, channel_id=channel.id, due_at=due_at) for channel in post.channels)
    await session.flush()
    return row


async def cancel_post(session: AsyncSession, campaign_id: int, post_id: int) -> None:
    """Take a post back: what is queued never goes out, what is out stays; does nothing for another campaign's post."""
    post = await find_post(session, campaign_id, post_id)
    if post is None:
        return
    post.state = PostState.cancelled
    await session.execute(
        update(Publication)
        .where(col(Publication.post_id) == post.id, col(Publication.state).in_(NOT_OUT))
        .values(state=PublicationState.cancelled)
    )


async def find_post(session: AsyncSession, campaign_id: int, post_id: int) -> Post | None:
    return await session.scalar(select(Post).where(col(Post.id) == post_id, col(Post.campaign_id) == campaign_id))


async def posts_of(session: AsyncSession, campaign_id: int, *, limit: int = 200) -> Sequence[Post]:
    """A campaign's posts, the latest moment first; drafts stand at the top."""
    query = select(Post).where(col(Post.campaign_id) == campaign_id)
    return (
        await session.scalars(
            query.order_by(col(Post.publish_at).desc().nulls_first(), col(Post.id).desc()).limit(limit)
        )
    ).all()


async def posts_to_share(session: AsyncSession, campaign_id: int, now: datetime, *, limit: int = 10) -> Sequence[Post]:
    """The posts whose share kit is open now, the newest first."""
    query = select(Post).where(
        col(Post.campaign_id) == campaign_id,
        col(Post.share_kit),
        col(Post.state) == PostState.scheduled,
        col(Post.publish_at) <= now,
    )
    return (await session.scalars(query.order_by(col(Post.publish_at).desc(), col(Post.id).desc()).limit(limit))).all()


async def pictures_of(session: AsyncSession, post_id: int) -> Sequence[Media]:
    return (
        await session.scalars(select(Media).where(col(Media.post_id) == post_id).order_by(col(Media.position)))
    ).all()


async def publications_of(
    session: AsyncSession, post_ids: Sequence[int]
) -> dict[int, list[tuple[Publication, Channel]]]:
    """Each post's publications with their channels."""
    found: dict[int, list[tuple[Publication, Channel]]] = {post_id: [] for post_id in post_ids}
    rows = await session.execute(
        select(Publication, Channel)
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .where(col(Publication.post_id).in_(post_ids))
        .order_by(col(Publication.id))
    )
    for publication, channel in rows.all():
        found[publication.post_id].append((publication, channel))
    return found


def local_moment(post: Post) -> datetime | None:
    """When a post goes out, on the wall clock of the zone in which that was meant."""
    return post.publish_at.astimezone(zone(post.timezone)) if post.publish_at else None
