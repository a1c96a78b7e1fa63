"""frames: look at the badge's frames, check those that a designer made, and give them to a campaign."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from PIL.Image import Image
from rich.text import Text

from badges import DESIGNS, FORMATS, Frame, FrameRefused, Palette, Problem, draw_frame, open_frame
from badges.folder_frames import open_folder_frame
from badges.sheets import contact_sheet, figure
from badges.starting_frame import write_starting_frame
from campaigns import installation
from campaigns.badge_frames import frame_of, frame_path
from campaigns.mirrors import Mirror, near
from campaigns.models import Campaign
from campaigns.settings import Settings
from commands.common import (
    CampaignOption,
    Refused,
    campaign_of,
    checked,
    opened,
    out,
    prepared_settings,
    run_async,
    sentences,
)

app = typer.Typer(help="The badge's frames.", no_args_is_help=True)

# What a frame is tried with: the longest words that it may have to show, and none.
LONG = {
    "slogan": "Pour un service public de santé proche, humain et gratuit là, partout en ville",
    "hashtag": "#SantéPourToutesEtPourTous",
    "section": "Section de Saint-Étienne-du-Rouvray",
}
SPONSOR = "Payé par l’association Osons la région. osons.example/avis"
SAMPLE = Campaign(slug="exemple", name="Exemple", slogan="Ensemble, la région respire", hashtag="LaRegionRespire")
SHEET_NAMES = (
    "Jo",
    "Marie-Antoinette de La Rochefoucauld",
    "Zoé Lefèvre-Müller",
    "ليلى حداد",
    "Ada ✊🏽🌹",
    "Ada Martin",
)
# The project's designs are shown in the colours of seven campaigns, no two of them alike.
SHEET_COLOURS = (
    ("#C8102E", "#FFC72C", "#FFFFFF"),
    ("#0B6E4F", "#F4D35E", "#FFFFFF"),
    ("#1D3F8F", "#FF6B4A", "#FFFFFF"),
    ("#6A1B9A", "#FFC72C", "#FFFFFF"),
    ("#E4003A", "#FFE14D", "#FFFFFF"),
    ("#0E7C86", "#FFB703", "#FFFFFF"),
    ("#7A2E1D", "#F2C57C", "#FFFFFF"),
)
SOURCE = typer.Argument(help="A folder with frame.toml, or a PNG with a transparent hole.")


@app.command("check")
def check(source: Annotated[Path, SOURCE]) -> None:
    """Say what a frame has and whether it can be used; a mistake is shown by file, line and key."""
    with sentences():
        _needed(source)
        frame = open_folder_frame(source)
        for picture in frame.pictures:
            size = "{0.width} x {0.height}".format(FORMATS[picture.format])
            left, top, width, height = picture.window
            words = ", ".join(kind for kind, _ in picture.words) or "no words"
            where = f"the photo is at {left}, {top} and {width} x {height} large; {words}"
            out.print(checked(True, f"{picture.format} ({size}): {where}"))
        for format in frame.formats:
            _try(source, format, "")
            try:
                _try(source, format, SPONSOR)
            except FrameRefused as refused:
                if refused.code is not Problem.SPONSOR_NO_ROOM:
                    raise
                said = f"{format}: no room to say who pays. A campaign with a sponsor's line cannot use it; "
                out.print(Text.assemble(("! ", "yellow"), said, f"give it a [{format}.sponsor] with a box."))


def _try(source: Path, format: str, sponsor: str) -> None:
    palette = Palette(SAMPLE.primary_colour, SAMPLE.secondary_colour, SAMPLE.text_colour)
    frame = open_frame(source, palette, LONG["slogan"], LONG["hashtag"], sponsor, LONG["section"])
    for named in (True, False):
        frame.artwork(format, named=named)


@app.command("preview")
def preview(
    source: Annotated[str, typer.Argument(help="A folder, a PNG, or one of the campaign's designs.")],
    out_file: Annotated[Path, typer.Option("--out", help="A .png, .jpg or .webp file.")],
    name: Annotated[str, typer.Option(help="Written on the badges.")] = "Ada Martin",
    section: Annotated[str, typer.Option(help="The section's name, where the frame shows one.")] = "",
    photo: Annotated[Path | None, typer.Option(help="A photo; without one, nobody's silhouette.")] = None,
    campaign: CampaignOption = None,
) -> None:
    """Draw a frame in all its formats, with a name and without, in the campaign's colours."""

    async def main() -> None:
        settings = prepared_settings()
        owner = await _campaign(settings, campaign)
        frame = _frame(source, owner, section, settings)
        _save(contact_sheet([(frame.design, frame)], _photo(photo), [name, ""] if name else [""]), out_file)

    run_async(main())


