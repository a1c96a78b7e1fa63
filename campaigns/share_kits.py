"""What an activist gets of a post: its text, their own link, a picture, and a way into each network's share window."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import exists, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import share_links
from campaigns.consents import has_consent
from campaigns.engagement import Act, once, record, take_back
from campaigns.models import (
    Campaign,
    Consent,
    CountedOnce,
    Engagement,
    Kind,
    Media,
    Post,
    PostState,
    PostVersion,
    Purpose,
    ShareLink,
    Supporter,
    Wording,
)
from campaigns.own_words import OWN, Length, lengths, name_of, words_of
from campaigns.posts import pictures_of, posts_to_share
from campaigns.silence_windows import window_of
from campaigns.stamp import stamp_of, stamped
from campaigns.words import Inclusive
from networks.boosts import Boost, boost_of
from networks.limits import utf16_units
from networks.share_intents import SHARE_INTENTS, share_intent
from networks.threads import whole

OPEN_FOR = timedelta(days=90)  # a card that is older speaks of what is over
LONGEST_ADDRESS = 2048  # characters behind a button; Telegram documents no limit, and refuses the whole card above one


@dataclass(frozen=True, slots=True)
class ShareKit:
    """A post for one person. `opens` maps each network to the address behind its button."""

    post_id: int
    title: str
    text: str
    wording: int  # 0 is the post's own text, own_words.OWN what the person wrote
    wordings: int  # how many there are, the post's own included, the person's not
    link: str
    picture: Media | None
    longest: str  # of its texts: what a card must have room for, since its text can change where it stands
    opens: dict[str, str]  # in the person's own order
    boost: Boost | None = (
        None  # where the link is a post of X, Mastodon or Bluesky: its acts with their buttons' addresses
    )
    lengths: tuple[Length, ...] = ()  # of the person's own words; who is too long for a network has no button for it
    inclusive: Inclusive = Inclusive.point  # how its campaign writes French


@dataclass(frozen=True, slots=True)
class Offer:
    """A post as one person would send it in a chat: its text with the sponsor line, and their link."""

    post: Post
    text: str
    link: str


def has_begun(post: Post, now: datetime) -> bool:
    """Whether a post with a share kit is out: what is up stays up, whatever begins later."""
    moment = post.publish_at
    return post.share_kit and post.state is PostState.scheduled and moment is not None and moment <= now


def has_expired(post: Post, now: datetime) -> bool:
    """Whether a post is too old to be shared; its page stays up."""
    return post.publish_at is not None and post.publish_at <= now - OPEN_FOR


async def is_open(session: AsyncSession, post: Post, now: datetime, territory_id: int | None = None) -> bool:
    """Whether this post may be shared now by somebody of that territory; in a silence window nothing may."""
    if not has_begun(post, now) or has_expired(post, now):
        return False
    return await window_of(session, post.campaign_id, territory_id, now) is None


async def open_posts(session: AsyncSession, campaign_id: int, now: datetime, *, limit: int = 10) -> Sequence[Post]:
    """The posts that may be shared now where there is no silence, the newest first."""
    return await posts_to_share(session, campaign_id, now, since=now - OPEN_FOR, limit=limit)


async def share_kit(
    session: AsyncSession, post: Post, supporter: Supporter | None, site_url: str, now: datetime, *, wording: int = 0
) -> ShareKit:
    """The kit of a supporter with tracked links if they agreed to counting, with plain links if not.

    Makes the link at its first use: call it in a session that writes.
    """
    texts = await texts_of(session, post)
    own = await words_of(session, supporter.id, post.id) if supporter is not None and wording == OWN else None
    wording = OWN if own is not None else max(wording, 0) % len(texts)
    text = stamped(own, await _stamp(session, post)) if own is not None else texts[wording]
    pictures = await pictures_of(session, post.id)
    networks = await networks_of(session, supporter, post.campaign_id)
    if supporter is None or await has_consent(session, supporter.id, post.campaign_id, Purpose.counting):
        row = await share_links.link_for(session, post, supporter, site_url, now)
        link = f"{site_url}/s/{row.token}"
        opens = {network: f"{site_url}/o/{row.open_token}/{network}?w={name_of(wording)}" for network in networks}
        boost = boost_of(row.destination)
        if boost is not None:
            own_page = f"{site_url}/o/{row.open_token}/{boost.network}"
            boost = replace(boost, acts={act: f"{own_page}?do={act}" for act in boost.acts})
    else:
        link = share_links.destination(post, site_url)
        intents = {network: share_intent(network, text, link) for network in networks}
        opens = {network: address for network, address in intents.items() if _fits_a_button(address)}
        boost = boost_of(link)
    if supporter is None and not await is_open(session, post, now):
        opens = {}  # a page that anybody reads: it stays up, and its buttons go
    counted = lengths(text, link) if wording == OWN else ()
    for length in counted:
        if not length.fits:
            opens.pop(length.network, None)  # nobody's own words are cut
    picture = pictures[0] if pictures else None
    longest = max(texts, key=utf16_units)
    inclusive = (await session.get_one(Campaign, post.campaign_id)).inclusive
    return ShareKit(
        post.id, post.title, text, wording, len(texts), link, picture, longest, opens, boost, counted, inclusive
    )


def _fits_a_button(address: str) -> bool:
    return address.startswith("https://") and len(address) <= LONGEST_ADDRESS


async def offers(
    session: AsyncSession, posts: Sequence[Post], supporter: Supporter, campaign: Campaign, site_url: str, now: datetime
) -> list[Offer]:
    """Posts of one campaign with a supporter's own tracked links, or plain ones if they did not agree to counting.

    Makes the links that are missing: call it in a session that writes, unless share_links.links_of has them all.
    """
    links = {post.id: share_links.destination(post, site_url) for post in posts}
    if await has_consent(session, supporter.id, campaign.id, Purpose.counting):
        made = await share_links.links_of(session, supporter.id, [post.id for post in posts])
        for post in posts:
            row = made.get(post.id) or await share_links.link_for(session, post, supporter, site_url, now)
            links[post.id] = f"{site_url}/s/{row.token}"
    stamp = stamp_of(campaign)
    return [Offer(post, stamped(whole(post.text), stamp), links[post.id]) for post in posts]


async def networks_of(session: AsyncSession, supporter: Supporter | None, campaign_id: int) -> list[str]:
    """Every network that has a share window: those that this person used most come first, the latest of equals first.

    Who does not agree to be counted gets the usual order.
    """
    if supporter is None:
        return list(SHARE_INTENTS)
    query = (
        select(col(Engagement.network))
        .where(col(Engagement.supporter_id) == supporter.id)
        .where(col(Engagement.kind).in_((Kind.opened, Kind.said_shared)))
        .where(col(Engagement.campaign_id) == campaign_id, col(Engagement.network).in_(SHARE_INTENTS))
        .where(
            exists().where(
                col(Consent.supporter_id) == supporter.id,
                col(Consent.campaign_id) == campaign_id,
                col(Consent.purpose) == Purpose.counting,
                col(Consent.withdrawn_at).is_(None),
            )
        )
        .group_by(col(Engagement.network))
        .order_by(func.count().desc(), func.max(col(Engagement.at)).desc(), col(Engagement.network))
    )
    used = [network for network in await session.scalars(query) if network]
    return [*used, *(network for network in SHARE_INTENTS if network not in used)]


async def said_shared_on(session: AsyncSession, supporter: Supporter, post: Post) -> set[str]:
    """The networks on which this person said that they shared the post."""
    keys = {once(Kind.said_shared, supporter.id, post.id, network): network for network in SHARE_INTENTS}
    query = select(CountedOnce.once).where(col(CountedOnce.once).in_(keys))  # it outlives the act
    return {keys[key] for key in await session.scalars(query)}


async def take_share_back(session: AsyncSession, supporter: Supporter, post: Post, network: str) -> bool:
    """Somebody did not share the post there after all: act and counts go.

    False where there was nothing to take back, and where it is so old that it stands in sums alone.
    """
    key = once(Kind.said_shared, supporter.id, post.id, network)
    return key is not None and await take_back(session, key)


async def _stamp(session: AsyncSession, post: Post) -> str:
    return stamp_of(await session.get_one(Campaign, post.campaign_id))


async def wordings_of(session: AsyncSession, post: Post) -> list[str]:
    """The post's own text, then the others that people may choose from."""
    query = select(Wording.text).where(col(Wording.post_id) == post.id).order_by(col(Wording.position))
    return [post.text, *await session.scalars(query)]


