"""Programs that are told of what happens: their addresses, what waits for them, and a test message."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from campaigns import webhooks
from campaigns.access_tokens import Caller, Scope
from campaigns.models import MessageState, WebhookMessage, WebhookOccasion, WebhookTarget
from campaigns.vault import vault_of
from campaigns.webhooks import Overview
from web.api.callers import needs
from web.api.paging import Cursor, Limit, Number, next_cursor, read_cursor
from web.api.problems import READS, WRITES, nothing_here
from web.api.shapes import Given, Moment, Page, Retried
from web.api.writes import Done, IdempotencyKey, once
from web.site import site_of

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
READ, WRITE = needs(Scope.webhooks_read), needs(Scope.webhooks_write)


class TargetGiven(Given):
    """An address to be told."""

    url: str = Field(max_length=2000, examples=["https://example.org/hooks/porte-voix"])
    occasions: list[WebhookOccasion] = Field(max_length=10)


class TargetShown(BaseModel):
    """An address that is told."""

    id: int
    url: str
    occasions: list[WebhookOccasion]
    waiting: int = Field(description="Messages that wait.")
    given_up: int = Field(description="Messages that were not taken for two days.")
    failures: int = Field(description="Tries in a row that the address did not answer well.")
    next_try_at: Moment | None = Field(description="While it is left alone after such a try.")
    trouble: str | None = Field(description="What came of the last try, where it failed.")
    created_at: Moment

    @classmethod
    def of(cls, overview: Overview) -> "TargetShown":
        target = overview.target
        return cls(
            **target.model_dump(include={"id", "url", "occasions", "failures", "trouble", "created_at"}),
            waiting=overview.waiting,
            given_up=overview.given_up,
            next_try_at=target.not_before,
        )


class TargetMade(TargetShown):
    """A new address, with the secret that signs its messages; it is not shown again."""

    secret: str


class Tried(BaseModel):
    """What came of a test message."""

    taken: bool
    status: int | None = Field(description="None: no answer.")
    trouble: str | None


class MessageShown(BaseModel):
    """One message to an address."""

    id: int
    event: str = Field(description="Its webhook-id.")
    state: MessageState
    attempts: int
    happened_at: Moment
    delivered_at: Moment | None
    trouble: str | None
    body: str = Field(description="JSON, as it is signed.")

    @classmethod
    def of(cls, message: WebhookMessage) -> "MessageShown":
        return cls(**message.model_dump(include=set(cls.model_fields)))


@router.get("", responses=READS)
async def list_webhooks(request: Request, caller: Caller = READ) -> Page[TargetShown]:
    """All addresses that are told, on one page."""
    async with site_of(request).database.read() as session:
        found = await webhooks.targets_of(session, caller.campaign.id)
    return Page(items=[TargetShown.of(each) for each in found], next=None)


@router.get("/{webhook}", responses=READS)
async def read_webhook(request: Request, webhook: Number, caller: Caller = READ) -> TargetShown:
    """One address."""
    async with site_of(request).database.read() as session:
        for found in await webhooks.targets_of(session, caller.campaign.id):
            if found.target.id == webhook:
                return TargetShown.of(found)
    raise _unknown(caller, webhook)


@router.post("", status_code=201, response_model=TargetMade, responses=WRITES)
async def add_webhook(
    request: Request, given: TargetGiven, caller: Caller = WRITE, idempotency_key: IdempotencyKey = None
) -> Response:
    """Tell one more address. The answer holds the secret that signs what it is sent; it is shown only here."""
    site = site_of(request)

    async def work(session: AsyncSession) -> Done:
        target, secret = await webhooks.add_target(
            session, caller.campaign.id, given.url, given.occasions, site.clock()
        )
        shown = TargetShown.of(Overview(target, 0, 0))
        return Done(TargetMade(**shown.model_dump(), secret=secret), 201, f"/api/v1/webhooks/{target.id}")

    return await once(request, caller, idempotency_key, work)


@router.delete("/{webhook}", status_code=204, response_class=Response, responses=WRITES)
async def remove_webhook(request: Request, webhook: Number, caller: Caller = WRITE) -> Response:
    """Tell an address nothing more; what waits for it is dropped."""
    async with site_of(request).database.write() as session:
        if await webhooks.remove_target(session, caller.campaign.id, webhook) is None:
            raise _unknown(caller, webhook)
    return Response(status_code=204)


@router.post("/{webhook}/test", responses=WRITES)
async def test_webhook(request: Request, webhook: Number, caller: Caller = WRITE) -> Tried:
    """Send a message of the type `test` now; where it is taken, what waits goes out at once."""
    site = site_of(request)
    async with site.database.read() as session:
        target, vault = await _find(session, caller, webhook), vault_of(session)
    outcome = await webhooks.send_test(vault, caller.campaign, target, site.clock(), site.send_webhook)
    if outcome.trouble is None:
        async with site.database.write() as session:
            webhooks.go_on(await _find(session, caller, webhook))
    return Tried(taken=outcome.trouble is None, status=outcome.status, trouble=outcome.trouble)


@router.get("/{webhook}/messages", responses=READS)
async def list_messages(
    request: Request, webhook: Number, caller: Caller = READ, limit: Limit = 50, cursor: Cursor = None
) -> Page[MessageShown]:
    """What an address was told, or will be, the newest first; kept for a month."""
    before = read_cursor(cursor)
    async with site_of(request).database.read() as session:
        target = await _find(session, caller, webhook)
        found = await webhooks.messages_of(session, target.id, before=before, limit=limit)
    return Page(items=[MessageShown.of(message) for message in found], next=next_cursor(found, limit))


@router.post("/{webhook}/retry", response_model=Retried, responses=WRITES)
async def retry_messages(
    request: Request, webhook: Number, caller: Caller = WRITE, idempotency_key: IdempotencyKey = None
) -> Response:
    """Send what was given up once more, and what waits at once."""

    async def work(session: AsyncSession) -> Done:
        target = await _find(session, caller, webhook)
        return Done(Retried(retried=await webhooks.try_again(session, target)))

    return await once(request, caller, idempotency_key, work)


async def _find(session: AsyncSession, caller: Caller, number: int) -> WebhookTarget:
    target = await webhooks.find_target(session, caller.campaign.id, number)
    if target is None:
        raise _unknown(caller, number)
    return target


def _unknown(caller: Caller, number: int) -> Exception:
    return nothing_here(f"{caller.campaign.name} has no webhook {number}; GET /api/v1/webhooks lists them.")
