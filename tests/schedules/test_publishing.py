"""Due -> claim -> send -> record, with a clock that obeys and a network whose answers are chosen."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import publications, settling
from campaigns.database import Database
from campaigns.installation import add_channel
from campaigns.media import NewPicture
from campaigns.media_stores import Bucket
from campaigns.models import Campaign, Channel, LatePolicy, Post, PostState, Publication, PublicationState
from campaigns.posts import NewPost, add_post, cancel_post
from campaigns.silence_windows import add_window
from networks.base import OutgoingPost, Receipt
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.telegram import TelegramChannel
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN
from sandbox.server import SandboxServer
from schedules import publishing
from schedules.publishing import (
    FIRST_WAIT,
    HALF_OUT,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    PARTLY_OUT,
    Publisher,
    back_off,
)
from tests.bucket import KEY, SECRET, Storage
from tests.conftest import FakeClock

S = PublicationState
MINUTE = timedelta(minutes=1)


class Wire:
    """Networks of all channels: keeps what went out, and says what it was told to say."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str]] = []
        self.answers: list[Exception] = []
        self.posts: list[OutgoingPost] = []
        self.before: Callable[[], object] = lambda: None
        self.gate: asyncio.Event | None = None
        self.at_the_gate = asyncio.Event()

    def open(self, channel: Channel) -> "Line":
        return Line(self, channel.id)


class Line:
    def __init__(self, wire: Wire, channel_id: int) -> None:
        self.wire, self.channel_id = wire, channel_id

    async def check(self) -> str:
        return "here"

    async def publish(self, post: OutgoingPost) -> Receipt:
        self.wire.posts.append(post)
        if self.wire.gate is not None:
            self.wire.at_the_gate.set()
            await self.wire.gate.wait()
        self.wire.before()
        if self.wire.answers:
            raise self.wire.answers.pop(0)
        self.wire.sent.append((self.channel_id, post.text))
        return Receipt(
            str(len(self.wire.sent)), f"https://exemple.fr/{len(self.wire.sent)}", (str(len(self.wire.sent)),)
        )

    async def close(self) -> None:
        pass


@pytest.fixture
def wire() -> Wire:
    return Wire()


class Desk:
    """Queues posts and plays ticks."""

    def __init__(self, database: Database, clock: FakeClock, campaign: Campaign, wire: Wire, folder: Path) -> None:
        self.database, self.clock, self.campaign, self.wire, self.folder = database, clock, campaign, wire, folder
        self.publisher = self.new_publisher("one")

    def new_publisher(self, worker: str) -> Publisher:
        return Publisher(self.database, self.clock, self.wire.open, self.folder, worker=worker, rng=random.Random(1))

    async def queue(self, text: str, *channels: Channel, after: timedelta = MINUTE) -> Post:
        async with self.database.write() as session:
            new = NewPost(text, text, publish_at=self.clock() + after, channels=channels)
            return await add_post(session, self.campaign.id, new, media_dir=self.folder, now=self.clock())

    async def tick(self) -> None:
        await self.publisher.tick()
        await self.publisher.settled()

    async def rows(self) -> list[Publication]:
        async with self.database.read() as session:
            return [await session.get_one(Publication, i) for i in range(1, 100) if await session.get(Publication, i)]

    async def states(self) -> list[PublicationState]:
        return [row.state for row in await self.rows()]

    @property
    def sent(self) -> list[str]:
        return [text for _, text in self.wire.sent]


@pytest.fixture
def desk(database: Database, clock: FakeClock, campaign: Campaign, wire: Wire, tmp_path: Path) -> Desk:
    return Desk(database, clock, campaign, wire, tmp_path)


async def test_nothing_goes_out_before_its_moment_and_all_of_it_then(desk: Desk, telegram: Channel, x: Channel) -> None:
    await desk.queue("Bonjour", telegram, x)
    desk.clock.advance(timedelta(seconds=59))
    await desk.tick()
    assert desk.sent == []
    desk.clock.advance(timedelta(seconds=1))
    await desk.tick()
    assert desk.sent == ["Bonjour", "Bonjour"]
    first = (await desk.rows())[0]
    assert (first.state, first.sent_at, first.url) == (S.published, desk.clock(), "https://exemple.fr/1")


