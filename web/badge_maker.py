"""The badge maker: a photo, a frame and a name come in by a form, a picture goes out.

Nothing of it is kept. Without JavaScript the answer is a page that carries the picture itself, in addresses that a
browser saves without asking anybody. With it, the page shows the photo under the frame as it is moved and zoomed: the
overlay, with the name on it, comes from here, so that a text is fitted in one place only; each picture that is saved is
rendered here too, from a photo that the browser made smaller.

What counts as a badge made: a photo that was rendered, once, in however many formats it is then saved.
"""

import asyncio
from base64 import b64encode
from functools import partial
from typing import Any

from fastapi import APIRouter
from itsdangerous import BadSignature
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from badges import (
    FORMATS,
    MOST_ZOOM,
    BadgeError,
    Crop,
    FrameRefused,
    Output,
    automatic_crop,
    finds_faces,
    overlay,
    preview,
    render_badges,
)
from campaigns import engagement, installation, share_kits, wall
from campaigns.models import Campaign, Kind
from campaigns.silence_windows import window_of
from campaigns.stamp import stamp_of, stamped
from networks.share_intents import LABELS, SHARE_INTENTS, share_intent
from web import mini_app
from web.badge_wishes import (
    FORMAT_NAMES,
    LONGEST_NAME,
    PHOTO_LIMIT,
    Design,
    Mistake,
    Wish,
    design_of,
    format_of,
    offered,
    refused,
    section_of,
    wish_of,
)
from web.pages import Trouble, nothing_here, page, words_of
from web.public import FIRST_BUTTONS, PAGE, campaign_of
from web.receipts import Receipt
from web.site import Site, site_of
from web.uploads import TooLarge, form_of, text_of, too_busy
from web.workshop import Busy

router = APIRouter()
PREVIEW = 360  # pixels: 180 on a page, sharp on a phone
NOT_KEPT = {"Cache-Control": "no-store"}
FOR_WALL = Output("profile", "JPEG")


@router.api_route("/badge", methods=PAGE)
async def only_badge_form(request: Request) -> Response:
    return await _form(request, await campaign_of(site_of(request), None))


@router.api_route("/c/{slug}/badge", methods=PAGE)
async def badge_form(request: Request, slug: str) -> Response:
    return await _form(request, await campaign_of(site_of(request), slug))


@router.api_route("/c/{slug}/badge/app", methods=PAGE)
async def badge_in_telegram(request: Request, slug: str) -> Response:
    """The same page as a Mini App of Telegram."""
    return await _form(request, await campaign_of(site_of(request), slug), app=True)


@router.post("/badge")
async def make_only_badge(request: Request) -> Response:
    return await _make(request, await campaign_of(site_of(request), None))


@router.post("/c/{slug}/badge")
async def make_badge(request: Request, slug: str) -> Response:
    return await _make(request, await campaign_of(site_of(request), slug))


async def _form(request: Request, campaign: Campaign, mistake: Mistake | None = None, *, app: bool = False) -> Response:
    site = site_of(request)
    typed = dict(mistake.typed) if mistake else {}
    async with site.database.read() as session:
        number = typed.get("section") or request.query_params.get("section")
        section = await section_of(session, campaign.id, number)
        frames = await offered(session, campaign.id, section)
        sections = await installation.territories(session, campaign.id)
        made = (await engagement.counts_of_campaign(session, campaign.id))[Kind.badge_made]
        on_wall = await wall.wall_size(session, campaign.id)
    return page(
        request,
        "badge.html",
        mistake.status if mistake else 200,
        campaign=campaign,
        frames=frames,
        section=section,
        sections=sections,
        formats=[(each, FORMAT_NAMES.get(each.name, each.name)) for each in FORMATS.values()],
        chosen=typed.get("frame") or (frames[0].design if frames else ""),
        chosen_format=typed.get("format") or "square",
        name=typed.get("name", ""),
        wrong_field=mistake.field if mistake else "",
        problem=mistake.sentence if mistake else "",
        longest_name=LONGEST_NAME,
        most_zoom=MOST_ZOOM,
        finds_faces=finds_faces(),
        most_megabytes=PHOTO_LIMIT // 1_000_000,
        made=made,
        on_wall=on_wall,
        app=app,
        site_url=site.url,
        **await sharing(site, campaign),
    )


