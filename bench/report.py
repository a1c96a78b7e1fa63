"""What every command that measures does: run the ones that are asked for, print a table, write the figures to a file."""

import argparse
import contextlib
import importlib
import json
import os
import platform
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.rows import Row, Say


def measure(command: str, about: str, benchmarks: Mapping[str, str], results: Path, beside: str = "") -> int:
    """The exit code: 1 where a goal is missed, or a benchmark broke.

    `benchmarks`: name -> a module with `run(say) -> list[Row]`, imported when it is asked for; all before the first one
    runs. `beside` is named with the machine.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {command}", description=about)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones (all): {', '.join(benchmarks)}")
    names = parser.parse_args().names or list(benchmarks)
    unknown = [name for name in names if name not in benchmarks]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(benchmarks)}")
    modules = {name: importlib.import_module(benchmarks[name]) for name in names}
    rows: list[Row] = []
    broken = []
    with _progress() as say:
        for name in names:
            say(name)
            try:
                rows += modules[name].run(say)
            except Exception:  # the others took minutes, and hold
                traceback.print_exc()
                broken.append(name)
    machine = _machine() + (f", {beside}" if beside else "")
    Console().print(_table(rows, machine))
    _write(rows, results, machine, whole=not broken and set(names) == set(benchmarks))
    for name in broken:
        print(f"broken, its former figures stay: {name}", file=sys.stderr)
    missed = [row["name"] for row in rows if row["holds"] is False]
    for name in missed:
        print(f"goal missed: {name}", file=sys.stderr)
    return 1 if missed or broken else 0


@contextlib.contextmanager
def _progress() -> Iterator[Say]:
    """One line that changes on a terminal, a line each elsewhere; on stderr, so that the table can be piped."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield console.print
        return
    with console.status("") as status:
        yield status.update


def _table(rows: Sequence[Row], machine: str) -> Table:
    table = Table("figure", "value", "against, in the same run", "goal", "holds", title=machine)
    table.columns[1].justify = "right"
    verdicts = {True: "[green]yes[/]", False: "[bold red]NO[/]", None: ""}
    for row in rows:
        value = f"{row['value']:g} {row['unit']}"
        table.add_row(*map(escape, (row["name"], value, row["against"], row["goal"] or "")), verdicts[row["holds"]])
    return table


def _write(rows: Sequence[Row], results: Path, machine: str, *, whole: bool) -> None:
    """A run of everything replaces the file, so that no renamed row stays; a part replaces its own subjects."""
    by_subject: dict[str, list[Row]] = {}
    if not whole and results.exists():
        fresh = {_subject(row) for row in rows}
        for row in json.loads(results.read_text("utf-8"))["rows"]:
            by_subject.setdefault(_subject(row), [])
            if _subject(row) not in fresh:
                by_subject[_subject(row)].append(row)
    for row in rows:
        by_subject.setdefault(_subject(row), []).append(row)
    found = {
        "machine": machine,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "rows": [row for part in by_subject.values() for row in part],
    }
    results.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _subject(row: Row) -> str:
    return row["name"].split(":", 1)[0]


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores, {_processor()}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )


def _processor() -> str:
    """The model's name; Linux tells it only there."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
