"""badge: one badge from a file. badge batch: many, of a folder or a CSV."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from badges import FORMATS, MOST_ZOOM, BadgeError, Frame, Kind, render_badge
from badges.wishes import COLUMNS, Failure, crop_of, formats_of
from campaigns.badge_frames import frame_of
from commands import badge_lists
from commands.badge_batch import check_files, make_all, name_files
from commands.common import CampaignOption, Refused, campaign_of, opened, out, prepared_settings, run_async

KINDS: dict[str, Kind] = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
FrameOption = Annotated[str, typer.Option(help="A frame of the campaign, such as ring, banner or ribbon.")]
SectionOption = Annotated[str, typer.Option(help="The name of a section, where the frame shows one.")]


class OneOrMany(TyperGroup):
    """`badge PHOTO …` is a command of its own, although `badge batch …` is another."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["one", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=OneOrMany,
    no_args_is_help=True,
    help="Make a badge: badge PHOTO --frame F --name N --out FILE. More in: badge one --help. Many: badge batch.",
)


@app.command("one")
def one_badge(
    photo: Annotated[Path, typer.Argument(help="JPEG, PNG, WebP, HEIC or GIF. A photo named batch is ./batch here.")],
    frame: FrameOption,
    name: Annotated[str, typer.Option(help="Written on the badge; may be empty.")],
    out_file: Annotated[Path, typer.Option("--out", help="A .jpg, .png or .webp file.")],
    format_: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))] = "square",
    crop: Annotated[str, typer.Option(help=f"x,y,zoom: 0 to 1, 0 to 1, 1 to {MOST_ZOOM}. Empty: automatic.")] = "",
    section: SectionOption = "",
    campaign: CampaignOption = None,
) -> None:
    """Make one badge from a file; the word “one” may be left out."""

    async def main() -> None:
        kind = KINDS.get(out_file.suffix.lower())
        if kind is None:
            raise Refused(f"{out_file}: a badge is written as .jpg, .png or .webp")
        try:
            part, shapes = crop_of(crop), formats_of(format_)
        except ValueError as error:
            raise Refused(str(error)) from None
        if len(shapes) > 1:
            raise Refused(f"{out_file}: one file holds one format; badge batch makes several")
        design = (await _frames([frame], section, campaign))[frame]
        if isinstance(design, BadgeError):
            raise design
        try:
            made = render_badge(photo.read_bytes(), design, name, format=shapes[0], kind=kind, crop=part)
            out_file.write_bytes(made)
        except OSError as error:
            raise Refused(f"{error.filename}: {error.strerror}") from None
        out.print(f"{out_file} is written.")

    run_async(main())


@app.command("batch")
def many_badges(
    source: Annotated[Path, typer.Argument(help=f"A folder of photos, or a .csv: {', '.join(COLUMNS)}.")],
    frame: FrameOption,
    folder: Annotated[Path, typer.Option("--out", help="The folder for the badges.")],
    format_: Annotated[
        str, typer.Option("--format", help=f"{', '.join(FORMATS)}; several as square+story.")
    ] = "square",
    kind: Annotated[str, typer.Option(help="jpg, png or webp.")] = "jpg",
    names_from_files: Annotated[bool, typer.Option(help="Write each file's name, without its ending.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace badges that are in the folder already.")] = False,
    section: SectionOption = "",
    campaign: CampaignOption = None,
) -> None:
    """Make many badges on all cores; what fails is listed at the end, with a non-zero exit, and the others are made."""

    async def main() -> None:
        ending = f".{kind.lower().lstrip('.')}"
        if ending not in KINDS:
            raise Refused(f"--kind {kind}: a badge is written as jpg, png or webp")
        try:
            formats = formats_of(format_)
        except ValueError as error:
            raise Refused(str(error)) from None
        if source.is_dir():
            photos = source
            wishes = badge_lists.read_folder(source, frame, formats, names_from_files=names_from_files)
            unread: list[Failure] = []
        else:
            photos = source.parent
            wishes, unread = badge_lists.read_csv(source, frame, formats)
        frames = await _frames((wish.frame for wish in wishes), section, campaign)
        if isinstance(wrong := frames.get(frame), BadgeError):
            raise wrong  # once, and not for each photo
        jobs = name_files(wishes, photos, folder, ending)
        check_files(jobs, folder, overwrite=overwrite)
        failures = [*unread, *make_all(jobs, frames, KINDS[ending])]
        _report(len(wishes) + len(unread), sorted(failures, key=lambda one: one.place), folder)

    run_async(main())


def _report(asked: int, failures: list[Failure], folder: Path) -> None:
    for failure in failures:
        out.print(f"✗ {failure.where}: {failure.why}", soft_wrap=True)
    made = asked - len(failures)
    out.print(f"{made} of {asked} photos became badges in {folder}.", soft_wrap=True)
    if failures:
        raise typer.Exit(1)


async def _frames(designs: Iterable[str], section: str, campaign: str | None) -> dict[str, Frame | BadgeError]:
    """Each frame that is named, drawn for the campaign; a wrong one stands there as its error."""
    settings = prepared_settings()
    async with opened(settings) as database, database.write() as session:
        owner = await campaign_of(session, campaign)
    found: dict[str, Frame | BadgeError] = {}
    for design in dict.fromkeys(designs):
        try:
            found[design] = frame_of(owner, design, section, frames_dir=settings.frames)
        except BadgeError as error:
            found[design] = error
    return found
