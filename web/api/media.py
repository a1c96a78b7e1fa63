"""Pictures: uploaded by what they are, not by what they are called, with the words that describe them."""

import asyncio
import hashlib

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from campaigns import uploads
from campaigns.access_tokens import Caller, Scope
from campaigns.media import LARGEST, NewPicture, keep
from campaigns.models import Upload
from web import kept_pictures
from web.api.callers import needs
from web.api.paging import Number
from web.api.problems import READS, UPLOADS, ApiProblem, nothing_here
from web.api.shapes import Moment
from web.api.writes import Done, IdempotencyKey, once
from web.site import site_of
from web.uploads import FORM_LIMIT, file_of, form_of, text_of

router = APIRouter(prefix="/media", tags=["media"])
LONGEST_ALT = 2000  # characters; more than any network takes
LONGEST_NAME = 200  # characters
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP or GIF; 20 MB."},
                        "alt": {
                            "type": "string",
                            "maxLength": LONGEST_ALT,
                            "description": "What the picture shows, for who does not see it.",
                        },
                    },
                }
            }
        },
    }
}
USE = needs(Scope.media_write)


class UploadShown(BaseModel):
    """A picture that was uploaded: name its `id` in `pictures` of a new post within a month."""

    id: int
    mime: str
    width: int
    height: int
    size: int = Field(description="Bytes.")
    alt: str
    uploaded_at: Moment

    @classmethod
    def of(cls, upload: Upload) -> "UploadShown":
        return cls(**upload.model_dump(include=set(cls.model_fields)))


@router.post("", status_code=201, response_model=UploadShown, responses=UPLOADS, openapi_extra=FORM)
async def upload_picture(request: Request, caller: Caller = USE, idempotency_key: IdempotencyKey = None) -> Response:
    """Store a picture for a post that will name it within a month."""
    site = site_of(request)
    async with form_of(request, LARGEST + FORM_LIMIT) as form:
        file, alt = await file_of(form, "file"), text_of(form, "alt")
    if file is None:
        raise ApiProblem(422, "There is no file: send multipart/form-data with a file in the field “file”.")
    if len(alt) > LONGEST_ALT:
        raise ApiProblem(422, f"alt has {len(alt)} characters; at most {LONGEST_ALT}.")
    picture = NewPicture(file[0][-LONGEST_NAME:], file[1], alt)
    await asyncio.to_thread(keep, site.settings.media, picture)  # before the store is held up for it

    async def work(session: AsyncSession) -> Done:
        upload = await uploads.add_upload(
            session, caller.campaign.id, caller.organizer.id, picture, site.settings.media, site.clock()
        )
        return Done(UploadShown.of(upload), 201, f"/api/v1/media/{upload.id}")

    # The form's own bytes differ at each try: its boundary is made anew.
    content = hashlib.sha256(picture.data).digest() + alt.encode()
    return await once(request, caller, idempotency_key, work, content)


@router.get("/{media}", responses=READS)
async def read_media(request: Request, media: Number, caller: Caller = USE) -> UploadShown:
    """What was uploaded."""
    return UploadShown.of(await _find(request, caller, media))


@router.get(
    "/{media}/file",
    response_class=FileResponse,
    responses=READS | {200: {"content": {"image/*": {}}, "description": "Its bytes."}},
)
async def read_media_file(request: Request, media: Number, caller: Caller = USE) -> Response:
    """The bytes of what was uploaded."""
    upload = await _find(request, caller, media)
    found = await kept_pictures.answer(site_of(request).settings.media, upload.file)
    if found is None:
        raise nothing_here(f"The file of upload {media} is gone from the data folder; upload it again.")
    return found


async def _find(request: Request, caller: Caller, number: int) -> Upload:
    async with site_of(request).database.read() as session:
        upload = await uploads.find_upload(session, caller.campaign.id, number)
    if upload is None:
        raise nothing_here(f"{caller.campaign.name} has no upload {number}; uploads are kept for a month.")
    return upload
