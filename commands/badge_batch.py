"""Many badges on all cores: one that fails is named at the end, the others are made.

Threads, since Pillow works without the interpreter's lock: they share the drawn frames and start at once.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from badges import BadgeError, Frame, Kind, Output, render_badges
from badges.wishes import Failure, Wish, names_of
from commands.common import Refused


@dataclass(frozen=True, slots=True)
class Job:
    """A wish, its photo, and the files that it becomes, one for each of its formats."""

    wish: Wish
    photo: Path
    files: tuple[Path, ...]


def name_files(wishes: Sequence[Wish], photos: Path, folder: Path, ending: str) -> list[Job]:
    """Each wish with its photo, which lies under `photos`, and the names that its files get in the folder."""
    names = names_of(wishes, ending)
    return [
        Job(wish, photos / wish.photo, tuple(folder / name for name in each))
        for wish, each in zip(wishes, names, strict=True)
    ]


def check_files(jobs: Sequence[Job], folder: Path, *, overwrite: bool) -> None:
    """Make the folder; raise Refused where a photo, or without `overwrite` an earlier badge, would be lost."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{folder}: {error.strerror}") from None
    photos = {job.photo.resolve() for job in jobs}
    there = [file for job in jobs for file in job.files if file.exists()]
    if lost := [file for file in there if file.resolve() in photos]:
        raise Refused(f"{lost[0]} is one of the photos; choose another folder for the badges")
    if there and not overwrite:
        raise Refused(
            f"{len(there)} of the badges are there already, such as {there[0]}; add --overwrite, or choose another folder"
        )


def make_all(jobs: Sequence[Job], frames: Mapping[str, Frame | BadgeError], kind: Kind) -> list[Failure]:
    """Make the badges with a bar on the terminal; gives those that failed."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    failed = []
    with Progress(*columns, console=Console(stderr=True)) as progress, ThreadPoolExecutor(os.cpu_count()) as pool:
        bar = progress.add_task("Badges", total=len(jobs))
        running = {pool.submit(_make, job, frames[job.wish.frame], kind): job.wish for job in jobs}
        try:
            for done in as_completed(running):
                wish, why = running[done], done.result()
                if why is not None:
                    failed.append(Failure(wish.place, wish.where, why))
                progress.advance(bar)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)  # those in hand end, no other begins
            raise
    return failed


def _make(job: Job, frame: Frame | BadgeError, kind: Kind) -> str | None:
    """Render and write one; None, or why it failed."""
    wish = job.wish
    try:
        if isinstance(frame, BadgeError):
            raise frame
        outputs = [Output(each, kind) for each in wish.formats]
        for file, content in zip(
            job.files, render_badges(job.photo.read_bytes(), frame, wish.name, outputs, crop=wish.crop), strict=True
        ):
            part = file.with_name(file.name + ".part")
            part.write_bytes(content)
            part.replace(file)  # no half badge is ever left under its name
    except OSError as error:
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except BadgeError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None
