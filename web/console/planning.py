"""The forms of missions and of events: what they hold, and the plan that they make. The rules look at the rest."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from starlette.datastructures import FormData

from campaigns.event_planning import NewBus, NewEvent, read_reminders
from campaigns.missions import NewMission
from campaigns.models import Event, EventBus, EventKind, Mission, MissionKind, Territory
from campaigns.plans import PlanProblem
from campaigns.times import parse_local, to_utc, zone
from campaigns.words import Words
from web.uploads import text_of

Typed = Mapping[str, str]
MISSION = ("title", "kind", "place", "starts", "aim", "capacity", "territory")
EVENT = ("title", "kind", "place", "starts", "ends", "about", "capacity", "territory", "reminders")
BUS = ("town", "stop", "leaves", "seats")


def typed(form: FormData, names: Sequence[str]) -> Typed:
    """What a form says, as it was written."""
    return {name: text_of(form, name) for name in names}


def as_typed(plan: Mission | Event, words: Words) -> Typed:
    """What stands in the form that changes it."""
    found = {
        "title": plan.title,
        "kind": plan.kind.value,
        "place": plan.place,
        "starts": local(plan.starts_at, plan.timezone),
        "capacity": str(plan.capacity or ""),
        "territory": str(plan.territory_id or ""),
    }
    if isinstance(plan, Mission):
        return found | {"aim": plan.aim}
    more = {
        "ends": local(plan.ends_at, plan.timezone),
        "about": plan.about,
        "reminders": written_reminders(plan.reminders, words),
    }
    return found | more


def bus_as_typed(bus: EventBus, event: Event) -> Typed:
    return {"town": bus.town, "stop": bus.stop, "leaves": local(bus.leaves_at, event.timezone), "seats": str(bus.seats)}


def local(moment: datetime, zone_name: str) -> str:
    """As a field for day and hour wants it."""
    return f"{moment.astimezone(zone(zone_name)):%Y-%m-%dT%H:%M}"


def written_reminders(hours: Sequence[int], words: Words) -> str:
    """(48, 3) -> "2d, 3h", or in French "2j, 3h": as `read_reminders` reads them."""
    day = "j" if words.language == "fr" else "d"
    return ", ".join(f"{n // 24}{day}" if n % 24 == 0 else f"{n}h" for n in hours)


def mission_of(said: Typed, places: Sequence[Territory], zone_name: str) -> NewMission:
    """Raises PlanProblem or TimeProblem."""
    return NewMission(
        said["title"],
        said["place"],
        to_utc(parse_local(said["starts"]), zone_name),
        zone_name,
        MissionKind(said["kind"]) if said["kind"] in list(MissionKind) else MissionKind.other,
        said["aim"],
        _number("number of people", said["capacity"]),
        _territory(said["territory"], places),
    )


def event_of(said: Typed, places: Sequence[Territory], zone_name: str) -> NewEvent:
    """Raises PlanProblem or TimeProblem."""
    return NewEvent(
        said["title"],
        said["place"],
        to_utc(parse_local(said["starts"]), zone_name),
        to_utc(parse_local(said["ends"]), zone_name),
        zone_name,
        EventKind(said["kind"]) if said["kind"] in list(EventKind) else EventKind.other,
        said["about"],
        _number("number of people", said["capacity"]),
        _territory(said["territory"], places),
        read_reminders(said["reminders"]),
    )


def bus_of(said: Typed, event: Event) -> NewBus:
    """Raises PlanProblem or TimeProblem."""
    leaves_at = to_utc(parse_local(said["leaves"]), event.timezone)
    return NewBus(said["town"], said["stop"], leaves_at, _number("number of seats", said["seats"]) or 0)


def _number(field: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise PlanProblem(f"the {field} “{text}” is not a whole number: write one, or nothing")
    return int(text)


def _territory(text: str, places: Sequence[Territory]) -> int | None:
    """Of another campaign, or none that there is: everybody's."""
    return next((place.id for place in places if str(place.id) == text), None)
