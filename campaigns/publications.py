"""One post on one channel: its states, who may move it where, and the claims that make it go out once.

A publication is written before the call to the network (`begin`) and after it (`finish`). What a dead process left in
`sending` becomes `unknown`: nobody can tell whether it went out, so a human looks and decides.
"""

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, literal, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.channel_secrets import change_settings
from campaigns.models import (
    Campaign,
    Channel,
    Media,
    Moment,
    Post,
    PostState,
    PostVersion,
    Publication,
    PublicationState,
)
from campaigns.silence_windows import is_silent
from campaigns.stamp import credited, stamp_of, stamped
from campaigns.webhook_messages import note_publications
from networks.base import parts_out

S = PublicationState
LEASE = timedelta(minutes=5)  # longer than the slowest call to a network may take


class Mover(enum.StrEnum):
    engine = "engine"
    human = "human"
    either = "either"  # the engine where the network itself can tell, else a human


# Who may move a publication from where to where. What is not here does not happen.
MOVES: dict[tuple[PublicationState, PublicationState], Mover] = {
    (S.queued, S.sending): Mover.engine,
    (S.sending, S.published): Mover.engine,
    (S.sending, S.failed): Mover.engine,
    (S.sending, S.unknown): Mover.engine,
    (S.sending, S.queued): Mover.engine,  # it certainly did not go out
    (S.queued, S.held): Mover.engine,
    (S.queued, S.missed): Mover.engine,
    (S.queued, S.cancelled): Mover.human,
    (S.held, S.queued): Mover.human,
    (S.held, S.cancelled): Mover.human,
    (S.missed, S.queued): Mover.human,
    (S.missed, S.cancelled): Mover.human,
    (S.failed, S.queued): Mover.human,
    (S.failed, S.cancelled): Mover.human,
    (S.unknown, S.published): Mover.either,
    (S.unknown, S.queued): Mover.either,
    (S.unknown, S.cancelled): Mover.human,  # it is not there, and too late to be said
}


def may(who: Mover, state: PublicationState, to: PublicationState) -> bool:
    """Whether the engine or a human may move a publication from this state to that one."""
    return MOVES.get((state, to)) in (who, Mover.either)


class MoveRefused(Exception):
    """This publication cannot be moved there from the state it is in."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Claim a publication for sending; answered with its Content, or None where it may not go out any more.

    With `worker`, only while the channel is leased by it: one that was taken for dead, and is not, begins nothing.

    `again`: it was asked before and not answered, so that the claim may be there already; whoever asks has sent nothing yet.
    """

    publication_id: int
    now: datetime
    worker: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """What came of an attempt; answered with None. `attempt` is the Content's: a late word of an earlier one is ignored."""

    publication_id: int
    state: PublicationState
    attempt: int
    reason: str | None = None
    remote_id: str | None = None
    url: str | None = None
    sent_at: datetime | None = None
    sent_parts: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)  # of the channel, that the network changed


@dataclass(frozen=True, slots=True)
class Content:
    """What a publication says, as it stands at the moment of sending."""

    publication_id: int
    text: str
    link: str | None
    media: tuple[Media, ...]
    attempts: int
    sent_parts: tuple[str, ...]
    title: str = ""
    written_at: datetime | None = None
    due_at: datetime | None = None
    reply_to: str | None = None  # the part of its thread behind which it stands on this channel
    post_id: int = 0


async def write_steps(session: AsyncSession, steps: Sequence[Begin | Finish]) -> list[Content | None]:
    """Write many steps in one transaction; for a BatchWriter."""
    await _finish(session, [step for step in steps if isinstance(step, Finish)])
    contents = await _begin(session, [step for step in steps if isinstance(step, Begin)])
    # Popped: of two that claim the same publication in one batch, the first has it.
    return [contents.pop(step.publication_id, None) if isinstance(step, Begin) else None for step in steps]


_FINISH = (
    update(Publication.__table__)  # type: ignore[attr-defined]
    .where(col(Publication.id) == bindparam("of"), col(Publication.state) == S.sending)
    .where(col(Publication.attempts) == bindparam("attempt"))
    .values(
        {name: bindparam(f"new_{name}") for name in ("state", "reason", "remote_id", "url", "sent_at", "sent_parts")}
        | {"lease_until": None}
    )
)