@app.command("sheet")
def sheet(
    out_file: Annotated[Path, typer.Option("--out", help="A .png, .jpg or .webp file.")],
    photo: Annotated[Path | None, typer.Option(help="A photo; without one, nobody's silhouette.")] = None,
) -> None:
    """Draw all of the project's designs in all formats with six names, on one picture."""
    with sentences():
        shown = []
        for (design, title), colours in zip(installation.FRAMES, SHEET_COLOURS, strict=True):
            frame = draw_frame(design, Palette(*colours), SAMPLE.slogan, f"#{SAMPLE.hashtag}", section="Lille-Centre")
            shown.append((f"{title} ({design})", frame))
        _save(contact_sheet(shown, _photo(photo), SHEET_NAMES), out_file)


@app.command("new")
def new(folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]) -> None:
    """Write a frame to start from: pictures and a frame.toml that explains itself."""
    with sentences():
        if folder.exists():
            raise Refused(f"{folder} exists already; choose another name")
        try:
            write_starting_frame(folder)
        except OSError as error:
            raise Refused(f"{folder} cannot be written: {error.strerror}") from None
        out.print(f"{folder} is written. Change it, then: frames check {folder}", soft_wrap=True)


@app.command("add")
def add(
    source: Annotated[Path, SOURCE],
    name: Annotated[str, typer.Option(help="What people choose it by.")],
    territory: Annotated[str | None, typer.Option(help="For this territory and those below it alone.")] = None,
    campaign: CampaignOption = None,
) -> None:
    """Give a frame to a campaign, or replace the one of that folder's name."""

    async def main() -> None:
        _needed(source)
        open_folder_frame(source)  # wrong ones are refused before anything is copied
        settings = prepared_settings()
        async with opened(settings) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            place = await installation.find_territory(session, owner.id, territory) if territory else None
            key = installation.slug_of(source.stem if source.is_file() else source.resolve().name)
            if key in DESIGNS:
                raise Refused(f"“{key}” is the name of a design of the project's own; rename {source}")
            target = near(settings.frames, owner.slug) / owner.slug / key
            _copy(source, target)
            if isinstance(settings.frames, Mirror):
                settings.frames.send(target if target.is_dir() else target.with_name(f"{key}.png"))
            await installation.put_frame(session, owner.id, key, name, place)
            out.print(f"“{name}” ({key}) is a frame of {owner.name}.")

    run_async(main())


def _copy(source: Path, target: Path) -> None:
    """Copy a frame to where the program reads it; one that takes up another needs that beside it already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_file():
        shutil.copyfile(source, target.with_name(f"{target.name}.png"))
        return
    draft = target.with_name(f".{target.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft)
    try:
        open_folder_frame(draft)
    except FrameRefused as refused:
        shutil.rmtree(draft)
        raise Refused(f"{refused} Add the frame that it takes up first.") from None
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)


@app.command("list")
def list_(campaign: CampaignOption = None) -> None:
    """List a campaign's frames: key, name, territory, formats."""

    async def main() -> None:
        settings = prepared_settings()
        async with opened(settings) as database, database.write() as session:
            owner = await campaign_of(session, campaign)
            places = {place.id: place.name for place in await installation.territories(session, owner.id)}
            for frame in await installation.frames(session, owner.id):
                where = places.get(frame.territory_id or 0, "everywhere")
                formats = _formats(owner, frame.design, settings)
                rests = "" if frame.in_use else "  (not in use)"
                out.print(f"{frame.design}  {frame.name}  {where}  {formats}{rests}", soft_wrap=True)

    run_async(main())


def _formats(owner: Campaign, design: str, settings: Settings) -> str:
    if design in DESIGNS:
        return ", ".join(FORMATS)
    path = frame_path(settings.frames, owner, design)
    if path is None:
        return "its files are missing; add it again"
    try:
        return ", ".join(open_folder_frame(path).formats)
    except FrameRefused as refused:
        return str(refused)


async def _campaign(settings: Settings, slug: str | None) -> Campaign:
    """The named campaign or the only one; an example where there is none yet."""
    async with opened(settings) as database, database.read() as session:
        if slug is None and not await installation.campaigns(session):
            return SAMPLE
        return await installation.find_campaign(session, slug)


def _frame(source: str, owner: Campaign, section: str, settings: Settings) -> Frame:
    path = Path(source)
    if source in DESIGNS or not path.exists():
        return frame_of(owner, source, section, frames_dir=settings.frames)
    own = frame_of(owner, DESIGNS[0], section)
    return open_frame(path, own.palette, own.slogan, own.hashtag, own.sponsor, own.section)


def _needed(source: Path) -> None:
    if not source.exists():
        raise Refused(f"there is no {source}; name a folder with frame.toml or a PNG")


def _photo(file: Path | None) -> bytes:
    try:
        return file.read_bytes() if file else figure()
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}") from None


def _save(picture: Image, file: Path) -> None:
    kinds: dict[str, dict[str, int]] = {".png": {"optimize": 1}, ".jpg": {"quality": 80}, ".webp": {"quality": 82}}
    options = kinds.get(file.suffix.lower())
    if options is None:
        raise Refused(f"{file}: a picture is written as .png, .jpg or .webp")
    try:
        picture.save(file, None, **options)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror or error}") from None
    out.print(f"{file} is written.", soft_wrap=True)
