"""Recurring posts: cron and words, the nights on which clocks change, a long pause, and whose wording is next."""

from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from campaigns.recurrence import RecurrenceProblem, parse_recurrence, wording_of
from campaigns.times import zone

DAY = timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def following(text: str, after: str, n: int, zone_name: str = "UTC") -> list[str]:
    recurrence, moment, found = parse_recurrence(text, zone_name), utc(after), []
    for _ in range(n):
        moment = recurrence.next(moment)
        assert moment is not None
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),  # after Friday 2027-01-01 12:00 UTC
    [
        ("every day at 08:30", ["2027-01-02 08:30", "2027-01-03 08:30"]),
        ("chaque jour à 08:30", ["2027-01-02 08:30", "2027-01-03 08:30"]),
        ("tous les jours à 8h30", ["2027-01-02 08:30", "2027-01-03 08:30"]),
        ("every Monday at 18:00", ["2027-01-04 18:00", "2027-01-11 18:00"]),
        ("chaque lundi à 18:00", ["2027-01-04 18:00", "2027-01-11 18:00"]),
        ("tous les lundis à 18 h", ["2027-01-04 18:00", "2027-01-11 18:00"]),
        ("every Monday and Thursday at 18:00", ["2027-01-04 18:00", "2027-01-07 18:00"]),
        ("chaque lundi, mercredi et dimanche à 18:00", ["2027-01-03 18:00", "2027-01-04 18:00"]),
        ("every first Tuesday at 09:00", ["2027-01-05 09:00", "2027-02-02 09:00"]),
        ("chaque premier mardi à 09:00", ["2027-01-05 09:00", "2027-02-02 09:00"]),
        ("le premier mardi du mois à 9h", ["2027-01-05 09:00", "2027-02-02 09:00"]),
        ("every last Friday of the month at 17:00", ["2027-01-29 17:00", "2027-02-26 17:00"]),
        ("chaque dernier vendredi à 17:00", ["2027-01-29 17:00", "2027-02-26 17:00"]),
        ("Chaque  DERNIER vendredi du mois a 17h00", ["2027-01-29 17:00", "2027-02-26 17:00"]),
        ("every fifth Sunday at 10:00", ["2027-01-31 10:00", "2027-05-30 10:00"]),  # months without one are passed over
        ("0 8 * * mon-fri", ["2027-01-04 08:00", "2027-01-05 08:00"]),
        ("0 8 * * 1-5", ["2027-01-04 08:00", "2027-01-05 08:00"]),  # cron: 1 is Monday
        ("0 8 * * 0", ["2027-01-03 08:00", "2027-01-10 08:00"]),  # 0 is Sunday
        ("0 8 * * 7", ["2027-01-03 08:00", "2027-01-10 08:00"]),  # so is 7
        ("0 8 * * FRI-mon", ["2027-01-02 08:00", "2027-01-03 08:00"]),  # over the end of the week
        ("0 8 * * 5-7", ["2027-01-02 08:00", "2027-01-03 08:00"]),
        ("0 8 * * mon-fri/2", ["2027-01-04 08:00", "2027-01-06 08:00"]),  # every other day of them
        ("30 * * * *", ["2027-01-01 12:30", "2027-01-01 13:30"]),  # once an hour is the most
        ("0 8-20/6 * * *", ["2027-01-01 14:00", "2027-01-01 20:00"]),
        ("0 8 1,15 jan-mar *", ["2027-01-15 08:00", "2027-02-01 08:00"]),
        ("0 8 31 * *", ["2027-01-31 08:00", "2027-03-31 08:00"]),  # months without a 31st are passed over
        ("0 8 29 2 *", ["2028-02-29 08:00", "2032-02-29 08:00"]),
    ],
)
def test_recurrences_are_read_as_people_write_them(text, expected):
    assert following(text, "2027-01-01 12:00", len(expected)) == expected
    recurrence = parse_recurrence(text, "UTC")
    assert parse_recurrence(str(recurrence), "UTC") == recurrence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 8 30 2 *", "“0 8 30 2 *” never comes: no such day in any month it names"),
        ("0 8 31 4,6,9,11 *", "never comes"),
        ("* * * * *", "“* * * * *” comes more often than once an hour; write one minute, such as 0 * * * *"),
        ("*/5 8 * * *", "comes more often than once an hour"),
    ],
)
def test_a_cron_that_never_fires_or_fires_each_minute_is_refused(text, sentence):
    with pytest.raises(RecurrenceProblem) as problem:
        parse_recurrence(text, "Europe/Paris")
    assert sentence in str(problem.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0,30 8 * * *", "comes more often than once an hour"),
        ("0 8 1 * mon", "names days of the month and days of the week, which cron programs read in two ways"),
        ("", "“” is not a recurrence; write 0 8 * * mon-fri or every first Tuesday at 09:00"),
        ("sometimes", "“sometimes” is not a recurrence"),
        ("0 8 * *", "is not a recurrence"),  # four fields
        ("0 0 8 * * *", "is not a recurrence"),  # six
        ("@daily", "is not a recurrence"),
        ("60 8 * * *", "“60” in “60 8 * * *” is not between 0 and 59"),
        ("0 24 * * *", "“24” in “0 24 * * *” is not between 0 and 23"),
        ("0 8 0 * *", "“0” in “0 8 0 * *” is not between 1 and 31"),
        ("0 8 * * 8", "“8” in “0 8 * * 8” is not between 0 and 7"),
        ("0 8 * * lun", "“lun” in “0 8 * * lun” is not between 0 and 7"),
        ("0 8 lastx * *", "“lastx” in “0 8 lastx * *” is not between 1 and 31"),  # APScheduler reads it as "last"
        ("0 18-8 * * *", "“18-8” in “0 18-8 * * *” means no moment"),
        ("0 */0 * * *", "“*/0” in “0 */0 * * *” means no moment"),
        ("0 8,, * * *", "“” in “0 8,, * * *” is not understood"),
        ("every full moon at 08:00", "“full” in “every full moon at 08:00” is not understood"),
        ("every first moon at 08:00", "“first” in “every first moon at 08:00” is not understood"),
        ("every Monday at 25:00", "“25:00” in “every Monday at 25:00” is not a time of day; write one such as 08:30"),
        ("every Monday", "is not a recurrence"),
        ("every Monday of the month at 08:00", "does not say which monday of the month"),
        ("chaque lune à 08:00", "“lune” in “chaque lune à 08:00” is not understood"),
    ],
)
def test_each_mistake_is_refused_with_the_piece_and_what_to_write(text, sentence):
    with pytest.raises(RecurrenceProblem) as problem:
        parse_recurrence(text, "Europe/Paris")
    assert sentence in str(problem.value)


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(RecurrenceProblem, match="time zone “Mars” does not exist"):
        parse_recurrence("every day at 08:30", "Mars")


