"""Badges by the dozen: a ZIP of photos is looked at while one waits, and made in the background."""

import asyncio
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from badges import FORMATS
from badges.headers import MEGABYTE, MOST_BYTES
from badges.wishes import COLUMNS
from campaigns import file_requests
from campaigns.accounts import audit_account
from campaigns.badge_batches import (
    LARGEST_BATCH,
    MOST_BADGES,
    MOST_PHOTOS,
    Asked,
    Batch,
    BatchRefused,
    frames_in_use,
    read_batch,
)
from campaigns.file_requests import TooManyFiles
from campaigns.kits import safe
from campaigns.media_stores import opened
from campaigns.models import FileKind
from campaigns.words import Words
from web.badge_wishes import FORMAT_NAMES
from web.console.access import Desk, desk_of, own_form
from web.pages import page, words_of
from web.site import site_of
from web.uploads import TooLarge, stream_of, text_of

router = APIRouter()
HERE = "/console/c/{slug}/badges"
NAMED = 100  # photos that cannot be used, which are shown
AROUND = 40_000  # bytes of the other fields
PATIENCE = 1800  # seconds; a line that sends a megabit a second needs 27 minutes for 200 MB


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form said: it stands there again where something was wrong."""

    frame: str = ""
    formats: tuple[str, ...] = ("square",)
    names_from_files: bool = False
    skip: bool = False
    agreed: bool = False

    @classmethod
    def of(cls, form: FormData) -> "Typed":
        chosen = {each for each in form.getlist("format") if isinstance(each, str)}
        return cls(
            text_of(form, "frame"),
            tuple(name for name in FORMATS if name in chosen),
            form.get("names") == "yes",
            form.get("skip") == "yes",
            form.get("agreed") == "yes",
        )


class Mistake(Exception):
    """Nothing is queued; the message, in the reader's language, says what to do. `batch`: what was read of the file."""

    def __init__(self, sentence: str, batch: Batch | None = None, called: str = "") -> None:
        super().__init__(sentence)
        self.batch, self.called = batch, called


@router.get(HERE)
async def batch_form(request: Request, slug: str) -> Response:
    return await _page(request, await desk_of(request, slug, write=True), Typed())


@router.post(HERE)
async def ask_for_batch(request: Request, slug: str) -> Response:
    """Looked at at once, and queued; with photos that cannot be used only where `skip` says so."""
    desk, words = await desk_of(request, slug, write=True), words_of(request)
    typed = Typed()
    try:
        async with own_form(request, LARGEST_BATCH + AROUND, patience=PATIENCE, on_disk=True) as form:
            typed = Typed.of(form)
            await _queue(request, desk, typed, stream_of(form, "file"))
    except Mistake as mistake:
        return await _page(request, desk, typed, 422, mistake)
    except TooLarge:
        said = words(
            "This file is larger than {n} MB: pack fewer photos, or smaller copies.", n=LARGEST_BATCH // MEGABYTE
        )
        return await _page(request, desk, typed, 413, Mistake(said))
    return RedirectResponse(f"/console/c/{slug}/files", 303)


async def _queue(request: Request, desk: Desk, typed: Typed, given: tuple[str, BinaryIO] | None) -> None:
    site, words = site_of(request), words_of(request)
    async with site.database.read() as session:
        frames = await frames_in_use(session, desk.campaign, site.settings.frames)
    if given is None:
        raise Mistake(words("Choose a file first."))
    if frames.key_of(typed.frame) is None:
        raise Mistake(words("Choose a frame."))
    if not typed.formats:
        raise Mistake(words("Choose a format at least."))
    if not typed.agreed:
        raise Mistake(words("Say that you have their yes: these are other people's photos."))
    called, asked = safe(given[0]), Asked(typed.frame, typed.formats, typed.names_from_files)
    try:
        batch = await asyncio.to_thread(read_batch, given[1], called, asked, frames, words)
    except BatchRefused as refused:
        raise Mistake(str(refused)) from None
    if not batch.wishes or (batch.failures and not typed.skip):
        raise Mistake(_wrong(words, batch, called), batch, called)
    given[1].seek(0)
    source = await asyncio.to_thread(file_requests.keep_source, site.settings.files, given[1])
    wanted = asked.as_json() | {"called": called, "language": words.language}
    try:
        async with site.database.write() as session:
            now, who = site.clock(), desk.organizer.id
            await file_requests.ask(session, desk.campaign.id, who, FileKind.badges, called, wanted, now, source=source)
            audit_account(session, desk.campaign.id, who, None, now, "badges asked for", called)
    except TooManyFiles as many:
        await asyncio.to_thread(opened(site.settings.files).delete, source)
        raise Mistake(words(str(many))) from None


def _wrong(words: Words, batch: Batch, called: str) -> str:
    good, bad = len(batch.wishes), len(batch.failures)
    said = words.many("{file}: {n} photo cannot be used.", "{file}: {n} photos cannot be used.", bad, file=called)
    rest = words.many("{n} photo is good.", "{n} photos are good.", good)
    return f"{said} {rest}"


async def _page(
    request: Request, desk: Desk, typed: Typed, status: int = 200, mistake: Mistake | None = None
) -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        frames = await frames_in_use(session, desk.campaign, site.settings.frames)
    batch = mistake.batch if mistake else None
    return page(
        request,
        "console/badge_batch.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        frames=frames.rows,
        chosen=frames.key_of(typed.frame) or (frames.rows[0].design if frames.rows else ""),
        formats=[(each, FORMAT_NAMES.get(each.name, each.name)) for each in FORMATS.values()],
        typed=typed,
        columns=COLUMNS,
        problem=str(mistake) if mistake else "",
        bad=batch.failures[:NAMED] if batch else (),
        bad_in_all=len(batch.failures) if batch else 0,
        good=len(batch.wishes) if batch else 0,
        most_photos=MOST_PHOTOS,
        most_badges=MOST_BADGES,
        megabytes=LARGEST_BATCH // MEGABYTE,
        photo_megabytes=MOST_BYTES // MEGABYTE,
    )
