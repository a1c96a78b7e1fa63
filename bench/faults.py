"""What dies under load, and how long it is until all goes on: a worker, the clock, PostgreSQL, a process of the pages, the network.

`python -m bench.faults [NAME ...]` runs some of them. Processes, server and stand-ins are real and their ends are kill -9;
the network is cut by Linux's own network namespaces, which want root.
"""

import asyncio
import contextlib
import sys
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench import faults_network
from bench.cluster import Cluster
from bench.faults_member import Member, free_port, until
from bench.faults_scene import CHANNELS, PEOPLE, SLUG, Scene, Verdict, opened
from bench.rows import Row, Say, row
from campaigns.models import Kind
from sandbox.defaults import PORTRAIT
from sandbox.server import SandboxServer
from tests.nginx import Nginx

WITHIN = 30.0  # seconds
AWAY = 10.0  # seconds that a server, a clock or a process of the pages stays away
MAKERS, TRIES = 2, 3  # who make badges, and how often the page's script asks for one
CUT = 30.0  # seconds of silence of the network
ENDED = 2.0  # seconds behind which a message that was in flight has come to its end


@contextlib.asynccontextmanager
async def _scene(*, apart: bool = False) -> AsyncIterator[Scene]:
    """A server, the stand-ins and a campaign; with `apart` on the addresses that a namespace reaches."""
    with TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        cluster = Cluster(address=faults_network.STORE if apart else "")
        try:
            cluster.start()
            with SandboxServer(host=faults_network.WORLD if apart else "127.0.0.1") as server:
                async with server.client() as sandbox, opened(folder, cluster, sandbox) as scene:
                    yield scene
        finally:
            cluster.remove()


async def _pages(scene: Scene) -> Callable[[], httpx.AsyncClient]:
    """A process of the pages; gives who visits it."""
    port = free_port()
    await scene.start("web", port=port)
    return lambda: httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)


async def worker() -> list[Row]:
    """kill -9 of a worker that has channels and the broadcast in hand, beside another one."""
    async with _scene() as scene:
        visitor = await _pages(scene)
        await scene.start("clock")
        victim = await scene.start("first", "worker")
        await scene.begin(60, visitor)
        await scene.start("second", "worker")
        await scene.until_out(50)
        had = await _kill_with_work(scene, victim)
        killed = time.monotonic()
        await scene.end()
        first = await scene.first_after(killed, {scene.chats[number] for number in had})
        people = await scene.first_after(killed, scene.people)
        slowest = max(first.values()) if len(first) == len(had) else float("inf")
        more = f"{len(had)} channels were its; the broadcast goes on behind {min(people.values(), default=0):.1f} s"
        return await _rows(scene, "kill -9 of a worker, until its channels go on elsewhere", slowest, more)


async def _kill_with_work(scene: Scene, victim: Member) -> set[int]:
    """Kill a worker when it has channels in hand; which ones."""
    await _works(scene)
    victim.pause()
    had = await scene.in_hand()
    await victim.kill()
    return had


async def _works(scene: Scene) -> set[int]:
    """Which channels the first process has in hand, as soon as it has any."""
    had: set[int] = set()

    async def has_work() -> bool:
        had.update(await scene.in_hand())
        return bool(had)

    await until(has_work)
    return had


async def clock() -> list[Row]:
    """kill -9 of the only clock, started again behind a while."""
    async with _scene() as scene:
        visitor = await _pages(scene)
        only = await scene.start("clock")
        await scene.start("worker")
        await scene.begin(40, visitor)
        await scene.until_out(100)
        await only.kill()
        await asyncio.sleep(AWAY)
        back = time.monotonic()
        await only.start()
        await scene.end()
        slowest = await _all_channels(scene, back)
        more = f"it was away {AWAY:.0f} s; counted from the start of its process, which loads for some seconds"
        return await _rows(scene, "kill -9 of the only clock, from its restart until all channels go on", slowest, more)


