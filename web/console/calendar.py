"""The timetable by month, week or list: posts, silences and free slots; a post is dragged to another day, or moved by a form."""

import asyncio
import calendar as months
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import approval, editing, installation, post_calendar, post_export, posts
from campaigns.decisions import POST_STATES
from campaigns.models import Post, PostState
from campaigns.month import Choosing, days
from campaigns.posts import PostRefused
from campaigns.sentences import told, within
from campaigns.times import zone
from campaigns.words import Words, mark
from networks.share_intents import LABELS
from web.console.access import Desk, desk_of, own_form
from web.console.desk import choices_of, post_state
from web.pages import Trouble, address_with, nothing_here, number_of, page, row, words_of
from web.site import site_of
from web.uploads import text_of

_ = mark
router = APIRouter()
VIEWS = {"month": _("Month"), "week": _("Week"), "list": _("List")}
LISTED = 30  # days of the list
A_DAY = {"month": 6, "week": 30}  # posts shown of one; the list shows them all
ENOUGH = 150  # posts of the list; it ends with the day that reaches them
FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)  # what the calendar shows


@router.get("/console/c/{slug}/calendar")
async def calendar(request: Request, slug: str) -> Response:
    return await _page(request, await desk_of(request, slug))


async def _page(request: Request, desk: Desk, status: int = 200, *, problem: str = "", wrong: int = 0) -> Response:
    now = site_of(request).clock()
    today = now.astimezone(zone(desk.campaign.timezone)).date()
    view = request.query_params.get("view", "")
    view = view if view in VIEWS else "month"
    at = _day(request.query_params.get("at", "")) or today
    first, last = _span(view, at)
    choosing = Choosing(number_of(request, "channel"), number_of(request, "territory"), post_state(request))
    async with site_of(request).database.read() as session:
        found = await days(
            session,
            desk.campaign,
            first,
            last,
            choosing,
            now,
            a_day=A_DAY.get(view),
            enough=ENOUGH if view == "list" else None,
        )
        channels = await installation.channels(session, desk.campaign.id)
        choices = await choices_of(session, desk, channels)
    last = found[-1].day
    later = last + timedelta(days=1) if view == "list" else _step(view, at, 1)
    return page(
        request,
        "console/calendar.html",
        status,
        desk=desk,
        campaign=desk.campaign,
        view=view,
        views=[(name, label, address_with(request, view=name, said=None)) for name, label in VIEWS.items()],
        weeks=[found[n : n + 7] for n in range(0, len(found), 7)] if view != "list" else [],
        days=[day for day in found if day.posts or day.slots or day.silences],
        at=at,
        today=today,
        month=at.month if view == "month" else 0,
        heading=_heading(words_of(request), view, first, last, at),
        earlier=address_with(request, at=_step(view, at, -1), said=None),
        later=address_with(request, at=later, said=None),
        whole=lambda day: address_with(request, view="list", at=day, said=None),
        now_address=address_with(request, at=None, said=None),
        choosing=choosing,
        choices=choices,
        post_states=POST_STATES,
        labels=LABELS,
        may_move=lambda post: desk.may_write and post.state is not PostState.cancelled and post.publish_at > now,
        within=within,
        said=SAID.get(request.query_params.get("said", ""), ""),
        problem=problem,
        wrong=wrong,
    )


@router.get("/console/c/{slug}/calendar.ics")
async def calendar_file(request: Request, slug: str) -> Response:
    """The timetable for a calendar program: a month back, a year ahead."""
    desk, now = await desk_of(request, slug), site_of(request).clock()
    async with site_of(request).database.read() as session:
        found = await post_export.gather(session, desk.campaign, now - timedelta(days=31), now + timedelta(days=366))
    timed = [each for each in found if each.post.publish_at is not None]
    written = await asyncio.to_thread(post_calendar.to_ics, timed, desk.campaign, now)
    headers = {"Content-Disposition": f'attachment; filename="{desk.campaign.slug}.ics"'}
    return Response(written, media_type="text/calendar; charset=utf-8", headers=headers)


SAID = {
    "moved": _("Moved."),
    "again": _("Moved. Somebody had to say yes to this post: it is a draft again, and must be submitted anew."),
}


def _day(text: str) -> date | None:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        return day if FIRST <= day <= LAST else None
    return None


def _span(view: str, at: date) -> tuple[date, date]:
    """The first and the last day shown: whole weeks from Monday on, for a month those that it touches."""
    if view == "list":
        return at, at + timedelta(days=LISTED - 1)
    if view == "week":
        monday = at - timedelta(days=at.weekday())
        return monday, monday + timedelta(days=6)
    first = at.replace(day=1)
    last = at.replace(day=months.monthrange(at.year, at.month)[1])
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def _step(view: str, at: date, by: int) -> date:
    if view == "month":
        middle = at.replace(day=15) + timedelta(days=30 * by)
        return middle.replace(day=1)
    return at + timedelta(days=by * (7 if view == "week" else LISTED))


def _heading(words: Words, view: str, first: date, last: date, at: date) -> str:
    return words.day(at, "MMMM y") if view == "month" else f"{words.day(first, 'd MMM')} – {words.day(last, 'd MMM y')}"


@router.post("/console/c/{slug}/calendar/{post_id:int}/move")
async def move(request: Request, slug: str, post_id: int) -> Response:
    """Another day, another time of day or both; the query says which days are shown, and they stay so."""
    desk, site = await desk_of(request, slug, write=True), site_of(request)
    async with own_form(request) as form:
        day, clock = text_of(form, "date"), text_of(form, "time")
    try:
        async with site.database.write() as session:
            post = await posts.find_post(session, desk.campaign.id, row(post_id))
            if post is None:
                raise nothing_here()
            asked = post.state
            before = await editing.as_written(session, post, site.settings.media)
            new = replace(before, publish_at=_moment(post, day, clock), recurrence=None)
            await editing.change_post(session, post, before, new, desk.organizer.id, site.clock(), site.settings.media)
            again = post.state is PostState.draft and asked is not PostState.draft
    except PostRefused as refused:
        words = words_of(request)
        problem = " ".join(told(words, each.message) + "." for each in refused.problems)
        return await _page(request, desk, 422, problem=problem, wrong=post_id)
    except approval.ApprovalRefused as refused:
        said = words_of(request)(refused.msgid, **refused.values)
        raise Trouble(409, _("This cannot be done here"), said) from None
    return RedirectResponse(f"{_shown(request, slug)}said={'again' if again else 'moved'}", 303)


def _shown(request: Request, slug: str) -> str:
    base = address_with(request, said=None).replace(request.url.path, f"/console/c/{slug}/calendar", 1)
    return base if base.endswith("?") else f"{base}&"


def _moment(post: Post, day: str, clock: str) -> datetime:
    """On the wall clock of the post's zone; what is left empty stays as it was."""
    was = posts.local_moment(post)
    try:
        on = date.fromisoformat(day) if day or was is None else was.date()
        at = time.fromisoformat(clock) if clock or was is None else was.time()
    except ValueError:
        raise PostRefused(
            [posts.Problem("publish_at", f"“{f'{day} {clock}'.strip()}” is not a date and time; write 2026-12-01 08:30 or 01/12/2026 08:30")]
        ) from None  # fmt: skip
    return datetime.combine(on, at.replace(tzinfo=None))
