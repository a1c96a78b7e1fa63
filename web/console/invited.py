"""The page that an invitation's link opens: a name and a password, and somebody is in the team."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import accounts, installation
from campaigns.accounts import AccountRefused
from campaigns.models import Campaign, OrganizerInvite
from campaigns.words import mark
from web.console.access import NotSignedIn, entered, own_form, sign_in
from web.console.cookie import carry, csrf_token
from web.console.organizers import NAMES
from web.pages import Trouble, language, page, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
HERE = "/console/invite/{token}"


async def _find(request: Request, token: str) -> tuple[OrganizerInvite, Campaign]:
    async with site_of(request).database.read() as session:
        found = await accounts.find_invite(session, token, site_of(request).clock())
    if found is None:
        raise Trouble(
            404,
            _("This invitation does not work any more"),
            _("It works once, for seven days. Ask who sent it for a new one."),
        )
    return found


@router.get(HERE)
async def invitation(request: Request, token: str) -> Response:
    return await _page(request, token)


async def _page(request: Request, token: str, status: int = 200, *, name: str = "", problem: str = "") -> Response:
    invite, campaign = await _find(request, token)
    async with site_of(request).database.read() as session:
        known = await accounts.organizer_by_email(session, invite.email)
    try:
        me = (await entered(request)).organizer if known else None
    except NotSignedIn:
        me = None
    answer = page(
        request,
        "console/invited.html",
        status,
        csrf=csrf_token(request),
        token=token,
        invite=invite,
        inviting=campaign,
        role=NAMES[invite.role],
        known=known is not None,
        as_themselves=me is not None and known is not None and me.id == known.id,
        name=name,
        problem=problem,
        shortest=installation.SHORTEST_PASSWORD,
        campaign=None,
    )
    return carry(request, answer)


async def _still(session: AsyncSession, token: str, now: datetime) -> OrganizerInvite:
    """The invite, asked again in the transaction that uses it: of two taps, one has it."""
    found = await accounts.find_invite(session, token, now)
    if found is None:
        raise AccountRefused(_("this invitation was used meanwhile"))
    return found[0]


@router.post(HERE)
async def accept(request: Request, token: str) -> Response:
    """A new account is made; who has one takes the role while they are logged in."""
    words, site = words_of(request), site_of(request)
    async with own_form(request) as form:
        name, password = text_of(form, "name"), str(form.get("password") or "")
    invite, campaign = await _find(request, token)
    async with site.database.read() as session:
        known = await accounts.organizer_by_email(session, invite.email)
    try:
        if known is not None:
            me = (await entered(request)).organizer
            async with site.database.write() as session:
                await accounts.accept(session, await _still(session, token, site.clock()), me, site.clock())
            return RedirectResponse(f"/console/c/{campaign.slug}", 303)
        if not name or len(password) < installation.SHORTEST_PASSWORD:
            said = words("Write your name, and a password of {n} characters or more.", n=installation.SHORTEST_PASSWORD)
            return await _page(request, token, 422, name=name, problem=said)
        stored = await installation.hashed(password)
        async with site.database.write() as session:
            open_one = await _still(session, token, site.clock())
            organizer = await accounts.accept_as_new(session, open_one, name, stored, language(request), site.clock())
    except AccountRefused as refused:
        return await _page(request, token, 422, name=name, problem=words(refused.msgid, **refused.values))
    answer = RedirectResponse(f"/console/c/{campaign.slug}", 303)
    await sign_in(request, answer, organizer.id)
    return answer
