"""Tokens with which programs use the API: each acts for one organizer in one campaign, and ends with their role."""

import enum
import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import AccessToken, Campaign, Organizer, OrganizerRole, Role
from campaigns.organizers import WRITERS

PREFIX = "pv_"  # lets a secret scanner, and a person, see what it is
USED = timedelta(minutes=5)  # how exactly it is kept when a token was last used: not every request writes
LONGEST_NAME = 80  # characters


class Scope(enum.StrEnum):
    posts_read = "posts:read"  # posts, their texts and pictures
    posts_write = "posts:write"  # write, change, submit and take back posts
    publications_read = "publications:read"  # what became of posts on each channel
    publications_write = "publications:write"  # decide what went astray
    channels_read = "channels:read"  # names, networks, slots and prices; never a credential
    media_write = "media:write"  # upload pictures, and see them
    results_read = "results:read"  # figures, never of one person
    webhooks_read = "webhooks:read"  # the programs that are told, and what they were told
    webhooks_write = "webhooks:write"  # add and remove such programs


READING = frozenset({Scope.posts_read, Scope.publications_read, Scope.channels_read, Scope.results_read})
WRITING = READING | {Scope.posts_write, Scope.publications_write, Scope.media_write}


class TokenRefused(Exception):
    """This token cannot be made; the message says why and what to do."""


class TokenEnded(Exception):
    """This token opens nothing; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a program acts for."""

    token: AccessToken
    campaign: Campaign
    organizer: Organizer
    role: Role

    def may(self, scope: Scope) -> bool:
        """Whether the token has that scope and the organizer's role, as it is now, still allows it."""
        return scope in self.token.scopes and scope in scopes_of(self.role)


def scopes_of(role: Role) -> frozenset[Scope]:
    """What a role allows a program to do: who connects channels also says which programs are told."""
    if role is Role.admin:
        return frozenset(Scope)
    return WRITING if role in WRITERS else READING


def hash_of(secret: str) -> str:
    """256 bits of chance need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


async def make_token(
    session: AsyncSession,
    campaign_id: int,
    organizer_id: int,
    name: str,
    scopes: Collection[Scope],
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[AccessToken, str]:
    """A new token and its secret, which is not stored and so is shown only now; raises TokenRefused."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise TokenRefused(f"a token's name has 1 to {LONGEST_NAME} characters; say which program will hold it")
    if not scopes:
        raise TokenRefused(f"a token without a scope opens nothing; choose from {', '.join(Scope)}")
    if expires_at is not None and expires_at <= now:
        raise TokenRefused(f"{expires_at:%Y-%m-%d %H:%M} UTC is in the past; choose a later end, or none")
    role = await session.get(OrganizerRole, (organizer_id, campaign_id))
    if role is None:
        raise TokenRefused("this organizer has no role in this campaign; give them one first")
    beyond = sorted(set(scopes) - scopes_of(role.role))
    if beyond:
        raise TokenRefused(f"the role {role.role} does not allow {', '.join(beyond)}; leave it out, or change the role")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = AccessToken(
        campaign_id=campaign_id,
        organizer_id=organizer_id,
        name=name,
        secret_hash=hash_of(secret),
        ending=secret[-4:],
        scopes=[scope.value for scope in Scope if scope in scopes],
        created_at=now,
        expires_at=expires_at,
    )
    session.add(token)
    await session.flush()
    return token, secret


async def tokens_of(session: AsyncSession, campaign_id: int) -> Sequence[tuple[AccessToken, Organizer, Role | None]]:
    """A campaign's tokens, those that were revoked included, each with its organizer and the role that they still have."""
    rows = await session.execute(
        select(AccessToken, Organizer, OrganizerRole)
        .join(Organizer, col(Organizer.id) == col(AccessToken.organizer_id))
        .outerjoin(
            OrganizerRole,
            (col(OrganizerRole.organizer_id) == col(Organizer.id)) & (col(OrganizerRole.campaign_id) == campaign_id),
        )
        .where(col(AccessToken.campaign_id) == campaign_id)
        .order_by(col(AccessToken.id))
    )
    return [(token, organizer, role.role if role else None) for token, organizer, role in rows.all()]


async def revoke_token(session: AsyncSession, campaign_id: int, token_id: int, now: datetime) -> AccessToken | None:
    """End a token for good; None where the campaign has no such token."""
    token = await session.get(AccessToken, token_id)
    if token is None or token.campaign_id != campaign_id:
        return None
    token.revoked_at = token.revoked_at or now
    return token


async def caller_of(session: AsyncSession, secret: str, now: datetime) -> Caller:
    """Who this secret acts for; looked up at each request, so that what is taken away ends at once. Raises TokenEnded."""
    found = await session.execute(
        select(AccessToken, Campaign, Organizer, OrganizerRole)
        .join(Campaign, col(Campaign.id) == col(AccessToken.campaign_id))
        .join(Organizer, col(Organizer.id) == col(AccessToken.organizer_id))
        .outerjoin(
            OrganizerRole,
            (col(OrganizerRole.organizer_id) == col(Organizer.id))
            & (col(OrganizerRole.campaign_id) == col(Campaign.id)),
        )
        .where(col(AccessToken.secret_hash) == hash_of(secret))
    )
    row = found.one_or_none()
    if row is None:
        raise TokenEnded("this token is unknown; make one with: python run_bot.py tokens add")
    token, campaign, organizer, role = row
    if token.revoked_at is not None:
        raise TokenEnded(f"this token was revoked on {token.revoked_at:%Y-%m-%d %H:%M} UTC; make another one")
    if token.expires_at is not None and token.expires_at <= now:
        raise TokenEnded(f"this token expired on {token.expires_at:%Y-%m-%d %H:%M} UTC; make another one")
    if role is None:
        raise TokenEnded(
            f"{organizer.name} no longer has a role in {campaign.name}; have somebody who has make a token"
        )
    return Caller(token, campaign, organizer, role.role)


async def note_use(session: AsyncSession, token_id: int, now: datetime) -> None:
    """Keep when the token was last used; for who saw by `is_stale` that this is worth a write."""
    long_ago = or_(col(AccessToken.last_used_at).is_(None), col(AccessToken.last_used_at) <= now - USED)
    await session.execute(
        update(AccessToken)
        .where(col(AccessToken.id) == token_id, long_ago)
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )


def is_stale(token: AccessToken, now: datetime) -> bool:
    """Whether the stored moment of the last use is too old to stand for now."""
    return token.last_used_at is None or token.last_used_at <= now - USED