async def test_a_channel_keeps_the_order_of_moments_then_of_writing(desk: Desk, telegram: Channel) -> None:
    await desk.queue("troisième", telegram, after=3 * MINUTE)
    await desk.queue("premier", telegram, after=MINUTE)
    await desk.queue("deuxième", telegram, after=MINUTE)
    desk.clock.advance(5 * MINUTE)
    await desk.tick()
    assert desk.sent == ["premier", "deuxième", "troisième"]


async def test_two_engines_that_tick_together_send_each_post_once(desk: Desk, telegram: Channel, x: Channel) -> None:
    for i in range(10):
        await desk.queue(f"{i}", telegram, x)
    desk.clock.advance(MINUTE)
    other = desk.new_publisher("two")
    await asyncio.gather(desk.publisher.tick(), other.tick())
    await asyncio.gather(desk.publisher.settled(), other.settled())
    assert sorted(desk.sent) == sorted([f"{i}" for i in range(10)] * 2)


async def test_complaint_3_a_post_that_was_taken_back_or_moved_does_not_go_out(desk: Desk, telegram: Channel) -> None:
    """The row decides at the moment of sending, not when it was looked up."""
    await desk.queue("passe", telegram)
    taken_back, moved = await desk.queue("repris", telegram), await desk.queue("déplacé", telegram)
    desk.clock.advance(MINUTE)
    desk.wire.gate = asyncio.Event()
    await desk.publisher.tick()
    await desk.wire.at_the_gate.wait()  # all three were looked up; the first one is on its way
    async with desk.database.write() as session:
        await cancel_post(session, desk.campaign.id, taken_back.id, desk.clock())
        row = await session.get_one(Publication, 3)
        assert row.post_id == moved.id
        row.due_at = desk.clock() + timedelta(days=1)
    desk.wire.gate.set()
    await desk.publisher.settled()
    assert desk.sent == ["passe"]
    assert await desk.states() == [S.published, S.cancelled, S.queued]


async def test_a_text_mended_at_the_last_moment_is_the_one_that_goes_out(desk: Desk, telegram: Channel) -> None:
    post = await desk.queue("faute", telegram)
    async with desk.database.write() as session:
        (await session.get_one(Post, post.id)).text = "sans faute"
    desk.clock.advance(MINUTE)
    await desk.tick()
    assert desk.sent == ["sans faute"]


async def test_a_draft_never_goes_out(desk: Desk, telegram: Channel) -> None:
    post = await desk.queue("brouillon", telegram)
    async with desk.database.write() as session:
        (await session.get_one(Post, post.id)).state = PostState.draft
    desk.clock.advance(timedelta(days=9))
    await desk.tick()
    assert desk.sent == []


async def test_retry_after_is_obeyed_to_the_letter_and_order_is_kept(desk: Desk, telegram: Channel, x: Channel) -> None:
    await desk.queue("un", telegram)
    await desk.queue("deux", telegram)
    await desk.queue("autre canal", x, after=2 * MINUTE)
    desk.wire.answers = [RateLimited(timedelta(seconds=90))]
    desk.clock.advance(MINUTE)
    await desk.tick()
    desk.clock.advance(timedelta(seconds=89))
    await desk.tick()
    assert desk.sent == ["autre canal"]  # the other channel does not wait
    desk.clock.advance(timedelta(seconds=1))
    await desk.tick()
    assert desk.sent == ["autre canal", "un", "deux"]
    assert await desk.states() == [S.published] * 3


async def test_a_refused_post_fails_with_its_reason_and_the_next_one_goes_out(desk: Desk, telegram: Channel) -> None:
    await desk.queue("refusé", telegram)
    await desk.queue("suivant", telegram)
    desk.wire.answers = [PostRejected("trop long")]
    desk.clock.advance(MINUTE)
    await desk.tick()
    assert await desk.states() == [S.failed, S.published]
    assert (await desk.rows())[0].reason == "trop long"


