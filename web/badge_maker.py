"""The badge maker: a photo, a frame and a name come in by a form, a picture goes out inside of the page.

Nothing of it is kept. The result therefore carries the picture itself, as JPEG and as PNG, in addresses of its own that
a browser saves without asking anybody: it works without JavaScript, and no photo travels a second time. What the server
cannot see is the saving; so a small script reports it, with a signed receipt of this one badge that counts a single
time. The figure is therefore never too high, and without JavaScript it is too low.
"""

import secrets
from base64 import b64encode
from functools import partial

from fastapi import APIRouter
from itsdangerous import BadSignature
from starlette.requests import Request
from starlette.responses import Response

from badges import BadgeError, FrameRefused
from badges.render import render_badge
from campaigns import installation, share_kits
from campaigns.badge_frames import badge_sentence, frame_of
from campaigns.models import Campaign, Frame, Kind
from campaigns.silence_windows import window_of
from campaigns.words import Words
from web.pages import nothing_here, page, words_of
from web.public import PAGE, campaign_of
from web.site import Site, site_of
from web.uploads import TooLarge, file_of, form_of, text_of, too_busy
from web.workshop import Busy

router = APIRouter()
PHOTO_LIMIT = 25_000_000  # bytes, as badges takes them
FORM_AROUND = 20_000  # bytes of the other fields and the boundaries
LONGEST_NAME = 60  # letters; more cannot be read on a badge
PREVIEW = 360  # pixels: 180 on a page, sharp on a phone


@router.api_route("/badge", methods=PAGE)
async def only_badge_form(request: Request) -> Response:
    return await _form(request, await campaign_of(site_of(request), None))


@router.api_route("/c/{slug}/badge", methods=PAGE)
async def badge_form(request: Request, slug: str) -> Response:
    return await _form(request, await campaign_of(site_of(request), slug))


@router.post("/badge")
async def make_only_badge(request: Request) -> Response:
    return await _make(request, await campaign_of(site_of(request), None))


@router.post("/c/{slug}/badge")
async def make_badge(request: Request, slug: str) -> Response:
    return await _make(request, await campaign_of(site_of(request), slug))


async def _form(
    request: Request, campaign: Campaign, *, status: int = 200, problem: tuple[str, str] = ("", ""), **typed: str
) -> Response:
    site = site_of(request)
    async with site.database.read() as session:
        frames = await installation.frames(session, campaign.id)
    return page(
        request,
        "badge.html",
        status,
        campaign=campaign,
        frames=frames,
        chosen=typed.get("frame") or (frames[0].design if frames else ""),
        name=typed.get("name", ""),
        wrong_field=problem[0],
        problem=problem[1],
        longest_name=LONGEST_NAME,
        most_megabytes=PHOTO_LIMIT // 1_000_000,
        bot_link=site.bot_link(campaign.slug),
    )


async def _make(request: Request, campaign: Campaign) -> Response:
    _ = words_of(request)
    site = site_of(request)
    async with site.database.read() as session:
        frames = {frame.design: frame for frame in await installation.frames(session, campaign.id)}
        silence = await window_of(session, campaign.id, None, site.clock())
    if silence is not None:
        until = _.moment(silence.ends_at, campaign.timezone, "d MMMM HH:mm")
        wrong = "photo", _("Near a vote the law imposes silence: no new badge until {until}.", until=until)
        return await _form(request, campaign, status=403, problem=wrong)
    try:
        async with form_of(request, PHOTO_LIMIT + FORM_AROUND) as form:
            typed = {"frame": text_of(form, "frame"), "name": " ".join(text_of(form, "name").split())}
            photo = await file_of(form, "photo")
            frame = frames.get(typed["frame"])
            if photo is None:
                wrong = "photo", _("Choose a photo first.")
            elif frame is None:
                wrong = "frame", _("Choose a frame.")
            elif len(typed["name"]) > LONGEST_NAME:
                wrong = "name", _too_long(_, typed["name"])
            else:
                return await _render(request, site, campaign, frame, photo[1], typed["name"])
            return await _form(request, campaign, status=422, problem=wrong, **typed)
    except TooLarge:
        words = _("This photo is larger than {limit} MB. Send a smaller copy of it.", limit=PHOTO_LIMIT // 1_000_000)
        return await _form(request, campaign, status=413, problem=("photo", words))
    except BadgeError as error:
        field = {"PhotoRefused": "photo", "NameRefused": "name"}.get(type(error).__name__, "frame")
        return await _form(request, campaign, status=422, problem=(field, badge_sentence(_, error)), **typed)
    except Busy:
        raise too_busy() from None


def _too_long(_: Words, name: str) -> str:
    return _("This name has {length} letters; {limit} fit on a badge.", length=len(name), limit=LONGEST_NAME)


async def _render(request: Request, site: Site, campaign: Campaign, frame: Frame, photo: bytes, name: str) -> Response:
    def both() -> tuple[bytes, bytes]:
        drawn = frame_of(campaign, frame.design)
        return render_badge(photo, drawn, name, kind="JPEG"), render_badge(photo, drawn, name, kind="PNG")

    jpeg, png = await site.workshop.run(both)
    async with site.database.write() as session:
        await share_kits.count_badge(session, campaign, None, Kind.badge_made, site.clock())
    return page(
        request,
        "badge_made.html",
        headers={"Cache-Control": "no-store"},
        campaign=campaign,
        frame=frame,
        name=name,
        jpeg=f"data:image/jpeg;base64,{b64encode(jpeg).decode()}",
        png=f"data:image/png;base64,{b64encode(png).decode()}",
        sizes=(len(jpeg), len(png)),
        receipt=site.signer.dumps([campaign.id, secrets.token_urlsafe(12)]),
        bot_link=site.bot_link(campaign.slug),
    )


@router.post("/badge-downloaded")
async def downloaded(request: Request) -> Response:
    """The script's report that a badge was saved; a receipt that was not signed here counts nothing."""
    site = site_of(request)
    try:
        async with form_of(request, 1000) as form:
            campaign_id, badge = site.signer.loads(text_of(form, "receipt"))
    except (BadSignature, TooLarge):
        raise nothing_here() from None
    async with site.database.write() as session:
        campaign = await session.get(Campaign, campaign_id)
        if campaign is not None:
            key = f"badge_downloaded:{badge}"
            await share_kits.count_badge(session, campaign, None, Kind.badge_downloaded, site.clock(), key=key)
    return Response(status_code=204)


@router.api_route("/c/{slug}/frames/{design}.png", methods=PAGE)
async def frame_picture(request: Request, slug: str, design: str) -> Response:
    site = site_of(request)
    campaign = await campaign_of(site, slug)
    try:
        picture = await site.workshop.preview(partial(frame_of, campaign, design), PREVIEW)
    except FrameRefused:
        raise nothing_here() from None
    return Response(picture, media_type="image/png", headers={"Cache-Control": "public, max-age=3600"})
