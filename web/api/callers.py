"""Who asks: a bearer token, its scope, and how often it may ask. No cookie is read, so no other site can ask for anybody."""

import math
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from campaigns import access_tokens
from campaigns.access_tokens import Caller, Scope
from web.api.problems import ApiProblem
from web.site import site_of

MOST, WITHIN = 120, timedelta(minutes=1)  # requests of one token
bearer = HTTPBearer(auto_error=False, description="A token made with `run_bot.py tokens add`.")


class Allowance:
    """At most `most` requests of one token in each window of `within`. In memory: after a restart, all begin anew."""

    def __init__(self, most: int = MOST, within: timedelta = WITHIN) -> None:
        self._most, self._within = most, within
        self._taken: dict[int, tuple[datetime, int]] = {}  # token -> when its window began, requests since

    def take(self, token_id: int, now: datetime) -> timedelta | None:
        """None where the request may pass; else how long to wait."""
        began, count = self._taken.get(token_id, (now, 0))
        if not began <= now < began + self._within:  # also where the machine's clock was set back
            began, count = now, 0
        if count >= self._most:
            return began + self._within - now
        self._taken[token_id] = began, count + 1
        return None


def needs(scope: Scope) -> Any:
    """For a route's `caller`: a token that has this scope and whose organizer's role allows it."""

    async def ask(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)] = None
    ) -> Caller:
        caller = await _caller(request, given)
        if not caller.may(scope):
            raise ApiProblem(403, _why_not(caller, scope))
        return caller

    return Depends(ask)


async def _any(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)] = None
) -> Caller:
    return await _caller(request, given)


any_scope = Depends(_any)  # for a route's `caller`: a token, whatever it may do


async def _caller(request: Request, given: HTTPAuthorizationCredentials | None) -> Caller:
    site = site_of(request)
    if given is None or not given.credentials:
        said = "Send a token: Authorization: Bearer pv_…; make one with: python run_bot.py tokens add."
        raise ApiProblem(401, said, {"WWW-Authenticate": "Bearer"})
    now = site.clock()
    async with site.database.read() as session:
        caller = await access_tokens.caller_of(session, given.credentials, now)
    wait = request.app.state.allowance.take(caller.token.id, now)
    if wait is not None:
        seconds = str(math.ceil(wait.total_seconds()))
        said = f"This token asked {MOST} times within a minute. Wait {seconds} seconds, then go on."
        raise ApiProblem(429, said, {"Retry-After": seconds})
    if access_tokens.is_stale(caller.token, now):
        async with site.database.write() as session:
            await access_tokens.note_use(session, caller.token.id, now)
    return caller


def _why_not(caller: Caller, scope: Scope) -> str:
    if scope in caller.token.scopes:
        return f"{caller.organizer.name} has the role {caller.role}, which no longer allows {scope}; an admin can change the role."
    return f"This token has not the scope {scope}; make one that has."
