"""A program that uses the API of the tests' world: tokens in one line, and a real server on loopback."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI

from campaigns import access_tokens, installation
from campaigns.access_tokens import Scope
from campaigns.database import Database
from campaigns.models import Campaign, Organizer, Role
from tests.web.conftest import VAULT, serve
from web.api.callers import Allowance

API = "/api/v1"


async def organizer(world: Any, role: Role, name: str = "Alix", campaign: Campaign | None = None) -> Organizer:
    async with world.database.write() as session:
        return await installation.add_organizer(
            session,
            (campaign or world.orne).id,
            f"{name.lower()}@example.org",
            name,
            "correct horse battery",
            role,
            world.clock(),
        )


async def token(
    world: Any,
    scopes: Collection[Scope] | None = None,
    *,
    who: Organizer | None = None,
    campaign: Campaign | None = None,
    **more: Any,
) -> str:
    """A token's secret, of an editor of the first campaign with all that an editor may do, unless told otherwise."""
    async with world.database.write() as session:
        _, secret = await access_tokens.make_token(
            session,
            (campaign or world.orne).id,
            (who or world.editor).id,
            "Le site",
            access_tokens.WRITING if scopes is None else scopes,
            world.clock(),
            **more,
        )
    return secret


async def admin_token(world: Any, **more: Any) -> str:
    who = await organizer(world, Role.admin)
    return await token(world, list(Scope), who=who, **more)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def api_of(app: FastAPI) -> FastAPI:
    """The application that is mounted for programs."""
    return next(route.app for route in app.routes if getattr(route, "path", "") == API)  # type: ignore[attr-defined]


@contextmanager
def serve_api(world: Any, **changes: Any) -> Iterator[str]:
    """The address of a real server with a store of its own loop, on which nobody is slowed down."""
    app = world.app(database=Database(world.settings.store_url, VAULT), **changes)
    api_of(app).state.allowance = Allowance(most=10**9)
    with serve(app) as address:
        yield address
