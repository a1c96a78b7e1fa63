"""rehearse: the coming queue, played on a copy, as a timetable for the terminal and as a page to print."""

import asyncio
import logging
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from campaigns.costs import dollars
from campaigns.database import Database
from campaigns.installation import find_campaign
from campaigns.settings import Settings
from campaigns.times import system_clock, zone
from commands.common import CampaignOption, Refused, out, prepared_settings, sentences
from commands.periods import FromOption, UntilOption, period
from schedules.rehearsal import SEED, Act, Faults, Outcome, Rehearsal, Scene, Wish, rehearse
from schedules.rehearsal_concerns import Concern
from schedules.rehearsal_copy import RehearsalProblem, copy_of

MOST_SHOWN = 15  # warnings of one kind; the page has them all
PAGE = "rehearsal.html"  # in DATA_DIR, unless it is wanted elsewhere
COLOURS = {
    Outcome.out: "green",
    Outcome.held: "yellow",
    Outcome.missed: "yellow",
    Outcome.waits: "yellow",
    Outcome.unknown: "magenta",
    Outcome.failed: "red",
    Outcome.refused: "red",
}
FAULTS = {
    Faults.storm: "Storm, seed {seed}: networks ask to wait, cannot be reached, do not answer.",
    Faults.crash: "Crash, seed {seed}: the program is killed between two steps and started again two minutes later.",
    Faults.dst: "The queue is moved by whole days over the next two nights when clocks change.",
}
TITLES = {
    Concern.refused: "a network will refuse",
    Concern.silent: "fall into silence",
    Concern.alike: "near-duplicates across accounts",
    Concern.close: "less than 5 minutes apart on one channel",
}


