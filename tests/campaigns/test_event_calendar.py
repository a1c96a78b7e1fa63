"""An event as .ics: it is read back with icalendar, as a calendar would."""

from dataclasses import replace
from datetime import timedelta

import pytest
from icalendar import Calendar

from campaigns import event_planning
from campaigns.event_calendar import to_ics
from campaigns.event_planning import as_planned
from campaigns.models import Event
from campaigns.words import Words
from tests.planning import TWO, paris


@pytest.fixture
def read(database, campaign, clock):
    async def entries(event, bus=None, language="fr"):
        async with database.read() as session:
            event = await session.get_one(Event, event.id)
        ics = to_ics(event, bus, campaign, Words(language), clock())
        assert all(len(line) <= 75 for line in ics.split(b"\r\n"))  # folded, as RFC 5545 wants it
        calendar = Calendar.from_ical(ics)
        assert not calendar.errors and calendar["METHOD"] == "PUBLISH"
        return calendar.walk("VEVENT")

    return entries


async def test_what_a_calendar_reads_is_what_was_written_whatever_signs_it_holds(planner, read):
    title, about = "Rassemblement; pain, fromage \\ & « joie »", "Un long texte, avec des virgules ; " * 20 + "\nfin"
    event = await planner.event(title, place="Halle, 2e étage", about=about)
    [entry] = await read(event)
    assert (entry["SUMMARY"], entry["LOCATION"], entry["DESCRIPTION"]) == (title, "Halle, 2e étage", about)
    assert (entry["DTSTART"].dt, entry["DTEND"].dt) == (TWO, TWO + timedelta(hours=3))
    assert entry["DTSTART"].params["TZID"] == "Europe/Paris"
    assert (entry["STATUS"], entry["SEQUENCE"]) == ("CONFIRMED", 0)


async def test_the_bus_is_an_entry_of_its_own(planner, read):
    event = await planner.event()
    bus = await planner.bus(event, "Port-Clair", stop="Gare, quai 2")
    rally, ride = await read(event, bus)
    assert ride["SUMMARY"] == "Bus de Port-Clair\u202f: Rassemblement" and ride["LOCATION"] == "Gare, quai 2"
    assert (ride["DTSTART"].dt, ride["DTEND"].dt) == (paris("2026-12-05 12:00"), TWO)
    assert rally["UID"] != ride["UID"] and event.code in rally["UID"]
    _, english = await read(event, bus, "en")
    assert english["SUMMARY"] == "Bus from Port-Clair: Rassemblement"


async def test_a_later_file_moves_the_same_entry_and_a_call_off_cancels_it(planner, read):
    event = await planner.event()
    [before] = await read(event)
    await planner.change(event, event_planning.change_event, replace(as_planned(event), place="Gymnase"))
    await planner.change(event, event_planning.call_off)
    [after] = await read(event)
    assert after["UID"] == before["UID"] and after["SEQUENCE"] > before["SEQUENCE"]
    assert after["STATUS"] == "CANCELLED"


async def test_an_event_elsewhere_keeps_its_own_clock(planner, read):
    event = await planner.event(timezone="Indian/Reunion", starts_at=paris("2026-12-05 14:00", "Indian/Reunion"))
    [entry] = await read(event)
    assert entry["DTSTART"].params["TZID"] == "Indian/Reunion" and entry["DTSTART"].dt.hour == 14
