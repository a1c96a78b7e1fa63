"""Posts that recur, and posts that take a channel's next free slot."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from campaigns.database import Database
from campaigns.installation import add_channel
from campaigns.models import Campaign, Channel, Post, Publication, PublicationState
from campaigns.posts import NewPost, PostRefused, add_post
from schedules.recurring import Recurring

DAY = timedelta(days=1)


@pytest.fixture
def recurring(database, clock) -> Recurring:
    return Recurring(database, clock)


async def occurrences(database: Database) -> list[Post]:
    async with database.read() as session:
        return list(await session.scalars(select(Post).order_by(col(Post.publish_at), col(Post.id))))


def local(post: Post) -> str:
    from campaigns.posts import local_moment

    moment = local_moment(post)
    assert moment is not None
    return f"{moment:%Y-%m-%d %H:%M}"


async def test_a_series_keeps_one_occurrence_ahead_with_its_next_wording(database, add, telegram, clock, recurring):
    await add(telegram, publish_at=None, recurrence="every day at 08:30", text="un", wordings=("deux", "trois"))
    for _ in range(5):
        await recurring.tick()
        clock.advance(DAY)
    found = await occurrences(database)
    assert [post.text for post in found] == ["un", "deux", "trois", "un", "deux"]
    assert [local(post) for post in found] == [f"2026-12-0{day} 08:30" for day in (2, 3, 4, 5, 6)]


async def test_complaint_4_after_a_pause_of_weeks_one_occurrence_is_late_and_one_lies_ahead(
    database, add, telegram, clock, recurring
):
    await add(telegram, publish_at=None, recurrence="every day at 08:30")
    clock.advance(2 * DAY)
    await recurring.tick()
    clock.advance(30 * DAY)
    await recurring.tick()
    await recurring.tick()
    assert [local(post) for post in await occurrences(database)] == [
        "2026-12-02 08:30",
        "2026-12-04 08:30",
        "2027-01-03 08:30",
    ]


async def test_never_two_runs_at_once(database, add, telegram, clock):
    """Two programs that look at the same moment queue the occurrence once."""
    await add(telegram, publish_at=None, recurrence="every day at 08:30")
    clock.advance(2 * DAY)
    for _ in range(2):
        await Recurring(database, clock).tick()
    assert len(await occurrences(database)) == 2


async def test_no_text_comes_back_within_its_time_then_a_human_is_asked(database, add, telegram, clock, recurring):
    await add(telegram, publish_at=None, recurrence="every day at 08:30", text="un", wordings=("deux",), repeat_after=7)
    for _ in range(3):
        await recurring.tick()
        clock.advance(DAY)
    async with database.read() as session:
        rows = (await session.scalars(select(Publication).order_by(col(Publication.id)))).all()
    assert [row.state for row in rows] == [PublicationState.queued, PublicationState.queued, PublicationState.held]
    assert "used within its 7 days" in (rows[2].reason or "")


async def test_a_series_ends_with_its_date_and_with_its_first_post(database, add, telegram, clock, recurring):
    await add(telegram, publish_at=None, recurrence="every day at 08:30", recurs_until=clock() + 3 * DAY)
    for _ in range(6):
        await recurring.tick()
        clock.advance(DAY)
    assert len(await occurrences(database)) == 3


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("Europe/Paris", "2027-03-27 07:30", "2027-03-28 06:30"),  # UTC: an hour earlier once summer time is in force
        ("Indian/Reunion", "2027-03-27 04:30", "2027-03-28 04:30"),
    ],
)
async def test_complaint_5_at_the_clock_change_the_wall_clock_stays(
    database, add, telegram, clock, recurring, zone, before, after
):
    clock.now = datetime(2027, 3, 26, 12, tzinfo=UTC)
    await add(telegram, publish_at=None, timezone=zone, recurrence="every day at 08:30")
    clock.advance(DAY)
    await recurring.tick()
    assert [f"{post.publish_at:%Y-%m-%d %H:%M}" for post in await occurrences(database)] == [before, after]


@pytest.fixture
async def slotted(database: Database, campaign: Campaign) -> Channel:
    async with database.write() as session:
        channel = await add_channel(session, campaign.id, "telegram", "Canal", {"chat_id": "@x"})
        channel.slots = "Tue-Fri 09:30, 18:00"
    return channel


async def test_in_the_queue_each_post_takes_the_next_free_slot_of_its_channel(database, add, slotted):
    for i in range(3):
        await add(slotted, publish_at=None, next_slot=True, text=f"{i}")
    assert [local(post) for post in await occurrences(database)] == [
        "2026-12-01 09:30",
        "2026-12-01 18:00",
        "2026-12-02 09:30",
    ]


async def test_a_channel_without_slots_is_named(add, telegram):
    with pytest.raises(PostRefused, match="channel “Canal Telegram” has no posting slots"):
        await add(telegram, publish_at=None, next_slot=True)


@pytest.mark.parametrize(
    "recurrence",
    ["0 0 30 2 *", "* * * * *", "whenever"],  # never, each minute, no words that are known
)
async def test_a_recurrence_that_cannot_be_is_refused_with_a_sentence(add, telegram, recurrence):
    with pytest.raises(PostRefused, match="recurrence: "):
        await add(telegram, publish_at=None, recurrence=recurrence)


async def test_the_sponsor_line_counts_and_a_post_without_room_is_refused(database, campaign, x, clock, tmp_path: Path):
    async with database.write() as session:
        row = await session.get_one(Campaign, campaign.id)
        row.sponsor_line = "Payé par l’association Osons la région"
        fits = NewPost("Titre", "x" * 240, None, clock(), channels=(x,))
        with pytest.raises(PostRefused, match="x takes 280 weighted characters, the text has 290"):
            await add_post(
                session,
                campaign.id,
                NewPost("Titre", "x" * 250, None, clock(), channels=(x,)),
                media_dir=tmp_path,
                now=clock(),
            )
        await add_post(session, campaign.id, fits, media_dir=tmp_path, now=clock())
