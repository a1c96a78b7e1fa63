"""When somebody is told: the one rule, as a table, and what is written ahead."""

from datetime import timedelta

import pytest

from campaigns import supporters
from campaigns.models import Occasion, Participation
from campaigns.rhythm import Rhythm, quiet_began, quiet_ends, set_rhythm
from campaigns.signup_messages import reminders_of, when
from campaigns.silence_windows import add_polling_day, add_window
from tests.planning import HOUR, TWO, paris

DAY = timedelta(days=1)
USUAL = Rhythm("Europe/Paris", 21, 8)
WEEK = Rhythm("Europe/Paris", 21, 8, paused_until=paris("2026-12-04 12:00"))
LONG = Rhythm("Europe/Paris", 9, 8)  # they may be written to from 8 to 9


@pytest.mark.parametrize(
    ("rhythm", "due", "needed_by", "now", "told"),
    [
        (USUAL, "05 11:00", "05 14:00", "05 11:00", "05 11:00"),  # by day: at its time
        (USUAL, "05 11:00", "05 14:00", "01 10:00", "05 11:00"),  # the same, said ahead
        (USUAL, "05 11:00", "05 14:00", "05 13:10", "05 13:10"),  # the program stood still: late, but in time
        (USUAL, "05 11:00", "05 14:00", "05 14:00", None),  # it has begun
        (USUAL, "05 06:30", "05 09:30", "05 06:30", "05 08:00"),  # at the end of quiet hours, if it is an hour before
        (USUAL, "05 05:30", "05 08:30", "01 10:00", "04 20:30"),  # else half an hour before they begin
        (USUAL, "05 05:30", "05 08:30", "04 20:30", "04 20:30"),  # which is now
        (USUAL, "05 05:30", "05 08:30", "04 20:45", "04 20:45"),  # or was a moment ago
        (USUAL, "05 05:30", "05 08:30", "04 21:00", None),  # they have begun: dropped
        (USUAL, "05 05:30", "05 08:30", "05 05:30", None),
        (WEEK, "03 14:00", "05 14:00", "03 14:00", "04 12:00"),  # a pause: at its end, if that is in time
        (WEEK, "03 14:00", "04 11:00", "03 14:00", None),
        (WEEK, "05 05:30", "05 08:30", "01 10:00", "04 20:30"),  # the evening lies behind the pause
        (LONG, "05 11:00", "05 14:00", "01 10:00", "05 08:30"),  # the one hour in which they may be written to
        (Rhythm("Europe/Paris", 0, 0), "05 03:00", "05 06:00", "05 03:00", "05 03:00"),  # no quiet hours
        (Rhythm("Indian/Reunion", 21, 8), "05 17:30", "05 23:30", "05 17:30", "05 17:30"),  # 20:30 there
        (Rhythm("Indian/Reunion", 21, 8), "05 18:30", "06 12:00", "05 18:30", "06 05:00"),  # 21:30 there
    ],
)
def test_when_a_reminder_comes(rhythm, due, needed_by, now, told):
    moments = [paris(f"2026-12-{text}") for text in (due, needed_by, now)]
    assert when(Occasion.reminder, rhythm, *moments) == (paris(f"2026-12-{told}") if told else None)


@pytest.mark.parametrize(
    ("rhythm", "needed_by", "now", "told"),
    [
        (USUAL, "05 14:00", "04 10:00", "04 10:00"),  # by day: at once
        (WEEK, "05 14:00", "03 10:00", "03 10:00"),  # a pause does not hold it
        (USUAL, "05 14:00", "04 23:00", "05 08:00"),  # at night it waits for the morning
        (USUAL, "05 11:00", "04 23:00", "05 08:00"),  # which leaves three hours
        (USUAL, "05 10:59", "04 23:00", "04 23:00"),  # it would come too late: somebody is woken
        (USUAL, "05 14:00", "05 13:59", "05 13:59"),
    ],
)
@pytest.mark.parametrize("occasion", [Occasion.moved, Occasion.no_bus, Occasion.called_off])
def test_when_news_come(occasion, rhythm, needed_by, now, told):
    now, needed_by = paris(f"2026-12-{now}"), paris(f"2026-12-{needed_by}")
    assert when(occasion, rhythm, now, needed_by, now) == paris(f"2026-12-{told}")


