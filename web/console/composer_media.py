"""The pictures of a post that is being written: kept as soon as they are chosen, shown again, read back for its checks."""

import asyncio
import re
from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaigns import uploads
from campaigns.media import LARGEST, NewPicture, PictureRefused, keep
from campaigns.media_stores import opened
from campaigns.posts import Problem
from campaigns.sentences import told
from campaigns.words import mark
from web import kept_pictures
from web.console.access import Desk, desk_of, own_form
from web.console.composer_form import Chosen, picture_of
from web.pages import nothing_here, render, words_of
from web.site import site_of
from web.uploads import FORM_LIMIT, TooLarge, files_of

_ = mark
FILE = re.compile(r"[0-9a-f]{64}\.(?:jpg|png|webp|gif)")
WHOLE_FORM = (
    65_000_000  # bytes; so much is read, so that a picture of 60 MB is refused beside its field and the rest stays
)
router = APIRouter()


@router.post("/console/c/{slug}/posts/pictures")
async def upload(request: Request, slug: str) -> Response:
    """One picture or several, at once while somebody writes: their fields as HTML, or a sentence on what is wrong."""
    desk, words = await desk_of(request, slug, write=True, territories=True), words_of(request)
    try:
        async with own_form(request, WHOLE_FORM) as form:
            chosen, problems = await take(request, desk, form)
    except TooLarge:
        most = f"{LARGEST / 1e6:.0f}"
        return JSONResponse({"html": "", "problems": [words("This is too large: at most {n} MB a picture.", n=most)]})
    html = "".join(render(request, "console/_picture.html", desk=desk, campaign=desk.campaign, each=c) for c in chosen)
    return JSONResponse({"html": html, "problems": [told(words, problem.message) for problem in problems]})


async def take(request: Request, desk: Desk, form: FormData) -> tuple[list[Chosen], list[Problem]]:
    """Keep the files of a form; what is no picture is named."""
    site = site_of(request)
    chosen, problems = [], list[Problem]()
    for name, data in await files_of(form, "image"):
        alt = form.get("alt")
        new = NewPicture(name, data)
        try:
            await asyncio.to_thread(keep, site.settings.media, new)  # before the store is held up for it
            async with site.database.write() as session:
                kept = await uploads.add_upload(
                    session, desk.campaign.id, desk.organizer.id, new, site.settings.media, site.clock()
                )
            chosen.append(Chosen(kept.file, name, alt.strip() if isinstance(alt, str) else ""))
        except PictureRefused as refused:
            problems.append(Problem("image", str(refused)))
    return chosen, problems


@router.get("/console/c/{slug}/posts/pictures/{file}")
async def show(request: Request, slug: str, file: str) -> Response:
    """A picture of the campaign's, as it was chosen."""
    desk, site = await desk_of(request, slug, write=True, territories=True), site_of(request)
    async with site.database.read() as session:
        names = await uploads.names_of(session, desk.campaign.id, [file])
    found = await kept_pictures.answer(site.settings.media, file) if FILE.fullmatch(file) and file in names else None
    if found is None:
        raise nothing_here()
    return found


async def load(
    request: Request, session: AsyncSession, desk: Desk, chosen: Sequence[Chosen]
) -> tuple[list[NewPicture], list[Problem]]:
    """The pictures of a form with their bytes; only those of this campaign, and a problem for each that is gone."""
    home = opened(site_of(request).settings.media)
    names = await uploads.names_of(session, desk.campaign.id, [each.file for each in chosen])
    found, problems = [], list[Problem]()
    for each in chosen:
        each.name = names.get(each.file, each.name)
        try:
            if each.file not in names or not FILE.fullmatch(each.file):
                raise FileNotFoundError
            found.append(picture_of(each, await asyncio.to_thread(home.load, each.file)))
        except FileNotFoundError:
            problems.append(Problem("image", _("A picture is gone: choose it once more.")))
    return found, problems


def form_limit(request: Request) -> int:
    """A form without files is small; one that brings them is read as far as a picture may be refused by a sentence."""
    multipart = request.headers.get("content-type", "").startswith("multipart/")
    return WHOLE_FORM if multipart else FORM_LIMIT
