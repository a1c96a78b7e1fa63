"""Share kits and broadcasts to supporters: paced, once each, and only to who still wants them."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from campaigns import broadcasts, handouts, supporters
from campaigns.database import Database
from campaigns.engagement import counts_of
from campaigns.handouts import Claim, Outcome
from campaigns.models import Broadcast, BroadcastState, Campaign, HandoutState, Kind, Supporter
from networks.errors import ChannelRevoked, ChatMoved, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.pace import Pace
from schedules import broadcasts as sending
from schedules.broadcasts import Broadcaster
from tests.conftest import FakeClock
from tests.schedules.mailing import Stage

H, B = HandoutState, BroadcastState


@pytest.fixture
def stage(database: Database, clock: FakeClock, campaign: Campaign, tmp_path: Path) -> Stage:
    return Stage(database, clock, campaign, tmp_path)


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message in flight at a time: what happens meanwhile happens before the next."""
    monkeypatch.setattr(sending, "WORKERS", 1)


@pytest.mark.usefixtures("one_by_one")
async def test_each_supporter_gets_each_kit_once_and_it_is_counted(stage: Stage) -> None:
    zoe, _ = await stage.join("Zoé", "Noé")
    await stage.post("Un")
    await stage.play()
    await stage.play()
    assert stage.mail.got == [("Zoé", "Un"), ("Noé", "Un")]
    async with stage.database.read() as session:
        assert (await counts_of(session, zoe.id, stage.campaign.id))[Kind.received] == 1


async def test_a_broadcast_reaches_everybody_once_and_is_done(stage: Stage) -> None:
    names = [f"n{i:03}" for i in range(sending.PAGE + sending.WORKERS + 7)]  # more than a page, and than are in flight
    await stage.join(*names)
    broadcast = await stage.begin()
    await stage.play()
    assert Counter(stage.mail.got) == Counter({(name, "Rendez-vous samedi"): 1 for name in names})
    found = await stage.progress(broadcast)
    assert (found.state, found.sent, found.left, found.ended_at) == (B.done, len(names), 0, stage.clock())


async def test_a_broadcast_carries_the_sponsor_line(stage: Stage) -> None:
    async with stage.database.write() as session:
        (await session.get_one(Campaign, stage.campaign.id)).sponsor_line = "Payé par la liste"
    await stage.join("Zoé")
    await stage.begin()
    await stage.play()
    assert stage.mail.got == [("Zoé", "Rendez-vous samedi\n\nPayé par la liste")]


@pytest.mark.usefixtures("one_by_one")
async def test_the_pace_stays_under_what_telegram_takes_and_close_to_it(stage: Stage) -> None:
    await stage.join(*(f"n{i}" for i in range(90)))
    await stage.begin()
    await stage.play()
    assert len(stage.mail.at) == 90
    rate = 89 / (max(stage.mail.at) - min(stage.mail.at))
    assert 29.0 <= rate < 30.0


@pytest.mark.usefixtures("one_by_one")
async def test_a_kit_and_a_broadcast_take_turns_and_nobody_is_written_to_twice_in_a_second(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PAGE", 2)
    await stage.join("a", "b", "c", "d")
    await stage.post("Un")
    await stage.begin("Deux")
    await stage.play()
    assert sorted(stage.mail.got) == sorted((name, what) for name in "abcd" for what in ("Un", "Deux"))
    begun = {what for _, what in stage.mail.got[:4]}
    assert begun == {"Un", "Deux"}  # the broadcast did not wait for the end of the kit
    for name in "abcd":
        first, second = (at for (who, _), at in zip(stage.mail.got, stage.mail.at, strict=True) if who == name)
        assert second - first >= 0.999  # seconds are floats here


@pytest.mark.usefixtures("one_by_one")
async def test_a_flood_wait_is_obeyed_to_the_letter_and_nobody_is_left_out(stage: Stage) -> None:
    await stage.join("Zoé", "Noé")
    await stage.begin("Un")
    stage.mail.answers = [RateLimited(timedelta(seconds=41))]
    await stage.play()
    assert sorted(stage.mail.got) == [("Noé", "Un"), ("Zoé", "Un")]
    assert min(stage.mail.at) >= 41
    assert await stage.states() == [H.sent, H.sent]


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
    stage: Stage, answer: Exception, state: HandoutState
) -> None:
    await stage.join("Zoé", "Noé")
    await stage.begin("Un")
    stage.mail.answers = [answer]
    await stage.play()
    await stage.play()
    assert await stage.states() == [state, H.sent]
    assert stage.mail.got == [("Noé", "Un")]


