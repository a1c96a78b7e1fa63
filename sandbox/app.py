"""The sandbox as one ASGI app: Telegram under /telegram, X under /x and so on, the control API and the pages.

It may be mounted under any prefix of another app, or run alone by `python -m sandbox`. All of its state belongs to
the event loop that serves it. Before the server around it stops, call `close()` on it, or its long polls hold the
server up.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from sandbox.bluesky.api import ROUTES as BLUESKY
from sandbox.bluesky.state import DEMO_ACTORS, Actor
from sandbox.control.api import ROUTES as CONTROL
from sandbox.defaults import (
    DEMO_ACCOUNTS,
    DEMO_BOTS,
    DEMO_CHANNELS,
    DEMO_PEOPLE,
    AccountSeed,
    ChannelSeed,
    PersonSeed,
    Seed,
)
from sandbox.facebook.api import ROUTES as FACEBOOK
from sandbox.facebook.state import DEMO_PAGES, Page
from sandbox.mail.server import MailServer
from sandbox.mastodon.api import ROUTES as MASTODON
from sandbox.mastodon.state import DEMO_MEMBERS, Member
from sandbox.pages.views import ROUTES as PAGES
from sandbox.telegram.api import bot_file, bot_method
from sandbox.telegram.updates import start_delivery
from sandbox.world import World
from sandbox.x.api import ROUTES as X

HERE = Path(__file__).parent
__all__ = ["Sandbox", "create_sandbox"]


class Sandbox:
    """The app around the routes: it guards the control API and keeps what `Cut` needs of the server."""

    def __init__(self, inner: Starlette, world: World) -> None:
        self.inner, self.world = inner, world
        self.mail = MailServer(world)  # listens once `await sandbox.mail.start()` was called
        self._delivering = False

    def close(self) -> None:
        """Answer whoever waits, so that the server around can stop."""
        self.mail.close()
        self.world.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            if not self._delivering:  # what was waiting for a webhook when the process last ended
                self._delivering = True
                for bot in self.world.telegram.bots.values():
                    start_delivery(self.world, bot)
            if _from_elsewhere(Request(scope)):
                await PlainTextResponse("Requests from pages of other addresses are refused.", 403)(
                    scope, receive, send
                )
                return
            scope["sandbox.send"] = send
        await self.inner(scope, receive, send)


def _from_elsewhere(request: Request) -> bool:
    """Whether a page of another address sends this: no site that is open in the browser may drive the sandbox."""
    origin = request.headers.get("origin")
    return bool(origin) and request.method != "GET" and urlsplit(str(origin)).netloc != request.headers.get("host")


def create_sandbox(
    *,
    clock: Callable[[], datetime],
    store: Path | None = None,
    bots: Mapping[str, str] = DEMO_BOTS,
    channels: Sequence[ChannelSeed] = DEMO_CHANNELS,
    accounts: Sequence[AccountSeed] = DEMO_ACCOUNTS,
    people: Sequence[PersonSeed] = DEMO_PEOPLE,
    members: Sequence[Member] = DEMO_MEMBERS,
    actors: Sequence[Actor] = DEMO_ACTORS,
    pages: Sequence[Page] = DEMO_PAGES,
    home_links: Sequence[tuple[str, str, str]] = (),
    link_titles: Mapping[str, str] | None = None,
    authority: Path | None = None,
) -> Sandbox:
    """A sandbox.

    `clock` gives the time with its zone. `store` is an SQLite file in which everything survives a restart. `bots`
    maps tokens to usernames. `home_links` are (label, description, href) of cards on the first page; `link_titles` say
    what the networks would read on the pages that posts link to. Webhooks may be sites of this machine whose certificates
    are of `authority`, a PEM file.
    """
    seed = Seed(bots, channels, accounts, people, members, actors, pages)
    world = World(
        clock=clock, store=store, seed=seed, home_links=home_links, link_titles=link_titles, authority=authority
    )
    inner = Starlette(
        routes=[
            Route("/telegram/file/bot{token}/{path:path}", bot_file, methods=["GET"]),
            Route("/telegram/bot{token}/{method}", bot_method, methods=["GET", "POST"]),
            *X,
            *FACEBOOK,
            *MASTODON,
            *BLUESKY,
            *CONTROL,
            *PAGES,
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ]
    )
    inner.state.world = world
    return Sandbox(inner, world)
