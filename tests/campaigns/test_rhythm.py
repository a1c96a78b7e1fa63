"""When a person may be written to: the rule by itself, on every clock, and on the nights when the clocks change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.installation import add_territory
from campaigns.models import Participation
from campaigns.rhythm import Rhythm, Turn, Usual, day_began, turn_of, usual_of
from campaigns.times import zone

PARIS, REUNION = "Europe/Paris", "Indian/Reunion"
NIGHT = Rhythm(PARIS, 21, 8)
ALWAYS = Rhythm(PARIS, 0, 0)
QUARTER = timedelta(minutes=15)


def at(text: str, place: str = PARIS, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(place), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("rhythm", "moment", "now", "sent", "free", "until"),
    [
        # Quiet hours over midnight
        (NIGHT, "2026-12-01 10:00", "2026-12-01 10:00", 0, True, "2026-12-01 21:00"),
        (NIGHT, "2026-12-01 20:59", "2026-12-01 20:59", 0, True, "2026-12-01 21:00"),
        (NIGHT, "2026-12-01 21:00", "2026-12-01 21:00", 0, False, "2026-12-02 08:00"),
        (NIGHT, "2026-12-01 21:00", "2026-12-02 07:59", 0, False, "2026-12-02 08:00"),
        (NIGHT, "2026-12-01 21:00", "2026-12-02 08:00", 0, True, "2026-12-02 21:00"),
        # within one day
        (replace(NIGHT, quiet_from=9, quiet_until=12), "2026-12-01 10:30", "2026-12-01 10:30", 0, False, "2026-12-01 12:00"),
        # none: looked at again after a day
        (ALWAYS, "2026-12-01 03:00", "2026-12-01 03:00", 0, True, "2026-12-02 03:00"),
        # At most so many a day: the next midnight, and then the night
        (replace(ALWAYS, most_a_day=2), "2026-12-01 10:00", "2026-12-01 10:00", 1, True, "2026-12-02 10:00"),
        (replace(ALWAYS, most_a_day=2), "2026-12-01 10:00", "2026-12-01 10:00", 2, False, "2026-12-02 00:00"),
        (replace(NIGHT, most_a_day=2), "2026-12-01 10:00", "2026-12-01 10:00", 5, False, "2026-12-02 08:00"),
        # A digest: what was due before its hour goes then, what comes later waits for tomorrow's
        (replace(NIGHT, digest_at=18), "2026-12-01 10:00", "2026-12-01 10:00", 0, False, "2026-12-01 18:00"),
        (replace(NIGHT, digest_at=18), "2026-12-01 10:00", "2026-12-01 18:00", 0, True, "2026-12-01 21:00"),
        (replace(NIGHT, digest_at=18), "2026-12-01 18:00", "2026-12-01 18:00", 0, True, "2026-12-01 21:00"),
        (replace(NIGHT, digest_at=18), "2026-12-01 18:01", "2026-12-01 18:01", 0, False, "2026-12-02 18:00"),
        # in the quiet hours: when they end
        (replace(NIGHT, digest_at=22), "2026-12-01 10:00", "2026-12-01 10:00", 0, False, "2026-12-02 08:00"),
        # missed while the program was away: at once
        (replace(NIGHT, digest_at=18), "2026-12-01 10:00", "2026-12-03 09:00", 0, True, "2026-12-03 21:00"),
    ],
)  # fmt: skip
def test_the_rule(rhythm, moment, now, sent, free, until):
    assert turn_of(rhythm, at(moment), at(now), sent) == Turn(free, at(until))


def test_a_pause_holds_everything_and_ends_with_the_night_or_the_digest():
    paused = replace(NIGHT, paused_until=at("2026-12-08 23:00"))
    assert turn_of(paused, at("2026-12-02 10:00"), at("2026-12-02 10:00")) == Turn(False, at("2026-12-09 08:00"))
    digest = replace(paused, paused_until=at("2026-12-08 14:20"), digest_at=18)
    assert turn_of(digest, at("2026-12-02 10:00"), at("2026-12-02 10:00")) == Turn(False, at("2026-12-08 18:00"))
    assert turn_of(digest, at("2026-12-02 10:00"), at("2026-12-08 18:00")).free
    assert turn_of(paused, at("2026-12-09 10:00"), at("2026-12-09 10:00")).free  # a pause that is over holds nothing


CHANGES = ["2026-03-28", "2026-10-24"]  # the days before the nights of spring and of autumn, in Paris


@pytest.mark.parametrize("eve", CHANGES)
@pytest.mark.parametrize(
    ("first", "last"), [(21, 8), (22, 2), (22, 3), (1, 3), (2, 3), (3, 2), (2, 8), (0, 0)], ids=lambda hour: str(hour)
)
def test_on_the_night_when_clocks_change_what_the_wall_shows_decides(eve, first, last):
    """Each quarter of an hour from evening to noon: free by the wall, and whoever rests is told the first free moment."""
    rhythm = Rhythm(PARIS, first, last)
    now, end = at(f"{eve} 18:00"), at(f"{eve} 18:00") + timedelta(hours=24)
    shown = set(range(24)) - {h % 24 for h in range(first, last + (24 if last < first else 0))}
    while now < end:
        turn = turn_of(rhythm, now, now)
        assert turn.free == (now.astimezone(zone(PARIS)).hour in shown), now
        assert turn.until > now
        if not turn.free:
            assert turn_of(rhythm, now, turn.until).free
            between = [now + n * QUARTER for n in range(int((turn.until - now) / QUARTER))]
            assert not any(turn_of(rhythm, step, step).free for step in between)
        now += QUARTER


@pytest.mark.parametrize(
    ("eve", "hour", "due"),
    [
        ("2026-03-28", 2, "2026-03-29 03:00"),  # there is no 2 o'clock
        ("2026-10-24", 2, "2026-10-25 02:00"),  # the first of two
        ("2026-03-28", 8, "2026-03-29 08:00"),
        ("2026-10-24", 8, "2026-10-25 08:00"),
    ],
)
def test_a_digest_of_that_night_comes_once(eve, hour, due):
    rhythm, posted = Rhythm(PARIS, 0, 0, digest_at=hour), at(f"{eve} 20:00")
    steps = [posted + n * QUARTER for n in range(4 * 40)]
    free = [step for step in steps if turn_of(rhythm, posted, step).free]
    assert free[0] == at(due) and free == [step for step in steps if step >= at(due)]  # once served, it is served


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-12-01", 24)])
def test_a_day_of_messages_is_as_long_as_the_clocks_make_it(day, hours):
    rhythm = replace(ALWAYS, most_a_day=1)
    began = day_began(PARIS, at(f"{day} 12:00"))
    assert began == at(f"{day} 00:00")
    assert turn_of(rhythm, began, began, 1) == Turn(False, began + timedelta(hours=hours))


async def test_everybody_goes_by_the_clock_of_their_territory(database, campaign):
    async with database.write() as session:
        island = await add_territory(session, campaign.id, "La Réunion", None, REUNION)
        town = await add_territory(session, campaign.id, "Saint-Denis", island)
        north = await add_territory(session, campaign.id, "Nord")
    async with database.read() as session:
        usual = await usual_of(session, campaign.id)
    assert usual == Usual(PARIS, 21, 8, {island.id: REUNION, town.id: REUNION})
    for territory, place in ((None, PARIS), (north.id, PARIS), (town.id, REUNION)):
        assert usual.rhythm(Participation(territory_id=territory)) == Rhythm(place, 21, 8)
    own = Participation(quiet_from=0, quiet_until=0, most_a_day=3)
    assert usual.rhythm(own) == Rhythm(PARIS, 0, 0, most_a_day=3)
    evening = at("2026-12-01 18:30")  # half past nine in the evening over there
    assert turn_of(usual.rhythm(Participation(territory_id=town.id)), evening, evening) == Turn(
        False, at("2026-12-02 08:00", REUNION)
    )
