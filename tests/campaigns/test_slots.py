"""Weekly posting slots: how people write them, and when they come on the two nights on which clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.slots import Slots, SlotsProblem, minute_of_day, parse_slots, real_moment
from campaigns.times import TimeProblem, zone

ZONES = ["Europe/Paris", "Indian/Reunion", "America/Martinique", "Pacific/Noumea"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (
            "Mon-Fri 08:00, 12:30, 18:00; Sat 10:00, Europe/Paris",
            "Mon-Fri 08:00, 12:30, 18:00; Sat 10:00, Europe/Paris",
        ),
        ("lun-ven 08:00, 12:30, 18:00; sam 10:00", "Mon-Fri 08:00, 12:30, 18:00; Sat 10:00, Europe/Paris"),
        ("  MON – fri  8:00 ,12:30;;sat 10:00 ;", "Mon-Fri 08:00, 12:30; Sat 10:00, Europe/Paris"),  # blanks, case
        ("lundi à vendredi 8h, 18 h 30", "Mon-Fri 08:00, 18:30, Europe/Paris"),  # French clocks
        ("Mon to Wed at 9h 12:30", "Mon-Wed 09:00, 12:30, Europe/Paris"),
        ("Mon, Wed, Fri 08:00", "Mon, Wed, Fri 08:00, Europe/Paris"),
        ("lun. et mer. 08:00", "Mon, Wed 08:00, Europe/Paris"),
        ("Mon-Fri: 08:00, Sat 10:00", "Mon-Fri 08:00; Sat 10:00, Europe/Paris"),  # no semicolon
        ("Sat-Mon 10:00", "Mon, Sat-Sun 10:00, Europe/Paris"),  # over the end of the week
        ("every day 08:00", "Mon-Sun 08:00, Europe/Paris"),
        ("tous les jours 08:00", "Mon-Sun 08:00, Europe/Paris"),
        ("Mon 18:00, 08:00, 08:00; Mon 09:00", "Mon 08:00, 09:00, 18:00, Europe/Paris"),  # in order, once
        ("Mon 08:00, indian/REUNION", "Mon 08:00, Indian/Reunion"),
        ("Mon 08:00 UTC", "Mon 08:00, UTC"),
        ("Mon 08:00\nTue 09:00\nPacific/Noumea", "Mon 08:00; Tue 09:00, Pacific/Noumea"),  # a line a day
    ],
)
def test_slots_are_read_as_people_write_them(text, canonical):
    slots = parse_slots(text, "Europe/Paris")
    assert str(slots) == canonical
    assert parse_slots(canonical, "UTC") == slots


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is no slot; write some such as Mon-Fri 08:00, 18:00"),
        ("Europe/Paris", "there is no slot"),
        ("08:00", "“08:00” has no day before it; write Mon-Fri 08:00"),
        ("Mon 08:00; 12:00", "“12:00” has no day before it"),
        ("Mon-Fri 08:00; Sat", "“Sat” has no time; write Sat 08:00"),
        ("Mon, Tue", "“Mon, Tue” has no time"),
        ("Mon 25:00", "“25:00” is not a time of day; write one such as 08:00"),
        ("Mon 8:60", "“8:60” is not a time of day"),
        ("Mon 08:00:30", "“08:00:30” is not a time of day"),
        ("Mon 8", "“8” is not a time of day"),
        ("Mon-Fryday 08:00", "“Mon-Fryday” is not a day or a time; write Mon, Mon-Fri, lun or 08:00"),
        ("someday 08:00", "“someday” is not a day or a time"),
        ("Mon-Tue-Wed 08:00", "“Mon-Tue-Wed” is not a day or a time"),
        ("Mon 08:00, Europe/Pari", "time zone “Europe/Pari” does not exist; write one such as Europe/Paris"),
        ("Mon 08:00, Europe/Paris; Tue 09:00", "time zone “Europe/Paris” does not stand at the end"),
    ],
)
def test_each_mistake_is_refused_with_the_piece_and_what_to_write(text, sentence):
    with pytest.raises(SlotsProblem) as problem:
        parse_slots(text, "Europe/Paris")
    assert sentence in str(problem.value)


def test_a_default_zone_that_does_not_exist_is_refused():
    with pytest.raises(SlotsProblem, match="time zone “Mars” does not exist"):
        parse_slots("Mon 08:00", "Mars")


# Both change nights of 2026 and 2027 (mainland: 29 March and 25 October, 28 March and 31 October), all in UTC.
# Réunion, Martinique and Nouvelle-Calédonie change no clock: their rows stand at the same hour each time.
NIGHTS = [
    # zone, slots, after, the next two
    ("Europe/Paris", "every day 01:30", "2026-03-28 12:00", ["2026-03-29 00:30", "2026-03-29 23:30"]),  # before the gap
    ("Europe/Paris", "every day 02:00", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:00"]),  # in it: its end
    ("Europe/Paris", "every day 02:30", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:30"]),
    ("Europe/Paris", "every day 02:30", "2027-03-27 12:00", ["2027-03-28 01:00", "2027-03-29 00:30"]),
    ("Europe/Paris", "every day 02:30, 03:00", "2027-03-27 12:00", ["2027-03-28 01:00", "2027-03-29 00:30"]),  # once
    ("Europe/Paris", "every day 02:30, 03:30", "2027-03-27 12:00", ["2027-03-28 01:00", "2027-03-28 01:30"]),
    (
        "Europe/Paris",
        "every day 02:30",
        "2027-03-28 01:00",
        ["2027-03-29 00:30", "2027-03-30 00:30"],
    ),  # asked at its end
    ("Europe/Paris", "Sun 03:00", "2027-03-27 12:00", ["2027-03-28 01:00", "2027-04-04 01:00"]),  # behind it
    (
        "Europe/Paris",
        "every day 08:00",
        "2027-03-27 06:59",
        ["2027-03-27 07:00", "2027-03-28 06:00"],
    ),  # not an hour late
    (
        "Europe/Paris",
        "every day 01:59",
        "2026-10-24 12:00",
        ["2026-10-24 23:59", "2026-10-26 00:59"],
    ),  # before the double
    ("Europe/Paris", "every day 02:00", "2026-10-24 12:00", ["2026-10-25 00:00", "2026-10-26 01:00"]),  # in it: once
    ("Europe/Paris", "every day 02:30", "2026-10-24 12:00", ["2026-10-25 00:30", "2026-10-26 01:30"]),
    ("Europe/Paris", "every day 02:30", "2027-10-30 12:00", ["2027-10-31 00:30", "2027-11-01 01:30"]),
    (
        "Europe/Paris",
        "every day 02:30",
        "2027-10-31 00:30",
        ["2027-11-01 01:30", "2027-11-02 01:30"],
    ),  # asked at the 1st
    (
        "Europe/Paris",
        "every day 02:30",
        "2027-10-31 01:15",
        ["2027-11-01 01:30", "2027-11-02 01:30"],
    ),  # in the 2nd pass
    ("Europe/Paris", "Sun 03:00", "2027-10-30 12:00", ["2027-10-31 02:00", "2027-11-07 02:00"]),  # behind it
    (
        "Europe/Paris",
        "every day 08:00",
        "2027-10-30 05:59",
        ["2027-10-30 06:00", "2027-10-31 07:00"],
    ),  # not an hour early
    ("Indian/Reunion", "every day 02:30", "2026-03-28 12:00", ["2026-03-28 22:30", "2026-03-29 22:30"]),
    ("Indian/Reunion", "every day 02:30", "2026-10-24 12:00", ["2026-10-24 22:30", "2026-10-25 22:30"]),
    ("Indian/Reunion", "every day 02:30", "2027-03-27 12:00", ["2027-03-27 22:30", "2027-03-28 22:30"]),
    ("Indian/Reunion", "every day 02:30", "2027-10-30 12:00", ["2027-10-30 22:30", "2027-10-31 22:30"]),
    ("America/Martinique", "every day 02:30", "2026-03-28 12:00", ["2026-03-29 06:30", "2026-03-30 06:30"]),
    ("America/Martinique", "every day 02:30", "2026-10-24 12:00", ["2026-10-25 06:30", "2026-10-26 06:30"]),
    ("America/Martinique", "every day 02:30", "2027-03-27 12:00", ["2027-03-28 06:30", "2027-03-29 06:30"]),
    ("America/Martinique", "every day 02:30", "2027-10-30 12:00", ["2027-10-31 06:30", "2027-11-01 06:30"]),
    ("Pacific/Noumea", "every day 02:30", "2026-03-28 12:00", ["2026-03-28 15:30", "2026-03-29 15:30"]),
    ("Pacific/Noumea", "every day 02:30", "2026-10-24 12:00", ["2026-10-24 15:30", "2026-10-25 15:30"]),
    ("Pacific/Noumea", "every day 02:30", "2027-03-27 12:00", ["2027-03-27 15:30", "2027-03-28 15:30"]),
    ("Pacific/Noumea", "every day 02:30", "2027-10-30 12:00", ["2027-10-30 15:30", "2027-10-31 15:30"]),
]


@pytest.mark.parametrize(("zone_name", "text", "after", "expected"), NIGHTS)
def test_slots_on_the_nights_when_clocks_change(zone_name, text, after, expected):
    slots = parse_slots(text, zone_name)
    first = slots.next_free(utc(after), ())
    assert [first, slots.next_free(first, ())] == [utc(moment) for moment in expected]


def test_the_next_free_slot_passes_over_those_that_are_taken():
    slots = parse_slots("Mon-Fri 08:00, 18:00", "Europe/Paris")
    friday = utc("2027-01-15 07:00")  # 08:00 in Paris
    assert slots.next_free(friday - timedelta(seconds=1), ()) == friday
    assert slots.next_free(friday, ()) == utc("2027-01-15 17:00")  # never the moment itself
    taken = [utc("2027-01-15 17:00").astimezone(zone("Pacific/Noumea")), utc("2027-01-18 07:00")]
    assert slots.next_free(friday, taken) == utc("2027-01-18 17:00")


def test_the_slots_between_two_moments_hold_the_first_and_not_the_last():
    slots = parse_slots("Mon-Sun 08:00, 18:00", "Europe/Paris")
    found = slots.between(utc("2027-01-15 07:00"), utc("2027-01-16 17:00"))
    assert list(found) == [utc("2027-01-15 07:00"), utc("2027-01-15 17:00"), utc("2027-01-16 07:00")]
    assert list(slots.between(utc("2027-01-16 17:00"), utc("2027-01-15 07:00"))) == []


def test_a_moment_without_a_zone_and_the_end_of_the_calendar_are_refused():
    slots = parse_slots("Mon 08:00", "America/Martinique")
    with pytest.raises(TimeProblem, match="has no time zone"):
        slots.next_free(datetime(2027, 1, 1), ())
    with pytest.raises(SlotsProblem, match="no free slot after 9999-12-31"):
        slots.next_free(datetime(9999, 12, 31, 23, tzinfo=UTC), ())


@pytest.mark.parametrize(
    ("wall", "zone_name", "moment"),
    [
        ("2027-10-03 02:15", "Australia/Lord_Howe", "2027-10-02 15:30"),  # a gap of half an hour: 02:00 to 02:30
        ("2027-04-04 01:45", "Australia/Lord_Howe", "2027-04-03 14:45"),  # doubled for half an hour: the first
        ("2011-12-30 12:00", "Pacific/Apia", "2011-12-30 10:00"),  # a whole day that never was
        ("2027-03-14 02:30", "America/Miquelon", "2027-03-14 05:00"),  # another night than the mainland's
    ],
)
def test_a_wall_clock_time_becomes_a_real_moment_in_odd_zones_too(wall, zone_name, moment):
    assert real_moment(datetime.fromisoformat(wall), zone(zone_name)) == utc(moment)


WEEKS = st.sets(st.tuples(st.integers(0, 6), st.integers(0, 24 * 60 - 1)), min_size=1, max_size=8)


@given(WEEKS, st.sampled_from(ZONES))
def test_the_canonical_form_is_read_back(week, zone_name):
    slots = Slots(tuple(week), zone_name)
    assert parse_slots(str(slots), "UTC") == slots


@given(WEEKS, st.sampled_from([*ZONES, "America/Miquelon"]), st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)))
def test_slots_rise_and_each_lies_on_the_wall_clock_or_at_the_end_of_a_gap(week, zone_name, after):
    slots, here = Slots(tuple(week), zone_name), zone(zone_name)
    start = after.replace(tzinfo=UTC)
    found = list(islice(slots.between(start, start + timedelta(days=15)), 60))
    assert found == sorted(set(found))
    assert found and found[0] - start <= timedelta(days=7, hours=1)
    for moment in found:
        wall = moment.astimezone(here)
        before = (moment - timedelta(seconds=1)).astimezone(here)
        in_week = (wall.weekday(), wall.hour * 60 + wall.minute) in week
        assert (in_week and wall.fold == 0) or wall.utcoffset() != before.utcoffset()


@given(st.text(alphabet="MonTuelvr08:h30;,-/ àEuropPis\n", max_size=40))
def test_no_text_raises_anything_but_a_slots_problem(text):
    try:
        slots = parse_slots(text, "Europe/Paris")
    except SlotsProblem as problem:
        assert str(problem)
    else:
        assert parse_slots(str(slots), "UTC") == slots


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("08:30", 510), ("8h", 480), ("23h59", 1439), ("24:00", None), ("8", None), ("٨:٣٠", None), ("8:3", None)],
)
def test_a_time_of_day_is_read(text, minutes):
    assert minute_of_day(text) == minutes