# What comes back to the queue of a post that was taken back meanwhile: it would wait there for ever.
_CANCEL_TAKEN_BACK = (
    update(Publication.__table__)  # type: ignore[attr-defined]
    .where(col(Publication.id).in_(bindparam("of", expanding=True)), col(Publication.state) == S.queued)
    .where(
        select(Post.id).where(col(Post.id) == col(Publication.post_id), col(Post.state) == PostState.cancelled).exists()
    )
    .values(state=S.cancelled)
)


async def cancel_taken_back(session: AsyncSession, ids: Sequence[int]) -> None:
    """For who moved publications to queued: those whose post was taken back meanwhile are cancelled."""
    await session.execute(_CANCEL_TAKEN_BACK, {"of": ids})


async def _finish(session: AsyncSession, steps: Sequence[Finish]) -> None:
    for step in steps:
        if (S.sending, step.state) not in MOVES:
            raise MoveRefused(f"a publication cannot go from sending to {step.state}")
    if steps:
        rows = [
            {
                "of": s.publication_id,
                "attempt": s.attempt,
                "new_state": s.state,
                "new_reason": s.reason,
                "new_remote_id": s.remote_id,
                "new_url": s.url,
                "new_sent_at": s.sent_at,
                "new_sent_parts": list(s.sent_parts),
            }
            for s in steps
        ]
        connection = await session.connection()
        await connection.execute(_FINISH, rows)
        waiting = [step.publication_id for step in steps if step.state is S.queued]
        if waiting:
            await cancel_taken_back(session, waiting)
        await note_publications(session, [step.publication_id for step in steps if step.state is not S.queued])
    for step in steps:
        if step.settings:
            await _keep_settings(session, step)


async def _keep_settings(session: AsyncSession, step: Finish) -> None:
    of = select(Publication.channel_id).where(col(Publication.id) == step.publication_id).scalar_subquery()
    channel = await session.scalar(select(Channel).where(col(Channel.id) == of))
    if channel is not None:
        change_settings(session, channel, step.settings)


def _claim(*, held: bool) -> Any:
    """Claims those of :ids that may go out; put together once.

    `held`: on channels that :worker has leased, and what is in `sending` there, too, of :again: while a worker has a channel,
    no other one leaves anything in `sending` there, since it becomes `unknown` with its lease.
    """
    table: Any = Publication.__table__  # type: ignore[attr-defined]
    now, channel = bindparam("now", type_=Moment), col(Channel.id) == col(Publication.channel_id)
    is_open = col(Publication.state) == S.queued
    if held:
        claimed = col(Publication.id).in_(bindparam("again", expanding=True))
        is_open = or_(is_open, and_(col(Publication.state) == S.sending, claimed))
    free = (
        select(Publication.id)
        .where(col(Publication.id).in_(bindparam("ids", expanding=True)), is_open, col(Publication.due_at) <= now)
        .where(exists().where(col(Post.id) == col(Publication.post_id), col(Post.state) == PostState.scheduled))
        .where(~exists().where(channel).where(is_silent(col(Channel.campaign_id), col(Channel.territory_id), now)))
        .with_for_update(of=Publication, skip_locked=True)  # what another process claims at this moment is its own
    )
    if held:
        free = free.where(exists().where(channel, col(Channel.leased_by) == bindparam("worker")))
    return (
        update(table)
        .where(table.c.id.in_(free))
        .values(
            state=S.sending,
            lease_until=bindparam("until", type_=Moment),
            attempts=case((table.c.state == S.queued, table.c.attempts + 1), else_=table.c.attempts),
            reason=None,
            tried_at=now,
        )
        .returning(table.c.id)
    )


_CLAIM, _CLAIM_HELD = _claim(held=False), _claim(held=True)


async def _begin(session: AsyncSession, steps: Sequence[Begin]) -> dict[int, Content]:
    if not steps:
        return {}
    now = max(step.now for step in steps)
    asked: dict[str | None, list[Begin]] = {}
    for step in steps:
        asked.setdefault(step.worker, []).append(step)
    connection = await session.connection()
    claimed: list[int] = []
    for worker, its in asked.items():
        given: dict[str, Any] = {"ids": [step.publication_id for step in its], "now": now, "until": now + LEASE}
        if worker is not None:
            given |= {"worker": worker, "again": [step.publication_id for step in its if step.again]}
        claimed += (await connection.execute(_CLAIM if worker is None else _CLAIM_HELD, given)).scalars().all()
    return await contents_of(session, claimed)


