"""What counts as well: beats of the parts that were started, and the oldest publication that could go out."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns import health
from campaigns.database import Database
from campaigns.health import POLLER, SCHEDULER, WORKER, Health, Late
from campaigns.models import Campaign, Channel, Post, PostState, Publication, PublicationState
from campaigns.posts import cancel_post
from tests.conftest import FakeClock

LATEST = timedelta(minutes=5)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


async def look(database: Database, clock: FakeClock) -> Health:
    async with database.read() as session:
        return await health.look(session, clock())


async def change(database: Database, row: Any, **values: Any) -> None:
    async with database.write() as session:
        stored = await session.get_one(type(row), row.id)
        for name, value in values.items():
            setattr(stored, name, value)


def whats(seen: Health) -> list[str]:
    return [trouble.what for trouble in seen.troubles(LATEST)]


async def test_a_part_that_nobody_started_is_not_waited_for(database: Database, clock: FakeClock) -> None:
    seen = await look(database, clock)
    assert (seen.beats, seen.oldest, seen.troubles(LATEST)) == ({}, None, [])


@pytest.mark.parametrize(("part", "may_be_silent"), [(SCHEDULER, 60), (WORKER, 60), (POLLER, 120)])
async def test_a_part_that_was_started_and_says_nothing_is_named_with_what_to_do(
    database: Database, clock: FakeClock, part: str, may_be_silent: int
) -> None:
    began = clock()
    async with database.write() as session:
        await health.beat(session, part, began)
    clock.advance(may_be_silent * SECOND)
    assert whats(await look(database, clock)) == []
    clock.advance(SECOND)
    (trouble,) = (await look(database, clock)).troubles(LATEST)
    assert (trouble.what, trouble.since) == (part, began)
    assert f"{may_be_silent + 1} s ago" in trouble.said and "restart the program" in trouble.next_step
    async with database.write() as session:
        await health.beat(session, part, clock())
    assert whats(await look(database, clock)) == []


async def test_a_part_that_ended_in_good_order_is_forgotten(database: Database, clock: FakeClock) -> None:
    async with database.write() as session:
        await health.beat(session, SCHEDULER, clock())
        await health.beat(session, POLLER, clock())
        await health.leave(session, POLLER)
    assert list((await look(database, clock)).beats) == [SCHEDULER]


async def test_complaint_2_a_post_that_does_not_go_out_shows_as_late(
    database: Database, clock: FakeClock, add: Any, telegram: Channel
) -> None:
    due = clock()
    await add(telegram)
    clock.advance(LATEST)
    assert whats(await look(database, clock)) == []
    clock.advance(SECOND)
    seen = await look(database, clock)
    assert seen.oldest == Late(1, "la-region-qui-ose", "Canal Telegram", "telegram", due)
    (trouble,) = seen.troubles(LATEST)
    assert trouble.said == "publication 1 on channel Canal Telegram is late by 301 s"
    assert (trouble.since, "channels check" in trouble.next_step) == (due, True)


async def test_the_oldest_of_all_channels_counts(
    database: Database, clock: FakeClock, add: Any, telegram: Channel, x: Channel
) -> None:
    await add(telegram, publish_at=clock() + 2 * MINUTE)
    await add(x, publish_at=clock() + MINUTE)
    await add(x, publish_at=clock() + 3 * MINUTE)
    clock.advance(10 * MINUTE)
    async with database.read() as session:
        late = await health.lateness(session, clock())
    assert [(row.channel, (clock() - row.since) / MINUTE) for row in late] == [("Canal Telegram", 8), ("Compte X", 9)]
    oldest = (await look(database, clock)).oldest
    assert oldest is not None and oldest.channel == "Compte X"


async def test_what_may_not_go_out_is_not_late(
    database: Database, clock: FakeClock, add: Any, telegram: Channel, campaign: Campaign
) -> None:
    async def is_late() -> bool:
        return (await look(database, clock)).oldest is not None

    post: Post = await add(telegram)
    later: Post = await add(telegram, publish_at=clock() + 24 * 60 * MINUTE)
    clock.advance(60 * MINUTE)
    assert await is_late()
    await change(database, telegram, resting_reason="the token is revoked")
    assert not await is_late()  # the organizers are told of that
    await change(database, telegram, resting_reason=None, not_before=clock() + MINUTE)
    assert not await is_late()  # the network asked to wait
    await change(database, telegram, not_before=None)
    for state in PublicationState:
        await change(database, Publication(id=1), state=state)
        assert await is_late() is (state is PublicationState.queued)
    await change(database, Publication(id=1), state=PublicationState.queued)
    await change(database, post, state=PostState.draft)
    assert not await is_late()
    await change(database, post, state=PostState.scheduled)
    async with database.write() as session:
        await cancel_post(session, campaign.id, post.id, clock())
    assert not await is_late()
    assert later.publish_at is not None and later.publish_at > clock()


async def test_a_channel_that_waited_is_late_from_the_end_of_its_wait_only(
    database: Database, clock: FakeClock, add: Any, telegram: Channel
) -> None:
    await add(telegram)
    end: datetime = clock() + 60 * MINUTE
    await change(database, telegram, not_before=end)
    clock.advance(61 * MINUTE)
    seen = await look(database, clock)
    assert seen.oldest is not None and seen.oldest.since == end
    assert whats(seen) == []
