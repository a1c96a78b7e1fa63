"""A supporter's own links to a post, and what is counted when somebody follows one.

Two tokens of 96 random bits a link: the public one stands in what they post; the other only on their own card, so that
a stranger who sees the public link cannot make it look as if she had opened her share windows.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.consents import has_consent
from campaigns.engagement import Act, once, record
from campaigns.models import Click, Consent, DailySalt, Kind, Participation, Post, Purpose, ShareLink, Supporter

TOKEN_BYTES = 12  # 96 bits

# Link unfurlers by their user agents. TelegramBot says "like TwitterBot"; Cardyb is Bluesky's.
UNFURLERS = re.compile(
    r"TelegramBot|Twitterbot|facebookexternalhit|Meta-ExternalHit|meta-externalagent|meta-externalfetcher|WhatsApp|LinkedInBot"
    r"|Slackbot|Slack-ImgProxy|Discordbot|Mastodon|redditbot|SkypeUriPreview|Viber|Snap URL Preview|Synapse|Iframely|Embedly"
    r"|BingPreview|Applebot|Lemmy|Cardyb",
    re.IGNORECASE,
)
# Machines that follow links and are neither people nor unfurlers: they are led on, and not counted. Cubot makes phones.
CRAWLERS = re.compile(
    r"(?<!cu)bot\b|crawler|spider|curl/|wget/|python-requests|httpx/|go-http-client|headlesspreview", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a share link. `address` and `agent` are hashed with the day's salt and then dropped."""

    method: str
    headers: Mapping[str, str]  # names in lower case
    address: str
    at: datetime

    @property
    def agent(self) -> str:
        return self.headers.get("user-agent", "")

    @property
    def is_unfurler(self) -> bool:
        return UNFURLERS.search(self.agent) is not None

    @property
    def is_human(self) -> bool:
        """Whether it counts: not an unfurler, a crawler, a HEAD, nor a browser that fetches ahead of a tap."""
        ahead = (self.headers.get("sec-purpose", ""), self.headers.get("purpose", ""), self.headers.get("x-moz", ""))
        fetched_ahead = any("prefetch" in value or "preview" in value for value in map(str.lower, ahead))
        machine = not self.agent or self.is_unfurler or CRAWLERS.search(self.agent) is not None
        return self.method == "GET" and not machine and not fetched_ahead


async def link_for(
    session: AsyncSession, post: Post, supporter: Supporter | None, site_url: str, now: datetime
) -> ShareLink:
    """The link of this supporter to this post, made at its first use; without a supporter, the campaign's own."""
    owner = col(ShareLink.supporter_id).is_(None) if supporter is None else col(ShareLink.supporter_id) == supporter.id
    link = await session.scalar(
        select(ShareLink).where(col(ShareLink.post_id) == post.id, owner).order_by(col(ShareLink.id)).limit(1)
    )
    if link is None:
        link = ShareLink(
            campaign_id=post.campaign_id,
            post_id=post.id,
            supporter_id=supporter.id if supporter else None,
            token=secrets.token_urlsafe(TOKEN_BYTES),
            open_token=secrets.token_urlsafe(TOKEN_BYTES),
            destination=destination(post, site_url),
            created_at=now,
        )
        session.add(link)
        await session.flush()
    return link


async def links_of(session: AsyncSession, supporter_id: int, post_ids: Sequence[int]) -> dict[int, ShareLink]:
    """This supporter's links to those of the posts for which they have one: post -> link."""
    query = select(ShareLink).where(col(ShareLink.supporter_id) == supporter_id, col(ShareLink.post_id).in_(post_ids))
    return {link.post_id: link for link in await session.scalars(query)}


def destination(post: Post, site_url: str) -> str:
    """Where a post's links lead: its own link, or its place on the campaign's page."""
    return post.link or f"{site_url}/p/{post.id}"


