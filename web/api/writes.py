"""A write over the API: the work and its answer in one transaction, done once for each Idempotency-Key."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from campaigns import kept_answers
from campaigns.access_tokens import Caller
from campaigns.models import KeptAnswer
from web.site import site_of

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="Any text that is new for each new write, such as a UUID. Sent again within 24 hours with the same "
        "body, it gives the first answer again and does nothing; with another body, 422. A refused write is not kept.",
    ),
]


@dataclass(frozen=True, slots=True)
class Done:
    """What a write answers."""

    body: BaseModel
    status: int = 200
    location: str | None = None


async def once(
    request: Request,
    caller: Caller,
    key: str | None,
    work: Callable[[AsyncSession], Awaitable[Done]],
    content: bytes | None = None,
) -> Response:
    """Do the work, or give the answer that it gave before. `content`: what makes the request this one; else its body."""
    site = site_of(request)
    now = site.clock()
    asked = await request.body() if content is None else content
    line = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    fingerprint = hashlib.sha256(line + asked).hexdigest()
    async with site.database.write() as session:
        if key is not None:
            kept = await kept_answers.find(session, caller.token.id, key, fingerprint, now)
            if kept is not None:
                return _answer(kept.status, kept_answers.body_of(session, kept), kept.location, again=True)
        done = await work(session)
        body = done.body.model_dump_json()
        if key is not None:
            kept_answers.keep(
                session,
                KeptAnswer(
                    token_id=caller.token.id,
                    key=key,
                    request=fingerprint,
                    status=done.status,
                    location=done.location,
                    body=body,
                    answered_at=now,
                ),
            )
    return _answer(done.status, body, done.location)


def _answer(status: int, body: str, location: str | None, *, again: bool = False) -> Response:
    answer = Response(body, status, media_type="application/json")
    if location is not None:
        answer.headers["Location"] = location
    if again:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer
