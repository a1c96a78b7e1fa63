"""One side of the scheduler's benchmark, in a process of its own: `python -m bench.scheduler_side CASE NUMBER`.

Prints one line of JSON. Files lie in the current folder, which the caller makes and throws away.
CPU seconds are those of the whole process, SQLite's threads and the system's part included.
"""

import asyncio
import json
import logging
import pickle
import random
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.events import EVENT_JOB_MISSED
from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from sqlalchemy import create_engine, event, insert
from sqlmodel import col, select

from campaigns.database import Database
from campaigns.handouts import Digest, Run
from campaigns.models import Campaign, Channel, Post, PostState, Publication, PublicationState, Supporter
from campaigns.times import system_clock
from networks.base import OutgoingPost, Receipt
from networks.pace import Pace
from schedules.broadcasts import Broadcaster
from schedules.engine import EmbeddedEngine
from schedules.publishing import Publisher
from schedules.timetable import Work

CHANNELS = 100
FOLDER = Path()
STORE = "sqlite:///porte-voix.sqlite3"
JOBS = "sqlite:///jobs.sqlite3"
PATIENCE = 300.0  # seconds; a side that takes longer is broken


class Feeds:
    """What every channel has received, and when. An instant network: what is left is the scheduler's own cost."""

    def __init__(self) -> None:
        self.sent: dict[int, list[int]] = defaultdict(list)
        self.moments: dict[int, datetime] = {}

    def open(self, channel: Channel) -> "Feed":
        return Feed(self, channel.id)


class Feed:
    """One channel's networks.base.Network."""

    idempotent = False
    can_find = False

    def __init__(self, feeds: Feeds, channel_id: int) -> None:
        self._feeds, self._channel_id = feeds, channel_id

    async def check(self) -> str:
        return "here"

    async def publish(self, post: OutgoingPost) -> Receipt:
        ident = int(post.key)
        self._feeds.sent[self._channel_id].append(ident)
        self._feeds.moments[ident] = system_clock()
        return Receipt(post.key, f"https://exemple.fr/{post.key}", (post.key,))

    async def find(self, post: OutgoingPost, since: datetime | None = None) -> Receipt | None:
        return None

    async def close(self) -> None:
        pass


async def ours(number: int) -> dict[str, Any]:
    """CPU from the first tick until all that is due is published, each with its claim, two writes and receipt."""
    database, feeds = Database(STORE), Feeds()
    await database.prepare()
    due_at = system_clock() - timedelta(seconds=1)
    await _queue(database, [due_at] * number)
    publisher = Publisher(database, system_clock, feeds.open, FOLDER, worker="bench")
    start = time.process_time()
    await publisher.tick()
    await publisher.settled()
    cpu = time.process_time() - start
    await _check(database, feeds, number)
    await database.close()
    return {"cpu": cpu, "done": number}


async def _check(database: Database, feeds: Feeds, number: int) -> None:
    """Everything is published, with its receipt; it went out once, and in order on its channel."""
    async with database.read() as session:
        rows = (await session.scalars(select(Publication).order_by(col(Publication.due_at), col(Publication.id)))).all()
    expected: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        assert row.state is PublicationState.published, row
        assert (row.remote_id, row.sent_parts, row.attempts) == (str(row.id), [str(row.id)], 1), row
        expected[row.channel_id].append(row.id)
    assert len(rows) == number
    assert feeds.sent == expected


