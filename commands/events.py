"""events: rallies with their buses and the day of the vote, who comes, and what changes."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import event_lists, event_planning, installation
from campaigns.event_planning import NewBus, NewEvent, read_reminders
from campaigns.events import buses_of
from campaigns.models import Campaign, Event, EventBus, EventKind
from campaigns.times import parse_local, system_clock, to_utc, zone
from campaigns.words import Words
from commands.common import (  # fmt: skip
    CampaignOption,
    Refused,
    TerritoryOption,
    campaign_of,
    opened,
    out,
    people_are,
    prepared_settings,
    run_async,
)

app = typer.Typer(help="Rallies with their buses, the day of the vote: what people come to by the bot.", no_args_is_help=True)  # fmt: skip

CodeArgument = Annotated[str, typer.Argument(help="The event's code, as `events list` shows it.")]
AT = "Such as “2027-03-06 14:00”, on the event's clock."
REMIND = "When who comes is reminded, before they set out: “2d, 3h”; “none” for never."


@app.command("add")
def add(
    title: Annotated[str, typer.Argument(help="What people read on the button.")],
    place: Annotated[str, typer.Option(help="Where it is.")],
    at: Annotated[str, typer.Option(help="Such as “2027-03-06 14:00”; of a vote, when the stations open.")],
    until: Annotated[str, typer.Option(help="When it ends, as --at; of a vote, when they close.")],
    kind: Annotated[EventKind, typer.Option(help="What it is.")] = EventKind.rally,
    about: Annotated[str, typer.Option(help="More of it, in words.")] = "",
    capacity: Annotated[int | None, typer.Option(help="How many people can come; else there is no limit.")] = None,
    remind: Annotated[str | None, typer.Option(help=REMIND)] = None,
    clock: Annotated[str | None, typer.Option(help="Another time zone than the campaign's, as Indian/Reunion.")] = None,
    territory: TerritoryOption = None,
    campaign: CampaignOption = None,
) -> None:
    """Add an event: who it is for finds it under /events in the bot, and who has its link; nobody is written to."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            where = await installation.find_territory(session, owner.id, territory) if territory else None
            timezone = clock or owner.timezone
            new = NewEvent(
                title,
                place,
                to_utc(parse_local(at), timezone),
                to_utc(parse_local(until), timezone),
                timezone,
                kind,
                about,
                capacity,
                where.id if where else None,
                None if remind is None else _reminders(remind),
            )
            event = await event_planning.add_event(session, owner.id, new, system_clock())
            local = event.starts_at.astimezone(zone(timezone))
        whom = f"{where.name} and below" if where else "everybody"
        out.print(f"“{event.title}” is on {local:%Y-%m-%d %H:%M} ({timezone}), for {whom}. Its code: {event.code}")
        out.print(f"The link to it: https://t.me/YOUR_BOT?start={event_planning.PREFIX}{event.code}", soft_wrap=True)

    run_async(main())


def _reminders(text: str) -> tuple[int, ...]:
    return () if text.strip().lower() == "none" else read_reminders(text)


async def _found(session: AsyncSession, slug: str | None, code: str) -> tuple[Campaign, Event]:
    owner = await installation.find_campaign(session, slug)
    event = await event_planning.find_event(session, owner.id, code)
    if event is None:
        raise Refused(f"no event of {owner.name} has the code “{code}”; `events list` shows them")
    return owner, event


@app.command("list")
def list_events(campaign: CampaignOption = None) -> None:
    """List the events, the latest first, with their codes, their buses and how many come."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            found = await event_planning.overviews(session, owner.id)
        table = Table("code", "when", "clock", "what", "where", "for", "come", "by bus")
        for each in found:
            event = each.event
            local = event.starts_at.astimezone(zone(event.timezone))
            most = f" of {event.capacity}" if event.capacity else ""
            table.add_row(
                event.code,
                f"{local:%Y-%m-%d %H:%M}" + (", called off" if event.called_off_at else ""),
                event.timezone,
                event.title,
                event.place,
                each.territory or "everybody",
                f"{len(each.people)}{most}",
                "\n".join(f"{bus.bus.id}: {bus.bus.town} {bus.taken} of {bus.bus.seats}" for bus in each.buses) or "–",
            )
        out.print(table)
        if not found:
            out.print(
                "There is no event yet; add one with: python run_bot.py events add TITLE --place … --at … --until …"
            )

    run_async(main())


@app.command("change")
def change(
    code: CodeArgument,
    title: Annotated[str | None, typer.Option(help="What people read on the button.")] = None,
    place: Annotated[str | None, typer.Option(help="Where it is.")] = None,
    at: Annotated[str | None, typer.Option(help=AT + " Its end and its buses move along.")] = None,
    until: Annotated[str | None, typer.Option(help="When it ends.")] = None,
    about: Annotated[str | None, typer.Option(help="More of it, in words.")] = None,
    capacity: Annotated[int | None, typer.Option(help="How many people can come; 0: there is no limit.")] = None,
    remind: Annotated[str | None, typer.Option(help=REMIND)] = None,
    campaign: CampaignOption = None,
) -> None:
    """Change an event; the rest stays. Of another place or time, who comes is told by the bot."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            _, event = await _found(session, campaign, code)
            plan = event_planning.as_planned(event)
            starts_at = to_utc(parse_local(at), event.timezone) if at else plan.starts_at
            plan = event_planning.moved(plan, starts_at)
            new = replace(
                plan,
                title=plan.title if title is None else title,
                place=plan.place if place is None else place,
                ends_at=to_utc(parse_local(until), event.timezone) if until else plan.ends_at,
                about=plan.about if about is None else about,
                capacity=plan.capacity if capacity is None else capacity or None,
                reminders=plan.reminders if remind is None else _reminders(remind),
            )
            told = await event_planning.change_event(session, event, new, system_clock())
        out.print(f"“{event.title}” is changed; {people_are(told)} told by the bot.")

    run_async(main())