@pytest.mark.parametrize("answer", [OutcomeUnknown("pas de réponse"), RuntimeError("a bug of ours")])
async def test_complaint_1_what_cannot_be_known_is_unknown_and_never_sent_again(
    desk: Desk, telegram: Channel, answer: Exception
) -> None:
    await desk.queue("peut-être", telegram)
    desk.wire.answers = [answer]
    desk.clock.advance(MINUTE)
    for _ in range(3):
        await desk.tick()
        desk.clock.advance(timedelta(hours=1))
    await desk.publisher.end_leases()
    assert await desk.states() == [S.unknown]
    assert len(desk.wire.posts) == 1


async def test_a_revoked_token_puts_the_channel_to_rest_and_its_posts_wait(desk: Desk, telegram: Channel) -> None:
    await desk.queue("un", telegram)
    await desk.queue("deux", telegram)
    desk.wire.answers = [ChannelRevoked("jeton refusé")]
    desk.clock.advance(MINUTE)
    await desk.tick()
    desk.clock.advance(timedelta(minutes=50))  # within the grace of both
    await desk.tick()
    assert await desk.states() == [S.queued, S.queued]
    async with desk.database.write() as session:
        resting = await session.get_one(Channel, telegram.id)
        assert resting.resting_reason == "jeton refusé"
        await add_channel(session, desk.campaign.id, "telegram", telegram.name, {"chat_id": "@new"})  # mended
    await desk.tick()
    assert desk.sent == ["un", "deux"]


async def test_a_network_that_is_down_is_tried_again_with_longer_waits_then_given_up(
    desk: Desk, telegram: Channel
) -> None:
    await desk.queue("têtu", telegram)
    desk.wire.answers = [NetworkDown("injoignable")] * MOST_ATTEMPTS
    desk.clock.advance(MINUTE)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        await desk.tick()
        await desk.tick()  # at the same moment: the channel waits
        assert len(desk.wire.posts) == attempt
        desk.clock.advance(LONGEST_WAIT)
    assert await desk.states() == [S.failed]
    assert (await desk.rows())[0].reason == "injoignable"


async def test_complaint_11_a_thread_that_is_half_out_is_tried_for_some_hours_then_a_human_sees_why_it_ended(
    desk: Desk, telegram: Channel
) -> None:
    await desk.queue("un fil", telegram)
    desk.wire.answers = [NetworkDown("injoignable", sent_parts=("7",))] * 500
    desk.clock.advance(MINUTE)
    due = desk.clock()
    while await desk.states() == [S.queued] and desk.wire.answers:
        await desk.tick()
        desk.clock.advance(LONGEST_WAIT)
    assert HALF_OUT <= desk.clock() - due <= HALF_OUT + 2 * LONGEST_WAIT
    (row,) = await desk.rows()
    assert row.state is S.failed and row.sent_parts == ["7"]
    assert row.reason == PARTLY_OUT.format(parts=1, reason="injoignable")
    desk.wire.answers = []
    async with desk.database.write() as session:
        await settling.settle(session, desk.campaign.id, row.id, S.queued, now=desk.clock())
    await desk.tick()
    assert desk.wire.posts[-1].sent_parts == ("7",) and await desk.states() == [S.published]


@pytest.mark.parametrize("attempts", [1, 2, 5, 9, 20])
def test_back_off_doubles_up_to_its_limit_with_jitter(attempts: int) -> None:
    waits = [back_off(attempts, random.Random(seed)) for seed in range(200)]
    longest = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    assert longest / 2 <= min(waits) < max(waits) <= longest
    assert max(waits) - min(waits) > longest / 3


