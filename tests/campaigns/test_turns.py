"""Turns that are counted in the store: one window after another, and right however many count at once."""

import asyncio
from datetime import timedelta

from sqlmodel import select

from campaigns import turns
from campaigns.database import Database
from campaigns.models import TurnsTaken
from schedules.tidying import Tidying

MINUTE = timedelta(minutes=1)


async def take(database: Database, clock, key: str = "a", number: int = 1) -> int:
    async with database.write(together=True) as session:
        taken, ends_at = await turns.take(session, key, clock(), MINUTE, number)
    assert clock() < ends_at
    return taken


async def test_a_window_begins_with_a_keys_first_turn_and_the_next_one_when_it_has_ended(database, clock):
    assert [await take(database, clock, number=number) for number in (1, 10, 1)] == [1, 11, 12]
    assert await take(database, clock, "another") == 1
    clock.advance(MINUTE - timedelta(microseconds=1))
    assert await take(database, clock) == 13
    clock.advance(timedelta(microseconds=1))
    assert await take(database, clock) == 1


async def test_clocks_a_little_apart_share_a_window_and_one_that_was_set_back_locks_nobody_out(database, clock):
    assert await take(database, clock, number=5) == 5
    clock.advance(-timedelta(seconds=30))
    assert await take(database, clock) == 6
    clock.advance(-timedelta(hours=1))
    assert await take(database, clock) == 1


async def test_no_turn_is_lost_where_many_processes_count_at_once(database, clock):
    url = database.url.render_as_string(hide_password=False)
    processes = [Database(url) for _ in range(3)]
    counts = await asyncio.gather(*(take(each, clock) for each in processes * 10))
    assert sorted(counts) == list(range(1, 31))
    for each in processes:
        await each.close()


async def test_windows_that_have_ended_are_thrown_away(database, clock, tmp_path):
    await take(database, clock, "over")
    clock.advance(MINUTE)
    await take(database, clock, "runs")
    tidying = Tidying(database, clock, tmp_path, tmp_path)
    await tidying.tick()
    await tidying.settled()
    async with database.read() as session:
        assert [row.key for row in await session.scalars(select(TurnsTaken))] == ["runs"]
