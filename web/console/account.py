"""An organizer's own account: password, codes of their telephone, sessions, language, the bot."""

import segno
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import accounts, installation, second_factors, sign_ins
from campaigns.models import Organizer
from campaigns.second_factors import Setup
from campaigns.sign_ins import Entered
from campaigns.words import LANGUAGES, mark
from web.console.access import csrf_token, entered, own_form, sign_in
from web.console.cookie import drop_token
from web.console.login import LOST, code_passes, said_of
from web.pages import LANGUAGE_COOKIE, page, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
HERE = "/console/account"
QR_SCALE = 5  # pixels a module
WRONG_PASSWORD = _("This is not your present password.")
WRONG_CODE = _("This code does not fit, or was used already. Wait for the next one.")


@router.get(HERE)
async def account(request: Request) -> Response:
    return await _account_page(request, await entered(request))


async def _account_page(
    request: Request, found: Entered, status: int = 200, *, wrong: str = "", problem: str = "", link: str = ""
) -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        open_sessions = await sign_ins.sign_ins_of(session, found.organizer.id, site.clock())
        left = await second_factors.left(session, found.organizer.id) if found.has_factor else 0
    return page(
        request,
        "console/account.html",
        status,
        organizer=found.organizer,
        csrf=csrf_token(request),
        sessions=open_sessions,
        here=found.sign_in.id,
        has_factor=found.has_factor,
        left=left,
        zone=found.places[0].campaign.timezone if found.places else "Europe/Paris",
        wrong=wrong,
        problem=problem,
        link=link,
        shortest=installation.SHORTEST_PASSWORD,
        campaign=None,
    )


@router.post(f"{HERE}/password")
async def change_password(request: Request) -> Response:
    """Every other session ends with it."""
    _, site, found = words_of(request), site_of(request), await entered(request)
    async with own_form(request) as form:
        present, new = str(form.get("present") or ""), str(form.get("new") or "")
    if not await installation.password_fits(found.organizer, present):
        return await _account_page(request, found, 422, wrong="present", problem=_(WRONG_PASSWORD))
    try:
        installation.check_password(new)
    except ValueError:
        said = _("Take at least {n} characters.", n=installation.SHORTEST_PASSWORD)
        return await _account_page(request, found, 422, wrong="new", problem=said)
    stored = await installation.hashed(new)
    async with site.database.write() as session:
        await accounts.change_password(session, found.organizer, stored, site.clock())
    answer = RedirectResponse(HERE, 303)
    await sign_in(request, answer, found.organizer.id)
    return answer


@router.post(f"{HERE}/log-out-everywhere")
async def log_out_everywhere(request: Request) -> Response:
    found = await entered(request)
    async with own_form(request), site_of(request).database.write() as session:
        await sign_ins.end_all(session, found.organizer.id)
    answer = RedirectResponse("/console/login", 303)
    drop_token(answer)
    return answer


@router.post(f"{HERE}/language")
async def set_language(request: Request) -> Response:
    """Of the bot's notices, and of the pages in this browser."""
    found = await entered(request)
    async with own_form(request) as form:
        code = text_of(form, "language")
    answer = RedirectResponse(HERE, 303)
    if code in LANGUAGES:
        async with site_of(request).database.write() as session:
            (await session.get_one(Organizer, found.organizer.id)).language = code
        answer.delete_cookie(LANGUAGE_COOKIE)
        answer.headers["location"] = f"{HERE}?lang={code}"
    return answer


@router.post(f"{HERE}/bot")
async def link_bot(request: Request) -> Response:
    """A one-time link with which the bot gets to know them."""
    found, site = await entered(request), site_of(request)
    async with own_form(request), site.database.write() as session:
        code = await installation.make_link_code(session, found.organizer.email)
    link = (
        f"{site.settings.telegram_link}/{site.bot_username}?start=o-{code}" if site.bot_username else f"/start o-{code}"
    )
    return await _account_page(request, found, link=link)


