"""Reminders and news go out once each, at the right time, and to who may be told; across a kill, too."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns import event_planning, events, missions, signup_messages, supporters
from campaigns.event_planning import as_planned
from campaigns.installation import add_campaign
from campaigns.missions import NewMission
from campaigns.models import Campaign, HandoutState, Mission, MissionSignup, Occasion, Purpose, Supporter
from campaigns.rhythm import set_rhythm
from campaigns.silence_windows import add_window
from campaigns.supporters import Joining
from networks.errors import ChannelRevoked, NetworkDown, OutcomeUnknown, PostRejected, RateLimited
from networks.pace import Pace
from schedules.looking import LOOK, PAUSE
from schedules.signup_messages import ABREAST, SignupMessages
from tests.planning import HOUR, TWO, paris

H = HandoutState
CONTACT = frozenset({Purpose.contact})


class Mail:
    """Telegram: keeps who was told what, and says what it was told to say."""

    def __init__(self):
        self.got = []
        self.answers = []
        self.meanwhile = None

    async def __call__(self, told):
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.answers:
            raise self.answers.pop(0)
        self.got.append((told.supporter.first_name, str(told.message.occasion)))


class Stage:
    """People, and the work that tells them. The clock begins on Tuesday at nine in Paris; the rally is on Saturday."""

    def __init__(self, database, clock, campaign, planner):
        self.database, self.clock, self.campaign, self.planner = database, clock, campaign, planner
        self.mail = Mail()
        self.begin()

    def begin(self):
        """The program starts."""
        self.time = 0.0
        pace = Pace(now=lambda: self.time, sleep=self._sleep)
        self.work = SignupMessages(self.database, self.clock, self.mail, pace)

    async def _sleep(self, seconds):
        self.time += seconds
        await asyncio.sleep(0)

    async def join(self, *names, purposes=CONTACT):
        async with self.database.write() as session:
            known = len((await session.scalars(select(Supporter))).all())
            return [
                (await supporters.join(session, Joining(self.campaign.id, known + n, name, "fr", purposes, self.clock())))[1]
                for n, name in enumerate(names, 1)
            ]  # fmt: skip

    async def look(self):
        """One look of the work."""
        self.clock.advance(LOOK)
        await self.work.tick()
        await self.work.settled()

    async def at(self, text):
        """What arrives at that moment."""
        self.clock.now = paris(f"2026-12-{text}") - LOOK
        before = len(self.mail.got)
        await self.look()
        return sorted(self.mail.got[before:])

    async def states(self):
        return [message.state for message in await self.planner.messages()]

    async def person(self, place, **changes):
        async with self.database.write() as session:
            person = await session.get_one(Supporter, place.supporter_id)
            for name, value in changes.items():
                setattr(person, name, value)


@pytest.fixture
def stage(database, clock, campaign, planner):
    return Stage(database, clock, campaign, planner)


async def test_each_reminder_comes_once_at_its_time_to_each_who_comes(stage, planner):
    event = await planner.event()  # 48 and 3 hours before
    zoe, noe, _ = await stage.join("Zoé", "Noé", "Ali")
    for place in (zoe, noe):
        await planner.come(place, event)
    assert await stage.at("03 13:59") == []
    assert await stage.at("03 14:00") == [("Noé", "reminder"), ("Zoé", "reminder")]
    assert await stage.at("03 14:10") == []
    assert await stage.at("05 11:00") == [("Noé", "reminder"), ("Zoé", "reminder")]
    assert await stage.at("05 13:00") == []
    assert await stage.states() == [H.sent] * 4


async def test_who_rides_in_a_bus_is_reminded_before_it_leaves(stage, planner):
    event = await planner.event(reminders=(3,))
    bus = await planner.bus(event)  # at 12:00
    zoe, noe = await stage.join("Zoé", "Noé")
    await planner.come(zoe, event, bus)
    await planner.come(noe, event)
    assert await stage.at("05 09:00") == [("Zoé", "reminder")]
    assert await stage.at("05 11:00") == [("Noé", "reminder")]


async def test_an_early_bus_is_recalled_on_the_evening_before(stage, planner):
    event = await planner.event(starts_at=paris("2026-12-05 10:00"), reminders=(3,))
    bus = await planner.bus(event, leaves_at=paris("2026-12-05 06:00"))
    (zoe,) = await stage.join("Zoé")
    await planner.come(zoe, event, bus)
    assert await stage.at("04 20:29") == []
    assert await stage.at("04 20:30") == [("Zoé", "reminder")]
    assert await stage.at("05 03:00") == []


async def test_after_the_program_stood_still_only_the_latest_reminder_comes_and_none_behind_the_beginning(
    stage, planner
):
    event, other = await planner.event(), await planner.event("Tôt", starts_at=paris("2026-12-04 14:00"))
    (zoe,) = await stage.join("Zoé")
    await planner.come(zoe, event)
    await planner.come(zoe, other)
    assert await stage.at("05 12:00") == [("Zoé", "reminder")]
    assert sorted(await stage.states()) == [H.sent, H.skipped, H.skipped, H.skipped]


async def test_who_stops_blocks_the_bot_or_takes_consent_back_is_not_reminded(stage, planner, database, campaign):
    event = await planner.event(reminders=(3,))
    quiet = await stage.join("Sans", purposes=frozenset({Purpose.counting}))
    zoe, noe, ali = await stage.join("Zoé", "Noé", "Ali")
    for place in (*quiet, zoe, noe, ali):
        await planner.come(place, event)
    async with database.write() as session:
        await supporters.stop(session, await session.get_one(Supporter, zoe.supporter_id), campaign.id, stage.clock())
    await stage.person(noe, gone_at=stage.clock())
    async with database.write() as session:
        person = await session.get_one(Supporter, ali.supporter_id)
        await supporters.set_consents(session, person, campaign.id, (), stage.clock())
    assert await stage.at("05 11:00") == []
    await stage.person(noe, gone_at=None)  # back in time
    assert await stage.at("05 12:01") == [("Noé", "reminder")]
    assert await stage.at("05 14:00") == []
    assert sorted(await stage.states()) == [H.sent, H.skipped, H.skipped]


async def test_a_pause_holds_reminders_and_no_news(stage, planner, database):
    event = await planner.event()
    (zoe,) = await stage.join("Zoé")
    await planner.come(zoe, event)
    async with database.write() as session:
        place = await supporters.participation(session, zoe.supporter_id, stage.campaign.id)
        await set_rhythm(session, place, stage.clock(), paused_until=stage.clock() + timedelta(days=7))
    assert await stage.at("03 14:00") == []
    await planner.change(event, event_planning.call_off)
    assert await stage.at("03 14:01") == [("Zoé", "called_off")]


async def test_news_need_no_consent_and_wait_for_the_morning_if_there_is_time(stage, planner):
    soon, later = await planner.event("Tôt", starts_at=paris("2026-12-05 09:00")), await planner.event("Tard")
    (zoe,) = await stage.join("Zoé", purposes=frozenset({Purpose.counting}))
    for event in (soon, later):
        await planner.come(zoe, event)
    stage.clock.now = paris("2026-12-04 23:00")
    for event in (soon, later):
        await planner.change(event, event_planning.call_off)
    assert await stage.at("04 23:01") == [("Zoé", "called_off")]
    assert await stage.at("05 08:00") == [("Zoé", "called_off")]
    assert await stage.at("05 08:30") == []


async def test_in_a_silence_window_nothing_goes_out_and_what_comes_too_late_is_dropped(
    stage, planner, database, campaign
):
    held, lost = await planner.event("Après", starts_at=paris("2026-12-06 14:00")), await planner.event("Pendant")
    (zoe,) = await stage.join("Zoé")
    for event in (held, lost):
        await planner.come(zoe, event)
    async with database.write() as session:
        await add_window(session, campaign, paris("2026-12-03 00:00"), paris("2026-12-06 00:00"), "vote")
    assert await stage.at("03 14:00") == []
    await planner.change(lost, event_planning.call_off)
    await planner.change(held, event_planning.change_event, as_planned_elsewhere(held))
    assert await stage.at("04 14:00") == await stage.at("05 11:00") == []
    assert await stage.at("06 08:00") == [("Zoé", "moved")]
    assert await stage.at("06 11:00") == [("Zoé", "reminder")]
    assert H.skipped in await stage.states() and H.queued not in await stage.states()


def as_planned_elsewhere(event):
    return replace(as_planned(event), place="Gymnase")


async def test_a_move_is_told_once_with_what_holds_then_and_reminders_follow_it(stage, planner):
    event = await planner.event(reminders=(3,))
    zoe, noe = await stage.join("Zoé", "Noé")
    for place in (zoe, noe):
        await planner.come(place, event)
    await planner.change(event, event_planning.change_event, as_planned_elsewhere(event))
    assert await stage.at("02 10:00") == [("Noé", "moved"), ("Zoé", "moved")]
    assert await stage.at("02 10:05") == []
    assert await stage.at("05 11:00") == [("Noé", "reminder"), ("Zoé", "reminder")]


async def test_a_reminder_beside_news_is_needless(stage, planner):
    event = await planner.event(reminders=(3,))
    (zoe,) = await stage.join("Zoé")
    await planner.come(zoe, event)
    stage.clock.now = paris("2026-12-05 11:00")
    await planner.change(event, event_planning.change_event, as_planned_elsewhere(event))
    stage_said = await stage.at("05 11:01")
    assert stage_said == [("Zoé", "moved")]


async def test_who_takes_it_back_or_is_erased_hears_no_more_of_it(stage, planner, database):
    event = await planner.event()
    zoe, noe = await stage.join("Zoé", "Noé")
    for place in (zoe, noe):
        await planner.come(place, event)
    async with database.write() as session:
        await supporters.forget(session, await session.get_one(Supporter, zoe.supporter_id), stage.clock())
        await events.come_not(session, noe, event.code, stage.clock())
    assert await stage.at("03 14:00") == [] and await planner.messages() == []


@pytest.mark.parametrize(
    ("answer", "wait"),
    [(NetworkDown("away"), PAUSE), (RateLimited(timedelta(seconds=7)), timedelta(seconds=7))],
)
async def test_while_telegram_is_away_they_wait_and_each_comes_once(stage, planner, answer, wait):
    event = await planner.event(reminders=(3,))
    places = await stage.join(*(f"n{i}" for i in range(12)))
    for place in places:
        await planner.come(place, event)
    stage.mail.answers = [answer]
    stage.clock.now = paris("2026-12-05 11:00")
    await stage.look()
    assert len(stage.mail.got) < 12 and H.sending not in await stage.states()
    stage.clock.advance(wait)
    await stage.look()
    assert sorted(name for name, _ in stage.mail.got) == sorted(f"n{i}" for i in range(12))
    assert set(await stage.states()) == {H.sent}


@pytest.mark.parametrize(("answer", "state"), [(OutcomeUnknown("cut"), H.unknown), (PostRejected("no such chat"), H.failed), (ValueError("a mistake"), H.unknown)])  # fmt: skip
async def test_what_may_have_arrived_or_was_refused_is_not_sent_again_and_the_others_are_served(
    stage, planner, answer, state
):
    event = await planner.event(reminders=(3,))
    for place in await stage.join("Zoé", "Noé"):
        await planner.come(place, event)
    stage.mail.answers = [answer]
    assert len(await stage.at("05 11:00")) == 1
    assert await stage.at("05 11:02") == []
    assert sorted(await stage.states()) == sorted([state, H.sent])


async def test_who_blocked_the_bot_is_gone(stage, planner, database):
    event = await planner.event(reminders=(3,))
    (zoe,) = await stage.join("Zoé")
    await planner.come(zoe, event)
    stage.mail.answers = [ChannelRevoked("blocked")]
    assert await stage.at("05 11:00") == []
    async with database.read() as session:
        assert (await session.get_one(Supporter, zoe.supporter_id)).gone_at == stage.clock()
    assert await stage.at("05 14:00") == [] and await stage.states() == [H.skipped]


async def test_killed_in_the_middle_it_goes_on_with_the_others_and_doubles_nobody(stage, planner):
    event = await planner.event(reminders=(3,))
    for place in await stage.join(*(f"n{i:02}" for i in range(40))):
        await planner.come(place, event)
    calls, killed = 0, asyncio.Event()

    async def stuck():
        nonlocal calls
        calls += 1
        if calls > 15:
            killed.set()
            await asyncio.Event().wait()  # the call to Telegram that this process never hears the end of

    stage.mail.meanwhile = stuck
    stage.clock.now = paris("2026-12-05 11:00")
    await stage.work.tick()
    await asyncio.wait_for(killed.wait(), 20)
    task = stage.work._task
    task.cancel()  # as kill -9 would: nothing is settled
    await asyncio.gather(task, return_exceptions=True)
    stuck_calls = calls - 15
    served, in_hand = len(stage.mail.got), (await stage.states()).count(H.sending)
    assert served == 15 and 1 <= stuck_calls <= in_hand <= ABREAST
    stage.mail.meanwhile = None
    stage.begin()
    await stage.work.end_leases(every=True)
    await stage.look()
    names = [name for name, _ in stage.mail.got]
    assert len(names) == len(set(names)) == 40 - stuck_calls  # all but those of whom nobody can tell
    assert sorted(await stage.states()) == [H.sent] * (40 - in_hand) + [H.unknown] * in_hand


async def test_who_leaves_while_others_are_served_gets_nothing(stage, planner, database, campaign):
    event = await planner.event(reminders=(3,))
    zoe, noe = await stage.join("Zoé", "Noé")
    for place in (zoe, noe):
        await planner.come(place, event)
    stage.clock.now = paris("2026-12-05 11:00")
    async with database.write() as session:
        ready = await signup_messages.due(session, stage.clock(), 10)
        assert len(ready) == 2
        await supporters.stop(session, await session.get_one(Supporter, zoe.supporter_id), campaign.id, stage.clock())
    async with database.write() as session:
        assert [await signup_messages.claim(session, number, stage.clock()) is None for number, _ in ready] == [True, False]  # fmt: skip
        assert await signup_messages.claim(session, ready[1][0], stage.clock()) is None  # it is in hand already


async def test_a_stop_of_the_program_lets_nothing_begin(stage, planner):
    event = await planner.event(reminders=(3,))
    (zoe,) = await stage.join("Zoé")
    await planner.come(zoe, event)
    await stage.work.stop()
    assert await stage.at("05 11:00") == [] and await stage.states() == [H.queued]


async def test_two_campaigns_keep_to_their_own_people_and_consents(stage, planner, database):
    async with database.write() as session:
        rival = await add_campaign(session, Campaign(slug="", name="La Rivale"), stage.clock())
    event = await planner.event("Ailleurs", campaign_id=rival.id, reminders=(3,))
    await stage.join("Zoé")
    async with database.write() as session:  # she told the other one not to write
        _, there = await supporters.join(session, Joining(rival.id, 1, "Zoé", "fr", frozenset(), stage.clock()))
    await planner.come(there, event)
    assert await stage.at("05 11:00") == []


async def test_missions_that_move_or_are_called_off_are_told_to_who_signed_up(stage, database, campaign, planner):
    zoe, noe = await stage.join("Zoé", "Noé")
    new = NewMission("Tracts", "Marché", TWO, "Europe/Paris")
    async with database.write() as session:
        mission = await missions.add_mission(session, campaign.id, new, stage.clock())
        await missions.come(session, zoe, mission.id, stage.clock())
    async with database.write() as session:
        mission = await session.get_one(Mission, mission.id)
        moved = NewMission("Tracts", "Gare", TWO + HOUR, "Europe/Paris")
        assert await missions.change_mission(session, mission, moved, stage.clock()) == 1
    assert await stage.at("02 10:00") == [("Zoé", "moved")]
    async with database.write() as session:
        assert await missions.call_off(session, await session.get_one(Mission, mission.id), stage.clock()) == 1
    assert await stage.at("02 10:01") == [("Zoé", "called_off")]
    assert await stage.at("02 10:02") == []
    async with database.read() as session:
        assert len((await session.scalars(select(MissionSignup).where(col(MissionSignup.supporter_id) == zoe.supporter_id))).all()) == 1  # fmt: skip
    assert [m.occasion for m in await planner.messages()] == [Occasion.moved, Occasion.called_off]
    assert noe.supporter_id not in {m.supporter_id for m in await planner.messages()}