# Both change nights of 2026 and 2027 (mainland: 29 March and 25 October, 28 March and 31 October), all in UTC.
# Réunion, Martinique and Nouvelle-Calédonie change no clock: their rows stand at the same hour each time.
NIGHTS = [
    # zone, recurrence, after, the next ones
    (
        "Europe/Paris",
        "every day at 02:30",
        "2026-03-28 12:00",
        ["2026-03-29 01:00", "2026-03-30 00:30"],
    ),  # the gap's end
    ("Europe/Paris", "every day at 02:30", "2026-10-24 12:00", ["2026-10-25 00:30", "2026-10-26 01:30"]),  # once
    ("Europe/Paris", "30 2 * * sun", "2027-03-27 12:00", ["2027-03-28 01:00", "2027-04-04 00:30"]),
    ("Europe/Paris", "30 2 * * sun", "2027-10-30 12:00", ["2027-10-31 00:30", "2027-11-07 01:30"]),
    ("Europe/Paris", "every last Sunday at 02:30", "2027-03-27 12:00", ["2027-03-28 01:00", "2027-04-25 00:30"]),
    ("Europe/Paris", "every last Sunday at 02:30", "2027-10-30 12:00", ["2027-10-31 00:30", "2027-11-28 01:30"]),
    ("Europe/Paris", "every day at 08:30", "2027-03-27 07:29", ["2027-03-27 07:30", "2027-03-28 06:30"]),  # 08:30 stays
    ("Europe/Paris", "every day at 08:30", "2027-10-30 06:29", ["2027-10-30 06:30", "2027-10-31 07:30"]),
    ("Europe/Paris", "0 * * * *", "2027-03-28 00:00", ["2027-03-28 01:00", "2027-03-28 02:00"]),  # 02:00 and 03:00: one
    ("Europe/Paris", "0 * * * *", "2027-10-31 00:00", ["2027-10-31 02:00", "2027-10-31 03:00"]),  # the double hour: one
    ("Europe/Paris", "0 0 * * *", "2027-10-30 21:59", ["2027-10-30 22:00", "2027-10-31 23:00"]),  # no day is skipped
    ("Europe/Paris", "0 0 * * mon-fri", "2027-03-26 23:00", ["2027-03-28 22:00", "2027-03-29 22:00"]),
    ("Indian/Reunion", "every day at 02:30", "2026-03-28 12:00", ["2026-03-28 22:30", "2026-03-29 22:30"]),
    ("Indian/Reunion", "every day at 02:30", "2026-10-24 12:00", ["2026-10-24 22:30", "2026-10-25 22:30"]),
    ("Indian/Reunion", "every day at 02:30", "2027-03-27 12:00", ["2027-03-27 22:30", "2027-03-28 22:30"]),
    ("Indian/Reunion", "every day at 02:30", "2027-10-30 12:00", ["2027-10-30 22:30", "2027-10-31 22:30"]),
    ("America/Martinique", "every day at 02:30", "2026-03-28 12:00", ["2026-03-29 06:30", "2026-03-30 06:30"]),
    ("America/Martinique", "every day at 02:30", "2026-10-24 12:00", ["2026-10-25 06:30", "2026-10-26 06:30"]),
    ("America/Martinique", "every day at 02:30", "2027-03-27 12:00", ["2027-03-28 06:30", "2027-03-29 06:30"]),
    ("America/Martinique", "every day at 02:30", "2027-10-30 12:00", ["2027-10-31 06:30", "2027-11-01 06:30"]),
    ("Pacific/Noumea", "every day at 02:30", "2026-03-28 12:00", ["2026-03-28 15:30", "2026-03-29 15:30"]),
    ("Pacific/Noumea", "every day at 02:30", "2026-10-24 12:00", ["2026-10-24 15:30", "2026-10-25 15:30"]),
    ("Pacific/Noumea", "every day at 02:30", "2027-03-27 12:00", ["2027-03-27 15:30", "2027-03-28 15:30"]),
    ("Pacific/Noumea", "every day at 02:30", "2027-10-30 12:00", ["2027-10-30 15:30", "2027-10-31 15:30"]),
]


