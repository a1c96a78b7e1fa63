"""The mailboxes: what the mail server took, as a mail program shows it."""

import re

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from sandbox.pages.rendering import base_of, page
from sandbox.world import world_of

# A message is somebody else's page: it may show its own pictures and style, and runs, loads and sends nothing.
LETTER_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self'",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    )
)


async def mail_feed(request: Request) -> Response:
    """GET /feeds/mail"""
    return page(request, "mail_feed.html", here="feeds")


async def letter(request: Request) -> Response:
    """GET /feeds/mail/{seq}/html: the HTML of one message, its pictures from the message itself"""
    seq = request.path_params["seq"]
    found = next((each for each in world_of(request).ledger.find(service="mail", after=seq - 1)), None)
    if found is None or found["seq"] != seq:
        return PlainTextResponse("Aucun message de ce numéro.", 404)
    pictures = {each["cid"].strip("<>"): each["sha256"] for each in found["media"] if each["cid"]}

    def address(cid: re.Match[str]) -> str:
        return f'src="{base_of(request)}/control/pictures/{pictures.get(cid[1], "none")}"'

    html = re.sub(r'src="cid:([^"]*)"', address, found["html"])
    html = html.replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(html, headers={"Content-Security-Policy": LETTER_POLICY, "X-Content-Type-Options": "nosniff"})