async def texts_of(session: AsyncSession, post: Post) -> list[str]:
    """The wordings as cards show them: each in one piece and with the sponsor line."""
    stamp = await _stamp(session, post)
    return [stamped(whole(text), stamp) for text in await wordings_of(session, post)]


async def text_of(session: AsyncSession, link: ShareLink, network: str, wording: int) -> str:
    """What a button of a card hands to a network: the person's words, the chosen wording, or the network's own version."""
    post = await session.get_one(Post, link.post_id)
    stamp = await _stamp(session, post)
    own = await words_of(session, link.supporter_id, post.id) if wording == OWN else None
    if own is not None:
        return stamped(own, stamp)
    texts = await wordings_of(session, post)
    wording = max(wording, 0) % len(texts)
    text = texts[wording]
    if wording == 0:
        query = select(PostVersion.text).where(col(PostVersion.post_id) == post.id, col(PostVersion.network) == network)
        text = await session.scalar(query) or text
    return stamped(whole(text), stamp)


async def intent_of(session: AsyncSession, link: ShareLink, network: str, wording: int, site_url: str) -> str:
    """The share window that a button of a card leads to, with `text_of` and the public link."""
    return share_intent(network, await text_of(session, link, network, wording), f"{site_url}/s/{link.token}")


def boosting_address(link: ShareLink, network: str, act: str) -> str | None:
    """Where a card's button to repost, like or answer leads; None for what the link's post or network does not know."""
    boost = boost_of(link.destination)
    return boost.acts.get(act) if boost is not None and boost.network == network else None


async def count(
    session: AsyncSession,
    supporter: Supporter,
    post: Post,
    kind: Kind,
    now: datetime,
    *,
    network: str | None = None,
    key: str | None = None,
    wording: int | None = None,
) -> bool:
    """Count an act on a card if the person agreed to be counted; whether it was new.

    Once for this person, post and network; another wording counts each time, or once a `key`.
    """
    if not await has_consent(session, supporter.id, post.campaign_id, Purpose.counting):
        return False
    if kind is not Kind.wording_changed:
        key = once(kind, supporter.id, post.id, network or "")
    return bool(await record(session, [Act(post.campaign_id, kind, now, supporter.id, post.id, network, key, wording)]))


async def count_badge(
    session: AsyncSession,
    campaign: Campaign,
    supporter: Supporter | None,
    kind: Kind,
    now: datetime,
    *,
    key: str | None = None,
) -> None:
    """Count a badge: the supporter's if they agreed to be counted, else the campaign's alone; once a `key`."""
    counted = supporter is not None and await has_consent(session, supporter.id, campaign.id, Purpose.counting)
    await record(session, [Act(campaign.id, kind, now, supporter.id if supporter and counted else None, once=key)])
