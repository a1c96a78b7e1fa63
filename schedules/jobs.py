"""The queue of Procrastinate: clocks put jobs in, workers anywhere take them out.

A job drains one channel, writes to people by the bot, or makes one file. `lock` lets one worker at a time have it, `queueing_lock` lets it
wait once. A job says only that there is work: what is due, and what became of it, stands in our own rows, so that a job may
be lost, or come twice, without harm. What is done with is deleted.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import psycopg
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.worker import Worker
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns.stores import plain
from campaigns.stores.postgresql import CONNECT
from campaigns.stores.queue import SCHEMA, configure
from schedules.pulse import DEAD_AFTER

log = logging.getLogger(__name__)
CHANNELS, PEOPLE, FILES = "channels", "people", "files"  # queues
SPEAKING = "the bot"
CONNECTIONS = 6  # beside those of the store
# Seconds until whoever asks for a connection is told that there is none, and until the next one who asks begins anew. The
# pool's own pauses double, up to minutes: a server that was away for long would wait for us as long again.
GIVE_UP = 5.0
ABREAST = 50  # channels that one worker drains at a time
POLL = 5.0  # seconds between two looks of a worker that was not told of a job
A_DAY = 86_400.0

Drain = Callable[[int, str], Awaitable[None]]  # a channel, and the name of the worker that has the job
Speak = Callable[[], Awaitable[None]]
Make = Callable[[int, str], Awaitable[None]]  # a file, and the name of the worker that has the job

_LIVING = text(
    f"SELECT id FROM {SCHEMA}.procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :seconds)"  # noqa: S608
)


def worker_name(ident: int | None) -> str:
    """The name that a worker's leases bear; another one each time that it begins anew."""
    return f"worker {ident}"


async def living(session: AsyncSession) -> set[str]:
    """The names of the workers that beat."""
    return {worker_name(ident) for ident in await session.scalars(_LIVING, {"seconds": DEAD_AFTER})}


@asynccontextmanager
async def _plain_errors() -> AsyncIterator[None]:
    """A store that is away ends in the driver's own error, as everywhere else."""
    try:
        yield
    except ConnectorException as error:
        if isinstance(error.__cause__, psycopg.OperationalError):
            raise error.__cause__ from None
        raise


class _Worker(Worker):
    """Says when it takes no more jobs; it ends only with the last one in hand."""

    def __init__(self, ends: Callable[[], None], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._ends = ends

    async def _run_loop(self) -> None:
        # Whoever later reads that a worker died learns here which machine's it was.
        log.info("this is %s, for %s", worker_name(self.worker_id), " and ".join(self.queues or ()))
        await super()._run_loop()  # type: ignore[no-untyped-call]

    async def _shutdown(self, side_tasks: list[asyncio.Task[Any]]) -> None:
        self._ends()
        await super()._shutdown(side_tasks)

    async def _persist_job_status(self, *given: Any, **more: Any) -> None:
        """Where it cannot be told, or was ended by who took this worker for dead, nothing is amiss: see `Jobs.beat`."""
        try:
            await super()._persist_job_status(*given, **more)
        except ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.OperationalError | psycopg.errors.RaiseException):
                raise