@pytest.mark.parametrize(("at", "began", "ends"), [("05 23:00", "05 21:00", "06 08:00"), ("06 02:00", "05 21:00", "06 08:00"), ("05 21:00", "05 21:00", "06 08:00")])  # fmt: skip
def test_quiet_hours_begin_and_end_around_a_moment(at, began, ends):
    moment = paris(f"2026-12-{at}")
    assert (quiet_began(USUAL, moment), quiet_ends(USUAL, moment)) == (paris(f"2026-12-{began}"), paris(f"2026-12-{ends}"))  # fmt: skip


def test_on_the_night_when_clocks_change_the_evening_before_is_half_past_eight_all_the_same():
    begins = paris("2026-10-25 08:30")  # nine hours and a half after 00:00, as three o'clock comes twice
    told = when(Occasion.reminder, USUAL, begins - 3 * HOUR, begins, paris("2026-10-20 10:00"))
    assert told == paris("2026-10-24 20:30")


async def test_reminders_are_written_at_the_sign_up_and_none_that_would_come_at_once(join, planner):
    event = await planner.event(reminders=(14 * 24, 48, 3))
    bus = await planner.bus(event)
    zoe = (await join(1))[1]
    await planner.come(zoe, event)
    assert [m.due_at for m in await planner.messages()] == [TWO - 48 * HOUR, TWO - 3 * HOUR]
    await planner.come(zoe, event, bus)  # she sets out two hours earlier now
    assert [m.due_at for m in await planner.messages()] == [TWO - 50 * HOUR, TWO - 5 * HOUR]
    assert {m.needed_by for m in await planner.messages()} == {bus.leaves_at}


async def test_who_signs_up_on_the_evening_before_an_early_bus_is_not_reminded_at_once(join, planner, clock):
    event = await planner.event(starts_at=paris("2026-12-05 10:00"), reminders=(3,))
    bus = await planner.bus(event, leaves_at=paris("2026-12-05 06:00"))
    clock.now = paris("2026-12-04 20:40")
    await planner.come((await join(1))[1], event, bus)
    assert await planner.messages() == []


async def test_a_changed_rhythm_has_what_waits_looked_at_again(database, join, planner, clock):
    event = await planner.event(reminders=(3,))
    person, zoe = await join(1)
    await planner.come(zoe, event)
    clock.advance(HOUR)
    async with database.write() as session:
        place = await supporters.participation(session, person.id, planner.campaign.id)
        await set_rhythm(session, place, clock(), quiet_from=10, quiet_until=12)
    assert [m.not_before for m in await planner.messages()] == [clock()]


async def test_the_vote_days_reminder_comes_before_the_silence_and_others_are_named_as_lost(
    database, campaign, join, planner, clock
):
    vote = {"starts_at": paris("2026-12-13 08:00"), "ends_at": paris("2026-12-13 19:00"), "kind": "vote_day"}
    event, late = await planner.event("Vote", **vote), await planner.event("Vote", reminders=(38, 12), **vote)
    _, zoe = await join(1)
    await planner.come(zoe, event)
    await planner.come(zoe, late)
    async with database.write() as session:
        await add_polling_day(session, campaign, paris("2026-12-13 12:00").date(), clock(), label="premier tour")
    async with database.read() as session:
        place = await session.get_one(Participation, zoe.id)
        signups = await planner.signups()
        assert await reminders_of(session, signups[0], place) == ([paris("2026-12-11 18:00")], [])
        assert await reminders_of(session, signups[1], place) == ([paris("2026-12-11 18:00")], [paris("2026-12-12 20:00")])  # fmt: skip


async def test_a_reminder_comes_behind_a_silence_that_ends_in_time(database, campaign, join, planner):
    event = await planner.event(reminders=(48,))
    _, zoe = await join(1)
    await planner.come(zoe, event)
    async with database.write() as session:
        await add_window(session, campaign, TWO - 3 * DAY, TWO - DAY, "deuil")
    async with database.read() as session:
        [signup] = await planner.signups()
        assert await reminders_of(session, signup, zoe) == ([TWO - DAY], [])
