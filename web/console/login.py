"""The console's door: password, then a code where one is set up; out again. Who guesses waits longer and longer."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import accounts, installation, login_attempts, second_factors, sign_ins
from campaigns.models import Organizer
from campaigns.second_factors import SecondFactorLost
from campaigns.words import Words, mark
from web.console.access import entered, own_form, sign_in
from web.console.cookie import carry, client_of, csrf_token, drop_token, token_of
from web.pages import page, words_of
from web.site import site_of
from web.uploads import text_of

router = APIRouter()
LOST = mark(
    "Your codes cannot be checked: the installation’s secret key has changed. Whoever runs Porte-voix can give it the old one beside, or reset your codes."
)


@router.get("/console/login")
async def login_form(request: Request) -> Response:
    return _login_page(request)


def _login_page(
    request: Request, status: int = 200, *, email: str = "", problem: str = "", wait: timedelta | None = None
) -> Response:
    answer = page(
        request,
        "console/login.html",
        status,
        _retry(wait),
        csrf=csrf_token(request),
        email=email,
        problem=problem,
        campaign=None,
    )
    return carry(request, answer)


def _retry(wait: timedelta | None) -> dict[str, str] | None:
    return {"Retry-After": str(_seconds(wait))} if wait else None


def _seconds(wait: timedelta) -> int:
    return max(1, -(-int(wait.total_seconds() * 1000) // 1000))


def said_of(words: Words, wait: timedelta) -> str:
    """That somebody must wait, and until when."""
    minutes = -(-_seconds(wait) // 60)
    return words.many(
        "Too many attempts. Wait {n} minute, then try once more.",
        "Too many attempts. Wait {n} minutes, then try once more.",
        minutes,
    )


@router.post("/console/login")
async def login(request: Request) -> Response:
    _, site, client = words_of(request), site_of(request), client_of(request)
    async with own_form(request) as form:
        email, password = text_of(form, "email"), form.get("password")
    async with site.database.write() as session:
        wait = await login_attempts.attempt(session, client, email, site.clock())
    if wait is not None:
        return _login_page(request, 429, email=email, problem=said_of(_, wait), wait=wait)
    async with site.database.read() as session:
        organizer = await installation.log_in(session, email, password if isinstance(password, str) else "")
        factor = await second_factors.factor_of(session, organizer.id) if organizer else None
    if organizer is None:
        return _login_page(request, 422, email=email, problem=_("This address and this password do not match."))
    async with site.database.write() as session:
        await login_attempts.succeeded(session, client, email, site.clock())
    answer = RedirectResponse("/console/login/code" if factor else "/console", 303)
    await sign_in(request, answer, organizer.id, waits_for_code=factor is not None)
    return answer


@router.get("/console/login/code")
async def code_form(request: Request) -> Response:
    await entered(request, waiting=True)
    return _code_page(request)


def _code_page(request: Request, status: int = 200, problem: str = "", wait: timedelta | None = None) -> Response:
    return page(
        request,
        "console/login_code.html",
        status,
        _retry(wait),
        csrf=csrf_token(request),
        problem=problem,
        campaign=None,
    )


@router.post("/console/login/code")
async def give_code(request: Request) -> Response:
    """The telephone's code, or a recovery code, behind the right password."""
    _, site, found = words_of(request), site_of(request), await entered(request, waiting=True)
    async with own_form(request) as form:
        code = text_of(form, "code")
    passes, wait = await code_passes(request, found.organizer, code)
    if wait is not None:
        return _code_page(request, 429, said_of(_, wait), wait)
    if passes is None:
        return _code_page(request, 422, _(LOST))
    if not passes:
        return _code_page(request, 422, _("This code does not fit, or was used already. Wait for the next one."))
    answer = RedirectResponse("/console", 303)
    await sign_in(request, answer, found.organizer.id)
    async with site.database.read() as session:
        left = await second_factors.left(session, found.organizer.id)
    if not code.isdigit():
        async with site.database.write() as session:
            await accounts.audit_own(session, found.organizer.id, site.clock(), f"recovery code used, {left} left")
    return answer


async def code_passes(request: Request, organizer: Organizer, code: str) -> tuple[bool | None, timedelta | None]:
    """Whether a code is right, None where nobody can tell any more; or how long to wait before another is tried."""
    site, account = site_of(request), f"code of {organizer.id}"
    client, now = client_of(request), site_of(request).clock()
    async with site.database.write() as session:
        wait = await login_attempts.attempt(session, client, account, now)
    if wait is not None:
        return False, wait
    try:
        async with site.database.write() as session:
            passes = await second_factors.passes(session, organizer.id, code, now)
            if passes:
                await login_attempts.succeeded(session, client, account, now)
    except SecondFactorLost:
        return None, None
    return passes, None


@router.post("/console/logout")
async def logout(request: Request) -> Response:
    async with own_form(request), site_of(request).database.write() as session:
        await sign_ins.end_session(session, token_of(request))
    answer = RedirectResponse("/console/login", 303)
    drop_token(answer)
    return answer