async def test_who_blocked_the_bot_is_not_written_to_again(stage: Stage) -> None:
    await stage.join("Zoé")
    await stage.begin("Un")
    stage.mail.answers = [ChannelRevoked("blocked the bot")]
    await stage.play()
    await stage.post("Deux")
    await stage.play()
    assert stage.mail.got == []
    assert await stage.states() == [H.failed]


async def test_complaint_17_a_chat_that_moved_is_followed_and_its_new_number_kept(stage: Stage) -> None:
    (zoe,) = await stage.join("Zoé")
    await stage.begin("Un")
    stage.mail.answers = [ChatMoved(-100_777)]
    await stage.play()
    assert stage.mail.numbers == [-100_777]
    assert await stage.states() == [H.sent]
    async with stage.database.read() as session:
        assert (await session.get_one(Supporter, zoe.id)).telegram_id == -100_777


async def test_a_chat_that_moved_to_a_known_number_is_not_tried_for_ever(stage: Stage) -> None:
    await stage.join("Zoé", "Noé")
    await stage.begin("Un")
    stage.mail.answers = [ChatMoved(2)]
    await stage.play()
    assert await stage.states() == [H.failed, H.sent]


async def test_when_telegram_is_away_people_wait_and_are_served_afterwards(stage: Stage) -> None:
    await stage.join("Zoé")
    await stage.begin("Un")
    stage.mail.answers = [NetworkDown("away")] * 3
    began = stage.mail.now()
    await stage.play()
    assert stage.mail.got == [("Zoé", "Un")]
    assert stage.mail.at[0] - began >= 30


@pytest.mark.usefixtures("one_by_one")
async def test_where_telegram_answers_nobody_clearly_it_gets_a_rest(stage: Stage) -> None:
    """Else a whole campaign would be marked unknown within minutes."""
    await stage.join(*(f"n{i}" for i in range(5)))
    await stage.begin("Un")
    stage.mail.answers = [OutcomeUnknown("502")] * 3
    began = stage.mail.now()
    await stage.play()
    assert min(stage.mail.at) - began >= 10


async def test_complaint_15_a_broadcast_goes_on_where_it_stopped_and_what_was_in_flight_is_not_sent_twice(
    stage: Stage,
) -> None:
    zoe, _ = await stage.join("Zoé", "Ali")
    broadcast = await stage.begin("Un")
    async with stage.database.write() as session:  # a process that died as it had written this row
        (run,) = await handouts.runs(session, stage.clock())
        (first,) = await handouts.candidates(session, run, stage.clock(), limit=1)
        claim = Claim(run, first.participation_id, zoe.id)
        assert await handouts.write(session, [claim], stage.clock()) != [None]
    await stage.broadcaster.end_leases(every=True)
    await stage.play()
    assert stage.mail.got == [("Ali", "Un")]
    assert await stage.states() == [H.unknown, H.sent]
    assert (await stage.progress(broadcast)).state is B.done


@pytest.mark.parametrize("move", [broadcasts.pause, broadcasts.cancel], ids=["paused", "cancelled"])
@pytest.mark.usefixtures("one_by_one")
async def test_a_broadcast_that_is_stopped_begins_no_further_message(stage: Stage, move) -> None:
    await stage.join(*(f"n{i}" for i in range(40)))
    broadcast = await stage.begin("Un")

    async def stop() -> None:
        async with stage.database.write() as session:
            await move(session, await session.get_one(Broadcast, broadcast.id), None, stage.clock())

    stage.mail.meanwhile = stop
    await stage.play()
    assert 1 <= len(stage.mail.got) < 40
    got = len(stage.mail.got)
    if move is broadcasts.pause:
        async with stage.database.write() as session:
            await broadcasts.resume(session, await session.get_one(Broadcast, broadcast.id), None, stage.clock())
    await stage.play()
    assert len(Counter(stage.mail.got)) == len(stage.mail.got) == (40 if move is broadcasts.pause else got)


