"""What the handlers of the control API share."""

import json
from typing import Any

from starlette.requests import Request

from sandbox.store import Json
from sandbox.telegram.state import Bot, Person
from sandbox.world import World


class ControlError(Exception):
    """The control API cannot do this"""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


async def body_of(request: Request) -> Json:
    """The JSON object of a request, empty if it has no body; raises ControlError."""
    raw = await request.body()
    try:
        given: Any = json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise ControlError(422, f"the body is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise ControlError(422, "the body must be a JSON object")
    return given


def number(request: Request, name: str, default: float = 0) -> float:
    """A number of the query; raises ControlError."""
    given = request.query_params.get(name, "")
    try:
        return float(given) if given else default
    except ValueError:
        raise ControlError(422, f"{name} must be a number, not {given!r}") from None


def the_bot(world: World, request: Request) -> Bot:
    """The bot in the path; raises ControlError."""
    bot = world.telegram.bot_named(request.path_params["bot"])
    if bot is None:
        there = ", ".join(each.username for each in world.telegram.bots.values())
        raise ControlError(404, f"no bot {request.path_params['bot']!r}; there are: {there}")
    return bot


def the_person(world: World, request: Request) -> Person:
    """The person in the path; raises ControlError."""
    given = request.path_params["person"]
    person = world.telegram.people.get(int(given)) if given.isdecimal() else None
    if person is None:
        raise ControlError(404, f"no person {given!r}")
    return person
