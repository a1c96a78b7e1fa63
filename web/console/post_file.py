"""Posts as a file: a CSV, or a ZIP with pictures, is checked and queued; the campaign's posts are handed out in the same form."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from campaigns import forecast, installation, post_export, posts
from campaigns.forecast import Foreseen
from campaigns.kits import safe
from campaigns.periods import period_of
from campaigns.post_export import ExportRefused
from campaigns.post_files import BadCell, FileRefused, ReadPosts
from campaigns.post_packages import LARGEST_PACKAGE, MOST_POSTS, count_known, read_package, write_package
from campaigns.posts import PostRefused
from campaigns.sentences import told, within
from campaigns.times import TimeProblem
from campaigns.words import mark
from web.console.access import Desk, desk_of, own_form
from web.pages import Trouble, page, words_of
from web.site import site_of
from web.uploads import file_of, text_of

_ = mark
router = APIRouter()
NAMED = 100  # mistakes, and posts that fall into silence, that are shown
CHUNK = 256 * 1024  # bytes
BACK, AHEAD = timedelta(days=90), timedelta(days=365)  # of an export, unless its days are given


@router.get("/console/c/{slug}/posts/file")
async def file_page(request: Request, slug: str) -> Response:
    return await _page(request, await desk_of(request, slug, write=True))


@router.post("/console/c/{slug}/posts/file")
async def take_file(request: Request, slug: str) -> Response:
    """The button `do` checks alone, or checks and queues. Of a file with mistakes nothing is queued, unless `skip` says so."""
    desk, site, words = await desk_of(request, slug, write=True), site_of(request), words_of(request)
    async with own_form(request, LARGEST_PACKAGE + 100_000) as form:
        queue, given = text_of(form, "do") == "queue", await file_of(form, "file")
        skip, again = form.get("skip") == "yes", form.get("again") == "yes"
    if given is None:
        return await _page(request, desk, 422, problem=words("Choose a file first."))
    name = safe(given[0])
    async with site.database.read() as session:
        channels = await installation.channels(session, desk.campaign.id)
    try:
        read = await asyncio.to_thread(read_package, name, given[1], desk.campaign, channels, site.clock())
    except FileRefused as refused:
        return await _page(request, desk, 422, problem=within(words, str(refused)))
    async with site.database.read() as session:
        known = await count_known(session, desk.campaign.id, [post for _, post in read.posts])
    queue = queue and bool(read.posts) and (skip or not read.bad) and (again or not known)
    read, seen = await _queue(request, desk, read, keep=queue)
    status = 200 if queue or not (read.bad or known) else 422
    return await _page(request, desk, status, name=name, read=read, seen=seen, queued=queue, known=known)


async def _queue(request: Request, desk: Desk, read: ReadPosts, *, keep: bool) -> tuple[ReadPosts, Foreseen]:
    """Write the good posts, or try it: what they cost and what would hold them is only known when they are rows."""
    site, wrong, good, stored = site_of(request), list(read.bad), [], []
    async with site.database.write() as session:
        with _media_folder(site.settings.media_dir, keep=keep) as media_dir:
            for line, post in read.posts:
                try:
                    stored.append(
                        await posts.add_post(
                            session,
                            desk.campaign.id,
                            post,
                            media_dir=media_dir,
                            now=site.clock(),
                            author_id=desk.organizer.id,
                        )
                    )
                    good.append((line, post))
                except PostRefused as refused:  # what only the store knows, such as a slot that is taken
                    wrong += [BadCell(line, problem.field, problem.message) for problem in refused.problems]
        seen = await forecast.foresee(session, desk.campaign.id, stored)
        if not keep:
            session.expunge_all()
            await session.rollback()
    return ReadPosts(tuple(good), tuple(wrong)), seen


@contextmanager
def _media_folder(kept: Path, *, keep: bool) -> Iterator[Path]:
    """Where the pictures are laid: a trial leaves none."""
    if keep:
        yield kept
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@router.get("/console/c/{slug}/posts/file.zip")
async def hand_out(request: Request, slug: str) -> Response:
    """The posts of the days `from` to `until`, with states, addresses and pictures; without days, of about a year."""
    desk, site = await desk_of(request, slug), site_of(request)
    now, days = site.clock(), request.query_params
    first, last = days.get("from", ""), days.get("until", "")
    try:
        period = period_of(desk.campaign, now, first=first or f"{(now - BACK).date()}", last=last or f"{(now + AHEAD).date()}")  # fmt: skip
    except TimeProblem as problem:
        raise Trouble(422, _("These days cannot be read"), told(words_of(request), str(problem))) from None
    async with site.database.read() as session:
        found = await post_export.gather(session, desk.campaign, period.begins, period.ends)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - read, and closed, while it is sent
    try:
        await asyncio.to_thread(write_package, file, found, desk.campaign, now, site.settings.media_dir)
    except ExportRefused as refused:
        file.close()
        raise Trouble(409, _("This cannot be done here"), told(words_of(request), str(refused))) from None
    name = f"{desk.campaign.slug}-{period.first}-{period.last}.zip"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_sent(file), media_type="application/zip", headers=headers)


def _sent(file: BinaryIO) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


async def _page(
    request: Request,
    desk: Desk,
    status: int = 200,
    *,
    problem: str = "",
    name: str = "",
    read: ReadPosts | None = None,
    seen: Foreseen | None = None,
    queued: bool = False,
    known: int = 0,
) -> Response:
    words, bad = words_of(request), read.bad if read else ()
    return page(
        request,
        "console/post_file.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        problem=problem,
        name=name,
        read=read,
        lines=len({cell.line for cell in bad}),
        bad=[(cell.line, cell.column, told(words, cell.message)) for cell in bad[:NAMED]],
        silent=seen.silent[:NAMED] if seen else (),
        seen=seen,
        queued=queued,
        known=known,
        within=within,
        most=MOST_POSTS,
        megabytes=LARGEST_PACKAGE // 1_000_000,
    )
