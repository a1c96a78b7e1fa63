"""What an installation holds before the first post: campaigns, their territories, channels, frames and organizers."""

import asyncio
import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.costs import PRICES
from campaigns.models import Campaign, Channel, Frame, Organizer, OrganizerRole, Role, Territory
from campaigns.silence_windows import rebuild
from campaigns.slots import parse_slots
from campaigns.times import zone
from networks import check_settings

FRAMES = (
    ("ring", "Anneau"),
    ("banner", "Bandeau"),
    ("ribbon", "Ruban"),
    ("voice", "La voix"),
    ("poster", "Affiche"),
    ("seal", "Sceau"),
    ("thin", "Filet"),
)
SHORTEST_PASSWORD = 10  # characters
_hasher = PasswordHasher()


class NotFound(Exception):
    """What was named does not exist; the message lists what does."""


class AlreadyThere(Exception):
    """A name that must be unique is taken."""


def slug_of(name: str) -> str:
    """ "Île-de-France 2028" -> "ile-de-france-2028": at most 40 of [a-z0-9-], as a bot's deep link takes them."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "campagne"


async def add_campaign(session: AsyncSession, campaign: Campaign, now: datetime) -> Campaign:
    """Store a campaign with the project's own frames; TimeProblem for an unknown zone, AlreadyThere for a taken slug."""
    zone(campaign.timezone)
    campaign.slug = campaign.slug or slug_of(campaign.name)
    campaign.hashtag = campaign.hashtag.lstrip("#")
    campaign.created_at = now
    if await session.scalar(select(Campaign.id).where(col(Campaign.slug) == campaign.slug)):
        raise AlreadyThere(f"a campaign “{campaign.slug}” exists already; choose another name or --slug")
    session.add(campaign)
    await session.flush()
    session.add_all(
        Frame(campaign_id=campaign.id, position=i, design=design, name=name) for i, (design, name) in enumerate(FRAMES)
    )
    return campaign


async def campaigns(session: AsyncSession) -> Sequence[Campaign]:
    return (await session.scalars(select(Campaign).order_by(col(Campaign.id)))).all()


async def find_campaign(session: AsyncSession, slug: str | None) -> Campaign:
    """The campaign of that slug; without a slug, the only one. NotFound lists those that exist."""
    known = await campaigns(session)
    if slug is None and len(known) == 1:
        return known[0]
    for campaign in known:
        if campaign.slug == slug:
            return campaign
    names = ", ".join(c.slug for c in known)
    if not known:
        raise NotFound("there is no campaign yet; run: python run_bot.py campaigns add NAME")
    if slug is None:
        raise NotFound(f"there are several campaigns; add --campaign with one of {names}")
    raise NotFound(f"campaign “{slug}” does not exist; choose one of {names}")


async def add_territory(
    session: AsyncSession, campaign_id: int, name: str, parent: Territory | None = None, timezone: str | None = None
) -> Territory:
    """Store a territory under its parent; TimeProblem for an unknown zone, AlreadyThere for a taken name."""
    if timezone:
        zone(timezone)
    if await session.scalar(
        select(Territory.id).where(col(Territory.campaign_id) == campaign_id, col(Territory.name) == name)
    ):
        raise AlreadyThere(f"territory “{name}” exists already; choose another name")
    territory = Territory(
        campaign_id=campaign_id, name=name, parent_id=parent.id if parent else None, timezone=timezone
    )
    session.add(territory)
    await session.flush()
    await rebuild(session, await session.get_one(Campaign, campaign_id))  # its silence is by its own clock
    return territory


async def territories(session: AsyncSession, campaign_id: int) -> Sequence[Territory]:
    return (
        await session.scalars(
            select(Territory).where(col(Territory.campaign_id) == campaign_id).order_by(col(Territory.name))
        )
    ).all()


async def find_territory(session: AsyncSession, campaign_id: int, name: str) -> Territory:
    known = await territories(session, campaign_id)
    for territory in known:
        if territory.name.casefold() == name.casefold():
            return territory
    raise NotFound(
        f"territory “{name}” does not exist; choose one of {', '.join(t.name for t in known) or '(none yet)'}"
    )


