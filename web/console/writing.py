"""The form that writes a post, or changes one. What was typed stays, and each problem stands beside its field."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from campaigns import approval, editing, installation, posts
from campaigns.forecast import Outlook, forecast
from campaigns.media import LARGEST
from campaigns.models import Channel, Post, PostState
from campaigns.posts import NewPost, PostRefused, Problem, add_post, check_post
from campaigns.recurrence import parse_recurrence
from campaigns.sentences import told, within
from campaigns.slots import parse_slots
from campaigns.stamp import stamp_of, stamped
from campaigns.words import mark
from networks.base import OutgoingPost
from networks.limits import LIMITS, count
from networks.share_intents import LABELS
from web.console import drafts
from web.console.access import Desk, desk_of, own_form
from web.console.drafts import Draft
from web.pages import Trouble, nothing_here, page, render, row, words_of
from web.site import site_of
from web.uploads import FORM_LIMIT, file_of, text_of

_ = mark
router = APIRouter()
ZONES = (  # offered; any other may be typed
    "Europe/Paris",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "America/Miquelon",
    "Indian/Reunion",
    "Indian/Mayotte",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Pacific/Wallis",
)


async def _channels(request: Request, desk: Desk) -> Sequence[Channel]:
    async with site_of(request).database.read() as session:
        known = await installation.channels(session, desk.campaign.id)
    return [channel for channel in known if desk.reaches(channel.territory_id)]


@router.get("/console/c/{slug}/posts/new")
async def new_post(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug, write=True, territories=True)
    channels = await _channels(request, desk)
    draft = drafts.fresh(desk.campaign, channels, site_of(request).clock())
    return _form(request, desk, channels, draft, outlooks=await _outlooks(request, desk, draft, channels))


def _form(
    request: Request,
    desk: Desk,
    channels: Sequence[Channel],
    draft: Draft,
    problems: Sequence[Problem] = (),
    *,
    outlooks: Sequence[Outlook] = (),
    editing: Post | None = None,
) -> Response:
    words = words_of(request)
    wrong: dict[str, list[str]] = {}
    for problem in problems:
        wrong.setdefault(problem.field, []).append(told(words, problem.message))
    networks = list(dict.fromkeys(channel.network for channel in channels))
    return page(
        request,
        "console/write.html",
        422 if problems else 200,
        desk=desk,
        campaign=desk.campaign,
        channels=channels,
        networks=networks,
        labels=LABELS,
        draft=draft,
        editing=editing,
        when=drafts.WHEN,
        late=drafts.LATE,
        next_slots=_next_slots(channels, desk.campaign.timezone, site_of(request).clock()),
        outlooks=outlooks,
        within=within,
        wrong=wrong,
        summary=words.many(
            "Nothing was scheduled: {n} thing is to be mended.",
            "Nothing was scheduled: {n} things are to be mended.",
            len(problems),
        ),
        zones=dict.fromkeys((desk.campaign.timezone, *ZONES)),
        counts=_counts(desk, networks, draft),
    )


def _next_slots(channels: Sequence[Channel], zone_name: str, now: datetime) -> dict[int, datetime]:
    """Of each channel that has slots, the next one; whether it is free is looked at when the post is queued."""
    return {c.id: parse_slots(c.slots, zone_name).next_free(now, ()) for c in channels if c.slots}


@router.post("/console/c/{slug}/posts/new")
async def write_post(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug, write=True, territories=True)
    site = site_of(request)
    channels = await _channels(request, desk)
    async with own_form(request, LARGEST + FORM_LIMIT) as form:
        draft = drafts.read(form, channels)
        picture = await file_of(form, "image")
        draft.had_picture = picture is not None
        only_checked = text_of(form, "act") == "check"
        post, problems = drafts.post_of(draft, channels, picture)
        post = replace(post, territory_id=desk.territory_id)
        try:
            if problems or only_checked:
                raise PostRefused([*problems, *check_post(post, site.clock(), stamp_of(desk.campaign))])
            async with site.database.write() as session:
                stored = await add_post(
                    session,
                    desk.campaign.id,
                    post,
                    media_dir=site.settings.media_dir,
                    now=site.clock(),
                    author_id=desk.organizer.id,
                )
        except PostRefused as refused:
            outlooks = await _outlooks(request, desk, draft, channels)
            return _form(request, desk, channels, draft, refused.problems, outlooks=outlooks)
    return RedirectResponse(f"/console/c/{slug}/posts#post-{stored.id}", 303)


async def _post_to_change(session: AsyncSession, desk: Desk, post_id: int) -> Post:
    post = await posts.find_post(session, desk.campaign.id, row(post_id), desk.reach)
    if post is None:
        raise nothing_here()
    if post.state is PostState.cancelled:
        raise Trouble(409, _("This cannot be done here"), _("The post was taken back: write it anew."))
    return post


async def _as_written(request: Request, session: AsyncSession, desk: Desk, post: Post) -> NewPost:
    try:
        written = await editing.as_written(session, post, site_of(request).settings.media_dir)
    except PostRefused as refused:
        said = " ".join(told(words_of(request), problem.message) + "." for problem in refused.problems)
        raise Trouble(409, _("This cannot be done here"), said) from None
    if not all(desk.reaches(channel.territory_id) for channel in written.channels):
        raise Trouble(
            403,
            _("This cannot be done here"),
            _("It goes out on channels beyond your territory: ask the whole campaign’s team."),
        )
    return written


@router.get("/console/c/{slug}/posts/{post_id:int}/edit")
async def edit_form(request: Request, slug: str, post_id: int) -> Response:
    desk, site = await desk_of(request, slug, write=True, territories=True), site_of(request)
    async with site.database.read() as session:
        post = await _post_to_change(session, desk, post_id)
        written = await _as_written(request, session, desk, post)
    draft = drafts.of_post(written)
    outlooks = await _outlooks(request, desk, draft, written.channels, instead_of=post.id)
    return _form(request, desk, written.channels, draft, outlooks=outlooks, editing=post)


@router.post("/console/c/{slug}/posts/{post_id:int}/edit")
async def edit_post(request: Request, slug: str, post_id: int) -> Response:
    """Write what was changed; a post that needed a yes needs it anew."""
    desk, site = await desk_of(request, slug, write=True, territories=True), site_of(request)
    async with own_form(request) as form, site.database.write() as session:
        post = await _post_to_change(session, desk, post_id)
        before = await _as_written(request, session, desk, post)
        draft = replace(
            drafts.read(form, before.channels),
            timezone=before.timezone,
            share_kit=before.share_kit,
            channels={str(channel.id) for channel in before.channels},
        )
        new, problems = drafts.post_of(draft, before.channels)
        if draft.when != drafts.AT:  # a series, or a draft that stays one
            new = replace(new, publish_at=None)
        new = replace(new, pictures=before.pictures, next_slot=False, recurrence=None)
        try:
            if problems:
                raise PostRefused(problems)
            await editing.change_post(session, post, before, new, desk.organizer.id, site.clock())
        except PostRefused as refused:
            return _form(request, desk, before.channels, draft, refused.problems, editing=post)
        except approval.ApprovalRefused as refused:
            said = words_of(request)(refused.msgid, **refused.values)
            raise Trouble(409, _("This cannot be done here"), said) from None
    return RedirectResponse(f"/console/c/{slug}/posts#post-{post_id}", 303)


async def _outlooks(
    request: Request, desk: Desk, draft: Draft, channels: Sequence[Channel], *, instead_of: int = 0
) -> list[Outlook]:
    """What the post would cost and meet; nothing while its moment cannot be read."""
    post, problems = drafts.post_of(draft, channels)
    if any(problem.field in ("publish_at", "recurrence", "until") for problem in problems):
        return []
    now = site_of(request).clock()
    with suppress(ValueError):  # a zone, slots or a recurrence that cannot be read: told beside its field
        first = _with_first_moment(post, now)
        async with site_of(request).database.read() as session:
            return await forecast(session, desk.campaign, first, now, instead_of=instead_of)
    return []


def _with_first_moment(post: NewPost, now: datetime) -> NewPost:
    if not post.recurrence:
        return post
    return replace(post, publish_at=parse_recurrence(post.recurrence, post.timezone).next(now), recurrence=None)


def _counts(desk: Desk, networks: Sequence[str], draft: Draft) -> dict[str, dict[str, int]]:
    stamp = stamp_of(desk.campaign)
    return {name: _count(name, stamped(draft.versions.get(name) or draft.text, stamp), draft.link) for name in networks}


def _count(network: str, text: str, link: str) -> dict[str, int]:
    return {"length": count(network, OutgoingPost("", text, link or None).body), "limit": LIMITS[network].characters}


@router.post("/console/c/{slug}/posts/check")
async def live_check(request: Request, slug: str) -> Response:
    """Lengths, cost and silence while somebody writes, for the form's script. Posted, so that no log keeps the text."""
    desk = await desk_of(request, slug, write=True, territories=True)
    channels = await _channels(request, desk)
    async with own_form(request) as form:
        draft = drafts.read(form, channels)
        replaced = text_of(form, "post")
    instead_of = row(int(replaced)) if replaced.isascii() and replaced.isdigit() else 0
    outlooks = await _outlooks(request, desk, draft, channels, instead_of=instead_of)
    networks = list(dict.fromkeys(channel.network for channel in channels))
    html = render(request, "console/_outlook.html", outlooks=outlooks, campaign=desk.campaign, within=within)
    return JSONResponse({"counts": _counts(desk, networks, draft), "outlook": html})
