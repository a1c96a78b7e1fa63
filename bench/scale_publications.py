"""Posts that are all due at once, by one worker process and by two, with a network that takes its time to answer.

Beside the workers run, on the same machine, the clock, the server of PostgreSQL and the stand-in of Telegram. A machine that
changes its pace does so for both: one worker is measured before and behind two.
"""

import asyncio
import time
from dataclasses import dataclass, fields

from sqlalchemy import insert

from bench.ground import KEY, Ground, Stub, ask, settings_of, standing, telegram
from bench.programs import with_role
from bench.rows import Row, Say, row
from campaigns.database import Database
from campaigns.installation import add_campaign, add_channel
from campaigns.models import Campaign, Post, PostState, Publication, PublicationState
from campaigns.times import system_clock
from campaigns.vault import Vault

CHANNELS, POSTS = 300, 100  # posts of each channel
ROUNDS = (1, 2, 2, 1)  # workers of each
DELAY = 0.05  # seconds until the stand-in answers
WITHIN = 600.0  # seconds
LEFT = "SELECT count(*) FROM publication WHERE state IN ('queued', 'sending')"
SPAN = "SELECT extract(epoch FROM max(sent_at) - min(tried_at)) FROM publication"


@dataclass
class Round:
    """What so many workers did, in one round or in several. CPU in seconds."""

    seconds: float
    workers: float
    server: float
    stub: float
    clock: float
    wrong: int  # posts that did not go out once, in their order, or whose row says otherwise

    def __add__(self, other: "Round") -> "Round":
        return Round(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def run(say: Say = lambda _: None, *, channels: int = CHANNELS, posts: int = POSTS) -> list[Row]:
    """Publications a second, and how much of each process's time one takes."""
    with standing() as ground, telegram() as stub:
        found: dict[int, Round] = {}
        for workers in ROUNDS:
            say(f"publications: {channels} channels x {posts} posts, {workers} worker process{'es' * (workers > 1)}")
            seen = _round(ground, stub, workers, channels, posts)
            found[workers] = found[workers] + seen if workers in found else seen
    number, one, two = channels * posts * ROUNDS.count(1), found[1], found[2]
    wrong, times = one.wrong + two.wrong, one.seconds / two.seconds
    what = (
        f"publications: {channels * posts:,} due at once on {channels} channels, answered after {DELAY * 1000:.0f} ms"
    )
    return [
        row(f"{what}, two worker processes", round(number / two.seconds), "/s", f"one: {number / one.seconds:.0f}/s"),
        row(f"{what}, two worker processes, times one", round(times, 2), "x", "the same machine carries the server, the clock and the stand-in", ">= 1.7 x", times >= 1.7),
        row(f"{what}, not out once and in order", wrong, "posts", "the stand-in's ledger, and the rows", "0", wrong == 0),
        row("publications: CPU of a worker for each", round(one.workers / number * 1000, 3), "ms", _others(one, number)),
        row("publications: CPU of a worker for each, of two", round(two.workers / number * 1000, 3), "ms", _others(two, number)),
    ]  # fmt: skip


def _others(seen: Round, number: int) -> str:
    each = {"the server": seen.server, "the stand-in": seen.stub, "the clock": seen.clock}
    return ", ".join(f"{name} {spent / number * 1000:.3f} ms" for name, spent in each.items())


def _round(ground: Ground, stub: Stub, workers: int, channels: int, posts: int) -> Round:
    url, folder = ground.store()
    stub.ask("reset", delay=DELAY)
    asyncio.run(_channels(url, channels))
    settings = settings_of(url, folder, TELEGRAM_BASE_URL=stub.host)
    drains = [with_role(settings, "worker") for _ in range(workers)]
    clock = with_role(settings, "clock")
    try:
        for program in (*drains, clock):
            program.runs()
        before = [sum(each.cpu for each in drains), ground.cpu, stub.cpu, clock.cpu]
        asyncio.run(_queue(url, channels, posts))
        end = time.monotonic() + WITHIN
        while ask(url, LEFT)[0][0]:
            assert time.monotonic() < end, [program.log.read_text("utf-8") for program in (*drains, clock)]
            time.sleep(0.5)
        after = [sum(each.cpu for each in drains), ground.cpu, stub.cpu, clock.cpu]
    finally:
        for program in (*drains, clock):
            program.stop()
    spent = [late - early for early, late in zip(before, after, strict=True)]
    of_workers, of_server, of_stub, of_clock = spent
    seconds = float(ask(url, SPAN)[0][0])
    return Round(seconds, of_workers, of_server, of_stub, of_clock, _wrong(url, stub, channels, posts))


def _wrong(url: str, stub: Stub, channels: int, posts: int) -> int:
    seen: dict[str, list[int]] = stub.ask("stats")["posts"]
    expected = list(range(posts))
    wrong = sum(
        sum(a != b for a, b in zip(got, expected, strict=False)) + abs(len(got) - posts) for got in seen.values()
    )
    out = ask(url, "SELECT count(*) FROM publication WHERE state = 'published' AND attempts = 1")[0][0]
    return wrong + posts * (channels - len(seen)) + abs(channels * posts - int(out))


async def _channels(url: str, channels: int) -> None:
    database = Database(url, Vault(KEY))
    async with database.write() as session:
        campaign = await add_campaign(session, Campaign(slug="rail", name="Le rail public"), system_clock())
        for i in range(channels):
            await add_channel(session, campaign.id, "telegram", f"Voix {i}", {"chat_id": f"-100{i}"})
    await database.close()


async def _queue(url: str, channels: int, posts: int) -> None:
    """Posts that are due, a publication each; those of a channel in the order of their numbers."""
    database, now = Database(url), system_clock()
    async with database.write() as session:
        connection = await session.connection()
        for turn in range(posts):
            numbers = [(turn * channels + i + 1, i) for i in range(channels)]
            await connection.execute(insert(Post), [_post(ident, i, turn) | {"publish_at": now, "created_at": now, "told_at": now} for ident, i in numbers])  # fmt: skip
            await connection.execute(
                insert(Publication),
                [
                    {
                        "post_id": ident,
                        "channel_id": i + 1,
                        "state": PublicationState.queued,
                        "due_at": now,
                        "attempts": 0,
                        "sent_parts": [],
                    }
                    for ident, i in numbers
                ],
            )
    await database.close()
    ask(url, "ANALYZE")


def _post(ident: int, channel: int, number: int) -> dict[str, object]:
    return {
        "id": ident,
        "campaign_id": 1,
        "title": f"Le rail public {number}",
        "text": f"post-{channel}-{number} Rendez-vous devant la gare : pour des trains à l’heure, partout. #LeRailPublic",
        "link": f"https://exemple.fr/rail/{number}",
        "state": PostState.scheduled,
        "timezone": "Europe/Paris",
        "share_kit": False,
    }
