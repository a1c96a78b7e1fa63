"""What other programs are told: a row for each target, written in the transaction of what happened, sent until it is taken.

For two days a message is tried. While its target cannot be reached, is overloaded or broken, all of the target's
messages wait with it, so that they arrive in order; where the target refuses a single message, the others pass it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.dialects import insert
from campaigns.models import (
    Audit,
    Campaign,
    Channel,
    MessageState,
    Post,
    Publication,
    WebhookMessage,
    WebhookOccasion,
    WebhookTarget,
)
from networks.webhooks import Outcome

TRIED = timedelta(days=2)
# Between two tries of a target that cannot take any message; the last one from then on.
WAITS = tuple(timedelta(seconds=each) for each in (10, 60, 300, 900, 3600))
FIRST_WAIT, LONGEST_WAIT = (
    timedelta(minutes=1),
    timedelta(hours=6),
)  # of a message that is refused: as long as it waited
CLAIMED = timedelta(minutes=1)  # longer than a call may take; after a crash it is sent again then
KEPT = timedelta(days=30)  # after it was delivered or given up
TOO_LONG = "not taken for two days; the last try: {}"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is about to be sent."""

    message: WebhookMessage
    target: WebhookTarget


def written(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """A message's body: JSON with its type, when it happened, and what it is about."""
    whole = {"type": kind, "timestamp": _moment(at), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


async def note_publications(session: AsyncSession, ids: Sequence[int], now: datetime | None = None) -> None:
    """Write what is to be told of publications that are out, failed or unknown now; `now` None: when their attempt was."""
    targets = await _targets(session)
    if not targets:
        return
    occasions = [*map(str, WebhookOccasion)]
    rows = await session.execute(
        select(Publication, Post, Channel, Campaign.slug)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .join(Campaign, col(Campaign.id) == col(Post.campaign_id))
        .where(col(Publication.id).in_(ids), col(Campaign.id).in_({target.campaign_id for target in targets}))
        .order_by(col(Publication.id))
        .execution_options(populate_existing=True)
    )
    for publication, post, channel, slug in rows.all():
        if publication.state.value not in occasions:
            continue
        event = f"publication_{publication.id}_{publication.attempts}_{publication.state.value}"
        data = {
            "campaign": slug,
            "post": {"id": post.id, "title": post.title},
            "publication": {
                "id": publication.id,
                "state": publication.state.value,
                "url": publication.url,
                "reason": publication.reason,
            },
            "channel": {"id": channel.id, "name": channel.name, "network": channel.network},
        }
        at = now or publication.sent_at or publication.tried_at or post.created_at
        occasion = WebhookOccasion(publication.state.value)
        await write_messages(session, targets, post.campaign_id, occasion, f"publication.{occasion}", event, at, data)


async def note_approval(session: AsyncSession, post: Post, now: datetime) -> None:
    """Write what is to be told of a post that has every yes it needs."""
    targets = await _targets(session)
    if not targets:
        return
    await session.flush()
    last = select(Audit.id).where(col(Audit.post_id) == post.id).order_by(col(Audit.id).desc()).limit(1)
    event = f"post_{post.id}_approved_{await session.scalar(last) or 0}"
    slug = (await session.get_one(Campaign, post.campaign_id)).slug
    publish_at = _moment(post.publish_at) if post.publish_at else None
    data = {
        "campaign": slug,
        "post": {"id": post.id, "title": post.title, "state": post.state.value, "publish_at": publish_at},
    }
    await write_messages(
        session, targets, post.campaign_id, WebhookOccasion.approved, "post.approved", event, now, data
    )


async def _targets(session: AsyncSession) -> Sequence[WebhookTarget]:
    return (await session.scalars(select(WebhookTarget))).all()


async def write_messages(
    session: AsyncSession,
    targets: Sequence[WebhookTarget],
    campaign_id: int,
    occasion: WebhookOccasion,
    kind: str,
    event: str,
    at: datetime,
    data: Mapping[str, Any],
) -> None:
    """A row for each target that wants it; the same event is not written twice."""
    body = written(kind, at, data)
    rows = [
        {
            "target_id": t.id,
            "event": event,
            "body": body,
            "state": MessageState.queued,
            "attempts": 0,
            "happened_at": at,
        }
        for t in targets
        if t.campaign_id == campaign_id and occasion in t.occasions
    ]
    if rows:
        table = WebhookMessage.__table__  # type: ignore[attr-defined]
        await session.execute(insert(table).on_conflict_do_nothing(index_elements=["target_id", "event"]), rows)


def _due(now: datetime) -> tuple[Any, ...]:
    """In SQL, of a WebhookMessage and its WebhookTarget: may be sent now."""
    return (
        col(WebhookMessage.state) == MessageState.queued,
        or_(col(WebhookMessage.not_before).is_(None), col(WebhookMessage.not_before) <= now),
        or_(col(WebhookTarget.not_before).is_(None), col(WebhookTarget.not_before) <= now),
    )


async def targets_with_work(session: AsyncSession, now: datetime) -> Sequence[int]:
    """The targets that may be called now and have something to be told."""
    due = select(WebhookMessage.id).where(col(WebhookMessage.target_id) == col(WebhookTarget.id), *_due(now))
    return (await session.scalars(select(col(WebhookTarget.id)).where(due.exists()))).all()


async def claim(session: AsyncSession, target_id: int, now: datetime) -> Claimed | None:
    """The next message of a target, kept from others while it is sent; None where there is none to send now."""
    found = await session.execute(
        select(WebhookMessage, WebhookTarget)
        .join(WebhookTarget, col(WebhookTarget.id) == col(WebhookMessage.target_id))
        .where(col(WebhookTarget.id) == target_id, *_due(now))
        .order_by(col(WebhookMessage.id))
        .limit(1)
    )
    row = found.one_or_none()
    if row is None:
        return None
    message, target = row
    message.attempts, message.not_before = message.attempts + 1, now + CLAIMED
    return Claimed(message, target)


async def let_go(session: AsyncSession, now: datetime) -> None:
    """For an engine that is alone: what a dead process had claimed keeps its place before those behind it."""
    await session.execute(
        update(WebhookMessage)
        .where(col(WebhookMessage.state) == MessageState.queued, col(WebhookMessage.not_before) <= now + CLAIMED)
        .values(not_before=None)
        .execution_options(synchronize_session=False)
    )


async def settle(session: AsyncSession, claimed: Claimed, outcome: Outcome, now: datetime) -> None:
    """Write what came of a try. A target that was removed meanwhile, and its messages, stay removed."""
    message = await session.get(WebhookMessage, claimed.message.id)
    target = await session.get(WebhookTarget, claimed.target.id)
    if message is None or target is None:
        return
    message.trouble = target.trouble = outcome.trouble
    if outcome.down:
        target.failures += 1
        wait = max(WAITS[min(target.failures, len(WAITS)) - 1], outcome.retry_after or timedelta())
        message.not_before, target.not_before = None, now + wait
        await session.flush()
        await _give_up(session, target, now)
        return
    target.failures, target.not_before = 0, None
    if outcome.trouble is None:
        message.state, message.delivered_at, message.not_before = MessageState.delivered, now, None
    elif now - message.happened_at >= TRIED:
        message.state = MessageState.given_up
    else:
        message.not_before = now + min(max(now - message.happened_at, FIRST_WAIT), LONGEST_WAIT)


async def _give_up(session: AsyncSession, target: WebhookTarget, now: datetime) -> None:
    """What waited for two days for a target that takes none."""
    await session.execute(
        update(WebhookMessage)
        .where(col(WebhookMessage.target_id) == target.id, col(WebhookMessage.state) == MessageState.queued)
        .where(col(WebhookMessage.happened_at) <= now - TRIED)
        .values(state=MessageState.given_up, trouble=TOO_LONG.format(target.trouble))
        .execution_options(synchronize_session=False)
    )


async def forget_old(session: AsyncSession, now: datetime) -> None:
    """Drop what was delivered or given up a month ago."""
    await session.execute(
        delete(WebhookMessage)
        .where(col(WebhookMessage.state) != MessageState.queued, col(WebhookMessage.happened_at) <= now - KEPT)
        .execution_options(synchronize_session=False)
    )
