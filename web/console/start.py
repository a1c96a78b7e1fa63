"""The first two steps of a new installation: the first organizer, who holds the printed key, and the first campaign."""

import secrets
from datetime import date

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import first_steps, installation, set_up, silence_windows
from campaigns.first_steps import AlreadySetUp
from campaigns.models import Campaign
from campaigns.sentences import told
from campaigns.set_up import SetUpRefused
from campaigns.silence import SilenceProblem
from campaigns.vault import vault_of
from campaigns.words import mark
from web.console.access import entered, own_form, sign_in
from web.console.campaign_setup import by_field, stored
from web.console.composer import ZONES
from web.console.cookie import carry, csrf_token
from web.pages import Trouble, language, page, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
HERE = "/console/start"
CAMPAIGN = f"{HERE}/campaign"
LONGEST_NAME = 80  # characters
FIELDS = ("name", "slogan", "hashtag", "timezone", *set_up.COLOURS)


async def _key_fits(request: Request, given: str) -> bool:
    """Whether this is the key that the program printed; False when somebody can log in: nobody needs it any more."""
    async with site_of(request).database.read() as session:
        if not await first_steps.is_untouched(session):
            return False
        return secrets.compare_digest(given.encode(), first_steps.setup_key(vault_of(session)).encode())


@router.get(HERE)
async def welcome(request: Request, key: str = "") -> Response:
    async with site_of(request).database.read() as session:
        if not await first_steps.is_untouched(session):
            return RedirectResponse("/console", 303)
    return _welcome_page(request, key, 200 if await _key_fits(request, key) else 403)


def _welcome_page(
    request: Request, key: str, status: int = 200, *, name: str = "", email: str = "", problem: str = ""
) -> Response:
    """Without the right key, it says where the key is."""
    answer = page(
        request,
        "console/start.html",
        status,
        csrf=csrf_token(request),
        key=key,
        may_begin=status != 403,
        name=name,
        email=email,
        problem=problem,
        shortest=installation.SHORTEST_PASSWORD,
        campaign=None,
    )
    return carry(request, answer)


@router.post(HERE)
async def first_organizer(request: Request) -> Response:
    words, site = words_of(request), site_of(request)
    async with own_form(request) as form:
        key, name, email = (text_of(form, field) for field in ("key", "name", "email"))
        password = str(form.get("password") or "")
    if not await _key_fits(request, key):
        return await welcome(request, key)
    try:
        installation.checked_address(email)
    except ValueError:
        said = words("“{email}” is not an e-mail address.", email=email)
        return _welcome_page(request, key, 422, name=name, email=email, problem=said)
    if not name or len(name) > LONGEST_NAME or len(password) < installation.SHORTEST_PASSWORD:
        said = words("Write your name, and a password of {n} characters or more.", n=installation.SHORTEST_PASSWORD)
        return _welcome_page(request, key, 422, name=name, email=email, problem=said)
    hashed = await installation.hashed(password)
    try:
        async with site.database.write() as session:
            organizer = await first_steps.add_first_organizer(
                session, email, name, hashed, language(request), site.clock()
            )
            known = await installation.campaigns(session)
    except AlreadySetUp:
        return RedirectResponse("/console", 303)
    answer = RedirectResponse(f"/console/c/{known[0].slug}/start" if known else CAMPAIGN, 303)
    await sign_in(request, answer, organizer.id)
    return answer


async def _refuse_where_there_is_one(request: Request) -> None:
    async with site_of(request).database.read() as session:
        if await installation.campaigns(session):
            raise Trouble(
                409,
                _("There is a campaign already"),
                _("One of its admins can invite you; whoever runs Porte-voix can add another campaign."),
            )


@router.get(CAMPAIGN)
async def campaign_form(request: Request) -> Response:
    await entered(request)
    await _refuse_where_there_is_one(request)
    usual = stored(Campaign(slug="", name=""))
    return _campaign_page(request, {name: usual[name] for name in FIELDS} | {"polling_day": ""})


def _campaign_page(
    request: Request, typed: dict[str, str], status: int = 200, wrong: dict[str, str] | None = None
) -> Response:
    return page(
        request,
        "console/start_campaign.html",
        status,
        csrf=csrf_token(request),
        typed=typed,
        wrong=wrong or {},
        zones=dict.fromkeys((typed["timezone"], *ZONES)),
        campaign=None,
    )


@router.post(CAMPAIGN)
async def first_campaign(request: Request) -> Response:
    """The campaign with its words, colours and polling day; all of it or nothing."""
    words, site, found = words_of(request), site_of(request), await entered(request)
    async with own_form(request) as form:
        typed = {name: text_of(form, name) for name in (*FIELDS, "polling_day")}
    await _refuse_where_there_is_one(request)
    me, now = found.organizer.id, site.clock()
    try:
        day = date.fromisoformat(typed["polling_day"]) if typed["polling_day"] else None
    except ValueError:
        return _campaign_page(request, typed, 422, {"polling_day": words("Choose the day of the vote.")})
    try:
        async with site.database.write() as session:
            made = await first_steps.add_first_campaign(session, me, typed["name"], now)
            given = stored(made) | {name: typed[name] for name in FIELDS}
            await set_up.change_campaign(session, made.id, given, me, now, has_factor=found.has_factor)
            if day is not None:
                await silence_windows.add_polling_day(session, made, day, now)
    except SetUpRefused as refused:
        return _campaign_page(request, typed, 422, by_field(words, refused))
    except SilenceProblem as problem:
        return _campaign_page(request, typed, 422, {"polling_day": told(words, str(problem))})
    except AlreadySetUp:
        return RedirectResponse("/console", 303)
    return RedirectResponse(f"/console/c/{made.slug}/start", 303)
