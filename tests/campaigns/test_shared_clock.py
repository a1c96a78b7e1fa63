"""The clock that all machines of an installation go by: the store's, asked now and then, and counted in between."""

import logging
from datetime import datetime, timedelta

import pytest

from campaigns.database import Database
from campaigns.shared_clock import SharedClock, skew_of
from tests.conftest import FakeClock

MINUTES = timedelta(minutes=2)


class Asked:
    """A store's clock, and the seconds that have passed."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch, now: datetime | None) -> None:
        self.now, self.seconds, self.way = now, 1000.0, 0.0
        monkeypatch.setattr(database, "time", self._answer)

    async def _answer(self, _session: object) -> datetime | None:
        self.seconds += self.way
        return self.now

    def steady(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        if self.now is not None:
            self.now += timedelta(seconds=seconds)


@pytest.mark.parametrize(("off", "word"), [(MINUTES, "ahead of"), (-MINUTES, "behind")])
async def test_a_machine_that_is_off_goes_by_the_stores_clock_and_says_so_once_and_when_it_is_right(
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    off: timedelta,
    word: str,
) -> None:
    caplog.set_level(logging.INFO, "campaigns.shared_clock")
    asked = Asked(database, monkeypatch, clock())
    clock.advance(off)
    shared = SharedClock(clock, asked.steady)
    for _ in range(3):
        await shared.set_by(database)
    assert (shared(), shared.skew, skew_of(shared)) == (asked.now, off, off)
    clock.advance(-off)
    await shared.set_by(database)
    assert shared.skew == timedelta()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2 and f"is 120 s {word} the database's" in said[0] and "is right again" in said[1]


async def test_what_a_machines_clock_is_set_to_between_two_questions_changes_nothing(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(database, monkeypatch, clock())
    shared = SharedClock(clock, asked.steady)
    await shared.set_by(database)
    clock.advance(MINUTES)
    asked.pass_by(3)
    assert shared() == asked.now


@pytest.mark.parametrize(
    ("apart", "way", "followed"),
    [
        (0.05, 0, False),  # what cannot be measured
        (0.3, 0, True),
        (0.3, 1, False),  # the answer was on its way for longer than that
        (60, 1, True),
    ],
)
async def test_a_clock_is_set_anew_for_what_is_more_than_the_way_of_an_answer(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, apart: float, way: float, followed: bool
) -> None:
    asked = Asked(database, monkeypatch, clock())
    shared = SharedClock(clock, asked.steady)
    await shared.set_by(database)
    assert asked.now is not None
    asked.now, asked.way = asked.now + timedelta(seconds=apart), way
    await shared.set_by(database)
    moved = (shared() - clock()).total_seconds() - way
    assert (abs(moved) > 0.1) == followed


@pytest.mark.about_files
async def test_a_file_has_no_clock_and_the_machines_counts(database: Database, clock: FakeClock) -> None:
    shared = SharedClock(clock)
    await shared.set_by(database)
    clock.advance(MINUTES)
    assert (shared(), shared.skew, skew_of(clock)) == (clock(), timedelta(), timedelta())


@pytest.mark.about_servers
async def test_a_servers_clock_is_asked_for_now_whatever_began_before(database: Database, clock: FakeClock) -> None:
    async with database.read() as session:
        first, second = await database.time(session), await database.time(session)
    assert first is not None and second is not None and first < second and first.utcoffset() == timedelta()