@pytest.mark.usefixtures("one_by_one")
async def test_who_stops_meanwhile_gets_nothing(stage: Stage) -> None:
    _, noe = await stage.join("Zoé", "Noé")
    await stage.begin("Un")

    async def noe_stops() -> None:
        async with stage.database.write() as session:
            await supporters.stop(session, noe, stage.campaign.id, stage.clock())

    # Both are with a worker already; Noé's turn has not come.
    stage.mail.meanwhile = noe_stops
    await stage.play()
    assert stage.mail.got == [("Zoé", "Un")]
    assert await stage.states() == [H.sent]


@pytest.mark.usefixtures("one_by_one")
async def test_an_answer_to_a_person_puts_the_broadcast_back_by_one_turn(stage: Stage) -> None:
    await stage.join("a", "b", "c")
    await stage.begin("Un")

    async def answers() -> None:
        for chat in range(100, 130):
            stage.pace.took(str(chat))

    stage.mail.meanwhile = answers
    await stage.play()
    assert max(stage.mail.at) - min(stage.mail.at) >= 30 / 29.5 - 0.25


@pytest.mark.usefixtures("one_by_one")
async def test_stop_ends_what_is_in_flight_and_cuts_a_long_pause_short(stage: Stage) -> None:
    paused = asyncio.Event()

    async def never(_: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    broadcaster = Broadcaster(stage.database, stage.clock, stage.mail.deliver, Pace(now=stage.mail.now, sleep=never))
    await stage.join("Zoé", "Noé")
    await stage.begin("Un")
    await broadcaster.tick()
    await paused.wait()
    async with asyncio.timeout(5):
        await broadcaster.stop()
    assert len(stage.mail.got) == 1
    assert await stage.states() == [H.sent]


async def test_a_store_that_fails_for_a_moment_loses_nobody(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.join("Zoé", "Noé")
    await stage.begin("Un")
    real, failures = handouts.write, iter([True])

    async def fail_once(session, items, now):
        if next(failures, False):
            raise OperationalError("INSERT", {}, Exception("disk I/O error"))
        return await real(session, items, now)

    monkeypatch.setattr(handouts, "write", fail_once)
    await stage.play()
    await stage.play()
    assert sorted(stage.mail.got) == [("Noé", "Un"), ("Zoé", "Un")]


# --- who is taken for dead --------------------------------------------------------------------------


@pytest.mark.usefixtures("one_by_one")
async def test_who_may_be_taken_for_dead_writes_to_nobody_and_what_was_claimed_waits(stage: Stage) -> None:
    """The one asks before it claims, the other slept after it did."""
    await stage.join("Zoé", "Noé", "Lou")
    broadcast = await stage.begin("Un")

    def falls_asleep(after: int) -> Broadcaster:
        asked = iter([True] * after)
        may_send = lambda: next(asked, False)  # noqa: E731
        return Broadcaster(stage.database, stage.clock, stage.mail.deliver, stage.pace, may_send=may_send)

    for asked, states in ((1, []), (2, [H.queued])):  # the feeder asks first
        sleeper = falls_asleep(asked)
        await sleeper.tick()
        await sleeper.settled()
        assert (stage.mail.got, await stage.states()) == ([], states)
    await stage.play()
    assert sorted(stage.mail.got) == [("Lou", "Un"), ("Noé", "Un"), ("Zoé", "Un")]
    assert (await stage.progress(broadcast)).state is B.done


async def test_a_late_word_that_a_message_did_not_go_out_brings_nothing_back_and_one_that_it_did_is_heard(
    stage: Stage,
) -> None:
    """What was given up is for ever: the run may be over, and nobody would serve who waits in it."""
    await stage.join("Zoé", "Noé")
    run = handouts.Run(await stage.begin("Un"), "Un")
    async with stage.database.write() as session:
        claims = [Claim(run, n, n) for n in (1, 2)]
        numbers = await handouts.write(session, claims, stage.clock())
        assert await handouts.end_leases(session, stage.clock(), every=True) == 2
        late = zip(numbers, (1, 2), (H.queued, H.sent), strict=True)
        words = [Outcome(run, number or 0, person, state) for number, person, state in late]
        await handouts.write(session, words, stage.clock())
    assert await stage.states() == [H.unknown, H.sent]
