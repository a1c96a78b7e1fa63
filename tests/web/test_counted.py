"""A count of many is kept for half a minute; a count of few is always as it is now."""

from datetime import UTC, datetime, timedelta

import pytest

from web.counted import KEPT, MANY, Counted

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("people", "later", "again"),
    [
        (MANY, timedelta(0), False),
        (MANY, KEPT - timedelta(seconds=1), False),
        (MANY, KEPT, True),  # too old to be told as now
        (MANY - 1, timedelta(0), True),  # few: counted each time
    ],
)
async def test_many_are_counted_once_in_half_a_minute(people: int, later: timedelta, again: bool) -> None:
    counted, asked = Counted(), []

    async def count() -> list[int]:
        asked.append(len(asked))
        return [people]

    assert await counted.of("all", NOW, count) == [people]
    assert await counted.of("all", NOW + later, count) == [people]
    assert len(asked) == 1 + again
    await counted.of("others", NOW + later, count)  # another key is another count
    assert len(asked) == 2 + again
