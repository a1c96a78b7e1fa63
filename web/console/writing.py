"""The form that writes and schedules a post. What was typed stays, and each problem stands beside its field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from campaigns import installation
from campaigns.media import LARGEST, NewPicture
from campaigns.models import Campaign, Channel
from campaigns.posts import NewPost, PostRefused, Problem, add_post, check_post
from campaigns.times import TimeProblem, parse_local, zone
from networks.base import OutgoingPost
from networks.limits import LIMITS, count
from networks.share_intents import LABELS
from web.console.access import Desk, desk_of, own_form
from web.console.sentences import told
from web.pages import page, words_of
from web.site import site_of
from web.uploads import FORM_LIMIT, file_of, text_of

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
class Draft:
    """The form's fields as they were typed."""

    title: str = ""
    text: str = ""
    link: str = ""
    alt: str = ""
    date: str = ""
    time: str = ""
    timezone: str = ""
    share_kit: bool = True
    channels: set[str] = field(default_factory=set)  # their ids, as the form has them
    versions: dict[str, str] = field(default_factory=dict)
    wordings: list[str] = field(default_factory=lambda: ["", ""])
    had_picture: bool = False


def _fresh(campaign: Campaign, channels: Sequence[Channel], now: datetime) -> Draft:
    """An empty form: every channel, the next full hour but one."""
    at = (now + timedelta(hours=2)).astimezone(zone(campaign.timezone))
    return Draft(
        date=f"{at:%Y-%m-%d}",
        time=f"{at:%H}:00",
        timezone=campaign.timezone,
        channels={str(channel.id) for channel in channels},
    )


async def _channels(request: Request, desk: Desk) -> Sequence[Channel]:
    async with site_of(request).database.read() as session:
        return await installation.channels(session, desk.campaign.id)


@router.get("/console/c/{slug}/posts/new")
async def new_post(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug, write=True)
    channels = await _channels(request, desk)
    return _form(request, desk, channels, _fresh(desk.campaign, channels, site_of(request).clock()))


def _form(
    request: Request, desk: Desk, channels: Sequence[Channel], draft: Draft, problems: Sequence[Problem] = ()
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
        wrong=wrong,
        summary=words.many(
            "Nothing was scheduled: {n} thing is to be mended.",
            "Nothing was scheduled: {n} things are to be mended.",
            len(problems),
        ),
        zones=dict.fromkeys((desk.campaign.timezone, *ZONES)),
        counts={name: _count(name, draft.versions.get(name) or draft.text, draft.link) for name in networks},
    )


@router.post("/console/c/{slug}/posts/new")
async def write_post(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug, write=True)
    site, _ = site_of(request), words_of(request)
    channels = await _channels(request, desk)
    async with own_form(request, LARGEST + FORM_LIMIT) as form:
        draft = _read(form, channels)
        picture = await file_of(form, "image")
        draft.had_picture = picture is not None
        publish_at, problems = _moment(draft, _("Choose a date and a time."))
        post = _post_of(draft, channels, publish_at, picture)
        try:
            async with site.database.write() as session:
                if problems:  # no moment to check; the rest is told at the same time
                    raise PostRefused([*problems, *check_post(post, site.clock())])
                row = await add_post(
                    session,
                    desk.campaign.id,
                    post,
                    media_dir=site.settings.media_dir,
                    now=site.clock(),
                    author_id=desk.organizer.id,
                )
        except PostRefused as refused:
            return _form(request, desk, channels, draft, refused.problems)
    return RedirectResponse(f"/console/c/{slug}/posts#post-{row.id}", 303)


def _read(form: FormData, channels: Sequence[Channel]) -> Draft:
    return Draft(
        title=text_of(form, "title"),
        text=text_of(form, "text"),
        link=text_of(form, "link"),
        alt=text_of(form, "alt"),
        date=text_of(form, "date"),
        time=text_of(form, "time"),
        timezone=text_of(form, "timezone"),
        share_kit=text_of(form, "share_kit") == "yes",
        channels={value for value in form.getlist("channels") if isinstance(value, str)},
        versions={channel.network: text_of(form, f"text.{channel.network}") for channel in channels},
        wordings=[text_of(form, "wording.1"), text_of(form, "wording.2")],
    )


def _moment(draft: Draft, missing: str) -> tuple[datetime | None, list[Problem]]:
    if not draft.date or not draft.time:
        return None, [Problem("publish_at", missing)]
    try:
        return parse_local(f"{draft.date} {draft.time}"), []
    except TimeProblem as problem:
        return None, [Problem("publish_at", str(problem))]


def _post_of(
    draft: Draft, channels: Sequence[Channel], publish_at: datetime | None, picture: tuple[str, bytes] | None
) -> NewPost:
    return NewPost(
        title=draft.title,
        text=draft.text,
        link=draft.link or None,
        publish_at=publish_at,
        timezone=draft.timezone,
        channels=tuple(channel for channel in channels if str(channel.id) in draft.channels),
        share_kit=draft.share_kit,
        versions={network: text for network, text in draft.versions.items() if text},
        wordings=tuple(filter(None, draft.wordings)),
        pictures=(NewPicture(picture[0], picture[1], draft.alt),) if picture else (),
    )


def _count(network: str, text: str, link: str) -> dict[str, int]:
    return {"length": count(network, OutgoingPost("", text, link or None).body), "limit": LIMITS[network].characters}


@router.post("/console/count")
async def live_count(request: Request) -> Response:
    """The length of a text on each network, for the form's script. Posted, so that no log keeps what is being written."""
    async with own_form(request) as form:
        networks: Mapping[str, str] = {name: text_of(form, f"text.{name}") or text_of(form, "text") for name in LIMITS}
        return JSONResponse({name: _count(name, text, text_of(form, "link")) for name, text in networks.items()})