class Jobs:
    """The queue in the store at `url`. `drain`, `speak` and `make` are what a worker of this process does for a job."""

    def __init__(self, url: URL, drain: Drain, speak: Speak, make: Make) -> None:
        connector = PsycopgConnector(
            conninfo=plain(url),
            kwargs=CONNECT | {"application_name": "porte-voix"},
            configure=configure,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=GIVE_UP,
            reconnect_timeout=GIVE_UP,
        )
        self._app = App(connector=connector)
        self._in_hand: defaultdict[int | None, set[int]] = defaultdict(set)  # of each worker of this process
        self._lost: dict[int, set[int]] = {}  # a worker's by the table, and not in hand when its last beat looked

        @self._app.task(name="drain_channel", queue=CHANNELS, pass_context=True)
        async def drain_channel(context: JobContext, channel_id: int) -> None:
            with self._holding(context.job):
                await drain(channel_id, worker_name(context.job.worker_id))

        @self._app.task(name="write_to_people", queue=PEOPLE, pass_context=True)
        async def write_to_people(context: JobContext) -> None:
            with self._holding(context.job):
                await speak()

        @self._app.task(name="make_file", queue=FILES, pass_context=True)
        async def make_file(context: JobContext, file_id: int) -> None:
            with self._holding(context.job):
                await make(file_id, worker_name(context.job.worker_id))

        self._drain, self._speak, self._make = drain_channel, write_to_people, make_file

    async def open(self) -> None:
        await self._app.open_async()

    async def close(self) -> None:
        await self._app.close_async()

    # What a clock does

    async def put(self, channels: Collection[int], *, speak: bool, files: Collection[int] = ()) -> None:
        """A job for each of these channels and files, and one for the bot, but where one waits or is under way."""
        async with _plain_errors():
            there = {job.lock for job in await self._app.job_manager.list_jobs_async()}
            for channel_id in channels:
                lock = f"channel {channel_id}"
                if lock not in there:
                    with suppress(AlreadyEnqueued):  # another clock was first
                        await self._drain.configure(lock=lock, queueing_lock=lock).defer_async(channel_id=channel_id)
            for file_id in files:
                lock = f"file {file_id}"
                if lock not in there:
                    with suppress(AlreadyEnqueued):
                        await self._make.configure(lock=lock, queueing_lock=lock).defer_async(file_id=file_id)
            if speak and SPEAKING not in there:
                with suppress(AlreadyEnqueued):
                    await self._speak.configure(lock=SPEAKING, queueing_lock=SPEAKING).defer_async()

    async def of_the_dead(self) -> list[Job]:
        """The jobs that dead workers had in hand. As long as they are there, nobody takes the next ones of their locks."""
        async with _plain_errors():
            return list(await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER))

    async def free(self, jobs: Iterable[Job]) -> None:
        """End them, so that others may take the next ones."""
        async with _plain_errors():
            for job in jobs:
                await self._end(job)

    async def _end(self, job: Job) -> None:
        try:
            await self._app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
        except ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.errors.RaiseException):  # it was ended meanwhile
                raise

    # What a worker does

    def worker(
        self, queues: Collection[str], ends: Callable[[], None] = lambda: None, abreast: int = ABREAST
    ) -> Worker:
        """Takes jobs out from `run()` to `stop()`; what is in hand ends first. It beats by `beat` alone.

        `ends` is called when it takes no more, also where it lost the queue.
        """
        return _Worker(
            ends,
            self._app,
            queues=queues,
            concurrency=abreast,
            fetch_job_polling_interval=POLL,
            delete_jobs="always",
            install_signal_handlers=False,
            # Its own beats would end with the first one that meets a store that is away, while jobs are in hand.
            update_heartbeat_interval=A_DAY,
            stalled_worker_timeout=DEAD_AFTER,
        )

    async def beat(self, worker: Worker) -> bool:
        """Say that a worker lives, and end its jobs of which the store has not heard that they began, or ended.

        False where a job in hand is not its own any more: it was taken for dead.
        """
        if worker.worker_id is None:
            return True
        in_hand = self._in_hand[worker.worker_id]
        before = set(in_hand)
        async with _plain_errors():
            await self._app.job_manager.update_heartbeat(worker.worker_id)
            ours = await self._app.job_manager.list_jobs_async(worker_id=worker.worker_id, status="doing")
            loose = {job.id: job for job in ours if job.id not in in_hand}
            for ident, job in loose.items():
                if ident in self._lost.get(worker.worker_id, ()):
                    await self._end(job)
            self._lost[worker.worker_id] = {ident for ident in loose if ident is not None}
        return before & in_hand <= {job.id for job in ours}

    @contextmanager
    def _holding(self, job: Job) -> Iterator[None]:
        ident, in_hand = job.id or 0, self._in_hand[job.worker_id]
        in_hand.add(ident)
        try:
            yield
        finally:
            in_hand.discard(ident)