async def test_a_retry_is_given_the_parts_that_are_out_and_the_same_key(desk: Desk, telegram: Channel) -> None:
    await desk.queue("en deux parties", telegram)
    desk.wire.answers = [RateLimited(MINUTE, sent_parts=("7",))]
    desk.clock.advance(MINUTE)
    await desk.tick()
    desk.clock.advance(MINUTE)
    await desk.tick()
    assert [(post.key, post.sent_parts) for post in desk.wire.posts] == [("1", ()), ("1", ("7",))]


async def test_complaint_14_what_another_worker_left_in_sending_is_unknown_once_its_lease_has_ended(
    desk: Desk, telegram: Channel
) -> None:
    await desk.queue("perdu", telegram)
    await desk.queue("suivant", telegram)
    desk.clock.advance(MINUTE)
    async with desk.database.write() as session:
        await publications.lease_channels(session, [telegram.id], "dead", desk.clock())
        await publications.write_steps(session, [publications.Begin(1, desk.clock())])
    await desk.publisher.end_leases()
    await desk.tick()
    assert await desk.states() == [S.sending, S.queued]  # the lease still holds
    desk.clock.advance(publications.LEASE)
    await desk.publisher.end_leases()
    await desk.tick()
    assert await desk.states() == [S.unknown, S.published]


class Unheard(Database):
    """A store that does what it is told, and whose answer is lost while `deaf`, as where it ends in the moment of a commit."""

    deaf = False
    of_turns = False  # of the writes that lease channels, rather than of the others

    @asynccontextmanager
    async def write(self, *, together: bool = False) -> AsyncIterator[AsyncSession]:
        async with super().write(together=together) as session:
            yield session
        if self.deaf and together is not self.of_turns:
            raise OperationalError("COMMIT", {}, Exception("the connection is lost"))


@pytest.mark.parametrize("at", ["the claim of the first", "the claim of the second, with what came of the first"])
async def test_a_claim_whose_answer_was_lost_is_asked_for_again_and_goes_out_once(
    desk: Desk, telegram: Channel, store_url: str, at: str
) -> None:
    await desk.queue("un", telegram)
    await desk.queue("deux", telegram)
    desk.clock.advance(MINUTE)
    store = Unheard(store_url, desk.database.vault)

    async def hear_again(_seconds: float) -> None:
        store.deaf = False

    store.deaf = at == "the claim of the first"
    if not store.deaf:
        desk.wire.before = lambda: setattr(store, "deaf", not desk.wire.sent)
    publisher = Publisher(store, desk.clock, desk.wire.open, desk.folder, worker="one", pause=hear_again)
    await publisher.tick()
    await publisher.settled()
    await store.close()
    assert desk.sent == ["un", "deux"]
    assert [(row.state, row.attempts) for row in await desk.rows()] == [(S.published, 1)] * 2


