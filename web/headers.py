"""What every answer tells the browser about how to treat it."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FRAMED_BY = "frame-ancestors 'none'"
CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",  # the badge that was made, the photo that was chosen
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        FRAMED_BY,
    )
)
# The console's shell brings icons as a font. It has no inline script either.
CONSOLE_CSP = f"{CSP}; font-src 'self'"
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
SHELL = "/console/shell/"  # its static files: they may be kept
OURS = ("", "/static", SHELL.rstrip("/"))  # mounts
# Telegram's web clients show a Mini App in a frame, and nobody else does.
MINI_APP = re.compile(r"/c/[^/]+/badge/app")
IN_TELEGRAM = CSP.replace(FRAMED_BY, "frame-ancestors https://web.telegram.org")
# They import each other by name, without what makes an address new: so they are asked for again.
MODULES = ("/static/badge/", "/static/console/")
AMONG_SITES = "strict-origin-when-cross-origin"
SHARED = ("/s/", "/o/", "/p/")  # where people come from and go to: a site may learn that a campaign sent them


def secure(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if MINI_APP.fullmatch(path):
        headers["Content-Security-Policy"] = IN_TELEGRAM
        del headers["X-Frame-Options"]
    if path.startswith(MODULES):
        headers["Cache-Control"] = "no-cache"
    if path.startswith(SHARED):
        headers["Referrer-Policy"] = AMONG_SITES
    if path.startswith(SHELL):
        return
    if path.startswith("/console"):
        headers["Content-Security-Policy"] = CONSOLE_CSP
        headers.setdefault("Cache-Control", "no-store")


class SecurityHeaders:
    """Adds them to every answer of ours. An application that is mounted beside our pages keeps its own rules."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "")

        async def send_secured(message: Message) -> None:
            mounted = scope.get("root_path", "").removeprefix(root)  # routing has written it there by now
            if message["type"] == "http.response.start" and mounted in OURS:
                secure(MutableHeaders(scope=message), scope["path"])
            await send(message)

        await self.app(scope, receive, send_secured if scope["type"] == "http" else send)
