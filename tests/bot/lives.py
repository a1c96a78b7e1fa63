"""The bot's process in the test's own loop, by either way of hearing Telegram: it starts, stops, and may die."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.app import BotRunner
from bot.visit import House
from tests.conftest import free_port
from tests.replicas import served
from web import create_app
from web.site import Site

# What every run tests by both ways; `--updates webhook` runs all of tests/bot by the other one.
by_both_ways = pytest.mark.parametrize("updates", ["polling", "webhook"])


class Life:
    """The bot that polls."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.runner: BotRunner

    async def start(self) -> None:
        self.runner = BotRunner(self.house)
        await self.runner.start()

    async def stop(self) -> None:
        await self.runner.stop()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def die(self) -> None:
        """End at once, as a power cut would: nothing in hand is finished, nothing is confirmed."""
        await _end(self.runner._task)
        await self.runner.app.shutdown()


class BroughtLife(Life):
    """The bot that Telegram brings updates to, by a front that stays when it goes; people's links stay the public ones."""

    def __init__(self, house: House, front: "Front") -> None:
        super().__init__(house)
        self.front = front

    async def start(self) -> None:
        house = self.house
        self.runner = BotRunner(house)
        page = create_app(
            database=house.database, settings=house.settings, clock=house.clock, secret_key="a key", bot_username=None
        )
        site: Site = page.state.site
        site.take_update = self.runner.take
        self.front.app = page
        webhook = self.runner._webhook
        assert webhook is not None
        webhook._address = webhook._address.replace(house.settings.site_url, self.front.url)
        await self.runner.start()

    async def die(self) -> None:
        await self.front.cut()
        await _end(*self.runner.intake._tasks)
        await super().die()


class Front:
    """What stands before the bot's process, as nginx does: while that is gone it answers 502, and what was in hand gets one."""

    def __init__(self) -> None:
        self.port = free_port()
        self.app: ASGIApp | None = None
        self._in_hand: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Front"]:
        async with served(self, self.port):
            yield self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        gone: ASGIApp = Response(status_code=502, headers={"Retry-After": "0.02"})  # so that tests need not wait
        if self.app is None:
            await gone(scope, receive, send)
            return
        passed = asyncio.ensure_future(self.app(scope, receive, send))
        self._in_hand.add(passed)
        await asyncio.wait([passed])
        self._in_hand.discard(passed)
        if passed.cancelled():
            await gone(scope, receive, send)

    async def cut(self) -> None:
        """The process behind it is gone."""
        self.app = None
        await _end(*self._in_hand)


async def _end(*tasks: asyncio.Task[None] | None) -> None:
    for task in filter(None, tasks):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