async def with_those_above(session: AsyncSession, territory_id: int | None) -> list[int]:
    """A territory and those above it, the nearest first; none for None."""
    found: list[int] = []
    while territory_id is not None and territory_id not in found:
        found.append(territory_id)
        territory_id = await session.scalar(select(Territory.parent_id).where(col(Territory.id) == territory_id))
    return found


async def add_channel(
    session: AsyncSession,
    campaign_id: int,
    network: str,
    name: str,
    settings: Mapping[str, str],
    territory: Territory | None = None,
) -> Channel:
    """Store a channel, or mend the one of that name: its settings are replaced, and it sends again.

    A new one has its network's usual prices, until `set_terms` writes others.

    Raises networks.errors.ChannelSettingsWrong, and AlreadyThere where the name belongs to another network's channel.
    """
    check_settings(network, settings)
    channel = await session.scalar(
        select(Channel).where(col(Channel.campaign_id) == campaign_id, col(Channel.name) == name)
    )
    if channel is None:
        channel = Channel(campaign_id=campaign_id, network=network, name=name)
        channel.price_post, channel.price_link = PRICES.get(network, (0, 0))
        session.add(channel)
    elif channel.network != network:
        raise AlreadyThere(f"channel “{name}” is on {channel.network}; choose another name")
    channel.settings = dict(settings)
    channel.territory_id = territory.id if territory else channel.territory_id
    mend(channel)
    await session.flush()
    return channel


async def find_channel(session: AsyncSession, campaign_id: int, name: str) -> Channel:
    known = await channels(session, campaign_id)
    for channel in known:
        if channel.name.casefold() == name.casefold():
            return channel
    raise NotFound(f"channel “{name}” is unknown; there are: {', '.join(c.name for c in known) or 'none yet'}")


@dataclass(frozen=True, slots=True)
class Terms:
    """When a channel speaks and what it may spend; None leaves a term as it is. Money is in dollars."""

    slots: str | None = None  # empty: none
    price_post: float | None = None
    price_link: float | None = None
    monthly_cap: float | None = None  # 0: none
    daily_quota: int | None = None  # 0: none
    metrics_cap: float | None = None  # in a month, for reading figures where that costs; 0: they are not read


def set_terms(channel: Channel, terms: Terms, timezone: str) -> None:
    """Write a channel's terms; raises SlotsProblem for slots that cannot be read, by the campaign's clock."""
    if terms.slots is not None:
        channel.slots = str(parse_slots(terms.slots, timezone)) if terms.slots.strip() else ""
    for field in ("price_post", "price_link", "monthly_cap", "metrics_cap"):
        dollars = getattr(terms, field)
        if dollars is not None:
            setattr(channel, field, round(dollars * 1000))
    if terms.daily_quota is not None:
        channel.daily_quota = terms.daily_quota


def mend(channel: Channel) -> None:
    """The channel sends again, by the late policy of what waited; if it comes to rest again, that is told anew."""
    channel.resting_reason = None
    channel.told_resting_at = None


async def channels(session: AsyncSession, campaign_id: int | None = None) -> Sequence[Channel]:
    """A campaign's channels; without a campaign, those of the whole installation."""
    query = select(Channel).order_by(col(Channel.id))
    if campaign_id is not None:
        query = query.where(col(Channel.campaign_id) == campaign_id)
    return (await session.scalars(query)).all()


async def frames(session: AsyncSession, campaign_id: int) -> Sequence[Frame]:
    return (
        await session.scalars(select(Frame).where(col(Frame.campaign_id) == campaign_id).order_by(col(Frame.position)))
    ).all()


