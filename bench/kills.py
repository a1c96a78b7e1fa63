"""kill -9, two hundred times, in the midst of a queue with faults on: nothing goes out twice, nothing is lost.

The process that dies is `bench.kills_worker`: the program's own store, engine, Publisher and Settler on real HTTP,
without bot and pages. The whole program dies in the same storm in `tests/schedules/test_storm.py`.
"""

import asyncio
import multiprocessing
import statistics
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import kills_worker
from bench.rows import Row, Say, row
from bench.storm import Figures, Storm
from sandbox.server import SandboxServer

KILLS = 200
POSTS = 500
SEED = 20_270_411
PATIENCE = 3.0  # seconds; a first send takes less than one on an idle machine
START_WITHIN = 30.0  # seconds


class Worker:
    """A bench.storm.Life."""

    def __init__(self, folder: Path, site: str) -> None:
        self._folder, self._site = folder, site
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(kills_worker.PRELOADED)
        self._process: BaseProcess | None = None

    async def start(self) -> None:
        hears, says = self._context.Pipe(duplex=False)
        self._process = self._context.Process(target=kills_worker.live, args=(self._folder, self._site, says))
        self._process.start()
        says.close()  # so that a death is heard
        with hears:
            if not await asyncio.to_thread(hears.poll, START_WITHIN):
                raise RuntimeError(f"the worker did not start; {self._folder / 'worker.log'} may say why")
            hears.recv()

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await asyncio.to_thread(self._process.join)
        self._process.close()


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
            worker = Worker(Path(name), server.url)
            await worker.start()  # the first start loads the libraries, and would count as a slow one
            await worker.kill()
            storm = Storm(Path(name), sandbox, worker, seed=SEED, posts=posts, kills=kills, patience=PATIENCE, say=say)
            await storm.prepare()
            return await storm.rage()


def _rows(figures: Figures, posts: int) -> list[Row]:
    queue = f"a queue of {posts} publications on 5 channels of 4 networks, seed {SEED}"
    states = ", ".join(f"{number} {state}" for state, number in sorted(figures.states.items()))
    starts = figures.starts or [0.0]
    quiet = f"; {figures.quiet} while nothing was being sent" if figures.quiet else ""
    doubles, lost, wrong = len(figures.doubles), len(figures.lost), len(figures.wrong)
    unknown, by_hand = figures.unknown.total(), figures.by_hand.total()
    by_network = ", ".join(f"{network} {number}" for network, number in sorted(figures.unknown.items()))
    return [
        row("kills: kill -9 with 429s, 500s, cuts and time-outs on", figures.kills, "kills", queue + quiet),
        row("kills: went out twice", doubles, "publications", "the stand-ins' own ledger", "0", not doubles),
        row("kills: lost", lost, "publications", f"each is out, or says why not: {states}", "0", not lost),
        row("kills: in a wrong state in the end", wrong, "publications", "each row against the ledger", "0", not wrong),
        row("kills: marked unknown", unknown, "times", f"{figures.unknown_out.total()} were in fact out; {by_network}"),
        row(
            "kills: of those, settled by asking the network",
            unknown - by_hand,
            "times",
            f"{by_hand} by a human: Telegram cannot be asked, X does not forbid doubles",
        ),
        row(
            "kills: from start to the first send after a kill, median",
            round(statistics.median(starts), 2),
            "s",
            f"the slowest {max(starts):.2f} s; libraries are loaded already, the first tick comes after 0.5 s",
        ),
    ]
