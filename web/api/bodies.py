"""Around the API: a body is counted before it is read, and every answer says that it is no page."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.api.problems import problem
from web.uploads import DRAINED, FORM_LIMIT

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class OwnHeaders:
    """Adds them to every answer of the API, which is mounted beside the pages and keeps its own rules."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class SmallBodies:
    """Answers 413 to a body above FORM_LIMIT bytes. What may be larger, a picture's form, is counted where it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = Headers(scope=scope).get("content-type", "") if scope["type"] == "http" else "multipart/"
        if kind.strip().lower().startswith("multipart/"):
            await self.app(scope, receive, send)
            return
        body, more, taken = b"", True, 0
        while more:
            message = await receive()
            if message["type"] != "http.request":  # the client left
                return
            chunk, more = message.get("body", b""), message.get("more_body", False)
            taken += len(chunk)
            body += chunk if taken <= FORM_LIMIT else b""
            if taken > DRAINED:
                break
        if taken > FORM_LIMIT:
            said = f"The body has more than {FORM_LIMIT // 1000} kB: send less at once; pictures go to /api/v1/media."
            await problem(413, said)(scope, receive, send)
            return
        await self.app(scope, _whole(body, receive), send)


def _whole(body: bytes, receive: Receive) -> Receive:
    read = False

    async def give() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