async def find_links(session: AsyncSession, tokens: Sequence[str]) -> dict[str, ShareLink]:
    """The `find` of a BatchReader: token -> link."""
    return {
        link.token: link for link in await session.scalars(select(ShareLink).where(col(ShareLink.token).in_(tokens)))
    }


async def find_card_link(session: AsyncSession, open_token: str) -> ShareLink | None:
    return await session.scalar(select(ShareLink).where(col(ShareLink.open_token) == open_token))


async def territory_of(session: AsyncSession, link: ShareLink) -> int | None:
    """Where the supporter of a link is; None where they did not say, or nobody is there any more."""
    return await session.scalar(
        select(Participation.territory_id).where(
            col(Participation.supporter_id) == link.supporter_id, col(Participation.campaign_id) == link.campaign_id
        )
    )


@dataclass(frozen=True, slots=True)
class Followed:
    """A human visit that was seen on the way; written by `write_visits`."""

    link_id: int
    campaign_id: int
    post_id: int
    supporter_id: int | None
    visitor: str
    at: datetime


async def write_visits(session: AsyncSession, visits: Sequence[Followed]) -> list[None]:
    """Write visits for a BatchWriter: a visitor counts once a day for a link.

    A visit counts for the link's supporter only if they agree to be counted at this moment; else for the post alone.
    """
    table = Click.__table__  # type: ignore[attr-defined]
    rows = [{"link_id": v.link_id, "visitor": v.visitor, "clicked_at": v.at} for v in visits]
    written = await session.execute(
        insert(table)
        .on_conflict_do_nothing(index_elements=["link_id", "visitor"])
        .returning(table.c.link_id, table.c.visitor),
        rows,
    )
    first = {(v.link_id, v.visitor): v for v in reversed(visits)}
    new = [first[link_id, visitor] for link_id, visitor in written.all()]
    owners = await _counted_owners(session, {v.link_id for v in new})
    await record(session, [Act(v.campaign_id, Kind.visit, v.at, owners.get(v.link_id), v.post_id) for v in new])
    return [None] * len(visits)


async def _counted_owners(session: AsyncSession, link_ids: Iterable[int]) -> dict[int, int]:
    """Link -> supporter, where they are still there and agree to be counted."""
    rows = await session.execute(
        select(ShareLink.id, Consent.supporter_id)
        .join(Consent, col(Consent.supporter_id) == col(ShareLink.supporter_id))
        .where(col(ShareLink.id).in_(link_ids), col(Consent.campaign_id) == col(ShareLink.campaign_id))
        .where(col(Consent.purpose) == Purpose.counting, col(Consent.withdrawn_at).is_(None))
    )
    return {row[0]: row[1] for row in rows}


async def salt_of(session: AsyncSession, day: str) -> str:
    """The salt of that day, made at its first use; the older ones are thrown away, so that no visitor can be traced."""
    await session.execute(delete(DailySalt).where(col(DailySalt.day) < day))
    await session.execute(
        insert(DailySalt.__table__).values(day=day, salt=secrets.token_hex(16)).on_conflict_do_nothing()  # type: ignore[attr-defined]
    )
    return (await session.scalars(select(DailySalt.salt).where(col(DailySalt.day) == day))).one()


def visitor_hash(salt: str, visit: Visit) -> str:
    return hashlib.blake2b(f"{salt}|{visit.address}|{visit.agent}".encode(), digest_size=16).hexdigest()


async def record_opened(session: AsyncSession, link: ShareLink, network: str, now: datetime) -> None:
    """The supporter opened a network's share window from their own card; counted if they still agree to be."""
    if link.supporter_id is not None and not await has_consent(
        session, link.supporter_id, link.campaign_id, Purpose.counting
    ):
        return
    key = once(Kind.opened, link.supporter_id, link.post_id, network)
    await record(session, [Act(link.campaign_id, Kind.opened, now, link.supporter_id, link.post_id, network, key)])
