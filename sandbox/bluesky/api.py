"""The HTTP face of a PDS: sessions, the repository, blobs, handles and profiles (XRPC)."""

import re
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox.bluesky import posts, tokens
from sandbox.bluesky.state import Actor, Record
from sandbox.faults import Fault
from sandbox.pictures import NotAPicture, read_header
from sandbox.reach import reach
from sandbox.social import Call, Refusal, endpoint
from sandbox.world import World

POSTS = "app.bsky.feed.post"
MOST_POSTS = 25  # that getPosts takes, from its lexicon
LARGEST_BLOB = 5_242_880  # bytes that a PDS takes for any record; a picture of a post may be smaller only
# Points of one account: a new record costs 3, a changed one 2.
POINTS_PER_HOUR, SESSIONS, SESSIONS_A_DAY = 5000, 30, 300
RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")


def refused(status: int, name: str, message: str) -> Refusal:
    """An XRPC error."""
    return Refusal(status, {"error": name, "message": message})


class Bluesky:
    """How a PDS says things."""

    name = "bluesky"
    played: frozenset[str] = frozenset()

    def who(self, world: World, request: Request) -> Actor:
        """The account of the access token, or of the refresh token where one refreshes; raises Refusal."""
        refreshes = request.url.path.endswith("refreshSession")
        claims = _claims(world, request, tokens.REFRESH if refreshes else tokens.ACCESS)
        actor = world.bluesky.actor(str(claims["sub"]))
        if actor is None or (refreshes and claims["jti"] in world.bluesky.spent):
            raise refused(400, "ExpiredToken", "Token has been revoked")
        if refreshes:
            world.bluesky.spent.add(str(claims["jti"]))
        return actor

    def target(self, account: Actor) -> str:
        """The account's handle."""
        return account.handle

    def count(self, call: Call, operation: str) -> None:
        """Logins by account; the repository counts its points itself."""
        if operation.endswith("createSession"):
            who = str(call.fields.get("identifier", "")).lower()
            spend(call, "bluesky sessions", who, SESSIONS, 300)
            spend(call, "bluesky sessions a day", who, SESSIONS_A_DAY, 86_400)

    def refusal(self, fault: Fault, call: Call) -> Refusal:
        """400, 401, 429 or 500."""
        if fault.kind == "rate_limit":
            call.headers |= _headers(100, 0, call.world.clock().timestamp() + fault.seconds, 300)
            return refused(429, "RateLimitExceeded", "Rate Limit Exceeded")
        if fault.kind == "expired":
            return refused(400, "ExpiredToken", "Token has expired")
        if fault.kind == "revoked":
            return refused(401, "AuthenticationRequired", "Invalid identifier or password")
        if fault.kind == "blocked":
            return refused(401, "AccountTakedown", "Account has been taken down")
        return refused(500, "InternalServerError", "Internal Server Error")


def _claims(world: World, request: Request, scope: str) -> dict[str, Any]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise refused(401, "AuthMissing", "Authentication Required")
    try:
        return tokens.read(token, scope, world.clock().timestamp())
    except tokens.WrongToken as error:
        said = "Token has expired" if str(error) == "ExpiredToken" else "Token could not be verified"
        raise refused(400, str(error), said) from error


def _headers(limit: int, remaining: int, reset: float, seconds: int) -> dict[str, str]:
    names = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy")
    return dict(zip(names, (str(limit), str(remaining), str(int(reset)), f"{limit};w={seconds}"), strict=True))


def spend(call: Call, name: str, who: str, limit: int, seconds: int, amount: int = 1) -> None:
    """Count something and say what remains; raises Refusal (429)."""
    within, most, remaining, reset = call.world.windows.take(name, who, limit, seconds, amount)
    call.headers |= _headers(most, remaining, reset, seconds)
    if not within:
        raise refused(429, "RateLimitExceeded", "Rate Limit Exceeded")


def _session(call: Call, actor: Actor) -> dict[str, Any]:
    now, state = call.world.clock().timestamp(), call.world.bluesky
    return {
        "did": actor.did,
        "handle": actor.handle,
        "accessJwt": tokens.sign(actor.did, tokens.ACCESS, now, state.new_jti()),
        "refreshJwt": tokens.sign(actor.did, tokens.REFRESH, now, state.new_jti()),
        "active": True,
    }


