"""The HTTP face of the Graph API: a Page's name, feed and photos; with and without a version in the path."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.facebook import problems
from sandbox.facebook.problems import Problem
from sandbox.facebook.state import Page, PagePost, Photo
from sandbox.faults import ConnectionCut, Fault, Passing
from sandbox.passage import cut, gone
from sandbox.pictures import NotAPicture, read_header
from sandbox.reach import reach
from sandbox.store import Json
from sandbox.world import World, world_of

LONGEST = 63_206  # characters of a post
LARGEST = 4_000_000  # bytes of a photo, from the Graph API's own refusal (code 100, subcode 1366046)
MOST_PHOTOS = 10
KINDS = ("jpeg", "jpg", "png", "gif", "bmp", "tiff", "webp")


@dataclass
class PageCall:
    """A request of a known token while it is being answered."""

    world: World
    page: Page
    fields: dict[str, str]
    upload: bytes | None = None
    post: PagePost | None = None  # where the address names one in the page's place


async def show(call: PageCall) -> Json:
    """GET /{page}, or GET /{post}: what Graph has of an object depends on its kind"""
    if call.post is not None:
        return _shown(call, call.post)
    wanted = [name for name in call.fields.get("fields", "name").split(",") if name in ("name", "id")]
    return {name: getattr(call.page, name) for name in wanted} | {"id": call.page.id}


def _shown(call: PageCall, post: PagePost) -> Json:
    seen = reach(post.id, post.at, call.world.clock())
    shown: Json = {
        "reactions": {"data": [], "summary": {"total_count": seen["likes"]}},
        "comments": {"data": [], "summary": {"total_count": seen["replies"]}},
    }
    if seen["reposts"]:  # Graph leaves it away while nobody shared the post
        shown["shares"] = {"count": seen["reposts"]}
    wanted = re.findall(r"(?:^|,)(\w+)(?:\.[^,]*)?", call.fields.get("fields", ""))
    return {name: shown[name] for name in wanted if name in shown} | {"id": post.id}


async def feed(call: PageCall) -> Json:
    """GET /{page}/feed"""
    return {"data": call.world.facebook.feed(call.page)}


async def publish(call: PageCall) -> Json:
    """POST /{page}/feed"""
    message, link = call.fields.get("message", ""), call.fields.get("link") or None
    photos = _attached(call)
    if not message and not link and not photos:
        raise problems.invalid("param message: must be a non-empty string")
    if link and not re.fullmatch(r"https?://[^\s/]+\S*", link):
        raise problems.invalid("param link must be a URL")
    for photo in photos:
        photo.published = True
        call.world.facebook.save_photo(photo)
    return {"id": _write(call, "POST /{page}/feed", message, link, photos)}


async def add_photo(call: PageCall) -> Json:
    """POST /{page}/photos"""
    if call.upload is None:
        raise problems.no_picture()
    try:
        header = read_header(call.upload)
    except NotAPicture:
        raise problems.no_picture() from None
    if header.kind not in KINDS or len(call.upload) > LARGEST:
        raise problems.unfit_picture()
    state, hidden = call.world.facebook, call.fields.get("published", "true").lower() in ("false", "0")
    sha256 = call.world.store.put_blob(call.upload)
    alt = call.fields.get("alt_text_custom") or None
    photo = Photo(state.new_id(), call.page.id, sha256, header.mime, not hidden, alt)
    state.save_photo(photo)
    if hidden:
        return {"id": photo.id}
    caption = call.fields.get("caption") or call.fields.get("message", "")
    return {"id": photo.id, "post_id": _write(call, "POST /{page}/photos", caption, None, [photo])}


def _attached(call: PageCall) -> list[Photo]:
    photos = []
    names = sorted(name for name in call.fields if re.fullmatch(r"attached_media\[\d+\]", name))
    if len(names) > MOST_PHOTOS:
        raise problems.invalid(f"param attached_media has too many elements; at most {MOST_PHOTOS}")
    for name in names:
        try:
            photo = call.world.facebook.photos.get(str(json.loads(call.fields[name])["media_fbid"]))
        except (ValueError, KeyError, TypeError):
            raise problems.invalid(f"param {name} must be an object with media_fbid") from None
        if photo is None or photo.page != call.page.id or photo.published:
            raise problems.invalid(f"param {name}: no such unpublished photo")
        photos.append(photo)
    return photos


def _write(call: PageCall, operation: str, message: str, link: str | None, photos: list[Photo]) -> str:
    world = call.world
    if len(message) > LONGEST:
        raise problems.invalid(f"param message must be at most {LONGEST} characters")
    mine = [post for post in world.facebook.posts.values() if post.page == call.page.id]
    if mine and not photos and (mine[-1].message, mine[-1].link) == (message, link):
        raise problems.duplicate()
    at = world.clock().isoformat()
    post_id = f"{call.page.id}_{world.facebook.new_id()}"
    world.facebook.save_post(PagePost(post_id, call.page.id, message, link, at, [photo.id for photo in photos]))
    media = [{"kind": "photo", "sha256": photo.sha256, "alt": photo.alt} for photo in photos]
    world.ledger.add(
        service="facebook",
        channel=call.page.id,
        operation=operation,
        at=at,
        id=post_id,
        text=message,
        link=link,
        media=media,
    )
    return post_id


Handler = Callable[[PageCall], Awaitable[Json]]


def endpoint(operation: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """An operation: 1. token; 2. gates and faults; 3. the operation; 4. gates and faults again."""

    async def answer(request: Request) -> Response:
        world, headers, status = world_of(request), dict[str, str](), 200
        passing = Passing("facebook", operation, request.path_params["page"])
        try:
            body = await _through(request, world, passing, handler, headers)
        except Problem as problem:
            status, body = problem.status, problem.body
        except ConnectionCut:
            world.desk.log(passing, 0)
            return await cut(request)
        world.desk.log(passing, status)
        return JSONResponse(body, status_code=status, headers=headers)

    return answer


async def _through(request: Request, world: World, passing: Passing, handler: Handler, headers: dict[str, str]) -> Json:
    fields, upload = await _read(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = token if scheme in ("Bearer", "OAuth") else fields.get("access_token", "")
    page = world.facebook.by_token(given)
    if page is None:
        raise problems.token_ended()
    named = request.path_params["page"]
    post = world.facebook.posts.get(named)
    if named not in (page.id, "me") and (post is None or post.page != page.id):
        raise problems.no_such_object(request.path_params["page"])
    passing.detail = {name: fields[name] for name in ("message", "link", "caption") if name in fields}
    fault = await world.desk.before(passing, gone(request))
    if fault is not None:
        headers |= _usage(page, fault)
        raise _problem(fault)
    body = await handler(PageCall(world, page, fields, upload, post))
    if await world.desk.after(passing, gone(request)):
        raise problems.internal()
    return body


def _problem(fault: Fault) -> Problem:
    makers = {
        "rate_limit": problems.too_many,
        "revoked": problems.token_ended,
        "blocked": problems.not_permitted,
    }
    return makers.get(fault.kind, problems.internal)()


def _usage(page: Page, fault: Fault) -> dict[str, str]:
    """The header in which Facebook says, in minutes, how long it will refuse."""
    if fault.kind != "rate_limit":
        return {}
    usage = {"type": "pages", "call_count": 100, "total_cputime": 20, "total_time": 20}
    usage |= {"estimated_time_to_regain_access": max(1, round(fault.seconds / 60))}
    return {"x-business-use-case-usage": json.dumps({page.id: [usage]})}


async def _read(request: Request) -> tuple[dict[str, str], bytes | None]:
    fields = dict(request.query_params)
    if request.method == "GET":
        await request.body()
        return fields, None
    async with request.form() as form:
        source = form.get("source")
        fields |= {name: value for name, value in form.items() if isinstance(value, str)}
        return fields, await source.read() if isinstance(source, UploadFile) else None


ROUTES = [
    Route(f"/facebook{version}/{{page}}{path}", endpoint(f"{method} /{{page}}{path}", handler), methods=[method])
    for version in ("", "/v{version}")
    for method, path, handler in (
        ("GET", "", show),
        ("GET", "/feed", feed),
        ("POST", "/feed", publish),
        ("POST", "/photos", add_photo),
    )
]