async def clocks() -> list[Row]:
    """kill -9 of the clock that leads, beside another one."""
    async with _scene() as scene:
        visitor = await _pages(scene)
        leader = await scene.start("clock")
        await leader.line("this clock leads")
        other = await scene.start("other", "clock")
        await scene.start("worker")
        await scene.begin(40, visitor)
        await scene.until_out(100)
        await leader.kill()
        killed = time.monotonic()
        leads = await other.line("this clock leads") - killed
        await scene.end()
        slowest = max(leads, await _all_channels(scene, killed))
        more = f"the other one leads behind {leads:.1f} s"
        return await _rows(scene, "kill -9 of the leading clock of two, until all channels go on", slowest, more)


async def store() -> list[Row]:
    """kill -9 of PostgreSQL and of all its processes, started again behind a while."""
    async with _scene() as scene:
        visitor = await _pages(scene)
        await scene.start("clock")
        for name in ("first", "second"):
            await scene.start(name, "worker")
        await scene.begin(60, visitor)
        await scene.until_out(100)
        scene.cluster.kill()
        await asyncio.sleep(AWAY)
        await asyncio.to_thread(scene.cluster.start)
        back = time.monotonic()
        async with visitor() as client:

            async def is_well() -> bool:
                return (await client.get("/healthz")).status_code == 200

            well = await until(is_well) - back
        await scene.end()
        slowest = max(well, await _all_channels(scene, back))
        more = f"it was away {AWAY:.0f} s; /healthz says ok behind {well:.1f} s"
        return await _rows(scene, "kill -9 of PostgreSQL, from its return until all channels go on", slowest, more)


async def pages() -> list[Row]:
    """kill -9 of one of two processes of the pages behind nginx, started again behind a while."""
    async with _scene() as scene:
        ports = free_port(), free_port()
        nginx = Nginx(scene.folder / "nginx", free_port(), free_port(), *ports)
        one = await scene.start("one", "web", port=ports[0])
        await scene.start("other", "web", port=ports[1])
        await scene.start("clock")
        await scene.start("worker")
        await nginx.start()
        try:
            badges = Badges(scene, nginx)
            await scene.begin(40, nginx.visitor)
            making = [asyncio.create_task(badges.make()) for _ in range(MAKERS)]
            await scene.until_out(100)
            await one.kill()
            await asyncio.sleep(AWAY)
            back, before = time.monotonic(), len(nginx.answered())
            await one.start()

            async def answers_again() -> bool:
                return ports[0] in {by[-1] for *_, by in nginx.answered()[before:] if by}

            answers = await until(answers_again) - back
            await scene.end()
            await asyncio.gather(*making)
        finally:
            await nginx.stop()
        what = "kill -9 of one of two web processes behind nginx"
        longest = scene.visits.longest
        more = f"the other one answers meanwhile; the killed one answers again {answers:.1f} s behind its restart"
        refused = sum(scene.visits.others.values()) + badges.refused
        counts = await scene.counts()
        kept = f"{scene.visits.asked} visits, {badges.made} badges, {badges.again} of them asked for once more, as the page's script does"
        counted = scene.visits.led_on <= counts[Kind.visit] and badges.made <= counts[Kind.badge_made]
        return [
            *await _rows(scene, f"{what}, the longest wait of a visitor", longest, more),
            row(f"faults: {what}: requests without an answer", refused, "requests", kept, "0", not refused and counted),
        ]


class Badges:
    """People who make badges all the time, as the script of the page does: what ends with its process is asked for again."""

    def __init__(self, scene: Scene, nginx: Nginx) -> None:
        self._scene, self._nginx = scene, nginx
        self.made = self.again = self.refused = 0

    async def make(self) -> None:
        photo = PORTRAIT.read_bytes()
        async with self._nginx.visitor() as client:
            page = await client.get(f"/c/{SLUG}/badge")
            frame = page.text.partition('name="frame" value="')[2].partition('"')[0]
            form = {"frame": frame, "name": "Zoé", "format": "square", "receipt": ""}
            while not self._scene.ended:
                for _try in range(TRIES):
                    answer = await client.post(
                        f"/c/{SLUG}/badge/picture", data=form, files={"photo": ("me.jpg", photo)}
                    )
                    if answer.status_code not in (502, 503, 504):
                        break
                    self.again += 1
                self.made += answer.status_code == 200
                self.refused += answer.status_code != 200