async def test_a_channel_waits_no_longer_than_the_store_is_away(
    desk: Desk, telegram: Channel, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than as long as behind an error of ours, which is a quarter of an hour."""
    monkeypatch.setattr(publishing, "BATCH", 1)  # so that the second post is another turn
    await desk.queue("un", telegram)
    await desk.queue("deux", telegram)
    desk.clock.advance(MINUTE)
    store = Unheard(store_url, desk.database.vault)
    store.of_turns = True
    desk.wire.before = lambda: setattr(store, "deaf", not desk.wire.sent)
    publisher = Publisher(store, desk.clock, desk.wire.open, desk.folder, worker="one")
    await publisher.tick()
    await publisher.settled()
    assert desk.sent == ["un"]
    store.deaf = False
    await publisher.tick()
    await publisher.settled()
    await store.close()
    assert desk.sent == ["un", "deux"]


async def test_a_slow_network_keeps_its_channel_from_other_workers(desk: Desk, telegram: Channel) -> None:
    """Each call takes four minutes, and a lease five: it is made longer before a call that it would not outlast."""
    for i in range(3):
        await desk.queue(f"{i}", telegram)
    desk.clock.advance(MINUTE)
    desk.wire.gate = asyncio.Event()
    await desk.publisher.tick()
    for _ in range(3):
        await desk.wire.at_the_gate.wait()
        desk.clock.advance(timedelta(seconds=239))
        async with desk.database.write() as session:
            assert await publications.lease_channels(session, [telegram.id], "two", desk.clock()) == {}
        answered, desk.wire.gate = desk.wire.gate, asyncio.Event()
        desk.wire.at_the_gate.clear()
        answered.set()
    await desk.publisher.settled()
    assert desk.sent == ["0", "1", "2"]


async def test_stop_lets_the_post_in_flight_end_and_begins_none(desk: Desk, telegram: Channel) -> None:
    await desk.queue("en vol", telegram)
    await desk.queue("au sol", telegram)
    desk.clock.advance(MINUTE)
    desk.wire.gate = asyncio.Event()
    await desk.publisher.tick()
    await desk.wire.at_the_gate.wait()
    stopping = asyncio.create_task(desk.publisher.stop())
    await asyncio.sleep(0)
    desk.wire.gate.set()
    await stopping
    assert await desk.states() == [S.published, S.queued]
    await desk.tick()
    assert desk.sent == ["en vol"]


async def test_a_picture_that_is_gone_is_named(desk: Desk, telegram: Channel, portrait: bytes) -> None:
    async with desk.database.write() as session:
        new = NewPost(
            "Image", "Image", publish_at=desk.clock(), channels=(telegram,), pictures=(NewPicture("p.jpg", portrait),)
        )
        await add_post(session, desk.campaign.id, new, media_dir=desk.folder, now=desk.clock())
    (file,) = desk.folder.glob("*.jpg")
    file.unlink()
    await desk.tick()
    (row,) = await desk.rows()
    assert row.state is S.failed and file.name in (row.reason or "")


async def test_a_publication_waits_for_pictures_in_a_storage_that_is_away_and_goes_out_when_it_is_back(
    desk: Desk, telegram: Channel, portrait: bytes, storage: Storage
) -> None:
    bucket = Bucket(storage.url, KEY, SECRET)
    publisher = Publisher(desk.database, desk.clock, desk.wire.open, bucket, worker="one", rng=random.Random(1))
    async with desk.database.write() as session:
        pictures = (NewPicture("p.jpg", portrait, "Un portrait"),)
        new = NewPost("Image", "Image", publish_at=desk.clock(), channels=(telegram,), pictures=pictures)
        await add_post(session, desk.campaign.id, new, media_dir=bucket, now=desk.clock())
    storage.stop()
    for attempt in range(1, MOST_ATTEMPTS + 3):  # longer than a network that is down is waited for
        await publisher.tick()
        await publisher.settled()
        (row,) = await desk.rows()
        assert (row.state, row.attempts) == (S.queued, attempt)
        assert "its pictures cannot be read: s3://pictures/orne does not answer" in (row.reason or "")
        desk.clock.advance(LONGEST_WAIT)
    assert desk.wire.posts == []
    storage.start()
    await publisher.tick()
    await publisher.settled()
    (row,) = await desk.rows()
    assert (row.state, row.reason, [post.pictures[0].data for post in desk.wire.posts]) == (
        S.published,
        None,
        [portrait],
    )


# --- who is taken for dead --------------------------------------------------------------------------


async def test_what_came_while_the_store_was_away_for_longer_than_a_lease_is_not_given_up_by_who_will_write_it_down(
    desk: Desk, telegram: Channel
) -> None:
    await desk.queue("un", telegram)
    desk.clock.advance(MINUTE)
    desk.wire.gate = asyncio.Event()
    await desk.publisher.tick()
    await desk.wire.at_the_gate.wait()
    desk.clock.advance(2 * publications.LEASE)
    await desk.publisher.end_leases()
    desk.wire.gate.set()
    await desk.publisher.settled()
    assert await desk.states() == [S.published]


@pytest.mark.parametrize("asked", [0, 1, 2])
async def test_who_may_be_taken_for_dead_begins_nothing_and_gives_back_what_it_began(
    desk: Desk, telegram: Channel, asked: int
) -> None:
    """It is asked before the lease, before the claim and before the call; with each the channel's order holds."""
    await desk.queue("un", telegram)
    await desk.queue("deux", telegram)
    desk.clock.advance(MINUTE)
    left = iter([True] * asked)
    sleeper = Publisher(
        desk.database, desk.clock, desk.wire.open, desk.folder, worker="two", may_send=lambda: next(left, False)
    )
    await sleeper.tick()
    await sleeper.settled()
    assert desk.sent == [] and await desk.states() == [S.queued, S.queued]
    await desk.tick()
    assert desk.sent == ["un", "deux"] and await desk.states() == [S.published, S.published]


# --- what keeps a publication back ------------------------------------------------------------------


async def late(desk: Desk, channel: Channel, text: str, policy: LatePolicy, *, grace: int = 60) -> None:
    post = await desk.queue(text, channel)
    async with desk.database.write() as session:
        row = await session.get_one(Post, post.id)
        row.late_policy, row.grace = policy, grace


async def test_complaint_4_after_a_pause_nothing_bursts_the_newest_catches_up(
    desk: Desk, telegram: Channel, x: Channel
) -> None:
    for i in range(5):
        await late(desk, telegram, f"{i}", LatePolicy.send)
    await late(desk, x, "autre canal", LatePolicy.send)
    desk.clock.advance(timedelta(days=3))
    await desk.tick()
    assert sorted(desk.sent) == ["4", "autre canal"]  # one a channel
    rows = await desk.rows()
    assert [row.state for row in rows] == [S.missed] * 4 + [S.published] * 2
    assert rows[0].reason == "late by 2 d 23 h 59 min: a newer post of the channel caught up; send it now, or drop it"


@pytest.mark.parametrize(
    ("policy", "state", "said"),
    [
        (LatePolicy.send, S.published, None),
        (LatePolicy.ask, S.missed, "its late policy asks you"),
        (LatePolicy.drop, S.missed, "dropped, as its late policy says"),
    ],
)
async def test_a_late_post_follows_its_policy(
    desk: Desk, telegram: Channel, policy: LatePolicy, state: S, said: str | None
) -> None:
    await late(desk, telegram, "en retard", policy, grace=30)
    desk.clock.advance(MINUTE + timedelta(minutes=30, seconds=1))
    await desk.tick()
    (row,) = await desk.rows()
    assert row.state is state
    assert (said or "") in (row.reason or "")


@pytest.mark.parametrize("policy", list(LatePolicy))
async def test_within_its_grace_a_post_goes_out_whatever_its_policy(
    desk: Desk, telegram: Channel, policy: LatePolicy
) -> None:
    await late(desk, telegram, "à peine en retard", policy, grace=30)
    desk.clock.advance(MINUTE + timedelta(minutes=30))
    await desk.tick()
    assert desk.sent == ["à peine en retard"]


async def test_a_human_sends_a_missed_post_now_and_it_is_not_late_again(desk: Desk, telegram: Channel) -> None:
    await late(desk, telegram, "manqué", LatePolicy.ask)
    desk.clock.advance(timedelta(days=2))
    await desk.tick()
    async with desk.database.write() as session:
        await settling.settle(session, desk.campaign.id, 1, S.queued, now=desk.clock())
    await desk.tick()
    assert desk.sent == ["manqué"]


async def test_in_a_silence_window_nothing_goes_out_and_what_was_due_is_held(desk: Desk, telegram: Channel) -> None:
    """Held at the moment of sending, though nobody knew of the window when the post was queued."""
    await desk.queue("trop tard", telegram)
    start, end = desk.clock(), desk.clock() + timedelta(days=2)
    async with desk.database.write() as session:
        await add_window(session, desk.campaign, start, end, "veille du vote")
    desk.clock.advance(timedelta(hours=1))
    await desk.tick()
    (row,) = await desk.rows()
    assert (row.state, desk.sent) == (S.held, [])
    assert "veille du vote" in (row.reason or "") and "send it after, or drop it" in (row.reason or "")
    async with desk.database.write() as session:  # "send after"
        await settling.settle(session, desk.campaign.id, 1, S.queued, now=desk.clock())
    desk.clock.now = end - timedelta(seconds=1)
    await desk.tick()
    assert desk.sent == []
    desk.clock.now = end
    await desk.tick()
    assert desk.sent == ["trop tard"]


async def test_silence_that_begins_while_a_channel_is_drained_stops_the_next_post(
    desk: Desk, telegram: Channel
) -> None:
    await desk.queue("passe", telegram)
    await desk.queue("reste", telegram)
    desk.clock.advance(MINUTE)
    desk.wire.gate = asyncio.Event()
    await desk.publisher.tick()
    await desk.wire.at_the_gate.wait()  # both were looked up
    async with desk.database.write() as session:
        await add_window(session, desk.campaign, desk.clock(), desk.clock() + MINUTE, "silence")
    desk.wire.gate.set()
    await desk.publisher.settled()
    await desk.tick()
    assert (desk.sent, await desk.states()) == (["passe"], [S.published, S.held])


async def test_over_the_months_cap_a_post_is_held_with_what_was_spent(desk: Desk, telegram: Channel) -> None:
    async with desk.database.write() as session:
        (await session.get_one(Channel, telegram.id)).monthly_cap = 500
    for text, cost in (("un", 200), ("deux", 200), ("trop", 200), ("tient", 100)):
        await desk.queue(text, telegram)
        async with desk.database.write() as session:
            rows = await session.scalars(select(Publication).order_by(col(Publication.id).desc()).limit(1))
            rows.one().cost = cost
    desk.clock.advance(MINUTE)
    await desk.tick()
    assert desk.sent == ["un", "deux", "tient"]
    held = (await desk.rows())[2]
    assert held.state is S.held
    assert (
        held.reason
        == "the month's cap of $0.500 is reached: $0.400 is spent, this costs $0.200; raise the cap or drop it"
    )
    desk.clock.now = desk.clock().replace(year=2027, month=1, day=1, hour=12)  # another month
    async with desk.database.write() as session:
        await settling.settle(session, desk.campaign.id, held.id, S.queued, now=desk.clock())
    await desk.tick()
    assert desk.sent[-1] == "trop"


async def test_over_the_days_quota_posts_are_held(desk: Desk, telegram: Channel) -> None:
    async with desk.database.write() as session:
        (await session.get_one(Channel, telegram.id)).daily_quota = 2
    for i in range(4):
        await desk.queue(f"{i}", telegram)
    desk.clock.advance(MINUTE)
    await desk.tick()
    assert (desk.sent, await desk.states()) == (["0", "1"], [S.published, S.published, S.held, S.held])
    assert "quota of 2 posts" in ((await desk.rows())[2].reason or "")


async def test_complaint_17_the_number_of_a_group_that_moved_is_written_down(
    desk: Desk,
    telegram: Channel,
    sandbox: SandboxClient,
    sandbox_server: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new = await sandbox.channel("Groupe", type="group"), await sandbox.channel("Groupe")
    await sandbox.change_channel(old, migrated_to=new)
    async with desk.database.write() as session:
        (await session.get_one(Channel, telegram.id)).settings = {"chat_id": str(old)}

    def opened(channel: Channel) -> TelegramChannel:
        return TelegramChannel(channel.settings["chat_id"], DEMO_TOKEN, f"{sandbox_server.url}/telegram")

    monkeypatch.setattr(desk.wire, "open", opened)
    desk.publisher = desk.new_publisher("one")
    for text in ("Avant", "Après"):
        await desk.queue(text, telegram)
        desk.clock.advance(MINUTE)
        await desk.tick()
    async with desk.database.read() as session:
        assert (await session.get_one(Channel, telegram.id)).settings == {"chat_id": str(new)}
    assert await desk.states() == [S.published, S.published]
    assert [line["status"] for line in await sandbox.requests("telegram", "sendMessage")] == [400, 200, 200]
