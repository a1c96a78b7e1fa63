"""What a store that comes back from a backup must not do by itself.

The program went on behind the moment of the backup, and the backup does not know it: what was due since may be out, or may
not. It is sent no second time. Publications become `unknown` and wait in the queue for a human's word; a broadcast that was
going out is paused; what was on its way to single people counts as perhaps sent. What is due later goes out as planned.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, insert, or_, select, update
from sqlmodel import col

from campaigns.models import (
    Audit,
    BotUpdate,
    Broadcast,
    BroadcastState,
    Campaign,
    Channel,
    FileRequest,
    Handout,
    HandoutState,
    Heartbeat,
    Post,
    PostState,
    Publication,
    PublicationState,
    SignIn,
    SignupMessage,
    Suggestion,
    TurnsTaken,
)

REASON = "it was due between the backup of {at:%Y-%m-%d %H:%M} UTC and its restore, and may be out: look at the channel"
PERHAPS = "the store comes from a backup: it may have been sent"


@dataclass(frozen=True, slots=True)
class LeftToHumans:
    """How many there are of what does not go on by itself."""

    publications: int
    broadcasts: int
    kits: int  # posts whose share kits are handed out no more
    messages: int  # to single people


def settle_down(rows: Connection, taken_at: datetime, now: datetime) -> LeftToHumans:
    """Turn the rows of a backup into those of a store that may be run."""
    found = LeftToHumans(
        _publications(rows, taken_at, now),
        _changed(
            rows,
            update(_of(Broadcast))
            .where(col(Broadcast.state) == BroadcastState.running)
            .values(state=BroadcastState.paused),
        ),
        _changed(
            rows,
            update(_of(Post))
            .where(col(Post.share_kit), col(Post.state) == PostState.scheduled, col(Post.publish_at) <= now)
            .where(col(Post.handed_out_at).is_(None))
            .values(handed_out_at=now),
        ),
        _messages(rows, now),
    )
    _forget_processes(rows)
    detail = f"{taken_at:%Y-%m-%d %H:%M} UTC"
    for campaign_id in rows.scalars(select(col(Campaign.id))).all():
        rows.execute(insert(_of(Audit)).values(campaign_id=campaign_id, at=now, action="restored", detail=detail))
    return found


def _publications(rows: Connection, taken_at: datetime, now: datetime) -> int:
    """Also of posts that still waited for a yes: they may have got it since. `tried_at` goes, so that no network is asked
    and sends by itself what is late by days."""
    waits = col(Publication.state) == PublicationState.queued
    cancelled = select(col(Post.id)).where(col(Post.state) == PostState.cancelled)
    return _changed(
        rows,
        update(_of(Publication))
        .where(
            or_(
                col(Publication.state) == PublicationState.sending,
                and_(waits, col(Publication.due_at) <= now, col(Publication.post_id).not_in(cancelled)),
            )
        )
        .values(state=PublicationState.unknown, reason=REASON.format(at=taken_at), tried_at=None, lease_until=None),
    )


def _messages(rows: Connection, now: datetime) -> int:
    """Of share kits, broadcasts, events and missions, and answers to ideas."""
    sending, queued = HandoutState.sending, HandoutState.queued
    perhaps = {"state": HandoutState.unknown, "reason": PERHAPS}
    handed = or_(col(Handout.not_before).is_(None), col(Handout.not_before) <= now)
    told = _changed(
        rows,
        update(_of(Handout))
        .where(or_(col(Handout.state) == sending, and_(col(Handout.state) == queued, handed)))
        .values(**perhaps, lease_until=None),
    )
    told += _changed(
        rows,
        update(_of(SignupMessage))
        .where(
            or_(
                col(SignupMessage.state) == sending,
                and_(col(SignupMessage.state) == queued, col(SignupMessage.not_before) <= now),
            )
        )
        .values(**perhaps),
    )
    return told + _changed(
        rows,
        update(_of(Suggestion))
        .where(col(Suggestion.answered_at).is_not(None))
        .where(col(Suggestion.sent_at).is_(None), col(Suggestion.trouble).is_(None))
        .values(trouble=PERHAPS),
    )


def _forget_processes(rows: Connection) -> None:
    """Who was at work and who was logged in: a session may have been ended since."""
    rows.execute(update(_of(Channel)).values(leased_by=None, lease_until=None))
    for table in (SignIn, TurnsTaken, Heartbeat, FileRequest):  # whose files are in no backup
        rows.execute(delete(_of(table)))
    rows.execute(delete(_of(BotUpdate)).where(col(BotUpdate.chat).is_not(None)))


def _of(table: Any) -> Table:
    found: Table = table.__table__
    return found


def _changed(rows: Connection, statement: Any) -> int:
    return int(rows.execute(statement).rowcount)