@pytest.mark.parametrize(("zone_name", "text", "after", "expected"), NIGHTS)
def test_recurrences_on_the_nights_when_clocks_change(zone_name, text, after, expected):
    assert following(text, after, len(expected), zone_name) == expected


def test_the_library_alone_would_be_late_in_spring_and_twice_in_autumn():
    """Why the triggers are made for the bare wall clock: when this fails, the library has mended it."""
    paris = zone("Europe/Paris")
    trigger = CronTrigger(hour=2, minute=30, timezone=paris)
    spring = trigger.get_next_fire_time(None, datetime(2027, 3, 27, 12, tzinfo=paris))
    assert spring.astimezone(UTC) == utc("2027-03-28 01:30")  # half an hour behind the end of the gap
    assert spring.astimezone(UTC).astimezone(paris).hour == 3  # and it says 02:30, which does not exist
    first = trigger.get_next_fire_time(None, datetime(2027, 10, 30, 12, tzinfo=paris))
    again = trigger.get_next_fire_time(first, first)
    assert [first.astimezone(UTC), again.astimezone(UTC)] == [utc("2027-10-31 00:30"), utc("2027-10-31 01:30")]


def test_next_is_behind_the_moment_itself_and_nothing_comes_behind_the_calendar():
    recurrence = parse_recurrence("every day at 08:30", "UTC")
    assert recurrence.next(utc("2027-01-01 08:30")) == utc("2027-01-02 08:30")
    assert recurrence.next(utc("2027-01-01 08:29:59.999999")) == utc("2027-01-01 08:30")
    assert recurrence.next(datetime(9999, 12, 31, 23, tzinfo=UTC)) is None


