"""Silence windows: a whole election hour by hour, by the clock of each territory."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.silence import (
    SATURDAY_ZONES,
    Place,
    PollingRound,
    SilenceProblem,
    Window,
    check_round,
    next_free,
    window_at,
    windows,
)
from campaigns.times import zone

HOUR = timedelta(hours=1)
ROUNDS = (PollingRound(date(2027, 4, 11), None, "first round"), PollingRound(date(2027, 4, 25), None, "second round"))
PARIS, REUNION, MARTINIQUE, NOUMEA, CAYENNE, TAHITI, SECTION = 1, 2, 3, 4, 5, 6, 7
PLACES = (
    Place(PARIS, None, "Paris", None),  # the campaign's zone
    Place(REUNION, None, "La Réunion", "Indian/Reunion"),
    Place(MARTINIQUE, None, "Martinique", "America/Martinique"),
    Place(NOUMEA, None, "Nouvelle-Calédonie", "Pacific/Noumea"),
    Place(CAYENNE, None, "Guyane", "America/Cayenne"),
    Place(TAHITI, None, "Polynésie", "Pacific/Tahiti"),
    Place(SECTION, MARTINIQUE, "Fort-de-France", None),  # its federation's zone
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# By hand from the offsets of April 2027: (territory, begins, ends) in UTC, without the end itself.
ELECTION = [
    (PARIS, "2027-04-09 22:00", "2027-04-11 22:00"),  # UTC+2: Saturday 00:00 to Sunday 24:00
    (PARIS, "2027-04-23 22:00", "2027-04-25 22:00"),
    (REUNION, "2027-04-09 20:00", "2027-04-11 20:00"),  # UTC+4
    (REUNION, "2027-04-23 20:00", "2027-04-25 20:00"),
    (MARTINIQUE, "2027-04-09 04:00", "2027-04-11 04:00"),  # UTC-4: Friday 00:00 to Saturday 24:00
    (MARTINIQUE, "2027-04-23 04:00", "2027-04-25 04:00"),
    (SECTION, "2027-04-09 04:00", "2027-04-11 04:00"),
    (SECTION, "2027-04-23 04:00", "2027-04-25 04:00"),
    (NOUMEA, "2027-04-09 13:00", "2027-04-11 13:00"),  # UTC+11, votes on Sunday
    (NOUMEA, "2027-04-23 13:00", "2027-04-25 13:00"),
    (CAYENNE, "2027-04-09 03:00", "2027-04-11 03:00"),  # UTC-3, votes on Saturday
    (CAYENNE, "2027-04-23 03:00", "2027-04-25 03:00"),
    (TAHITI, "2027-04-09 10:00", "2027-04-11 10:00"),  # UTC-10, votes on Saturday
    (TAHITI, "2027-04-23 10:00", "2027-04-25 10:00"),
    (None, "2027-04-09 03:00", "2027-04-11 22:00"),  # national: from Guyane's Friday to the mainland's Sunday night
    (None, "2027-04-23 03:00", "2027-04-25 22:00"),
]


def silent(territory_id: int | None, moment: datetime) -> bool:
    return any(utc(begins) <= moment < utc(ends) for territory, begins, ends in ELECTION if territory == territory_id)


@pytest.mark.parametrize("territory_id", [None, PARIS, REUNION, MARTINIQUE, NOUMEA, CAYENNE, TAHITI, SECTION])
def test_a_whole_election_of_two_rounds_is_silent_at_the_right_hours_everywhere(territory_id):
    found = windows(ROUNDS, PLACES)
    moment = utc("2027-04-07 00:00")
    while moment < utc("2027-04-28 00:00"):
        for at in (moment, moment - timedelta(seconds=1)):  # both sides of each hour
            window = window_at(found, at, territory_id, PLACES)
            assert (window is not None) == silent(territory_id, at), f"{territory_id} at {at}"
            free = next_free(found, at, territory_id, PLACES)
            ends = [utc(end) for who, begin, end in ELECTION if who == territory_id and utc(begin) <= at < utc(end)]
            assert free == (ends[0] if ends else at)
        moment += HOUR


def test_a_window_says_whose_vote_it_is_and_by_which_clock():
    window = window_at(windows(ROUNDS, PLACES), utc("2027-04-09 12:00"), SECTION, PLACES)
    assert window is not None
    assert (window.zone, window.polling_day) == ("America/Martinique", date(2027, 4, 10))
    assert window.reason == "first round, polling day 2027-04-10"


@pytest.mark.parametrize(
    ("day", "zone_name", "begins", "ends", "hours"),
    [
        (date(2027, 3, 28), "Europe/Paris", "2027-03-26 23:00", "2027-03-28 22:00", 47),  # the polling day has 23 hours
        (date(2027, 3, 29), "Europe/Paris", "2027-03-27 23:00", "2027-03-29 22:00", 47),  # the eve has
        (date(2027, 10, 31), "Europe/Paris", "2027-10-29 22:00", "2027-10-31 23:00", 49),  # the polling day has 25
        (date(2027, 3, 28), "Indian/Reunion", "2027-03-26 20:00", "2027-03-28 20:00", 48),  # no change there
        (date(2027, 10, 31), "Pacific/Noumea", "2027-10-29 13:00", "2027-10-31 13:00", 48),
        (date(2027, 10, 31), "America/Martinique", "2027-10-29 04:00", "2027-10-31 04:00", 48),
        (date(2027, 11, 8), "America/Miquelon", "2027-11-07 02:00", "2027-11-09 03:00", 49),  # a Monday: not moved
    ],
)
def test_days_of_23_and_25_hours_are_silent_for_their_true_length(day, zone_name, begins, ends, hours):
    (window,) = windows([PollingRound(day, 1)], [Place(1, None, "here", zone_name)])
    assert (window.starts_at, window.ends_at) == (utc(begins), utc(ends))
    assert window.ends_at - window.starts_at == hours * HOUR


@pytest.mark.parametrize("zone_name", sorted(SATURDAY_ZONES))
def test_where_the_vote_is_on_saturday_silence_begins_on_friday(zone_name):
    (window,) = windows([PollingRound(date(2027, 4, 11), 1)], [Place(1, None, "there", zone_name)])
    here = zone(zone_name)
    assert f"{window.starts_at.astimezone(here):%A %H:%M}" == "Friday 00:00"
    assert f"{window.ends_at.astimezone(here):%A %H:%M}" == "Sunday 00:00"  # Saturday 24:00


@pytest.mark.parametrize(
    ("vote", "first", "last"),
    [
        (PollingRound(date(2027, 4, 11), 3), "Friday", "Saturday"),  # a national vote
        (PollingRound(date(2027, 4, 11), 3, saturday=False), "Saturday", "Sunday"),  # a municipal one
        (PollingRound(date(2027, 4, 10), 3), "Friday", "Saturday"),  # somebody wrote the Saturday already
    ],
)
def test_a_vote_on_sunday_overseas_or_a_saturday_already_written_is_not_moved(vote, first, last):
    found = windows([vote], PLACES)
    assert {window.territory_id for window in found} == {MARTINIQUE, SECTION}
    for window in found:
        here = zone(window.zone)
        assert f"{window.starts_at.astimezone(here):%A}" == first
        assert f"{(window.ends_at - HOUR).astimezone(here):%A}" == last


TREE = (
    Place(1, None, "France", None),
    Place(2, 1, "Outre-mer", "America/Martinique"),
    Place(3, 2, "Fort-de-France", None),
    Place(4, 1, "Bretagne", None),
)


@pytest.mark.parametrize(
    ("window_of", "polling", "silent_ones"),
    [
        (2, True, {None, 1, 2}),  # a vote: those who speak to it; those below have windows of their own
        (2, False, {None, 1, 2, 3}),  # by hand: those below too
        (3, False, {None, 1, 2, 3}),
        (4, False, {None, 1, 4, 99}),  # 99 is no territory of the campaign: bound by all
        (None, True, {None}),  # the campaign's own voice
        (None, False, {None, 1, 2, 3, 4}),  # by hand, for everybody
    ],
)
def test_who_is_bound_by_a_window(window_of, polling, silent_ones):
    day = date(2027, 4, 11) if polling else None
    window = Window(utc("2027-04-10 00:00"), utc("2027-04-12 00:00"), window_of, "x", polling_day=day)
    for who in (None, 1, 2, 3, 4):
        assert (window_at([window], utc("2027-04-11 00:00"), who, TREE) is not None) == (who in silent_ones), who
    assert window_at([window], utc("2027-04-11 00:00"), 99, TREE) is window


def test_the_zone_comes_from_the_nearest_place_above_and_at_the_top_from_the_campaign():
    found = windows([PollingRound(date(2027, 4, 11), None)], TREE, campaign_zone="Indian/Reunion")
    assert {window.territory_id: window.zone for window in found} == {
        None: "Indian/Reunion",
        1: "Indian/Reunion",
        2: "America/Martinique",
        3: "America/Martinique",
        4: "Indian/Reunion",
    }


def test_windows_that_touch_or_overlap_are_one_silence():
    def window(begins: int, ends: int) -> Window:
        return Window(utc("2027-04-01 00:00") + begins * HOUR, utc("2027-04-01 00:00") + ends * HOUR, None, "by hand")

    silences = [window(8, 10), window(0, 5), window(5, 8), window(1, 2), window(11, 12)]
    assert next_free(silences, utc("2027-04-01 01:30"), None, ()) == utc("2027-04-01 10:00")
    assert next_free(silences, utc("2027-04-01 10:00"), None, ()) == utc("2027-04-01 10:00")
    last = window_at([window(0, 5), window(1, 9)], utc("2027-04-01 02:00"), None, ())
    assert last is not None and last.ends_at == utc("2027-04-01 09:00")  # the one to wait for


@pytest.mark.parametrize(
    ("now", "territory_id", "past"),
    [
        ("2027-04-11 21:59", PARIS, False),  # the polling day itself still has a minute
        ("2027-04-11 22:00", PARIS, True),
        ("2027-04-11 20:00", REUNION, True),  # already Monday there
        ("2027-04-11 22:00", CAYENNE, False),  # still Sunday there
        ("2027-04-11 22:00", None, True),  # by the campaign's clock
    ],
)
def test_a_polling_day_in_the_past_is_refused_when_it_is_added(now, territory_id, past):
    vote = PollingRound(date(2027, 4, 11), territory_id)
    if not past:
        check_round(vote, utc(now), PLACES)
        return
    with pytest.raises(
        SilenceProblem, match="polling day 2027-04-11 is past, today is 2027-04-12; write a day to come"
    ):
        check_round(vote, utc(now), PLACES)


@pytest.mark.parametrize(
    ("places", "vote", "campaign_zone", "sentence"),
    [
        (
            [Place(1, None, "Lune", "Moon/Base")],
            PollingRound(date(2027, 4, 11), None),
            "Europe/Paris",
            "territory “Lune”: time zone “Moon/Base” does not exist; write one such as Europe/Paris",
        ),
        ([], PollingRound(date(2027, 4, 11), None), "Mars", "the campaign: time zone “Mars” does not exist"),
        ([], PollingRound(date(2027, 4, 11), 5), "Europe/Paris", "is in a territory that does not exist"),
        (
            [Place(1, 2, "A", None), Place(2, 1, "B", None)],
            PollingRound(date(2027, 4, 11), 1),
            "Europe/Paris",
            "lies within itself; give it another parent",
        ),
        ([], PollingRound(date.max, None), "Europe/Paris", "check the year"),
        ([], PollingRound(date.min, None), "Europe/Paris", "check the year"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(places, vote, campaign_zone, sentence):
    with pytest.raises(SilenceProblem) as problem:
        windows([vote], places, (), campaign_zone)
    assert sentence in str(problem.value)


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(
        SilenceProblem, match="silence window “truce” ends at 2027-04-01 08:00 UTC, before it begins at"
    ):
        Window(utc("2027-04-01 09:00"), utc("2027-04-01 08:00"), None, "truce")
    with pytest.raises(SilenceProblem, match="write a later end"):
        Window(utc("2027-04-01 09:00"), utc("2027-04-01 09:00"), None, "no time at all")
    with pytest.raises(SilenceProblem, match="without a time zone"):
        Window(datetime(2027, 4, 1, 9), utc("2027-04-01 10:00"), None, "naive")


ZONES = ["Europe/Paris", "Indian/Reunion", "America/Miquelon", "Pacific/Noumea", "Pacific/Marquesas", None]


@st.composite
def elections(draw):
    count = draw(st.integers(0, 6))
    places = [
        Place(n, draw(st.none() | st.integers(0, n - 1)) if n else None, f"T{n}", draw(st.sampled_from(ZONES)))
        for n in range(count)
    ]
    rounds = draw(
        st.lists(
            st.builds(
                PollingRound,
                st.dates(date(2026, 1, 1), date(2028, 1, 1)),
                st.none() | st.integers(0, count - 1) if count else st.none(),
            ),
            max_size=3,
        )
    )
    return places, windows(rounds, places)


@given(elections(), st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))
def test_national_silence_is_the_union_and_next_free_is_the_first_free_moment(election, moment):
    places, found = election
    everyone = [None, *(place.id for place in places)]
    assert (window_at(found, moment, None, places) is not None) == any(
        window.starts_at <= moment < window.ends_at for window in found
    )
    for who in everyone:
        if window_at(found, moment, who, places) is not None:
            assert window_at(found, moment, None, places) is not None
        free = next_free(found, moment, who, places)
        assert window_at(found, free, who, places) is None
        assert (free == moment) == (window_at(found, moment, who, places) is None)
        if free > moment:
            assert window_at(found, free - timedelta(microseconds=1), who, places) is not None


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.sampled_from(sorted(SATURDAY_ZONES) + ZONES[:-1]))
def test_a_window_is_always_two_whole_days_of_the_local_calendar(day, zone_name):
    (window,) = windows([PollingRound(day, 1)], [Place(1, None, "here", zone_name)])
    here = zone(zone_name)
    begins, ends = window.starts_at.astimezone(here), window.ends_at.astimezone(here)
    assert (begins.hour, begins.minute, ends.hour, ends.minute) == (0, 0, 0, 0)
    assert ends.date() - begins.date() == timedelta(days=2)
    assert window.polling_day == ends.date() - timedelta(days=1)
