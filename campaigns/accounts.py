"""Organizers' accounts: invited, given another role, sent away; their password. Each act is kept, and ends sessions."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import installation, second_factors, sign_ins
from campaigns.models import (
    Audit,
    Campaign,
    Organizer,
    OrganizerInvite,
    OrganizerRole,
    Role,
    SecondFactor,
    Territory,
)
from campaigns.organizers import Reach, reach_of, reaches, within
from campaigns.vault import hash_of, one_time_token
from campaigns.words import mark

INVITED_FOR = timedelta(days=7)
LONGEST_NAME = 80  # characters


class AccountRefused(Exception):
    """This cannot be done to an organizer: `msgid` with `values` says why, to be translated."""

    def __init__(self, msgid: str, **values: str) -> None:
        super().__init__(msgid.format(**values))
        self.msgid, self.values = msgid, values


@dataclass(frozen=True, slots=True)
class Member:
    """An organizer of a campaign, as admins see them."""

    organizer: Organizer
    held: OrganizerRole
    territory: Territory | None
    has_factor: bool


def audit_account(
    session: AsyncSession,
    campaign_id: int,
    actor_id: int | None,
    about_id: int | None,
    now: datetime,
    action: str,
    detail: str = "",
) -> None:
    """Write down who did what to whose account; actor None: the command line."""
    session.add(
        Audit(campaign_id=campaign_id, organizer_id=actor_id, about_id=about_id, at=now, action=action, detail=detail)
    )


async def audit_own(session: AsyncSession, organizer_id: int, now: datetime, action: str) -> None:
    """What somebody did to their own account stands in each campaign that they may enter."""
    for campaign, _held in await installation.roles(session, organizer_id):
        audit_account(session, campaign.id, organizer_id, organizer_id, now, action)


async def members(session: AsyncSession, campaign_id: int, reach: Reach = None) -> list[Member]:
    """The organizers of a campaign whose roles lie within the reach, by name."""
    rows = await session.execute(
        select(Organizer, OrganizerRole, Territory, col(SecondFactor.confirmed_at))
        .join(OrganizerRole, col(OrganizerRole.organizer_id) == col(Organizer.id))
        .outerjoin(Territory, col(Territory.id) == col(OrganizerRole.territory_id))
        .outerjoin(SecondFactor, col(SecondFactor.organizer_id) == col(Organizer.id))
        .where(col(OrganizerRole.campaign_id) == campaign_id, within(reach, col(OrganizerRole.territory_id)))
        .order_by(func.lower(col(Organizer.name)), col(Organizer.id))
    )
    return [Member(person, held, place, confirmed is not None) for person, held, place, confirmed in rows.all()]


async def _own(session: AsyncSession, campaign_id: int, actor_id: int | None) -> OrganizerRole | None:
    """The actor's role, which must be an admin's; None for the command line."""
    if actor_id is None:
        return None
    held = await session.get(OrganizerRole, (actor_id, campaign_id))
    if held is None or held.role is not Role.admin:
        raise AccountRefused(mark("only an admin may do that"))
    return held


async def _check_reach(session: AsyncSession, campaign_id: int, actor_id: int | None, territory_id: int | None) -> None:
    """An admin of a territory acts within it; the territory is the campaign's own."""
    held = await _own(session, campaign_id, actor_id)
    if held is not None and not reaches(await reach_of(session, held), territory_id):
        raise AccountRefused(mark("that lies beyond your territory"))
    if territory_id is not None:
        place = await session.get(Territory, territory_id)
        if place is None or place.campaign_id != campaign_id:
            raise AccountRefused(mark("this territory is not the campaign’s"))


