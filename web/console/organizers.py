"""The campaign's organizers: who may do what, invited by a one-time link, changed, sent away."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import accounts, installation
from campaigns.accounts import AccountRefused
from campaigns.models import Role
from campaigns.words import mark
from web.console.access import Desk, desk_of, own_form
from web.pages import Trouble, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
HERE = "/console/c/{slug}/setup/organizers"
ROLES = {
    Role.viewer: _("viewer: sees posts and figures"),
    Role.editor: _("editor: writes and schedules posts"),
    Role.approver: _("approver: also approves what others wrote"),
    Role.admin: _("admin: also invites organizers and sets up"),
}
NAMES = {Role.viewer: _("viewer"), Role.editor: _("editor"), Role.approver: _("approver"), Role.admin: _("admin")}


async def _desk(request: Request, slug: str) -> Desk:
    desk = await desk_of(request, slug, territories=True)
    if not desk.may_invite:
        raise Trouble(403, _("This cannot be done here"), _("Organizers are an admin's to invite and change."))
    return desk


@router.get(HERE)
async def organizer_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await _desk(request, slug))


async def _list_page(
    request: Request,
    desk: Desk,
    status: int = 200,
    *,
    problem: str = "",
    link: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        team = await accounts.members(session, desk.campaign.id, desk.reach)
        invites = await accounts.open_invites(session, desk.campaign.id, site.clock(), desk.reach)
        places = [p for p in await installation.territories(session, desk.campaign.id) if desk.reaches(p.id)]
    return page(
        request,
        "console/organizers.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        team=team,
        invites=invites,
        places=places,
        place_names={place.id: place.name for place in places},
        roles=ROLES,
        role_names=NAMES,
        problem=problem,
        link=link,
        typed=typed or {"email": "", "role": Role.editor, "territory": ""},
    )


@router.post(f"{HERE}/invite")
async def invite(request: Request, slug: str) -> Response:
    """The link is shown once, here, for the admin to pass on."""
    desk, site = await _desk(request, slug), site_of(request)
    async with own_form(request) as form:
        typed = {name: text_of(form, name) for name in ("email", "role", "territory")}
    try:
        role, territory_id = _read(typed)
        async with site.database.write() as session:
            token = await accounts.invite(
                session, desk.campaign.id, desk.organizer.id, typed["email"], role, territory_id, site.clock()
            )
    except AccountRefused as refused:
        said = words_of(request)(refused.msgid, **refused.values)
        return await _list_page(request, desk, 422, problem=said, typed=typed)
    return await _list_page(request, desk, link=f"{site.url}/console/invite/{token}")


def _read(typed: dict[str, str]) -> tuple[Role, int | None]:
    try:
        role = Role(typed["role"])
        return role, row(int(typed["territory"])) if typed["territory"] else None
    except ValueError:
        raise AccountRefused(_("choose a role, and a territory of the list")) from None


@router.post(f"{HERE}/uninvite")
async def uninvite(request: Request, slug: str) -> Response:
    desk, site = await _desk(request, slug), site_of(request)
    async with own_form(request) as form, site.database.write() as session:
        email = text_of(form, "email")
        if email in {
            each.email for each in await accounts.open_invites(session, desk.campaign.id, site.clock(), desk.reach)
        }:
            await accounts.take_invite_back(session, desk.campaign.id, email)
            accounts.audit_account(
                session, desk.campaign.id, desk.organizer.id, None, site.clock(), "invitation taken back"
            )
    return RedirectResponse(HERE.format(slug=slug), 303)


@router.post(f"{HERE}/{{organizer_id:int}}/{{act}}")
async def act(request: Request, slug: str, organizer_id: int, act: str) -> Response:
    """Another role, no role, or no codes any more."""
    desk, site = await _desk(request, slug), site_of(request)
    async with own_form(request) as form:
        typed = {name: text_of(form, name) for name in ("role", "territory")}
    acts: dict[str, Callable[[AsyncSession], Awaitable[None]]] = {
        "role": lambda s: accounts.change_role(s, *who, *_read(typed), site.clock()),
        "remove": lambda s: accounts.remove(s, *who, site.clock()),
        "reset-codes": lambda s: accounts.reset_second_factor(s, *who, site.clock()),
    }
    who = desk.campaign.id, desk.organizer.id, row(organizer_id)
    if act not in acts:
        raise Trouble(404, _("There is nothing here"), _("Go back to the list to see where it stands now."))
    try:
        async with site.database.write() as session:
            await acts[act](session)
    except AccountRefused as refused:
        said = words_of(request)(refused.msgid, **refused.values)
        return await _list_page(request, desk, 422, problem=said)
    return RedirectResponse(f"{HERE.format(slug=slug)}#organizer-{organizer_id}", 303)
