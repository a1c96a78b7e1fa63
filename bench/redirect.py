"""How many people a share link leads on each second, beside a bare Starlette redirect that looks nothing up and counts nothing.

The bare one is served once by uvicorn alone, in Python, and once as the program is, on uvloop and httptools. Each side runs
in a fresh process on one core, those who follow links on the other; the sides take turns. Ours is killed under load in the
end, and its store is compared with who had been led on by then.
"""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench.rows import Row, Say, row

ROOT = Path(__file__).parent.parent
ROUNDS = 3  # of each side; the median counts
SECONDS = 6.0
CONNECTIONS = 64


def run(say: Say = lambda _: None) -> list[Row]:
    """Redirects a second, milliseconds."""
    found: dict[str, list[dict[str, Any]]] = {"ours": [], "bare": [], "plain": []}
    for turn in range(1, ROUNDS + 1):
        for case, runs in found.items():
            say(f"redirect: {case}, round {turn} of {ROUNDS}")
            runs.append(_follow(case))
    rates, cpu = ({case: statistics.median(each[what] for each in runs) for case, runs in found.items()} for what in ("rate", "cpu"))  # fmt: skip
    lost, doubled = (sum(each[what] for each in found["ours"]) for what in ("lost", "doubled"))
    waits = [wait for each in found["ours"] for wait in each["waits"]]
    p99 = statistics.quantiles(waits, n=100)[98] * 1000
    what = "redirect: share links followed each second, found and counted on disk before the answer"
    return [
        row(what, round(rates["ours"]), "/s", f"CPU of one: {cpu['ours']:.3f} ms"),
        row(f"{what}, times a bare Starlette redirect on uvicorn alone", round(rates["ours"] / rates["plain"], 2), "x", f"{rates['plain']:.0f}/s; CPU of one: {cpu['plain']:.3f} ms", ">= 0.6 x", rates["ours"] >= 0.6 * rates["plain"]),
        row(f"{what}, times a bare one on uvloop and httptools, as ours", round(rates["ours"] / rates["bare"], 2), "x", f"{rates['bare']:.0f}/s; CPU of one: {cpu['bare']:.3f} ms"),
        row(f"{what}, p99", round(p99, 1), "ms", f"{CONNECTIONS} at once"),
        row("redirect: led on and not in the store after kill -9 under load", lost, "visits", f"of {sum(each['led_on'] for each in found['ours']):,}, {ROUNDS} kills", "0", lost == 0),
        row("redirect: counts that differ from the visits in the store", doubled, "visits", "clicks, acts, and the three tallies", "0", doubled == 0),
    ]  # fmt: skip


def _follow(case: str) -> dict[str, Any]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    with TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.executable, "-m", "bench.redirect_side", case], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE)  # fmt: skip
        try:
            if len(cores) > 1:
                os.sched_setaffinity(server.pid, {cores[0]})
            assert server.stdout is not None
            port, *tokens = server.stdout.readline().decode().split()
            process = psutil.Process(server.pid)
            load = subprocess.Popen([sys.executable, str(ROOT / "bench" / "redirect_load.py"), port, str(SECONDS), str(CONNECTIONS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
            if len(cores) > 1:
                os.sched_setaffinity(load.pid, {cores[-1]})
            before = process.cpu_times()
            assert load.stdin is not None
            load.stdin.write("\n".join(tokens).encode())
            load.stdin.close()
            load.stdin = None
            try:
                load.wait(SECONDS * 0.9)
            except subprocess.TimeoutExpired:
                after = process.cpu_times()
            server.kill()  # in the middle of it
            said, _ = load.communicate(timeout=60)
        finally:
            server.kill()
            server.wait()
        seen = json.loads(said)
        spent = after.user + after.system - before.user - before.system
        lost, doubled = _missing(Path(folder), seen["led_on"]) if case == "ours" else (0, 0)
        assert not seen["other"], f"{seen['other']} were not led on"
        return {
            "rate": seen["led_on"] / (SECONDS * 0.9),
            "cpu": spent / seen["led_on"] * 1000,
            "led_on": seen["led_on"],
            "waits": seen["waits"],
            "lost": lost,
            "doubled": doubled,
        }


def _missing(folder: Path, led_on: int) -> tuple[int, int]:
    """How many who were led on are not in the store, and by how much what is counted differs from the visits there."""
    with sqlite3.connect(next(folder.glob("*.sqlite3"))) as store:
        clicks = store.execute("SELECT count(*) FROM click").fetchone()[0]
        counted = [
            store.execute("SELECT count(*) FROM engagement WHERE kind = 'visit'").fetchone()[0],
            *(store.execute(f"SELECT coalesce(sum(count), 0) FROM {table} WHERE kind = 'visit'").fetchone()[0] for table in ("tally", "post_tally", "campaign_tally")),  # noqa: S608 - our own tables
        ]  # fmt: skip
    return max(0, led_on - clicks), sum(abs(clicks - each) for each in counted)
