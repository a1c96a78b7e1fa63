"""An installation's first organizer and first campaign, made on a page by whoever holds the key that the program printed."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from campaigns import installation
from campaigns.accounts import audit_account
from campaigns.models import Campaign, Organizer, OrganizerRole, Role
from campaigns.vault import Vault


class AlreadySetUp(Exception):
    """Somebody was quicker: there is an organizer, or a campaign, by now."""


def setup_key(vault: Vault) -> str:
    """32 letters that only who runs the program sees; they are worth nothing any more when there is an organizer."""
    return vault.fingerprint("first organizer", "set up")


async def is_untouched(session: AsyncSession) -> bool:
    """Whether nobody can log in yet."""
    return await session.scalar(select(Organizer.id).limit(1)) is None


async def add_first_organizer(
    session: AsyncSession, email: str, name: str, password_hash: str, language: str, now: datetime
) -> Organizer:
    """The first organizer, admin of every campaign that there is; the caller checked the password.

    Raises AlreadySetUp, and ValueError for what is no e-mail address.
    """
    if not await is_untouched(session):
        raise AlreadySetUp
    organizer = Organizer(
        email=installation.checked_address(email),
        name=name,
        password_hash=password_hash,
        language=language,
        created_at=now,
    )
    session.add(organizer)
    await session.flush()
    for campaign in await installation.campaigns(session):
        await _make_admin(session, campaign, organizer, now)
    return organizer


async def add_first_campaign(session: AsyncSession, organizer_id: int, name: str, now: datetime) -> Campaign:
    """The installation's first campaign, with this organizer as its admin; raises AlreadySetUp where there is one."""
    if await installation.campaigns(session):
        raise AlreadySetUp
    campaign = await installation.add_campaign(session, Campaign(slug="", name=name), now)
    await _make_admin(session, campaign, await session.get_one(Organizer, organizer_id), now)
    return campaign


async def _make_admin(session: AsyncSession, campaign: Campaign, organizer: Organizer, now: datetime) -> None:
    session.add(OrganizerRole(organizer_id=organizer.id, campaign_id=campaign.id, role=Role.admin))
    audit_account(session, campaign.id, organizer.id, organizer.id, now, "organizer joined", Role.admin)
    await session.flush()