_CONTENTS = (
    select(
        Publication.id,
        Publication.attempts,
        Publication.sent_parts,
        Post.id,
        Post.text,
        Post.link,
        PostVersion.text,
        Post.title,
        Post.created_at,
        Campaign,
        Publication.due_at,
        Publication.channel_id,
        Post.thread_id,
        select(Media.id).where(col(Media.post_id) == col(Post.id)).exists(),
    )  # type: ignore[call-overload]
    .join(Post, col(Post.id) == col(Publication.post_id))
    .join(Campaign, col(Campaign.id) == col(Post.campaign_id))
    .join(Channel, col(Channel.id) == col(Publication.channel_id))
    .outerjoin(
        PostVersion, (col(PostVersion.post_id) == col(Post.id)) & (col(PostVersion.network) == col(Channel.network))
    )
    .where(col(Publication.id).in_(bindparam("ids", expanding=True)))
)


async def contents_of(session: AsyncSession, ids: Sequence[int]) -> dict[int, Content]:
    """What each of these publications says as it stands now."""
    found = (await session.execute(_CONTENTS, {"ids": ids})).all()
    media: dict[int, list[Media]] = {}
    if illustrated := {row[3] for row in found if row[-1]}:
        pictures = select(Media).where(col(Media.post_id).in_(illustrated)).order_by(col(Media.position))
        for medium in (await session.scalars(pictures)).all():
            media.setdefault(medium.post_id, []).append(medium)
    behind = {row[0]: await _last_of_thread(session, row[0], row[-3], row[-2]) for row in found if row[-2]}
    return {
        ident: Content(
            ident,
            stamped(
                credited(version if version is not None else text, (m.credit for m in media.get(post_id, ()))),
                stamp_of(campaign),
            ),
            link,
            tuple(media.get(post_id, ())),
            attempts,
            tuple(parts),
            title,
            written_at,
            due_at,
            behind.get(ident),
            post_id,
        )
        for ident, attempts, parts, post_id, text, link, version, title, written_at, campaign, due_at, *_ in found
    }


async def _last_of_thread(session: AsyncSession, publication_id: int, channel_id: int, thread_id: int) -> str | None:
    """The last part that is out on the channel of the posts of a thread before this one."""
    parts = await session.scalar(
        select(Publication.sent_parts)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(or_(col(Post.thread_id) == thread_id, col(Post.id) == thread_id))
        .where(col(Publication.channel_id) == channel_id, col(Publication.state) == S.published)
        .where(col(Publication.id) < publication_id)
        .order_by(col(Publication.id).desc())
        .limit(1)
    )
    out = parts_out(parts or [])
    return out[-1] if out else None


def ready(now: datetime) -> tuple[object, ...]:
    """A channel that rests (its credential is refused) or waits (the network asked to) keeps its posts in order."""
    waits_no_more = or_(col(Channel.not_before).is_(None), col(Channel.not_before) <= now)
    return col(Channel.resting_reason).is_(None), waits_no_more


async def channels_with_work(session: AsyncSession, now: datetime) -> list[int]:
    """Channels that have something due and may send it now."""
    due = (
        select(Publication.id)
        .join(Post, col(Post.id) == col(Publication.post_id))
        .where(
            col(Publication.channel_id) == col(Channel.id),
            col(Publication.state) == S.queued,
            col(Publication.due_at) <= now,
        )
        .where(col(Post.state) == PostState.scheduled)
        .exists()
    )
    return list((await session.scalars(select(Channel.id).where(due, *ready(now)).order_by(col(Channel.id)))).all())  # type: ignore[arg-type]


_DUE = (
    select(
        Publication.id,
        Publication.channel_id,
        func.row_number()
        .over(partition_by=col(Publication.channel_id), order_by=(col(Publication.due_at), col(Publication.id)))
        .label("place"),
    )
    .join(Post, col(Post.id) == col(Publication.post_id))
    .where(col(Publication.channel_id).in_(bindparam("channel_ids", expanding=True)))
    .where(col(Publication.state) == S.queued, col(Publication.due_at) <= bindparam("now", type_=Moment))
    .where(col(Post.state) == PostState.scheduled)
    .subquery()
)
_DUE_ON = select(_DUE.c.channel_id, _DUE.c.id).where(_DUE.c.place <= bindparam("most")).order_by(_DUE.c.place)


