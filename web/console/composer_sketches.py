"""Autosave: what is typed is kept on the server, and given back to whom it belongs; and who else has a post open."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from campaigns import posts, sketches
from campaigns.models import Sketch
from web.console.access import Desk, desk_of, own_form
from web.console.composer_form import number
from web.pages import nothing_here, row, words_of
from web.site import site_of
from web.uploads import text_of

router = APIRouter()
NOT_KEPT = {"csrf", "act", "ping"}


@router.post("/console/c/{slug}/posts/sketch")
async def autosave(request: Request, slug: str) -> Response:
    """Keep the form as it stands. With `ping`, only say that the post is open. Answers who else has it open."""
    desk, site, words = await desk_of(request, slug, write=True, territories=True), site_of(request), words_of(request)
    async with own_form(request) as form:
        fields = None if text_of(form, "ping") else fields_of(form)
        sketch_id, post_id = number(text_of(form, "sketch")), number(text_of(form, "post"))
    async with site.database.write() as session:
        post = await posts.find_post(session, desk.campaign.id, post_id, desk.reach) if post_id else None
        if post_id and post is None:
            raise nothing_here()
        kept = None
        if post is not None or fields is not None:
            kept = await sketches.keep(
                session,
                desk.campaign.id,
                desk.organizer.id,
                site.clock(),
                fields=fields,
                sketch_id=sketch_id,
                post_id=post.id if post else None,
            )
        others = await sketches.others_at(session, desk.campaign.id, desk.organizer.id, post_id, site.clock())
    at = words.moment(site.clock(), desk.campaign.timezone, "HH:mm")
    return JSONResponse(
        {
            "sketch": kept.id if kept else 0,
            "saved": words("Draft kept at {time}", time=at) if fields is not None else "",
            "others": open_elsewhere(request, others),
            "version": post.version if post else 0,
        }
    )


@router.post("/console/c/{slug}/posts/sketches/{sketch_id:int}/discard")
async def discard(request: Request, slug: str, sketch_id: int) -> Response:
    """Throw away what was typed and not stored."""
    desk, site = await desk_of(request, slug, write=True, territories=True), site_of(request)
    async with own_form(request), site.database.write() as session:
        found = await sketches.find(session, desk.campaign.id, desk.organizer.id, row(sketch_id))
        if found is None:
            raise nothing_here()
        back = f"{found.post_id}/edit" if found.post_id else "new"
        await session.delete(found)
    return RedirectResponse(f"/console/c/{slug}/posts/{back}", 303)


def fields_of(form: FormData) -> dict[str, list[str]]:
    """The typed fields by name; files are kept by themselves."""
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and name not in NOT_KEPT:
            found.setdefault(name, []).append(value)
    return found


def form_of(sketch: Sketch) -> FormData:
    return FormData([(name, value) for name, values in sketch.fields.items() for value in values])


def open_elsewhere(request: Request, others: list[str]) -> str:
    """A soft warning; empty where nobody else is there."""
    words = words_of(request)
    return words("{names} has this post open too.", names=", ".join(others)) if others else ""


async def asked_for(request: Request, session: AsyncSession, desk: Desk) -> Sketch | None:
    """The sketch that the address names, if it is this organizer's."""
    wanted = number(request.query_params.get("sketch", ""))
    return await sketches.find(session, desk.campaign.id, desk.organizer.id, wanted) if wanted else None


async def drop(session: AsyncSession, desk: Desk, sketch_id: int, post_id: int | None = None) -> None:
    """The post is stored: what was kept of it goes."""
    found: Any = await sketches.find(session, desk.campaign.id, desk.organizer.id, sketch_id) if sketch_id else None
    if found is None and post_id is not None:
        found = await sketches.of_post(session, desk.campaign.id, desk.organizer.id, post_id)
    if found is not None:
        await session.delete(found)
