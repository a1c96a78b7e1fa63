"""Group commit: many tasks write, one transaction carries them, and each goes on only when it is on disk."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns.database import Database

Item = TypeVar("Item")
LARGEST_BATCH = 500  # items; keeps one transaction in the milliseconds


class BatchWriter(Generic[Item]):
    """`await writer.write(items)` returns what `apply` gave for each item, after the commit that holds them all.

    `apply(session, items)` returns one result an item, in order. While one batch is being written, the next gathers:
    a lone writer waits for nobody, a hundred writers share one fsync.
    """

    def __init__(
        self, database: Database, apply: Callable[[AsyncSession, Sequence[Item]], Awaitable[Sequence[Any]]]
    ) -> None:
        self._database = database
        self._apply = apply
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
                async with self._database.write() as session:
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