async def sharing(site: Site, campaign: Campaign) -> dict[str, Any]:
    """What a page needs to offer the campaign's share links; none in a silence window, whose end is `silent`."""
    async with site.database.read() as session:
        silent = await window_of(session, campaign.id, None, site.clock())
    link = f"{site.url}/c/{campaign.slug}/badge"
    text = " ".join(filter(None, (campaign.slogan or campaign.name, campaign.hashtag and f"#{campaign.hashtag}")))
    text = stamped(text, stamp_of(campaign))
    opens = {} if silent else {network: share_intent(network, text, link) for network in SHARE_INTENTS}
    return {
        "silent": silent,
        "kit": {"opens": opens},
        "labels": LABELS,
        "first_buttons": FIRST_BUTTONS,
        "share_text": text,
        "share_link": link,
    }


async def _make(request: Request, campaign: Campaign) -> Response:
    """The badge on a page of its own, for browsers without JavaScript."""
    site = site_of(request)
    try:
        async with wish_of(request, campaign) as wish:
            format, design = wish.output.format, wish.design
            outputs = [Output(format, "JPEG"), Output(format, "PNG"), FOR_WALL]
            with site.counts.badge("page"):
                jpeg, png, small = await site.workshop.run(partial(render, wish, outputs))
            receipt = wish.receipt.of(small)
    except Mistake as mistake:
        return await _form(request, campaign, mistake)
    await count_made(site, campaign, receipt)
    async with site.database.read() as session:
        sections = await installation.territories(session, campaign.id)
    return page(
        request,
        "badge_made.html",
        headers=NOT_KEPT,
        campaign=campaign,
        frame=design.frame,
        format=FORMATS[format],
        name=design.name,
        section=design.section,
        sections=sections,
        jpeg=f"data:image/jpeg;base64,{b64encode(jpeg).decode()}",
        png=f"data:image/png;base64,{b64encode(png).decode()}",
        for_wall=b64encode(small).decode(),
        sizes=(len(jpeg), len(png)),
        receipt=receipt.signed(site.signer),
        **await sharing(site, campaign),
    )


def render(wish: Wish, outputs: list[Output]) -> list[bytes]:
    """Draw and compose, in a thread of the workshop; raises BadgeError."""
    return render_badges(wish.photo, wish.design.drawn(), wish.design.name, outputs, crop=wish.crop)


async def count_made(site: Site, campaign: Campaign, receipt: Receipt, init_data: str = "") -> None:
    """Once a badge, however many pictures of it are asked for; for the supporter whom Telegram vouches for."""
    async with site.database.write() as session:
        supporter = await mini_app.supporter_of(session, site, init_data)
        key = f"badge_made:{receipt.badge}"
        await share_kits.count_badge(session, campaign, supporter, Kind.badge_made, site.clock(), key=key)


@router.post("/c/{slug}/badge/picture")
async def picture(request: Request, slug: str) -> Response:
    """One picture of a badge, as a file: for the page's own script. What cannot be made is said as JSON."""
    site = site_of(request)
    campaign = await campaign_of(site, slug)
    try:
        async with wish_of(request, campaign) as wish:
            mini_app.check(site, words_of(request), wish.init_data)
            with site.counts.badge("page"):
                (made,) = await site.workshop.run(partial(render, wish, [wish.output]))
            receipt, init_data = wish.receipt, wish.init_data
            if wish.output == FOR_WALL:
                receipt = receipt.of(made)
            media_type = f"image/{wish.output.kind.lower()}"
    except Mistake as mistake:
        return told(mistake)
    except Trouble as trouble:
        return told_trouble(request, trouble)
    await count_made(site, campaign, receipt, init_data)
    return Response(made, media_type=media_type, headers=NOT_KEPT | {"Badge-Receipt": receipt.signed(site.signer)})


def told(mistake: Mistake) -> Response:
    """A mistake, for a script."""
    return JSONResponse({"field": mistake.field, "sentence": mistake.sentence}, mistake.status, NOT_KEPT)


def told_trouble(request: Request, trouble: Trouble) -> Response:
    _ = words_of(request)
    said = {"field": "", "sentence": f"{_(trouble.title)}. {_(trouble.sentence)}"}
    return JSONResponse(said, trouble.status, NOT_KEPT | dict(trouble.headers or {}))


