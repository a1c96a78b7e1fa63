"""What the network itself says of a publication of unknown outcome."""

from datetime import timedelta

import pytest

from campaigns import approval
from campaigns.installation import add_channel
from campaigns.models import Post, Publication, PublicationState
from campaigns.posts import NewPost, add_post
from networks.base import OutgoingPost, Receipt
from networks.errors import NetworkDown, OutcomeUnknown
from schedules.publishing import Publisher
from schedules.settling import AGAIN, REST, Settler

S = PublicationState


class Line:
    """A network that keeps what it accepted by its key, and loses its answer."""

    def __init__(self, *, idempotent: bool, can_find: bool, accepts: bool) -> None:
        self.idempotent, self.can_find, self.accepts = idempotent, can_find, accepts
        self.there: dict[str, str] = {}
        self.calls = self.questions = 0
        self.down = self.broken = False

    async def publish(self, post: OutgoingPost) -> Receipt:
        self.calls += 1
        if self.accepts:
            self.there.setdefault(post.key, post.text)
        if self.calls == 1:
            raise OutcomeUnknown("no answer")
        return Receipt("1", "https://exemple.fr/1")

    async def find(self, post: OutgoingPost, since: object = None) -> Receipt | None:
        self.questions += 1
        if self.down:
            raise NetworkDown("away")
        if self.broken:
            raise RuntimeError("a bug of a library")
        return Receipt("1", "https://exemple.fr/1") if post.key in self.there else None

    async def check(self) -> str:
        return "here"

    async def close(self) -> None:
        pass


@pytest.fixture
def play(database, campaign, clock, tmp_path):
    """Publishes one post on that line, then asks: the row's state."""

    async def go(line: Line, network: str = "telegram", *, wait: timedelta = REST, questions: int = 1) -> Publication:
        settings = (
            {"chat_id": "@x"} if network == "telegram" else {"base_url": "https://m.example", "access_token": "t"}
        )
        async with database.write() as session:
            channel = await add_channel(session, campaign.id, network, "Canal", settings)
            new = NewPost("Titre", "Texte", publish_at=clock(), channels=(channel,))
            await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
        publisher = Publisher(database, clock, lambda _: line, tmp_path, worker="one")
        settler = Settler(database, clock, lambda _: line, tmp_path)
        await publisher.tick()
        await publisher.settled()
        await settler.tick()  # too early: what was just accepted may not be listed yet
        assert line.questions == 0
        for _ in range(questions):
            clock.advance(wait)
            await settler.tick()
        await publisher.tick()
        await publisher.settled()
        async with database.read() as session:
            return await session.get_one(Publication, 1)

    return go


async def test_what_is_found_is_published_with_its_address(play):
    row = await play(Line(idempotent=False, can_find=True, accepts=True))
    assert (row.state, row.url) == (S.published, "https://exemple.fr/1")


async def test_complaint_1_what_is_not_found_is_left_to_a_human_where_a_repeat_could_double(play):
    line = Line(idempotent=False, can_find=True, accepts=False)
    assert (await play(line)).state is S.unknown
    assert line.calls == 1


async def test_what_is_not_found_goes_out_again_where_the_network_forbids_doubles(play):
    line = Line(idempotent=True, can_find=True, accepts=False)
    assert (await play(line)).state is S.published
    assert line.calls == 2


async def test_complaint_1_once_the_network_forgot_the_key_nothing_is_sent_again(play):
    line = Line(idempotent=True, can_find=True, accepts=False)
    assert (await play(line, "mastodon", wait=timedelta(minutes=51))).state is S.unknown
    assert line.calls == 1


async def test_a_network_that_cannot_be_asked_is_not(play):
    line = Line(idempotent=False, can_find=False, accepts=True)
    assert (await play(line)).state is S.unknown
    assert line.questions == 0


async def test_a_network_that_is_away_is_asked_again_now_and_then(play):
    line = Line(idempotent=True, can_find=True, accepts=True)
    line.down = True
    assert (await play(line, wait=REST, questions=int(AGAIN / REST) + 2)).state is S.unknown
    assert line.questions == 2


async def test_complaint_1_what_was_edited_meanwhile_is_not_sent_again_where_keys_are_forgotten(
    database, campaign, clock, tmp_path
):
    """The network is asked by the text: of the new one it can only say that it is not there."""
    line = Line(idempotent=True, can_find=True, accepts=False)
    async with database.write() as session:
        settings = {"base_url": "https://m.example", "access_token": "t"}
        channel = await add_channel(session, campaign.id, "mastodon", "Canal", settings)
        new = NewPost("Titre", "Texte", publish_at=clock(), channels=(channel,))
        post = await add_post(session, campaign.id, new, media_dir=tmp_path, now=clock())
    publisher = Publisher(database, clock, lambda _: line, tmp_path, worker="one")
    await publisher.tick()
    await publisher.settled()
    clock.advance(timedelta(seconds=30))
    async with database.write() as session:
        await approval.edit(session, await session.get_one(Post, post.id), None, clock(), text="Autre texte")
    clock.advance(REST)
    await Settler(database, clock, lambda _: line, tmp_path).tick()
    assert line.questions == 1
    async with database.read() as session:
        assert (await session.get_one(Publication, 1)).state is S.unknown


async def test_an_answer_that_nobody_foresaw_leaves_it_unknown_and_ends_nothing(play):
    line = Line(idempotent=False, can_find=True, accepts=True)
    line.broken = True
    row = await play(line, questions=1)
    assert (row.state, line.questions) == (S.unknown, 1)
