"""How long each page of the console takes with a large campaign in SQLite, and the overview beside an empty one's.

The pages are found by walking the app's routes; what stands in their addresses is the newest row of its kind. They are asked
over HTTP, one after the other, by an admin who is signed in.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx

from bench.large import EMAIL, PASSWORD, Size
from bench.rows import Row, Say, row

ROOT = Path(__file__).parent.parent
TIMES = 20  # each page
MOST = 200.0  # milliseconds, at the 95th of a hundred
BESIDE_EMPTY = 3.0


def run(say: Say = lambda _: None) -> list[Row]:
    """Milliseconds a page."""
    size = Size()
    with TemporaryDirectory() as folder:
        say("console: the large database is written, which takes minutes")
        with _served(Path(folder) / "large", size) as (address, pages):
            asked = dict(_asked(address, pages, say))
        with _served(Path(folder) / "empty", Size(0, 0, 0)) as (address, pages):
            empty = dict(_asked(address, [page for page in pages if page[0] == OVERVIEW], say))
    first = max((times[0], path) for path, times in asked.items())  # before templates and counts are in memory
    taken, empty = ({path: times[1:] for path, times in each.items()} for each in (asked, empty))
    slow = {path: statistics.quantiles(times, n=20)[18] for path, times in taken.items()}
    path, worst = max(slow.items(), key=lambda page: page[1])
    large, small = (statistics.median(times[OVERVIEW]) for times in (taken, empty))
    what = f"{size.supporters:,} supporters, {size.posts:,} posts and {size.engagements:,} acts"
    return [
        row("console: the slowest page, p95", round(worst, 1), "ms", f"{path}; {len(slow)} pages with {what}; the median of them takes {statistics.median(slow.values()):.0f} ms, the slowest first view {first[0]:.0f} ms ({first[1]})", f"<= {MOST:.0f} ms", worst <= MOST),
        row("console: the overview, times that of an empty database", round(large / small, 2), "x", f"{large:.0f} ms beside {small:.0f} ms", f"<= {BESIDE_EMPTY:.0f} x", large <= BESIDE_EMPTY * small),
    ]  # fmt: skip


OVERVIEW = "/console/c/{slug}"


def _asked(address: str, pages: list[tuple[str, str]], say: Say) -> Iterator[tuple[str, list[float]]]:
    """Of each page that is HTML, how long it took each time, in milliseconds; the first time apart from the others."""
    with httpx.Client(base_url=address, timeout=60, follow_redirects=False) as client:
        door = client.get("/console/login").text
        csrf = door.partition('name="csrf" value="')[2].partition('"')[0]
        answer = client.post("/console/login", data={"csrf": csrf, "email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 303, answer.status_code
        for path, url in pages:
            say(f"console: {path}")
            start = perf_counter()
            with client.stream("GET", url) as first:
                if not first.headers.get("content-type", "").startswith("text/html") or first.status_code == 409:
                    continue  # 409: the page of an installation without a campaign
                assert first.status_code == 200, (path, first.status_code)
                first.read()
            cold = (perf_counter() - start) * 1000
            yield path, [cold, *(_timed(client, url) for _ in range(TIMES))]


def _timed(client: httpx.Client, url: str) -> float:
    start = perf_counter()
    client.get(url)
    return (perf_counter() - start) * 1000


@contextmanager
def _served(folder: Path, size: Size) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The address of a server of its own, and its pages: each route with an address that stands for it."""
    folder.mkdir()
    words = [str(number) for number in (size.supporters, size.posts, size.engagements)]
    side = subprocess.Popen([sys.executable, "-m", "bench.console_side", str(folder), *words], cwd=ROOT, stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert side.stdout is not None
        told = json.loads(side.stdout.readline())
        yield f"http://127.0.0.1:{told['port']}", [tuple(page) for page in told["pages"]]
    finally:
        side.kill()
        side.wait()
