"""A campaign's posts and publications page by page, the newest first.

A page begins behind a number and not at a place in a list: what is added meanwhile neither doubles nor hides a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Channel, Media, Post, PostState, PostVersion, Publication, PublicationState, Wording
from campaigns.posts import publications_of

S = PublicationState


@dataclass
class Whole:
    """A post with the rows that belong to it."""

    post: Post
    versions: dict[str, str] = field(default_factory=dict)  # network -> text
    wordings: list[str] = field(default_factory=list)
    pictures: list[Media] = field(default_factory=list)
    publications: list[tuple[Publication, Channel]] = field(default_factory=list)


async def posts_page(
    session: AsyncSession, campaign_id: int, *, before: int | None, limit: int, state: PostState | None = None
) -> list[Whole]:
    """At most `limit` posts that are older than the one of the number `before`."""
    query = select(Post).where(col(Post.campaign_id) == campaign_id)
    if before is not None:
        query = query.where(col(Post.id) < before)
    if state is not None:
        query = query.where(col(Post.state) == state)
    found = await session.scalars(query.order_by(col(Post.id).desc()).limit(limit))
    return await whole(session, found.all())


async def whole(session: AsyncSession, posts: Sequence[Post]) -> list[Whole]:
    """Posts with all that belongs to them, in a few queries however many they are."""
    found = {post.id: Whole(post) for post in posts}
    versions = select(PostVersion).where(col(PostVersion.post_id).in_(found))
    for version in await session.scalars(versions.order_by(col(PostVersion.id))):
        found[version.post_id].versions[version.network] = version.text
    wordings = select(Wording).where(col(Wording.post_id).in_(found))
    for wording in await session.scalars(wordings.order_by(col(Wording.position))):
        found[wording.post_id].wordings.append(wording.text)
    pictures = select(Media).where(col(Media.post_id).in_(found))
    for picture in await session.scalars(pictures.order_by(col(Media.position))):
        found[picture.post_id].pictures.append(picture)
    for post_id, publications in (await publications_of(session, list(found))).items():
        found[post_id].publications = publications
    return list(found.values())


async def publications_page(
    session: AsyncSession,
    campaign_id: int,
    *,
    before: int | None,
    limit: int,
    state: PublicationState | None = None,
    channel_id: int | None = None,
) -> Sequence[tuple[Publication, Channel]]:
    """At most `limit` publications that are older than the one of the number `before`."""
    query = (
        select(Publication, Channel)
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Post.campaign_id) == campaign_id)
    )
    if before is not None:
        query = query.where(col(Publication.id) < before)
    if state is not None:
        query = query.where(col(Publication.state) == state)
    if channel_id is not None:
        query = query.where(col(Publication.channel_id) == channel_id)
    rows = await session.execute(query.order_by(col(Publication.id).desc()).limit(limit))
    return [(publication, channel) for publication, channel in rows.all()]


async def find_publication(
    session: AsyncSession, campaign_id: int, publication_id: int
) -> tuple[Publication, Channel] | None:
    found = await publications_page(session, campaign_id, before=publication_id + 1, limit=1)
    return found[0] if found and found[0][0].id == publication_id else None


async def states_on(session: AsyncSession, channel_id: int) -> dict[PublicationState, int]:
    """How many publications of a channel are in which state."""
    rows = await session.execute(
        select(col(Publication.state), func.count())
        .where(col(Publication.channel_id) == channel_id)
        .group_by(col(Publication.state))
    )
    return dict.fromkeys(S, 0) | {row[0]: row[1] for row in rows}
