"""What a program reads when something cannot be done: problem details (RFC 9457) with a sentence that says what to do."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from campaigns.access_tokens import TokenEnded
from campaigns.approval import ApprovalRefused
from campaigns.kept_answers import KeyTaken
from campaigns.media import PictureRefused
from campaigns.media_stores import MediaAway
from campaigns.post_checks import PostRefused
from campaigns.publications import MoveRefused
from campaigns.stores import STORE_AWAY, said_by
from campaigns.webhooks import TargetRefused
from web.pages import Trouble
from web.uploads import TooLarge

log = logging.getLogger(__name__)
KIND = "application/problem+json"
NO_JSON = "The body is no JSON that can be read: send a JSON object, in UTF-8, with Content-Type: application/json."


class WrongField(BaseModel):
    """One thing that is wrong in what was sent."""

    field: str = Field(description="Such as `title`, or `channels.0` for the first of a list.")
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What was wrong, and what to do next; English.")
    errors: list[WrongField] = Field(default=[], description="Field by field, where there are several.")


class ApiProblem(Exception):
    """An answer that is a problem: its status and its sentence."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def nothing_here(what: str = "There is nothing here; see /api/v1/openapi.json for what there is.") -> ApiProblem:
    return ApiProblem(404, what)


def problem(
    status: int, detail: str, errors: Sequence[WrongField] = (), headers: Mapping[str, str] | None = None
) -> Response:
    details = ProblemDetails(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    return JSONResponse(details.model_dump(), status, headers, KIND)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI document: these answers may come, as problem details."""
    return {status: {"model": ProblemDetails, "description": HTTPStatus(status).phrase} for status in statuses}


READS = documented(400, 401, 403, 404, 422, 429)
WRITES = documented(400, 401, 403, 404, 409, 413, 422, 429)
UPLOADS = documented(400, 401, 403, 404, 408, 413, 422, 429, 503)


def handle_problems(api: FastAPI) -> None:
    """Every refusal of the use cases becomes a problem with the right status."""

    async def told(request: Request, error: Exception) -> Response:
        return _of(error)

    kinds = (ApiProblem, TokenEnded, PostRefused, ApprovalRefused, MoveRefused, PictureRefused, TargetRefused, KeyTaken)
    for kind in (
        *kinds,
        Trouble,
        TooLarge,
        RequestValidationError,
        HTTPException,
        ClientDisconnect,
        MediaAway,
        *STORE_AWAY,
        Exception,
    ):
        api.add_exception_handler(kind, told)


def _of(error: Exception) -> Response:
    match error:
        case ApiProblem():
            return problem(error.status, error.detail, headers=error.headers)
        case TokenEnded():
            return problem(401, _sentence(str(error)), headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        case PostRefused():
            wrong = [WrongField(field=each.field, message=each.message) for each in error.problems]
            return problem(422, "The post was not stored: mend what stands in errors, and send it again.", wrong)
        case ApprovalRefused() | MoveRefused():
            return problem(409, _sentence(str(error)))
        case PictureRefused() | TargetRefused() | KeyTaken():
            return problem(422, _sentence(str(error)))
        case Trouble():
            return problem(error.status, _sentence(error.sentence), headers=error.headers)
        case TooLarge():
            return problem(413, "This is too large: a picture may have 20 MB, everything else 200 kB.")
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            return _http(error)
        case ClientDisconnect():
            return Response(status_code=400)  # nobody reads it
        case MediaAway():
            log.error("the API: %s", error)
            said = "Pictures cannot be reached just now. Try again in a minute."
            return problem(503, said, headers={"Retry-After": "60"})
    if isinstance(error, STORE_AWAY):
        log.error("the API: the database does not answer (%s)", said_by(error))
        return problem(
            503, "The database does not answer just now. Try again in a minute.", headers={"Retry-After": "60"}
        )
    return problem(500, "Something went wrong on our side, and is written down. Try again in a minute.")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _invalid(error: RequestValidationError) -> Response:
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return problem(400, NO_JSON)
    wrong = [
        WrongField(field=".".join(map(str, each["loc"][1:] or each["loc"])), message=each["msg"])
        for each in error.errors()
    ]
    return problem(422, "What was sent is not as /api/v1/openapi.json describes it: mend what stands in errors.", wrong)


def _http(error: HTTPException) -> Response:
    if error.status_code == 404:
        return _of(nothing_here())
    said = {
        400: NO_JSON,
        405: "This address does not take that method; see /api/v1/openapi.json.",
    }
    return problem(error.status_code, said.get(error.status_code, _sentence(str(error.detail))), headers=error.headers)
