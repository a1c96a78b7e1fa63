"""Trouble on demand: faults that a page or a test switches on, and gates that hold a request at an exact step.

Every request to a stand-in passes here twice: before it is accepted and after. What happens is decided by the first
fault whose service, operation (a shell pattern) and target fit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from itertools import count

from sandbox.changes import Changes, first_of
from sandbox.store import Json

BEFORE = {
    "latency": "answers late by `seconds`",
    "rate_limit": "429 with retry_after `seconds`",
    "error_before": "500, and nothing was accepted",
    "revoked": "401: the token or the keys no longer hold",
    "blocked": "403: Telegram's blocked bot, X's refusal",
    "payment": "402: X's credit is spent",
    "migrated": "400 with migrate_to_chat_id: a Telegram group became a supergroup",
    "expired": "Bluesky's session has expired",
    "html": "200 with an HTML page, and nothing was accepted",
    "garbage": "200 with JSON of another shape, and nothing was accepted",
    "processing": "Mastodon works on the picture for `seconds`",
}
AFTER = {
    "error_after": "accepted, then 500",
    "garbage_after": "accepted, then 200 with JSON of another shape",
    "timeout_after": "accepted, then no answer for `seconds`",
    "cut_after": "accepted, then the connection is cut",
}
SERVICES = ("telegram", "x", "mastodon", "bluesky", "facebook", "mail")
KEPT_REQUESTS = 5_000  # how many requests the log remembers


class UnknownFault(ValueError):
    """No such fault"""


class ConnectionCut(Exception):
    """The connection is to be cut without an answer."""


@dataclass
class Fault:
    """One kind of trouble. `count` requests get it, or all of them while it is None."""

    id: int
    service: str  # one of SERVICES
    kind: str
    operation: str = "*"  # a method as sendMessage, or "POST /2/tweets"; shell patterns such as send*
    target: str | None = None  # only this chat_id or X username
    count: int | None = 1
    seconds: float = 1.0
    new_chat_id: int | None = None
    hits: int = 0


@dataclass
class Passing:
    """A request on its way through a stand-in."""

    service: str
    operation: str
    target: str | None = None
    detail: Json = field(default_factory=dict)


@dataclass
class Hold:
    """A gate for the next request that fits. States: armed, holding, released, abandoned (the caller went away)."""

    id: int
    service: str
    operation: str
    stage: str  # before or after the request is accepted
    target: str | None = None
    state: str = "armed"
    request: Json | None = None


Disconnected = Callable[[], Awaitable[None]]


class Desk:
    """Faults, gates and the log of requests of one sandbox."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.faults: list[Fault] = []
        self.holds: dict[int, Hold] = {}
        self.requests: deque[Json] = deque(maxlen=KEPT_REQUESTS)
        self._gates: dict[int, asyncio.Event] = {}
        self._ids = count(1)
        self._request_ids = count(1)

    def add_fault(self, **given: object) -> Fault:
        """Switch a fault on; raises UnknownFault for a kind or a service that does not exist."""
        if given.get("kind") not in BEFORE | AFTER:
            raise UnknownFault(f"unknown fault {given.get('kind')!r}; there are: {', '.join(BEFORE | AFTER)}")
        if given.get("service") not in SERVICES:
            raise UnknownFault(f"unknown service {given.get('service')!r}; there are: {', '.join(SERVICES)}")
        fault = Fault(id=next(self._ids), **given)  # type: ignore[arg-type]
        self.faults.append(fault)
        self.changes.bump()
        return fault

    def remove_faults(self, fault_id: int | None = None) -> None:
        """Switch one fault off, or all."""
        self.faults = [] if fault_id is None else [fault for fault in self.faults if fault.id != fault_id]
        self.changes.bump()

    def add_hold(self, service: str, operation: str, stage: str, target: str | None) -> Hold:
        """Set a gate for the next request that fits."""
        if stage not in ("before", "after"):
            raise UnknownFault(f"a hold is before or after accepting, not {stage!r}")
        hold = Hold(next(self._ids), service, operation, stage, target)
        self.holds[hold.id] = hold
        self._gates[hold.id] = asyncio.Event()
        self.changes.bump()
        return hold

    def release(self, hold: Hold) -> None:
        """Open a gate, whether something waits at it or not."""
        hold.state = "abandoned" if hold.state == "abandoned" else "released"
        self._gates[hold.id].set()
        self.changes.bump()

    def reset(self) -> None:
        """Switch everything off, open every gate, forget the log."""
        self.faults = []
        self.requests.clear()
        for hold in self.holds.values():
            self.release(hold)

    def close(self) -> None:
        """Open every gate, so that a server can stop."""
        for hold in self.holds.values():
            self.release(hold)

    def log(self, passing: Passing, status: int) -> None:
        """Remember how a request ended; status 0 is a connection that was cut."""
        line = {"seq": next(self._request_ids), "service": passing.service, "operation": passing.operation}
        self.requests.append(line | {"target": passing.target, "status": status, "detail": passing.detail})
        self.changes.bump()

    async def before(self, passing: Passing, gone: Disconnected) -> Fault | None:
        """Latency and gates first; then the fault with which the stand-in shall answer instead of accepting."""
        await self._hold("before", passing, gone)
        while fault := self._take(passing, BEFORE):
            if fault.kind != "latency":
                return fault
            await first_of(asyncio.sleep(fault.seconds), gone())
            if fault.count is None:  # a lasting delay must not hide the other faults
                return self._take(passing, {kind: "" for kind in BEFORE if kind != "latency"})
        return None

    async def after(self, passing: Passing, gone: Disconnected) -> Fault | None:
        """Gates, then the fault that hides an accepted request from its sender; raises ConnectionCut."""
        await self._hold("after", passing, gone)
        fault = self._take(passing, AFTER)
        if fault is None or fault.kind in ("error_after", "garbage_after"):
            return fault
        if fault.kind == "timeout_after":
            stop = self.changes.wait_for(lambda: self.changes.closed or None, fault.seconds)
            await first_of(asyncio.sleep(fault.seconds), gone(), stop)
        raise ConnectionCut

    def _take(self, passing: Passing, kinds: dict[str, str]) -> Fault | None:
        for fault in self.faults:
            if fault.kind in kinds and _fits(fault, passing):
                fault.hits += 1
                if fault.count is not None:
                    fault.count -= 1
                self.faults = [each for each in self.faults if each.count is None or each.count > 0]
                self.changes.bump()
                return fault
        return None

    async def _hold(self, stage: str, passing: Passing, gone: Disconnected) -> None:
        for hold in self.holds.values():
            if hold.state == "armed" and hold.stage == stage and _fits(hold, passing):
                hold.state, hold.request = "holding", asdict(passing)
                self.changes.bump()
                await first_of(self._gates[hold.id].wait(), gone())
                if not self._gates[hold.id].is_set():
                    # The caller died while it was held: a request not yet accepted is never accepted.
                    hold.state = "abandoned"
                    self.changes.bump()
                    raise ConnectionCut
                return


def _fits(wanted: Fault | Hold, passing: Passing) -> bool:
    if wanted.service != passing.service or not fnmatchcase(passing.operation.lower(), wanted.operation.lower()):
        return False
    return wanted.target is None or str(wanted.target) == str(passing.target)