async def invite(
    session: AsyncSession,
    campaign_id: int,
    actor_id: int | None,
    email: str,
    role: Role,
    territory_id: int | None,
    now: datetime,
) -> str:
    """The token of a link that works once; an earlier one for the address is void. Raises AccountRefused."""
    await _check_reach(session, campaign_id, actor_id, territory_id)
    try:
        email = installation.checked_address(email)
    except ValueError:
        raise AccountRefused(mark("“{email}” is not an e-mail address"), email=email) from None
    known = await session.scalar(
        select(OrganizerRole)
        .join(Organizer, col(Organizer.id) == col(OrganizerRole.organizer_id))
        .where(col(Organizer.email) == email, col(OrganizerRole.campaign_id) == campaign_id)
    )
    if known is not None:
        raise AccountRefused(mark("{email} is in the team already; change their role instead"), email=email)
    await take_invite_back(session, campaign_id, email)
    token = one_time_token()
    session.add(
        OrganizerInvite(
            campaign_id=campaign_id,
            territory_id=territory_id,
            email=email,
            role=role,
            token_hash=hash_of(token),
            inviter_id=actor_id,
            made_at=now,
            ends_at=now + INVITED_FOR,
        )
    )
    audit_account(session, campaign_id, actor_id, None, now, "organizer invited", role)
    await session.flush()
    return token


async def take_invite_back(session: AsyncSession, campaign_id: int, email: str) -> None:
    await session.execute(
        delete(OrganizerInvite).where(
            col(OrganizerInvite.campaign_id) == campaign_id, col(OrganizerInvite.email) == email
        )
    )


async def open_invites(
    session: AsyncSession, campaign_id: int, now: datetime, reach: Reach = None
) -> list[OrganizerInvite]:
    query = select(OrganizerInvite).where(
        col(OrganizerInvite.campaign_id) == campaign_id, col(OrganizerInvite.ends_at) > now
    )
    query = query.where(within(reach, col(OrganizerInvite.territory_id))).order_by(col(OrganizerInvite.made_at))
    return list((await session.scalars(query)).all())


async def find_invite(session: AsyncSession, token: str, now: datetime) -> tuple[OrganizerInvite, Campaign] | None:
    """The invite that a link opens, unless it was used, taken back, or is too old."""
    row = (
        await session.execute(
            select(OrganizerInvite, Campaign)
            .join(Campaign, col(Campaign.id) == col(OrganizerInvite.campaign_id))
            .where(col(OrganizerInvite.token_hash) == hash_of(token), col(OrganizerInvite.ends_at) > now)
        )
    ).first()
    return (row[0], row[1]) if row else None


async def organizer_by_email(session: AsyncSession, email: str) -> Organizer | None:
    return await session.scalar(select(Organizer).where(col(Organizer.email) == email))


async def accept_as_new(
    session: AsyncSession, invite: OrganizerInvite, name: str, password_hash: str, language: str, now: datetime
) -> Organizer:
    """Somebody who has no account yet makes theirs by an invite; the caller checked the password."""
    if await organizer_by_email(session, invite.email) is not None:
        raise AccountRefused(mark("{email} has an account already: log in with it first"), email=invite.email)
    organizer = Organizer(
        email=invite.email, name=name[:LONGEST_NAME], password_hash=password_hash, language=language, created_at=now
    )
    session.add(organizer)
    await session.flush()
    await accept(session, invite, organizer, now)
    return organizer


async def accept(session: AsyncSession, invite: OrganizerInvite, organizer: Organizer, now: datetime) -> None:
    """The organizer of the invite's own address takes the role, and the link is void."""
    if organizer.email != invite.email:
        raise AccountRefused(mark("this invitation is for {email}"), email=invite.email)
    await session.merge(
        OrganizerRole(
            organizer_id=organizer.id,
            campaign_id=invite.campaign_id,
            role=invite.role,
            territory_id=invite.territory_id,
        )
    )
    audit_account(session, invite.campaign_id, organizer.id, organizer.id, now, "organizer joined", invite.role)
    await session.delete(invite)
    await session.flush()


