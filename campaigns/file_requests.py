"""Files that take long: an organizer asks, whoever is free makes them, and they lie ready for a day.

A request is claimed by whoever makes it, for as long as its lease lasts. A maker that dies lets it lapse, and another one
begins anew; nothing is half made, since the file counts from the moment at which the row says that it is ready.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.database import Database
from campaigns.media_stores import MediaHome, opened
from campaigns.models import FileKind, FileRequest, FileState
from campaigns.words import mark

_ = mark
S = FileState
LEASE = timedelta(minutes=2)
KEPT = timedelta(hours=24)  # since it was made, or failed; or since it was asked for, where nobody began
SAME = timedelta(minutes=1)  # an equal one that is ready for no longer is handed out again: its figures are as good
MOST_WAITING = 5  # of one organizer in one campaign
TRIES = 3
GIVEN, MADE = OURS = "given-", "made-"  # how files begin that something is made from, and that were made
LEFT = _("The program stopped three times while it was being made. Ask for less at a time, or tell whoever runs it.")
BROKEN = _("Something went wrong while it was being made. Try again; if it fails again, tell whoever runs the program.")
NO_ROOM = _("The place where files are kept does not answer, or is full. Try again later.")
TOO_MANY = _("Five files of yours are under way already. Wait until one is ready, or remove one.")


class TooManyFiles(Exception):
    """An organizer has as many files under way as they may; the message says so."""


class FileRefused(Exception):
    """A file cannot be made of what was given; the message is a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file as its maker hands it over: its bytes, or where it lies on this machine, from where it is taken away.

    `notes`: what to know of it.
    """

    content: bytes | Path
    file_name: str
    notes: str | None = None


Report = Callable[[int, int], Awaitable[None]]  # so many are done, of so many; raises where it is to be made no more


# Whoever asks


async def ask(
    session: AsyncSession,
    campaign_id: int,
    organizer_id: int,
    kind: FileKind,
    title: str,
    wanted: Mapping[str, Any],
    now: datetime,
    *,
    source: str = "",
) -> FileRequest:
    """Ask for a file, made from `source` where that is named; raises TooManyFiles.

    Without a source: one that the organizer asked for in the same words is not made a second time.
    """
    if not source and (same := await _same(session, campaign_id, organizer_id, kind, wanted, now)) is not None:
        return same
    waiting = (
        select(func.count())
        .select_from(FileRequest)
        .where(col(FileRequest.campaign_id) == campaign_id, col(FileRequest.organizer_id) == organizer_id)
        .where(col(FileRequest.state).in_([S.queued, S.making]))
    )
    if (await session.scalar(waiting) or 0) >= MOST_WAITING:
        raise TooManyFiles(TOO_MANY)
    asked = FileRequest(
        campaign_id=campaign_id,
        organizer_id=organizer_id,
        kind=kind,
        title=title,
        wanted=dict(wanted),
        source=source,
        asked_at=now,
    )
    session.add(asked)
    await session.flush()
    return asked


async def _same(
    session: AsyncSession,
    campaign_id: int,
    organizer_id: int,
    kind: FileKind,
    wanted: Mapping[str, Any],
    now: datetime,
) -> FileRequest | None:
    fresh = and_(col(FileRequest.state) == S.ready, col(FileRequest.began_at) > now - SAME)
    found = await session.scalars(
        select(FileRequest)
        .where(col(FileRequest.campaign_id) == campaign_id, col(FileRequest.organizer_id) == organizer_id)
        .where(col(FileRequest.kind) == kind, col(FileRequest.source) == "")
        .where(or_(col(FileRequest.state).in_([S.queued, S.making]), fresh))
        .order_by(col(FileRequest.id).desc())
    )
    return next((each for each in found if each.wanted == wanted), None)  # JSON is no thing to compare in SQL


async def find(session: AsyncSession, campaign_id: int, request_id: int) -> FileRequest | None:
    return await session.scalar(
        select(FileRequest).where(col(FileRequest.id) == request_id, col(FileRequest.campaign_id) == campaign_id)
    )


async def of_campaign(session: AsyncSession, campaign_id: int) -> Sequence[FileRequest]:
    """The newest first."""
    query = select(FileRequest).where(col(FileRequest.campaign_id) == campaign_id)
    return (await session.scalars(query.order_by(col(FileRequest.id).desc()))).all()


async def try_again(session: AsyncSession, campaign_id: int, request_id: int, now: datetime) -> FileRequest | None:
    """Queue one anew that failed; None where there is none."""
    asked = await find(session, campaign_id, request_id)
    if asked is None or asked.state is not S.failed:
        return None
    asked.state, asked.why, asked.attempts, asked.asked_at = S.queued, None, 0, now
    asked.done = asked.total = 0
    asked.ended_at = None
    return asked


async def remove(session: AsyncSession, campaign_id: int, request_id: int) -> FileRequest | None:
    """Drop one, also while it is being made; None where there is none. Its files go with `drop_files`."""
    asked = await find(session, campaign_id, request_id)
    if asked is not None:
        await session.delete(asked)
    return asked


# Whoever makes them


async def due(session: AsyncSession, now: datetime) -> list[int]:
    """The requests that nobody has begun, the oldest first."""
    waiting = col(FileRequest.state) == S.queued, col(FileRequest.asked_at) <= now
    return list(await session.scalars(select(col(FileRequest.id)).where(*waiting).order_by(col(FileRequest.asked_at))))


async def claim(session: AsyncSession, worker: str, now: datetime, request_id: int | None = None) -> FileRequest | None:
    """Take the oldest request that waits, or the one that is named; None where somebody else was first."""
    first = select(col(FileRequest.id)).where(col(FileRequest.state) == S.queued)
    first = first.where(col(FileRequest.id) == request_id) if request_id else first.order_by(col(FileRequest.asked_at))
    taken = await session.scalars(
        update(FileRequest)
        .where(col(FileRequest.id) == first.limit(1).with_for_update(skip_locked=True).scalar_subquery())
        .values(
            state=S.making,
            worker=worker,
            lease_until=now + LEASE,
            began_at=now,
            attempts=col(FileRequest.attempts) + 1,
            done=0,
            total=0,
        )
        .returning(FileRequest)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return taken.one_or_none()


def _mine(asked: FileRequest) -> tuple[ColumnElement[bool], ...]:
    """It is still this claim's: neither removed, nor taken by another one."""
    return (
        col(FileRequest.id) == asked.id,
        col(FileRequest.state) == S.making,
        col(FileRequest.worker) == asked.worker,
        col(FileRequest.attempts) == asked.attempts,
    )


