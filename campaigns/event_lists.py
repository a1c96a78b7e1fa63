"""Who comes to an event, to be printed for those who stand at the bus: a text, or a CSV for a spreadsheet."""

import csv
import io
from collections.abc import Iterator

from campaigns.event_planning import Coming, Overview
from campaigns.models import Campaign, EventBus
from campaigns.plan_words import bus_line, hours_of
from campaigns.times import zone
from campaigns.words import Words

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would reckon out; people choose their names


def to_text(found: Overview, campaign: Campaign, words: Words) -> str:
    """A heading, then a box to tick for each person, bus by bus."""
    event = found.event
    hours = hours_of(words, event.starts_at, event.ends_at, event.timezone, campaign)
    lines = [event.title, f"{hours} · {event.place}"]
    for bus, people in _groups(found):
        if bus is not None:
            taken = words("{n} of {most}", n=len(people), most=bus.seats)
            lines += ["", f"{bus_line(words, bus, event)} – {taken}"]
        else:
            lines += ["", words("On their own") + f" – {len(people)}"]
        lines += [f"[ ] {name_of(each, words)}" for each in people]
    return "\n".join(lines) + "\n"


def to_csv(found: Overview, words: Words) -> str:
    """A line for each person, UTF-8 with BOM and CRLF as spreadsheets want it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([words("First name"), words("Bus"), words("Stop"), words("Leaves at")])
    for bus, people in _groups(found):
        at = bus.leaves_at.astimezone(zone(found.event.timezone)) if bus else None
        ride = [bus.town, bus.stop, f"{at:%Y-%m-%d %H:%M}"] if bus else [words("On their own"), "", ""]
        writer.writerows([_plain(cell) for cell in (name_of(each, words), *ride)] for each in people)
    return "\ufeff" + out.getvalue()


def name_of(person: Coming, words: Words) -> str:
    """A first name, or why there is none."""
    if not person.here:
        return words("somebody who left")
    return person.name or words("somebody who is not written to")


def _groups(found: Overview) -> Iterator[tuple[EventBus | None, list[Coming]]]:
    for each in found.buses:
        yield each.bus, found.by(each.bus)
    yield None, found.by(None)


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
