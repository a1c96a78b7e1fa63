"""/healthz: 200 while what was started is at work and what is due goes out; else 503 with what, since when, what to do."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaigns import health
from campaigns.health import Health, Trouble
from campaigns.shared_clock import skew_of
from web.site import Site, site_of

router = APIRouter()
PARTS = (health.SCHEDULER, health.POLLER, health.WORKER)  # a part that is not here runs elsewhere, or nowhere
PATIENCE = 5.0  # seconds that the database may take; who asks waits about ten


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz(request: Request) -> Response:
    site = site_of(request)
    now = site.clock()
    try:
        async with asyncio.timeout(PATIENCE), site.database.read() as session:
            seen = await health.look(session, now)
    except (SQLAlchemyError, OSError) as error:  # TimeoutError is an OSError
        site.mute_since = site.mute_since or now
        trouble = {
            "what": "database",
            "since": site.mute_since.isoformat(),
            "said": f"the database does not answer ({type(error).__name__})",
            "do": "look at the log and at the disk, then restart the program",
        }
        return JSONResponse({"status": "down", "database": type(error).__name__, "troubles": [trouble]}, 503)
    site.mute_since = None
    found = [*_refused(site), *seen.troubles(timedelta(minutes=site.settings.latest_minutes))]
    figures = {**_figures(seen), "clock_skew": round(skew_of(site.clock).total_seconds(), 1)}
    if not found:
        return JSONResponse({"status": "ok", **figures})
    said = [{"what": t.what, "since": t.since.isoformat(), "said": t.said, "do": t.next_step} for t in found]
    return JSONResponse({"status": "unwell", **figures, "troubles": said}, 503)


def _refused(site: Site) -> list[Trouble]:
    """What is read tells nothing of a disk that is full."""
    if site.database.refusal is None:
        return []
    seconds, why = site.database.refusal
    said = f"the database takes nothing that is written ({why})"
    do = "make room on the database's disk and look at the log; what is due goes out by itself then"
    return [Trouble("database", site.clock() - timedelta(seconds=seconds), said, do)]


def _figures(seen: Health) -> dict[str, Any]:
    """None for a part that nobody started here, and where nothing is due."""
    oldest = seen.oldest

    def ago(moment: datetime) -> dict[str, Any]:
        return {"since": moment.isoformat(), "seconds": round((seen.now - moment).total_seconds(), 1)}

    late = None if oldest is None else {"publication": oldest.publication_id, "channel": oldest.channel}
    return {
        "database": "ok",
        **{part: ago(seen.beats[part]) if part in seen.beats else None for part in PARTS},
        "oldest_due": late | ago(oldest.since) if late is not None and oldest is not None else None,
    }
