"""Tells other programs what happened: each target in its own order, and none waits for another."""

import asyncio
import logging

from campaigns import webhook_messages, webhooks
from campaigns.database import Database
from campaigns.times import Clock
from campaigns.vault import vault_of
from campaigns.webhook_secrets import SigningSecretUnreadable
from campaigns.webhooks import Send
from networks.webhooks import Outcome
from schedules.looking import Looking

log = logging.getLogger(__name__)

ABREAST = 20  # targets that are called at the same time


class Webhooks(Looking):
    """A message goes out in three steps: 1. claim its row, 2. call the target, 3. settle the row.

    A crash in between sends it again, with the same webhook-id: rather twice than never.
    """

    name = "messages to other programs"

    def __init__(self, database: Database, clock: Clock, send: Send) -> None:
        super().__init__(clock)
        self._database = database
        self._send = send
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(ABREAST)

    async def end_leases(self, *, every: bool = False) -> None:
        """At the start of an engine that is alone: what was in flight when a process died is sent again, first."""
        if every:
            async with self._database.write() as session:
                await webhook_messages.let_go(session, self._clock())

    async def _look(self) -> None:
        async with self._database.read() as session:
            found = await webhook_messages.targets_with_work(session, self._clock())
        for target_id in found:
            if target_id not in self._serving:
                task = asyncio.create_task(self._serve(target_id))
                self._serving[target_id] = task
                task.add_done_callback(lambda _, done=target_id: self._serving.pop(done, None))  # type: ignore[misc]

    async def settled(self) -> None:
        await super().settled()
        while self._serving:
            await asyncio.gather(*self._serving.values(), return_exceptions=True)

    async def _serve(self, target_id: int) -> None:
        """One message after the other, until none is due or the target takes none."""
        try:
            async with self._turn:
                while not self._stopping and await self._send_next(target_id):
                    pass
        except Exception:
            log.exception("target %d could not be told", target_id, extra={"target": target_id})

    async def _send_next(self, target_id: int) -> bool:
        async with self._database.write() as session:
            claimed = await webhook_messages.claim(session, target_id, self._clock())
            vault = vault_of(session)
        if claimed is None:
            return False
        message = claimed.message
        try:
            call = webhooks.call_of(vault, claimed.target, message.event, message.body, self._clock())
        except SigningSecretUnreadable as problem:
            outcome = Outcome(None, str(problem), down=True)
        else:
            outcome = await self._send(call)
        async with self._database.write() as session:
            await webhook_messages.settle(session, claimed, outcome, self._clock())
        if outcome.trouble is not None:
            log.warning(
                "target %d was not told of %s; why stands in the console, under Access", target_id, message.event
            )
        return True
