"""Who is in the console, and what they may do there: sessions, CSRF token, roles."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from campaigns import sign_ins
from campaigns.models import Campaign, Organizer, Role
from campaigns.organizers import APPROVERS, WRITERS, Reach, reach_of, reaches
from campaigns.sign_ins import Entered
from campaigns.words import mark
from web.console.cookie import csrf_token, device_of, form_token, set_token, token_of
from web.pages import Trouble, nothing_here
from web.site import site_of
from web.uploads import FORM_LIMIT, PATIENCE, form_of, text_of

__all__ = ["Desk", "NotSignedIn", "campaigns_of", "check_token", "csrf_token", "desk_of", "own_form", "sign_in"]

_ = mark


class NotSignedIn(Exception):
    """The console is for organizers: log in first."""


class CodeMissing(Exception):
    """The campaign asks its approvers and admins for a second factor: set it up first."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An organizer in one campaign, and the others that they may go to. `reach`: the territories that their role
    reaches, None for the whole campaign."""

    organizer: Organizer
    campaign: Campaign
    role: Role
    others: tuple[Campaign, ...]
    csrf: str
    reach: Reach = None
    territory_id: int | None = None  # whose posts they write, where their role is a territory's

    @property
    def may_write(self) -> bool:
        return self.role in WRITERS

    @property
    def may_approve(self) -> bool:
        return self.role in APPROVERS

    @property
    def may_set_up(self) -> bool:
        """The campaign itself; an admin of a territory has its team alone."""
        return self.role is Role.admin and self.reach is None

    @property
    def may_invite(self) -> bool:
        return self.role is Role.admin

    def reaches(self, territory_id: int | None) -> bool:
        """Whether what belongs to this territory, or to the whole campaign, is theirs to see and write."""
        return reaches(self.reach, territory_id)


async def sign_in(request: Request, answer: Response, organizer_id: int, *, waits_for_code: bool = False) -> None:
    """Open a session for an organizer. The one before ends with its token, so that nobody can have planted it."""
    site = site_of(request)
    async with site.database.write() as session:
        await sign_ins.end_session(session, token_of(request))
        token = await sign_ins.open_session(
            session, organizer_id, site.clock(), device=device_of(request), waits_for_code=waits_for_code
        )
    request.state.console_token = token
    set_token(request, answer, token)


@asynccontextmanager
async def own_form(
    request: Request, limit: int = FORM_LIMIT, *, patience: int = PATIENCE, on_disk: bool = False
) -> AsyncIterator[FormData]:
    """A form that one of our own pages sent; Trouble for any other. See `form_of`."""
    async with form_of(request, limit, patience=patience, on_disk=on_disk) as form:
        check_token(request, text_of(form, "csrf"))
        yield form


def check_token(request: Request, token: str) -> None:
    expected = form_token(token_of(request))
    elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if elsewhere or not expected or not secrets.compare_digest(expected.encode(), token.encode()):
        raise Trouble(403, _("This page was open for too long"), _("Go back, load it again, and send it once more."))


async def entered(request: Request, *, waiting: bool = False) -> Entered:
    """Who is signed in; asked anew at each request, so that what ended, ends at once. `waiting`: for a code yet."""
    site, token = site_of(request), token_of(request)
    if not token:
        raise NotSignedIn
    async with site.database.read() as session:
        found = await sign_ins.who_is(session, token, site.clock())
    if found is None or found.sign_in.waits_for_code is not waiting:
        raise NotSignedIn
    if not waiting and sign_ins.is_to_be_seen(found.sign_in, site.clock()):
        async with site.database.write() as session:
            await sign_ins.see(session, found.sign_in, site.clock())
    return found


async def campaigns_of(request: Request) -> tuple[Organizer, list[tuple[Campaign, Role]]]:
    """Who is signed in, and where they may go."""
    found = await entered(request)
    return found.organizer, [(place.campaign, place.role.role) for place in found.places]


async def desk_of(request: Request, slug: str, *, write: bool = False, territories: bool = False) -> Desk:
    """The organizer's desk in a campaign; Trouble where they have no role, or may only look.

    `territories`: the page shows and takes no more than `desk.reach` holds. Every other page is for those alone whose
    role is the whole campaign's.
    """
    found = await entered(request)
    place = next((place for place in found.places if place.campaign.slug == slug), None)
    if place is None:
        raise nothing_here()
    role, campaign = place.role.role, place.campaign
    if campaign.second_factor and role in APPROVERS and not found.has_factor:
        raise CodeMissing
    reach: Reach = None
    if place.role.territory_id is not None:
        if not territories:
            raise Trouble(
                403,
                _("This page is the whole campaign’s"),
                _("Your role is for a territory: its posts are what you work on. An admin can change that."),
            )
        async with site_of(request).database.read() as session:
            reach = await reach_of(session, place.role)
    others = tuple(other.campaign for other in found.places if other.campaign.id != campaign.id)
    desk = Desk(found.organizer, campaign, role, others, csrf_token(request), reach, place.role.territory_id)
    if write and not desk.may_write:
        raise Trouble(403, _("You may look, not write"), _("An admin of the campaign can make you an editor."))
    return desk