async def create_session(call: Call) -> tuple[int, Any]:
    """com.atproto.server.createSession"""
    actor = call.world.bluesky.actor(str(call.fields.get("identifier", "")))
    if actor is None or call.fields.get("password") != actor.app_password:
        raise refused(401, "AuthenticationRequired", "Invalid identifier or password")
    return 200, _session(call, actor)


async def refresh_session(call: Call) -> tuple[int, Any]:
    """com.atproto.server.refreshSession"""
    return 200, _session(call, call.account)


async def get_session(call: Call) -> tuple[int, Any]:
    """com.atproto.server.getSession"""
    return 200, {"did": call.account.did, "handle": call.account.handle, "active": True}


async def resolve_handle(call: Call) -> tuple[int, Any]:
    """com.atproto.identity.resolveHandle"""
    actor = call.world.bluesky.actor(call.request.query_params.get("handle", ""))
    if actor is None:
        raise refused(400, "HandleNotFound", "Unable to resolve handle")
    return 200, {"did": actor.did}


async def get_profile(call: Call) -> tuple[int, Any]:
    """app.bsky.actor.getProfile"""
    actor = call.world.bluesky.actor(call.request.query_params.get("actor", ""))
    if actor is None:
        raise refused(400, "InvalidRequest", "Profile not found")
    count = len(call.world.bluesky.of(actor, POSTS))
    return 200, {"did": actor.did, "handle": actor.handle, "displayName": actor.name, "postsCount": count}


async def upload_blob(call: Call) -> tuple[int, Any]:
    """com.atproto.repo.uploadBlob: the body is the picture, its type is read from its bytes"""
    if not call.raw:
        raise refused(400, "InvalidRequest", "Request encoding must be given and the body must not be empty")
    if len(call.raw) > LARGEST_BLOB:
        raise refused(413, "PayloadTooLarge", "request entity too large")
    try:
        mime = read_header(call.raw).mime
    except NotAPicture:
        mime = call.request.headers.get("content-type", "application/octet-stream")
    blob = call.world.bluesky.save_blob(call.raw, mime, call.account)
    return 200, {"blob": blob.as_ref()}


def _own(call: Call) -> tuple[str, str, dict[str, Any]]:
    """Collection, key and content of a record to be written; raises Refusal."""
    given, actor = call.fields, call.account
    if str(given.get("repo", "")).lower() not in (actor.did, actor.handle):
        raise refused(403, "Forbidden", "Could not write to the repository of another account")
    collection, rkey, value = given.get("collection"), str(given.get("rkey") or ""), given.get("record")
    if collection != POSTS or not isinstance(value, dict) or value.get("$type", POSTS) != POSTS:
        raise refused(400, "InvalidRequest", f"The sandbox keeps records of {POSTS}")
    if not RKEY.fullmatch(rkey):
        raise refused(400, "InvalidRequest", "Input/rkey must be a valid record key")
    posts.check(call.world.bluesky, actor, rkey, value)
    return collection, rkey, value


def _write(call: Call, collection: str, rkey: str, value: dict[str, Any], operation: str) -> tuple[int, Any]:
    world, actor = call.world, call.account
    old = world.bluesky.records.get(f"at://{actor.did}/{collection}/{rkey}")
    new = old is None or old.deleted
    spend(call, "bluesky points", actor.did, POINTS_PER_HOUR, 3600, 3 if new else 2)
    record = world.bluesky.put(actor, collection, rkey, {"$type": POSTS} | value)
    if new:  # a record that is put again is no second post
        world.ledger.add(
            service="bluesky",
            channel=actor.handle,
            operation=operation,
            at=record.at,
            id=record.uri,
            text=value["text"],
            reply_to=((value.get("reply") or {}).get("parent") or {}).get("uri"),
            root=((value.get("reply") or {}).get("root") or {}).get("uri"),
            facets=value.get("facets") or [],
            card=((value.get("embed") or {}).get("external") or {}).get("uri"),
            langs=value.get("langs") or [],
            media=_media(call, value),
        )
    return 200, {"uri": record.uri, "cid": record.cid, "validationStatus": "valid"}


def _media(call: Call, value: dict[str, Any]) -> list[dict[str, Any]]:
    images = (value.get("embed") or {}).get("images") or []
    blobs = [(call.world.bluesky.blobs[each["image"]["ref"]["$link"]], each) for each in images]
    return [{"kind": "photo", "sha256": blob.sha256, "alt": each["alt"], "size": blob.size} for blob, each in blobs]


