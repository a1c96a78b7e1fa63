"""How many acts a second go into PostgreSQL by the program's own way of counting, each with its three counts, and whether these are exact.

Processes of their own write what many people do at once, each act by a writer that waits for its commit; in the end the
counts are made anew from the acts.
"""

import asyncio
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bench.ground import Ground, ask, standing
from bench.rows import Row, Say, row
from campaigns.batches import BatchWriter
from campaigns.database import Database
from campaigns.engagement import Act, once, record
from campaigns.installation import add_campaign
from campaigns.models import Campaign, Kind, Participation, Post, PostState, Supporter
from campaigns.times import system_clock
from web.app import FEW, GATHER

PROCESSES = 2
PEOPLE, POSTS = 50_000, 200
SECONDS = 20.0
AT_ONCE = 500  # writers of each process
COUNTS = {
    "tally": "supporter_id, campaign_id, kind",
    "post_tally": "post_id, kind",
    "campaign_tally": "campaign_id, kind",
}
NETWORKS = ("x", "bluesky", "mastodon", "facebook")


def run(say: Say = lambda _: None, *, seconds: float = SECONDS) -> list[Row]:
    """Acts a second over the whole time, and rows that are wrong."""
    with standing() as ground:
        say(f"engagement: {seconds:.0f} s of acts by {PROCESSES} processes")
        url = asyncio.run(_people(ground))
        before, told = ground.cpu, _work(url, seconds)
        server = ground.cpu - before
        say("engagement: counting them again")
        wrong = _wrong(url, sum(each["acts"] for each in told))
    acts, cpu = sum(each["acts"] for each in told), sum(each["cpu"] for each in told)
    rate = sum(each["acts"] / each["seconds"] for each in told)
    again = sum(each["again"] for each in told)
    what = f"engagement: acts a second for {seconds:.0f} s, {PROCESSES} processes on one server"
    each = f"{acts:,} acts, {again:,} more that had counted; CPU of one: {cpu / acts * 1000:.3f} ms, the server's {server / acts * 1000:.3f} ms"
    return [
        row(what, round(rate), "/s", each, ">= 5000/s", rate >= 5000),
        row("engagement: acts and counts that differ from what was written", wrong, "rows", "acts of each kind; the tallies of people, posts and campaign, made anew from the acts", "0", wrong == 0),
    ]  # fmt: skip


async def _people(ground: Ground) -> str:
    """A store with a campaign, posts and people; its address."""
    (url, _), now = ground.store(), system_clock()
    database = Database(url)
    async with database.write() as session:
        campaign = await add_campaign(session, Campaign(slug="", name="La Région qui ose"), now)
        for i in range(POSTS):
            session.add(Post(campaign_id=campaign.id, title=f"Post {i}", text="Partagez", state=PostState.scheduled, publish_at=now, created_at=now))  # fmt: skip
        await session.flush()
        connection = await session.connection()
        for first in range(1, PEOPLE, 5_000):
            people = range(first, first + 5_000)
            await connection.execute(insert(Supporter), [{"id": i, "telegram_id": i, "first_name": "Zoé", "language": "fr", "created_at": now} for i in people])  # fmt: skip
            await connection.execute(insert(Participation), [{"supporter_id": i, "campaign_id": campaign.id, "invite_code": f"code{i}", "joined_at": now} for i in people])  # fmt: skip
    await database.close()
    ask(url, "ANALYZE")
    return url


def _work(url: str, seconds: float) -> list[dict[str, Any]]:
    """What each process says that it wrote."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe(duplex=False) for _ in range(PROCESSES)]
    workers = [context.Process(target=_act, args=(url, seconds, seed, says)) for seed, (_, says) in enumerate(pipes)]
    for worker in workers:
        worker.start()
    told = [hears.recv() for hears, _ in pipes]
    for worker in workers:
        worker.join()
    return told


def _act(url: str, seconds: float, seed: int, says: Connection) -> None:
    says.send(asyncio.run(_acts(url, seconds, seed)))


async def _acts(url: str, seconds: float, seed: int) -> dict[str, Any]:
    """What many people do in so many seconds: mostly visits; one act in four counts once for a person and a post."""
    database, chance = Database(url), random.Random(seed)
    new: Counter[str] = Counter()
    asked = 0

    async def count(session: AsyncSession, acts: Sequence[Act]) -> list[None]:
        new["acts"] += await record(session, acts)
        return [None] * len(acts)

    writer = BatchWriter(database, count, gather=GATHER, siblings=FEW, together=True)
    began, cpu = time.perf_counter(), time.process_time()

    async def act() -> None:
        nonlocal asked
        while time.perf_counter() - began < seconds:
            asked += 1
            await writer.write([_one(chance)])

    await asyncio.gather(*(act() for _ in range(AT_ONCE)))
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    await database.close()
    return {"acts": new["acts"], "again": asked - new["acts"], "seconds": took, "cpu": spent}


def _one(chance: random.Random) -> Act:
    person, post, now = chance.randint(1, PEOPLE), chance.randint(1, POSTS), system_clock()
    if chance.random() < 0.75:
        return Act(1, Kind.visit, now, person, post)
    network = chance.choice(NETWORKS)
    return Act(1, Kind.opened, now, person, post, network, once(Kind.opened, person, post, network))


def _wrong(url: str, acts: int) -> int:
    """How many acts are missing or too many, and how many counts are not what the acts make."""
    wrong = abs(acts - int(ask(url, "SELECT count(*) FROM engagement")[0][0]))
    for table, key in COUNTS.items():
        anew = f"SELECT {key}, count(*) FROM engagement GROUP BY {key}"  # noqa: S608 - our own tables
        kept = f"SELECT {key}, count FROM {table}"  # noqa: S608
        both = f"({anew} EXCEPT {kept}) UNION ALL ({kept} EXCEPT {anew})"
        wrong += int(ask(url, f"SELECT count(*) FROM ({both}) AS other")[0][0])  # noqa: S608
    return wrong