async def _write(session: AsyncSession, asked: FileRequest, **values: Any) -> bool:
    changed = update(FileRequest).where(*_mine(asked)).values(**values).returning(col(FileRequest.id))
    return await session.scalar(changed.execution_options(synchronize_session=False)) is not None


async def progress(session: AsyncSession, asked: FileRequest, done: int, total: int, now: datetime) -> bool:
    """Write how far it is, and keep it for longer; False where it is not to be made any more, by this claim."""
    return await _write(session, asked, done=done, total=total, lease_until=now + LEASE)


async def ready(
    session: AsyncSession,
    asked: FileRequest,
    result: str,
    file_name: str,
    size: int,
    now: datetime,
    notes: str | None = None,
) -> bool:
    """Its file is there; `notes` says what to know of it. False where nobody wants it any more."""
    return await _write(
        session,
        asked,
        state=S.ready,
        result=result,
        file_name=file_name,
        size=size,
        why=notes,
        ended_at=now,
        lease_until=None,
        done=col(FileRequest.total),
    )


async def failed(session: AsyncSession, asked: FileRequest, why: str, now: datetime) -> bool:
    """It cannot be made; `why` is a sentence for whoever asked."""
    return await _write(session, asked, state=S.failed, why=why, ended_at=now, lease_until=None)


async def let_go(session: AsyncSession, asked: FileRequest) -> bool:
    """The maker stops before the file is made: somebody else begins anew, and this try does not count."""
    return await _write(
        session, asked, state=S.queued, worker=None, lease_until=None, attempts=col(FileRequest.attempts) - 1
    )


