"""The badge page under a crowd: the real program in a process of its own, and real uploads of a 12-megapixel JPEG.

The plain form is what costs the server most: a JPEG, a PNG and a small picture for the wall from an unreduced photo.
"""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from bench.badges import as_phone, photo_like
from bench.rows import Row, Say, row
from web.workshop import AT_ONCE, WAITING

CROWD = 8  # uploads at the same time
ROUNDS = 3
SLOWEST = 5.0  # seconds
STORM = 40  # uploads at the same time: four times as many as there are places
MOST_MEMORY = 300  # MB over the idle process: two renders of 120 MB, and what the others hold of their uploads
BETWEEN_LOOKS = 0.01  # seconds between two looks at the memory
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    seconds: float
    retry_after: str | None


def run(say: Say = lambda _: None) -> list[Row]:
    """Seconds of the slowest request, megabytes over idle, and what a storm of uploads is told."""
    say("badge form: drawing a 12-megapixel photo")
    photo = as_phone(photo_like(4000, 3000))
    with TemporaryDirectory() as folder, _program(Path(folder)) as (address, process):
        return asyncio.run(_measure(address, process, photo, say))


async def _measure(address: str, process: psutil.Process, photo: bytes, say: Say) -> list[Row]:
    limits = httpx.Limits(max_connections=STORM)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        await _upload(client, photo)  # fonts and frame are drawn once
        idle = process.memory_info().rss
        watching = asyncio.create_task(_peak(process))
        crowd: list[Answer] = []
        for turn in range(1, ROUNDS + 1):
            say(f"badge form: {CROWD} uploads at once, round {turn} of {ROUNDS}")
            crowd += await _uploads(client, photo, CROWD)
        say(f"badge form: {STORM} uploads at once")
        storm = await _uploads(client, photo, STORM)
        after = await _upload(client, photo)
        watching.cancel()
        peak = (await asyncio.gather(watching, return_exceptions=True))[0]
    return _rows(crowd, storm, after, (peak if isinstance(peak, int) else process.memory_info().rss) - idle, idle)


def _rows(crowd: list[Answer], storm: list[Answer], after: Answer, memory: int, idle: int) -> list[Row]:
    slowest, middle = max(each.seconds for each in crowd), sorted(each.seconds for each in crowd)[len(crowd) // 2]
    all_made = all(each.status == 200 for each in crowd)
    told = [each for each in storm if each.status == 503 and each.retry_after]
    made = [each for each in storm if each.status == 200]
    statuses = ", ".join(f"{count} x {status}" for status, count in Counter(each.status for each in storm).items())
    holds = bool(told) and len(told) + len(made) == STORM and len(made) >= AT_ONCE + WAITING and after.status == 200
    megabytes = memory / 1_000_000
    return [
        row(
            f"badge form: slowest of {CROWD} concurrent uploads of a 12-megapixel JPEG",
            round(slowest, 2),
            "s",
            f"median {middle:.2f} s; {ROUNDS} rounds, all made" if all_made else "not all were made",
            f"< {SLOWEST:g} s",
            all_made and slowest < SLOWEST,
        ),
        row(
            f"badge form: peak memory over the idle process, with {STORM} uploads at once",
            round(megabytes),
            "MB",
            f"idle {idle / 1_000_000:.0f} MB",
            f"<= {MOST_MEMORY} MB",
            megabytes <= MOST_MEMORY,
        ),
        row(
            f"badge form: of {STORM} uploads at once, sent away with 503 and Retry-After",
            len(told),
            "uploads",
            f"{statuses}; the next one: {after.status}",
            "the others are made",
            holds,
        ),
    ]


async def _uploads(client: httpx.AsyncClient, photo: bytes, number: int) -> list[Answer]:
    return list(await asyncio.gather(*(_upload(client, photo) for _ in range(number))))


async def _upload(client: httpx.AsyncClient, photo: bytes) -> Answer:
    data, files = {"frame": "ring", "name": "Camille Moreau"}, {"photo": ("me.jpg", photo, "image/jpeg")}
    start = time.perf_counter()
    answer = await client.post("/badge", data=data, files=files)
    return Answer(answer.status_code, time.perf_counter() - start, answer.headers.get("retry-after"))


async def _peak(process: psutil.Process) -> int:
    """The most bytes that the process held, until it is cancelled."""
    peak = 0
    try:
        while True:
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(BETWEEN_LOOKS)
    except asyncio.CancelledError:
        return peak


@contextmanager
def _program(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """`run_bot.py run` with one campaign and no bot, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTEVOIX_")}
    given = {"PORTEVOIX_DATA_DIR": str(folder), "PORTEVOIX_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    environment = clean | given | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    command = [sys.executable, str(ROOT / "run_bot.py")]
    campaign = [*command, "campaigns", "add", "La Région respire", "--slogan", "Ensemble, la région respire"]
    subprocess.run(campaign, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    started = subprocess.Popen(
        [*command, "run"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert started.stdout is not None
        lines = iter(started.stdout.readline, "")
        assert any(re.search("runs at", line) for line in lines), "the program did not start"
        yield f"http://127.0.0.1:{port}", psutil.Process(started.pid)
    finally:
        started.terminate()
        started.wait(timeout=30)
