"""posts: what is to be said, and when."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table

from campaigns import installation, posts
from campaigns.post_files import read_posts
from campaigns.stamp import stamp_of
from campaigns.times import system_clock
from commands import exchange
from commands.common import CampaignOption, Refused, campaign_of, opened, out, prepared_settings, run_async

app = typer.Typer(help="What is to be said, and when.", no_args_is_help=True)
app.command("export")(exchange.posts_export)


@app.command("import")
def posts_import(
    file: Path,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, and store nothing.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Store the good lines although others are wrong.")
    ] = False,
    campaign: CampaignOption = None,
) -> None:
    """Queue the posts of a .csv, or of a .json that `posts export` wrote; nothing is stored if one is wrong."""
    if file.suffix.lower() == ".json":
        exchange.import_document(file, dry_run=dry_run, skip_bad=skip_bad, campaign=campaign)
        return

    async def main() -> None:
        settings = prepared_settings()
        now = system_clock()
        async with opened(settings) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            read = read_posts(
                file, await installation.channels(session, owner.id), owner.timezone, now, stamp_of(owner)
            )
            for bad in read.bad:
                print(f"{file}, {bad}", file=sys.stderr)  # noqa: T201
            if read.bad and not skip_bad and not dry_run:
                raise Refused("nothing was imported; mend these lines, or add --skip-bad to import the others")
            with exchange.media_folder(settings, dry_run=dry_run) as media_dir:
                stored = [
                    await posts.add_post(session, owner.id, post, media_dir=media_dir, now=now)
                    for _, post in track(
                        read.posts, "Importing", console=out, transient=True, disable=not out.is_terminal
                    )
                ]
            await exchange.tell_outlook(session, owner, stored)
            if dry_run:
                await session.rollback()
        wrong = len({bad.line for bad in read.bad})
        out.print(f"{len(read.posts)} posts {'would be' if dry_run else 'are'} queued, {wrong} lines are wrong.")
        if read.bad:
            raise typer.Exit(1)

    run_async(main())


@app.command("list")
def posts_list(campaign: CampaignOption = None) -> None:
    """List a campaign's posts with the state of each publication."""

    async def main() -> None:
        async with opened(prepared_settings()) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            known = await posts.posts_of(session, owner.id)
            where = await posts.publications_of(session, [post.id for post in known])
        table = Table("when", "title", "state", "channels")
        for post in known:
            moment = posts.local_moment(post)
            states = [
                f"{channel.name}: {publication.state}" + (f" ({publication.reason})" if publication.reason else "")
                for publication, channel in where[post.id]
            ]
            table.add_row(
                f"{moment:%Y-%m-%d %H:%M} {post.timezone}" if moment else "draft",
                post.title,
                post.state,
                "\n".join(states),
            )
        out.print(table)

    run_async(main())
