"""The campaign's channels: which rest and what to do, what each may spend, and when it speaks."""

from collections.abc import Mapping

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import installation
from campaigns.accounts import audit_account
from campaigns.forecast import spent_by
from campaigns.installation import Terms
from campaigns.metrics import READS
from campaigns.models import Channel
from campaigns.sentences import told
from campaigns.slots import SlotsProblem
from campaigns.words import mark
from networks import NETWORKS, READ_PRICES
from networks.share_intents import LABELS
from web.console.access import Desk, desk_of, own_form
from web.console.channel_forms import CAN_TEST, fields_of
from web.pages import Trouble, nothing_here, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
HERE = "/console/c/{slug}/channels"
LARGEST = 1_000_000  # dollars, or posts a day
TERMS = ("slots", "price_post", "price_link", "monthly_cap", "daily_quota", "metrics_cap")
MAY_BE_ABSENT = frozenset({"price_post", "price_link", "metrics_cap"})  # a form without them leaves them


@router.get(HERE)
async def channel_list(request: Request, slug: str) -> Response:
    return await list_page(request, await desk_of(request, slug))


async def list_page(
    request: Request,
    desk: Desk,
    status: int = 200,
    *,
    wrong: int = 0,
    problem: str = "",
    good: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    """`wrong` is the channel that `problem`, or what is `good`, is about."""
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
        networks=NETWORKS,
        can_test=CAN_TEST,
        read_prices=READ_PRICES,
        most_reads=READS,
        fields=lambda channel: fields_of(channel.network, channel),
        reason=lambda channel: told(words, channel.resting_reason or ""),
        typed=lambda channel: terms_of(channel) | dict(typed or {}) if channel.id == wrong else terms_of(channel),
        wrong=wrong,
        problem=problem,
        good=good,
    )


def terms_of(channel: Channel) -> dict[str, str]:
    """The terms as they stand in the form."""
    money = {name: f"{getattr(channel, name) / 1000:g}" for name in ("price_post", "price_link")}
    caps = {
        name: f"{value / 1000:g}" if (value := getattr(channel, name)) else ""
        for name in ("monthly_cap", "metrics_cap")
    }
    return money | caps | {"slots": channel.slots, "daily_quota": str(channel.daily_quota or "")}


async def admin_of(request: Request, slug: str) -> Desk:
    desk = await desk_of(request, slug, write=True)
    if not desk.may_set_up:
        raise Trouble(403, _("This cannot be done here"), _("Slots and caps are an admin's to set."))
    return desk


async def own_channel(session: AsyncSession, desk: Desk, channel_id: int) -> Channel:
    channel = await session.get(Channel, row(channel_id))
    if channel is None or channel.campaign_id != desk.campaign.id:
        raise nothing_here()
    return channel


@router.post(f"{HERE}/{{channel_id:int}}")
async def set_terms(request: Request, slug: str, channel_id: int) -> Response:
    desk, site = await admin_of(request, slug), site_of(request)
    async with own_form(request) as form:
        typed = {name: text_of(form, name) for name in TERMS}
        try:
            terms = _read(form)
            async with site.database.write() as session:
                channel = await own_channel(session, desk, channel_id)
                installation.set_terms(channel, terms, desk.campaign.timezone)
                audit_account(
                    session, desk.campaign.id, desk.organizer.id, None, site.clock(), "channel set", channel.name
                )
        except (SlotsProblem, _NoNumber) as problem:
            said = told(words_of(request), str(problem))
            return await list_page(request, desk, 422, wrong=channel_id, problem=said, typed=typed)
    return RedirectResponse(f"{HERE.format(slug=slug)}#channel-{channel_id}", 303)


class _NoNumber(ValueError):
    pass


def _read(form: FormData) -> Terms:
    numbers: dict[str, float | None] = {}
    for name in TERMS[1:]:
        if name not in form and name in MAY_BE_ABSENT:
            numbers[name] = None
            continue
        text = text_of(form, name).replace(",", ".") or "0"
        try:
            numbers[name] = float(text)
        except ValueError:
            numbers[name] = -1
        if not 0 <= (numbers[name] or 0) <= LARGEST:
            raise _NoNumber(_("a cap and a quota are numbers from 0; 0 or nothing: none"))
    return Terms(
        slots=text_of(form, "slots"),
        price_post=numbers["price_post"],
        price_link=numbers["price_link"],
        monthly_cap=numbers["monthly_cap"],
        daily_quota=int(numbers["daily_quota"] or 0),
        metrics_cap=numbers["metrics_cap"],
    )