def rehearse_queue(
    start: FromOption = None,
    end: UntilOption = None,
    faults: Annotated[Faults | None, typer.Option(help="What is to go wrong.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="Where the timetable is written as a page; else DATA_DIR/rehearsal.html.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the faults' luck: the same seed, the same faults.")] = SEED,
    campaign: CampaignOption = None,
) -> None:
    """Play the coming queue on a copy of the database against fake networks; nothing leaves this machine."""
    with sentences():
        try:
            settings = prepared_settings()
            for chatty in ("schedules", "campaigns"):  # the faults are meant, and shown in the timetable
                logging.getLogger(chatty).setLevel(logging.CRITICAL)
            with ending_by_signal(), copy_of(settings.store_url) as copy:
                found = asyncio.run(_play(copy, settings, (start, end), Wish(campaign, faults=faults, seed=seed)))
        except RehearsalProblem as problem:
            raise Refused(str(problem)) from None
        show(found)
        from commands.rehearsal_page import page  # here: the other commands need no templates

        file = html or settings.data_dir / PAGE
        try:
            file.write_text(page(found), encoding="utf-8")
        except OSError as error:
            raise Refused(f"{file}: {error.strerror}") from None
        out.print(f"The page is written to {file}.", soft_wrap=True)


async def _play(copy: Path, settings: Settings, bounds: tuple[str | None, str | None], wish: Wish) -> Rehearsal:
    database = Database(f"sqlite:///{copy}")
    try:
        async with database.read() as session:
            owner = await find_campaign(session, wish.campaign)
    finally:
        await database.close()
    start, end = period(*bounds, owner.timezone)
    chosen = Wish(owner.slug, start, end, wish.faults, wish.seed)
    return await rehearse(copy, settings.media, system_clock(), chosen)


@contextmanager
def ending_by_signal() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that the copy, which holds channels' secrets, is removed."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def show(found: Rehearsal) -> None:
    """Print the timetable, the totals and the warnings."""
    now = found.now.astimezone(zone(found.campaign.timezone))
    out.print(
        Text.assemble(
            (f"Rehearsal of “{found.campaign.name}”", "bold"),
            f", {now:%a %d %b %Y %H:%M} ({found.campaign.timezone}). Nothing left this machine.",
        )
    )
    if found.faults is not None:
        out.print(FAULTS[found.faults].format(seed=found.seed))
    for scene in found.scenes:
        _show_scene(scene, found.campaign.timezone)
    _show_warnings(found)


def _show_scene(scene: Scene, home: str) -> None:
    if scene.night is not None:
        night = scene.night
        out.print(
            Text.assemble(
                (f"\nOver the night of {night.day:%d %b %Y}", "bold"),
                f": {night.before:%H:%M} becomes {night.after:%H:%M} in {night.zone}.",
            )
        )
    if not scene.acts:
        out.print("Nothing is coming.")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("when", no_wrap=True)
    for name in ("post", "channel", "what happens"):
        table.add_column(name, overflow="fold")
    table.add_column("cost", justify="right")
    for (due_at, _), acts in groupby(scene.acts, lambda act: (act.due_at, act.post_id)):
        for i, act in enumerate(acts):
            table.add_row(
                "" if i else when(due_at, act.zone, home),
                "" if i else act.title,
                act.channel,
                Text(happening(act), COLOURS[act.outcome]),
                dollars(act.cost) if act.cost else "",
            )
    out.print(table)
    out.print(totals(scene))


def when(at: datetime, zone_name: str, home: str) -> str:
    """The post's own wall clock, with its zone where that is not the campaign's."""
    local = at.astimezone(zone(zone_name))
    return f"{local:%a %d %b %H:%M}" + ("" if zone_name == home else f" {zone_name}")


def happening(act: Act) -> str:
    """What becomes of a publication, why, and what it met on its way."""
    said = act.outcome.value
    if act.sent_at is not None and act.late >= timedelta(minutes=1):
        said += f" at {act.sent_at.astimezone(zone(act.zone)):%H:%M}, {late(act.late)} late"
    if act.reason and act.outcome is not Outcome.out and not (act.outcome is Outcome.unknown and act.notes):
        said += f": {act.reason}"
    lines = [said, *(f"{note.at.astimezone(zone(act.zone)):%H:%M} {note}" for note in act.notes)]
    if act.moved is not None and act.moved.was != act.moved.now:
        lines.append(
            f"{act.moved.local:%H:%M} stays {act.moved.local:%H:%M}: {_utc(act.moved.was)} → {_utc(act.moved.now)}"
        )
    if act.moved is not None and act.moved.twice:
        lines.append(f"{act.moved.local:%H:%M} comes twice that night: the first is taken")
    return "\n".join(lines)


def late(by: timedelta) -> str:
    hours, minutes = divmod(int(by.total_seconds()) // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _utc(offset: timedelta) -> str:
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(int(abs(offset).total_seconds()) // 60, 60)
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def totals(scene: Scene) -> str:
    posts = len({act.post_id for act in scene.acts})
    counts = ", ".join(f"{scene.counts[outcome]} {_counted(outcome)}" for outcome in Outcome if scene.counts[outcome])
    costs = ", ".join(f"{channel} {dollars(cost)}" for channel, cost in scene.costs.items())
    whole = f" Cost: {dollars(sum(scene.costs.values()))} ({costs})." if costs else " It costs nothing."
    return f"{posts} posts, {len(scene.acts)} publications: {counts}.{whole}"


def _counted(outcome: Outcome) -> str:
    return {Outcome.out: "go out", Outcome.waits: "wait"}.get(outcome, outcome.value)


def _show_warnings(found: Rehearsal) -> None:
    for concern in Concern:
        of_it = [warned for warned in found.warnings if warned.concern is concern]
        if not of_it:
            continue
        out.print(Text(f"\n{len(of_it)} × {TITLES[concern]}", "bold yellow"))
        for line in _shortened(map(str, of_it), len(of_it)):
            out.print(f"  {line}")
    if not found.warnings:
        out.print("No warnings.")


def _shortened(lines: Iterable[str], many: int) -> Iterator[str]:
    for i, line in enumerate(lines):
        if i == MOST_SHOWN:
            yield f"… and {many - MOST_SHOWN} more; the page has them all"
            return
        yield line
