"""silence: polling days and windows in which nothing goes out."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

import typer
from rich.table import Table

from campaigns import installation, silence_windows
from campaigns.models import Territory
from campaigns.silence import SilenceProblem
from campaigns.times import parse_local, system_clock, to_utc, zone
from commands.common import (
    CampaignOption,
    Refused,
    TerritoryOption,
    campaign_of,
    opened,
    out,
    prepared_settings,
    run_async,
)

app = typer.Typer(help="Polling days, and the silence that the law imposes around them.", no_args_is_help=True)


@app.command("add-day")
def add_day(
    day: Annotated[str, typer.Argument(help="The mainland's polling day, as 2027-06-13.")],
    label: Annotated[str, typer.Option(help="Such as: first round.")] = "",
    territory: TerritoryOption = None,
    sunday_everywhere: Annotated[
        bool, typer.Option("--sunday-everywhere", help="Not a national vote: overseas too it is on the Sunday.")
    ] = False,
    campaign: CampaignOption = None,
) -> None:
    """Add a round of a vote: from its eve at midnight to its end nothing goes out."""

    async def main() -> None:
        try:
            polling_day = date.fromisoformat(day)
        except ValueError:
            raise Refused(f"“{day}” is not a day; write 2027-06-13") from None
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            place = await installation.find_territory(session, owner.id, territory) if territory else None
            try:
                await silence_windows.add_polling_day(
                    session,
                    owner,
                    polling_day,
                    system_clock(),
                    territory_id=place.id if place else None,
                    label=label,
                    saturday=not sunday_everywhere,
                )
            except SilenceProblem as problem:
                raise Refused(str(problem)) from None
        out.print(f"{day} is a polling day; `silence list` shows the windows.")

    run_async(main())


@app.command("add-window")
def add_window(
    starts: Annotated[str, typer.Argument(help="Such as “2027-06-12 00:00”.")],
    ends: Annotated[str, typer.Argument(help="Such as “2027-06-13 20:00”; the window is over then.")],
    reason: Annotated[str, typer.Argument(help="Shown wherever something is held.")],
    territory: TerritoryOption = None,
    campaign: CampaignOption = None,
) -> None:
    """Add a window by hand; moments as “2027-06-12 00:00”, on the campaign's clock."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            place = await installation.find_territory(session, owner.id, territory) if territory else None
            begin, end = (to_utc(parse_local(text), owner.timezone) for text in (starts, ends))
            try:
                await silence_windows.add_window(session, owner, begin, end, reason, place.id if place else None)
            except SilenceProblem as problem:
                raise Refused(str(problem)) from None
        out.print(f"Silence from {starts} to {ends} ({owner.timezone}).")

    run_async(main())


@app.command("remove")
def remove(
    day_or_start: Annotated[
        str, typer.Argument(metavar="DAY|START", help="A polling day, as 2027-06-13, or the start of a window by hand.")
    ],
    territory: TerritoryOption = None,
    campaign: CampaignOption = None,
) -> None:
    """Take back a polling day, or a window that was added by hand."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await installation.find_campaign(session, campaign)
            place = await installation.find_territory(session, owner.id, territory) if territory else None
            place_id = place.id if place else None
            try:
                gone = await silence_windows.remove_polling_day(
                    session, owner, date.fromisoformat(day_or_start), place_id
                )
            except ValueError:  # no day: then the moment at which a window starts
                start = to_utc(parse_local(day_or_start), owner.timezone)
                gone = await silence_windows.remove_window(session, owner, start, place_id)
            if not gone:
                where = f" of {place.name}" if place else ""
                raise Refused(f"there is neither a polling day nor a window by hand{where} at {day_or_start}")
        out.print(f"{day_or_start} is taken back; what was held stays so until somebody decides.")

    run_async(main())


@app.command("list")
def list_windows(campaign: CampaignOption = None) -> None:
    """List the windows, by territory, each on its own clock."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            places = {place.id: place for place in await installation.territories(session, owner.id)}
            windows = await silence_windows.windows_of(session, owner.id)
        table = Table("where", "from", "to", "clock", "why")
        for window in windows:
            place = places.get(window.territory_id or 0)
            clock = clock_of(place, places) or owner.timezone
            begin, end = (at.astimezone(zone(clock)) for at in (window.starts_at, window.ends_at))
            where = place.name if place else "the campaign's own channels"
            table.add_row(where, f"{begin:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}", clock, window.reason)
        out.print(table)
        if not windows:
            out.print("There is no silence yet; add a polling day with: python run_bot.py silence add-day 2027-06-13")

    run_async(main())


def clock_of(place: Territory | None, places: Mapping[int, Territory]) -> str | None:
    """A territory's zone, or that of the one above it; None at the top."""
    while place is not None:
        if place.timezone:
            return place.timezone
        place = places.get(place.parent_id or 0)
    return None
