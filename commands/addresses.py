"""addresses: who relays posts by e-mail."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from campaigns import addresses, installation
from campaigns.times import system_clock
from commands.common import CampaignOption, Refused, campaign_of, opened, out, prepared_settings, run_async

app = typer.Typer(help="Who relays posts by e-mail.", no_args_is_help=True)


@app.command("import")
def addresses_import(
    file: Path,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Store the good lines although others are wrong.")
    ] = False,
    campaign: CampaignOption = None,
) -> None:
    """Add the addresses of a CSV file (address, name, territory); nothing is stored if one line is wrong."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            read = addresses.read_addresses(file, await installation.territories(session, owner.id))
            for bad in read.bad:
                print(f"{file}, {bad}", file=sys.stderr)  # noqa: T201
            if read.bad and not skip_bad:
                raise Refused("nothing was imported; mend these lines, or add --skip-bad to import the others")
            stored = await addresses.store_addresses(session, owner.id, read.addresses, system_clock())
        out.print(
            f"{stored.added} addresses are added, {stored.changed} changed, {stored.stayed_away} had unsubscribed and "
            f"stay away, {len({bad.line for bad in read.bad})} lines are wrong.",
        )
        if read.bad:
            raise typer.Exit(1)

    run_async(main())


@app.command("list")
def addresses_list(
    territory: Annotated[str | None, typer.Option(help="This territory and those below.")] = None,
    campaign: CampaignOption = None,
) -> None:
    """List a campaign's addresses."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            names = {each.id: each.name for each in await installation.territories(session, owner.id)}
            place = await installation.find_territory(session, owner.id, territory) if territory else None
            known = await addresses.addresses_of(session, owner.id, place.id if place else None, everybody=True)
        table = Table("address", "name", "territory", "state")
        for row in known:
            state = f"unsubscribed {row.unsubscribed_at:%Y-%m-%d}" if row.unsubscribed_at else "gets posts"
            table.add_row(row.address, row.name, names.get(row.territory_id or 0, ""), state)
        out.print(table)

    run_async(main())