async def jobs(number: int, *, tuned: bool = False, **settings: Any) -> dict[str, Any]:
    """CPU from the due second until each of APScheduler's jobs has fired or was missed; nothing else is recorded."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of each job that it misses
    store = _tuned_store() if tuned else SQLAlchemyJobStore(url=JOBS)
    scheduler = AsyncIOScheduler(jobstores={"default": store}, timezone=UTC, job_defaults=settings)
    missed: list[object] = []
    scheduler.add_listener(missed.append, EVENT_JOB_MISSED)
    due_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3 + number // 2000)
    _store_jobs(scheduler, store, due_at, number)
    scheduler.start()
    await asyncio.sleep((due_at - datetime.now(UTC)).total_seconds() - 0.05)
    start = time.process_time()
    async with asyncio.timeout(PATIENCE):
        while len(fired) + len(missed) < number:  # noqa: ASYNC110 - a look now and then; an event would cost each job
            await asyncio.sleep(0.05)
    cpu = time.process_time() - start
    scheduler.shutdown()
    assert len(fired) == len(set(fired))
    return {"cpu": cpu, "done": len(fired)}


fired: list[int] = []


async def fire(ident: int) -> None:
    fired.append(ident)


def _tuned_store() -> Any:
    """As one would tune it, and less careful than ours, which waits for the disk at each commit (synchronous=FULL)."""
    engine = create_engine(JOBS)

    @event.listens_for(engine, "connect")
    def tune(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return SQLAlchemyJobStore(engine=engine)


def _store_jobs(scheduler: Any, store: Any, due_at: datetime, number: int) -> None:
    """What add_job writes, at once: one commit a job would take a minute that nobody wants to measure here."""
    store.start(scheduler, "default")
    rows = []
    for ident in range(number):
        job = Job(
            scheduler,
            id=f"post-{ident}",
            func=fire,
            args=(ident,),
            kwargs={},
            trigger=DateTrigger(due_at),
            executor="default",
            name="post",
            next_run_time=due_at,
            **scheduler._job_defaults,
        )
        rows.append({"id": job.id, "next_run_time": due_at.timestamp(),
                     "job_state": pickle.dumps(job.__getstate__(), store.pickle_protocol)})  # fmt: skip
    with store.engine.begin() as connection:
        connection.execute(store.jobs_t.insert(), rows)


async def lone(number: int) -> dict[str, Any]:
    """Seconds between a post's moment and the call to its network: each alone on an idle program."""
    database, feeds = Database(STORE), Feeds()
    await database.prepare()
    chance, moment, moments = random.Random(7), system_clock() + timedelta(seconds=1), []
    for _ in range(number):
        moment += timedelta(seconds=chance.uniform(0.6, 1.0))  # apart by more than a tick, and never in step with it
        moments.append(moment)
    await _queue(database, moments)
    engine = EmbeddedEngine(FOLDER, _works(database, feeds), database)
    await engine.start()
    async with asyncio.timeout(PATIENCE):
        while len(feeds.moments) < number:  # noqa: ASYNC110 - the network is not to know that it is measured
            await asyncio.sleep(0.2)
    await engine.stop()
    await _check(database, feeds, number)
    await database.close()
    late = [(feeds.moments[ident] - due).total_seconds() for ident, due in enumerate(moments, 1)]
    return {"late": sorted(late)}


async def fill(number: int) -> dict[str, Any]:
    """Write a file with so many future posts, for `start`."""
    database = Database(STORE)
    await database.prepare()
    tomorrow = system_clock() + timedelta(days=1)
    await _queue(database, [tomorrow + timedelta(seconds=i) for i in range(number)])
    await database.close()
    return {}


async def start(_number: int) -> dict[str, Any]:
    """Seconds until a program on that file has made its first tick."""
    begun = time.perf_counter()
    database = Database(STORE)
    await database.prepare()
    works = _works(database, Feeds())
    engine = EmbeddedEngine(FOLDER, works, database)
    await engine.start()
    for work in works:  # the timetable's own first tick comes half a second later
        await work.tick()
    seconds = time.perf_counter() - begun
    await engine.stop()
    await database.close()
    return {"seconds": seconds}


def _works(database: Database, feeds: Feeds) -> list[Work]:
    """Those of a whole program."""
    publisher = Publisher(database, system_clock, feeds.open, FOLDER, worker="bench")
    return [publisher, Broadcaster(database, system_clock, _deliver, Pace())]


async def _deliver(_run: Run | Digest, _supporter: Supporter) -> int:
    raise AssertionError("nothing is handed out here")


async def _queue(database: Database, moments: list[datetime]) -> None:
    """A post for each moment, on the channels in turn; publications are numbered from 1 in that order."""
    now = system_clock()
    posts = [
        {
            "id": i,
            "campaign_id": 1,
            "title": f"Le rail public {i}",
            "text": f"Rendez-vous n° {i} devant la gare : pour des trains à l’heure, partout. #LeRailPublic",
            "link": f"https://exemple.fr/rail/{i}",
            "state": PostState.scheduled,
            "publish_at": moment,
            "timezone": "Europe/Paris",
            "share_kit": False,
            "created_at": now,
        }
        for i, moment in enumerate(moments, 1)
    ]
    publications = [
        {"post_id": i, "channel_id": (i - 1) % CHANNELS + 1, "state": PublicationState.queued, "due_at": moment,
         "attempts": 0, "sent_parts": []}
        for i, moment in enumerate(moments, 1)
    ]  # fmt: skip
    async with database.write() as session:
        session.add(Campaign(slug="rail", name="Le rail public", created_at=now))
        await session.flush()
        session.add_all(Channel(campaign_id=1, network="x", name=f"Voix {i}") for i in range(CHANNELS))
        await session.flush()
        if moments:
            connection = await session.connection()
            await connection.execute(insert(Post), posts)
            await connection.execute(insert(Publication), publications)


CASES: dict[str, Callable[[int], Awaitable[dict[str, Any]]]] = {
    "ours": ours,
    "jobs": lambda number: jobs(number, misfire_grace_time=None),
    "jobs-wal": lambda number: jobs(number, tuned=True, misfire_grace_time=None),
    "jobs-defaults": lambda number: jobs(number, misfire_grace_time=1),  # APScheduler's own default, in seconds
    "lone": lone,
    "fill": fill,
    "start": start,
}


async def _main() -> None:
    print(json.dumps(await CASES[sys.argv[1]](int(sys.argv[2]))))


if __name__ == "__main__":
    asyncio.run(_main())
