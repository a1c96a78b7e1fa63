"""The campaign's channels: which rest and what to do, what each may spend, and when it speaks."""

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import installation
from campaigns.forecast import spent_by
from campaigns.installation import Terms
from campaigns.models import Channel
from campaigns.sentences import told
from campaigns.slots import SlotsProblem
from campaigns.words import mark
from networks.share_intents import LABELS
from web.console.access import Desk, desk_of, own_form
from web.pages import Trouble, nothing_here, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
LARGEST = 1_000_000  # dollars, or posts a day


@router.get("/console/c/{slug}/channels")
async def channel_list(request: Request, slug: str) -> Response:
    return await _list_page(request, await desk_of(request, slug))


async def _list_page(
    request: Request,
    desk: Desk,
    status: int = 200,
    *,
    wrong: int = 0,
    problem: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    words, now = words_of(request), site_of(request).clock()
    async with site_of(request).database.read() as session:
        known = await installation.channels(session, desk.campaign.id)
        places = {place.id: place.name for place in await installation.territories(session, desk.campaign.id)}
        spent = {channel.id: await spent_by(session, desk.campaign, channel, now, now) for channel in known}
    return page(
        request,
        "console/channels.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        channels=known,
        places=places,
        spent=spent,
        labels=LABELS,
        reason=lambda channel: told(words, channel.resting_reason or ""),
        typed=lambda channel: typed if typed is not None and channel.id == wrong else _terms_of(channel),
        wrong=wrong,
        problem=problem,
    )


def _terms_of(channel: Channel) -> dict[str, str]:
    cap = f"{channel.monthly_cap / 1000:g}" if channel.monthly_cap else ""
    return {"slots": channel.slots, "monthly_cap": cap, "daily_quota": str(channel.daily_quota or "")}


@router.post("/console/c/{slug}/channels/{channel_id:int}")
async def set_terms(request: Request, slug: str, channel_id: int) -> Response:
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    if not desk.may_set_up:
        raise Trouble(403, _("This cannot be done here"), _("Slots and caps are an admin's to set."))
    async with own_form(request) as form:
        typed = {name: text_of(form, name) for name in ("slots", "monthly_cap", "daily_quota")}
        try:
            terms = _read(form)
            async with site.database.write() as session:
                channel = await session.get(Channel, row(channel_id))
                if channel is None or channel.campaign_id != desk.campaign.id:
                    raise nothing_here()
                installation.set_terms(channel, terms, desk.campaign.timezone)
        except (SlotsProblem, _NoNumber) as problem:
            said = told(words_of(request), str(problem))
            return await _list_page(request, desk, 422, wrong=channel_id, problem=said, typed=typed)
    return RedirectResponse(f"/console/c/{slug}/channels#channel-{channel_id}", 303)


class _NoNumber(ValueError):
    pass


def _read(form: FormData) -> Terms:
    numbers = []
    for name in ("monthly_cap", "daily_quota"):
        text = text_of(form, name).replace(",", ".") or "0"
        try:
            numbers.append(float(text))
        except ValueError:
            numbers.append(-1)
        if not 0 <= numbers[-1] <= LARGEST:
            raise _NoNumber(_("a cap and a quota are numbers from 0; 0 or nothing: none"))
    return Terms(slots=text_of(form, "slots"), monthly_cap=numbers[0], daily_quota=int(numbers[1]))
