"""What cards, messages and lists of missions and events say in the same words."""

from datetime import datetime

from campaigns.models import Campaign, Event, EventBus
from campaigns.times import zone
from campaigns.words import Words


def moment_of(
    words: Words, moment: datetime, zone_name: str, campaign: Campaign | None, *, day_only: bool = False
) -> str:
    """A day and an hour, or the day alone; with its zone, where that is not the campaign's."""
    said = words.moment(moment, zone_name, "EEEE d MMMM" if day_only else "EEEE d MMMM HH:mm")
    return said if campaign is None or zone_name == campaign.timezone else f"{said} ({zone_name})"


def hours_of(words: Words, start: datetime, end: datetime, zone_name: str, campaign: Campaign | None) -> str:
    """From when until when."""
    days = {moment.astimezone(zone(zone_name)).date() for moment in (start, end)}
    until = words.moment(end, zone_name, "HH:mm" if len(days) == 1 else "EEEE d MMMM HH:mm")
    said = f"{words.moment(start, zone_name, 'EEEE d MMMM HH:mm')} – {until}"
    return said if campaign is None or zone_name == campaign.timezone else f"{said} ({zone_name})"


def coming(words: Words, n: int, most: int | None) -> str:
    """How many come, of how many who can."""
    if most is None:
        return words.many("{n} person comes", "{n} people come", n)
    if n >= most:
        return words("All places are taken ({most})", most=most)
    return words.many("{n} of {most} places is taken", "{n} of {most} places are taken", n, most=most)


def bus_line(words: Words, bus: EventBus, event: Event) -> str:
    """Town, hour and stop; not yet escaped."""
    return words("{town}: {hour}, {stop}", town=bus.town, hour=hour_of(words, bus, event), stop=bus.stop)


def hour_of(words: Words, bus: EventBus, event: Event) -> str:
    """With its day where that is not the event's."""
    place = zone(event.timezone)
    same = bus.leaves_at.astimezone(place).date() == event.starts_at.astimezone(place).date()
    return words.moment(bus.leaves_at, event.timezone, "HH:mm" if same else "EEE d MMM HH:mm")
