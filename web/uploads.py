"""Reading forms: counted while they stream in, and held in memory only. A supporter's photo never touches the disk."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from campaigns.words import mark
from web.pages import Trouble
from web.site import site_of
from web.workshop import RETRY_AFTER, Busy

_ = mark
FORM_LIMIT = 200_000  # bytes of a form without files
DRAINED = 100_000_000  # bytes; what is too large is read on and dropped so far, as a browser shows no answer before
PATIENCE = 300  # seconds for a whole upload; a phone on a slow line sends 25 MB in four minutes


class TooLarge(Exception):
    """The form is larger than it may be."""


class _InMemory(MultiPartParser):
    spool_max_size = 2**31  # Starlette writes a larger file to the disk


@asynccontextmanager
async def form_of(
    request: Request, limit: int = FORM_LIMIT, *, patience: int = PATIENCE, on_disk: bool = False
) -> AsyncIterator[FormData]:
    """The request's form, of at most `limit` bytes; raises TooLarge, or Trouble for what is no form.

    Use it as `async with`: the memory of its files is given back at the end. `on_disk`: what no memory should hold lies
    in a file without a name meanwhile.
    """
    workshop, taken = site_of(request).workshop, 0

    async def counted() -> AsyncGenerator[bytes, None]:
        nonlocal taken
        body = request.stream()
        async for chunk in body:
            if taken + len(chunk) > limit:
                await _drain(body)
                raise TooLarge
            if not on_disk:
                workshop.take(len(chunk))
            taken += len(chunk)
            yield chunk

    try:
        form = await _parse(request, counted(), limit, patience, MultiPartParser if on_disk else _InMemory)
        try:
            yield form
        finally:
            await form.close()
    finally:
        if not on_disk:
            workshop.give_back(taken)


async def _parse(
    request: Request,
    body: AsyncGenerator[bytes, None],
    limit: int,
    patience: int,
    parser: type[MultiPartParser],
) -> FormData:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        async with asyncio.timeout(patience):
            if kind == "multipart/form-data":
                return await parser(request.headers, body, max_files=10, max_fields=400).parse()
            return await FormParser(request.headers, body, max_fields=400, max_part_size=limit).parse()
    except MultiPartException:
        raise Trouble(400, _("This form did not arrive whole"), _("Go back, and send it once more.")) from None
    except TimeoutError:
        raise Trouble(
            408, _("That took too long"), _("Send a smaller picture, or try on a better connection.")
        ) from None
    except Busy:
        raise too_busy() from None


def too_busy() -> Trouble:
    return Trouble(
        503,
        _("Many people are here right now"),
        _("Wait a few seconds, then try again: your turn comes."),
        {"Retry-After": str(RETRY_AFTER)},
    )


async def _drain(body: AsyncGenerator[bytes, None]) -> None:
    dropped = 0
    async for chunk in body:
        dropped += len(chunk)
        if dropped > DRAINED:
            return


def text_of(form: FormData, name: str) -> str:
    """A text field with plain line ends, without blanks around it; empty where it is missing."""
    value = form.get(name)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


async def file_of(form: FormData, name: str) -> tuple[str, bytes] | None:
    """An uploaded file's name and bytes; None where none was chosen."""
    value = form.get(name)
    if not isinstance(value, UploadFile) or not value.filename:
        return None
    return value.filename, await value.read()


def stream_of(form: FormData, name: str) -> tuple[str, BinaryIO] | None:
    """An uploaded file's name, and the file itself to read from, while the form lasts."""
    value = form.get(name)
    if not isinstance(value, UploadFile) or not value.filename:
        return None
    return value.filename, value.file


async def files_of(form: FormData, name: str) -> list[tuple[str, bytes]]:
    """The names and bytes of all files of a field."""
    chosen = [value for value in form.getlist(name) if isinstance(value, UploadFile) and value.filename]
    return [(str(value.filename), await value.read()) for value in chosen]
