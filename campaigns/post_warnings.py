"""What somebody should know of a post before it goes out, although nothing forbids it."""

from datetime import datetime, timedelta
from difflib import SequenceMatcher

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Post, PostState
from campaigns.post_checks import NewPost
from campaigns.words import Words
from networks.threads import whole

ALIKE = 0.85  # of a text's letters in the same order: X refuses an account the same text twice
LOOK_BACK = timedelta(days=30)
COMPARED = 100  # posts, the latest


async def near_duplicate(
    session: AsyncSession, campaign_id: int, text: str, now: datetime, *, instead_of: int = 0
) -> Post | None:
    """A post of the last month, or one to come, that says nearly the same."""
    said = _plain(text)
    if len(said) < 20:
        return None
    query = (
        select(Post)
        .where(col(Post.campaign_id) == campaign_id, col(Post.id) != instead_of)
        .where(col(Post.state) != PostState.cancelled, col(Post.created_at) > now - LOOK_BACK)
        .order_by(col(Post.id).desc())
        .limit(COMPARED)
    )
    return next((post for post in await session.scalars(query) if _alike(said, _plain(post.text))), None)


def _plain(text: str) -> str:
    return " ".join(whole(text).casefold().split())


def _alike(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def advice(words: Words, post: NewPost) -> list[str]:
    """Sentences on links and pictures."""
    found = []
    for channel in post.channels:
        if channel.price_link > channel.price_post and (post.link or "://" in post.text_for(channel.network)):
            plain, linked = words.dollars(channel.price_post), words.dollars(channel.price_link)
            found.append(
                words(
                    "{channel}: a post with a link costs {linked}, without it {plain}.",
                    channel=channel.name,
                    linked=linked,
                    plain=plain,
                )
            )
    if any(not picture.alt.strip() for picture in post.pictures):
        found.append(words("A picture has no description: who cannot see it learns nothing of it."))
    return found
