"""Posts: list, read, write, change, submit and take back. A yes is a human's and is not given here."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from campaigns import approval, editing, pages, posts
from campaigns.access_tokens import Caller, Scope
from campaigns.models import Post, PostState
from web import kept_pictures
from web.api.callers import needs
from web.api.given_posts import changed, new_post
from web.api.paging import Cursor, Limit, Number, next_cursor, read_cursor
from web.api.problems import READS, WRITES, ApiProblem, nothing_here
from web.api.shapes import Page, PostChange, PostGiven, PostShown
from web.api.writes import Done, IdempotencyKey, once
from web.site import site_of

router = APIRouter(prefix="/posts", tags=["posts"])
READ, WRITE = needs(Scope.posts_read), needs(Scope.posts_write)


@router.get("", responses=READS)
async def list_posts(
    request: Request,
    caller: Caller = READ,
    state: Annotated[PostState | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PostShown]:
    """The campaign's posts, the newest first."""
    before = read_cursor(cursor)
    async with site_of(request).database.read() as session:
        found = await pages.posts_page(session, caller.campaign.id, before=before, limit=limit, state=state)
    return Page(items=[PostShown.of(each) for each in found], next=next_cursor([each.post for each in found], limit))


@router.get("/{post}", responses=READS)
async def read_post(request: Request, post: Number, caller: Caller = READ) -> PostShown:
    """One post."""
    async with site_of(request).database.read() as session:
        return await _shown(session, await _find(session, caller, post))


@router.get(
    "/{post}/pictures/{position}",
    response_class=FileResponse,
    responses=READS | {200: {"content": {"image/*": {}}, "description": "Its bytes."}},
)
async def read_picture(request: Request, post: Number, position: int, caller: Caller = READ) -> Response:
    """The bytes of a post's picture."""
    site = site_of(request)
    async with site.database.read() as session:
        found = await pages.whole(session, [await _find(session, caller, post)])
    picture = next((each for each in found[0].pictures if each.position == position), None)
    found_file = await kept_pictures.answer(site.settings.media, picture.file) if picture is not None else None
    if found_file is None:
        raise nothing_here(f"Post {post} has no picture {position}; see its pictures.")
    return found_file


@router.post("", status_code=201, response_model=PostShown, responses=WRITES)
async def create_post(
    request: Request, given: PostGiven, caller: Caller = WRITE, idempotency_key: IdempotencyKey = None
) -> Response:
    """Write a post. Without a moment it is a draft; with one it is scheduled, or waits for somebody else's yes."""
    site = site_of(request)

    async def work(session: AsyncSession) -> Done:
        post = await posts.add_post(
            session,
            caller.campaign.id,
            await new_post(session, caller.campaign, given, site.settings.media),
            media_dir=site.settings.media,
            now=site.clock(),
            author_id=caller.organizer.id,
        )
        return Done(await _shown(session, post), 201, f"/api/v1/posts/{post.id}")

    return await once(request, caller, idempotency_key, work)


@router.patch("/{post}", response_model=PostShown, responses=WRITES)
async def change_post(
    request: Request, post: Number, given: PostChange, caller: Caller = WRITE, idempotency_key: IdempotencyKey = None
) -> Response:
    """Change a post that is not out yet. Whoever said yes to it said so to something else, and is asked anew."""
    site = site_of(request)

    async def work(session: AsyncSession) -> Done:
        found = await _find(session, caller, post)
        out = (await posts.publications_of(session, [found.id]))[found.id]
        if out and not any(publication.state in posts.NOT_OUT for publication, _ in out):
            raise ApiProblem(409, f"“{found.title}” is out, or decided, on every channel: write a new post.")
        before = await editing.as_written(session, found, site.settings.media)
        await editing.change_post(
            session,
            found,
            before,
            changed(found, before, given),
            caller.organizer.id,
            site.clock(),
            site.settings.media,
        )
        return Done(await _shown(session, found))

    return await once(request, caller, idempotency_key, work)


@router.post("/{post}/submit", response_model=PostShown, responses=WRITES)
async def submit_post(
    request: Request, post: Number, caller: Caller = WRITE, idempotency_key: IdempotencyKey = None
) -> Response:
    """Hand a draft to who approves; where nobody must, it is approved at once."""
    site = site_of(request)

    async def act(session: AsyncSession, found: Post) -> None:
        await approval.submit(session, found, caller.organizer.id, site.clock())

    return await _move(request, caller, post, idempotency_key, act)


@router.post("/{post}/cancel", response_model=PostShown, responses=WRITES)
async def cancel_post(
    request: Request, post: Number, caller: Caller = WRITE, idempotency_key: IdempotencyKey = None
) -> Response:
    """Take a post back: what is not out never goes out, what is out stays."""
    site = site_of(request)

    async def act(session: AsyncSession, found: Post) -> None:
        await posts.cancel_post(session, caller.campaign.id, found.id, site.clock(), caller.organizer.id)

    return await _move(request, caller, post, idempotency_key, act)


async def _move(
    request: Request,
    caller: Caller,
    number: int,
    key: str | None,
    act: Callable[[AsyncSession, Post], Awaitable[None]],
) -> Response:
    async def work(session: AsyncSession) -> Done:
        found = await _find(session, caller, number)
        await act(session, found)
        return Done(await _shown(session, found))

    return await once(request, caller, key, work)


async def _find(session: AsyncSession, caller: Caller, number: int) -> Post:
    post = await posts.find_post(session, caller.campaign.id, number)
    if post is None:
        raise nothing_here(f"{caller.campaign.name} has no post {number}; GET /api/v1/posts lists them.")
    return post


async def _shown(session: AsyncSession, post: Post) -> PostShown:
    await session.flush()
    session.expire_all()  # publications are moved by statements that this session's rows do not see
    await session.refresh(post)
    (whole,) = await pages.whole(session, [post])
    return PostShown.of(whole)
