"""The secret that signs what a webhook's target is told: shown once when it is made, and kept locked for its row."""

import base64
import secrets

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import WebhookTarget
from campaigns.vault import Vault, WrongKey, vault_of

PREFIX = "whsec_"  # what stands before it, by the convention of Standard Webhooks


class SigningSecretUnreadable(Exception):
    """A target's secret was locked with another secret key."""

    def __init__(self, target: WebhookTarget) -> None:
        super().__init__(
            "its signing secret was locked with another secret key: set PORTEVOIX_OLD_SECRET_KEY to that key, or remove"
            " the webhook and add it anew"
        )
        self.target = target


def give_secret(session: AsyncSession, target: WebhookTarget) -> str:
    """A new secret of a target, whose row has its id by now; in the clear, to be shown once."""
    secret = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    target.secret = vault_of(session).lock(secret, *_purpose(target))
    return secret


def secret_of(vault: Vault, target: WebhookTarget) -> str:
    """The secret in the clear, to sign with; raises SigningSecretUnreadable."""
    try:
        return vault.open(target.secret, *_purpose(target))
    except WrongKey:
        raise SigningSecretUnreadable(target) from None


def _purpose(target: WebhookTarget) -> tuple[str | int, ...]:
    return "webhook", target.id, "secret"


async def lock_what_is_open(session: AsyncSession) -> int:
    """Lock the secrets that an earlier version of the program stored in the clear; how many there were."""
    found = (await session.scalars(select(WebhookTarget).where(_is_open()))).all()
    for target in found:
        target.secret = vault_of(session).lock(target.secret, *_purpose(target))
    return len(found)


async def some_are_open(session: AsyncSession) -> bool:
    return await session.scalar(select(WebhookTarget.id).where(_is_open()).limit(1)) is not None


def _is_open() -> ColumnElement[bool]:
    return col(WebhookTarget.secret).startswith(PREFIX, autoescape=True)


async def lock_anew(session: AsyncSession) -> tuple[int, list[SigningSecretUnreadable]]:
    """Lock every secret with the present key: how many changed, and those that no key opens."""
    vault, changed, unreadable = vault_of(session), 0, []
    for target in await session.scalars(select(WebhookTarget).order_by(col(WebhookTarget.id))):
        if vault.is_current(target.secret, *_purpose(target)):
            continue
        try:
            target.secret = vault.lock(secret_of(vault, target), *_purpose(target))
            changed += 1
        except SigningSecretUnreadable as problem:
            unreadable.append(problem)
    return changed, unreadable
