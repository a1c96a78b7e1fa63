"""Who may enter the console, and what they may do there: login, session, CSRF token, roles."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import installation
from campaigns.models import Campaign, Organizer, Role
from campaigns.organizers import APPROVERS, WRITERS
from campaigns.words import mark
from web.pages import Trouble, nothing_here, page, words_of
from web.site import site_of
from web.uploads import FORM_LIMIT, form_of, text_of

_ = mark
router = APIRouter()


class NotSignedIn(Exception):
    """The console is for organizers: log in first."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An organizer in one campaign, and the others that they may go to."""

    organizer: Organizer
    campaign: Campaign
    role: Role
    others: tuple[Campaign, ...]
    csrf: str

    @property
    def may_write(self) -> bool:
        return self.role in WRITERS

    @property
    def may_approve(self) -> bool:
        return self.role in APPROVERS

    @property
    def may_set_up(self) -> bool:
        return self.role is Role.admin


def sign_in(request: Request, organizer_id: int) -> None:
    """Open a session for an organizer. The old one goes with its token, so that nobody can have planted it."""
    request.session.clear()
    request.session["organizer"] = organizer_id
    csrf_token(request)


def csrf_token(request: Request) -> str:
    """The token that every form of this session carries."""
    token: str = request.session.setdefault("csrf", secrets.token_urlsafe(24))
    return token


@asynccontextmanager
async def own_form(request: Request, limit: int = FORM_LIMIT) -> AsyncIterator[FormData]:
    """A form that one of our own pages sent; Trouble for any other."""
    async with form_of(request, limit) as form:
        check_token(request, text_of(form, "csrf"))
        yield form


def check_token(request: Request, token: str) -> None:
    expected = str(request.session.get("csrf", ""))
    if not expected or not secrets.compare_digest(expected.encode(), token.encode()):
        raise Trouble(403, _("This page was open for too long"), _("Go back, load it again, and send it once more."))


async def campaigns_of(request: Request) -> tuple[Organizer, list[tuple[Campaign, Role]]]:
    """Who is signed in, and where they may go; asked anew at each request, so that a role taken away ends at once."""
    organizer_id = request.session.get("organizer")
    if not isinstance(organizer_id, int):
        raise NotSignedIn
    async with site_of(request).database.read() as session:
        organizer = await session.get(Organizer, organizer_id)
        places = await installation.roles(session, organizer_id)
    if organizer is None:
        raise NotSignedIn
    return organizer, places


async def desk_of(request: Request, slug: str, *, write: bool = False) -> Desk:
    """The organizer's desk in a campaign; Trouble where they have no role, or may only look."""
    organizer, places = await campaigns_of(request)
    for campaign, role in places:
        if campaign.slug == slug:
            others = tuple(other for other, _role in places if other.id != campaign.id)
            desk = Desk(organizer, campaign, role, others, csrf_token(request))
            if write and not desk.may_write:
                raise Trouble(403, _("You may look, not write"), _("An admin of the campaign can make you an editor."))
            return desk
    raise nothing_here()


@router.get("/console/login")
async def login_form(request: Request) -> Response:
    return _login_page(request)


def _login_page(request: Request, status: int = 200, *, email: str = "", problem: str = "") -> Response:
    headers = {"Retry-After": "60"} if status == 429 else None
    return page(
        request,
        "console/login.html",
        status,
        headers,
        csrf=csrf_token(request),
        email=email,
        problem=problem,
        campaign=None,
    )


@router.post("/console/login")
async def login(request: Request) -> Response:
    _ = words_of(request)
    site = site_of(request)
    client = request.client.host if request.client else ""
    async with own_form(request) as form:
        email, password = text_of(form, "email"), form.get("password")
    if not site.logins.attempt(client, email, site.clock()):
        return _login_page(
            request, 429, email=email, problem=_("Too many attempts. Wait a minute, then try once more.")
        )
    async with site.database.read() as session:
        organizer = await installation.log_in(session, email, password if isinstance(password, str) else "")
    if organizer is None:
        return _login_page(request, 422, email=email, problem=_("This address and this password do not match."))
    site.logins.succeeded(client, email)
    sign_in(request, organizer.id)
    return RedirectResponse("/console", 303)


@router.post("/console/logout")
async def logout(request: Request) -> Response:
    async with own_form(request):
        request.session.clear()
    return RedirectResponse("/console/login", 303)
