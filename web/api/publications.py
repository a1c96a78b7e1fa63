"""Publications: list, read, and what a human decides about those that went astray."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from campaigns import pages, settling
from campaigns.access_tokens import Caller, Scope
from campaigns.models import PublicationState
from campaigns.post_checks import is_web_address
from web.api.callers import needs
from web.api.paging import Cursor, Limit, Number, next_cursor, read_cursor
from web.api.problems import READS, WRITES, ApiProblem, nothing_here
from web.api.shapes import Page, PublicationShown, Retried, Settling
from web.api.writes import Done, IdempotencyKey, once
from web.pages import LARGEST_ROW
from web.site import site_of

router = APIRouter(prefix="/publications", tags=["publications"])
READ, WRITE = needs(Scope.publications_read), needs(Scope.publications_write)


@router.get("", responses=READS)
async def list_publications(
    request: Request,
    caller: Caller = READ,
    state: Annotated[PublicationState | None, Query()] = None,
    channel: Annotated[int | None, Query(ge=1, le=LARGEST_ROW)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PublicationShown]:
    """The campaign's publications, the newest first."""
    before = read_cursor(cursor)
    async with site_of(request).database.read() as session:
        found = await pages.publications_page(
            session, caller.campaign.id, before=before, limit=limit, state=state, channel_id=channel
        )
    rows = [publication for publication, _ in found]
    return Page(items=[PublicationShown.of(*each) for each in found], next=next_cursor(rows, limit))


@router.get("/{publication}", responses=READS)
async def read_publication(request: Request, publication: Number, caller: Caller = READ) -> PublicationShown:
    """One publication."""
    async with site_of(request).database.read() as session:
        return await _shown(session, caller, publication)


@router.post("/retry", response_model=Retried, responses=WRITES)
async def retry_all(request: Request, caller: Caller = WRITE, idempotency_key: IdempotencyKey = None) -> Response:
    """After what made a network refuse them was mended: all that failed goes back to the queue, in its order."""
    site = site_of(request)

    async def work(session: AsyncSession) -> Done:
        tried = await settling.try_all_again(session, caller.campaign.id, site.clock(), caller.organizer.id)
        return Done(Retried(retried=tried))

    return await once(request, caller, idempotency_key, work)


@router.post("/{publication}/settle", response_model=PublicationShown, responses=WRITES)
async def settle_publication(
    request: Request,
    publication: Number,
    given: Settling,
    caller: Caller = WRITE,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Say what became of a publication, or what shall: one of its `may_become`."""
    if given.url and not is_web_address(given.url):
        raise ApiProblem(422, "url is no web address: it begins with https:// and holds no space.")
    return await _settle(request, caller, publication, PublicationState(given.to), given.url, idempotency_key)


@router.post("/{publication}/retry", response_model=PublicationShown, responses=WRITES)
async def retry_publication(
    request: Request, publication: Number, caller: Caller = WRITE, idempotency_key: IdempotencyKey = None
) -> Response:
    """Send it again, or after all; not within a silence, and not where it may be out unless a human looked."""
    return await _settle(request, caller, publication, PublicationState.queued, None, idempotency_key)


async def _settle(
    request: Request, caller: Caller, number: int, to: PublicationState, url: str | None, key: str | None
) -> Response:
    site = site_of(request)

    async def work(session: AsyncSession) -> Done:
        shown = await _shown(session, caller, number)
        if to not in shown.may_become:
            choices = ", ".join(shown.may_become) or "nothing: it is decided"
            raise ApiProblem(409, f"Publication {number} is {shown.state} and may become {choices}.")
        await settling.settle(
            session,
            caller.campaign.id,
            number,
            to,
            url=url,
            now=site.clock(),
            organizer_id=caller.organizer.id,
        )
        await session.flush()
        session.expire_all()  # a post that was taken back meanwhile cancels it by a statement
        return Done(await _shown(session, caller, number))

    return await once(request, caller, key, work)


async def _shown(session: AsyncSession, caller: Caller, number: int) -> PublicationShown:
    found = await pages.find_publication(session, caller.campaign.id, number) if number < LARGEST_ROW else None
    if found is None:
        raise nothing_here(f"{caller.campaign.name} has no publication {number}; GET /api/v1/publications lists them.")
    return PublicationShown.of(*found)
