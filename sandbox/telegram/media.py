"""Photos and documents in a request: found, measured, kept."""

import asyncio

from sandbox.pictures import NotAPicture, copies, read_header
from sandbox.store import Json
from sandbox.telegram.call import Call
from sandbox.telegram.errors import Refused, bad_request
from sandbox.telegram.params import LARGEST_UPLOAD, Upload
from sandbox.telegram.state import File, TelegramState

LARGEST_PHOTO = 10 * 1024 * 1024  # bytes, from sendPhoto
LARGEST_SIDES = 10_000  # pixels: width + height, from sendPhoto
LARGEST_RATIO = 20  # longer side to shorter, from sendPhoto
THUMBNAIL = 320  # pixels, from Document.thumbnail


def given_file(call: Call, name: str, value: object = None) -> Upload | File:
    """The upload or the earlier file that a parameter means; raises Refused."""
    if value is None and name in call.params.files:
        return call.params.files[name]
    text = str(value if value is not None else call.params.text(name))
    if text.startswith("attach://"):
        upload = call.params.files.get(text.removeprefix("attach://"))
        if upload is None:
            raise bad_request("invalid file HTTP URL specified: attached file is not found")
        return upload
    if not text:
        raise bad_request(f"there is no {name} in the request")
    if "://" in text:
        raise bad_request("failed to get HTTP URL content")  # the sandbox fetches nothing from elsewhere
    known = call.state.files.get(text)
    if known is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return known


async def photo_content(state: TelegramState, given: Upload | File) -> Json:
    """{"photo": sizes} of an upload that Telegram would take as a photo; raises Refused."""
    if isinstance(given, File):
        sizes = state.groups.get(given.group, []) if given.group else []
        if not sizes:
            raise bad_request("can't use file of type Document as Photo")
        return {"photo": [file.as_photo_size() for file in sizes]}
    check_photo(given.content)
    try:
        made = await asyncio.to_thread(copies, given.content)
    except NotAPicture:
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    return {"photo": [file.as_photo_size() for file in state.add_photo(given.content, made)]}


def check_photo(content: bytes) -> None:
    """Raise Refused unless these bytes are a picture within the limits for photos."""
    size = len(content)
    if not size:
        raise bad_request("file must be non-empty")
    if size > LARGEST_PHOTO:
        raise bad_request(
            f"file of size {size} bytes is too big for a photo; the maximum size is {LARGEST_PHOTO} bytes"
        )
    try:
        header = read_header(content)
    except NotAPicture:
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    shorter, longer = sorted((header.width, header.height))
    if header.width + header.height > LARGEST_SIDES or longer > LARGEST_RATIO * shorter:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


async def document_content(state: TelegramState, given: Upload | File) -> Json:
    """{"document": ...}: the bytes as they are; raises Refused."""
    if isinstance(given, File):
        return {"document": _document(given, None)}
    if not given.content:
        raise bad_request("file must be non-empty")
    if len(given.content) > LARGEST_UPLOAD:
        raise Refused(413, "Request Entity Too Large")
    file = state.add_file(given.content, given.mime, "documents", given.name)
    return {"document": _document(file, await thumbnail(state, given.content))}


async def thumbnail(state: TelegramState, content: bytes) -> File | None:
    """A small copy of a picture, None for anything else."""
    try:
        read_header(content)
        small = (await asyncio.to_thread(copies, content, (THUMBNAIL,)))[-1]
    except NotAPicture:
        return None
    return state.add_file(small.content, "image/jpeg", "thumbnails", width=small.width, height=small.height)


def _document(file: File, small: File | None) -> Json:
    named = {"file_name": file.name} if file.name else {}
    pictured = {"thumbnail": small.as_photo_size()} if small else {}
    return file.as_file() | named | {"mime_type": file.mime} | pictured


def for_ledger(state: TelegramState, content: Json) -> list[Json]:
    """What the ledger says of the media of a message: the hash of the bytes that were sent, and their kind."""
    if photo := content.get("photo"):
        group = state.files[photo[-1]["file_id"]].group
        return [{"kind": "photo", "sha256": group.partition(":")[2], "alt": None}]
    if document := content.get("document"):
        file = state.files[document["file_id"]]
        return [{"kind": "document", "sha256": file.sha256, "name": file.name, "alt": None}]
    return []
