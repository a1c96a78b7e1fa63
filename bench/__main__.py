"""`python -m bench [NAME ...]`: measure, print a table, write results.json; exit code 1 where a goal is missed."""

import sys
from pathlib import Path

from bench.report import measure

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

if __name__ == "__main__":
    sys.exit(measure("bench", "What is fast, beside what others do.", BENCHMARKS, RESULTS))
