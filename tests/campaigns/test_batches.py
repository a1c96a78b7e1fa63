"""Group commit: each writer gets its own answers, after the commit that holds them."""

import asyncio

import pytest
from sqlmodel import select

from campaigns.batches import LARGEST_BATCH, BatchReader, BatchWriter
from campaigns.models import Campaign


class Adder:
    """Applies batches by adding campaigns; remembers the size of each, and fails where a name says so."""

    def __init__(self, clock):
        self.clock = clock
        self.sizes = []
        self.began = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, session, names):
        self.sizes.append(len(names))
        self.began.set()
        await self.gate.wait()
        session.add_all(Campaign(slug=name, name=name, created_at=self.clock()) for name in names)
        await session.flush()
        if "bad" in names:
            raise ValueError("bad")
        return [name.upper() for name in names]


@pytest.fixture
def adder(clock):
    return Adder(clock)


@pytest.fixture
def writer(database, adder):
    return BatchWriter(database, adder)


async def _names(database):
    async with database.read() as session:
        return sorted(await session.scalars(select(Campaign.name)))


async def test_every_writer_gets_its_own_results_in_their_order(database, writer, adder):
    answers = await asyncio.gather(*(writer.write([f"{n}a", f"{n}b"]) for n in range(50)))
    assert [list(answer) for answer in answers] == [[f"{n}A", f"{n}B"] for n in range(50)]
    assert len(await _names(database)) == 100
    assert len(adder.sizes) < 10  # a hundred rows, a handful of commits


async def test_it_answers_after_the_commit(database, writer):
    await writer.write(["un"])
    assert await _names(database) == ["un"]


async def test_who_writes_alone_does_not_wait_for_more_to_gather(database, adder):
    writer = BatchWriter(database, adder, gather=3600)
    for name in ("un", "deux", "trois"):
        assert await writer.write([name]) == [name.upper()]


async def test_after_a_batch_of_many_the_next_gathers(database, adder, monkeypatch):
    """What is written while it waits goes out together."""
    waited = asyncio.Event()

    async def wait(seconds):
        assert seconds == 3600
        await waited.wait()

    monkeypatch.setattr("campaigns.batches.asyncio.sleep", wait)
    writer = BatchWriter(database, adder, gather=3600)
    await asyncio.gather(*(writer.write([f"{n}"]) for n in range(20)))
    before = len(adder.sizes)
    one, two = asyncio.ensure_future(writer.write(["un"])), asyncio.ensure_future(writer.write(["deux"]))
    assert len(adder.sizes) == before
    waited.set()
    assert await asyncio.gather(one, two) == [["UN"], ["DEUX"]]
    assert adder.sizes[before:] == [2]


async def test_from_which_number_on_a_batch_is_of_many_may_be_said(database, adder, monkeypatch):
    waited = []

    async def wait(seconds):
        waited.append(len(adder.sizes))

    monkeypatch.setattr("campaigns.batches.asyncio.sleep", wait)
    writer = BatchWriter(database, adder, gather=3600, siblings=2)
    for count in (2, 3):
        await asyncio.gather(*(writer.write([f"{count}-{n}"]) for n in range(count)))
    assert adder.sizes == [2, 3] and waited == [2]


async def test_a_lone_writer_waits_for_nobody(writer, adder):
    assert list(await writer.write(["un"])) == ["UN"]
    assert list(await writer.write(["deux"])) == ["DEUX"]
    assert adder.sizes == [1, 1]


async def test_what_comes_while_a_batch_is_written_forms_the_next_one(writer, adder):
    adder.gate.clear()
    first = asyncio.create_task(writer.write(["un"]))
    await adder.began.wait()
    others = [asyncio.create_task(writer.write([str(n)])) for n in range(5)]
    await asyncio.sleep(0)
    assert adder.sizes == [1]
    adder.gate.set()
    await asyncio.gather(first, *others)
    assert adder.sizes == [1, 5]


async def test_an_error_reaches_each_writer_of_the_batch_and_commits_nothing(database, writer, adder):
    answers = await asyncio.gather(*(writer.write([name]) for name in ("un", "bad", "deux")), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError] * 3
    assert adder.sizes == [3]
    assert await _names(database) == []


async def test_the_writer_goes_on_after_an_error(database, writer):
    with pytest.raises(ValueError, match="bad"):
        await writer.write(["bad"])
    assert list(await writer.write(["un"])) == ["UN"]
    assert await _names(database) == ["un"]


async def test_a_writer_that_was_cancelled_does_not_stop_the_others(database, writer, adder):
    adder.gate.clear()
    tasks = [asyncio.create_task(writer.write([name])) for name in ("un", "deux")]
    await adder.began.wait()
    tasks[0].cancel()
    adder.gate.set()
    assert list(await tasks[1]) == ["DEUX"]
    assert tasks[0].cancelled()


async def test_a_batch_keeps_its_size_and_never_splits_what_one_writer_gave(writer, adder):
    large = LARGEST_BATCH * 2 // 3
    await asyncio.gather(*(writer.write([f"{w}-{n}" for n in range(large)]) for w in range(3)))
    assert adder.sizes == [large] * 3


async def test_nothing_to_write_is_answered_with_nothing(writer, adder):
    assert list(await writer.write([])) == []
    assert adder.sizes == []


async def test_readers_share_a_look_up_and_each_gets_their_own(database, campaign):
    asked = []

    async def find(session, keys):
        asked.append(sorted(keys))
        return {key: key * 2 for key in keys if key != 3}

    reader = BatchReader(database, find)
    assert await asyncio.gather(*(reader.read(key) for key in (1, 2, 2, 3))) == [2, 4, 4, None]
    assert asked == [[1, 2, 3]]


async def test_what_is_asked_for_while_a_look_up_is_under_way_is_looked_up_afterwards(database):
    """Else somebody could be told what was true before their own last step."""
    asked, begun, go = [], asyncio.Event(), asyncio.Event()

    async def find(session, keys):
        asked.append(list(keys))
        begun.set()
        await go.wait()
        return dict.fromkeys(keys, len(asked))

    reader = BatchReader(database, find)
    first = asyncio.create_task(reader.read("a"))
    await begun.wait()
    second = asyncio.create_task(reader.read("a"))
    await asyncio.sleep(0)
    go.set()
    assert (await first, await second) == (1, 2)


async def test_a_look_up_that_fails_is_told_to_each_and_the_next_works(database):
    answers = iter([RuntimeError("a bug"), {"a": 1}])

    async def find(session, keys):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    reader = BatchReader(database, find)
    with pytest.raises(RuntimeError):
        await reader.read("a")
    assert await reader.read("a") == 1


async def test_complaint_16_somebody_who_writes_without_end_lets_others_write(database):
    """The pool of connections alone would serve the one who asks first after each commit: always the same."""
    stop = asyncio.Event()

    async def write_without_end():
        while not stop.is_set():
            async with database.write():
                await asyncio.sleep(0)

    busy = asyncio.create_task(write_without_end())
    async with asyncio.timeout(5):
        for _ in range(5):
            async with database.write():
                pass
    stop.set()
    await busy
