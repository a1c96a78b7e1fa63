"""Where the work runs when it outgrows one process: clocks and workers on one store, as many of each as wanted.

Every clock puts a job in the queue for each channel that has something due, one for each file that an organizer asked for,
and one for the bot where people are to be written to; two that do so put one. Workers take the jobs out and do them by the
Publisher's own drain, and the rows are claimed as in one process. Files have a queue of their own, so that channels never
wait behind them, and a worker makes one at a time. The light works are done by one clock, which leads by a lock of the store: they look at rows
every few seconds, hardly cost anything, and remember what they looked at, which jobs that wander would forget.

A worker that dies leaves a beat that stops, a lease and a job. The clock that leads ends both, so that its channel goes on
elsewhere; what it was sending becomes `unknown`. One that only slept knows it before it sends anything more (Pulse),
leaves what it has in hand, and begins anew under another name.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker

from campaigns import file_requests, health, publications
from campaigns.database import Database
from campaigns.stores import STORE_AWAY, said_by
from campaigns.times import Clock
from schedules.engine import EngineProblem
from schedules.file_making import FileMaking
from schedules.heart import Heart
from schedules.jobs import ABREAST, CHANNELS, FILES, PEOPLE, SPEAKING, Jobs, living
from schedules.publishing import Publisher, say_left
from schedules.pulse import DEAD_AFTER, Pulse
from schedules.timetable import LEASES, TICK, Speaker, Timetable, Work, stop_all

log = logging.getLogger(__name__)

KEEP = 5.0  # seconds between two looks at whether this process still has its place, and may lead
LOOK = 3.0  # seconds between two beats of a worker, and two looks of who leads for workers that died
PAUSE = 2.0  # seconds until a worker that lost the queue begins anew
ALONE = "a Porte-voix without --role runs on this database; stop it, or set PORTEVOIX_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Works:
    """What is to be done, by where it may be done."""

    publisher: Publisher  # by workers, a channel each
    speakers: Sequence[Speaker]  # by one worker at a time
    light: Sequence[Work]  # by the clock that leads
    files: FileMaking | None = None  # by workers, one each at a time
    pulse: Pulse = field(default_factory=Pulse)  # of the worker; publisher and speakers send by it

    @property
    def leased(self) -> Sequence[Work]:
        """Those whose claims outlive a worker that dies."""
        return [self.publisher, *self.speakers, *([self.files] if self.files is not None else [])]


class ProcrastinateEngine:
    """The part of one process in the work of many; with neither `ticks` nor `drains`, it only keeps its place."""

    def __init__(self, database: Database, clock: Clock, works: Works, *, ticks: bool, drains: bool) -> None:
        self._database, self._clock, self._works = database, clock, works
        self._ticks, self._drains = ticks, drains
        self._jobs = Jobs(database.url, self._drain, self._speak, self._make)
        self._light = [Heart(database, clock, alone=False), *works.light] if ticks else []
        self._heart = Heart(database, clock, health.WORKER, alone=False)
        self._timetable = Timetable(self._light)
        self._place = asyncio.Event()  # while this process has its place among the others
        self._stopping = asyncio.Event()
        self._watch = _Watch(clock)
        self._workers: set[Worker] = set()
        self._working: list[asyncio.Task[None]] = []
        self._left_off = False  # the people who are left, to whoever takes their job next

    async def start(self) -> None:
        """Raises EngineProblem where an engine is alone on the store."""
        if not await self._database.takes_part():
            raise EngineProblem(ALONE)
        if self._ticks or self._drains:
            await self._jobs.open()
        self._timetable.rests = True
        await self._keep_place()
        self._timetable.every(KEEP, self._keep_place, always=True)
        if self._ticks:
            self._timetable.every(TICK, self._put_jobs, always=True)
            self._timetable.every(LOOK, self._bury)
            for work in self._works.leased:
                self._timetable.every(LEASES, self._ending_leases(work))
        if self._drains:
            self._timetable.every(TICK, self._heart.tick, always=True)
            queues = [CHANNELS, PEOPLE] if self._works.speakers else [CHANNELS]
            self._working.append(asyncio.create_task(self._work(queues, self._works.pulse, self._leave_off, ABREAST)))
            if self._works.files is not None:
                self._working.append(asyncio.create_task(self._work([FILES], Pulse(), lambda: None, 1)))
        self._timetable.start()

    async def stop(self) -> None:
        """What is in flight ends first; what waits in the queue is left to others."""
        await self._timetable.stop()
        self._stopping.set()
        self._place.set()
        self._stop_workers()
        await stop_all([self._heart, *self._light, *self._works.leased])
        await asyncio.gather(*self._working)
        await self._jobs.close()

    async def _keep_place(self) -> None:
        """A store that was away may come back to an engine that is alone first: then this process rests until that one ends."""
        has = await self._database.takes_part()
        if has != self._place.is_set():
            if has:
                self._place.set()
            else:
                self._place.clear()
                log.error("%s; meanwhile this process rests", ALONE)
                self._stop_workers()
        leads = has and self._ticks and await self._database.leads()
        if leads and self._timetable.rests:
            log.info("this clock leads")
            for work in self._light:
                await work.end_leases(every=True)  # nobody else does them: whoever had a claim is dead
        self._timetable.rests = not leads

    # The clock

    async def _put_jobs(self) -> None:
        if not self._place.is_set():
            return
        async with self._database.read() as session:
            channels = await publications.channels_with_work(session, self._clock())
            speak = [await speaker.is_due(session) for speaker in self._works.speakers]
            files = await file_requests.due(session, self._clock())
        if channels or any(speak) or files:
            await self._jobs.put(channels, speak=any(speak), files=files)

    async def _bury(self) -> None:
        """Give back what dead workers hold, once the store has answered for so long that the living could beat."""
        async with self._database.read() as session:
            at_work = await publications.leasing(session) | await file_requests.makers(session)
            dead = at_work - await living(session)
        self._watch.answered()
        if not self._watch.long_enough():
            return
        if dead:
            log.warning("%s died; what it had goes on elsewhere", ", ".join(sorted(dead)))
            async with self._database.write() as session:
                alive, now = await living(session), self._clock()
                say_left(await publications.end_leases_of_the_dead(session, alive, now))
                await file_requests.end_leases(session, now, living=alive)
        left = await self._jobs.of_the_dead()
        if any(job.lock == SPEAKING for job in left):  # first: whoever speaks next has handouts of its own
            for speaker in self._works.speakers:
                await speaker.end_leases(every=True)
        await self._jobs.free(left)

    def _ending_leases(self, work: Work) -> Callable[[], Awaitable[None]]:
        """What ended while the store was away is written down first, by who waits for it."""

        async def end_leases() -> None:
            if self._watch.long_enough():
                await work.end_leases()

        return end_leases

    # The worker

    def _stop_workers(self) -> None:
        for worker in self._workers:
            worker.stop()

    async def _work(self, queues: Collection[str], pulse: Pulse, ends: Callable[[], None], abreast: int) -> None:
        """Take jobs until the end, anew wherever a queue was lost."""
        while True:
            await self._place.wait()
            if self._stopping.is_set():
                return
            worker = self._jobs.worker(queues, ends, abreast)
            self._workers.add(worker)
            pulse.begin()
            beating = asyncio.create_task(self._beat(worker, pulse))
            try:
                await worker.run()
            except (ConnectorException, *STORE_AWAY) as error:
                log.warning(
                    "the queue does not answer (%s); work goes on as soon as it does", said_by(error.__cause__ or error)
                )
            finally:
                beating.cancel()
                self._workers.discard(worker)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), PAUSE)

    def _leave_off(self) -> None:
        """Who takes no more jobs must not hold on to people for as long as there are any: channels would wait behind them."""
        self._left_off = True
        for speaker in self._works.speakers:
            speaker.leave_off()

    async def _beat(self, worker: Worker, pulse: Pulse) -> None:
        """As long as anything is in hand, whatever becomes of the queue; a worker that may be taken for dead takes no more."""
        left = False
        while True:
            await asyncio.sleep(LOOK)
            if not pulse.beats() and not left:
                log.warning("this worker slept, or lost the database, and begins anew; others go on with what it had")
                worker.stop()
                left = True
            set_out = pulse.now()
            try:
                if await self._jobs.beat(worker):
                    pulse.heard(set_out)
                else:
                    pulse.lose()
            except (ConnectorException, *STORE_AWAY):
                continue  # the worker itself says so

    async def _drain(self, channel_id: int, name: str) -> None:
        self._works.publisher.worker = name
        try:
            await self._works.publisher.drain(channel_id)
        except STORE_AWAY as error:
            log.warning("channel %d waits for the database (%s)", channel_id, said_by(error))
        except Exception:
            log.exception("channel %d could not be drained", channel_id)

    async def _make(self, file_id: int, name: str) -> None:
        if self._works.files is None:
            return
        try:
            await self._works.files.make(file_id, name)
        except STORE_AWAY as error:
            log.warning("file %d waits for the database (%s)", file_id, said_by(error))
        except Exception:
            log.exception("file %d could not be made", file_id)

    async def _speak(self) -> None:
        """Serve people until nobody is left, or this worker takes no more jobs. Of this job there is one: whoever served others before it is done, or dead."""
        speakers, self._left_off = self._works.speakers, False
        try:
            for speaker in speakers:
                await speaker.end_leases(every=True)
            while not self._left_off and self._works.pulse.beats():
                for speaker in speakers:
                    await speaker.tick()
                if not any(speaker.busy for speaker in speakers):
                    return
                await asyncio.sleep(TICK)
        except STORE_AWAY as error:
            log.warning("people wait for the database (%s)", said_by(error))
        except Exception:
            log.exception("people could not be written to")
        finally:
            for speaker in speakers:
                await speaker.settled()


class _Watch:
    """Whether looks that the store answered have followed each other for so long that a worker which lives must have beaten.

    While the store was away nobody could, and whoever looks first when it is back would take all of them for dead.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = self._last = datetime.min.replace(tzinfo=UTC)

    def answered(self) -> None:
        """A look."""
        now = self._clock()
        if abs(now - self._last) > 2 * timedelta(
            seconds=LOOK
        ):  # longer, and a beat from before the gap would be too old
            self._since = now
        self._last = now

    def long_enough(self) -> bool:
        return self._last - self._since >= timedelta(seconds=DEAD_AFTER)
