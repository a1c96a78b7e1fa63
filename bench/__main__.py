"""`python -m bench [NAME ...]`: measure, print a table, write results.json; exit code 1 where a goal is missed."""

import argparse
import contextlib
import importlib
import json
import os
import platform
import sys
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.rows import Row, Say

# Name -> a module with `run(say) -> list[Row]`, imported when it is asked for; all before the first one runs.
BENCHMARKS = {
    "badges": "bench.badges",
    "badge-form": "bench.badge_form",
    "bot": "bench.bot",
    "console": "bench.console",
    "kills": "bench.kills",
    "redirect": "bench.redirect",
    "rehearsal": "bench.rehearsal",
    "scheduler": "bench.scheduler",
}
RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What is fast, beside what others do.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones (all): {', '.join(BENCHMARKS)}")
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    modules = {name: importlib.import_module(BENCHMARKS[name]) for name in names}
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
    Console().print(_table(rows))
    _write(rows, whole=not broken and set(names) == set(BENCHMARKS))
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


def _table(rows: Sequence[Row]) -> Table:
    table = Table("figure", "value", "against, in the same run", "goal", "holds", title=_machine())
    table.columns[1].justify = "right"
    verdicts = {True: "[green]yes[/]", False: "[bold red]NO[/]", None: ""}
    for row in rows:
        value = f"{row['value']:g} {row['unit']}"
        table.add_row(*map(escape, (row["name"], value, row["against"], row["goal"] or "")), verdicts[row["holds"]])
    return table


def _write(rows: Sequence[Row], *, whole: bool) -> None:
    """A run of everything replaces the file, so that no renamed row stays; a part replaces its own subjects."""
    by_subject: dict[str, list[Row]] = {}
    if not whole and RESULTS.exists():
        fresh = {_subject(row) for row in rows}
        for row in json.loads(RESULTS.read_text("utf-8"))["rows"]:
            by_subject.setdefault(_subject(row), [])
            if _subject(row) not in fresh:
                by_subject[_subject(row)].append(row)
    for row in rows:
        by_subject.setdefault(_subject(row), []).append(row)
    found = {
        "machine": _machine(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "rows": [row for part in by_subject.values() for row in part],
    }
    RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


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


if __name__ == "__main__":
    sys.exit(main())
