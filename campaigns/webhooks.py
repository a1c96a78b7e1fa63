"""Programs that a campaign tells of what happens to its posts: adding, checking, trying and removing their addresses."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Campaign, MessageState, WebhookMessage, WebhookOccasion, WebhookTarget
from campaigns.vault import Vault
from campaigns.webhook_messages import written
from campaigns.webhook_secrets import PREFIX, SigningSecretUnreadable, give_secret, secret_of
from networks.outside import is_outside
from networks.webhooks import Call, Outcome

MOST_TARGETS = 20  # of a campaign
LONGEST_URL = 500  # characters
HERE = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa")  # names that never lie outside
NUMBER = re.compile(r"\d+|0x[0-9a-f]*")  # a host that ends so is an IPv4 address, in one of the ways to write it
Send = Callable[[Call], Awaitable[Outcome]]


class TargetRefused(Exception):
    """This address cannot be told; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A target, how many messages wait for it, and how many were given up."""

    target: WebhookTarget
    waiting: int
    given_up: int


def check_url(url: str) -> None:
    """What can be seen of an address before it is called; raises TargetRefused. The call itself looks at where it leads."""
    try:
        parts = urlsplit(url)
        host, _port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise TargetRefused(f"“{url[:LONGEST_URL]}” is not a web address") from None
    if len(url) > LONGEST_URL:
        raise TargetRefused(f"the address has {len(url)} characters; at most {LONGEST_URL}")
    if parts.scheme != "https" or not host or not url.isprintable() or " " in url:
        raise TargetRefused(f"“{url}” is not a web address that begins with https:// and holds no space")
    if parts.username is not None or parts.fragment:
        raise TargetRefused("the address holds a name, a password or a #; leave them out: each message is signed")
    numeric = ":" in host or bool(NUMBER.fullmatch(host.rpartition(".")[2]))
    if (numeric and not is_outside(host)) or (not numeric and ("." not in host or ("." + host).endswith(HERE))):
        raise TargetRefused(f"“{host}” lies inside this machine's networks; give an address that the internet reaches")


async def add_target(
    session: AsyncSession,
    campaign_id: int,
    url: str,
    occasions: Collection[WebhookOccasion],
    now: datetime,
    *,
    check: Callable[[str], None] = check_url,
) -> tuple[WebhookTarget, str]:
    """A new target, and its secret, which is shown once; raises TargetRefused. Only tests, on one machine, check otherwise."""
    check(url)
    if not occasions:
        raise TargetRefused(f"name at least one occasion: {', '.join(WebhookOccasion)}")
    known = await session.scalar(
        select(func.count()).select_from(WebhookTarget).where(col(WebhookTarget.campaign_id) == campaign_id)
    )
    if (known or 0) >= MOST_TARGETS:
        raise TargetRefused(f"the campaign has {known} targets; at most {MOST_TARGETS}: remove one first")
    target = WebhookTarget(
        campaign_id=campaign_id,
        url=url,
        secret="",
        occasions=[occasion.value for occasion in WebhookOccasion if occasion in occasions],
        created_at=now,
    )
    session.add(target)
    await session.flush()
    return target, give_secret(session, target)


async def find_target(session: AsyncSession, campaign_id: int, target_id: int) -> WebhookTarget | None:
    return await session.scalar(
        select(WebhookTarget).where(col(WebhookTarget.id) == target_id, col(WebhookTarget.campaign_id) == campaign_id)
    )


async def targets_of(session: AsyncSession, campaign_id: int) -> list[Overview]:
    """A campaign's targets, the oldest first."""
    waiting, given_up = [
        select(func.count())
        .select_from(WebhookMessage)
        .where(col(WebhookMessage.target_id) == col(WebhookTarget.id), col(WebhookMessage.state) == state)
        .scalar_subquery()
        for state in (MessageState.queued, MessageState.given_up)
    ]
    rows = await session.execute(
        select(WebhookTarget, waiting, given_up)
        .where(col(WebhookTarget.campaign_id) == campaign_id)
        .order_by(col(WebhookTarget.id))
    )
    return [Overview(row[0], row[1], row[2]) for row in rows]


async def remove_target(session: AsyncSession, campaign_id: int, target_id: int) -> WebhookTarget | None:
    """Drop a target with its messages; None where the campaign has no such target."""
    target = await find_target(session, campaign_id, target_id)
    if target is not None:
        await session.delete(target)
    return target


async def messages_of(
    session: AsyncSession, target_id: int, *, before: int | None = None, limit: int = 50
) -> Sequence[WebhookMessage]:
    """A target's messages, the newest first; `before`: only those that are older than this one."""
    query = select(WebhookMessage).where(col(WebhookMessage.target_id) == target_id)
    if before is not None:
        query = query.where(col(WebhookMessage.id) < before)
    return (await session.scalars(query.order_by(col(WebhookMessage.id).desc()).limit(limit))).all()


async def try_again(session: AsyncSession, target: WebhookTarget) -> int:
    """What was given up is queued once more, and nothing waits any longer; how many were given up."""
    go_on(target)
    given_up = await session.scalars(
        select(WebhookMessage).where(
            col(WebhookMessage.target_id) == target.id, col(WebhookMessage.state) == MessageState.given_up
        )
    )
    messages = given_up.all()
    for message in messages:
        message.state, message.not_before = MessageState.queued, None
    return len(messages)


def go_on(target: WebhookTarget) -> None:
    """The target is well: what waits for it goes out at once."""
    target.failures, target.not_before, target.trouble = 0, None, None


def signature(secret: str, event: str, at: datetime, body: str) -> str:
    """As Standard Webhooks has it: HMAC-SHA256 over "id.timestamp.body" by the secret's bytes, in base 64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{event}.{int(at.timestamp())}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def call_of(vault: Vault, target: WebhookTarget, event: str, body: str, now: datetime) -> Call:
    """A message as it is sent now; raises SigningSecretUnreadable.

    Its time is that of the try, so that an old one that was listened to cannot be used again.
    """
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Porte-voix",
        "webhook-id": event,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(secret_of(vault, target), event, now, body),
    }
    return Call(target.url, headers, body.encode())


async def send_test(vault: Vault, campaign: Campaign, target: WebhookTarget, now: datetime, send: Send) -> Outcome:
    """Send the target a message of the type "test", which is kept nowhere; what came of it. Call it outside of a session."""
    body = written("test", now, {"campaign": campaign.slug})
    try:
        call = call_of(vault, target, f"test_{secrets.token_hex(8)}", body, now)
    except SigningSecretUnreadable as problem:
        return Outcome(None, str(problem))
    return await send(call)
