"""A broadcast goes out through the bot that people talk with: they come first, and each message has a way to end them."""

import pytest

from campaigns import broadcasts
from campaigns.models import Broadcast
from campaigns.segments import Segment
from networks.pace import Pace
from schedules.broadcasts import Broadcaster
from tests.bot.conftest import labels, written


@pytest.fixture
def send(house, campaign, life):
    """Start a broadcast to everybody; the broadcaster that is at it."""

    async def begin(text="Rendez-vous samedi <13 h 45> & après"):
        async with house.database.write() as session:
            made = await broadcasts.add_broadcast(session, Segment(campaign.id), text, house.clock())
            await broadcasts.approve(session, made, None, house.clock())
            await broadcasts.start(session, made, None, house.clock())
        broadcaster = Broadcaster(house.database, house.clock, life.runner.deliver, life.runner.pace)
        await broadcaster.tick()
        return broadcaster

    return begin


async def test_a_message_arrives_as_it_was_written_with_a_way_to_end_them(zoe, send, books):
    await zoe.join()
    await (await send()).settled()
    message = (await zoe.messages())[-1]
    assert written(message) == "Rendez-vous samedi <13 h 45> & après"
    assert list(labels(message)) == ["🌙 Moins souvent", "🔕 Plus de messages"]
    await zoe.tap("me:stop")
    assert (await books.place(zoe)).stopped_at is not None


@pytest.mark.parametrize(
    ("language", "out"),
    [("fr", ["🌙 Moins souvent", "🔕 Plus de messages"]), ("en", ["🌙 Less often", "🔕 No more messages"])],
)
async def test_the_way_out_is_in_the_persons_language(person, campaign, life, send, language, out):
    someone = await person("Sam", language)
    await someone.join()
    await (await send()).settled()
    assert list(labels((await someone.messages())[-1])) == out


async def test_complaint_16_who_writes_while_a_broadcast_runs_is_answered_before_it_ends(
    person, campaign, life, send, sandbox, house
):
    """At Telegram's rates the broadcast takes a second; the answer comes in its midst."""
    crowd = [await person(f"P{n}") for n in range(30)]
    for someone in crowd:
        await someone.join()
    broadcaster = await send("Rendez-vous samedi")
    first = crowd[0]
    await sandbox.wait_for(first.id, lambda chat: "Rendez-vous samedi" in map(written, chat["messages"]))
    answer = await first.say("/help")
    async with house.database.read() as session:
        running = (await session.get_one(Broadcast, 1)).state
    assert "/badge" in answer.text
    assert running is broadcasts.S.running
    await broadcaster.settled()
    for someone in crowd:
        texts = [written(message) for message in await someone.messages()]
        assert texts.count("Rendez-vous samedi") == 1


async def test_the_bots_own_answers_take_turns_from_the_broadcasts(zoe, life):
    assert isinstance(life.runner.pace, Pace)
    before = life.runner.pace._next
    await zoe.start()
    assert life.runner.pace._next > before