@app.command("bus")
def bus(
    code: CodeArgument,
    town: Annotated[str | None, typer.Argument(help="Where the bus comes from.")] = None,
    stop: Annotated[str | None, typer.Option(help="Where in the town it leaves.")] = None,
    leaves: Annotated[str | None, typer.Option(help=AT)] = None,
    seats: Annotated[int | None, typer.Option(help="How many people it takes.")] = None,
    number: Annotated[int | None, typer.Option(help="Change this one, by its number in `events list`.")] = None,
    drop: Annotated[bool, typer.Option("--drop", help="The one of --number does not run.")] = False,
    campaign: CampaignOption = None,
) -> None:
    """Add a bus to an event, or change one, or take it out; the people in it are told by the bot."""

    async def main() -> None:
        now = system_clock()
        async with opened(prepared_settings()) as database, database.write() as session:
            _, event = await _found(session, campaign, code)
            known = {each.bus.id: each.bus for each in await buses_of(session, event.id)}
            if number is not None and number not in known:
                raise Refused(f"“{event.title}” has no bus {number}; `events list` shows its buses with their numbers")
            if drop and number is None:
                raise Refused("which bus does not run? add --number with its number in `events list`")
            old = known[number] if number is not None else None
            if old is not None and drop:
                told = await event_planning.drop_bus(session, event, old.id, now) or 0
                out.print(f"The bus from {old.town} does not run; {people_are(told)} told by the bot.")
                return
            new = _bus(event, old, town, stop, leaves, seats)
            if old is None:
                added = await event_planning.add_bus(session, event, new, now)
                out.print(f"A bus from {added.town} takes {added.seats} people to “{event.title}”.")
            else:
                told = await event_planning.change_bus(session, event, old.id, new, now) or 0
                out.print(f"The bus from {new.town} is changed; {people_are(told)} told by the bot.")

    run_async(main())


def _bus(
    event: Event, old: EventBus | None, town: str | None, stop: str | None, leaves: str | None, seats: int | None
) -> NewBus:
    """What is given, and of an old bus what is not."""
    if old is None and not (town and stop and leaves and seats):
        raise Refused("a new bus needs a TOWN, --stop, --leaves and --seats")
    leaves_at = to_utc(parse_local(leaves), event.timezone) if leaves else old.leaves_at if old else event.starts_at
    if old is None:
        return NewBus(town or "", stop or "", leaves_at, seats or 0)
    return NewBus(
        old.town if town is None else town,
        old.stop if stop is None else stop,
        leaves_at,
        old.seats if seats is None else seats,
    )


@app.command("people")
def people(
    code: CodeArgument,
    file: Annotated[Path | None, typer.Option("--out", help="A .csv, or a .txt to print; else it is shown.")] = None,
    campaign: CampaignOption = None,
) -> None:
    """Who comes, bus by bus: first names of those who agreed to be written to; others are counted."""

    async def main() -> None:
        if file is not None and file.suffix.lower() not in (".csv", ".txt"):
            raise Refused(f"{file}: the list is written as .csv or .txt")
        words = Words("en")
        async with opened(prepared_settings()) as database, database.read() as session:
            owner, event = await _found(session, campaign, code)
            found = await event_planning.overview(session, event)
        if file is None:
            out.print(event_lists.to_text(found, owner, words), soft_wrap=True)
            return
        as_csv = file.suffix.lower() == ".csv"
        text = event_lists.to_csv(found, words) if as_csv else event_lists.to_text(found, owner, words)
        try:
            file.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise Refused(f"{error.filename}: {error.strerror}") from None
        out.print(f"{len(found.people)} people are written to {file}.", soft_wrap=True)

    run_async(main())


@app.command("call-off")
def call_off(code: CodeArgument, campaign: CampaignOption = None) -> None:
    """The event does not take place: who comes is told by the bot, and it leaves the lists. There is no way back."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            _, event = await _found(session, campaign, code)
            told = await event_planning.call_off(session, event, system_clock())
        out.print(f"“{event.title}” is called off; {people_are(told)} told by the bot.")

    run_async(main())