@router.get(f"{HERE}/codes")
async def codes(request: Request) -> Response:
    """Set up the telephone's codes, with a picture that it scans; or turn them off."""
    return await _codes_page(request, await entered(request))


async def _codes_page(
    request: Request,
    found: Entered,
    status: int = 200,
    *,
    problem: str = "",
    recovery: list[str] | None = None,
) -> Response:
    site, setup = site_of(request), None
    if not found.has_factor and recovery is None:
        async with site.database.write() as session:
            organizer = await session.get_one(Organizer, found.organizer.id)
            setup = await second_factors.begin(session, organizer, site.clock())
    async with site.database.read() as session:
        left = await second_factors.left(session, found.organizer.id)
    asked = [place.campaign.name for place in found.places if place.campaign.second_factor]
    return page(
        request,
        "console/codes.html",
        status,
        csrf=csrf_token(request),
        setup=setup,
        picture=picture_of(setup) if setup else "",
        recovery=recovery,
        left=left,
        asked=asked,
        problem=problem,
        campaign=None,
    )


def picture_of(setup: Setup) -> str:
    """The address as a QR picture, in the page itself: the secret goes through no other service."""
    return segno.make(setup.address, error="m", micro=False).svg_data_uri(scale=QR_SCALE, light="#fff")


@router.post(f"{HERE}/codes")
async def confirm_codes(request: Request) -> Response:
    """With the first right code they count; the recovery codes are shown this once."""
    _, site, found = words_of(request), site_of(request), await entered(request)
    async with own_form(request) as form:
        code = text_of(form, "code")
    async with site.database.write() as session:
        recovery = await second_factors.confirm(session, found.organizer.id, code, site.clock())
        if recovery is not None:
            await accounts.audit_own(session, found.organizer.id, site.clock(), "second factor set up")
            await sign_ins.end_all(session, found.organizer.id, but=found.sign_in.id)
    if recovery is None:
        return await _codes_page(request, found, 422, problem=_(WRONG_CODE))
    return await _codes_page(request, found, recovery=recovery)


@router.post(f"{HERE}/codes/renew")
async def renew_recovery(request: Request) -> Response:
    """New recovery codes, with a code of the telephone; the old ones are void."""
    found, site = await entered(request), site_of(request)
    async with own_form(request) as form:
        code = text_of(form, "code")
    problem = await _wrong_code(request, found, code)
    if problem:
        return await _codes_page(request, found, 422, problem=problem)
    async with site.database.write() as session:
        recovery = await second_factors.renew_recovery_codes(session, found.organizer.id)
        await accounts.audit_own(session, found.organizer.id, site.clock(), "recovery codes renewed")
    return await _codes_page(request, found, recovery=recovery)


@router.post(f"{HERE}/codes/off")
async def turn_codes_off(request: Request) -> Response:
    """With password and code."""
    _, found, site = words_of(request), await entered(request), site_of(request)
    async with own_form(request) as form:
        password, code = str(form.get("password") or ""), text_of(form, "code")
    if not await installation.password_fits(found.organizer, password):
        return await _codes_page(request, found, 422, problem=_(WRONG_PASSWORD))
    problem = await _wrong_code(request, found, code)
    if problem:
        return await _codes_page(request, found, 422, problem=problem)
    async with site.database.write() as session:
        await second_factors.remove(session, found.organizer.id)
        await accounts.audit_own(session, found.organizer.id, site.clock(), "second factor turned off")
    return RedirectResponse(HERE, 303)


async def _wrong_code(request: Request, found: Entered, code: str) -> str:
    """What to say of a code that does not pass; empty for one that does."""
    _ = words_of(request)
    passes, wait = await code_passes(request, found.organizer, code)
    if wait is not None:
        return said_of(_, wait)
    return "" if passes else _(LOST) if passes is None else _(WRONG_CODE)
