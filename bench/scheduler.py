"""What the scheduler costs, how late it is and how fast it starts; APScheduler's job-per-post beside it.

Each side runs in a fresh process; the sides take turns, so that a busy moment hits them alike. Both log warnings only.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.rows import Row, Say, row

DUE = 10_000  # posts due in the same second
ROUNDS = 3  # of each side; the median counts
LONE = 40  # posts, each alone: the p99 of so few is the slowest of them
FUTURE = 100_000  # posts
ROOT = Path(__file__).parent.parent


def run(say: Say = lambda _: None) -> list[Row]:
    """CPU milliseconds of a publication, jobs that APScheduler fires, seconds of lateness and of start-up."""
    return [*_costs(say), _lateness(say), _start_up(say)]


def _costs(say: Say) -> list[Row]:
    seconds: dict[str, list[float]] = {"ours": [], "jobs": [], "jobs-wal": []}
    for turn in range(1, ROUNDS + 1):
        for case, found in seconds.items():
            say(f"scheduler: {DUE:,} due in one second, {case}, round {turn} of {ROUNDS}")
            answer = _side(case, DUE)
            assert answer["done"] == DUE, answer
            found.append(answer["cpu"])
    ours, jobs, tuned = (statistics.median(found) / DUE * 1000 for found in seconds.values())
    say(f"scheduler: {DUE:,} due in one second, APScheduler at its defaults")
    fired = _side("jobs-defaults", DUE)["done"]
    return [
        row(
            f"scheduler: CPU per publication, {DUE:,} due in one second on 100 channels",
            round(ours, 3),
            "ms",
            f"APScheduler, a job per post in its SQLAlchemy store, no state kept: {jobs:.3f} ms",
            "less",
            ours < jobs,
        ),
        row(
            "scheduler: the same, beside that store tuned (WAL, synchronous=NORMAL)",
            round(ours / tuned, 2),
            "x",
            f"APScheduler, tuned: {tuned:.3f} ms",
            "< 1 x",
            ours < tuned,
        ),
        row(
            f"scheduler: of {DUE:,} jobs due in one second, APScheduler at its defaults fires",
            fired,
            "jobs",
            f"ours: {DUE:,} sent, once each, in order on each channel",
        ),
    ]


def _lateness(say: Say) -> Row:
    say(f"scheduler: lateness of {LONE} lone posts, about {LONE * 0.8:.0f} s")
    late = _side("lone", LONE)["late"]
    against = f"its moment; the median is {statistics.median(late):.2f} s"
    name = f"scheduler: lateness of a lone post on an idle program, p99 (the slowest of {LONE})"
    return row(name, round(max(late), 3), "s", against, "< 1 s", max(late) < 1)


def _start_up(say: Say) -> Row:
    seconds: dict[int, list[float]] = {0: [], FUTURE: []}
    with TemporaryDirectory() as empty, TemporaryDirectory() as full:
        folders = {0: Path(empty), FUTURE: Path(full)}
        say(f"scheduler: writing {FUTURE:,} future posts")
        for number, folder in folders.items():
            _side("fill", number, folder)
        for turn in range(1, ROUNDS + 1):
            for number, folder in folders.items():
                say(f"scheduler: start-up with {number:,} future posts, round {turn} of {ROUNDS}")
                seconds[number].append(_side("start", number, folder)["seconds"])
    none, many = (statistics.median(found) for found in seconds.values())
    name = f"scheduler: start-up with {FUTURE:,} future posts, more than with none"
    return row(name, round(many - none, 3), "s", f"with none {none:.3f} s", "< 2 s", many - none < 2)


def _side(case: str, number: int, folder: Path | None = None) -> Any:
    """What one side printed; it works in `folder`, or in one that is thrown away."""
    if folder is None:
        with TemporaryDirectory() as own:
            return _side(case, number, Path(own))
    command = [sys.executable, "-m", "bench.scheduler_side", case, str(number)]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)
