"""The publications of a campaign by what is to be done about them: to decide, waiting, out, dropped."""

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Channel, LatePolicy, Post, PostState, Publication, PublicationState
from campaigns.publications import MoveRefused
from campaigns.settling import settle

S = PublicationState
LATE = timedelta(minutes=1)  # what waits for longer than that beyond its moment is shown as late


class Shelf(enum.StrEnum):
    decide = "decide"  # a human must say what becomes of it
    waiting = "waiting"  # goes out by itself at its moment, or is on its way
    out = "out"  # the network gave a receipt
    dropped = "dropped"  # never goes out


STATES = {
    Shelf.decide: (S.unknown, S.held, S.failed, S.missed),
    Shelf.waiting: (S.queued, S.sending),
    Shelf.out: (S.published,),
    Shelf.dropped: (S.cancelled,),
}


@dataclass(frozen=True, slots=True)
class Entry:
    publication: Publication
    post: Post
    channel: Channel

    def late_by(self, now: datetime) -> timedelta | None:
        """How long it waits beyond its moment, where that is worth a word."""
        due = self.publication.due_at
        waits = self.publication.state is S.queued and self.post.state is PostState.scheduled
        return now - due if waits and due is not None and due + LATE < now else None


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of many decisions at once."""

    done: int
    decided_already: int  # by somebody else, or not to be decided so


async def counts(session: AsyncSession, campaign_id: int) -> dict[Shelf, int]:
    """How many publications lie on each shelf; counted on the channels' index, and on the posts' for what was missed."""
    channels = select(Channel.id).where(col(Channel.campaign_id) == campaign_id)
    rows = await session.execute(
        select(Publication.state, func.count())
        .where(col(Publication.channel_id).in_(channels))
        .group_by(col(Publication.channel_id), col(Publication.state))  # in the order of the index: nothing is sorted
    )
    found: Counter[PublicationState] = Counter()
    for state, number in rows:
        found[PublicationState(state)] += number
    on_shelf = {shelf: sum(found[state] for state in states) for shelf, states in STATES.items()}
    if found[S.missed]:
        on_shelf[Shelf.decide] -= await _dropped_by_policy(session, channels)
    return on_shelf


async def _dropped_by_policy(session: AsyncSession, channels: Any) -> int:
    query = (
        select(func.count())
        .select_from(Publication)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(col(Publication.channel_id).in_(channels), col(Publication.state) == S.missed)
        .where(col(Post.late_policy) == LatePolicy.drop)
    )
    return await session.scalar(query) or 0


async def refused(session: AsyncSession, campaign_id: int) -> int:
    """How many publications a network refused."""
    channels = select(Channel.id).where(col(Channel.campaign_id) == campaign_id)
    query = select(func.count()).where(col(Publication.channel_id).in_(channels), col(Publication.state) == S.failed)
    return await session.scalar(query) or 0


async def entries(
    session: AsyncSession,
    campaign_id: int,
    shelf: Shelf,
    *,
    channel_id: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Entry]:
    """One page of a shelf: what is out and dropped with the latest first, else in the order in which it is due."""
    channels = select(Channel.id).where(col(Channel.campaign_id) == campaign_id)
    mine = col(Publication.channel_id).in_(channels) if channel_id is None else col(Channel.id) == channel_id
    query = (
        select(Publication, Post, Channel)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .join(Channel, col(Channel.id) == col(Publication.channel_id))
        .where(mine, col(Channel.campaign_id) == campaign_id, col(Publication.state).in_(STATES[shelf]))
    )
    if shelf is Shelf.decide:  # what the policy drops, it has decided
        query = query.where(or_(col(Publication.state) != S.missed, col(Post.late_policy) != LatePolicy.drop))
    if shelf is Shelf.waiting:
        query = query.where(col(Post.state) != PostState.cancelled)
    due = col(Publication.due_at)
    latest = shelf in (Shelf.out, Shelf.dropped)
    query = query.order_by(due.desc() if latest else due, col(Publication.id)).limit(limit).offset(offset)
    return [Entry(*row) for row in await session.execute(query)]


async def settle_many(
    session: AsyncSession,
    campaign_id: int,
    publication_ids: Sequence[int],
    to: PublicationState,
    now: datetime,
    organizer_id: int,
) -> Settled:
    """One decision on many publications, in the order in which they were due; each is a row of the audit.

    What somebody decided meanwhile stays as they decided.
    """
    ordered = await session.scalars(
        select(Publication.id)
        .where(col(Publication.id).in_(publication_ids), col(Publication.state).in_(STATES[Shelf.decide]))
        .order_by(col(Publication.due_at), col(Publication.id))
    )
    done, late = 0, len(set(publication_ids))
    for publication_id in ordered.all():
        try:
            await settle(session, campaign_id, publication_id, to, now=now, organizer_id=organizer_id)
        except MoveRefused:
            continue
        done, late = done + 1, late - 1
    return Settled(done, late)
