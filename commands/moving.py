"""move-to: a running campaign goes from its SQLite file to a server of PostgreSQL."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from campaigns.moving import Compared, move
from campaigns.stores import shown_address, store_at
from commands.common import checked, out, prepared_settings, sentences

BATCH = 2_000  # rows: some megabytes in memory, and a commit of the server in a tenth of a second


def move_to(
    address: Annotated[str, typer.Argument(help="postgresql://user:password@host/name, an empty database.")],
    batch: Annotated[int, typer.Option(min=1, help="How many rows go over in one transaction.")] = BATCH,
    anew: Annotated[
        bool, typer.Option("--anew", help="Throw away what an earlier move of this file left there, and begin again.")
    ] = False,
) -> None:
    """Move the campaign from its SQLite file to PostgreSQL. The program must not run; killed, it goes on where it stopped."""
    with sentences():
        settings = prepared_settings()
        source, target = store_at(settings.store_url), store_at(address)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with (
            move(source, target, settings.data_dir, anew=anew) as begun,
            Progress(*columns, console=Console(stderr=True)) as progress,
        ):
            copying = progress.add_task("Copying  ", total=begun.rows)
            begun.copy(batch, lambda rows: progress.advance(copying, rows))
            comparing = progress.add_task("Comparing", total=begun.rows)
            found = begun.compare(batch, lambda rows: progress.advance(comparing, rows))
            if not found.differences:
                begun.finish()
    _say(found, str(source.url.database), shown_address(target.url))


def _say(found: Compared, file: str, shown: str) -> None:
    if found.differences:
        for difference in found.differences:
            out.print(checked(False, f"not the same on both sides: {difference}"), soft_wrap=True)
        out.print(
            f"{file} was written to since the move began, or somebody else writes to {shown}. It is as it was, and no program"
            " starts on half of it. Run the same command with --anew: it copies everything again.",
            soft_wrap=True,
        )
        raise typer.Exit(1)
    out.print(
        checked(True, f"{found.rows} rows are in {shown}, read again on both sides and the same ({found.digest[:16]})"),
        soft_wrap=True,
    )
    out.print(
        "Now set PORTEVOIX_DATABASE_URL to this address (in .env or the service's settings) and start the program.\n"
        "Keep the data folder: pictures, frames and the secret key stay there, and the secrets in the database stay locked by"
        f" that key.\nKeep {file} until all is well on the server; the program does not write to it any more.",
        soft_wrap=True,
    )
