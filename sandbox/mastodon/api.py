"""The HTTP face of a Mastodon server: what it takes, accounts, media, statuses."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.faults import Fault
from sandbox.mastodon import statuses
from sandbox.mastodon.state import Member, Status
from sandbox.pictures import NotAPicture, read_header
from sandbox.social import Call, Refusal, endpoint
from sandbox.world import World, world_of

PER_WINDOW, WINDOW = 300, 300  # requests of one account, seconds


class Mastodon:
    """How a Mastodon server says things."""

    name = "mastodon"
    played = frozenset({"processing"})

    def who(self, world: World, request: Request) -> Member:
        """The account of the bearer token; raises Refusal."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        member = world.mastodon.by_token(token) if scheme == "Bearer" else None
        if member is None:
            raise Refusal(401, {"error": "The access token is invalid"})
        return member

    def target(self, account: Member) -> str:
        """The account's name."""
        return account.username

    def count(self, call: Call, operation: str) -> None:
        """300 requests in 5 minutes, and the headers that say so."""
        if call.account is None:
            return
        taken = call.world.windows.take("mastodon", call.account.id, PER_WINDOW, WINDOW)
        call.headers |= _headers(*taken[1:])
        if not taken[0]:
            raise Refusal(429, {"error": "Too many requests"})

    def refusal(self, fault: Fault, call: Call) -> Refusal:
        """401, 403, 429 or 500."""
        if fault.kind == "rate_limit":
            call.headers |= _headers(PER_WINDOW, 0, call.world.clock().timestamp() + fault.seconds)
            return Refusal(429, {"error": "Too many requests"})
        if fault.kind in ("revoked", "expired"):
            return Refusal(401, {"error": "The access token was revoked"})
        if fault.kind == "blocked":
            return Refusal(403, {"error": "This action is not allowed"})
        return Refusal(500, {"error": "We're sorry, but something went wrong"})


def _headers(limit: int, remaining: int, reset: float) -> dict[str, str]:
    end = datetime.fromtimestamp(reset, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": end}


def _configuration() -> dict[str, Any]:
    status = {
        "max_characters": statuses.LONGEST,
        "max_media_attachments": statuses.MOST_PICTURES,
        "characters_reserved_per_url": statuses.PER_URL,
    }
    media = {
        "supported_mime_types": list(statuses.KINDS),
        "image_size_limit": statuses.LARGEST_IMAGE,
        "image_matrix_limit": statuses.LARGEST_MATRIX,
        "description_limit": statuses.LONGEST_ALT,
    }
    return {"statuses": status, "media_attachments": media}


async def instance(call: Call) -> tuple[int, Any]:
    """GET /api/v2/instance"""
    about = {"domain": call.request.url.netloc, "title": "Bac à sable", "version": "4.4.0"}
    return 200, about | {"api_versions": {"mastodon": 6}, "configuration": _configuration()}


async def old_instance(call: Call) -> tuple[int, Any]:
    """GET /api/v1/instance, which Mastodon keeps beside the newer page"""
    about = {"uri": call.request.url.netloc, "title": "Bac à sable", "version": "4.4.0"}
    return 200, about | {"configuration": _configuration()}


async def verify(call: Call) -> tuple[int, Any]:
    """GET /api/v1/accounts/verify_credentials"""
    return 200, statuses.account_json(call, call.account)


async def timeline(call: Call) -> tuple[int, Any]:
    """GET /api/v1/accounts/:id/statuses, for one's own id"""
    if call.request.path_params["id"] != call.account.id:
        raise Refusal(404, {"error": "Record not found"})
    query = call.request.query_params
    limit = min(int(query.get("limit") or 20), 40)
    before = int(query.get("max_id") or 10**30)
    shown = [each for each in call.world.mastodon.timeline(call.account) if int(each.id) < before]
    return 200, [statuses.status_json(call, each) for each in shown[:limit]]


async def post_status(call: Call) -> tuple[int, Any]:
    """POST /api/v1/statuses"""
    status, _ = statuses.create(call)
    return 200, statuses.status_json(call, status)


def _mine(call: Call) -> Status:
    status = call.world.mastodon.statuses.get(call.request.path_params["id"])
    if status is None or status.deleted or status.author != call.account.id:
        raise Refusal(404, {"error": "Record not found"})
    return status


async def show_status(call: Call) -> tuple[int, Any]:
    """GET /api/v1/statuses/:id"""
    return 200, statuses.status_json(call, _mine(call))


async def delete_status(call: Call) -> tuple[int, Any]:
    """DELETE /api/v1/statuses/:id"""
    status = _mine(call)
    status.deleted = True
    call.world.mastodon.save_status(status)
    return 200, statuses.status_json(call, status) | {"text": status.text}


async def upload(call: Call) -> tuple[int, Any]:
    """POST /api/v2/media: 202 while the server works on it"""
    media = statuses.upload(call)
    done = statuses.ready(call.world, media)
    return 200 if done else 202, statuses.media_json(call, media, done=done)


async def show_media(call: Call) -> tuple[int, Any]:
    """GET /api/v1/media/:id: 206 while the server works on it"""
    media = call.world.mastodon.media.get(call.request.path_params["id"])
    if media is None or media.owner != call.account.id:
        raise Refusal(404, {"error": "Record not found"})
    done = statuses.ready(call.world, media)
    return 200 if done else 206, statuses.media_json(call, media, done=done)


async def picture(request: Request) -> Response:
    """GET /files/:sha256"""
    content = world_of(request).store.blob(request.path_params["sha256"])
    try:
        return Response(content, media_type=read_header(content or b"").mime)
    except NotAPicture:
        return PlainTextResponse("Not found", 404)


SERVICE = Mastodon()
ROUTES = [
    *(
        Route(f"/mastodon{path}", endpoint(SERVICE, f"{method} {shown}", handler, public=public), methods=[method])
        for method, path, shown, handler, public in (
            ("GET", "/api/v2/instance", "/api/v2/instance", instance, True),
            ("GET", "/api/v1/instance", "/api/v1/instance", old_instance, True),
            ("GET", "/api/v1/accounts/verify_credentials", "/api/v1/accounts/verify_credentials", verify, False),
            ("GET", "/api/v1/accounts/{id}/statuses", "/api/v1/accounts/:id/statuses", timeline, False),
            ("POST", "/api/v1/statuses", "/api/v1/statuses", post_status, False),
            ("GET", "/api/v1/statuses/{id}", "/api/v1/statuses/:id", show_status, False),
            ("DELETE", "/api/v1/statuses/{id}", "/api/v1/statuses/:id", delete_status, False),
            ("POST", "/api/v2/media", "/api/v2/media", upload, False),
            ("GET", "/api/v1/media/{id}", "/api/v1/media/:id", show_media, False),
        )
    ),
    Route("/mastodon/files/{sha256}", picture),
]