async def change_role(
    session: AsyncSession,
    campaign_id: int,
    actor_id: int | None,
    organizer_id: int,
    role: Role,
    territory_id: int | None,
    now: datetime,
) -> None:
    """Another role, or another reach: the organizer's sessions end. Raises AccountRefused."""
    held = await _role_to_change(session, campaign_id, actor_id, organizer_id)
    await _check_reach(session, campaign_id, actor_id, territory_id)
    if (held.role, held.territory_id) == (role, territory_id):
        return
    if role is not Role.admin or territory_id is not None:
        await _keep_an_admin(session, campaign_id, organizer_id)
    detail = f"{held.role} -> {role}"
    held.role, held.territory_id = role, territory_id
    audit_account(session, campaign_id, actor_id, organizer_id, now, "role changed", detail)
    await sign_ins.end_all(session, organizer_id)


async def remove(
    session: AsyncSession, campaign_id: int, actor_id: int | None, organizer_id: int, now: datetime
) -> None:
    """Take the role away: the organizer's sessions end, and what they wrote stays. Raises AccountRefused."""
    held = await _role_to_change(session, campaign_id, actor_id, organizer_id)
    await _keep_an_admin(session, campaign_id, organizer_id)
    audit_account(session, campaign_id, actor_id, organizer_id, now, "organizer removed", held.role)
    await session.delete(held)
    await sign_ins.end_all(session, organizer_id)
    await session.flush()


async def reset_second_factor(
    session: AsyncSession, campaign_id: int, actor_id: int | None, organizer_id: int, now: datetime
) -> None:
    """For who lost telephone and recovery codes: the password alone does until they set one up anew."""
    if actor_id == organizer_id:
        raise AccountRefused(mark("your own codes are turned off on your account’s page, with a code"))
    await _role_to_change(session, campaign_id, actor_id, organizer_id)
    await _check_elsewhere(session, actor_id, organizer_id)
    await second_factors.remove(session, organizer_id)
    audit_account(session, campaign_id, actor_id, organizer_id, now, "second factor reset")
    await sign_ins.end_all(session, organizer_id)


async def _check_elsewhere(session: AsyncSession, actor_id: int | None, organizer_id: int) -> None:
    """What guards other campaigns too is not one campaign's to take away."""
    if actor_id is None:
        return
    for campaign, _held in await installation.roles(session, organizer_id):
        own = await session.get(OrganizerRole, (actor_id, campaign.id))
        if own is None or own.role is not Role.admin:
            raise AccountRefused(
                mark("they work for another campaign too: whoever runs Porte-voix can reset their codes")
            )


async def _role_to_change(
    session: AsyncSession, campaign_id: int, actor_id: int | None, organizer_id: int
) -> OrganizerRole:
    held = await session.get(OrganizerRole, (organizer_id, campaign_id))
    if held is None:
        raise AccountRefused(mark("they are no member of the team any more"))
    await _check_reach(session, campaign_id, actor_id, held.territory_id)
    return held


async def _keep_an_admin(session: AsyncSession, campaign_id: int, organizer_id: int) -> None:
    """A campaign without an admin could never be set up again. Asked in the transaction that changes it."""
    admins = select(OrganizerRole.organizer_id).where(
        col(OrganizerRole.campaign_id) == campaign_id,
        col(OrganizerRole.role) == Role.admin,
        col(OrganizerRole.territory_id).is_(None),
    )
    if set((await session.scalars(admins)).all()) == {organizer_id}:
        raise AccountRefused(mark("the campaign’s last admin stays: make somebody else an admin first"))


async def change_password(
    session: AsyncSession, organizer: Organizer, password_hash: str, now: datetime, *, keep: int | None = None
) -> None:
    """A new password, whose hash this is: every session ends but `keep`."""
    stored = await session.get_one(Organizer, organizer.id)
    stored.password_hash = password_hash
    await sign_ins.end_all(session, organizer.id, but=keep)
    await audit_own(session, organizer.id, now, "password changed")