@router.post("/c/{slug}/badge/overlay")
async def overlay_picture(request: Request, slug: str) -> Response:
    """The frame with the name, transparent where the photo goes; `Photo-Window` says where: left, top, width, height.

    By POST, since a name in an address would stand in the logs of every machine on the way.
    """
    site = site_of(request)
    campaign = await campaign_of(site, slug)
    try:
        async with form_of(request) as form:
            design, format = await design_of(request, campaign, form), format_of(form)
        async with site.workshop.sketching():
            made, window = await _overlaid(site, design, format)
    except Mistake as mistake:
        return told(mistake)
    except BadgeError as error:
        return told(refused(words_of(request), error))
    except (Busy, TooLarge):
        return told_trouble(request, too_busy())
    except Trouble as trouble:
        return told_trouble(request, trouble)
    return Response(made, media_type="image/png", headers=NOT_KEPT | {"Photo-Window": " ".join(map(str, window))})


async def _overlaid(site: Site, design: Design, format: str) -> tuple[bytes, tuple[int, int, int, int]]:
    frame = await asyncio.to_thread(design.drawn)
    draw = partial(overlay, frame, design.name, format=format)
    if design.name:
        made = await asyncio.to_thread(draw)
    else:
        made = await site.workshop.drawn((frame, format), draw)
    artwork = await asyncio.to_thread(frame.artwork, format, named=bool(design.name))
    return made, artwork.window


@router.post("/c/{slug}/badge/crop")
async def first_crop(request: Request, slug: str) -> Response:
    """Where a photo begins under a frame so that no face is hidden, as JSON `{x, y, zoom}`: for the page's own script.

    A small copy of the photo is enough, since a crop is in fractions of it.
    """
    site = site_of(request)
    campaign = await campaign_of(site, slug)
    try:
        async with wish_of(request, campaign) as wish, site.workshop.sketching():
            crop = await asyncio.to_thread(_automatic_crop, wish)
    except Mistake as mistake:
        return told(mistake)
    except Trouble as trouble:
        return told_trouble(request, trouble)
    return JSONResponse({"x": crop.x, "y": crop.y, "zoom": crop.zoom}, headers=NOT_KEPT)


def _automatic_crop(wish: Wish) -> Crop:
    return automatic_crop(wish.photo, wish.design.drawn(), wish.design.name, format=wish.output.format)


@router.post("/badge-downloaded")
async def downloaded(request: Request) -> Response:
    """The script's report that a badge was saved; a receipt that was not signed here counts nothing."""
    site = site_of(request)
    try:
        async with form_of(request, 1000) as form:
            text = text_of(form, "receipt")
        campaign_id = site.signer.loads(text)[0]
    except (BadSignature, TooLarge):
        raise nothing_here() from None
    async with site.database.write() as session:
        campaign = await session.get(Campaign, campaign_id)
        receipt = Receipt.read(site.signer, text, campaign_id, site.clock())
        if campaign is not None and receipt is not None:
            key = f"badge_downloaded:{receipt.badge}"
            await share_kits.count_badge(session, campaign, None, Kind.badge_downloaded, site.clock(), key=key)
    return Response(status_code=204)


@router.api_route("/c/{slug}/frames/{design}.png", methods=PAGE)
async def frame_picture(request: Request, slug: str, design: str) -> Response:
    """A frame to choose from, with the name of the section that `?section=` numbers."""
    site = site_of(request)
    campaign = await campaign_of(site, slug)
    async with site.database.read() as session:
        section = await section_of(session, campaign.id, request.query_params.get("section"))
        known = {frame.design: frame for frame in await offered(session, campaign.id, section)}
    if design not in known:
        raise nothing_here()
    try:
        async with site.workshop.sketching():
            frame = await asyncio.to_thread(Design(campaign, known[design], section, "", site.settings.frames).drawn)
            made = await site.workshop.drawn((frame, PREVIEW), partial(preview, frame, PREVIEW))
    except FrameRefused:
        raise nothing_here() from None
    except Busy:
        raise too_busy() from None
    return Response(made, media_type="image/png", headers={"Cache-Control": "public, max-age=3600"})