async def put_frame(
    session: AsyncSession, campaign_id: int, design: str, name: str, territory: Territory | None
) -> Frame:
    """Offer a design under a name, after the others; the one that is offered already gets this name and territory."""
    known = await frames(session, campaign_id)
    frame = next((frame for frame in known if frame.design == design), None)
    if frame is None:
        position = max((frame.position for frame in known), default=-1) + 1
        frame = Frame(campaign_id=campaign_id, position=position, design=design, name=name)
        session.add(frame)
    frame.name = name
    frame.territory_id = territory.id if territory else None
    await session.flush()
    return frame


async def add_organizer(
    session: AsyncSession, campaign_id: int, email: str, name: str, password: str, role: Role, now: datetime
) -> Organizer:
    """Give a role in a campaign to a new organizer, or to the one of that address (whose password then changes)."""
    email = email.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise ValueError(f"“{email}” is not an e-mail address")
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"the password has {len(password)} characters; take at least {SHORTEST_PASSWORD}")
    organizer = await session.scalar(select(Organizer).where(col(Organizer.email) == email))
    if organizer is None:
        organizer = Organizer(email=email, name=name, password_hash="", created_at=now)
        session.add(organizer)
    organizer.password_hash = _hasher.hash(password)
    await session.flush()
    await session.merge(OrganizerRole(organizer_id=organizer.id, campaign_id=campaign_id, role=role))
    return organizer


@cache
def _nobody() -> str:
    """Checked where the organizer is unknown, so that the answer takes as long and tells nothing."""
    return _hasher.hash("nobody")


def _fits(password_hash: str | None, password: str) -> bool:
    try:
        return _hasher.verify(password_hash or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False


async def log_in(session: AsyncSession, email: str, password: str) -> Organizer | None:
    """The organizer whose address and password these are."""
    organizer = await session.scalar(select(Organizer).where(col(Organizer.email) == email.strip().lower()))
    # Argon2 is slow on purpose: in a thread, so that nobody else waits.
    fits = await asyncio.to_thread(_fits, organizer.password_hash if organizer else None, password)
    return organizer if fits else None


async def make_link_code(session: AsyncSession, email: str) -> str:
    """A code with which an organizer shows the bot once who they are; an earlier one is void. Raises NotFound."""
    organizer = await find_organizer(session, email)
    organizer.link_code = secrets.token_urlsafe(12)
    return organizer.link_code


async def find_organizer(session: AsyncSession, email: str) -> Organizer:
    """The organizer of that address; raises NotFound."""
    organizer = await session.scalar(select(Organizer).where(col(Organizer.email) == email.strip().lower()))
    if organizer is None:
        raise NotFound(f"no organizer has the address “{email}”; run: python run_bot.py organizers add {email}")
    return organizer


async def organizer_of(session: AsyncSession, telegram_id: int) -> Organizer | None:
    """The organizer who linked this Telegram account."""
    return await session.scalar(select(Organizer).where(col(Organizer.telegram_id) == telegram_id))


async def link_telegram(
    session: AsyncSession, code: str, telegram_id: int, language: str = "fr"
) -> tuple[Organizer, str | None] | None:
    """The organizer whose code this is, told by this account from now on; the code is void then.

    With them, the address of another organizer whom this account told until now. None for a code that is unknown.
    """
    organizer = await session.scalar(select(Organizer).where(col(Organizer.link_code) == code))
    if organizer is None:
        return None
    other = await session.scalar(
        select(Organizer).where(col(Organizer.telegram_id) == telegram_id, col(Organizer.id) != organizer.id)
    )
    if other is not None:
        other.telegram_id = None
        await session.flush()  # the account is free before it is taken
    organizer.telegram_id, organizer.link_code, organizer.language = telegram_id, None, language
    return organizer, other.email if other else None


async def roles(session: AsyncSession, organizer_id: int) -> list[tuple[Campaign, Role]]:
    """The campaigns that an organizer may enter; no other one is ever shown to them."""
    rows = await session.execute(
        select(Campaign, OrganizerRole)
        .join(OrganizerRole, col(OrganizerRole.campaign_id) == col(Campaign.id))
        .where(col(OrganizerRole.organizer_id) == organizer_id)
        .order_by(col(Campaign.id))
    )
    return [(campaign, role.role) for campaign, role in rows.all()]
