"""How a stand-in notices that its caller went away, and how it cuts a connection."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.faults import Disconnected


def gone(request: Request) -> Disconnected:
    """A wait that ends when the caller has closed its connection. The body must have been read before."""

    async def wait() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return wait


class Cut(Response):
    """No answer: the connection is closed.

    Alone in its process, the sandbox closes the socket of uvicorn without a byte. Mounted in another program, whose
    layers hide the socket, it starts an answer and breaks it off; a caller sees a broken connection in both cases.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection."""
        transport = getattr(getattr(scope.get("sandbox.send"), "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def cut(request: Request) -> Response:
    """The answer that is none."""
    return Cut()
