"""The large database of the benchmarks: the same numbers give the same rows, and its counts are those of its acts."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.large import Size, fill

NOW = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
SMALL = Size(400, 80, 5_000)


def _ask(file: Path, query: str) -> list[tuple]:
    with sqlite3.connect(file) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    return rows


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("large") / "one.sqlite3"
    fill(file, SMALL, now=NOW)
    return file


@pytest.mark.parametrize(
    ("counts", "of_acts"),
    [
        ("campaign_tally", "1 = 1"),
        ("campaign_hour", "1 = 1"),
        ("tally", "supporter_id IS NOT NULL"),
        ("post_tally", "post_id IS NOT NULL"),
        ("post_hour", "post_id IS NOT NULL"),
        ("(SELECT * FROM territory_tally WHERE span = 'day')", "territory_id IS NOT NULL"),
        ("(SELECT * FROM territory_tally WHERE span = 'month')", "territory_id IS NOT NULL"),
    ],
)
def test_its_counts_are_those_of_its_acts(filled: Path, counts: str, of_acts: str) -> None:
    acts = _ask(
        filled,
        "SELECT kind, count(*) FROM engagement LEFT JOIN participation USING (supporter_id) "
        f"WHERE {of_acts} GROUP BY 1 ORDER BY 1",
    )
    assert _ask(filled, f"SELECT kind, sum(count) FROM {counts} GROUP BY 1 ORDER BY 1") == acts
    assert _ask(filled, "SELECT count(*) FROM engagement") == [(SMALL.engagements,)]


def test_it_refers_to_nothing_that_is_not_there_and_comes_out_the_same_again(filled: Path, tmp_path: Path) -> None:
    assert _ask(filled, "PRAGMA foreign_key_check") == []
    fill(tmp_path / "two.sqlite3", SMALL, now=NOW)
    for table in ("engagement", "publication", "post", "participation"):
        query = f"SELECT * FROM {table} ORDER BY 1"
        assert _ask(filled, query) == _ask(tmp_path / "two.sqlite3", query)
    with pytest.raises(FileExistsError):
        fill(filled, SMALL, now=NOW)