async def end_leases(
    session: AsyncSession, now: datetime, *, every: bool = False, living: Collection[str] | None = None
) -> int:
    """What dead makers had waits anew, or has failed after three tries; how many there were.

    `every`: nobody else makes any. `living`: the makers that are known to live; what others have need not lapse.
    """
    dead: ColumnElement[bool] = col(FileRequest.lease_until) <= now
    if every:
        dead = col(FileRequest.id) > 0
    elif living is not None:
        dead = or_(dead, col(FileRequest.worker).not_in(living))
    over = col(FileRequest.attempts) >= TRIES
    moved = await session.scalars(
        update(FileRequest)
        .where(col(FileRequest.state) == S.making, dead)
        .values(
            state=case((over, S.failed), else_=S.queued),
            why=case((over, LEFT)),
            ended_at=case((over, now)),
            lease_until=None,
        )
        .returning(col(FileRequest.id))
        .execution_options(synchronize_session=False)
    )
    return len(moved.all())


async def makers(session: AsyncSession) -> set[str]:
    """The names of those who are making a file."""
    names = await session.scalars(select(FileRequest.worker).where(col(FileRequest.state) == S.making).distinct())
    return {name for name in names if name is not None}


async def waiting(session: AsyncSession) -> int:
    """How many nobody has begun."""
    query = select(func.count()).select_from(FileRequest).where(col(FileRequest.state) == S.queued)
    return await session.scalar(query) or 0


# Their files


def keep_source(home: MediaHome, data: bytes | BinaryIO | Path) -> str:
    """Keep what a file is to be made from, an open file from where it stands; its name among the files.

    Like all below it may take seconds, and raises MediaAway.
    """
    name = f"{GIVEN}{secrets.token_hex(16)}"
    _store(home, name, data)
    return name


def keep_result(home: MediaHome, asked: FileRequest, data: bytes | Path) -> tuple[str, int]:
    """Keep what was made: its name, and how many bytes it has. Each try of the same request has the same name."""
    name = result_of(asked)
    _store(home, name, data)
    return name, len(data) if isinstance(data, bytes) else data.stat().st_size


def result_of(asked: FileRequest) -> str:
    return f"{MADE}{asked.id}"


def _store(home: MediaHome, name: str, data: bytes | BinaryIO | Path) -> None:
    if isinstance(data, Path):
        with data.open("rb") as file:  # piece by piece: it may weigh more than memory should hold
            opened(home).store(name, file)
    else:
        opened(home).store(name, data)


def drop_source(home: MediaHome, asked: FileRequest) -> None:
    """What it was made from goes as soon as it is ready: it may be people's photos."""
    if asked.source:
        opened(home).delete(asked.source)


def drop_files(home: MediaHome, asked: FileRequest) -> None:
    """For one whose row is gone: also what a maker may have left that died before it said so."""
    for name in {asked.source, asked.result, result_of(asked)} - {""}:
        opened(home).delete(name)


async def forget_old(session: AsyncSession, home: MediaHome, now: datetime) -> None:
    """Drop what is a day old, with its files. What is being made stays."""
    since = func.coalesce(col(FileRequest.ended_at), col(FileRequest.asked_at))
    dropped = await session.scalars(
        delete(FileRequest)
        .where(col(FileRequest.state) != S.making, since <= now - KEPT)
        .returning(FileRequest)
        .execution_options(synchronize_session=False)
    )
    for asked in dropped.all():
        await asyncio.to_thread(drop_files, home, asked)


async def drop_loose(database: Database, home: MediaHome, before: Set[str]) -> Set[str]:
    """Drop the files of no request that were loose `before`, too; those that are loose now, for the next look.

    Whoever died between storing people's photos and asking for their badges left them behind; whoever is just about to
    ask has them loose for a moment.
    """
    there = await asyncio.to_thread(lambda: {name for name, _ in opened(home).files() if name.startswith(OURS)})
    async with database.read() as session:
        rows = (await session.scalars(select(FileRequest))).all()
    loose = there - {name for asked in rows for name in (asked.source, asked.result, result_of(asked))}
    for name in loose & before:
        await asyncio.to_thread(opened(home).delete, name)
    return loose - before
