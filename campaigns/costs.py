"""What a post costs on a channel, by the channel's own prices: shown before it is scheduled, held against the cap."""

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Campaign, Channel, Media, Post, PostVersion, Publication, PublicationState
from campaigns.stamp import credited, stamp_of, stamped
from networks.base import OutgoingPost
from networks.limits import parts
from networks.x_text import has_address

# What a network asks where nobody set other prices: a post, a post with a link, in thousandths of a dollar.
# X, pay per use, docs.x.com/x-api/getting-started/pricing, November 2026.
PRICES = {"x": (15, 200)}
S = PublicationState
TO_COME = (S.queued, S.held, S.missed)


def dollars(thousandths: int) -> str:
    """A price in English, as in "$0.015": all three places everywhere, so that amounts can be compared at a glance."""
    return f"${thousandths / 1000:.3f}"


def cost_of(channel: Channel, campaign: Campaign, text: str, link: str | None) -> int:
    """Thousandths of a dollar. As it goes out: with the sponsor line, and each part of a thread by itself."""
    if not (channel.price_post or channel.price_link):
        return 0
    written = parts(channel.network, OutgoingPost("", stamped(text, stamp_of(campaign)), link or None))
    return sum(channel.price_link if has_address(part) else channel.price_post for part in written)


async def reprice(session: AsyncSession, post: Post) -> None:
    """After a change of the post: what it will cost where it is not out yet."""
    rows = await session.execute(
        select(Publication, Channel, Campaign, PostVersion.text)
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .join(Campaign, col(Campaign.id) == col(Channel.campaign_id))
        .outerjoin(
            PostVersion, (col(PostVersion.post_id) == post.id) & (col(PostVersion.network) == col(Channel.network))
        )
        .where(col(Publication.post_id) == post.id, col(Publication.state).in_(TO_COME))
    )
    pictures = select(Media.credit).where(col(Media.post_id) == post.id).order_by(col(Media.position))
    credits = (await session.scalars(pictures)).all()
    for publication, channel, campaign, version in rows.all():
        text = credited(version if version is not None else post.text, credits)
        publication.cost = cost_of(channel, campaign, text, post.link)
    await session.flush()
