"""What users of other tools complain about most, each with a test whose name says so: `test_complaint_<number>_…`."""

import re
from pathlib import Path

import pytest

COMPLAINTS = {
    1: "a post goes out twice",
    2: "a post silently never goes out, and health says ok",
    3: "a deleted or moved post still goes out",
    4: "recurring posts burst after a pause",
    5: "clock change and time zones: an hour early, a skipped day",
    6: "a Telegram caption is shorter than a text",
    7: "character counts are wrong",
    10: "a token dies, reconnecting loses it",
    11: "errors that say nothing",
    13: "no CSV in or out",
    14: "stuck in “publishing”",
    15: "a broadcast cannot go on where it stopped",
    16: "a broadcast freezes the bot",
    17: "Telegram identities move",
}


@pytest.fixture(scope="module")
def named() -> set[int]:
    files = Path(__file__).parent.rglob("test_*.py")
    return {int(n) for file in files for n in re.findall(r"def test_complaint_(\d+)_", file.read_text("utf-8"))}


@pytest.mark.parametrize("number", COMPLAINTS, ids=lambda number: COMPLAINTS[number])
def test_each_complaint_has_a_test_that_names_it(named: set[int], number: int) -> None:
    assert number in named
