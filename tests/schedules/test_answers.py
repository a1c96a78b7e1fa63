"""Answers to ideas go out once, wait while Telegram is away, and stop at who left."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from campaigns import suggestions, supporters
from campaigns.installation import add_campaign, add_organizer
from campaigns.models import Campaign, Purpose, Role, Suggestion, Supporter
from campaigns.supporters import Joining
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from schedules.answers import Answers
from schedules.looking import LOOK, PAUSE


class Post:
    """The way to people: it remembers what arrived, and fails as told."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.trouble: Exception | None = None

    async def __call__(self, answer) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.arrived.append(answer.suggestion.answer)


@pytest.fixture
def post():
    return Post()


@pytest.fixture
async def works(database, campaign, clock, post):
    """Two ideas with their answers, and what sends them."""
    async with database.write() as session:
        organizer = await add_organizer(
            session, campaign.id, "camille@exemple.fr", "Camille", "un mot de passe", Role.editor, clock()
        )
        for number in (1, 2):
            joining = Joining(campaign.id, number, "Zoé", "fr", frozenset({Purpose.contact}), clock())
            person, _ = await supporters.join(session, joining)
            await suggestions.suggest(session, person.id, campaign.id, "Des vélos", clock())
            await suggestions.answer(session, campaign.id, number, f"Oui {number}", organizer.id, clock())
    return Answers(database, clock, post)


async def look(works, clock, after=LOOK):
    clock.advance(after)
    await works.tick()
    await works.settled()


async def test_each_answer_goes_out_once(works, clock, post, database):
    await look(works, clock)
    await works.tick()  # too soon: no second look
    await look(works, clock)
    assert post.arrived == ["Oui 1", "Oui 2"]
    async with database.read() as session:
        assert all(row.sent_at for row in await session.scalars(select(Suggestion)))


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [(NetworkDown(), PAUSE), (RateLimited(timedelta(seconds=30)), timedelta(seconds=30)), (RateLimited(timedelta(hours=1)), PAUSE)],
)  # fmt: skip
async def test_while_telegram_is_away_they_wait(works, clock, post, trouble, wait):
    post.trouble = trouble
    await look(works, clock)
    post.trouble = None
    await look(works, clock, wait - timedelta(seconds=1))
    assert post.arrived == []
    await look(works, clock, timedelta(seconds=1))
    assert post.arrived == ["Oui 1", "Oui 2"]


@pytest.mark.parametrize("trouble", [PostRejected("no such chat"), OutcomeUnknown()])
async def test_what_was_refused_or_may_be_there_is_not_sent_again_and_the_console_can_say_so(
    works, clock, post, database, trouble
):
    post.trouble = trouble
    await look(works, clock)
    post.trouble = None
    await look(works, clock, PAUSE)
    assert post.arrived == []
    async with database.read() as session:
        assert [row.trouble for row in await session.scalars(select(Suggestion))] == [str(trouble)] * 2


async def test_who_blocked_the_bot_is_gone_and_gets_it_when_they_come_back(works, clock, post, database):
    post.trouble = ChannelRevoked()
    await look(works, clock)
    async with database.read() as session:
        assert all(person.gone_at for person in await session.scalars(select(Supporter)))
    post.trouble = None
    await look(works, clock, PAUSE)
    assert post.arrived == []
    async with database.write() as session:
        person = await supporters.find_supporter(session, 2)
        person.gone_at = None
    await look(works, clock)
    assert post.arrived == ["Oui 2"]


async def test_after_an_error_of_our_own_it_goes_on(works, clock, post, caplog):
    post.trouble = ValueError("a mistake")
    await look(works, clock)
    assert "answers to ideas could not be sent" in caplog.text
    post.trouble = None
    await look(works, clock, PAUSE)
    assert post.arrived == ["Oui 1", "Oui 2"]


async def test_a_stop_lets_nothing_begin(works, clock, post):
    await works.stop()
    await look(works, clock)
    assert post.arrived == []


async def test_the_running_program_takes_an_answer_to_the_chat(program, sandbox):
    store = program.store()
    now = datetime.now(UTC)
    async with store.write() as session:
        new = Campaign(slug="", name="Campagne", quiet_from=0, quiet_until=0)  # at whatever hour this runs
        campaign = await add_campaign(session, new, now)
        organizer = await add_organizer(
            session, campaign.id, "camille@exemple.fr", "Camille", "un mot de passe", Role.editor, now
        )
        zoe = await sandbox.person("Zoé", language_code="fr")
        joining = Joining(campaign.id, zoe, "Zoé", "fr", frozenset({Purpose.contact}), now)
        await supporters.join(session, joining)
    await program.start()
    await sandbox.say(zoe, "/idea Des vélos à la gare")
    await sandbox.message(zoe, lambda m: "c’est noté" in m.get("text", ""))
    async with store.write() as session:
        assert await suggestions.answer(session, campaign.id, 1, "Au printemps", organizer.id, now)
    told = await sandbox.message(zoe, lambda m: "Au printemps" in m.get("text", ""), within=30)
    assert "Des vélos à la gare" in told["text"]
    await store.close()
