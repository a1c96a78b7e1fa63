"""10,000 updates that Telegram brings at once to two processes, which nginx stands before, on one PostgreSQL.

Telegram is the stand-in, which brings them as the real one does: 40 at a time, of a chat one after the other, and what is
not answered with 200 once more.
"""

import asyncio
import statistics
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.cluster import Cluster
from bench.rows import Row, Say, row
from campaigns.database import migrate
from sandbox.server import SandboxServer
from tests.burst import Burst, Seen
from tests.pair import behind_nginx

PEOPLE, EACH = 500, 20
GROWTH = 50  # megabytes that a process may grow by


def run(say: Say = lambda _: None) -> list[Row]:
    """Updates a second, milliseconds, megabytes, and what went wrong. Needs a PostgreSQL and nginx on this machine."""
    seen = asyncio.run(_burst(say))
    rate, wrong = PEOPLE * EACH / seen.seconds, len(seen.lost) + len(seen.doubled)
    what = f"webhook: {PEOPLE * EACH:,} updates at once, of {PEOPLE} people, to two processes"
    pages = f"{len(seen.waits)} visits of a share link and of /healthz"
    return [
        row(what, round(rate), "/s", "the stand-in's deliveries, nginx and PostgreSQL on the same machine"),
        row(f"{what}, lost, answered twice or out of order", wrong, "people", "the stand-in's ledger", "0", not wrong),
        row(f"{what}, memory", round(seen.growth, 1), "MB", "before the burst, of the process that grew most", f"<= {GROWTH} MB", seen.growth <= GROWTH),
        row(f"{what}, other requests refused meanwhile", len(seen.refused), "times", pages, "0", not seen.refused),
        row(f"{what}, another request meanwhile, p95", round(_p95(seen.waits) * 1000), "ms", pages),
    ]  # fmt: skip


async def _burst(say: Say) -> Seen:
    cluster = Cluster()
    try:
        cluster.start()
        cluster.run("CREATE DATABASE burst")
        migrate(cluster.url("burst"))
        with TemporaryDirectory() as folder, SandboxServer() as server:
            telegram = f"{server.url}/telegram"
            async with (
                behind_nginx(Path(folder), cluster.url("burst"), telegram) as (pair, _),
                server.client() as sandbox,
            ):
                await sandbox.rates(unlimited=True)
                await pair.start()
                burst = Burst(pair, sandbox)
                say(f"webhook: {PEOPLE} people join")
                await burst.prepare(PEOPLE)
                say(f"webhook: {PEOPLE * EACH:,} updates")
                return await burst.rage(EACH)
    finally:
        cluster.remove()


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[18] if len(seconds) > 1 else float("inf")


if __name__ == "__main__":
    for found in run(lambda what: print(what, flush=True)):
        print(f"{found['name']}: {found['value']} {found['unit']} ({found['against']}) {found['goal'] or ''}")
