"""What the stand-ins for Mastodon and Bluesky share: how a request passes, is counted and is answered."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.faults import ConnectionCut, Fault, Passing
from sandbox.passage import cut, gone
from sandbox.store import Json
from sandbox.world import World, world_of

HTML = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"
GARBAGE = {"surprise": ["nothing", "that", "is", "documented"]}


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, headers or {}


@dataclass
class Call:
    """A request while it is being answered. `headers` go out with the answer."""

    world: World
    request: Request
    account: Any  # of the service; None where nobody need say who they are
    fields: Json
    raw: bytes
    upload: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None  # one that the operation itself plays


Handler = Callable[[Call], Awaitable[tuple[int, Any]]]


class Service(Protocol):
    """What differs between the services."""

    name: str
    played: frozenset[str]  # faults that the operations themselves play

    def who(self, world: World, request: Request) -> Any:
        """Whose request it is; raises Refusal."""

    def target(self, account: Any) -> str:
        """The account's name, by which faults and the ledger know it."""

    def count(self, call: Call, operation: str) -> None:
        """Count the request; raises Refusal above the limit."""

    def refusal(self, fault: Fault, call: Call) -> Refusal:
        """How the service says this trouble."""


def endpoint(service: Service, operation: str, handler: Handler, *, public: bool = False) -> Callable[..., Any]:
    """An operation: 1. who asks; 2. gates and faults; 3. limit; 4. the operation; 5. gates and faults again."""

    async def answer(request: Request) -> Response:
        world, passing = world_of(request), Passing(service.name, operation)
        headers: dict[str, str] = {}
        try:
            status, body = await _through(request, service, passing, handler, headers, public)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
            headers |= refusal.headers
        except ConnectionCut:
            world.desk.log(passing, 0)
            return await cut(request)
        world.desk.log(passing, status)
        if isinstance(body, str):
            return HTMLResponse(body, status, headers)
        return JSONResponse(body, status, headers)

    return answer


async def _through(
    request: Request, service: Service, passing: Passing, handler: Handler, headers: dict[str, str], public: bool
) -> tuple[int, Any]:
    world = world_of(request)
    raw = await request.body()
    account = None if public else service.who(world, request)
    fields, upload = await _read(request, raw)
    call = Call(world, request, account, fields, raw, upload, headers)
    passing.target = str(fields.get("identifier", "")) or None if account is None else service.target(account)
    passing.detail = {name: value for name, value in fields.items() if name not in ("password", "file")}
    fault = await world.desk.before(passing, gone(request))
    if fault is not None and fault.kind not in service.played:
        if fault.kind in ("html", "garbage"):
            return 200, HTML if fault.kind == "html" else GARBAGE
        raise service.refusal(fault, call)
    call.fault = fault
    service.count(call, passing.operation)
    answer = await handler(call)
    after = await world.desk.after(passing, gone(request))
    if after is not None:
        if after.kind == "garbage_after":
            return 200, GARBAGE
        raise service.refusal(after, call)
    return answer


async def _read(request: Request, raw: bytes) -> tuple[Json, bytes | None]:
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        try:
            given = json.loads(raw or b"{}")
        except ValueError:
            raise Refusal(400, {"error": "InvalidRequest", "message": "The request body is no JSON"}) from None
        return (given if isinstance(given, dict) else {}), None
    if not kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        return dict(request.query_params), None
    fields: Json = {}
    upload = None
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                upload = await value.read()
            elif name.endswith("[]"):
                fields.setdefault(name[:-2], []).append(value)
            else:
                fields[name] = value
    return fields, upload
