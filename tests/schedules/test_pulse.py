"""A worker counts from when its beat set out, and gives itself up before others can."""

import pytest

from schedules.pulse import DEAD_AFTER, Pulse


class Time:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def pulse(time: Time) -> Pulse:
    made = Pulse(time)
    made.begin()
    return made


def test_a_worker_that_did_not_begin_sends_nothing(time: Time) -> None:
    assert not Pulse(time).beats()


def test_a_beat_counts_from_when_it_set_out_and_not_from_when_it_was_answered(pulse: Pulse, time: Time) -> None:
    set_out = time.seconds = time.seconds + 5
    time.seconds += 4
    pulse.heard(set_out)
    time.seconds = set_out + DEAD_AFTER - 0.1
    assert pulse.beats()
    time.seconds = set_out + DEAD_AFTER
    assert not pulse.beats()


@pytest.mark.parametrize("how", ["slept", "taken away"])
def test_who_was_lost_stays_so_until_a_new_worker_begins(pulse: Pulse, time: Time, how: str) -> None:
    if how == "slept":
        time.seconds += DEAD_AFTER
    else:
        pulse.lose()
    pulse.heard(time.seconds)  # such as a beat that was on its way
    assert not pulse.beats()
    pulse.begin()
    assert pulse.beats()
