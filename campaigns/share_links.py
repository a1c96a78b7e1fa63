"""A supporter's own links to a post, and what is counted when somebody follows one.

Two tokens of 96 random bits a link: the public one stands in what they post; the other only on their own card, so that
a stranger who sees the public link cannot make it look as if she had opened her share windows.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.consents import has_consent
from campaigns.dialects import Worded, insert, is_on_server, stored
from campaigns.engagement import Act, counted_on_server, once, record
from campaigns.models import DailySalt, Kind, Participation, Post, Purpose, ShareLink, Supporter

TOKEN_BYTES = 12  # 96 bits
TOKEN = re.compile(r"[\w-]{1,24}", re.ASCII)  # what else was typed behind /s/ need not be looked for

# Link unfurlers by what stands in their user agents. TelegramBot says "like TwitterBot"; Cardyb is Bluesky's.
UNFURLERS = (
    "telegrambot", "twitterbot", "facebookexternalhit", "meta-externalhit", "meta-externalagent", "meta-externalfetcher", "whatsapp",
    "linkedinbot", "slackbot", "slack-imgproxy", "discordbot", "mastodon", "redditbot", "skypeuripreview", "viber", "snap url preview",
    "synapse", "iframely", "embedly", "bingpreview", "applebot", "lemmy", "cardyb",
)  # fmt: skip
# Machines that follow links and are neither people nor unfurlers: they are led on, and not counted. Cubot makes phones.
CRAWLERS = ("crawler", "spider", "curl/", "wget/", "python-requests", "httpx/", "go-http-client", "headlesspreview")
A_BOT = re.compile(r"(?<!cu)bot\b")


def _names_one(agent: str, names: Sequence[str]) -> bool:
    """Names looked for one by one: a tenth of what an expression of them all takes, at every visit."""
    return any(name in agent for name in names)


FETCHES_AHEAD = ("sec-purpose", "purpose", "x-moz")  # headers in which a browser says that nobody tapped yet


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
        return _names_one(self.agent.lower(), UNFURLERS)

    @property
    def is_human(self) -> bool:
        """Whether it counts: not an unfurler, a crawler, a HEAD, nor a browser that fetches ahead of a tap."""
        if self.method != "GET" or not _is_a_browsers(self.agent):
            return False
        ahead = [self.headers[name].lower() for name in FETCHES_AHEAD if name in self.headers]
        return not any("prefetch" in value or "preview" in value for value in ahead)


@lru_cache(4096)
def _is_a_browsers(agent: str) -> bool:
    """Remembered of the agent alone, in memory: most visitors come with the same few browsers."""
    agent = agent.lower()
    named = not agent or _names_one(agent, UNFURLERS) or _names_one(agent, CRAWLERS)
    return not named and not ("bot" in agent and A_BOT.search(agent))


async def link_for(
    session: AsyncSession,
    post: Post,
    supporter: Supporter | None,
    site_url: str,
    now: datetime,
    *,
    territory_id: int | None = None,
) -> ShareLink:
    """The link of this supporter to this post, made at its first use; without a supporter, the campaign's own.

    With a territory, that of its kit, which many people hand on: its visits count for the post, and for nobody's figures.
    """
    owner = col(ShareLink.supporter_id).is_(None) if supporter is None else col(ShareLink.supporter_id) == supporter.id
    section = (
        col(ShareLink.territory_id).is_(None) if territory_id is None else col(ShareLink.territory_id) == territory_id
    )
    link = await session.scalar(
        select(ShareLink).where(col(ShareLink.post_id) == post.id, owner, section).order_by(col(ShareLink.id)).limit(1)
    )
    if link is None:
        link = ShareLink(
            campaign_id=post.campaign_id,
            post_id=post.id,
            supporter_id=supporter.id if supporter else None,
            territory_id=territory_id,
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
    """Token -> link."""
    return {
        link.token: link for link in await session.scalars(select(ShareLink).where(col(ShareLink.token).in_(tokens)))
    }


async def find_card_link(session: AsyncSession, open_token: str) -> ShareLink | None:
    return await session.scalar(select(ShareLink).where(col(ShareLink.open_token) == open_token))


async def territory_of(session: AsyncSession, link: ShareLink) -> int | None:
    """Where the supporter of a link is, or whose kit it stands in; None where nobody said."""
    if link.territory_id is not None:
        return link.territory_id
    return await session.scalar(
        select(Participation.territory_id).where(
            col(Participation.supporter_id) == link.supporter_id, col(Participation.campaign_id) == link.campaign_id
        )
    )


@dataclass(frozen=True, slots=True)
class Followed:
    """A human visit at a share link's address; `visitor` is the hash that counts once a day."""

    token: str
    visitor: str
    at: datetime


