"""The campaign as its admins set it up: words, colours, yeses, quiet hours, and the days of the vote."""

from datetime import date

from fastapi import APIRouter
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import installation, set_up, silence_windows
from campaigns.accounts import audit_account
from campaigns.badge_frames import badge_sentence
from campaigns.models import Campaign, PollingDay
from campaigns.sentences import told
from campaigns.set_up import SetUpRefused
from campaigns.silence import SilenceProblem
from campaigns.words import Inclusive, Words, mark
from web.console.access import Desk, desk_of, entered, own_form
from web.console.composer import ZONES
from web.pages import Trouble, nothing_here, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
HERE = "/console/c/{slug}/setup/campaign"
FIELDS = (
    *set_up.LONGEST,
    *set_up.COLOURS,
    "notice_url",
    "approvals",
    "near_vote_days",
    "quiet_from",
    "quiet_until",
    "timezone",
    "inclusive",
    "second_factor",
    "alt_required",
)
WAYS = {
    Inclusive.point: "compté·e",
    Inclusive.hyphen: "compté-e",
    Inclusive.brackets: "compté(e)",
    Inclusive.none: "compté",
}


async def admin_desk(request: Request, slug: str) -> Desk:
    """The desk of who may set the campaign up; Trouble for everybody else."""
    desk = await desk_of(request, slug)
    if not desk.may_set_up:
        raise Trouble(403, _("This cannot be done here"), _("This is an admin's to set up."))
    return desk


@router.get(HERE)
async def campaign_form(request: Request, slug: str) -> Response:
    return await _form(request, await admin_desk(request, slug))


async def _form(
    request: Request,
    desk: Desk,
    status: int = 200,
    *,
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    day: dict[str, str] | None = None,
    problem: str = "",
) -> Response:
    async with site_of(request).database.read() as session:
        places = await installation.territories(session, desk.campaign.id)
        days = (
            await session.scalars(
                select(PollingDay).where(col(PollingDay.campaign_id) == desk.campaign.id).order_by(col(PollingDay.day))
            )
        ).all()
    return page(
        request,
        "console/campaign_setup.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        typed=typed or stored(desk.campaign),
        wrong=wrong or {},
        saved=request.query_params.get("saved") == "yes",
        days=days,
        places=places,
        place_names={place.id: place.name for place in places},
        day=day or {"day": "", "territory": "", "label": "", "saturday": "yes"},
        problem=problem,
        zones=dict.fromkeys((desk.campaign.timezone, *ZONES)),
        ways=WAYS,
    )


def by_field(words: Words, refused: SetUpRefused) -> dict[str, str]:
    return {
        each.field: badge_sentence(words, each.badge) if each.badge else words(each.msgid, **each.values)
        for each in refused.wrong
    }


def stored(campaign: Campaign) -> dict[str, str]:
    found = {name: str(getattr(campaign, name)) for name in FIELDS}
    return found | {
        "inclusive": campaign.inclusive.value,
        "second_factor": "yes" if campaign.second_factor else "",
        "alt_required": "yes" if campaign.alt_required else "",
    }


@router.post(HERE)
async def set_campaign(request: Request, slug: str) -> Response:
    desk, site, words = await admin_desk(request, slug), site_of(request), words_of(request)
    has_factor = (await entered(request)).has_factor
    async with own_form(request) as form:
        typed = {name: text_of(form, name) for name in FIELDS}
    try:
        async with site.database.write() as session:
            await set_up.change_campaign(
                session, desk.campaign.id, typed, desk.organizer.id, site.clock(), has_factor=has_factor
            )
    except SetUpRefused as refused:
        return await _form(request, desk, 422, typed=typed, wrong=by_field(words, refused))
    return RedirectResponse(f"{HERE.format(slug=slug)}?saved=yes", 303)


@router.post("/console/c/{slug}/setup/polling-days")
async def add_polling_day(request: Request, slug: str) -> Response:
    """The law's silence follows from it, for each territory by its own clock."""
    desk, site, words = await admin_desk(request, slug), site_of(request), words_of(request)
    async with own_form(request) as form:
        typed = {name: text_of(form, name) for name in ("day", "territory", "label", "saturday")}
    try:
        moment = date.fromisoformat(typed["day"])
        async with site.database.write() as session:
            campaign = await session.get_one(Campaign, desk.campaign.id)
            territory_id = row(int(typed["territory"])) if typed["territory"].isdecimal() else None
            if territory_id and territory_id not in {
                p.id for p in await installation.territories(session, campaign.id)
            }:
                raise nothing_here()
            await silence_windows.add_polling_day(
                session,
                campaign,
                moment,
                site.clock(),
                territory_id=territory_id,
                label=typed["label"],
                saturday=typed["saturday"] == "yes",
            )
            audit_account(
                session, campaign.id, desk.organizer.id, None, site.clock(), "polling day added", typed["day"]
            )
    except SilenceProblem as problem:
        return await _form(request, desk, 422, day=typed, problem=told(words, str(problem)))
    except ValueError:
        return await _form(request, desk, 422, day=typed, problem=words("Choose the day of the vote."))
    return RedirectResponse(f"{HERE.format(slug=slug)}#polling-days", 303)


@router.post("/console/c/{slug}/setup/polling-days/remove")
async def remove_polling_day(request: Request, slug: str) -> Response:
    desk, site = await admin_desk(request, slug), site_of(request)
    async with own_form(request) as form, site.database.write() as session:
        number = text_of(form, "id")
        found = await session.get(PollingDay, row(int(number))) if number.isdecimal() else None
        if found is None or found.campaign_id != desk.campaign.id:
            raise nothing_here()
        campaign = await session.get_one(Campaign, desk.campaign.id)
        await silence_windows.remove_polling_day(session, campaign, found.day, found.territory_id)
        audit_account(
            session, campaign.id, desk.organizer.id, None, site.clock(), "polling day removed", found.day.isoformat()
        )
    return RedirectResponse(f"{HERE.format(slug=slug)}#polling-days", 303)
