"""Access for programs: tokens that use the API, and addresses that are told of what happens. For admins."""

from datetime import timedelta
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import access_tokens, webhooks
from campaigns.access_tokens import Scope, TokenRefused, scopes_of
from campaigns.models import WebhookOccasion
from campaigns.sentences import told, within
from campaigns.vault import vault_of
from campaigns.webhooks import TargetRefused
from campaigns.words import mark
from web.console.access import Desk, desk_of, own_form
from web.pages import Trouble, nothing_here, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
Each = TypeVar("Each", Scope, WebhookOccasion)
router = APIRouter()
SCOPES = {
    Scope.posts_read: _("read posts"),
    Scope.posts_write: _("write, change, submit and take back posts"),
    Scope.publications_read: _("read what became of posts"),
    Scope.publications_write: _("decide what went astray"),
    Scope.channels_read: _("read the channels, never a credential"),
    Scope.media_write: _("upload pictures"),
    Scope.results_read: _("read figures, never of one person"),
    Scope.webhooks_read: _("see which programs are told"),
    Scope.webhooks_write: _("choose which programs are told"),
}
OCCASIONS = {
    WebhookOccasion.published: _("a publication is out"),
    WebhookOccasion.failed: _("a network refused a publication"),
    WebhookOccasion.unknown: _("nobody knows whether a publication went out"),
    WebhookOccasion.approved: _("a post was approved"),
}
LASTING = {30: _("a month"), 90: _("three months"), 365: _("a year"), 0: _("until it is revoked")}  # days
MESSAGES = 10  # of each address, the latest


async def admins_desk(request: Request, slug: str) -> Desk:
    desk = await desk_of(request, slug)
    if not desk.may_set_up:
        raise Trouble(403, _("This is for admins"), _("An admin of the campaign can do this, or make you one."))
    return desk


def _address(slug: str) -> str:
    return f"/console/c/{slug}/setup/access"


@router.get("/console/c/{slug}/setup/access")
async def programs(request: Request, slug: str) -> Response:
    return await _page(request, await admins_desk(request, slug))


async def _page(request: Request, desk: Desk, status: int = 200, **values: Any) -> Response:
    words = words_of(request)
    async with site_of(request).database.read() as session:
        tokens = await access_tokens.tokens_of(session, desk.campaign.id)
        targets = await webhooks.targets_of(session, desk.campaign.id)
        messages = {each.target.id: await webhooks.messages_of(session, each.target.id, limit=MESSAGES) for each in targets}  # fmt: skip
    given: dict[str, Any] = {"secret": "", "secret_of": "", "problem": "", "wrong": "", "typed": {}, "said": ""}
    return page(
        request,
        "console/programs.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        now=site_of(request).clock(),
        tokens=tokens,
        targets=targets,
        messages=messages,
        scopes={scope: label for scope, label in SCOPES.items() if scope in scopes_of(desk.role)},
        occasions=OCCASIONS,
        lasting=LASTING,
        trouble=lambda text: told(words, text),
        **(given | values),
    )


@router.post("/console/c/{slug}/setup/access/tokens")
async def add_token(request: Request, slug: str) -> Response:
    """Make a token for oneself. Its secret is shown on the page that answers, and never again."""
    desk, site = await admins_desk(request, slug), site_of(request)
    async with own_form(request) as form:
        name, scopes, days = text_of(form, "name"), _chosen(form, "scope", Scope), _days(text_of(form, "days"))
    now = site.clock()
    try:
        async with site.database.write() as session:
            token, secret = await access_tokens.make_token(
                session, desk.campaign.id, desk.organizer.id, name, scopes, now, now + timedelta(days=days) if days else None
            )  # fmt: skip
    except TokenRefused as refused:
        typed = {"name": name, "scope": scopes, "days": days}
        problem = told(words_of(request), str(refused))
        return await _page(request, desk, 422, problem=problem, wrong="token", typed=typed)
    return await _page(request, desk, secret=secret, secret_of=token.name)


def _chosen(form: FormData, name: str, kind: type[Each]) -> list[Each]:
    values = form.getlist(name)
    return [each for each in kind if each.value in values]


def _days(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 5 and int(text) in LASTING else 90


@router.post("/console/c/{slug}/setup/access/tokens/{token_id:int}/revoke")
async def revoke_token(request: Request, slug: str, token_id: int) -> Response:
    desk, site = await admins_desk(request, slug), site_of(request)
    async with own_form(request), site.database.write() as session:
        if await access_tokens.revoke_token(session, desk.campaign.id, row(token_id), site.clock()) is None:
            raise nothing_here()
    return RedirectResponse(f"{_address(slug)}#tokens", 303)


@router.post("/console/c/{slug}/setup/access/webhooks")
async def add_webhook(request: Request, slug: str) -> Response:
    desk, site = await admins_desk(request, slug), site_of(request)
    async with own_form(request) as form:
        url, occasions = text_of(form, "url"), _chosen(form, "occasion", WebhookOccasion)
    try:
        async with site.database.write() as session:
            target, secret = await webhooks.add_target(session, desk.campaign.id, url, occasions, site.clock())
    except TargetRefused as refused:
        typed, problem = {"url": url, "occasion": occasions}, told(words_of(request), str(refused))
        return await _page(request, desk, 422, problem=problem, wrong="webhook", typed=typed)
    return await _page(request, desk, secret=secret, secret_of=target.url)


@router.post("/console/c/{slug}/setup/access/webhooks/{target_id:int}/{move}")
async def move_webhook(request: Request, slug: str, target_id: int, move: str) -> Response:
    """Test an address, try again what was given up, or tell it nothing more."""
    desk, site, words = await admins_desk(request, slug), site_of(request), words_of(request)
    async with own_form(request):
        pass
    async with site.database.write() as session:
        target, vault = await webhooks.find_target(session, desk.campaign.id, row(target_id)), vault_of(session)
        if target is None or move not in ("test", "retry", "remove"):
            raise nothing_here()
        if move == "retry":
            await webhooks.try_again(session, target)
        if move == "remove":
            await webhooks.remove_target(session, desk.campaign.id, target.id)
    if move != "test":
        return RedirectResponse(f"{_address(slug)}#webhooks", 303)
    outcome = await webhooks.send_test(vault, desk.campaign, target, site.clock(), site.send_webhook)
    if outcome.trouble is not None:
        said = words(
            "{url} did not take the test message: {trouble}", url=target.url, trouble=within(words, outcome.trouble)
        )
        return await _page(request, desk, said=said, wrong="test")
    async with site.database.write() as session:
        found = await webhooks.find_target(session, desk.campaign.id, target_id)
        if found is not None:
            webhooks.go_on(found)
    return await _page(request, desk, said=words("{url} took the test message.", url=target.url))
