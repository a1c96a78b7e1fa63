"""communes: the towns by which people find their territory."""

import sys
from pathlib import Path

import typer

from campaigns import communes, installation
from commands.common import CampaignOption, Refused, campaign_of, opened, out, prepared_settings, run_async

app = typer.Typer(help="The towns by which people find their territory.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Without this, typer would leave out the name of a lone command."""


@app.command("import")
def communes_import(file: Path, campaign: CampaignOption = None) -> None:
    """Make the lines of a CSV file (name, postcode, territory; lat, lon) the campaign's communes; none if one line is wrong."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            read = communes.read_communes(file, await installation.territories(session, owner.id))
            for bad in read.bad:
                print(f"{file}, {bad}", file=sys.stderr)  # noqa: T201
            if read.bad:
                raise Refused("nothing was imported; mend these lines")
            if not read.communes:
                raise Refused(f"{file} holds no commune; nothing was changed")
            await communes.store_communes(session, owner.id, read.communes)
        out.print(f"{owner.name} has {len(read.communes)} communes now.", highlight=False)

    run_async(main())
