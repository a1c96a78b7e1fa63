"""When the networks are asked for figures, within which budget, and what holds them off."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest

from campaigns import metrics
from campaigns.installation import add_channel
from campaigns.models import Channel, MetricKind, Publication, PublicationState
from campaigns.posts import NewPost, add_post
from networks.base import OutgoingPost, Receipt
from networks.errors import ChannelRevoked, NetworkDown, RateLimited
from schedules.measuring import AFTER_REFUSAL, AFTER_TROUBLE, Measuring
from schedules.publishing import Publisher

S = PublicationState
MASTODON = {"base_url": "https://m.example", "access_token": "t"}
X = dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "secret")


class Line:
    """A network that counts one like more each time it is asked."""

    idempotent = can_find = False

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.trouble: Exception | None = None
        self.published = 0

    async def publish(self, post: OutgoingPost) -> Receipt:
        self.published += 1
        return Receipt(f"remote-{post.key}", "https://exemple.fr/1")

    async def figures(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        self.asked.append(list(remote_ids))
        if self.trouble:
            raise self.trouble
        return {each: {"likes": len(self.asked)} for each in remote_ids}

    async def close(self) -> None:
        pass


@pytest.fixture
def stage(database, campaign, clock, tmp_path):
    """A channel with posts that are out: `line, look = await stage("x", posts=2, metrics_cap=5)`."""

    async def build(network: str, *, posts: int = 1, **terms: int) -> tuple[Line, Callable]:
        line = Line()
        async with database.write() as session:
            channel = await add_channel(session, campaign.id, network, network, X if network == "x" else MASTODON)
            for name, value in terms.items():
                setattr(channel, name, value)
            for number in range(posts):
                new = NewPost("Titre", f"Texte {number}", publish_at=clock(), channels=(channel,))
                await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
        publisher = Publisher(database, clock, lambda _: line, tmp_path, worker="one")
        await publisher.tick()
        await publisher.settled()
        measuring = Measuring(database, clock, lambda _: line)

        async def look(after: timedelta = timedelta()) -> int:
            """How often the network was asked, by now."""
            clock.advance(after)
            await measuring.tick()
            await measuring.settled()
            return len(line.asked)

        return line, look

    return build


async def _channel(database) -> Channel:
    async with database.read() as session:
        return await session.get_one(Channel, 1)


async def test_figures_are_read_by_the_hour_then_by_the_day_then_by_the_week_and_then_no_more(stage, clock):
    line, look = await stage("mastodon")
    start, moments = clock(), []
    while clock() - start < timedelta(days=90):
        before = len(line.asked)
        if await look(timedelta(minutes=30)) > before:
            moments.append(clock() - start)
    assert len(moments) <= metrics.READS
    assert sum(at <= timedelta(days=1) for at in moments) in (23, 24, 25)
    gaps = {at: after - at for at, after in pairwise(moments)}
    assert {gap for at, gap in gaps.items() if timedelta(days=1) < at < timedelta(days=13)} == {timedelta(days=1)}
    assert {gap for at, gap in gaps.items() if at > timedelta(days=14)} == {timedelta(weeks=1)}
    assert moments[-1] < timedelta(days=60)


async def test_the_newest_figure_and_one_a_day_are_kept(stage, database, clock):
    _line, look = await stage("mastodon")
    for _ in range(20):
        await look(timedelta(hours=1))  # from 9:00 on 1 December to 4:00 on the 2nd
    async with database.read() as session:
        measured = await metrics.of_publications(session, [1])
        days = await metrics.history(session, 1)
    assert measured[1].values == {MetricKind.likes: 20}
    assert measured[1].at == clock()
    assert days == {date(2026, 12, 1): {MetricKind.likes: 15}, date(2026, 12, 2): {MetricKind.likes: 20}}


async def test_what_costs_is_not_read_until_a_budget_is_set(stage):
    _line, look = await stage("x")
    assert await look(timedelta(hours=1)) == 0


async def test_what_costs_is_read_within_the_budget_of_the_month(stage, database, clock):
    line, look = await stage("x", posts=2, metrics_cap=5)  # at a thousandth of a dollar a read
    for _ in range(6):
        await look(timedelta(hours=1))
    assert [len(ids) for ids in line.asked] == [2, 2, 1]
    assert (await _channel(database)).metrics_spent == 5
    await look(timedelta(days=31))
    assert len(line.asked) == 4
    assert ((await _channel(database)).metrics_month, (await _channel(database)).metrics_spent) == ("2027-01", 2)


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [
        (RateLimited(timedelta(hours=2)), timedelta(hours=2)),  # as long as the network says
        (RateLimited(timedelta(seconds=1)), AFTER_TROUBLE),
        (NetworkDown("away"), AFTER_TROUBLE),
        (ChannelRevoked("no such permission"), AFTER_REFUSAL),
        (RuntimeError("a bug of a library"), AFTER_REFUSAL),
    ],
)
async def test_trouble_is_left_alone_for_a_while_costs_nothing_and_holds_up_no_post(
    stage, database, campaign, clock, tmp_path, trouble, wait
):
    line, look = await stage("x", metrics_cap=100)
    line.trouble = trouble
    assert await look(timedelta(minutes=1)) == 1
    channel = await _channel(database)
    assert (channel.resting_reason, channel.not_before, channel.metrics_spent) == (None, None, 0)
    assert await look(wait - timedelta(minutes=1)) == 1
    async with database.write() as session:
        new = NewPost("Titre", "Texte de plus", publish_at=clock(), channels=(channel,))
        await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
    publisher = Publisher(database, clock, lambda _: line, tmp_path, worker="one")
    await publisher.tick()
    await publisher.settled()
    assert line.published == 2
    line.trouble = None
    assert await look(timedelta(minutes=2)) == 2


async def test_a_channel_that_rests_and_a_network_that_tells_nothing_are_not_asked(stage, database, telegram):
    line, look = await stage("mastodon")
    async with database.write() as session:
        for channel_id in (1, 2):
            (await session.get_one(Channel, channel_id)).resting_reason = "revoked"
    assert await look(timedelta(hours=1)) == 0
    async with database.write() as session:
        for channel_id in (1, 2):
            (await session.get_one(Channel, channel_id)).resting_reason = None
        session.add(Publication(post_id=1, channel_id=telegram.id, state=S.published, due_at=None, remote_id="5"))
    assert await look(timedelta(hours=1)) == 1
    assert line.asked == [["remote-1"]]
