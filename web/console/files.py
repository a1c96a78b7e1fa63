"""Files that are made in the background: who asks waits a moment, and finds what takes longer on a page of its own."""

import asyncio
import mimetypes
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from campaigns import file_requests, health
from campaigns.file_requests import KEPT, TooManyFiles
from campaigns.models import FileKind, FileRequest, FileState, Organizer
from campaigns.words import mark
from web.console.access import Desk, desk_of, own_form
from web.pages import Trouble, nothing_here, page, render, row, words_of
from web.site import site_of

_ = mark
router = APIRouter()
PATIENCE = 3.0  # seconds that a person waits for a file before they are shown how far it is
LOOK = 0.1  # seconds between two looks at it
PIECE = 256 * 1024  # bytes of a file that are read at a time
UNTAKEN = timedelta(seconds=30)  # after which a file that nobody took says so
KINDS = {
    FileKind.report_pdf: _("Report (PDF)"),
    FileKind.results_xlsx: _("Workbook (Excel)"),
    FileKind.badges: _("Badges by the dozen"),
}
STATES = {
    FileState.queued: _("waits"),
    FileState.making: _("is being made"),
    FileState.ready: _("ready"),
    FileState.failed: _("failed"),
}
OPEN = (FileState.queued, FileState.making)
OF_WRITERS = (FileKind.badges,)  # these hold people's names and faces
GONE = _("This file is no longer there"), _("Files are kept for a day. Ask for it once more where you found it.")


@dataclass(frozen=True, slots=True)
class Shown:
    """A file with what is told of it. `untaken`: nobody seems to be there who would make it."""

    file: FileRequest
    who: str  # empty: somebody who left
    untaken: bool

    @property
    def is_open(self) -> bool:
        return self.file.state in OPEN

    @property
    def until(self) -> Any:
        """When it is thrown away."""
        return (self.file.ended_at or self.file.asked_at) + KEPT


def address(slug: str) -> str:
    return f"/console/c/{slug}/files"


async def made_file(request: Request, desk: Desk, kind: FileKind, title: str, wanted: Mapping[str, Any]) -> Response:
    """The file itself where it is ready within a moment, else the way to the page that shows how far it is."""
    site = site_of(request)
    try:
        async with site.database.write() as session:
            asked = await file_requests.ask(
                session, desk.campaign.id, desk.organizer.id, kind, title, wanted, site.clock()
            )
    except TooManyFiles as many:
        return await _list_page(request, desk, 429, problem=words_of(request)(str(many)))
    found = await _soon(request, asked)
    if found is not None and found.state is FileState.ready:
        return await _sent(request, found)
    return RedirectResponse(f"{address(desk.campaign.slug)}#file-{asked.id}", 303)


async def _soon(request: Request, asked: FileRequest) -> FileRequest | None:
    """How it stands as soon as it is made, or when patience is over."""
    found: FileRequest | None = asked
    loop, database = asyncio.get_running_loop(), site_of(request).database
    ends = loop.time() + PATIENCE
    while found is not None and found.state in OPEN and loop.time() < ends:
        await asyncio.sleep(LOOK)
        async with database.read() as session:
            found = await file_requests.find(session, asked.campaign_id, asked.id)
    return found


async def _sent(request: Request, file: FileRequest) -> Response:
    home, kind = site_of(request).settings.files, mimetypes.guess_type(file.file_name)[0] or "application/octet-stream"
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if isinstance(home, Path):  # sent by the system, without being read
        if not await asyncio.to_thread((home / file.result).is_file):
            raise Trouble(404, *GONE)
        return FileResponse(home / file.result, media_type=kind, filename=file.file_name, headers=headers)
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - read, and closed, while it is sent
    try:
        await asyncio.to_thread(home.copy_to, file.result, copy)
    except FileNotFoundError:
        copy.close()
        raise Trouble(404, *GONE) from None
    headers |= {"Content-Disposition": f'attachment; filename="{file.file_name}"', "Content-Length": str(copy.tell())}
    return StreamingResponse(_pieces(copy), media_type=kind, headers=headers)


