"""Share links and the badge's page by two web processes behind nginx, as docs/deploy shows it, beside one process behind it.

What counts is the time of a processor that the web processes spend on a request: the rest of this machine is shared by the
server of PostgreSQL, nginx and those who visit. As many visit at once for each process: the more there are, the more visits
share a transaction, so that a process with half of them spends more on each, alone or not. What two spend on the visitors of
one stands beside it. All are visited in turns, since a machine changes its pace, and the middle one of the turns counts: one
that another machine of the same host disturbed says nothing. In the end one of the two is killed under load, and comes back.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import redirect_side
from bench.ground import Ground, ask, settings_of, standing
from bench.programs import Program, with_role
from bench.rows import Row, Say, row
from campaigns.database import Database
from tests.conftest import free_port
from tests.nginx import NAME, Nginx

TURNS, SECONDS = 11, 3.0  # turns of each, of so many seconds
VISITORS = 64  # at once, for each process
LOADS = {
    "one": (1, VISITORS),
    "two": (2, 2 * VISITORS),
    "two, with the visitors of one": (2, VISITORS),
}  # processes, visitors
AROUND, WITHIN = (
    3.0,
    300.0,
)  # seconds of visits before a process is killed, until it is started again, and behind that; of all
CROWD = Path(__file__).with_name("scale_crowd.py")
MOST = 1.15  # times the CPU of one process alone
CASES = {"/s/{token}": "302", "/badge": "200"}  # and how they are answered


@dataclass
class Site:
    """nginx and what lies behind it."""

    nginx: Nginx
    url: str
    settings: list[dict[str, str]]
    processes: list[Program]
    tokens: list[str]

    def paths(self, *cases: str) -> list[str]:
        links = [f"/s/{token}" for token in self.tokens]
        return [path for link in links for path in (link if case == "/s/{token}" else case for case in cases)]


def run(say: Say = lambda _: None, *, seconds: float = SECONDS) -> list[Row]:
    """CPU milliseconds of a request, and requests that were lost."""
    return asyncio.run(_run(say, seconds))


async def _run(say: Say, seconds: float) -> list[Row]:
    costs: dict[str, list[list[Cost]]] = {case: [] for case in CASES}  # of each turn, in the order of LOADS
    with standing() as ground:
        async with _site(ground, 1) as alone, _site(ground, 2) as pair:
            sites = {1: alone, 2: pair}
            for site in sites.values():
                await _visit(site, site.paths(*CASES), 2.0)  # the first pages are made, and the connections opened
            for case, status in CASES.items():
                say(f"pages: {case} by one web process behind nginx, and by two")
                for turn in range(TURNS):
                    took = {}
                    for load in LOADS if turn % 2 else reversed(LOADS):
                        number, visitors = LOADS[load]
                        took[load] = await _cost(sites[number], case, status, seconds, visitors)
                    costs[case].append([took[load] for load in LOADS])
            say("pages: one of two is killed, and comes back")
            answers, lost = await _kill_one(pair)
    rows = []
    for case in CASES:
        one, two, shared = (median(cost.each for cost in turns) for turns in zip(*costs[case], strict=True))
        alone_rate, rate, _ = (
            median(cost.answers / seconds for cost in turns) for turns in zip(*costs[case], strict=True)
        )
        ratio, between = (median(turn[which].each / turn[0].each for turn in costs[case]) for which in (1, 2))
        against = (
            f"{two:.3f} ms, of one process {one:.3f} ms, {VISITORS} visitors at once for each; {rate:.0f}/s and {alone_rate:.0f}/s on a machine that"
            f" they share with nginx, server and visitors; {VISITORS} between the two: {shared:.3f} ms, {between:.2f}x"
        )
        rows.append(row(f"pages: {case}, CPU of a request by two web processes behind nginx, times one", round(ratio, 2), "x", against, f"<= {MOST} x", ratio <= MOST))  # fmt: skip
    said = ", ".join(f"{number:,} x {status}" for status, number in sorted(answers.items()))
    rows.append(row("pages: lost while one of two is killed by kill -9 and comes back", lost, "requests", f"{said}; and each visit is counted", "0", lost == 0))  # fmt: skip
    return rows


@asynccontextmanager
async def _site(ground: Ground, number: int) -> AsyncIterator[Site]:
    """So many web processes, each with a data folder of its own, as on another machine."""
    url, folder = ground.store()
    database = Database(url)
    tokens = await redirect_side.fill(database)
    await database.close()
    ports = [free_port() for _ in range(number)]
    nginx = Nginx(folder / "nginx", free_port(), free_port(), *(ports * 2)[:2])
    settings = []
    for port in ports:
        (own := folder / str(port)).mkdir()
        settings.append(settings_of(url, own, PORT=str(port), PUBLIC_URL=nginx.site, BOT_TOKEN=""))
    site = Site(nginx, url, settings, [with_role(each, "web") for each in settings], tokens)
    try:
        for process in site.processes:
            await asyncio.to_thread(process.runs)
        await nginx.start()
        yield site
    finally:
        await nginx.stop()
        for process in site.processes:
            process.stop()


class Cost(NamedTuple):
    cpu: float  # seconds of all web processes
    answers: int

    @property
    def each(self) -> float:
        """Milliseconds of one answer."""
        return self.cpu / self.answers * 1000


async def _cost(site: Site, case: str, status: str, seconds: float, visitors: int) -> Cost:
    before = sum(each.cpu for each in site.processes)
    answers = await _visit(site, site.paths(case), seconds, visitors)
    assert answers.keys() == {status}, answers
    return Cost(sum(each.cpu for each in site.processes) - before, answers.total())


async def _visit(site: Site, paths: Sequence[str], seconds: float, visitors: int = VISITORS) -> Counter[str]:
    """How many answers of each status came."""
    return await _answers(await _crowd(site, paths, seconds, visitors))


async def _crowd(
    site: Site, paths: Sequence[str], seconds: float, visitors: int = VISITORS
) -> asyncio.subprocess.Process:
    authority = site.nginx.folder / "authority.pem"
    command = [str(CROWD), str(site.nginx.port), str(seconds), str(visitors), str(authority), NAME]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    crowd = await asyncio.create_subprocess_exec(sys.executable, *command, **pipes)  # type: ignore[arg-type]
    assert crowd.stdin is not None
    crowd.stdin.write("\n".join(paths).encode())
    crowd.stdin.write_eof()
    return crowd


async def _answers(crowd: asyncio.subprocess.Process) -> Counter[str]:
    assert crowd.stdout is not None
    said = await crowd.stdout.read()
    await crowd.wait()
    return Counter(json.loads(said))


async def _kill_one(site: Site) -> tuple[Counter[str], int]:
    """What came while a process was killed and started again; and how much of it was lost, or not counted."""
    counted = "SELECT count(*) FROM click"
    before = int(ask(site.url, counted)[0][0])
    crowd = await _crowd(site, site.paths(*CASES), WITHIN)
    await asyncio.sleep(AROUND)
    site.processes[0].kill()
    await asyncio.sleep(AROUND)
    site.processes[0] = with_role(site.settings[0], "web")
    await asyncio.to_thread(site.processes[0].runs)
    await asyncio.sleep(AROUND)
    crowd.terminate()
    answers = await _answers(crowd)
    visits = int(ask(site.url, counted)[0][0]) - before
    other = answers.total() - sum(answers[status] for status in CASES.values())
    return answers, other + abs(visits - answers["302"])
