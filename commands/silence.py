"""silence: polling days and windows in which nothing goes out."""

from datetime import date
from typing import Annotated

import typer
from rich.table import Table

from campaigns import installation, silence_windows
from campaigns.silence import SilenceProblem
from campaigns.times import parse_local, system_clock, to_utc
from commands.common import CampaignOption, Refused, campaign_of, opened, out, prepared_settings, run_async

app = typer.Typer(help="Polling days, and the silence that the law imposes around them.", no_args_is_help=True)
TerritoryOption = Annotated[
    str | None, typer.Option("--territory", help="Only there and below; else the whole campaign.")
]


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
    starts: str, ends: str, reason: str, territory: TerritoryOption = None, campaign: CampaignOption = None
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


@app.command("list")
def list_windows(campaign: CampaignOption = None) -> None:
    """List the windows, by territory, in UTC."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            names = {place.id: place.name for place in await installation.territories(session, owner.id)}
            windows = await silence_windows.windows_of(session, owner.id)
        table = Table("where", "from (UTC)", "to (UTC)", "why")
        for window in windows:
            where = names.get(window.territory_id or 0, "the campaign's own channels")
            table.add_row(
                where, f"{window.starts_at:%Y-%m-%d %H:%M}", f"{window.ends_at:%Y-%m-%d %H:%M}", window.reason
            )
        out.print(table)

    run_async(main())
