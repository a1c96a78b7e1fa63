"""Many tasks, one transaction: what they write at the same time is committed together, what they look up is read together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns.database import Database

Item = TypeVar("Item")
Key = TypeVar("Key")
Found = TypeVar("Found")
LARGEST_BATCH = 500  # items; keeps one transaction in the milliseconds
SIBLINGS = 8  # writers in a batch, from which on the next one waits for more


class BatchWriter(Generic[Item]):
    """`await writer.write(items)` returns what `apply` gave for each item, after the commit that holds them all.

    `apply(session, items)` returns one result an item, in order. While one batch is being written, the next gathers:
    a lone writer waits for nobody, a hundred writers share one fsync.

    `gather` is how many seconds a batch waits for more where the one before it was of more than `siblings` writers: under
    load, those who were just answered come again in one batch instead of two (as PostgreSQL's commit_delay and
    commit_siblings have it).

    `together` is `Database.write`'s: for an `apply` that is right whatever other processes' like it write in between.
    """

    def __init__(
        self,
        database: Database,
        apply: Callable[[AsyncSession, Sequence[Item]], Awaitable[Sequence[Any]]],
        *,
        gather: float = 0,
        siblings: int = SIBLINGS,
        together: bool = False,
    ) -> None:
        self._database = database
        self._apply = apply
        self._gather, self._siblings = gather, siblings
        self._together = together
        self._waiting: list[tuple[Sequence[Item], asyncio.Future[Sequence[Any]]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, items: Sequence[Item]) -> Sequence[Any]:
        if not items:
            return ()
        future: asyncio.Future[Sequence[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((items, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            taken, size = 0, 0
            while taken < len(self._waiting) and (taken == 0 or size + len(self._waiting[taken][0]) <= LARGEST_BATCH):
                size += len(self._waiting[taken][0])
                taken += 1
            batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
            try:
                async with self._database.write(together=self._together) as session:
                    results = await self._apply(session, [item for items, _ in batch for item in items])
            except Exception as error:  # each writer is told; nothing of the batch was committed
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            start = 0
            for items, future in batch:
                if not future.done():
                    future.set_result(results[start : start + len(items)])
                start += len(items)
            if self._gather and taken > self._siblings:
                await asyncio.sleep(self._gather)


class BatchReader(Generic[Key, Found]):
    """`await reader.read(key)` returns what `find(session, keys)` has for the key, read after it was asked for, or None.

    While one batch is being read, the next gathers: a lone reader waits for nobody, a hundred share a few queries.
    """

    def __init__(
        self, database: Database, find: Callable[[AsyncSession, Sequence[Key]], Awaitable[Mapping[Key, Found]]]
    ) -> None:
        self._database = database
        self._find = find
        self._waiting: list[tuple[Key, asyncio.Future[Found | None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def read(self, key: Key) -> Found | None:
        future: asyncio.Future[Found | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            try:
                async with self._database.read() as session:
                    found = await self._find(session, list(dict.fromkeys(key for key, _ in batch)))
            except Exception as error:  # each reader is told
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for key, future in batch:
                if not future.done():
                    future.set_result(found.get(key))
