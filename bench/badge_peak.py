"""`python -m bench.badge_peak PHOTO`: render one badge and print the outcome and the most memory it took.

Megabytes over the idle process, that is one that has its frame and has made a badge before. The photo's file counts.
"""

import argparse
import io
from pathlib import Path

from PIL import Image

import badges

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.badge_peak")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--zoom", type=float)
    parser.add_argument("--all", action="store_true", help="in all formats")
    given = parser.parse_args()
    palette = badges.Palette("#D0103A", "#FFC72C", "#FFFFFF")
    frame = badges.draw_frame("ribbon", palette, "Le rail public", "#Rail")
    outputs = [badges.Output(name, "PNG") for name in (frame.formats if given.all else ("square",))]
    crop = badges.Crop(zoom=given.zoom) if given.zoom else None
    small = io.BytesIO()
    Image.new("RGB", (200, 200)).save(small, "JPEG")
    badges.render_badges(small.getvalue(), frame, "Ada", outputs, crop=crop)
    RESET.write_text("5")  # the peak begins anew (proc(5), clear_refs)
    idle = _kilobytes("VmRSS")
    try:
        badges.render_badges(given.photo.read_bytes(), frame, "Ada \u270a", outputs, crop=crop)
        outcome = "rendered"
    except badges.PhotoRefused as refused:
        outcome = refused.code
    print(outcome, round((_kilobytes("VmHWM") - idle) * 1024 / 1_000_000, 1))


def _kilobytes(field: str) -> int:
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(field))


if __name__ == "__main__":
    main()
