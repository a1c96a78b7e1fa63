"""Each request, counted and timed by the template of its route: a path may hold somebody's token."""

import logging
from logging import INFO, WARNING
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaigns.counts import Counts
from campaigns.traces import at_work

log = logging.getLogger(__name__)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}  # a client may make up another word
ELSEWHERE = "elsewhere"  # where there is nothing


def note(counts: Counts, method: str, route: str, status: int, took: float) -> None:
    """One request was answered; `took` in seconds."""
    counts.requests[route, status // 100] += 1
    counts.request_times.add(took)
    level = WARNING if status == 500 else INFO
    if log.isEnabledFor(level):
        more = {"method": method, "route": route, "status": status, "ms": round(took * 1000)}
        log.log(level, "%s %s: %d in %d ms", method, route, status, more["ms"], extra=more)


class Route:
    """A request's route, read when it is told: routing writes it down, and where it mounted what it found it in."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __str__(self) -> str:
        return f"{self._scope.get('root_path', '')}{getattr(self._scope.get('route'), 'path', '')}" or ELSEWHERE


class Served:
    """In front of everything but share links. How long an answer takes is told to its first byte: a live board is open for hours."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self.app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, took = perf_counter(), 500, None

        async def noted(message: Message) -> None:
            nonlocal status, took
            if message["type"] == "http.response.start":
                status, took = message["status"], perf_counter() - began
            await send(message)

        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = Route(scope)
        with at_work("request", method=method, route=route) as seen:  # type: ignore[arg-type] # a word as soon as it is read
            try:
                await self.app(scope, receive, noted)
            finally:
                seen["status"] = status
                note(self._counts, method, str(route), status, perf_counter() - began if took is None else took)
