"""How fast a bot may write: broadcasts take turns, answers to people take none."""

import asyncio

import pytest

from networks.pace import CATCH_UP, LONGEST_WAIT, Pace


class Time:
    """Seconds that pass when somebody sleeps."""

    def __init__(self):
        self.now = 100.0
        self.during = None

    async def sleep(self, seconds):
        if self.during is not None:
            during, self.during = self.during, None
            during()
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def pace(time):
    return Pace(10, now=lambda: time.now, sleep=time.sleep)


async def test_turns_are_as_far_apart_as_the_rate_says(pace, time):
    at = []
    for chat in range(30):
        await pace.turn(str(chat))
        at.append(time.now)
    assert at[-1] - at[0] == pytest.approx(2.9)


async def test_who_waits_is_served_in_order(pace, time):
    order = []

    async def wait(chat):
        await pace.turn(chat)
        order.append(chat)

    await asyncio.gather(*(wait(chat) for chat in "abcde"))
    assert order == list("abcde")


async def test_what_a_busy_moment_lost_is_made_up_for_but_no_more(pace, time):
    await pace.turn("a")
    time.now += 60
    start, n = time.now, 0
    while time.now == start:
        await pace.turn(f"b{n}")
        n += 1
    assert n - 1 <= CATCH_UP * 10 + 1


async def test_complaint_16_an_answer_goes_at_once_and_the_broadcast_gives_way_even_as_it_waits(pace, time):
    await pace.turn("a")
    before = time.now
    time.during = lambda: [pace.took(f"p{n}") for n in range(5)]  # five answers while the broadcast waits for its turn
    await pace.turn("b")
    assert time.now - before == pytest.approx(0.6)


async def test_one_chat_is_written_to_once_a_second(pace, time):
    pace.took("a")  # an answer
    before = time.now
    await pace.turn("a")
    assert time.now - before == pytest.approx(1.0)


async def test_who_waits_for_their_own_second_holds_up_nobody(pace, time):
    pace.took("a")
    order = []

    async def wait(chat):
        await pace.turn(chat)
        order.append(chat)

    await asyncio.gather(wait("a"), wait("b"))
    assert order == ["b", "a"]


async def test_a_flood_wait_holds_broadcasts_and_answers(pace, time):
    pace.flood(7)
    before = time.now
    await pace.turn("a")
    assert time.now - before == pytest.approx(7)
    pace.flood(5)
    before = time.now
    await pace.flood_over()
    assert time.now - before == pytest.approx(5)


async def test_an_answer_does_not_wait_longer_than_a_person_does(pace, time):
    pace.flood(LONGEST_WAIT + 1)
    before = time.now
    await pace.flood_over()
    assert time.now == before


async def test_a_halt_is_none_of_the_answers_business(pace, time):
    pace.halt(60)
    before = time.now
    await pace.flood_over()
    assert time.now == before


async def test_a_turn_that_is_not_needed_is_given_back(pace, time):
    await pace.turn("a")
    pace.give_back()
    before = time.now
    await pace.turn("b")
    assert time.now == before


async def test_it_remembers_no_chat_for_longer_than_a_second(pace, time):
    for chat in range(1_000):
        await pace.turn(str(chat))
    assert len(pace._written) <= 11
