"""`python -m bench.scale [NAME ...]`: what many processes on one PostgreSQL carry; writes scale.json."""

import sys
from pathlib import Path

from bench.report import measure

BENCHMARKS = {
    "broadcast": "bench.scale_broadcast",
    "engagement": "bench.scale_engagement",
    "faults": "bench.faults",
    "pages": "bench.scale_pages",
    "publications": "bench.scale_publications",
    "updates-burst": "bench.updates_burst",
}
RESULTS = Path(__file__).with_name("scale.json")

if __name__ == "__main__":
    sys.exit(measure("bench.scale", "What many processes carry, on PostgreSQL and the stand-ins.", BENCHMARKS, RESULTS))