async def put_record(call: Call) -> tuple[int, Any]:
    """com.atproto.repo.putRecord"""
    return _write(call, *_own(call), "com.atproto.repo.putRecord")


async def create_record(call: Call) -> tuple[int, Any]:
    """com.atproto.repo.createRecord, with a key"""
    collection, rkey, value = _own(call)
    if (old := call.world.bluesky.records.get(f"at://{call.account.did}/{collection}/{rkey}")) and not old.deleted:
        raise refused(400, "InvalidRequest", "Record already exists")
    return _write(call, collection, rkey, value, "com.atproto.repo.createRecord")


def _shown(record: Record) -> dict[str, Any]:
    return {"uri": record.uri, "cid": record.cid, "value": record.value}


async def get_record(call: Call) -> tuple[int, Any]:
    """com.atproto.repo.getRecord"""
    query = call.request.query_params
    actor = call.world.bluesky.actor(query.get("repo", ""))
    uri = f"at://{actor.did if actor else ''}/{query.get('collection')}/{query.get('rkey')}"
    record = call.world.bluesky.records.get(uri)
    if record is None or record.deleted:
        raise refused(400, "RecordNotFound", f"Could not locate record: {uri}")
    return 200, _shown(record)


async def get_posts(call: Call) -> tuple[int, Any]:
    """app.bsky.feed.getPosts, at most 25: what is gone is left out"""
    uris = call.request.query_params.getlist("uris")
    if len(uris) > MOST_POSTS:
        raise refused(400, "InvalidRequest", f"Error: Params must not have more than {MOST_POSTS} elements at uris")
    found = [call.world.bluesky.records[uri] for uri in uris if uri in call.world.bluesky.records]
    return 200, {"posts": [_post_view(call, record) for record in found if not record.deleted]}


def _post_view(call: Call, record: Record) -> dict[str, Any]:
    seen = reach(record.uri, record.at, call.world.clock())
    return {
        "$type": "app.bsky.feed.defs#postView",
        "uri": record.uri,
        "cid": record.cid,
        "author": {"did": record.did, "handle": call.account.handle},
        "record": record.value,
        "indexedAt": record.at,
        "likeCount": seen["likes"],
        "repostCount": seen["reposts"],
        "quoteCount": seen["quotes"],
        "replyCount": seen["replies"],
    }


async def list_records(call: Call) -> tuple[int, Any]:
    """com.atproto.repo.listRecords"""
    query = call.request.query_params
    actor = call.world.bluesky.actor(query.get("repo", ""))
    if actor is None:
        raise refused(400, "InvalidRequest", f"Could not find repo: {query.get('repo')}")
    limit = min(int(query.get("limit") or 50), 100)
    return 200, {"records": [_shown(r) for r in call.world.bluesky.of(actor, query.get("collection", ""))[:limit]]}


async def delete_record(call: Call) -> tuple[int, Any]:
    """com.atproto.repo.deleteRecord"""
    uri = f"at://{call.account.did}/{call.fields.get('collection')}/{call.fields.get('rkey')}"
    if (record := call.world.bluesky.records.get(uri)) is not None:
        record.deleted = True
        call.world.bluesky.save(record)
    return 200, {}


SERVICE = Bluesky()
ROUTES = [
    Route(f"/bluesky/xrpc/{name}", endpoint(SERVICE, name, handler, public=public), methods=[method])
    for method, name, handler, public in (
        ("POST", "com.atproto.server.createSession", create_session, True),
        ("POST", "com.atproto.server.refreshSession", refresh_session, False),
        ("GET", "com.atproto.server.getSession", get_session, False),
        ("GET", "com.atproto.identity.resolveHandle", resolve_handle, True),
        ("GET", "app.bsky.actor.getProfile", get_profile, False),
        ("POST", "com.atproto.repo.uploadBlob", upload_blob, False),
        ("POST", "com.atproto.repo.putRecord", put_record, False),
        ("POST", "com.atproto.repo.createRecord", create_record, False),
        ("GET", "com.atproto.repo.getRecord", get_record, True),
        ("GET", "app.bsky.feed.getPosts", get_posts, False),
        ("GET", "com.atproto.repo.listRecords", list_records, True),
        ("POST", "com.atproto.repo.deleteRecord", delete_record, False),
    )
]
