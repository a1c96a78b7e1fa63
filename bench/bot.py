"""How many updates and messages the bot handles each second, beside python-telegram-bot and aiogram; the stand-in is a process.

Each side runs in a fresh process, on one core where there are two, with the stand-in on the other; the sides take turns.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.rows import Row, Say, row

ROOT = Path(__file__).parent.parent
AIOGRAM = ROOT / ".venv" / "bench" / "bin" / "python"
UPDATES = 5_000
ROUNDS = 3  # of each side; the median counts
PEOPLE = 100_000  # of the broadcast without a limit
PEER_PEOPLE = 3_000  # of python-telegram-bot's own; its rate counts
DELAY = 0.03  # seconds until the stand-in answers a message
PACED = 2_200  # people of the broadcast at Telegram's rates: 75 seconds
FLOODS = 2  # 429s that the stand-in throws in
WITHIN = 900  # seconds


def run(say: Say = lambda _: None) -> list[Row]:
    """Updates and messages a second, megabytes, milliseconds."""
    with _stub() as host:
        return [*_updates(host, say), *_fast(host, say), *_paced(host, say)]


def _updates(host: str, say: Say) -> list[Row]:
    rates: dict[str, list[float]] = {"updates": [], "echo": [], "aiogram": []}
    for turn in range(1, ROUNDS + 1):
        for case, found in rates.items():
            say(f"bot: {UPDATES:,} updates, {case}, round {turn} of {ROUNDS}")
            found.append(_rate(host, case))
    ours, echo, aiogram = (statistics.median(found) for found in rates.values())
    what = "bot: updates a second, each with reads, a write and an answer"
    return [
        row(what, round(ours), "/s", f"python-telegram-bot's bare echo on the same HTTP client: {echo:.0f}/s"),
        row(f"{what}, times that echo", round(ours / echo, 2), "x", "no database", ">= 0.6 x", ours / echo >= 0.6),
        row(f"{what}, times aiogram's echo", round(ours / aiogram, 2), "x", f"{aiogram:.0f}/s, no database", ">= 1 x", ours >= aiogram),
    ]  # fmt: skip


def _rate(host: str, case: str) -> float:
    _ask(host, "reset", updates=UPDATES)
    alone = [str(AIOGRAM), str(ROOT / "bench" / "echo_aiogram.py"), host]
    command = alone if case == "aiogram" else _side(case, host, 2_000)
    with TemporaryDirectory() as folder, _process(command, folder) as bot:
        assert bot.stdout is not None and bot.stdin is not None
        assert bot.stdout.readline() == b"runs\n", case
        bot.stdin.write(b"go\n")
        bot.stdin.flush()
        end = time.monotonic() + WITHIN
        while (seen := _ask(host, "stats"))["answers"] < UPDATES:
            assert time.monotonic() < end and bot.poll() is None, f"{case} stopped at {seen['answers']} answers"
            time.sleep(0.1)
        bot.kill()
    return float(UPDATES / seen["seconds"])


def _fast(host: str, say: Say) -> list[Row]:
    say(f"bot: a broadcast to {PEER_PEOPLE:,}, python-telegram-bot's default client")
    _ask(host, "reset", delay=DELAY)
    peer = PEER_PEOPLE / _run("plain", host, PEER_PEOPLE)["seconds"]
    say(f"bot: a broadcast to {PEOPLE:,}")
    _ask(host, "reset", delay=DELAY, tap_every=0.5)
    ours = _run("fast", host, PEOPLE)
    seen = _ask(host, "stats")
    rate, wrong = PEOPLE / ours["seconds"], _wrong(seen, ours["rows"], PEOPLE)
    what = f"bot: a broadcast to {PEOPLE:,} people, the stand-in answers after {DELAY * 1000:.0f} ms"
    return [
        row(what, round(rate), "/s", "a handout written before and after each", ">= 1000/s", rate >= 1000),
        row(f"{what}, times a plain loop", round(rate / peer, 1), "x", f"python-telegram-bot's default client, no rows: {peer:.0f}/s", ">= 3 x", rate >= 3 * peer),
        row(f"{what}, lost, doubled or with a wrong row", wrong, "people", "the stand-in's ledger", "0", wrong == 0),
        row(f"{what}, memory", round(ours["growth"], 1), "MB", "before the first message", "<= 50 MB", ours["growth"] <= 50),
        row(f"{what}, answer to a tap meanwhile, p99", round(_p99(seen["waits"]) * 1000), "ms", f"{len(seen['waits'])} taps"),
    ]  # fmt: skip


def _paced(host: str, say: Say) -> list[Row]:
    say(f"bot: a broadcast to {PACED:,} at Telegram's rates")
    _ask(host, "reset", delay=DELAY, per_second=30, floods=FLOODS, tap_every=0.25)
    ours = _run("paced", host, PACED)
    seen = _ask(host, "stats")
    # Sustained: behind the last flood wait, and each answer to a person is a message too.
    times = seen["times"][100 * FLOODS + 1 :]
    answers = len(seen["waits"]) * (times[-1] - times[0]) / (seen["times"][-1] - seen["times"][0])
    rate = (len(times) - 1 + answers) / (times[-1] - times[0])
    wrong, p99 = _wrong(seen, ours["rows"], PACED), _p99(seen["waits"])
    what = "bot: a broadcast where the stand-in takes 30 messages a second"
    return [
        row(what, round(rate, 2), "/s", f"answers to people included; behind {FLOODS} flood waits", ">= 29/s", rate >= 29),
        row(f"{what}, 429s", seen["refused"], "times", f"beside {seen['injected']} injected and {seen['crossed']} on their way meanwhile", "0", not seen["refused"]),
        row(f"{what}, lost, doubled or with a wrong row", wrong, "people", "the stand-in's ledger", "0", wrong == 0),
        row(f"{what}, answer to a tap meanwhile, p99", round(p99 * 1000), "ms", f"{len(seen['waits'])} taps", "<= 300 ms", p99 <= 0.3),
    ]  # fmt: skip


def _wrong(seen: Mapping[str, Any], rows: Mapping[str, int], people: int) -> int:
    return abs(people - int(seen["people"])) + int(seen["doubled"]) + abs(people - rows.get("sent", 0))


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[98] if len(seconds) > 1 else float("inf")


def _side(case: str, host: str, number: int) -> list[str]:
    return [sys.executable, "-m", "bench.bot_side", case, host, str(number)]


def _run(case: str, host: str, number: int) -> Any:
    with TemporaryDirectory() as folder, _process(_side(case, host, number), folder) as side:
        said, _ = side.communicate(timeout=WITHIN)
        assert side.returncode == 0, case
        return json.loads(said)


@contextlib.contextmanager
def _process(
    command: Sequence[str], folder: str | None = None, *, stub: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A process on the first core, the stub on the last; ended with the block."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, **pipes)  # type: ignore[call-overload]
    if len(cores) > 1:
        os.sched_setaffinity(process.pid, {cores[-1 if stub else 0]})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _stub() -> Iterator[str]:
    with _process([sys.executable, str(ROOT / "bench" / "telegram_stub.py")], stub=True) as stub:
        assert stub.stdout is not None
        yield f"http://127.0.0.1:{int(stub.stdout.readline())}"


def _ask(host: str, what: str, **told: float) -> Any:
    query = "&".join(f"{name}={value}" for name, value in told.items())
    with urllib.request.urlopen(f"{host}/{what}?{query}", timeout=60) as answer:  # noqa: S310 - the stub on this machine
        return json.loads(answer.read())
