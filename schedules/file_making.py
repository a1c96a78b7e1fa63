"""Makes the files that organizers asked for, one at a time in a process: claim -> make -> keep the file -> say that it is ready.

A maker is told whose request it has and reports how far it is; what takes the processor goes into a thread. While it works
its lease is renewed. Where the request is removed, or taken by somebody else, the next report ends it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from campaigns import file_requests
from campaigns.database import Database
from campaigns.file_requests import BROKEN, NO_ROOM, FileRefused, Made, Report
from campaigns.media_stores import MediaAway, MediaHome
from campaigns.models import FileKind, FileRequest
from campaigns.stores import STORE_AWAY
from campaigns.times import Clock
from schedules.timetable import Outage

log = logging.getLogger(__name__)

Maker = Callable[[FileRequest, Report], Awaitable[Made]]

RENEW = 20.0  # seconds; a lease lasts two minutes
TOLD = timedelta(seconds=1)  # between two reports that are written


class _Over(Exception):
    """It is not to be made any more, or not here."""


class FileMaking:
    """A work of the timetable where one process does everything; workers call `make` for a job."""

    def __init__(
        self, database: Database, clock: Clock, files: MediaHome, makers: Mapping[FileKind, Maker], *, worker: str
    ) -> None:
        self._database, self._clock, self._files = database, clock, files
        self._makers = makers
        self._worker = worker
        self._making: asyncio.Task[None] | None = None
        self._one = asyncio.Lock()
        self._outage = Outage()
        self._stopping = False

    async def tick(self) -> None:
        if not self._stopping and (self._making is None or self._making.done()):
            self._making = asyncio.create_task(self._make_all())

    async def settled(self) -> None:
        """Wait until nothing that was begun by a tick, or by a job, is under way."""
        if self._making is not None:
            await self._making
        async with self._one:
            pass

    async def end_leases(self, *, every: bool = False) -> None:
        async with self._database.read() as session:
            if not await file_requests.makers(session):
                return
        async with self._database.write() as session:
            left = await file_requests.end_leases(session, self._clock(), every=every)
        if left:
            log.warning("%d files were left half made, and are begun anew", left)

    async def stop(self) -> None:
        """What is being made is given up at its next report, and waits for whoever comes next."""
        self._stopping = True
        await self.settled()

    async def _make_all(self) -> None:
        try:
            async with self._database.read() as session:
                found = await file_requests.due(session, self._clock())
            for request_id in found:
                await self.make(request_id, self._worker)
            self._outage.back()
        except STORE_AWAY as error:
            self._outage.away(error)

    async def make(self, request_id: int, worker: str) -> None:
        """Make one, unless somebody else has it; in the name of this worker."""
        async with self._one:
            if self._stopping:
                return
            async with self._database.write() as session:
                asked = await file_requests.claim(session, worker, self._clock(), request_id)
            if asked is not None:
                await self._make(asked)

    async def _make(self, asked: FileRequest) -> None:
        telling = _Telling(self._database, self._clock, asked, lambda: self._stopping)
        keeping = asyncio.create_task(telling.keep())
        try:
            made = await self._makers[asked.kind](asked, telling.tell)
            await self._keep(asked, made)
        except _Over:
            await self._give_up(asked)
        except FileRefused as refused:
            await self._fail(asked, str(refused))
        except MediaAway as away:
            log.error("file %d could not be made: %s", asked.id, away, extra={"file_request": asked.id})
            await self._fail(asked, NO_ROOM)
        except STORE_AWAY:
            raise  # its lease ends
        except Exception:
            log.exception("file %d could not be made", asked.id, extra={"file_request": asked.id})
            await self._fail(asked, BROKEN)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep(self, asked: FileRequest, made: Made) -> None:
        try:
            name, size = await asyncio.to_thread(file_requests.keep_result, self._files, asked, made.content)
        finally:
            if isinstance(made.content, Path):
                await asyncio.to_thread(made.content.unlink)
        async with self._database.write() as session:
            wanted = await file_requests.ready(session, asked, name, made.file_name, size, self._clock(), made.notes)
        if not wanted:
            await self._give_up(asked)
            return
        with suppress(MediaAway):  # then it goes with its row
            await asyncio.to_thread(file_requests.drop_source, self._files, asked)

    async def _fail(self, asked: FileRequest, why: str) -> None:
        async with self._database.write() as session:
            await file_requests.failed(session, asked, why, self._clock())

    async def _give_up(self, asked: FileRequest) -> None:
        """Somebody else makes it from the beginning; but where it was removed, nothing of it stays."""
        async with self._database.write() as session:
            await file_requests.let_go(session, asked)
            there = await file_requests.find(session, asked.campaign_id, asked.id) is not None
        if not there:
            await asyncio.to_thread(file_requests.drop_files, self._files, asked)


class _Telling:
    """Writes how far a file is, and keeps its lease; raises _Over in the maker where it is to be made no more."""

    def __init__(self, database: Database, clock: Clock, asked: FileRequest, stopping: Callable[[], bool]) -> None:
        self._database, self._clock, self._asked, self._stopping = database, clock, asked, stopping
        self._done = self._total = 0
        self._last: datetime | None = None
        self._lost = False

    async def tell(self, done: int, total: int) -> None:
        self._done, self._total = done, total
        if self._lost or self._stopping():
            raise _Over
        now = self._clock()
        if self._last is None or abs(now - self._last) >= TOLD:
            self._last = now
            await self._write()
            if self._lost:
                raise _Over

    async def keep(self) -> None:
        """Renew the lease until it is cancelled; a store that is away may be back in time."""
        while not self._lost:
            await asyncio.sleep(RENEW)
            with suppress(*STORE_AWAY):
                await self._write()

    async def _write(self) -> None:
        async with self._database.write() as session:
            mine = await file_requests.progress(session, self._asked, self._done, self._total, self._clock())
        self._lost = not mine
