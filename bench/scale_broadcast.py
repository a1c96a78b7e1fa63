"""A broadcast to a million people while their campaign rests: a handout for each, that waits for the morning.

Who does not rest gets their handout in the moment of the send, so the night is when all of them are written at once.
"""

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any

import psutil

from bench.ground import Ground, ask, standing
from bench.rows import Row, Say, row
from campaigns import broadcasts
from campaigns.database import Database
from campaigns.handouts import Digest, Run
from campaigns.installation import add_campaign
from campaigns.models import Campaign, Supporter
from campaigns.segments import Segment
from campaigns.times import system_clock, zone
from networks.pace import Pace
from schedules.broadcasts import Broadcaster

PEOPLE = 1_000_000
WITHIN = 60.0  # seconds
MEMORY = 50.0  # MB
FILL = """
    INSERT INTO supporter (id, telegram_id, first_name, language, created_at)
    SELECT n, 100000 + n, 'Zoé', 'fr', now() FROM generate_series({first}, {last}) AS n;
    INSERT INTO participation (supporter_id, campaign_id, invite_code, joined_at)
    SELECT n, 1, 'code' || n, now() FROM generate_series({first}, {last}) AS n;
    INSERT INTO consent (supporter_id, campaign_id, purpose, wording, language, surface, given_at)
    SELECT n, 1, 'contact', '1', 'fr', 'telegram', now() FROM generate_series({first}, {last}) AS n;
"""
WAITING = "SELECT count(*), count(DISTINCT supporter_id) FROM handout WHERE state = 'queued' AND not_before > now()"


def run(say: Say = lambda _: None, *, people: int = PEOPLE) -> list[Row]:
    """Seconds, megabytes, and people without their handout."""
    with standing() as ground:
        say(f"broadcast: {people:,} people join")
        url = asyncio.run(_campaign(ground))
        for first in range(1, people + 1, 100_000):
            ask(url, FILL.format(first=first, last=min(people, first + 99_999)))
        ask(url, "VACUUM ANALYZE")
        say(f"broadcast: a message to {people:,} people who rest")
        before = ground.cpu
        told = _in_a_process(url)
        server, (rows, each) = ground.cpu - before, ask(url, WAITING)[0]
    seconds, growth, wrong = told["seconds"], told["growth"], abs(people - int(rows)) + abs(people - int(each))
    what = f"broadcast: handouts for {people:,} people"
    spent = f"CPU of the process {told['cpu']:.1f} s, of the server {server:.1f} s; counting them before the start {told['start']:.1f} s"
    return [
        row(f"{what}, written within", round(seconds, 1), "s", spent, f"< {WITHIN:.0f} s", seconds < WITHIN),
        row(f"{what}, memory", round(growth, 1), "MB", "the process before the first one", f"<= {MEMORY:.0f} MB", growth <= MEMORY),
        row(f"{what}, missing or doubled", wrong, "people", "the rows", "0", wrong == 0),
    ]  # fmt: skip


async def _campaign(ground: Ground) -> str:
    """A store with a campaign that rests for the next hours."""
    (url, _), now = ground.store(), system_clock()
    new = Campaign(slug="", name="La Région qui ose")
    hour = now.astimezone(zone(new.timezone)).hour
    new.quiet_from, new.quiet_until = hour, (hour + 12) % 24
    database = Database(url)
    async with database.write() as session:
        await add_campaign(session, new, now)
    await database.close()
    return url


def _in_a_process(url: str) -> dict[str, float]:
    """In one of its own, whose memory is nobody else's."""
    context = multiprocessing.get_context("spawn")
    hears, says = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(url, says))
    process.start()
    says.close()
    told: dict[str, float] = hears.recv()
    process.join()
    return told


def _tell(url: str, says: Connection) -> None:
    says.send(asyncio.run(_send(url)))


async def _send(url: str) -> dict[str, Any]:
    database, process = Database(url), psutil.Process()
    sender = Broadcaster(database, system_clock, _deliver, Pace())
    begun = time.perf_counter()
    async with database.write() as session:
        made = await broadcasts.add_broadcast(session, Segment(1), "Rendez-vous samedi", system_clock())
        await broadcasts.approve(session, made, None, system_clock())
        await broadcasts.start(session, made, None, system_clock())
    start, cpu = time.perf_counter(), time.process_time()
    before = highest = process.memory_info().rss
    await sender.tick()
    waiting = asyncio.ensure_future(sender.settled())
    while not waiting.done():
        highest = max(highest, process.memory_info().rss)
        await asyncio.wait([waiting], timeout=0.25)
    seconds, spent = time.perf_counter() - start, time.process_time() - cpu
    await sender.stop()
    await database.close()
    return {"seconds": seconds, "growth": (highest - before) / 2**20, "cpu": spent, "start": start - begun}


async def _deliver(_what: Run | Digest, _supporter: Supporter) -> int:
    raise AssertionError("everybody rests")
