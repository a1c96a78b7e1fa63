"""Moments: wall clocks of French territories, and the two nights on which a clock lies."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.times import TimeProblem, parse_local, system_clock, to_utc, zone

ZONES = ["Europe/Paris", "Indian/Reunion", "America/Martinique", "Pacific/Noumea", "America/Miquelon"]


@pytest.mark.parametrize(
    ("local", "zone_name", "utc"),
    [
        ("2027-01-16 13:45", "Europe/Paris", "2027-01-16 12:45"),  # winter
        ("2027-07-14 13:45", "Europe/Paris", "2027-07-14 11:45"),  # summer
        ("2027-01-16 13:45", "Indian/Reunion", "2027-01-16 09:45"),  # UTC+4, no summer time
        ("2027-07-14 13:45", "Indian/Reunion", "2027-07-14 09:45"),
        ("2027-01-16 20:45", "America/Martinique", "2027-01-17 00:45"),  # the next day in UTC
        ("2027-01-16 08:45", "Pacific/Noumea", "2027-01-15 21:45"),  # the day before in UTC
        ("2027-03-28 01:59", "Europe/Paris", "2027-03-28 00:59"),  # the last minute before the spring gap
        ("2027-03-28 03:00", "Europe/Paris", "2027-03-28 01:00"),  # the first minute behind it
        ("2027-10-31 01:59", "Europe/Paris", "2027-10-30 23:59"),  # the autumn night, before the double hour
        ("2027-10-31 02:00", "Europe/Paris", "2027-10-31 00:00"),  # the double hour: the first one
        ("2027-10-31 02:59", "Europe/Paris", "2027-10-31 00:59"),
        ("2027-10-31 03:00", "Europe/Paris", "2027-10-31 02:00"),  # behind it
        ("2027-03-28 02:30", "Indian/Reunion", "2027-03-27 22:30"),  # no gap where clocks do not change
        ("2027-01-16T13:45+02:00", "Europe/Paris", "2027-01-16 11:45"),  # its own offset wins
        ("2027-03-28T02:30+01:00", "Europe/Paris", "2027-03-28 01:30"),  # and has no gap
    ],
)
def test_a_wall_clock_moment_becomes_utc(local, zone_name, utc):
    assert to_utc(datetime.fromisoformat(local), zone_name) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "zone_name", "before", "after"),
    [
        ("2027-03-28 02:00", "Europe/Paris", "01:00", "03:00"),  # the first missing minute
        ("2027-03-28 02:30", "Europe/Paris", "01:30", "03:30"),
        ("2027-03-28 02:59", "Europe/Paris", "01:59", "03:59"),  # the last one
        ("2027-03-14 02:30", "America/Miquelon", "01:30", "03:30"),  # another night elsewhere
    ],
)
def test_an_hour_that_spring_skips_is_refused_with_both_neighbours(local, zone_name, before, after):
    with pytest.raises(TimeProblem) as problem:
        to_utc(datetime.fromisoformat(local), zone_name)
    assert str(problem.value) == (
        f"{local} does not exist in {zone_name}: clocks go forward that night; write {before} or {after}"
    )
    for neighbour in (before, after):
        to_utc(datetime.fromisoformat(f"{local[:10]} {neighbour}"), zone_name)  # both can be written


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda d: d.replace(second=0, microsecond=0, fold=0)),
    st.sampled_from(ZONES),
)
def test_what_is_not_refused_comes_back_to_the_same_wall_clock(local, zone_name):
    try:
        moment = to_utc(local, zone_name)
    except TimeProblem:
        return
    assert moment.utcoffset() == timedelta()
    assert moment.astimezone(zone(zone_name)).replace(tzinfo=None, fold=0) == local


@pytest.mark.parametrize(
    "name",
    ["", "Europe", "Europe/Pari", "CEST", "../../etc/passwd", "/etc/localtime", "tzdata.zi", "\0", "é" * 300, "\ud800"],
)
def test_a_zone_that_does_not_exist_is_refused(name):
    with pytest.raises(TimeProblem, match="does not exist; write one such as Europe/Paris"):
        zone(name)


def test_an_unknown_zone_is_refused_even_beside_an_offset():
    with pytest.raises(TimeProblem, match="time zone “Mars” does not exist"):
        to_utc(datetime(2027, 1, 1, tzinfo=UTC), "Mars")


@pytest.mark.parametrize(
    ("local", "zone_name"),
    [
        (datetime(1, 1, 1), "Indian/Reunion"),  # before the year 1 in UTC
        (datetime(9999, 12, 31, 23, 59), "America/Martinique"),  # behind the year 9999
        (datetime(1, 1, 1, tzinfo=zone("Indian/Reunion")), "Europe/Paris"),  # with its own zone
    ],
)
def test_a_year_at_the_edge_of_the_calendar_is_refused_and_not_a_crash(local, zone_name):
    with pytest.raises(TimeProblem, match="check the year"):
        to_utc(local, zone_name)


MORNING = datetime(2027, 2, 1, 8, 30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-02-01 08:30", MORNING),  # the form that the messages propose
        ("2027-02-01T08:30", MORNING),  # a web form's
        ("2027-02-01 08:30:00", MORNING),
        ("01/02/2027 08:30", MORNING),  # French: the day first
        ("01/02/2027 08:30:15", MORNING.replace(second=15)),
        ("01/02/2027 08h30", MORNING),  # French clocks
        ("1/2/2027 8:30", MORNING),  # a spreadsheet drops zeros
        ("  01/02/2027   08:30 ", MORNING),  # blanks around
        ("01/02/2027\u00a008:30", MORNING),  # a no-break space of a word processor
        ("2027-02-01T08:30Z", MORNING.replace(tzinfo=UTC)),
        ("20270201T0830", MORNING),  # ISO 8601 without marks
    ],
)
def test_a_date_is_read_in_the_forms_people_write(text, expected):
    assert parse_local(text) == expected


def test_an_offset_is_kept():
    assert parse_local("2027-02-01T08:30+04:00").utcoffset() == timedelta(hours=4)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a date and time; write 2026-12-01 08:30 or 01/12/2026 08:30"),
        ("demain matin", "“demain matin” is not a date and time"),
        ("2027-13-01 08:30", "is not a date and time"),  # no thirteenth month
        ("31/02/2027 08:30", "is not a date and time"),  # no 31st of February
        ("02/28/2027 08:30", "is not a date and time"),  # American order
        ("2027-02-01 25:00", "is not a date and time"),
        ("2027-02-01", "has no time of day; write 2027-02-01 08:30"),
        ("20270201", "has no time of day"),
        ("01/02/2027", "is not a date and time"),  # French, without a time
    ],
)
def test_what_is_no_moment_is_refused_with_what_to_write(text, sentence):
    with pytest.raises(TimeProblem) as problem:
        parse_local(text)
    assert sentence in str(problem.value)


@given(st.text())
def test_no_text_raises_anything_but_a_time_problem(text):
    try:
        to_utc(parse_local(text), text)
    except TimeProblem as problem:
        assert str(problem)


def test_the_system_clock_is_aware():
    assert system_clock().utcoffset() == timedelta()
