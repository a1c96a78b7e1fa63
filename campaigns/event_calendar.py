"""An event as an iCalendar file, for a person's own calendar: the event, and the bus that they chose."""

from datetime import date, datetime

from icalendar import Calendar
from icalendar import Event as Entry

from campaigns.models import Campaign, Event, EventBus
from campaigns.post_calendar import local_start
from campaigns.words import Words


def to_ics(event: Event, bus: EventBus | None, campaign: Campaign, words: Words, now: datetime) -> bytes:
    """RFC 5545. The UIDs are the event's own and SEQUENCE counts its changes, so that a later file moves the same entry."""
    calendar = Calendar()
    calendar.add("prodid", f"-//Porte-voix//events//{words.language.upper()}")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    entries = [_entry(event, campaign, event.title, event.place, event.starts_at, event.ends_at, now)]
    if event.about:
        entries[0].add("description", event.about)
    if bus is not None:
        ride = words("Bus from {town}: {event}", town=bus.town, event=event.title)
        entries.append(_entry(event, campaign, ride, bus.stop, bus.leaves_at, event.starts_at, now, part="-bus"))
    for entry in entries:
        calendar.add_component(entry)
    calendar.add_missing_timezones(date(event.starts_at.year - 1, 1, 1), date(event.ends_at.year + 2, 1, 1))
    written: bytes = calendar.to_ical()
    return written


def _entry(
    event: Event,
    campaign: Campaign,
    title: str,
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    part: str = "",
) -> Entry:
    entry = Entry()
    entry.add("uid", f"event-{event.code}{part}@{campaign.slug}.porte-voix")
    entry.add("sequence", event.changes)
    entry.add("dtstamp", now)
    entry.add("dtstart", local_start(starts_at, event.timezone))
    entry.add("dtend", local_start(ends_at, event.timezone))
    entry.add("summary", title)
    entry.add("location", place)
    entry.add("status", "CANCELLED" if event.called_off_at else "CONFIRMED")
    return entry
