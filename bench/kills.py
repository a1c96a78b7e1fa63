"""kill -9, two hundred times, in the midst of a queue with faults on: nothing goes out twice, nothing is lost.

The process that dies is `bench.kills_worker`: the program's own store, engine and Publisher on real HTTP, without bot
and pages. The whole program dies in the same storm in `tests/schedules/test_storm.py`.
"""

import asyncio
import signal
import statistics
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rows import Row, Say, row
from bench.storm import Figures, Storm
from sandbox.server import SandboxServer

KILLS = 200
POSTS = 500
SEED = 20_270_411
ROOT = Path(__file__).parent.parent


class Worker:
    """A bench.storm.Life."""

    def __init__(self, folder: Path, site: str) -> None:
        self._arguments = (str(folder), site)
        self._process: Process | None = None
        self._log = folder / "worker.log"

    async def start(self) -> None:
        with self._log.open("ab") as log:
            command = (sys.executable, "-m", "bench.kills_worker", *self._arguments)
            self._process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=log)
        assert self._process.stdout is not None
        said = await self._process.stdout.readline()
        assert said == b"runs\n", self._log.read_text("utf-8")[-2_000:]

    async def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()


def run(say: Say = lambda _: None, *, kills: int = KILLS, posts: int = POSTS) -> list[Row]:
    """Counts of what must not happen, and seconds of recovery."""
    say(f"kills: {kills} kills, {posts} publications, seed {SEED}")
    figures = asyncio.run(_storm(say, kills, posts))
    for line in (*figures.doubles, *figures.lost, *figures.wrong):
        say(f"kills: {line}")
    return _rows(figures, posts)


async def _storm(say: Say, kills: int, posts: int) -> Figures:
    with TemporaryDirectory() as name, SandboxServer() as server:
        async with server.client() as sandbox:
            storm = Storm(
                Path(name), sandbox, Worker(Path(name), server.url), seed=SEED, posts=posts, kills=kills, say=say
            )
            await storm.prepare()
            return await storm.rage()


def _rows(figures: Figures, posts: int) -> list[Row]:
    queue = f"a queue of {posts} publications on 5 channels, seed {SEED}"
    states = ", ".join(f"{number} {state}" for state, number in sorted(figures.states.items()))
    starts = figures.starts or [0.0]
    quiet = f"; {figures.quiet} while nothing was being sent" if figures.quiet else ""
    doubles, lost, wrong = len(figures.doubles), len(figures.lost), len(figures.wrong)
    return [
        row("kills: kill -9 with 429s, 500s, cuts and time-outs on", figures.kills, "kills", queue + quiet),
        row("kills: went out twice", doubles, "publications", "the stand-ins' own ledger", "0", not doubles),
        row("kills: lost", lost, "publications", f"each is out, or says why not: {states}", "0", not lost),
        row("kills: in a wrong state in the end", wrong, "publications", "each row against the ledger", "0", not wrong),
        row("kills: marked unknown", figures.unknown, "times", f"{figures.unknown_out} of them were in fact out"),
        row(
            "kills: from start to the first send after a kill, median",
            round(statistics.median(starts), 2),
            "s",
            f"the slowest {max(starts):.2f} s, the start of Python and its libraries included",
        ),
    ]
