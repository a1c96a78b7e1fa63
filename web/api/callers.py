"""Who asks: a bearer token, its scope, and how often it may ask. No cookie is read, so no other site can ask for anybody."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from campaigns import access_tokens, turns
from campaigns.access_tokens import Caller, Scope
from campaigns.database import Database
from web.api.problems import ApiProblem
from web.site import site_of

MOST, WITHIN = 120, timedelta(minutes=1)  # requests of one token
AT_ONCE = 10  # requests that a process takes from the store together: one write for them all
bearer = HTTPBearer(auto_error=False, description="A token made with `run_bot.py tokens add`.")


@dataclass
class _Held:
    """What a process has of a token's window: requests that may still pass here, and whether the store has no more."""

    ends_at: datetime
    left: int = 0
    over: bool = False


class Allowance:
    """At most `most` requests of one token in each window of `within`, whichever process they reach.

    A process takes several from the store, then spends them: never more than `most` pass. What other processes took and
    have not spent is missing here, so that one may say no up to `at_once` - 1 requests early for each other process.
    """

    def __init__(self, most: int = MOST, within: timedelta = WITHIN, at_once: int = AT_ONCE) -> None:
        self._most, self._within, self._at_once = most, within, at_once
        self._held: dict[int, _Held] = {}

    async def take(self, database: Database, token_id: int, now: datetime) -> timedelta | None:
        """None where the request may pass; else how long to wait."""
        while True:
            held = self._held.get(token_id)
            # A window that ends too late was begun before the machine's clock was set back.
            if held is not None and now < held.ends_at <= now + 2 * self._within:
                if held.left:
                    held.left -= 1
                    return None
                if held.over:
                    return held.ends_at - now
            await self._take_more(database, token_id, now)

    async def _take_more(self, database: Database, token_id: int, now: datetime) -> None:
        async with database.write(together=True) as session:
            taken, ends_at = await turns.take(session, f"api:{token_id}", now, self._within, self._at_once)
        self._held = {each: held for each, held in self._held.items() if now < held.ends_at}
        held = self._held.get(token_id)
        if held is None or held.ends_at != ends_at:
            held = self._held[token_id] = _Held(ends_at)
        held.left += min(self._at_once, max(0, self._most - (taken - self._at_once)))
        held.over = taken >= self._most


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
    wait = await request.app.state.allowance.take(site.database, caller.token.id, now)
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
