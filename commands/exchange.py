"""posts export, and posts import of what it wrote: CSV, JSON and the timetable as .ics."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import forecast, installation, post_calendar, post_export
from campaigns.costs import dollars
from campaigns.models import Campaign, Post
from campaigns.post_documents import add_entries, read_document
from campaigns.post_export import ExportedPost
from campaigns.settings import Settings
from campaigns.stamp import stamp_of
from campaigns.times import system_clock, zone
from commands.common import CampaignOption, Refused, campaign_of, opened, out, prepared_settings, run_async
from commands.periods import FromOption, UntilOption, period

KINDS = (".csv", ".json", ".ics")


def posts_export(
    file: Path,
    start: FromOption = None,
    end: UntilOption = None,
    campaign: CampaignOption = None,
) -> None:
    """Write the posts with their states and addresses as .csv or .json, or the timetable as .ics.

    Their pictures are copied beside a .csv or a .json.
    """

    async def main() -> None:
        kind = file.suffix.lower()
        if kind not in KINDS:
            raise Refused(f"{file}: posts are written as {', '.join(KINDS)}")
        settings = prepared_settings()
        async with opened(settings) as database, database.read() as session:
            owner = await installation.find_campaign(session, campaign)
            found = await post_export.gather(session, owner, *period(start, end, owner.timezone))
        if kind == ".csv":
            kept = post_export.in_csv(found)
        elif kind == ".ics":
            kept = [one for one in found if one.post.publish_at is not None]
        else:
            kept = found
        _write(file, kind, kept, owner, settings.media_dir)
        out.print(f"{len(kept)} posts are written to {file}.", soft_wrap=True)
        if len(found) > len(kept):
            what = "posts without a moment" if kind == ".ics" else "drafts, cancelled posts and occurrences of series"
            out.print(f"{len(found) - len(kept)} {what} are not in it; a .json holds all.")

    run_async(main())


def _write(file: Path, kind: str, kept: Sequence[ExportedPost], owner: Campaign, media_dir: Path) -> None:
    pictures = f"{file.stem}-pictures"
    now = system_clock()
    try:
        if kind == ".ics":
            file.write_bytes(post_calendar.to_ics(kept, owner, now))
            return
        as_csv = kind == ".csv"
        text = post_export.to_csv(kept, pictures) if as_csv else post_export.to_json(kept, owner, now, pictures)
        post_export.write_pictures(kept, media_dir, file.parent / pictures)
        file.write_text(text, encoding="utf-8", newline="")
    except post_export.ExportRefused as problem:
        raise Refused(str(problem)) from None
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}") from None


@contextmanager
def media_folder(settings: Settings, *, dry_run: bool) -> Iterator[Path]:
    """Where an import keeps its pictures; a dry run leaves none."""
    if not dry_run:
        yield settings.media_dir
        return
    with TemporaryDirectory() as folder:
        yield Path(folder)


async def tell_outlook(session: AsyncSession, owner: Campaign, stored: Sequence[Post]) -> None:
    """What the posts of an import cost on each channel, which fall into silence, and what passes a cap."""
    seen = await forecast.foresee(session, owner.id, stored)
    for post, channel, window in seen.silent:
        begin, end = (at.astimezone(zone(owner.timezone)) for at in (window.starts_at, window.ends_at))
        out.print(
            f"“{post.title}” on {channel.name} falls into silence ({window.reason}, {begin:%Y-%m-%d %H:%M} to "
            f"{end:%Y-%m-%d %H:%M} {owner.timezone}): it will be held.",
            soft_wrap=True,
        )
    for channel, cost in seen.costs:
        cap = f", of a monthly cap of {dollars(channel.monthly_cap)}" if channel.monthly_cap else ""
        out.print(f"On {channel.name} this costs {dollars(cost)}{cap}.", soft_wrap=True)
    if seen.over_cap:
        out.print("`rehearse` shows which posts would be held.")


def import_document(file: Path, *, dry_run: bool, skip_bad: bool, campaign: str | None) -> None:
    """Queue the posts of a JSON document; nothing is stored if one of them is wrong."""

    async def main() -> None:
        settings = prepared_settings()
        now = system_clock()
        async with opened(settings) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            known = await installation.channels(session, owner.id)
            places = await installation.territories(session, owner.id)
            read = read_document(file, known, places, now, stamp_of(owner))
            for bad in read.bad:
                print(f"{file}, {bad}", file=sys.stderr)  # noqa: T201
            if read.bad and not skip_bad and not dry_run:
                raise Refused("nothing was imported; mend these posts, or add --skip-bad to import the others")
            with media_folder(settings, dry_run=dry_run) as media_dir:
                stored = await add_entries(session, owner.id, read.posts, media_dir=media_dir, now=now)
            await tell_outlook(session, owner, stored)
            if dry_run:
                await session.rollback()
        would = "would be" if dry_run else "are"
        wrong = len({bad.number for bad in read.bad})
        out.print(f"{len(read.posts)} posts {would} written, {wrong} are wrong.")
        if read.bad:
            raise typer.Exit(1)

    run_async(main())
