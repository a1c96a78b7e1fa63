"""posts export, and posts import of what it wrote: CSV, JSON and the timetable as .ics."""

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from campaigns import installation, post_calendar, post_export
from campaigns.models import Campaign
from campaigns.post_documents import add_entries, read_document
from campaigns.post_export import ExportedPost
from campaigns.stamp import stamp_of
from campaigns.times import system_clock
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
            posts = await post_export.gather(session, owner, *period(start, end, owner.timezone))
        if kind == ".csv":
            kept = post_export.in_csv(posts)
        elif kind == ".ics":
            kept = [one for one in posts if one.post.publish_at is not None]
        else:
            kept = posts
        _write(file, kind, kept, owner, settings.media_dir)
        out.print(f"{len(kept)} posts are written to {file}.", highlight=False, soft_wrap=True)
        if len(posts) > len(kept):
            what = "posts without a moment" if kind == ".ics" else "drafts, cancelled posts and occurrences of series"
            out.print(f"{len(posts) - len(kept)} {what} are not in it; a .json holds all.", highlight=False)

    run_async(main())


def _write(file: Path, kind: str, posts: Sequence[ExportedPost], owner: Campaign, media_dir: Path) -> None:
    pictures = f"{file.stem}-pictures"
    now = system_clock()
    try:
        if kind == ".ics":
            file.write_bytes(post_calendar.to_ics(posts, owner, now))
            return
        as_csv = kind == ".csv"
        text = post_export.to_csv(posts, pictures) if as_csv else post_export.to_json(posts, owner, now, pictures)
        post_export.write_pictures(posts, media_dir, file.parent / pictures)
        file.write_text(text, encoding="utf-8", newline="")
    except post_export.ExportRefused as problem:
        raise Refused(str(problem)) from None
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}") from None


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
            if not dry_run:
                await add_entries(session, owner.id, read.posts, media_dir=settings.media_dir, now=now)
        would = "would be" if dry_run else "are"
        wrong = len({bad.number for bad in read.bad})
        out.print(f"{len(read.posts)} posts {would} written, {wrong} are wrong.")
        if read.bad:
            raise typer.Exit(1)

    run_async(main())
