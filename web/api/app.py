"""Puts the API together: an application of its own beside the pages, with its own document and its own rules."""

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.requests import Request

from campaigns.access_tokens import Caller, Scope
from web.api import channels, media, posts, publications, results, webhooks
from web.api.bodies import OwnHeaders, SmallBodies
from web.api.callers import Allowance, any_scope
from web.api.problems import KIND, documented, handle_problems
from web.api.shapes import Moment
from web.site import Site

ADDRESS = "/api/v1"
ABOUT = """What a campaign's console does, for programs. Every request carries a token (`Authorization: Bearer pv_…`) that
acts for one organizer in one campaign, within its scopes and that organizer's role. Errors are problem details (RFC 9457)
with a sentence that says what to do. docs/api.md of the project shows each part with curl."""
me = APIRouter(tags=["token"])


class Whoami(BaseModel):
    """Who a token acts for, and what it may do now."""

    campaign: str
    organizer: str
    role: str
    scopes: list[Scope]
    expires_at: Moment | None


@me.get("/me", responses=documented(401, 422, 429))
async def whoami(request: Request, caller: Caller = any_scope) -> Whoami:
    """Who this token acts for, and what it may do now."""
    return Whoami(
        campaign=caller.campaign.slug,
        organizer=caller.organizer.name,
        role=caller.role,
        scopes=[scope for scope in Scope if caller.may(scope)],
        expires_at=caller.token.expires_at,
    )


def create_api(site: Site) -> FastAPI:
    """The API of one installation, to be mounted at ADDRESS."""
    api = FastAPI(
        title="Porte-voix",
        version="1",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
    )
    api.state.site, api.state.allowance = site, Allowance()
    api.add_middleware(SmallBodies)
    api.add_middleware(OwnHeaders)
    for part in (me, posts.router, publications.router, channels.router, media.router, results.router, webhooks.router):
        api.include_router(part)
    handle_problems(api)
    api.openapi = lambda: _document(api)  # type: ignore[method-assign]
    return api


def _document(api: FastAPI) -> dict[str, Any]:
    """FastAPI's own, with errors under the kind of content that they have."""
    if api.openapi_schema is None:
        made = get_openapi(
            title=api.title,
            version=api.version,
            description=api.description,
            routes=api.routes,
            servers=[{"url": ADDRESS}],
        )
        for path in made["paths"].values():
            for operation in path.values():
                for status, answer in operation["responses"].items():
                    if status >= "400":
                        answer["content"] = {KIND: answer["content"].pop("application/json")}
        api.openapi_schema = made
    return api.openapi_schema
