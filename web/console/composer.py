"""The composer: writes a post, or changes one. What was typed stays, and each problem stands beside its field."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import approval, editing, installation, interests, posts, sketches
from campaigns.editing import Change, ChangedMeanwhile
from campaigns.models import Channel, Post, PostState, Sketch
from campaigns.posts import NewPost, PostRefused, Problem, add_post, check_post
from campaigns.sentences import told, within
from campaigns.slots import parse_slots
from campaigns.stamp import stamp_of
from campaigns.words import LANGUAGES, mark
from networks.share_intents import LABELS
from web.console import composer_form, composer_media, composer_preview, composer_sketches
from web.console.access import Desk, desk_of, own_form
from web.console.composer_form import Draft
from web.pages import Trouble, nothing_here, page, row, words_of
from web.site import site_of
from web.uploads import text_of

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


@dataclass
class Sheet:
    """What the page shows: the form as it was typed, with what is wrong with it and what else is to be known."""

    draft: Draft
    channels: Sequence[Channel]
    problems: Sequence[Problem] = ()
    post: Post | None = None  # the one that is changed
    theirs: Draft | None = None  # what somebody else saved meanwhile
    last: Change | None = None  # who changed the post last
    others: Sequence[str] = ()  # who has it open too
    unfinished: Sequence[Sketch] = field(default_factory=list)


async def channels_of(session: AsyncSession, desk: Desk) -> list[Channel]:
    """Those on which this organizer may speak."""
    known = await installation.channels(session, desk.campaign.id)
    return [channel for channel in known if desk.reaches(channel.territory_id)]


@router.get("/console/c/{slug}/posts/new")
async def new_post(request: Request, slug: str) -> Response:
    """An empty form, with the day and time of the address (`date`, `time`), or what was typed before (`sketch`)."""
    desk, site = await desk_of(request, slug, write=True, territories=True), site_of(request)
    async with site.database.read() as session:
        channels = await channels_of(session, desk)
        kept = await composer_sketches.asked_for(request, session, desk)
        if kept is not None:
            draft = composer_form.read(composer_sketches.form_of(kept), channels)
            draft.sketch = str(kept.id)
        else:
            draft = composer_form.fresh(desk.campaign, channels, site.clock(), request.query_params)
        unfinished = await sketches.unfinished(session, desk.campaign.id, desk.organizer.id)
        rest = [each for each in unfinished if kept is None or each.id != kept.id]
        return await _page(request, session, desk, Sheet(draft, channels, unfinished=rest))


@router.post("/console/c/{slug}/posts/new")
async def write_post(request: Request, slug: str) -> Response:
    desk, site = await desk_of(request, slug, write=True, territories=True), site_of(request)
    async with own_form(request, composer_media.form_limit(request)) as form:
        taken, refused = await composer_media.take(request, desk, form)
        act = text_of(form, "act")
        async with site.database.read() as session:
            channels = await channels_of(session, desk)
        draft = composer_form.read(form, channels)
    draft.pictures += [each for each in taken if each.file not in {known.file for known in draft.pictures}]
    try:
        async with site.database.write() as session:
            now = site.clock()
            pictures, gone = await composer_media.load(request, session, desk, draft.pictures)
            post, problems = composer_form.post_of(draft, channels, pictures, now)
            post = _within_reach(desk, post)
            problems += [*refused, *gone]
            if problems or act in ("check", "upload"):
                raise PostRefused([] if act == "upload" and not problems else [*problems, *_check(desk, post, now)])
            stored = await add_post(
                session,
                desk.campaign.id,
                post,
                media_dir=site.settings.media,
                now=now,
                author_id=desk.organizer.id,
            )
            await composer_sketches.drop(session, desk, composer_form.number(draft.sketch))
    except PostRefused as found:
        async with site.database.read() as session:
            return await _page(request, session, desk, Sheet(draft, channels, found.problems))
    return RedirectResponse(f"/console/c/{slug}/posts#post-{stored.id}", 303)


def _within_reach(desk: Desk, post: NewPost) -> NewPost:
    """Who works for a territory writes its posts, whatever the form says."""
    return post if desk.reaches(post.territory_id) else replace(post, territory_id=desk.territory_id)


def _check(desk: Desk, post: NewPost, now: datetime) -> list[Problem]:
    return check_post(post, now, stamp_of(desk.campaign), alt_required=desk.campaign.alt_required)


async def _post_to_change(session: AsyncSession, desk: Desk, post_id: int) -> Post:
    post = await posts.find_post(session, desk.campaign.id, row(post_id), desk.reach)
    if post is None:
        raise nothing_here()
    if post.state is PostState.cancelled:
        raise Trouble(409, _("This cannot be done here"), _("The post was taken back: write it anew."))
    return post


async def _as_written(request: Request, session: AsyncSession, desk: Desk, post: Post) -> NewPost:
    try:
        written = await editing.as_written(session, post, site_of(request).settings.media)
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
        kept = await composer_sketches.asked_for(request, session, desk)
        mine = await sketches.of_post(session, desk.campaign.id, desk.organizer.id, post.id)
        draft = composer_form.of_post(written, post.version)
        if kept is not None and kept.post_id == post.id:
            typed = composer_form.read(composer_sketches.form_of(kept), written.channels)
            draft = _with_what_stays(typed, written)
        sheet = Sheet(draft, written.channels, post=post, last=await editing.last_change(session, post))
        sheet.others = await sketches.others_at(session, desk.campaign.id, desk.organizer.id, post.id, site.clock())
        sheet.unfinished = [mine] if mine is not None and mine.saved_at and kept is None else []
        return await _page(request, session, desk, sheet)


def _with_what_stays(draft: Draft, before: NewPost) -> Draft:
    """What a form that changes a post may not change: its channels, its zone, and its series."""
    return replace(draft, timezone=before.timezone, channels={str(channel.id) for channel in before.channels})


@router.post("/console/c/{slug}/posts/{post_id:int}/edit")
async def edit_post(request: Request, slug: str, post_id: int) -> Response:
    """Write what was changed; a post that needed a yes needs it anew. Who would overwrite another is asked first."""
    desk, site = await desk_of(request, slug, write=True, territories=True), site_of(request)
    async with own_form(request, composer_media.form_limit(request)) as form:
        taken, refused = await composer_media.take(request, desk, form)
        async with site.database.write() as session:
            post = await _post_to_change(session, desk, post_id)
            before = await _as_written(request, session, desk, post)
            draft = _with_what_stays(composer_form.read(form, before.channels), before)
            draft.pictures += [each for each in taken if each.file not in {known.file for known in draft.pictures}]
            sheet = Sheet(draft, before.channels, refused, post)
            try:
                await _change(request, session, desk, sheet, before, act=text_of(form, "act"))
            except PostRefused as found:
                sheet.problems = found.problems
            except ChangedMeanwhile as found:
                sheet.theirs, sheet.last = composer_form.of_post(before, post.version), found.last
                draft.version = str(post.version)  # who saves once more has seen it
            except approval.ApprovalRefused as found:
                said = words_of(request)(found.msgid, **found.values)
                raise Trouble(409, _("This cannot be done here"), said) from None
            else:
                return RedirectResponse(f"/console/c/{slug}/posts#post-{post_id}", 303)
    async with site.database.read() as session:
        return await _page(request, session, desk, sheet)


async def _change(
    request: Request, session: AsyncSession, desk: Desk, sheet: Sheet, before: NewPost, *, act: str
) -> None:
    """Raises PostRefused, ChangedMeanwhile or ApprovalRefused; then nothing was written."""
    site, draft, post = site_of(request), sheet.draft, sheet.post
    assert post is not None  # noqa: S101 - for the type checker
    pictures, gone = await composer_media.load(request, session, desk, draft.pictures)
    new, problems = composer_form.post_of(draft, before.channels, pictures, site.clock())
    new = _within_reach(desk, new)
    if draft.when not in (composer_form.AT, composer_form.QUEUE):  # a series, or a draft that stays one
        new = replace(new, publish_at=None)
    new = replace(new, recurrence=None, recurs_until=None, next_slot=new.next_slot and before.publish_at is None)
    problems += [*sheet.problems, *gone]
    if problems or act == "upload":
        raise PostRefused(problems)
    await editing.change_post(
        session,
        post,
        before,
        new,
        desk.organizer.id,
        site.clock(),
        site.settings.media,
        seen=composer_form.number(draft.version) or None,
    )
    if act == "submit" and post.state is PostState.draft:
        await approval.submit(session, post, desk.organizer.id, site.clock())
    await composer_sketches.drop(session, desk, composer_form.number(draft.sketch), post.id)


async def _page(request: Request, session: AsyncSession, desk: Desk, sheet: Sheet) -> Response:
    words, draft = words_of(request), sheet.draft
    wrong: dict[str, list[str]] = {}
    for problem in sheet.problems:
        wrong.setdefault(problem.field, []).append(told(words, problem.message))
    replaced = sheet.post.id if sheet.post else 0
    found = await composer_preview.beside(request, session, desk, draft, sheet.channels, instead_of=replaced)
    return page(
        request,
        "console/composer.html",
        422 if sheet.problems else 409 if sheet.theirs else 200,
        desk=desk,
        campaign=desk.campaign,
        sheet=sheet,
        draft=draft,
        editing=sheet.post,
        channels=sheet.channels,
        networks=list(found.previews),
        beside=found,
        outlooks=found.outlooks,
        advice=found.advice,
        labels=LABELS,
        when=composer_form.WHEN,
        late=composer_form.LATE,
        next_slots=_next_slots(sheet.channels, desk.campaign.timezone, site_of(request).clock()),
        within=within,
        wrong=wrong,
        summary=_summary(request, sheet),
        differs=_differences(draft, sheet.theirs) if sheet.theirs else [],
        others=composer_sketches.open_elsewhere(request, list(sheet.others)),
        zones=dict.fromkeys((desk.campaign.timezone, *ZONES)),
        spoken=LANGUAGES,
        territories=[
            each for each in await installation.territories(session, desk.campaign.id) if desk.reaches(each.id)
        ],
        themes=await interests.interests_of(session, desk.campaign.id),
    )


def _summary(request: Request, sheet: Sheet) -> str:
    many = words_of(request).many
    if sheet.post is not None:
        return many(
            "Nothing was saved: {n} thing is to be mended.",
            "Nothing was saved: {n} things are to be mended.",
            len(sheet.problems),
        )
    return many(
        "Nothing was scheduled: {n} thing is to be mended.",
        "Nothing was scheduled: {n} things are to be mended.",
        len(sheet.problems),
    )


def _differences(mine: Draft, theirs: Draft) -> list[tuple[str, str, str]]:
    """Field (a msgid, or a network's name), mine, theirs: where two people wrote something else."""
    pairs = [
        (_("Title"), mine.title, theirs.title),
        (_("Text"), mine.text, theirs.text),
        (_("Link"), mine.link, theirs.link),
        (_("Day"), f"{mine.date} {mine.time}".strip(), f"{theirs.date} {theirs.time}".strip()),
        (_("Wordings"), _lines(mine.wordings), _lines(theirs.wordings)),
        (
            _("Pictures"),
            _lines(p.alt or p.name for p in mine.pictures),
            _lines(p.alt or p.name for p in theirs.pictures),
        ),
    ]
    for network in dict.fromkeys((*mine.versions, *theirs.versions)):
        pairs.append((LABELS.get(network, network), mine.versions.get(network, ""), theirs.versions.get(network, "")))
    return [pair for pair in pairs if pair[1] != pair[2]]


def _lines(texts: Iterable[str]) -> str:
    return "\n— ".join(filter(None, texts))


def _next_slots(channels: Sequence[Channel], zone_name: str, now: datetime) -> dict[int, datetime]:
    """Of each channel that has slots, the next one; whether it is free is looked at when the post is queued."""
    return {c.id: parse_slots(c.slots, zone_name).next_free(now, ()) for c in channels if c.slots}
