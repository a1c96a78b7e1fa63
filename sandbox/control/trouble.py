"""Faults, gates, rates and reset."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.control.common import ControlError, body_of, number
from sandbox.faults import AFTER, BEFORE, Hold
from sandbox.rates import Rate
from sandbox.store import Json
from sandbox.telegram.rates import GROUP, PRIVATE_CHAT, WHOLE_BOT
from sandbox.world import World, world_of
from sandbox.x.limits import PER_USER

UNLIMITED = Rate(per_second=0, burst=0)


async def list_faults(request: Request) -> Response:
    """GET /control/faults"""
    faults = [asdict(fault) for fault in world_of(request).desk.faults]
    return JSONResponse({"faults": faults, "kinds": BEFORE | AFTER})


async def create_fault(request: Request) -> Response:
    """POST /control/faults"""
    given = await body_of(request)
    for name in ("id", "hits"):
        given.pop(name, None)
    return JSONResponse(asdict(world_of(request).desk.add_fault(**given)), status_code=201)


async def remove_faults(request: Request) -> Response:
    """DELETE /control/faults and /control/faults/{fault}"""
    given = request.path_params.get("fault")
    world_of(request).desk.remove_faults(int(given) if given else None)
    return await list_faults(request)


async def list_holds(request: Request) -> Response:
    """GET /control/holds"""
    return JSONResponse({"holds": [asdict(hold) for hold in world_of(request).desk.holds.values()]})


async def create_hold(request: Request) -> Response:
    """POST /control/holds"""
    given, desk = await body_of(request), world_of(request).desk
    stage, target = str(given.get("stage", "before")), given.get("target")
    hold = desk.add_hold(str(given.get("service")), str(given.get("operation", "*")), stage, target)
    return JSONResponse(asdict(hold), status_code=201)


def _hold(request: Request) -> Hold:
    hold = world_of(request).desk.holds.get(int(request.path_params["hold"]))
    if hold is None:
        raise ControlError(404, "no such hold")
    return hold


async def show_hold(request: Request) -> Response:
    """GET /control/holds/{hold}"""
    hold = _hold(request)
    wait = number(request, "timeout")
    await world_of(request).changes.wait_for(lambda: hold.state != "armed" or None, wait)
    return JSONResponse(asdict(hold))


async def release_hold(request: Request) -> Response:
    """POST /control/holds/{hold}/release"""
    hold = _hold(request)
    world_of(request).desk.release(hold)
    return JSONResponse(asdict(hold))


def rates_json(world: World) -> Json:
    """The limits as they are."""
    rates = world.rates
    telegram = {"bot": rates.bot.rate, "private": rates.private.rate, "group": rates.group.rate}
    return {"telegram": {name: asdict(rate) for name, rate in telegram.items()}, "x": PER_USER | world.x.limits}


async def show_rates(request: Request) -> Response:
    """GET /control/rates"""
    return JSONResponse(rates_json(world_of(request)))


async def set_rates(request: Request) -> Response:
    """PUT /control/rates: what is not given goes back to the real limits"""
    world, given = world_of(request), await body_of(request)
    free = bool(given.get("unlimited"))
    telegram = {
        name: Rate(float(rate["per_second"]), int(rate["burst"]))
        for name, rate in (given.get("telegram") or {}).items()
    }
    usual = {"bot": WHOLE_BOT, "private": PRIVATE_CHAT, "group": GROUP}
    world.rates.set(**(dict.fromkeys(usual, UNLIMITED) if free else usual) | telegram)
    x = dict.fromkeys(PER_USER, 10**9) if free else {}
    world.x.limits = x | {name: int(limit) for name, limit in (given.get("x") or {}).items()}
    world.x.windows.clear()
    windows = (
        dict.fromkeys(("mastodon", "bluesky sessions", "bluesky sessions a day", "bluesky points"), 10**9)
        if free
        else {}
    )
    world.windows.limits = windows | {name: int(limit) for name, limit in (given.get("windows") or {}).items()}
    world.windows.forget()
    return JSONResponse(rates_json(world))


async def reset(request: Request) -> Response:
    """POST /control/reset"""
    world = world_of(request)
    world.reset()
    return JSONResponse({"version": world.changes.version})
