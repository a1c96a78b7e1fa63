"""One side of bench.redirect in a process of its own: `python -m bench.redirect_side CASE`, in a folder that is its own.

Prints its port and the tokens of its links, then serves until it is killed.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from campaigns.database import Database
from campaigns.installation import add_campaign
from campaigns.models import Campaign, Consent, Participation, Post, PostState, Purpose, ShareLink, Supporter
from campaigns.settings import read_settings
from campaigns.times import system_clock
from commands.serving import bind, run_program, settle_memory
from web import create_app

LINKS = 5_000  # of as many supporters, to one post
PLAIN = "plain"  # the bare one, with nothing beside uvicorn
DESTINATION = "https://exemple.fr/petition"


async def bare() -> tuple[Callable[..., object], list[str]]:
    """A redirect that looks nothing up and counts nothing."""

    async def go(request: Request) -> Response:
        return RedirectResponse(DESTINATION, 302)

    return Starlette(routes=[Route("/s/{token}", go)]), ["token"]


async def fill(database: Database) -> list[str]:
    """Supporters who agreed to be counted, each with a link to the same post; the tokens of their links."""
    now, people = system_clock(), range(1, LINKS + 1)
    async with database.write() as session:
        campaign = await add_campaign(session, Campaign(slug="", name="La Région qui ose"), now)
        post = Post(campaign_id=campaign.id, title="Pétition", text="Signez", state=PostState.scheduled, publish_at=now, share_kit=True, created_at=now)  # fmt: skip
        session.add(post)
        await session.flush()
        for table, rows in (
            (Supporter, [{"id": i, "telegram_id": i, "first_name": "Zoé", "language": "fr", "created_at": now} for i in people]),
            (Participation, [{"supporter_id": i, "campaign_id": campaign.id, "invite_code": f"code{i}", "joined_at": now} for i in people]),
            (Consent, [{"supporter_id": i, "campaign_id": campaign.id, "purpose": Purpose.counting, "wording": "1", "language": "fr", "surface": "telegram", "given_at": now} for i in people]),
            (ShareLink, [{"campaign_id": campaign.id, "post_id": post.id, "supporter_id": i, "token": f"token{i:011d}", "open_token": f"open{i}", "destination": DESTINATION, "created_at": now} for i in people]),
        ):  # fmt: skip
            await session.execute(insert(table), rows)
    return [f"token{i:011d}" for i in people]


async def ours() -> tuple[Callable[..., object], list[str]]:
    """The pages as the program serves them."""
    settings = read_settings(_env_file=None, data_dir=Path.cwd(), public_url="https://exemple.fr")
    database = Database(settings.store_url)
    await database.prepare()
    tokens = await fill(database)
    app = create_app(database=database, settings=settings, clock=system_clock, secret_key="bench", bot_username=None)  # noqa: S106 - signs nothing here
    return app, tokens


async def main(case: str) -> None:
    app, tokens = await (ours if case == "ours" else bare)()
    listener = bind(read_settings(_env_file=None, host="127.0.0.1", port=0))
    settle_memory()
    print(listener.getsockname()[1], *tokens, flush=True)
    http = "h11" if case == PLAIN else "auto"
    await uvicorn.Server(uvicorn.Config(app, http=http, log_config=None, access_log=False)).serve(sockets=[listener])


if __name__ == "__main__":
    (asyncio.run if sys.argv[1] == PLAIN else run_program)(main(sys.argv[1]))
