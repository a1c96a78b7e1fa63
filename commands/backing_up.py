"""backup and restore: a whole installation in one locked file, and back."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from campaigns import backups, restoring
from campaigns.backups import Backup, Told
from campaigns.restoring import Restored
from campaigns.times import system_clock
from commands.common import Refused, checked, out, prepared_settings, sentences

PASSPHRASE = "PORTEVOIX_BACKUP_PASSPHRASE"  # noqa: S105 - the name of a variable

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help=f"Holds the passphrase; else {PASSPHRASE} does, or it is asked for."),
]


def backup(
    file: Annotated[Path, typer.Argument(help="A new file; or a folder, where it is named by the moment.")],
    keep: Annotated[
        int | None, typer.Option(min=1, help="In a folder: so many of its backups stay, the newest.")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write rows, pictures, frames and the secret key into one locked file. The program may run meanwhile."""
    with sentences():
        if keep is not None and not file.is_dir():
            raise Refused(f"--keep needs a folder, and {file} is none")
        settings = prepared_settings()
        passphrase = _passphrase(passphrase_file, twice=True)
        with _progress() as told:
            written, found = backups.write(file, passphrase, settings, system_clock(), told)
        out.print(checked(True, f"{written}: {_sizes(found)}"), soft_wrap=True)
        for name in found.missing:
            out.print(checked(False, f"the picture {name}, which a post shows, was not there"), soft_wrap=True)
        for old in backups.older(file, keep) if keep is not None else ():
            old.unlink()
            out.print(f"{old} is deleted.", soft_wrap=True)


def restore(
    file: Annotated[Path, typer.Argument(help="What `backup` wrote.")],
    check: Annotated[bool, typer.Option("--check", help="Only read all of it, and write nothing.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Set aside the SQLite file that is there. Nothing is deleted.")
    ] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make an installation of a backup again. The program must not run; what may be out since is not sent again."""
    with sentences():
        settings = prepared_settings()
        passphrase = _passphrase(passphrase_file)
        with _progress() as told:
            if check:
                found = backups.check(file, passphrase, told)
            else:
                restored = restoring.restore(file, passphrase, settings, system_clock(), told, replace=replace)
        if check:
            out.print(checked(True, f"{file} is whole: {_about(found)}"), soft_wrap=True)
        else:
            _say(restored)


def _say(restored: Restored) -> None:
    out.print(checked(True, f"restored: {_about(restored.backup)}"), soft_wrap=True)
    if restored.aside is not None:
        out.print(f"What was there before lies in {restored.aside}.", soft_wrap=True)
    if restored.other_key:
        out.print(
            "PORTEVOIX_SECRET_KEY is another than the backup's. The data folder has that one, so its secrets open: run"
            " `run_bot.py keys renew`.",
            soft_wrap=True,
        )
    left = restored.left
    for number, said in (
        (left.publications, "publications were due since and may be out: they wait in the console, under Queue"),
        (left.broadcasts, "broadcasts were going out: they are paused"),
        (left.kits, "posts hand their share kits out no more: who has them cannot be known"),
        (left.messages, "messages to single people may have been sent: they are sent no second time"),
    ):
        if number:
            out.print(checked(False, f"{number} {said}"), soft_wrap=True)
    out.print(
        "Look at what is to come under Queue before you start: what was changed since the backup is as it was then."
    )


def _about(found: Backup) -> str:
    return f"taken {found.taken_at:%Y-%m-%d %H:%M} UTC from {found.kind}, version {found.version}, {_sizes(found)}"


def _sizes(found: Backup) -> str:
    return f"{found.size / 1e6:.1f} MB, with a database of {found.rows / 1e6:.1f} MB and {found.files} pictures and files of frames"


def _passphrase(file: Path | None, *, twice: bool = False) -> str:
    """From the file, the environment or the terminal; raises Refused."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"--passphrase-file names {file}, which cannot be read: {error}") from None
    if given := os.environ.get(PASSPHRASE):
        return given
    if not sys.stdin.isatty():
        raise Refused(f"there is no passphrase: name its file by --passphrase-file, or set {PASSPHRASE}")
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=twice))


@contextmanager
def _progress() -> Iterator[Told]:
    columns = TextColumn("{task.description:9}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def told(part: str, done: int, of: int) -> None:
            if part not in tasks:
                tasks[part] = progress.add_task(part, total=of)
            progress.update(tasks[part], completed=done, total=of)

        yield told