async def network() -> list[Row]:
    """A worker hears nothing of the store any more, nor the store of it; the rest of the world it reaches."""
    if not faults_network.allowed():
        return [
            row("faults: a cut network", 0, "times", "not measured: this system makes no network namespaces for us")
        ]
    with faults_network.laid():
        async with _scene(apart=True) as scene:
            visitor = await _pages(scene)
            await scene.start("clock")
            apart = scene.member("first", "worker", store=scene.cluster.url_over_the_network("faults"), inside=faults_network.INSIDE)  # fmt: skip
            await apart.start()
            await scene.begin(CUT + 60, visitor)
            await scene.start("second", "worker")
            await scene.until_out(50)
            had = await _works(scene)
            faults_network.cut()
            cut = time.monotonic()
            await asyncio.sleep(CUT)
            said = apart.said
            faults_network.mend()
            mended = time.monotonic()
            works = await apart.line("is out", after=said) - mended
            await scene.end()
            first = await scene.first_after(cut, {scene.chats[number] for number in had})
            slowest = max(first.values()) if len(first) == len(had) else float("inf")
            people = await scene.first_after(cut + ENDED, scene.people)  # what was in flight ends first
            goes_on = ENDED + min(people.values(), default=float("inf"))
            more = f"{len(had)} channels were its; the broadcast goes on behind {goes_on:.1f} s"
            again = f"the network was silent for {CUT:.0f} s, and reset nothing"
            return [
                *await _rows(scene, "a worker that the store does not hear, until its channels go on elsewhere", slowest, more),
                _recovery("the same worker, from the network's return until it publishes again", works, again),
            ]  # fmt: skip


async def _all_channels(scene: Scene, moment: float) -> float:
    """Seconds until each channel has published something since a moment."""
    first = await scene.first_after(moment, set(scene.chats.values()))
    return max(first.values()) if len(first) == CHANNELS else float("inf")


async def _rows(scene: Scene, what: str, seconds: float, more: str) -> list[Row]:
    found = await scene.judge()
    for line in (*found.lost, *found.doubled):
        sys.stderr.write(f"faults: {line}\n")
    return [_recovery(what, seconds, more), _kept(what.partition(",")[0], scene, found)]


def _recovery(what: str, seconds: float, more: str) -> Row:
    return row(f"faults: {what}", round(seconds, 1), "s", more, f"<= {WITHIN:.0f} s", seconds <= WITHIN)


def _kept(what: str, scene: Scene, found: Verdict) -> Row:
    wrong = len(found.lost) + len(found.doubled)
    refused = ", ".join(f"{number} {said}" for said, number in sorted(scene.visits.others.items()))
    visits = f"{scene.visits.led_on} visits led on and counted" + (f", {refused} told so" if refused else "")
    against = f"{found.publications} publications, {found.messages} messages, {found.unknown} of them marked unknown; {visits}"  # fmt: skip
    return row(f"faults: {what}: lost, or out twice", wrong, "times", against, "0", not wrong)


FAULTS: dict[str, Callable[[], Awaitable[list[Row]]]] = {
    "worker": worker,
    "clock": clock,
    "clocks": clocks,
    "store": store,
    "pages": pages,
    "network": network,
}


async def measure(say: Say, names: list[str]) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        say(f"faults: {name}, {CHANNELS} channels, {PEOPLE} people")
        try:
            rows += await FAULTS[name]()
        except Exception as error:  # the others took minutes, and hold
            traceback.print_exc()
            rows.append(row(f"faults: {name}: the scene broke off", 1, "times", repr(error), "0", False))
    return rows


def run(say: Say = lambda _: None, *names: str) -> list[Row]:
    """Seconds until all goes on, and counts of what must not happen."""
    return asyncio.run(measure(say, list(names or FAULTS)))


def main() -> int:
    rows = run(print, *sys.argv[1:])
    for each in rows:
        verdict = {True: "holds", False: "MISSED", None: ""}[each["holds"]]
        print(f"{each['name']}: {each['value']:g} {each['unit']} ({each['goal']}) {verdict}\n    {each['against']}")
    return 1 if any(each["holds"] is False for each in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