def test_what_was_missed_is_listed_without_the_beginning_and_with_the_end():
    recurrence = parse_recurrence("every day at 08:30", "UTC")
    found = recurrence.missed(utc("2027-01-01 08:30"), utc("2027-01-03 08:30"))
    assert found == [utc("2027-01-02 08:30"), utc("2027-01-03 08:30")]
    assert recurrence.missed(utc("2027-01-03 08:30"), utc("2027-01-01 08:30")) == []


@pytest.mark.parametrize(
    ("text", "most"),
    [("0 * * * *", 100), ("every day at 08:30", 100), ("every Monday at 18:00", 100), ("0 8 29 2 *", 24)],
)
def test_a_pause_of_a_century_lists_the_latest_only_and_does_not_burst(text, most):
    recurrence = parse_recurrence(text, "Europe/Paris")
    since, until = utc("2001-01-01 00:00"), utc("2100-01-01 00:00")
    found = recurrence.missed(since, until)
    assert len(found) == most and found == sorted(found)
    after_last = recurrence.next(found[-1])
    assert after_last is not None and after_last > until
    assert recurrence.missed(since, until, limit=1) == found[-1:]
    assert recurrence.missed(since, until, limit=0) == []


@given(
    st.sampled_from(["0 * * * *", "30 2 * * *", "chaque dernier dimanche à 02:30", "0 8 * * mon-fri"]),
    st.sampled_from(["Europe/Paris", "Pacific/Noumea", "America/Miquelon"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 40),
    st.integers(1, 30),
)
def test_missed_is_the_tail_of_what_next_gives(text, zone_name, since, days, limit):
    recurrence = parse_recurrence(text, zone_name)
    until, walked, moment = since + days * DAY, [], recurrence.next(since)
    while moment is not None and moment <= until:
        walked.append(moment)
        moment = recurrence.next(moment)
    assert recurrence.missed(since, until, limit) == walked[-limit:]
    assert walked == sorted(set(walked))


@given(st.text(alphabet="0123456789*/-, monfriday", max_size=20) | st.text(max_size=30))
def test_no_text_raises_anything_but_a_recurrence_problem(text):
    try:
        recurrence = parse_recurrence(text, "Europe/Paris")
    except RecurrenceProblem as problem:
        assert str(problem)
    else:
        assert recurrence.next(utc("2027-01-01 00:00")) is not None


NOW = utc("2027-01-31 08:00")


@pytest.mark.parametrize(
    ("n_texts", "used", "expected"),  # used: (days ago, index)
    [
        (0, [], None),  # no text
        (3, [], 0),
        (3, [(1, 0)], 1),  # those never used come first, in their order
        (3, [(40, 0), (39, 1)], 2),
        (3, [(40, 0), (50, 1), (30, 2)], 1),  # then the one unused for longest
        (3, [(40, 0), (50, 1), (30, 2), (2, 1)], 0),  # its latest use counts, in whatever order
        (3, [(1, 0), (2, 1), (3, 2)], None),  # all too recent
        (2, [(7, 0), (1, 1)], 0),  # exactly the time ago is long enough
        (2, [(6.99, 0), (1, 1)], None),
        (2, [(-1, 0), (8, 1)], 1),  # one that is still to come is used too
        (1, [(9, 0), (9, 5)], 0),  # a text that was taken away since
        (2, [(9, 0), (9, 1)], 0),  # as long ago: in their order
    ],
)
def test_the_wording_that_was_unused_for_longest_is_next(n_texts, used, expected):
    recent = [(NOW - days * DAY, index) for days, index in used]
    assert wording_of(n_texts, recent, NOW, 7 * DAY) == expected


@given(st.integers(1, 5), st.integers(1, 60), st.integers(0, 40))
def test_no_text_is_repeated_within_the_time(n_texts, every, not_within):
    recent: list[tuple[datetime, int]] = []
    for run in range(30):
        now = NOW + run * every * DAY
        index = wording_of(n_texts, recent, now, not_within * DAY)
        if index is None:
            assert n_texts * every < not_within  # only where there are too few texts
            continue
        assert all(now - at >= not_within * DAY for at, used in recent if used == index)
        recent.append((now, index))
