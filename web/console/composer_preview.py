"""What stands beside the composer's form and follows it: lengths, previews, cost, silence, advice, how many people get it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaigns import broadcasts, installation
from campaigns.forecast import Outlook, forecast
from campaigns.models import Campaign, Channel
from campaigns.post_preview import Preview, preview
from campaigns.post_warnings import advice, near_duplicate
from campaigns.posts import NewPost
from campaigns.recurrence import parse_recurrence
from campaigns.segments import Segment
from campaigns.sentences import within
from campaigns.times import TimeProblem, parse_local
from campaigns.words import Words
from networks.share_intents import LABELS
from web.console import composer_form, composer_media
from web.console.access import Desk, desk_of, own_form
from web.console.composer_form import Draft
from web.pages import render, words_of
from web.site import site_of
from web.uploads import text_of

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Beside:
    """All that is computed of a form."""

    previews: dict[str, Preview]  # by network, of each channel of the campaign
    outlooks: Sequence[Outlook]
    advice: Sequence[str]
    reached: str  # how many people get the share kit


async def beside(
    request: Request,
    session: AsyncSession,
    desk: Desk,
    draft: Draft,
    channels: Sequence[Channel],
    *,
    instead_of: int = 0,
) -> Beside:
    words, now = words_of(request), site_of(request).clock()
    pictures, _gone = await composer_media.load(request, session, desk, draft.pictures)
    post, problems = composer_form.post_of(draft, channels, pictures)
    unread = any(problem.field in ("publish_at", "recurrence", "until") for problem in problems)
    networks = dict.fromkeys(channel.network for channel in channels)
    return Beside(
        {network: preview(network, post, desk.campaign) for network in networks},
        [] if unread else await _outlooks(session, desk.campaign, post, now, instead_of),
        await _advice(session, words, desk, draft, post, now, instead_of),
        await _reached(request, session, desk, post) if post.share_kit else "",
    )


async def _outlooks(
    session: AsyncSession, campaign: Campaign, post: NewPost, now: datetime, instead_of: int
) -> list[Outlook]:
    """What the post would cost and meet; nothing while its moment cannot be read."""
    with suppress(ValueError):  # a zone, slots or a recurrence that cannot be read: told beside its field
        first = post
        if post.recurrence:
            at = parse_recurrence(post.recurrence, post.timezone).next(now)
            first = replace(post, publish_at=at, recurrence=None)
        return await forecast(session, campaign, first, now, instead_of=instead_of)
    return []


async def _advice(
    session: AsyncSession, words: Words, desk: Desk, draft: Draft, post: NewPost, now: datetime, instead_of: int
) -> list[str]:
    found = advice(words, post)
    near = await near_duplicate(session, desk.campaign.id, post.text, now, instead_of=instead_of)
    if near is not None:
        found.insert(0, words("Nearly the same as “{title}”: X refuses a text that it has seen.", title=near.title))
    return [*found, *_twice(words, draft)]


def _twice(words: Words, draft: Draft) -> list[str]:
    """The hour that comes twice when clocks go back."""
    with suppress(TimeProblem, ValueError, OverflowError, OSError, KeyError):
        local = parse_local(f"{draft.date} {draft.time}")
        place = ZoneInfo(draft.timezone)
        first, second = (local.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
        if draft.when == composer_form.AT and first < second:
            return [words("{time} comes twice that night, as clocks go back: the first one is meant.", time=draft.time)]
    return []


async def _reached(request: Request, session: AsyncSession, desk: Desk, post: NewPost) -> str:
    segment = Segment(desk.campaign.id, post.territory_id, post.kit_language, post.kit_interest_id)
    site = site_of(request)
    now = site.clock()

    async def count() -> list[int]:
        return [(await broadcasts.preview(session, segment, now)).people]

    people = await site.counted.of(("reached", segment), now, count)
    return words_of(request).many("{n} person gets it in the bot.", "{n} people get it in the bot.", people[0])


def as_html(request: Request, desk: Desk, found: Beside, draft: Draft) -> dict[str, Any]:
    """The parts of the page that follow the form, by their place."""
    shared = {"desk": desk, "campaign": desk.campaign, "labels": LABELS, "draft": draft}
    return {
        "outlook": render(
            request, "console/_outlook.html", outlooks=found.outlooks, within=within, advice=found.advice, **shared
        ),
        "previews": {
            network: render(request, "console/_preview.html", shown=shown, **shared)
            for network, shown in found.previews.items()
        },
    }


@router.post("/console/c/{slug}/posts/check")
async def live_check(request: Request, slug: str) -> Response:
    """All that follows the form while somebody writes. Posted, so that no log keeps the text."""
    desk = await desk_of(request, slug, write=True, territories=True)
    async with own_form(request) as form, site_of(request).database.read() as session:
        known = await installation.channels(session, desk.campaign.id)
        channels = [channel for channel in known if desk.reaches(channel.territory_id)]
        draft = composer_form.read(form, channels)
        replaced = composer_form.number(text_of(form, "post"))
        found = await beside(request, session, desk, draft, channels, instead_of=replaced)
    counts = {
        network: {"length": shown.length, "limit": shown.limit, "over": shown.over}
        for network, shown in found.previews.items()
    }
    return JSONResponse({"counts": counts, "reached": found.reached, **as_html(request, desk, found, draft)})