def _pieces(copy: IO[bytes]) -> Iterator[bytes]:
    with copy:
        copy.seek(0)
        while piece := copy.read(PIECE):
            yield piece


# The page


def _may_see(desk: Desk, file: FileRequest) -> bool:
    return desk.may_write or file.kind not in OF_WRITERS


async def _find(session: AsyncSession, desk: Desk, file_id: int) -> FileRequest:
    """A file of this campaign that this organizer may have; Trouble for any other."""
    found = await file_requests.find(session, desk.campaign.id, row(file_id))
    if found is None or not _may_see(desk, found):
        raise nothing_here()
    return found


@router.get("/console/c/{slug}/files")
async def file_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await desk_of(request, slug))


async def _list_page(request: Request, desk: Desk, status: int = 200, *, problem: str = "") -> Response:
    async with site_of(request).database.read() as session:
        files = [each for each in await file_requests.of_campaign(session, desk.campaign.id) if _may_see(desk, each)]
        shown = await _shown(request, session, files)
    return page(
        request,
        "console/files.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        found=shown,
        problem=problem,
        **_names(),
    )


def _names() -> dict[str, Any]:
    return {"kinds": KINDS, "states": STATES}


async def _shown(request: Request, session: AsyncSession, files: list[FileRequest]) -> list[Shown]:
    now = site_of(request).clock()
    people = await session.scalars(select(Organizer).where(col(Organizer.id).in_({f.organizer_id for f in files})))
    names = {each.id: each.name for each in people}
    idle = not await health.is_at_work(session, now)
    moves = bool(await file_requests.makers(session))
    return [
        Shown(
            each,
            names.get(each.organizer_id or 0, ""),
            each.state is FileState.queued and (idle or (not moves and now - each.asked_at > UNTAKEN)),
        )
        for each in files
    ]


@router.get("/console/c/{slug}/files/{file_id:int}/progress")
async def progress(request: Request, slug: str, file_id: int) -> Response:
    """One file as the list shows it, for the page that watches it."""
    desk = await desk_of(request, slug)
    async with site_of(request).database.read() as session:
        (shown,) = await _shown(request, session, [await _find(session, desk, file_id)])
    html = render(request, "console/_file.html", desk=desk, campaign=desk.campaign, each=shown, **_names())
    return Response(html, media_type="text/html")


@router.get("/console/c/{slug}/files/{file_id:int}/download")
async def download(request: Request, slug: str, file_id: int) -> Response:
    desk = await desk_of(request, slug)
    async with site_of(request).database.read() as session:
        found = await _find(session, desk, file_id)
    if found.state is not FileState.ready:
        return RedirectResponse(f"{address(slug)}#file-{found.id}", 303)
    return await _sent(request, found)


@router.post("/console/c/{slug}/files/{file_id:int}/try-again")
async def try_again(request: Request, slug: str, file_id: int) -> Response:
    desk, site = await desk_of(request, slug), site_of(request)
    async with own_form(request), site.database.write() as session:
        found = await _find(session, desk, file_id)
        await file_requests.try_again(session, desk.campaign.id, found.id, site.clock())
    return RedirectResponse(f"{address(slug)}#file-{found.id}", 303)


@router.post("/console/c/{slug}/files/{file_id:int}/remove")
async def remove(request: Request, slug: str, file_id: int) -> Response:
    desk, site = await desk_of(request, slug), site_of(request)
    async with own_form(request), site.database.write() as session:
        found = await _find(session, desk, file_id)
        await file_requests.remove(session, desk.campaign.id, found.id)
    await asyncio.to_thread(file_requests.drop_files, site.settings.files, found)
    return RedirectResponse(address(slug), 303)