# A batch comes as one JSON text: one statement that is prepared once, however many visits there are.
# The owner is the link's supporter, where they agree to be counted at this moment.
_OF_TOKENS = f"""
    SELECT token, id, destination, campaign_id, post_id, (
        SELECT supporter_id FROM consent
        WHERE supporter_id = share_link.supporter_id AND campaign_id = share_link.campaign_id
        AND purpose = '{Purpose.counting}' AND withdrawn_at IS NULL LIMIT 1
    ) AS owner FROM share_link WHERE token
"""  # noqa: S608 - a word of our own
_FIND = f"{_OF_TOKENS} IN (SELECT value ->> 0 FROM json_each(:visits))"  # noqa: S608 - as above
_CLICK = """
    INSERT INTO click (link_id, visitor, clicked_at)
    SELECT share_link.id, value ->> 1, value ->> 2 FROM json_each(:visits) JOIN share_link ON token = value ->> 0 WHERE true
    ON CONFLICT (link_id, visitor) DO NOTHING RETURNING link_id, visitor
"""
# All of it, on a server in one way there and back, with the acts and their counts. The tokens are an array, for which it
# enters the index; joined with a function's rows, it would read every link.
_COUNTED = counted_on_server(
    f"SELECT campaign_id, owner, post_id, '{Kind.visit}', NULL, NULL, CAST(NULL AS BIGINT), clicked_at"  # noqa: S608
    " FROM clicked JOIN found ON found.id = link_id"
)
_FIND_AND_COUNT = f"""
    WITH visit AS (
        SELECT value ->> 0 AS token, value ->> 1 AS visitor, CAST(value ->> 2 AS timestamptz) AS clicked_at
        FROM json_array_elements(CAST(:visits AS json))
    ), found AS MATERIALIZED (
        {_OF_TOKENS} = ANY (ARRAY(SELECT token FROM visit))
    ), clicked AS (
        INSERT INTO click (link_id, visitor, clicked_at)
        SELECT id, visitor, clicked_at FROM found JOIN visit USING (token) ORDER BY 1, 2
        ON CONFLICT (link_id, visitor) DO NOTHING RETURNING link_id, clicked_at
    ), {_COUNTED}
    SELECT token, id, destination FROM found
"""  # noqa: S608 - words of our own
_FOLLOW = Worded(sqlite=_FIND, postgresql=_FIND_AND_COUNT)
_FOLLOW_ON = Worded(sqlite=_CLICK, postgresql="")


async def follow_all(session: AsyncSession, visits: Sequence[Followed]) -> list[str | None]:
    """The `apply` of a BatchWriter: where each visit leads, or None where there is no such link.

    A visitor counts once a day for a link; for its supporter only if they agree to be counted at this moment, else for
    the post alone.
    """
    seen = {(v.token, v.visitor): v for v in reversed(visits) if TOKEN.fullmatch(v.token)}
    if not seen:
        return [None] * len(visits)
    said = json.dumps([(token, visitor, stored(v.at)) for (token, visitor), v in seen.items()])
    links = {row[0]: row for row in await _FOLLOW.rows(session, visits=said)}
    if not is_on_server(session):
        tokens = {row[1]: row[0] for row in links.values()}
        new = [(tokens[link], visitor) for link, visitor in await _FOLLOW_ON.rows(session, visits=said)]
        await record(session, [_visit(seen[one], *links[one[0]][3:6]) for one in new])
    return [links[v.token][2] if v.token in links else None for v in visits]


def _visit(followed: Followed, campaign_id: int, post_id: int, owner: int | None) -> Act:
    return Act(campaign_id, Kind.visit, followed.at, owner, post_id)


async def salt_of(session: AsyncSession, day: str) -> str:
    """The salt of that day, made at its first use; the older ones are thrown away, so that no visitor can be traced."""
    await session.execute(delete(DailySalt).where(col(DailySalt.day) < day))
    await session.execute(
        insert(DailySalt.__table__).values(day=day, salt=secrets.token_hex(16)).on_conflict_do_nothing()  # type: ignore[attr-defined]
    )
    return (await session.scalars(select(DailySalt.salt).where(col(DailySalt.day) == day))).one()


def visitor_hash(salt: str, visit: Visit) -> str:
    return hashlib.blake2b(f"{salt}|{visit.address}|{visit.agent}".encode(), digest_size=16).hexdigest()


async def record_opened(session: AsyncSession, link: ShareLink, network: str, now: datetime, wording: int = 0) -> None:
    """The supporter opened a network's share window from their own card; counted if they still agree to be."""
    if link.supporter_id is not None and not await has_consent(
        session, link.supporter_id, link.campaign_id, Purpose.counting
    ):
        return
    key = once(Kind.opened, link.supporter_id, link.post_id, network)
    act = Act(link.campaign_id, Kind.opened, now, link.supporter_id, link.post_id, network, key, wording)
    await record(session, [act])
