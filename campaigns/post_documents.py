"""Posts as a JSON document: its schema, and reading it back. Nothing is stored here but by `add_entry`.

`version` is that of the schema. What is added later is optional, so that older documents stay good; what would change
the meaning of a field is a new version, which an older program refuses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from campaigns.media import NewPicture
from campaigns.media_stores import MediaHome
from campaigns.models import Channel, LatePolicy, Post, PostState, Publication, PublicationState, Territory
from campaigns.post_checks import NewPost, Problem, check_post
from campaigns.post_files import LARGEST, FileRefused
from campaigns.posts import add_post, publications_of
from campaigns.times import TimeProblem, parse_local


class PictureEntry(BaseModel):
    """A picture lies beside the document, under this name."""

    file: str
    alt: str = ""


class PublicationEntry(BaseModel):
    """What became of a post on a channel. The import reads the channel alone: what is out is not sent again."""

    model_config = ConfigDict(extra="ignore")
    channel: str
    network: str = ""
    state: PublicationState = PublicationState.queued
    due: AwareDatetime | None = None
    sent: AwareDatetime | None = None
    address: str | None = None
    reason: str | None = None
    cost: int = 0  # thousandths of a dollar


class PostEntry(BaseModel):
    """A post as its author wrote it, with its publications."""

    model_config = ConfigDict(extra="ignore")
    id: int | None = None
    title: str
    text: str
    link: str | None = None
    state: PostState = PostState.scheduled
    publish_at: str | None = None  # on the wall clock of `timezone`, as in a CSV
    timezone: str = "Europe/Paris"
    territory: str | None = None
    share_kit: bool = False
    late_policy: LatePolicy = LatePolicy.send
    grace: int = Field(default=60, ge=0)  # minutes
    recurrence: str | None = None
    recurs_until: AwareDatetime | None = None
    repeat_after: int = Field(default=0, ge=0)  # days
    series: int | None = None  # the id of the first post of the series that this one repeats
    versions: dict[str, str] = {}
    wordings: list[str] = []
    pictures: list[PictureEntry] = []
    publications: list[PublicationEntry] = []


class Document(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="ignore")
    format: Literal["porte-voix posts"] = "porte-voix posts"
    version: Literal[1] = 1
    campaign: str = ""
    exported_at: AwareDatetime | None = None
    posts: list[PostEntry]


@dataclass(frozen=True, slots=True)
class BadEntry:
    """What is wrong with one post of a document; `number` counts from 1."""

    number: int
    title: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"post {self.number} (“{self.title}”), {self.field}: {self.message}"


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """The good posts, each with its entry, and everything that is wrong with the others."""

    posts: tuple[tuple[PostEntry, NewPost], ...]
    bad: tuple[BadEntry, ...]


def read_document(
    path: Path, channels: Sequence[Channel], territories: Sequence[Territory], now: datetime, stamp: str = ""
) -> ReadDocument:
    """Read and check a JSON document of posts; pictures lie beside it. Raises FileRefused."""
    document = _parse(path)
    by_name = {channel.name.casefold(): channel for channel in channels}
    places = {territory.name.casefold(): territory.id for territory in territories}
    good, bad = [], []
    for number, entry in enumerate(document.posts, 1):
        post, wrong = _new_post(entry, path.parent, by_name, places)
        unread = {problem.field for problem in wrong}  # nothing more can be said of these
        wrong += [problem for problem in check_post(post, now, stamp) if problem.field not in unread]
        if entry.state is PostState.cancelled:
            wrong = [problem for problem in wrong if "in the past" not in problem.message]
        bad += [BadEntry(number, entry.title, problem.field, problem.message) for problem in wrong]
        if not wrong:
            good.append((entry, post))
    return ReadDocument(tuple(good), tuple(bad))


def _parse(path: Path) -> Document:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise FileRefused(f"{path} has {len(data) / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} MB")
    try:
        return Document.model_validate_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        what = f"{where}: {first['msg']}" if where else first["msg"]
        raise FileRefused(
            f"{path} is not a document of posts that this version reads: {what}; `posts export FILE.json` writes one"
        ) from None


def _new_post(
    entry: PostEntry, folder: Path, channels: Mapping[str, Channel], territories: Mapping[str, int]
) -> tuple[NewPost, list[Problem]]:
    wrong: list[Problem] = []
    publish_at = None
    try:
        publish_at = parse_local(entry.publish_at) if entry.publish_at else None
    except TimeProblem as problem:
        wrong.append(Problem("publish_at", str(problem)))
    if entry.territory and entry.territory.casefold() not in territories:
        wrong.append(Problem("territory", f"territory “{entry.territory}” is unknown; run: territories add"))
    named = []
    for publication in entry.publications:
        channel = channels.get(publication.channel.casefold())
        if channel is None:
            wrong.append(Problem("channels", f"channel “{publication.channel}” is unknown; run: channels add"))
        else:
            named.append(channel)
    post = NewPost(
        title=entry.title,
        text=entry.text,
        link=entry.link,
        publish_at=publish_at,
        timezone=entry.timezone,
        channels=tuple(named),
        share_kit=entry.share_kit,
        versions=entry.versions,
        wordings=tuple(entry.wordings),
        pictures=_pictures(entry.pictures, folder, wrong),
        territory_id=territories.get((entry.territory or "").casefold()),
        late_policy=entry.late_policy,
        grace=entry.grace,
        recurrence=entry.recurrence,
        recurs_until=entry.recurs_until,
        repeat_after=entry.repeat_after,
    )
    return post, wrong


def _pictures(entries: Sequence[PictureEntry], folder: Path, wrong: list[Problem]) -> tuple[NewPicture, ...]:
    found = []
    for entry in entries:
        try:
            path = (folder / entry.file).resolve()
            if not path.is_relative_to(folder.resolve()):
                wrong.append(
                    Problem("pictures", f"{entry.file} lies outside the file's folder; copy it beside the JSON")
                )
                continue
            found.append(NewPicture(entry.file, path.read_bytes(), entry.alt))
        except OSError as error:
            wrong.append(Problem("pictures", f"{entry.file} cannot be read: {error.strerror}"))
        except ValueError:  # a NUL character
            wrong.append(Problem("pictures", f"“{entry.file}” is not the name of a file"))
    return tuple(found)


async def add_entries(
    session: AsyncSession,
    campaign_id: int,
    entries: Sequence[tuple[PostEntry, NewPost]],
    *,
    media_dir: MediaHome,
    now: datetime,
) -> list[Post]:
    """Store the posts of a document; what was no more than a draft, or was taken back, is so again."""
    added: list[Post] = []
    ids: dict[int | None, Post] = {}
    for entry, new in entries:
        post = await add_post(session, campaign_id, new, media_dir=media_dir, now=now)
        added.append(post)
        ids[entry.id] = post
        if entry.state in (PostState.draft, PostState.cancelled):
            post.state = entry.state
        if entry.state is PostState.cancelled:
            await session.execute(
                update(Publication)
                .where(col(Publication.post_id) == post.id)
                .values(state=PublicationState.cancelled)
                .execution_options(synchronize_session=False)
            )
    for post, (entry, _) in zip(added, entries, strict=True):
        await _keep_slots(session, post, entry)
        first = ids.get(entry.series) if entry.series is not None else None
        if first is not None:  # an occurrence stays one: the series would write it a second time
            post.series_id, post.occurrence_at = first.id, post.publish_at
    await session.flush()
    return added


async def _keep_slots(session: AsyncSession, post: Post, entry: PostEntry) -> None:
    """Where channels took slots of their own their moments differ; unless somebody moved the post in the file."""
    due = {publication.channel.casefold(): publication.due for publication in entry.publications}
    moments = [moment for moment in due.values() if moment is not None]
    if len(set(moments)) < 2 or min(moments) != post.publish_at:
        return
    for publication, channel in (await publications_of(session, [post.id]))[post.id]:
        publication.due_at = due.get(channel.name.casefold()) or publication.due_at