async def due_on(session: AsyncSession, channel_ids: Sequence[int], now: datetime, limit: int) -> dict[int, list[int]]:
    """The next publications of each channel, at most `limit` of one, in the order in which they go out."""
    rows = await session.execute(_DUE_ON, {"channel_ids": channel_ids, "now": now, "most": limit})
    found: dict[int, list[int]] = {channel_id: [] for channel_id in channel_ids}
    for channel_id, publication_id in rows.all():
        found[channel_id].append(publication_id)
    return found


async def lease_channels(
    session: AsyncSession, channel_ids: Sequence[int], worker: str, now: datetime
) -> dict[int, Channel]:
    """Take channels for one worker alone, or keep them for longer; those that another one has are left out."""
    free = or_(col(Channel.lease_until).is_(None), col(Channel.lease_until) <= now, col(Channel.leased_by) == worker)
    taken = await session.scalars(
        update(Channel)
        .where(col(Channel.id).in_(channel_ids), free, *ready(now))  # type: ignore[arg-type]
        .values(leased_by=worker, lease_until=now + LEASE)
        .returning(Channel)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return {channel.id: channel for channel in taken.all()}


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The end of a worker's lease; with `wait_until` or `rest` the channel sends nothing until then, or until it is mended."""

    channel_id: int
    worker: str
    wait_until: datetime | None = None
    rest: str | None = None


_GIVE_BACK = (
    update(Channel.__table__)  # type: ignore[attr-defined]
    .where(col(Channel.id) == bindparam("of"), col(Channel.leased_by) == bindparam("worker"))
    .values(
        leased_by=None,
        lease_until=None,
        not_before=func.coalesce(bindparam("wait_until", type_=Moment), col(Channel.not_before)),
        resting_reason=func.coalesce(bindparam("rest"), col(Channel.resting_reason)),
    )
)


async def give_back_channels(session: AsyncSession, ends: Sequence[GiveBack]) -> list[None]:
    """End leases, for a BatchWriter; a channel that another worker has by now is left to it."""
    rows = [{"of": e.channel_id, "worker": e.worker, "wait_until": e.wait_until, "rest": e.rest} for e in ends]
    await (await session.connection()).execute(_GIVE_BACK, rows)
    return [None] * len(ends)


LEFT_SENDING = "the program stopped, or lost the network, while this was being sent: look at the channel, then say “it is there” or “send again”"


async def end_leases(session: AsyncSession, now: datetime, *, every: bool = False, but: str | None = None) -> int:
    """Turn what a dead worker left in `sending` into `unknown`; how many there were.

    `every` is for an engine that knows that it is alone: then no lease can belong to a living worker. Else those of `but`,
    who asks, are left alone: it gives them back by itself.
    """
    dead = literal(True) if every else col(Publication.lease_until) <= now
    ended = col(Channel.leased_by).is_not(None) if every else col(Channel.lease_until) <= now
    if but is not None and not every:
        own = select(Channel.id).where(col(Channel.leased_by) == but)
        dead, ended = dead & col(Publication.channel_id).not_in(own), ended & (col(Channel.leased_by) != but)
    await session.execute(_END_LEASES.where(ended))
    return await _give_up(session, dead, now)


async def leasing(session: AsyncSession) -> set[str]:
    """The names of the workers that have leased a channel."""
    names = await session.scalars(select(Channel.leased_by).where(col(Channel.leased_by).is_not(None)).distinct())
    return {name for name in names if name is not None}


async def end_leases_of_the_dead(session: AsyncSession, living: Collection[str], now: datetime) -> int:
    """The same for the channels of all workers but the living ones, however long their leases would last."""
    dead = col(Channel.leased_by).is_not(None) & col(Channel.leased_by).not_in(living)
    channels = (await session.scalars(_END_LEASES.where(dead).returning(col(Channel.id)))).all()
    return await _give_up(session, col(Publication.channel_id).in_(channels), now) if channels else 0


_END_LEASES = update(Channel).values(leased_by=None, lease_until=None).execution_options(synchronize_session=False)


async def _give_up(session: AsyncSession, dead: ColumnElement[bool], now: datetime) -> int:
    moved = await session.execute(
        update(Publication)
        .where(col(Publication.id).in_(select(Publication.id).where(col(Publication.state) == S.sending, dead)))
        .values(state=S.unknown, lease_until=None, reason=LEFT_SENDING)
        .returning(col(Publication.id))
        .execution_options(synchronize_session=False)
    )
    left = moved.scalars().all()
    await note_publications(session, left, now)
    return len(left)
