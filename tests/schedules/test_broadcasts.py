"""Share kits to supporters: paced, once each, and only to who still wants them."""

from datetime import timedelta
from pathlib import Path

import pytest

from campaigns import handouts, supporters
from campaigns.database import Database
from campaigns.engagement import counts_of
from campaigns.models import Campaign, Handout, HandoutState, Kind, Post, Purpose, Supporter
from campaigns.posts import NewPost, add_post
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from schedules.broadcasts import PACE, Broadcaster
from tests.conftest import FakeClock

H = HandoutState


class Mail:
    """Telegram for these tests: keeps who got what, and says what it was told to say; sleeping moves the clock."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.got: list[tuple[str, str]] = []
        self.answers: list[Exception] = []
        self.slept: list[float] = []

    async def deliver(self, post: Post, supporter: Supporter) -> int:
        if self.answers:
            raise self.answers.pop(0)
        self.got.append((supporter.first_name, post.title))
        return len(self.got)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def mail(clock: FakeClock) -> Mail:
    return Mail(clock)


@pytest.fixture
def broadcaster(database: Database, clock: FakeClock, mail: Mail) -> Broadcaster:
    return Broadcaster(database, clock, mail.deliver, sleep=mail.sleep)


async def join(database: Database, clock: FakeClock, campaign: Campaign, name: str, number: int) -> Supporter:
    purposes = frozenset({Purpose.contact, Purpose.counting})
    async with database.write() as session:
        person, _ = await supporters.join(
            session, supporters.Joining(campaign.id, number, name, "fr", purposes, clock())
        )
    return person


async def queue(database: Database, clock: FakeClock, campaign: Campaign, title: str, folder: Path) -> Post:
    async with database.write() as session:
        return await add_post(
            session,
            campaign.id,
            NewPost(title, title, publish_at=clock(), share_kit=True),
            media_dir=folder,
            now=clock(),
        )


async def states(database: Database) -> list[HandoutState]:
    async with database.read() as session:
        return [row.state for i in range(1, 20) if (row := await session.get(Handout, i))]


async def play(broadcaster: Broadcaster) -> None:
    await broadcaster.tick()
    await broadcaster.settled()


async def test_each_supporter_gets_each_kit_once_and_it_is_counted(
    database: Database, clock: FakeClock, campaign: Campaign, mail: Mail, broadcaster: Broadcaster, tmp_path: Path
) -> None:
    zoe = await join(database, clock, campaign, "Zoé", 1)
    await join(database, clock, campaign, "Noé", 2)
    await queue(database, clock, campaign, "Un", tmp_path)
    await play(broadcaster)
    await play(broadcaster)
    assert mail.got == [("Zoé", "Un"), ("Noé", "Un")]
    async with database.read() as session:
        assert (await counts_of(session, zoe.id, campaign.id))[Kind.received] == 1


async def test_the_pace_stays_under_what_telegram_takes(
    database: Database, clock: FakeClock, campaign: Campaign, mail: Mail, broadcaster: Broadcaster, tmp_path: Path
) -> None:
    for i in range(60):
        await join(database, clock, campaign, f"n{i}", i + 1)
    await queue(database, clock, campaign, "Un", tmp_path)
    began = clock()
    await play(broadcaster)
    assert len(mail.got) == 60
    assert clock() - began >= timedelta(seconds=60 / PACE)


async def test_a_flood_wait_is_obeyed_to_the_letter_and_nobody_is_left_out(
    database: Database, clock: FakeClock, campaign: Campaign, mail: Mail, broadcaster: Broadcaster, tmp_path: Path
) -> None:
    await join(database, clock, campaign, "Zoé", 1)
    await join(database, clock, campaign, "Noé", 2)
    await queue(database, clock, campaign, "Un", tmp_path)
    mail.answers = [RateLimited(timedelta(seconds=41))]
    await play(broadcaster)
    assert mail.slept[0] == 41
    assert sorted(mail.got) == [("Noé", "Un"), ("Zoé", "Un")]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (ChannelRevoked("blocked the bot"), H.failed),
        (PostRejected("bad text"), H.failed),
        (OutcomeUnknown("no answer"), H.unknown),  # she may have it: it is not sent again
        (RuntimeError("a bug"), H.unknown),
    ],
)
async def test_what_went_wrong_with_one_person_does_not_stop_the_others(
    database: Database, clock: FakeClock, campaign: Campaign, mail: Mail, broadcaster: Broadcaster, tmp_path: Path,
    answer: Exception, state: HandoutState,
) -> None:  # fmt: skip
    await join(database, clock, campaign, "Zoé", 1)
    await join(database, clock, campaign, "Noé", 2)
    await queue(database, clock, campaign, "Un", tmp_path)
    mail.answers = [answer]
    await play(broadcaster)
    await play(broadcaster)
    assert await states(database) == [state, H.sent]
    assert mail.got == [("Noé", "Un")]


async def test_who_blocked_the_bot_is_not_written_to_again(
    database: Database, clock: FakeClock, campaign: Campaign, mail: Mail, broadcaster: Broadcaster, tmp_path: Path
) -> None:
    await join(database, clock, campaign, "Zoé", 1)
    await queue(database, clock, campaign, "Un", tmp_path)
    mail.answers = [ChannelRevoked("blocked the bot")]
    await play(broadcaster)
    await queue(database, clock, campaign, "Deux", tmp_path)
    await play(broadcaster)
    assert mail.got == []
    assert await states(database) == [H.failed]


async def test_when_telegram_is_away_the_cards_wait(
    database: Database, clock: FakeClock, campaign: Campaign, mail: Mail, broadcaster: Broadcaster, tmp_path: Path
) -> None:
    await join(database, clock, campaign, "Zoé", 1)
    await queue(database, clock, campaign, "Un", tmp_path)
    mail.answers = [NetworkDown("away")] * 3
    await play(broadcaster)
    assert mail.got == [("Zoé", "Un")]
    assert sum(mail.slept) >= 30


async def test_complaint_15_a_broadcast_goes_on_where_it_stopped_and_the_card_in_flight_is_not_sent_twice(
    database: Database, clock: FakeClock, campaign: Campaign, mail: Mail, broadcaster: Broadcaster, tmp_path: Path
) -> None:
    await join(database, clock, campaign, "Zoé", 1)
    await join(database, clock, campaign, "Ali", 2)
    post = await queue(database, clock, campaign, "Un", tmp_path)
    async with database.write() as session:
        await handouts.hand_out(session, await session.get_one(Post, post.id), clock())
        assert await handouts.begin(session, 1, clock()) is not None
    await broadcaster.end_leases(every=True)
    await play(broadcaster)
    assert mail.got == [("Ali", "Un")]
    assert await states(database) == [H.unknown, H.sent]


async def test_stop_begins_no_further_card_and_cuts_a_long_pause_short(
    database: Database, clock: FakeClock, campaign: Campaign, mail: Mail, tmp_path: Path
) -> None:
    import asyncio

    paused = asyncio.Event()

    async def never(_: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    broadcaster = Broadcaster(database, clock, mail.deliver, sleep=never)
    await join(database, clock, campaign, "Zoé", 1)
    await join(database, clock, campaign, "Noé", 2)
    await queue(database, clock, campaign, "Un", tmp_path)
    await broadcaster.tick()
    await paused.wait()
    await broadcaster.stop()
    assert mail.got == [("Zoé", "Un")]
    assert await states(database) == [H.sent, H.queued]
