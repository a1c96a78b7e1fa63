"""The HTTP face of the X API v2: tweets, one's own timeline, media and their alternative text."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import ConnectionCut, Fault, Passing
from sandbox.passage import cut, gone
from sandbox.store import Json
from sandbox.world import World, world_of
from sandbox.x import limits, problems, timeline, tweets
from sandbox.x.oauth import signer
from sandbox.x.problems import Problem
from sandbox.x.state import Account


@dataclass
class XCall:
    """A verified request while it is being answered."""

    world: World
    account: Account
    request: Request
    body: Json
    upload: bytes | None = None


Handler = Callable[[XCall], Awaitable[tuple[int, Json]]]


async def create_tweet(call: XCall) -> tuple[int, Json]:
    """POST /2/tweets"""
    return 201, {"data": tweets.create(call.world, call.account, call.body)}


async def delete_tweet(call: XCall) -> tuple[int, Json]:
    """DELETE /2/tweets/:id"""
    return 200, {"data": tweets.delete(call.world, call.account, call.request.path_params["tweet_id"])}


async def me(call: XCall) -> tuple[int, Json]:
    """GET /2/users/me"""
    return 200, {"data": call.account.as_user()}


async def own_tweets(call: XCall) -> tuple[int, Json]:
    """GET /2/users/:id/tweets, for one's own id"""
    user_id = call.request.path_params["user_id"]
    if user_id != call.account.id:
        raise problems.forbidden("The sandbox shows only the timeline of the account that asks.")
    return 200, timeline.page(call.world.x, call.account, dict(call.request.query_params))


async def look_up(call: XCall) -> tuple[int, Json]:
    """GET /2/tweets?ids=, at most 100; what is gone stands under errors"""
    ids = [each for each in call.request.query_params.get("ids", "").split(",") if each]
    if not 1 <= len(ids) <= timeline.MOST:
        raise problems.invalid("ids", ",".join(ids), f"The number of values must be between 1 and {timeline.MOST}")
    return 200, timeline.these(call.world.x, ids, dict(call.request.query_params))


async def upload_media(call: XCall) -> tuple[int, Json]:
    """POST /2/media/upload, in one request"""
    if call.upload is None:
        raise problems.invalid("media", "", "media is required")
    category = str(call.body.get("media_category", ""))
    return 200, {"data": tweets.upload(call.world, call.account, call.upload, category)}


async def describe_media(call: XCall) -> tuple[int, Json]:
    """POST /2/media/metadata"""
    return 200, {"data": tweets.describe(call.world, call.account, call.body)}


def endpoint(operation: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """An operation: 1. signature; 2. gates and faults; 3. limit; 4. the operation; 5. gates and faults again."""

    async def answer(request: Request) -> Response:
        world, headers = world_of(request), dict[str, str]()
        passing = Passing("x", operation)
        try:
            status, body = await _through(request, world, passing, handler, headers)
        except Problem as problem:
            status, body = problem.status, problem.body
        except ConnectionCut:
            world.desk.log(passing, 0)
            return await cut(request)
        world.desk.log(passing, status)
        kind = "application/json" if status < 400 else "application/problem+json"
        return JSONResponse(body, status_code=status, headers=headers, media_type=kind)

    return answer


async def _through(
    request: Request, world: World, passing: Passing, handler: Handler, headers: dict[str, str]
) -> tuple[int, Json]:
    account = await signer(request, world.x)
    passing.target = account.username
    body, upload = await _read(request)
    passing.detail = {name: body[name] for name in ("text", "media", "reply", "id") if name in body}
    fault = await world.desk.before(passing, gone(request))
    if fault is not None:
        if fault.kind == "rate_limit":
            headers |= limits.spent(world.x, account.id, passing.operation)
            headers["x-rate-limit-reset"] = str(int(world.clock().timestamp() + fault.seconds))
        raise _problem(fault, account)
    within, counted = limits.count(world.x, account.id, passing.operation)
    headers |= counted
    if not within:
        raise problems.too_many()
    answer = await handler(XCall(world, account, request, body, upload))
    if await world.desk.after(passing, gone(request)):
        raise problems.internal()
    return answer


def _problem(fault: Fault, account: Account) -> Problem:
    makers: dict[str, Callable[[], Problem]] = {
        "rate_limit": problems.too_many,
        "revoked": problems.unauthorized,
        "payment": lambda: problems.no_credits(account.id),
        "blocked": lambda: problems.forbidden("You are not permitted to perform this action."),
    }
    return makers.get(fault.kind, problems.internal)()


async def _read(request: Request) -> tuple[Json, bytes | None]:
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        async with request.form() as form:
            upload = form.get("media")
            fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
            return fields, await upload.read() if isinstance(upload, UploadFile) else None
    body = await request.body()
    if not body or not kind.startswith("application/json"):
        return {}, None
    try:
        given = json.loads(body)
    except ValueError as error:
        raise problems.invalid("body", "", f"The request body is no JSON: {error}") from error
    return given if isinstance(given, dict) else {}, None


ROUTES = [
    Route(f"/x{path}", endpoint(f"{method} {shown}", handler), methods=[method])
    for method, path, shown, handler in (
        ("POST", "/2/tweets", "/2/tweets", create_tweet),
        ("GET", "/2/tweets", "/2/tweets", look_up),
        ("DELETE", "/2/tweets/{tweet_id}", "/2/tweets/:id", delete_tweet),
        ("GET", "/2/users/me", "/2/users/me", me),
        ("GET", "/2/users/{user_id}/tweets", "/2/users/:id/tweets", own_tweets),
        ("POST", "/2/media/upload", "/2/media/upload", upload_media),
        ("POST", "/2/media/metadata", "/2/media/metadata", describe_media),
    )
]
