"""What the stand-ins report of a post: figures that grow as those of a real one do, and are the same for the same id."""

import hashlib
import math
from datetime import datetime

RISE = 3600.0  # seconds after which a post has reached two thirds of whom it will reach: a demo is short
AHEAD = 600.0  # seconds of that which count at once, so that the first look finds something
PARTS = {"likes": 24, "reposts": 90, "quotes": 500, "replies": 160}  # one in so many who saw it


def reach(post_id: str, at: str, now: datetime) -> dict[str, int]:
    """likes, reposts, quotes, replies and views of a post that went out `at` (ISO 8601)."""
    age = AHEAD + max(0.0, (now - datetime.fromisoformat(at)).total_seconds())
    drawn = int.from_bytes(hashlib.sha256(post_id.encode()).digest()[:4])
    views = round((400 + drawn % 4_600) * (1 - math.exp(-age / RISE)))
    return {name: views // part for name, part in PARTS.items()} | {"views": views}
